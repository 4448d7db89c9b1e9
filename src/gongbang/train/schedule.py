"""Learning rates: over the steps of a run, and over the layers of a model."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import torch

Schedule = Literal["linear", "cosine", "constant", "plateau"]
_LAYER = re.compile(r"\.layers?\.(\d+)\.")
_NO_DECAY = ("bias", "LayerNorm.weight", "layer_norm.weight", "norm.weight")


def factor(step: int, *, total: int, warmup: int, schedule: Schedule) -> float:
    """What the learning rate is multiplied by at ``step`` of ``total``.

    ``plateau`` is constant here: what it follows is not the step but the development metric, and the loop
    multiplies by :func:`lowered` besides.

    Example:
        >>> [factor(s, total=10, warmup=2, schedule="linear") for s in (0, 1, 2, 6, 10)]
        [0.0, 0.5, 1.0, 0.5, 0.0]
    """
    if step < warmup:
        return step / warmup
    if schedule in {"constant", "plateau"}:
        return 1.0
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    return 1.0 - done if schedule == "linear" else 0.5 * (1.0 + math.cos(math.pi * done))


def lowered(values: Sequence[float], *, patience: int, factor: float) -> float:
    """What the plateau schedule has multiplied the rate by after these evaluations.

    The rate falls by ``factor`` whenever the metric has not risen above its best for ``patience``
    evaluations in a row, counted anew after each fall.

    Args:
        values: the declared metric, higher is better, in the order in which it was measured.
        patience: evaluations without a gain that lower the rate.
        factor: by which it is lowered each time.

    Example:
        >>> [lowered([1.0, 2.0, 2.0, 1.5, 3.0][:n], patience=2, factor=0.5) for n in (3, 4, 5)]
        [1.0, 0.5, 0.5]
    """
    scale, best, flat = 1.0, -math.inf, 0
    for value in values:
        best, flat = (value, 0) if value > best else (best, flat + 1)
        if flat >= patience:
            scale, flat = scale * factor, 0
    return scale


def parameter_groups(
    model: torch.nn.Module, *, learning_rate: float, weight_decay: float, layer_decay: float
) -> list[dict[str, Any]]:
    """Groups for AdamW: lower layers learn more slowly, biases and norms are not decayed.

    Args:
        layer_decay: each layer's rate is this times the rate of the layer above it (1.0: all alike).
            See Howard and Ruder 2018, "Universal Language Model Fine-tuning", section 3.2.
    """
    named = [(name, value) for name, value in model.named_parameters() if value.requires_grad]
    layers = [int(found[1]) for name, _ in named if (found := _LAYER.search(name))]
    top = max(layers, default=-1) + 2
    groups: dict[tuple[int, bool], dict[str, Any]] = {}
    for name, value in named:
        depth = _depth(name, top)
        plain = name.endswith(_NO_DECAY)
        rate = learning_rate * layer_decay ** (top - depth)
        fresh = {"params": [], "lr": rate, "weight_decay": 0.0 if plain else weight_decay}
        groups.setdefault((depth, plain), fresh)["params"].append(value)
    return [groups[key] for key in sorted(groups)]


def _depth(name: str, top: int) -> int:
    found = _LAYER.search(name)
    if found:
        return int(found[1]) + 1
    return 0 if "embeddings" in name else top
