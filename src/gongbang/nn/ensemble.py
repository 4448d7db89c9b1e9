"""Several models of one task as one: their probabilities are averaged inside the graph.

It is exported, quantised, gated and served like any other model, so a served ensemble cannot differ from the
one that was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor, nn

from gongbang.errors import EnsembleError

Kind = Literal["softmax", "sigmoid", "spans"]
_LEAST = 1e-9  # a probability below it is taken for it: its logarithm must be finite


class EnsembleModel(nn.Module):
    """The weighted mean of several models' probabilities, given as logits that decode to them.

    Word embeddings that are equal, as those that a recipe freezes are, are held once.

    Args:
        models: of one task, fed the same inputs.
        weights: (models,), 0 or more, summing to 1.
        slopes, offsets: (models,) each model's calibration: its logits are multiplied by the slope and raised
            by the offset first.
        kind: "softmax" gives ``logits`` whose softmax is the mean of the models' softmax; "sigmoid" those
            whose sigmoid is the mean of their sigmoids; "spans" the mean of start and end logits.

    Raises:
        EnsembleError: weights that do not pair up or do not sum to 1, or models of different outputs.
    """

    def __init__(
        self,
        models: Sequence[nn.Module],
        weights: Sequence[float],
        *,
        kind: Kind,
        slopes: Sequence[float] | None = None,
        offsets: Sequence[float] | None = None,
    ) -> None:
        super().__init__()
        count = len(models)
        _check(models, weights, slopes or [1.0] * count, offsets or [0.0] * count)
        self.models = nn.ModuleList(models)
        self.kind: Kind = kind
        self.output_names = models[0].output_names
        self.uses_types = any(getattr(model, "uses_types", False) for model in models)
        if hasattr(models[0], "input_names"):
            self.input_names = models[0].input_names
        # Plain numbers, not buffers: they are constants of the exported graph.
        self.weights = tuple(map(float, weights))
        self.slopes = tuple(map(float, slopes or [1.0] * count))
        self.offsets = tuple(map(float, offsets or [0.0] * count))
        share_embeddings(models)

    @property
    def encoder(self) -> nn.Module:
        """The encoder that takes the shortest texts, whose configuration says what all of them read."""
        return min(encoders_of(self), key=lambda one: int(one.config.max_position_embeddings))  # type: ignore[union-attr, arg-type]

    def forward(self, *inputs: Tensor, **named: Tensor) -> dict[str, Tensor]:
        """The models' inputs; outputs of the shapes that each of them gives."""
        told = [model(*inputs, **named) for model in self.models]
        return {name: self._mean([each[name] for each in told]) for name in self.output_names}  # type: ignore[union-attr]

    def _mean(self, outputs: Sequence[Tensor]) -> Tensor:
        """One output of all models, (batch, ...), as one."""
        if self.kind == "spans":
            return torch.stack([w * each for w, each in zip(self.weights, outputs, strict=True)]).sum(dim=0)
        squash = torch.softmax if self.kind == "softmax" else lambda values, dim: torch.sigmoid(values)
        shares = [
            weight * squash(each * slope + offset, dim=-1)
            for each, weight, slope, offset in zip(
                outputs, self.weights, self.slopes, self.offsets, strict=True
            )
        ]
        mean = torch.stack(shares).sum(dim=0).clamp(min=_LEAST)
        return torch.log(mean) if self.kind == "softmax" else torch.logit(mean, eps=_LEAST)


def encoders_of(model: nn.Module) -> list[nn.Module]:
    """The encoders of a model: its own, or those of all that an ensemble holds, ensembles among them."""
    if isinstance(model, EnsembleModel):
        return [encoder for each in model.models for encoder in encoders_of(each)]
    encoder: nn.Module = model.encoder  # type: ignore[assignment]
    return [encoder]


def share_embeddings(models: Sequence[nn.Module]) -> int:
    """Let encoders whose word embeddings are equal hold one; gives how many now do so."""
    first, *others = [encoder for model in models for encoder in encoders_of(model)]
    words = first.get_input_embeddings()  # type: ignore[operator]
    shared = 0
    for encoder in others:
        own = encoder.get_input_embeddings()  # type: ignore[operator]
        if own.weight.shape == words.weight.shape and torch.equal(own.weight, words.weight):
            encoder.set_input_embeddings(words)  # type: ignore[operator]
            shared += 1
    return shared


def _check(
    models: Sequence[nn.Module], weights: Sequence[float], slopes: Sequence[float], offsets: Sequence[float]
) -> None:
    lengths = {len(models), len(weights), len(slopes), len(offsets)}
    total = sum(weights)
    if len(lengths) > 1 or not models or min(weights) < 0 or abs(total - 1.0) > 1e-6:
        raise EnsembleError(
            "models and weights do not make an ensemble.",
            value=f"{len(models)} models, weights {list(weights)}",
            allowed="one weight of 0 or more for each model, summing to 1",
            cure="Pass the weights of a solution, divided among the models of each member.",
        )
    names = {tuple(model.output_names) for model in models}  # type: ignore[arg-type]
    if len(names) > 1:
        raise EnsembleError(
            "models of different outputs cannot be averaged.",
            value="; ".join(", ".join(each) for each in sorted(names)),
            allowed="models of one task",
            cure="Name runs of the same task.",
        )
