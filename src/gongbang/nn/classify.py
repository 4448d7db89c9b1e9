"""Models of one pooled state a text: one label of several, or any number of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from gongbang.errors import OptionError
from gongbang.nn.losses import make_loss
from gongbang.nn.ngrams import check_contextual

Batch = Mapping[str, Tensor]
Pool = Literal["mean", "cls"]
ClassWeights = Literal["none", "balanced"]
_FREE_STEPS, _FREE_RATE = 300, 0.3  # of the descent that finds how low a loss can go


@dataclass(frozen=True, slots=True)
class HeadOptions:
    """What stands on the encoder, and how it is trained; the key ``model`` of a recipe.

    Attributes:
        pool: "mean" of the real tokens' states (what E5 was trained with), or the first token's, "cls".
        dropout: of the pooled state while training.
        samples: dropout masks that are drawn for one pooled state, their losses averaged (multi-sample
            dropout, Inoue 2019); more than one needs dropout.
        loss: of :mod:`gongbang.nn.losses`; the task's usual one when empty.
        loss_options: what the loss takes, e.g. ``{"gamma": 2.0}``.
        class_weights: "balanced" weighs a label by the inverse of its frequency.
        soft_share: where a teacher's probabilities are there, their share in the loss beside the labels'.
    """

    pool: Pool = "mean"
    dropout: float = 0.0
    samples: int = 1
    loss: str = ""
    loss_options: dict[str, Any] = field(default_factory=dict)
    class_weights: ClassWeights = "none"
    soft_share: float = 1.0

    def __post_init__(self) -> None:
        for name, kind in (("pool", Pool), ("class_weights", ClassWeights)):
            if getattr(self, name) not in get_args(kind):
                raise OptionError(
                    f"unknown {name}.",
                    value=getattr(self, name),
                    allowed=", ".join(get_args(kind)),
                    cure=f"Set model.{name} to one of these.",
                )
        if not 0.0 <= self.dropout < 1.0 or not 0.0 <= self.soft_share <= 1.0:
            raise OptionError(
                "a share is out of range.",
                value=f"dropout={self.dropout}, soft_share={self.soft_share}",
                allowed="0 <= dropout < 1, 0 <= soft_share <= 1",
                cure="Mend it under 'model' in the recipe.",
            )
        if self.samples < 1 or (self.samples > 1 and not self.dropout):
            raise OptionError(
                "several dropout samples without dropout are the same sample.",
                value=f"samples={self.samples}, dropout={self.dropout}",
                allowed="samples of 1 or more, and dropout above 0 where it is more than 1",
                cure="Set model.dropout, or leave model.samples out.",
            )


def pooled(states: Tensor, attention_mask: Tensor, pool: Pool) -> Tensor:
    """One state a text, (batch, hidden_size), of ``states``, (batch, time, hidden_size)."""
    if pool == "cls":
        return states[:, 0].float()
    mask = attention_mask[:, :, None].float()
    return (states.float() * mask).sum(dim=1) / mask.sum(dim=1).clamp(min=1.0)


def unit_mean(states: Tensor, attention_mask: Tensor) -> Tensor:
    """(batch, hidden_size) the mean of the real tokens' states, of length 1 (Wang et al. 2024, section 3)."""
    return nn.functional.normalize(pooled(states, attention_mask, "mean"), dim=-1)


def balanced_weights(counts: Sequence[int]) -> Tensor:
    """(L,) weights whose mean over the training rows is 1, each the inverse of its label's frequency.

    A label without rows weighs nothing: no row could ever use its weight.

    Example:
        >>> balanced_weights([1, 3]).tolist()
        [2.0, 0.6666666865348816]
    """
    found = torch.tensor(list(counts), dtype=torch.float32)
    present = int((found > 0).sum())
    weights = found.sum() / (max(1, present) * found.clamp(min=1.0))
    return torch.where(found > 0, weights, torch.zeros_like(weights))


class PooledHead(nn.Module):
    """Logits of pooled states, and several dropped-out readings of them while training."""

    def __init__(self, encoder: nn.Module, hidden_size: int, *, labels: int, options: HeadOptions) -> None:
        super().__init__()
        if options.pool == "cls":
            check_contextual(encoder, "model.pool: cls")
        self.encoder = encoder
        self.options = options
        self.labels = labels
        self.dropout = nn.Dropout(options.dropout)
        self.head = nn.Linear(hidden_size, labels)
        nn.init.normal_(self.head.weight, std=0.02)
        nn.init.zeros_(self.head.bias)
        self.uses_types = getattr(encoder.config, "type_vocab_size", 0) > 1

    def forward(
        self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None = None
    ) -> dict[str, Tensor]:
        """``logits``, (batch, labels), of texts given as (batch, time)."""
        return {"logits": self._logits(self._pooled(input_ids, attention_mask, token_type_ids))}

    def _pooled(self, input_ids: Tensor, attention_mask: Tensor, token_type_ids: Tensor | None) -> Tensor:
        types = {"token_type_ids": token_type_ids} if self.uses_types and token_type_ids is not None else {}
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask, **types).last_hidden_state
        return pooled(states, attention_mask, self.options.pool)

    def _logits(self, state: Tensor) -> Tensor:
        logits: Tensor = self.head(self.dropout(state)).float()  # (batch, labels)
        return logits

    def _readings(self, batch: Batch) -> list[Tensor]:
        """Logits of the batch, one for each dropout sample."""
        state = self._pooled(batch["input_ids"], batch["attention_mask"], batch.get("token_type_ids"))
        samples = self.options.samples if self.training else 1
        return [self._logits(state) for _ in range(samples)]


class LabelHead(PooledHead, ABC):
    """A head whose loss is one of a row's logits and its targets, whatever the text."""

    output_names = ("logits",)

    @abstractmethod
    def loss_of(self, logits: Tensor, batch: Batch) -> Tensor:
        """The mean loss over rows of these logits, (batch, labels)."""

    def loss(self, batch: Batch) -> Tensor:
        """Mean loss over rows and dropout samples."""
        return torch.stack([self.loss_of(logits, batch) for logits in self._readings(batch)]).mean()

    def lowest_loss(self, batch: Batch) -> float:
        """What the loss of these rows comes to with the best logits there are.

        Near 0 where one label is to have all of the probability; as high as the targets' entropy where it is
        to be shared out, as by label smoothing, a teacher, or a set of labels under a softmax. Found by
        gradient descent on the logits themselves.
        """
        first = next(iter(batch.values()))
        with torch.enable_grad():
            logits = torch.zeros(len(first), self.labels, device=first.device, requires_grad=True)
            optimizer = torch.optim.Adam([logits], lr=_FREE_RATE)
            for _ in range(_FREE_STEPS):
                optimizer.zero_grad()
                loss = self.loss_of(logits, batch)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        return float(loss.detach())


class ClassifyModel(LabelHead):
    """One label of several (Devlin et al. 2019, section 4.1), over a pooled state.

    Args:
        encoder: gives ``last_hidden_state``, (batch, time, hidden_size).
        hidden_size: width of a hidden state.
        labels: how many there are.
        options: see :class:`HeadOptions`.
        counts: (labels,) training rows of each label, for ``class_weights``.
    """

    options_type = HeadOptions
    usual_loss = "cross_entropy"

    def __init__(
        self,
        encoder: nn.Module,
        hidden_size: int,
        *,
        labels: int,
        options: HeadOptions | None = None,
        counts: Sequence[int] | None = None,
    ) -> None:
        options = options or HeadOptions()
        super().__init__(encoder, hidden_size, labels=labels, options=options)
        given = dict(options.loss_options)
        if options.class_weights == "balanced" and counts is not None:
            given["weight"] = balanced_weights(counts)
        self.objective = make_loss(options.loss or self.usual_loss, "class", **given)
        self.soft = make_loss("soft_cross_entropy", "class")

    def loss_of(self, logits: Tensor, batch: Batch) -> Tensor:
        """The mean over rows; a teacher's ``soft`` probabilities take their share."""
        share = self.options.soft_share if "soft" in batch else 0.0
        loss: Tensor = (1.0 - share) * self.objective(logits, batch["label"])
        return loss + share * self.soft(logits, batch["soft"]) if share else loss


class EmotionsModel(LabelHead):
    """Any number of labels: a logit for each, over a pooled state.

    Args:
        encoder: gives ``last_hidden_state``, (batch, time, hidden_size).
        hidden_size: width of a hidden state.
        labels: how many there are.
        options: see :class:`HeadOptions`; ``loss`` is one of the losses for sets of labels.
        counts: not used: a set of labels has no frequency of its own.
    """

    options_type = HeadOptions
    usual_loss = "bce"

    def __init__(
        self,
        encoder: nn.Module,
        hidden_size: int,
        *,
        labels: int,
        options: HeadOptions | None = None,
        counts: Sequence[int] | None = None,
    ) -> None:
        options = options or HeadOptions()
        if options.class_weights != "none":
            raise OptionError(
                "class_weights weigh one label against the others, and these rows have any number of them.",
                value=f"class_weights={options.class_weights}",
                allowed="none",
                cure="Leave model.class_weights out.",
            )
        super().__init__(encoder, hidden_size, labels=labels, options=options)
        self.objective = make_loss(options.loss or self.usual_loss, "labels", **options.loss_options)

    def loss_of(self, logits: Tensor, batch: Batch) -> Tensor:
        """The mean over rows."""
        loss: Tensor = self.objective(logits, batch["labels"])
        return loss
