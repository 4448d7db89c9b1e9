"""Requests that run through a model together, each prepared and decoded for itself.

Only the rows meet: what a record is compared with (its question's other passages, the other responses) stays
its own request's. Whether rows that run together change each other's numbers depends on engine and weights:
8-bit activations are scaled by the largest of a whole batch, so there they do. :func:`mixes` finds out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.errors import GongbangError
from gongbang.runtime.batching import run_sides
from gongbang.runtime.predictor import Predictor
from gongbang.tasks.base import Features, Prediction
from gongbang.tasks.windows import special_id

_SAME = 1e-4  # of an output's range: single precision in another order of additions
_PADDING = ("<pad>", "[PAD]")
Arrays = dict[str, NDArray[Any]]
Outcome = list[Prediction] | Exception


def predict_each(predictor: Predictor, requests: Sequence[Sequence[Record]]) -> list[Outcome]:
    """Each request by itself; one that cannot be answered is an error in its place."""
    outcomes: list[Outcome] = []
    for records in requests:
        try:
            outcomes.append(predictor.predict(records))
        except Exception as err:
            outcomes.append(err)
    return outcomes


def predict_together(predictor: Predictor, requests: Sequence[Sequence[Record]]) -> list[Outcome]:
    """All rows of all requests in shared batches; one that cannot be answered is an error in its place."""
    if len(requests) < 2:
        return predict_each(predictor, requests)
    prepared: list[Features | Exception] = []
    for records in requests:
        try:
            prepared.append(predictor.task.prepare(records))
        except Exception as err:
            prepared.append(err)
    usable = [one for one in prepared if not isinstance(one, Exception) and len(one)]
    outputs = iter(_outputs(predictor, [one.inputs for one in usable]) if usable else ())
    outcomes: list[Outcome] = []
    for one in prepared:
        if isinstance(one, Exception):
            outcomes.append(one)
        elif not len(one):
            outcomes.append([])
        else:
            outcomes.append(_decoded(predictor, next(outputs), one))
    return outcomes


def _decoded(predictor: Predictor, outputs: Arrays, features: Features) -> Outcome:
    try:
        predictions: list[Prediction] = predictor.task.decode(outputs, features)
    except Exception as err:
        return err
    return predictions


def _outputs(predictor: Predictor, parts: Sequence[Mapping[str, NDArray[Any]]]) -> list[Arrays]:
    """The outputs of each part, as if it had been run alone."""
    joined = joined_rows(parts, special_id(predictor.task.tokenizer, _PADDING, "padding"))
    found = run_sides(predictor.engine, joined)
    whole = joined["attention_mask"].shape[1]
    outputs, start = [], 0
    for part in parts:
        rows, time = part["attention_mask"].shape
        own: Arrays = {name: array[start : start + rows] for name, array in found.items()}
        for name, array in own.items():
            if name.endswith("_logits") and array.ndim == 2 and array.shape[1] == whole:
                own[name] = array[:, :time]
        outputs.append(own)
        start += rows
    return outputs


def joined_rows(parts: Sequence[Mapping[str, NDArray[Any]]], padding: int) -> Arrays:
    """Arrays of (rows, time) under one another, shorter ones filled up.

    Args:
        parts: of each request its arrays by name, the same names in all.
        padding: the id that fills up ``input_ids``; everything else is filled up with 0.

    Example:
        >>> rows = joined_rows([{"input_ids": np.array([[5]])}, {"input_ids": np.array([[6, 7]])}], padding=1)
        >>> rows["input_ids"].tolist()
        [[5, 1], [6, 7]]
    """
    joined: Arrays = {}
    for name in parts[0]:
        arrays = [part[name] for part in parts]
        time = max(array.shape[1] for array in arrays)
        value = padding if name.endswith("input_ids") else 0
        filled = [
            np.pad(array, ((0, 0), (0, time - array.shape[1])), constant_values=value) for array in arrays
        ]
        joined[name] = np.concatenate(filled)
    return joined


def mixes(predictor: Predictor, examples: Sequence[Record]) -> bool:
    """Whether rows give the same numbers in company as alone, tried with unlike rows.

    Args:
        predictor: what is tried.
        examples: records of unlike length that the task takes.
    """
    try:
        parts = [predictor.task.prepare([record]).inputs for record in examples]
        alone = [run_sides(predictor.engine, part) for part in parts]
        together = _outputs(predictor, parts)
    except GongbangError:
        return False
    return all(
        own.keys() == shared.keys() and all(_same(own[name], shared[name]) for name in own)
        for own, shared in zip(alone, together, strict=True)
    )


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    if a.shape != b.shape:
        return False
    real = a > -1e4 + 1  # where a row has no token both hold the same filling
    scale = float(np.abs(a[real]).max()) if real.any() else 0.0
    return bool(np.abs(a - b).max(initial=0.0) <= _SAME * max(scale, 1.0))
