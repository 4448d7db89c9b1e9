"""Run a torch model over features, for evaluation while it is being trained."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gongbang.tasks.base import Features
from gongbang.train.batches import row_lengths, tensors


def outputs_of(
    model: Any, features: Features, *, batch_size: int = 32, bf16: bool = False, pairs: bool = False
) -> dict[str, NDArray[np.float32]]:
    """Every output of the model for every row.

    Args:
        model: a model of :mod:`gongbang.nn`.
        features: rows to run, in any order of length.
        batch_size: rows at a time.
        bf16: run under bfloat16 autocast.
        pairs: call ``pair_outputs`` (question and passage) instead of ``forward``.

    Returns:
        Arrays of (rows, ...); an output with a time axis is filled up with -10,000.
    """
    order = np.argsort(row_lengths(features), kind="stable")
    device = next(model.parameters()).device
    found: list[tuple[NDArray[np.int64], dict[str, NDArray[np.float32]]]] = []
    was_training = model.training
    model.eval()
    amp = torch.autocast(device.type, torch.bfloat16) if bf16 else nullcontext()
    with torch.inference_mode(), amp:
        for start in range(0, len(order), batch_size):
            rows = order[start : start + batch_size]
            batch = {name: tensor.to(device) for name, tensor in tensors(features, rows).items()}
            inputs = {name: batch[name] for name in features.inputs}
            result = model.pair_outputs(batch) if pairs else model(**inputs)
            found.append((rows, {name: tensor.float().cpu().numpy() for name, tensor in result.items()}))
    model.train(was_training)
    return _joined(found, len(features), features.inputs["input_ids"].shape[1])


def _joined(
    found: list[tuple[NDArray[np.int64], dict[str, NDArray[np.float32]]]], rows: int, time: int
) -> dict[str, NDArray[np.float32]]:
    joined: dict[str, NDArray[np.float32]] = {}
    for places, arrays in found:
        for name, array in arrays.items():
            timed = name.endswith("_logits")
            width = time if timed else array.shape[1]
            whole = joined.setdefault(
                name, np.full((rows, width), -10_000.0 if timed else 0.0, dtype=np.float32)
            )
            whole[places, : array.shape[1]] = array
    return joined
