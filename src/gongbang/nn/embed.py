"""The encoder's model: mean-pooled unit vectors, trained to tell a question's passage from the others."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from gongbang.nn.by_length import states_by_length
from gongbang.nn.classify import unit_mean

Batch = Mapping[str, Tensor]


class EmbedModel(nn.Module):
    """Mean pooling over real tokens, then unit length (Wang et al. 2024, section 3).

    Args:
        encoder: gives ``last_hidden_state``, (batch, time, hidden_size).
        temperature: divides the dot products in the loss; E5 was trained with 0.01.
    """

    output_names = ("embedding",)

    def __init__(self, encoder: nn.Module, hidden_size: int, temperature: float = 0.02) -> None:
        super().__init__()
        self.encoder = encoder
        self.hidden_size = hidden_size
        self.temperature = temperature

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        """``embedding``, (batch, hidden_size), of texts given as (batch, time)."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return {"embedding": unit_mean(states, attention_mask)}

    def pair_outputs(self, batch: Batch) -> dict[str, Tensor]:
        """``embedding`` and ``question_embedding`` of a training batch of pairs."""
        sides = {"embedding": "", "question_embedding": "question_"}
        found = {}
        for name, side in sides.items():
            ids, mask = batch[f"{side}input_ids"], batch[f"{side}attention_mask"]
            found[name] = unit_mean(states_by_length(self.encoder, ids, mask), mask)
        return found

    def loss(self, batch: Batch) -> Tensor:
        """InfoNCE over the batch in both directions (van den Oord et al. 2018, section 2.3).

        Another row about the same passage (equal ``document``) is not a negative: it is masked out.
        """
        out = self.pair_outputs(batch)
        scores = self._scores(out["question_embedding"], out["embedding"])  # (batch, batch)
        documents = batch["document"]
        same = documents[:, None] == documents[None, :]
        own = torch.eye(len(documents), dtype=torch.bool, device=scores.device)
        scores = scores.masked_fill(same & ~own, float("-inf"))
        target = torch.arange(len(documents), device=scores.device)
        forward = nn.functional.cross_entropy(scores, target)
        backward = nn.functional.cross_entropy(scores.T, target)
        return (forward + backward) / 2

    def _scores(self, questions: Tensor, passages: Tensor) -> Tensor:
        """(batch, batch) dot products over the temperature, in float32 whatever the rest is computed in.

        bfloat16 keeps eight bits: divided by a temperature of 0.02 its rounding is as wide as the distance
        between hard negatives, and they could no longer be told apart.
        """
        with torch.autocast(questions.device.type, enabled=False):
            return questions.float() @ passages.float().T / self.temperature
