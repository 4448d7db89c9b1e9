"""The reader's models: an encoder and one linear layer that scores each token as start and as end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gongbang.errors import OptionError
from gongbang.nn.ngrams import check_contextual

Batch = Mapping[str, Tensor]


class SpanModel(nn.Module):
    """Start and end logits over tokens (Devlin et al. 2019, section 4.2).

    Args:
        encoder: gives ``last_hidden_state``, (batch, time, hidden_size).
        hidden_size: width of a hidden state.
    """

    output_names = ("start_logits", "end_logits")

    def __init__(self, encoder: nn.Module, hidden_size: int) -> None:
        super().__init__()
        check_contextual(encoder, "a reader of spans")
        self.encoder = encoder
        # No bias: it would shift all tokens of a window alike, which no softmax over them can see.
        self.head = nn.Linear(hidden_size, 2, bias=False)
        nn.init.normal_(self.head.weight, std=0.02)
        self.uses_types = getattr(encoder.config, "type_vocab_size", 0) > 1

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """Logits of shape (batch, time); padded places hold -10,000.

        Args:
            input_ids, attention_mask, token_type_ids: (batch, time); type ids are passed on only to an
                encoder that has more than one type.
        """
        types = {"token_type_ids": token_type_ids} if self.uses_types and token_type_ids is not None else {}
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **types).last_hidden_state
        return self._logits(states, attention_mask)

    def _logits(self, states: Tensor, attention_mask: Tensor) -> dict[str, Tensor]:
        logits = self.head(states).float()  # (batch, time, 2)
        logits = logits.masked_fill(attention_mask[:, :, None] == 0, -10_000.0)
        return {"start_logits": logits[:, :, 0], "end_logits": logits[:, :, 1]}

    def loss(self, batch: Batch) -> Tensor:
        """Mean cross-entropy of the start and the end token; targets 0 mean "not in this window"."""
        out = self(batch["input_ids"], batch["attention_mask"], batch.get("token_type_ids"))
        return _span_loss(out, batch)


def _span_loss(out: Mapping[str, Tensor], batch: Batch) -> Tensor:
    start = nn.functional.cross_entropy(out["start_logits"], batch["start_positions"])
    end = nn.functional.cross_entropy(out["end_logits"], batch["end_positions"])
    return (start + end) / 2


@dataclass(frozen=True, slots=True)
class HighlightOptions:
    """How a highlighted reader is trained; the key ``model`` of a recipe.

    Attributes:
        highlight_dropout: share of the training rows in which nothing is lit, so that the model also learns
            to read without its highlighter.
    """

    highlight_dropout: float = 0.0

    def __post_init__(self) -> None:
        if not 0.0 <= self.highlight_dropout < 1.0:
            raise OptionError(
                "highlight_dropout is out of range.",
                value=self.highlight_dropout,
                allowed="0 <= highlight_dropout < 1",
                cure="Mend it under 'model' in the recipe.",
            )


class HighlightedSpanModel(SpanModel):
    """A :class:`SpanModel` that is told which tokens are lit (:mod:`gongbang.tasks.highlight`).

    One of two vectors is added to each word embedding, as BERT's segment embeddings are (Devlin et al. 2019,
    section 3). Both begin at zero, so that training begins at the pretrained encoder.

    Args:
        encoder: gives ``last_hidden_state`` and takes ``inputs_embeds``, (batch, time, width of its words).
        hidden_size: width of a hidden state.
        options: see :class:`HighlightOptions`.
    """

    options_type = HighlightOptions

    def __init__(
        self, encoder: nn.Module, hidden_size: int, *, options: HighlightOptions | None = None
    ) -> None:
        super().__init__(encoder, hidden_size)
        self.options = options or HighlightOptions()
        words = encoder.get_input_embeddings().weight  # type: ignore[operator]
        # From zeros and not made zero: no random number is drawn, and all else is as without it.
        self.highlight = nn.Embedding.from_pretrained(torch.zeros(2, words.shape[1]), freeze=False)  # type: ignore[no-untyped-call]
        types = ("token_type_ids",) if self.uses_types else ()
        self.input_names = ("input_ids", "attention_mask", "highlight_ids", *types)

    def forward(  # type: ignore[override]
        self,
        input_ids: Tensor,
        attention_mask: Tensor,
        highlight_ids: Tensor,
        token_type_ids: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Logits of shape (batch, time); padded places hold -10,000.

        Args:
            input_ids, attention_mask, token_type_ids: as of :class:`SpanModel`.
            highlight_ids: (batch, time), 1 where a token is lit, else 0.
        """
        types = {"token_type_ids": token_type_ids} if self.uses_types and token_type_ids is not None else {}
        words = self.encoder.get_input_embeddings()(input_ids)  # type: ignore[operator]
        embedded = words + self.highlight(highlight_ids)  # (batch, time, width)
        states = self.encoder(inputs_embeds=embedded, attention_mask=attention_mask, **types)
        return self._logits(states.last_hidden_state, attention_mask)

    def loss(self, batch: Batch) -> Tensor:
        """As of :class:`SpanModel`; in training some rows are shown without their highlight."""
        lit = batch["highlight_ids"]
        if self.training and self.options.highlight_dropout:
            dropped = torch.rand(len(lit), 1, device=lit.device) < self.options.highlight_dropout
            lit = lit.masked_fill(dropped, 0)
        out = self(batch["input_ids"], batch["attention_mask"], lit, batch.get("token_type_ids"))
        return _span_loss(out, batch)
