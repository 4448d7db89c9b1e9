"""The outputs of a model that knows, and of one that guesses: what decoding and metrics are held against."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from gongbang.tasks.base import Features

Outputs = dict[str, NDArray[np.float32]]
_SURE = 20.0


def perfect_outputs(names: tuple[str, ...], features: Features, labels: int) -> Outputs | None:
    """Outputs that put everything on the targets; None for a kind of model that is not known here.

    Args:
        names: the model's ``output_names``.
        features: prepared with targets.
        labels: how many labels the task has, where it chooses among labels.
    """
    if set(names) == {"start_logits", "end_logits"}:
        shape = features.inputs["input_ids"].shape
        made = {name: np.zeros(shape, dtype=np.float32) for name in names}
        rows = np.arange(len(features))
        made["start_logits"][rows, features.targets["start_positions"]] = _SURE
        made["end_logits"][rows, features.targets["end_positions"]] = _SURE
        return made
    if "embedding" in names:
        return _perfect_pairs(names, features)
    return _perfect_logits(features, labels) if names == ("logits",) else None


def _perfect_pairs(names: tuple[str, ...], features: Features) -> Outputs | None:
    """Vectors of which a text and what belongs to it have the same."""
    side, target = ("question_", "document") if "document" in features.targets else ("response_", "response")
    if target not in features.targets:
        return None
    numbers = features.targets[target]
    vectors = np.eye(int(numbers.max()) + 1, dtype=np.float32)[numbers]
    made = {"embedding": vectors, f"{side}embedding": vectors}
    if "embedding_mask" in names:
        made["embedding_mask"] = np.ones((len(features), 1), dtype=np.float32)
    return made


def _perfect_logits(features: Features, labels: int) -> Outputs | None:
    """Logits that name the label, the set of labels, or without labels whether a row is the right one."""
    if "labels" in features.targets:
        return {"logits": np.where(features.targets["labels"] > 0, _SURE, -_SURE).astype(np.float32)}
    if "label" not in features.targets:
        return None
    ids = features.targets["label"]
    if not labels:
        return {"logits": ids.astype(np.float32)[:, None] * _SURE}
    return {"logits": np.eye(labels, dtype=np.float32)[ids] * _SURE}


def blank_outputs(perfect: Mapping[str, NDArray[np.float32]]) -> Outputs:
    """Outputs of the same shape that say the same of everything."""
    return {name: array if _is_mask(name) else np.zeros_like(array) for name, array in perfect.items()}


def random_outputs(perfect: Mapping[str, NDArray[np.float32]], seed: int) -> Outputs:
    """Outputs of the same shape, spread widely enough that every branch of decoding is taken."""
    rng = np.random.default_rng(seed)
    return {
        name: array if _is_mask(name) else rng.normal(0.0, 4.0, array.shape).astype(np.float32)
        for name, array in sorted(perfect.items())
    }


def _is_mask(name: str) -> bool:
    return name.endswith("_mask")
