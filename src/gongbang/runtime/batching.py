"""Features through an engine, in batches of like length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from gongbang.runtime.engines import Engine

_TOKENS = 2048  # tokens in a batch: larger ones gain nothing on a CPU and cost memory
_PADDED = -10_000.0  # what an output holds where a row has no token


def run_rows(engine: Engine, inputs: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[np.float32]]:
    """Every output for every row.

    Rows are sorted by length and batched, each batch cut to its longest row, so that padding costs little; a
    row that is there twice is run once.

    Args:
        inputs: arrays of (rows, time), among them ``attention_mask``.

    Returns:
        Outputs of (rows, ...) in the order of the rows; outputs named ``*_logits`` over time are filled
        up with -10,000.
    """
    first, again = _distinct(inputs)
    if len(first) < len(again):
        once = run_rows(engine, {name: array[first] for name, array in inputs.items()})
        return {name: array[again] for name, array in once.items()}
    lengths = inputs["attention_mask"].sum(axis=1)
    rows, time = inputs["attention_mask"].shape
    outputs: dict[str, NDArray[np.float32]] = {}
    for places in batches(lengths):
        longest = int(lengths[places].max())
        found = engine.run(
            {name: np.ascontiguousarray(array[places, :longest]) for name, array in inputs.items()}
        )
        for name, array in found.items():
            timed = name.endswith("_logits") and array.ndim == 2 and array.shape[1] == longest
            width = (time,) if timed else array.shape[1:]
            whole = outputs.setdefault(
                name, np.full((rows, *width), _PADDED if timed else 0.0, dtype=np.float32)
            )
            if timed:
                whole[places, :longest] = array
            else:
                whole[places] = array
    return outputs


def run_sides(engine: Engine, inputs: Mapping[str, NDArray[np.int64]]) -> dict[str, NDArray[np.float32]]:
    """Every output for every row, where a row may be a pair of texts that are read apart.

    Args:
        inputs: as in :func:`run_rows`; those of a second text have a prefix before ``input_ids`` and
            ``attention_mask``, such as ``response_``.

    Returns:
        The outputs for the first text, and for the second its embedding behind the prefix: the output of that
        name where the model has one, else its ``embedding``.
    """
    prefixes = [name.removesuffix("input_ids") for name in inputs if name.endswith("_input_ids")]
    first = {name: array for name, array in inputs.items() if not name.startswith(tuple(prefixes))}
    outputs = run_rows(engine, first if prefixes else inputs)
    for prefix in prefixes:
        side = {n.removeprefix(prefix): array for n, array in inputs.items() if n.startswith(prefix)}
        found = run_rows(engine, side)
        outputs[f"{prefix}embedding"] = found.get(f"{prefix}embedding", found["embedding"])
    return outputs


def _distinct(inputs: Mapping[str, NDArray[np.int64]]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The first place of each distinct row, and for every row which of them it is."""
    places: dict[bytes, int] = {}
    first: list[int] = []
    again = []
    arrays = [np.ascontiguousarray(array) for array in inputs.values()]
    for row in range(len(arrays[0])):
        key = b"".join(array[row].tobytes() for array in arrays)
        place = places.setdefault(key, len(first))
        if place == len(first):
            first.append(row)
        again.append(place)
    return np.array(first, dtype=np.intp), np.array(again, dtype=np.intp)


def batches(lengths: NDArray[np.int64], tokens: int = _TOKENS) -> Iterator[NDArray[np.int64]]:
    """Rows in batches of at most ``tokens`` padded tokens, longest first.

    Example:
        >>> [b.tolist() for b in batches(np.array([3, 9, 3]), tokens=9)]
        [[1], [0, 2]]
    """
    order = np.argsort(-lengths, kind="stable")
    start = 0
    while start < len(order):
        size = max(1, tokens // max(1, int(lengths[order[start]])))
        yield order[start : start + size]
        start += size
