"""The model of relations: an encoder over a sentence with two marked entities, and one of three heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from gongbang.errors import OptionError
from gongbang.nn.classify import ClassifyModel, HeadOptions
from gongbang.nn.ngrams import check_contextual

Batch = Mapping[str, Tensor]
Head = Literal["markers", "cls", "lstm"]
_LAYERS = 2


@dataclass(frozen=True, slots=True)
class RelationOptions(HeadOptions):
    """What stands on the encoder; the key ``model`` of a recipe.

    Attributes:
        head: what the relation is read from. "markers": the states at both opening marks, through two linear
            layers (Zhou & Chen 2021, section 3.2); "cls": the first token's state; "lstm": the last states of
            a bidirectional LSTM over all tokens.
        layers: of the LSTM; 2 when 0.
        width: of each direction of the LSTM; the encoder's when 0.
        dropout: of what a linear layer reads while training, and between the layers of the LSTM.

    The others are those of :class:`gongbang.nn.classify.HeadOptions`; ``pool`` is not used here.
    """

    head: Head = "markers"
    layers: int = 0
    width: int = 0

    def __post_init__(self) -> None:
        HeadOptions.__post_init__(self)
        if self.head not in get_args(Head):
            raise OptionError(
                "unknown head.",
                value=self.head,
                allowed=", ".join(get_args(Head)),
                cure="Set model.head to one of these.",
            )
        if self.layers < 0 or self.width < 0:
            raise OptionError(
                "an LSTM has no such size.",
                value=f"layers={self.layers}, width={self.width}",
                allowed="0 for the usual size, or 1 or more",
                cure="Mend it under 'model' in the recipe.",
            )
        idle = [name for name in ("layers", "width") if getattr(self, name) and self.head != "lstm"]
        idle += ["pool"] if self.pool != "mean" else []
        if idle:
            raise OptionError(
                "an option of the model would do nothing.",
                value=f"{', '.join(idle)} with head={self.head}",
                allowed="layers and width with head lstm alone; no pool, since the head says what is read",
                cure=f"Remove model.{idle[0]}, or choose another head.",
            )


class LengthAwareBiLSTM(nn.Module):
    """A bidirectional LSTM of several layers that never sees padding.

    ``nn.LSTM`` reads padding backwards unless rows are packed, which does not export. Here the reverse
    direction reads each row from its last real token on, so a row's states do not depend on its neighbours.

    Args:
        inputs: width of what is read.
        width: of each direction.
        layers: one on top of the other, each reading both directions of the one below.
        dropout: between layers, while training.
    """

    def __init__(self, inputs: int, width: int, *, layers: int = _LAYERS, dropout: float = 0.0) -> None:
        super().__init__()
        sizes = [inputs] + [2 * width] * (layers - 1)
        self.forwards = nn.ModuleList(nn.LSTM(size, width, batch_first=True) for size in sizes)
        self.backwards = nn.ModuleList(nn.LSTM(size, width, batch_first=True) for size in sizes)
        self.dropout = nn.Dropout(dropout)

    def forward(self, states: Tensor, attention_mask: Tensor) -> Tensor:
        """(batch, 2 * width): the last layer's state after the last token and, reading back, the first.

        Args:
            states: (batch, time, inputs). attention_mask: (batch, time), 1 for real tokens, which come first.
        """
        last = attention_mask.sum(dim=1, keepdim=True).clamp(min=1) - 1  # (batch, 1)
        place = torch.arange(states.shape[1], device=states.device)[None]  # (1, time)
        # Its own inverse on real tokens; padded places read a real token and are never looked at.
        reverse = (last - place).clamp(min=0)[:, :, None]  # (batch, time, 1)
        read = states
        for number, (ahead, back) in enumerate(zip(self.forwards, self.backwards, strict=True)):
            read = self.dropout(read) if number else read
            first, _ = ahead(read)  # (batch, time, width)
            second, _ = back(_taken(read, reverse))  # (batch, time, width), in reverse
            read = torch.cat([first, _taken(second, reverse)], dim=2)  # (batch, time, 2 * width)
        at_end = _taken(first, last[:, :, None])  # (batch, 1, width)
        at_start = _taken(second, last[:, :, None])
        return torch.cat([at_end, at_start], dim=2).squeeze(1)


def _taken(states: Tensor, places: Tensor) -> Tensor:
    """The states at ``places``, (batch, n, 1), of ``states``, (batch, time, width)."""
    return states.gather(1, places.expand(-1, -1, states.shape[2]))


class RelationModel(ClassifyModel):
    """Logits of the relation between two marked entities.

    Args:
        encoder: gives ``last_hidden_state``, (batch, time, hidden_size).
        hidden_size: width of a hidden state.
        labels: how many relations there are.
        options: see :class:`RelationOptions`.
        counts: (labels,) training rows of each relation, for ``class_weights``.
    """

    input_names = ("input_ids", "attention_mask", "subject_mask", "object_mask")
    options_type = RelationOptions

    def __init__(
        self,
        encoder: nn.Module,
        hidden_size: int,
        *,
        labels: int,
        options: RelationOptions | None = None,
        counts: Sequence[int] | None = None,
    ) -> None:
        options = options or RelationOptions()
        lstm = options.head == "lstm"
        if not lstm:
            check_contextual(encoder, f"model.head: {options.head}")
        width = options.width or hidden_size
        super().__init__(
            encoder, 2 * width if lstm else hidden_size, labels=labels, options=options, counts=counts
        )
        self.kind: Head = options.head
        self.uses_types = False  # the task prepares none, and marks say more
        if lstm:
            self.lstm = LengthAwareBiLSTM(
                hidden_size, width, layers=options.layers or _LAYERS, dropout=options.dropout
            )
        elif options.head == "markers":
            self.joined = nn.Linear(2 * hidden_size, hidden_size)

    def forward(  # type: ignore[override]
        self, input_ids: Tensor, attention_mask: Tensor, subject_mask: Tensor, object_mask: Tensor
    ) -> dict[str, Tensor]:
        """``logits``, (batch, labels).

        Args:
            input_ids, attention_mask: (batch, time).
            subject_mask, object_mask: (batch, time), 1 at the first token of the opening mark, else 0.
        """
        return {"logits": self._logits(self._state(input_ids, attention_mask, subject_mask, object_mask))}

    def _state(
        self, input_ids: Tensor, attention_mask: Tensor, subject_mask: Tensor, object_mask: Tensor
    ) -> Tensor:
        """(batch, width): what the last linear layer reads."""
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state.float()
        if self.kind == "cls":
            return states[:, 0]  # type: ignore[no-any-return]
        if self.kind == "lstm":
            return self.lstm(states, attention_mask)  # type: ignore[no-any-return]
        pair = torch.cat([_marked(states, subject_mask), _marked(states, object_mask)], dim=1)
        return torch.relu(self.joined(self.dropout(pair)))

    def _readings(self, batch: Batch) -> list[Tensor]:
        state = self._state(*(batch[name] for name in self.input_names))
        samples = self.options.samples if self.training else 1
        return [self._logits(state) for _ in range(samples)]


def _marked(states: Tensor, mask: Tensor) -> Tensor:
    """(batch, width): the state where ``mask`` is 1, or the mean of several; 0 where there is none."""
    weights = mask[:, :, None].to(states.dtype)
    return (states * weights).sum(dim=1) / weights.sum(dim=1).clamp(min=1.0)
