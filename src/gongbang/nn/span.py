"""The reader's model: an encoder and one linear layer that scores each token as start and as end."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

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
        logits = self.head(states).float()  # (batch, time, 2)
        logits = logits.masked_fill(attention_mask[:, :, None] == 0, -10_000.0)
        return {"start_logits": logits[:, :, 0], "end_logits": logits[:, :, 1]}

    def loss(self, batch: Batch) -> Tensor:
        """Mean cross-entropy of the start and the end token; targets 0 mean "not in this window"."""
        out = self(batch["input_ids"], batch["attention_mask"], batch.get("token_type_ids"))
        start = nn.functional.cross_entropy(out["start_logits"], batch["start_positions"])
        end = nn.functional.cross_entropy(out["end_logits"], batch["end_positions"])
        return (start + end) / 2
