"""One trial of ``gongbang fit``, run as a process of its own: ``python -m gongbang.train.fit_trial REQUEST``.

A process of its own starts with a clean high-water mark, and the system may kill it without harm. The
request is a JSON file; the answer goes into ``answer.json`` beside it, whole or not at all.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from gongbang.artifacts.files import read_json, write_json
from gongbang.data.records import Record
from gongbang.data.writing import write_jsonl
from gongbang.errors import GongbangError
from gongbang.tasks.base import Features
from gongbang.train.batches import LengthBatches, row_lengths
from gongbang.train.cost import held_memory, peak_gpu_memory, peak_memory
from gongbang.train.data import load_splits
from gongbang.train.infer import outputs_of
from gongbang.train.loop import Event, Loop
from gongbang.train.precision import resolve_precision
from gongbang.train.proofs.trial import Trial
from gongbang.train.recipe import Recipe, parse_recipe
from gongbang.train.workbench import Workbench, assemble, completed

ANSWER, RECORDS = "answer.json", "records.jsonl"
_KEPT = 64  # records, the longest by characters; the longest rows are made of them
_LABELLED = 400  # records at most that are kept for the sake of their labels
_EVALUATED = 32  # rows that evaluation takes at a time
_OVER = 1.25  # of the limit: beyond this a trial stops itself before the machine suffers
_LOOK = 0.05  # seconds between two looks


def prepare(recipe: Recipe, folder: Path) -> dict[str, Any]:
    """Read the recipe's data once, and keep what trials need of them.

    Returns:
        ``recipe``, over the records that are kept and without what is made of them; ``records``, how many
        are trained on; ``data``, bytes of memory that they take; ``precision``, what ``auto`` means here.
    """
    before = held_memory()
    splits = load_splits(recipe.data, seed=recipe.training.seed)
    data = max(0, held_memory() - before)
    recipe = completed(recipe, splits)
    write_jsonl(_kept(splits.train), folder / RECORDS)
    tree = recipe.resolved()
    tree["data"] = {"sources": [{"path": str(folder / RECORDS), "role": "train"}]}
    return {
        "recipe": tree,
        "records": len(splits.train),
        "data": data,
        "precision": resolve_precision(recipe.training.precision),
    }


def _kept(records: Sequence[Record]) -> list[Record]:
    """The longest records, and one for each label, so that a model has its outputs."""
    order = sorted(range(len(records)), key=lambda at: -sum(map(len, records[at].fields.values())))
    chosen = dict.fromkeys(order[:_KEPT])
    seen: set[str] = set()
    for at, record in enumerate(records):
        new = set(_labels(record)) - seen
        if new and len(seen) < _LABELLED:
            seen |= new
            chosen[at] = None
    return [records[at] for at in sorted(chosen)]


def _labels(record: Record) -> Iterable[str]:
    for name in ("label", "labels"):
        value = record.labels.get(name)
        if isinstance(value, str):
            yield value
        elif isinstance(value, Sequence):
            yield from map(str, value)


def attempt(recipe: Recipe, batch_size: int, precision: str, *, limit: int, whole: bool) -> dict[str, Any]:
    """Train a step on the longest rows as a run does, and measure.

    Args:
        recipe: as :func:`prepare` left it.
        batch_size: rows in the batch.
        precision: "bf16" or "fp32".
        limit: bytes; a GPU is not given more of its memory.
        whole: evaluate and over-fit as well, which takes the same memory whatever the batch.

    Returns:
        ``step_peak`` and ``peak``, bytes in the step and in all; ``begun``, when training began, on the
        clock; ``seconds``, of the step; ``length``, tokens of the longest row; ``rows_per_record`` and
        ``row_bytes``, of features.
    """
    if torch.cuda.is_available():
        there = torch.cuda.get_device_properties(0).total_memory
        torch.cuda.set_per_process_memory_fraction(min(1.0, limit / there))
    bench = assemble(recipe, made=False)
    features = bench.task.prepare(bench.training)
    order = np.argsort(-row_lengths(features), kind="stable")
    begun = time.time()
    told = _train(bench, features, order, batch_size, precision, whole=whole)
    if whole:
        _overfit(bench)
    return told | {
        "peak": _peak(),
        "begun": begun,
        "length": int(row_lengths(features)[order[0]]),
        "rows_per_record": len(features) / len(bench.training),
        "row_bytes": _row_bytes(features),
    }


def _train(
    bench: Workbench,
    features: Features,
    order: NDArray[np.int64],
    batch_size: int,
    precision: str,
    *,
    whole: bool,
) -> dict[str, Any]:
    told: list[tuple[float, int]] = []

    def event(values: Event) -> None:
        if "loss" in values:
            told.append((time.monotonic(), _peak()))

    evaluated = rows_of(features, np.resize(order, _EVALUATED if whole else 1))

    def evaluate(model: torch.nn.Module) -> Mapping[str, float]:
        outputs_of(model, evaluated, bf16=precision == "bf16", pairs=hasattr(model, "pair_outputs"))
        return {"fit": 0.0}

    own = bench.recipe.training
    start = [value.detach().clone() for value in bench.model.parameters()] if own.members > 1 else []
    # One row first, and the batch after it: only then do AdamW's moments lie beside its activations.
    trained = rows_of(features, np.resize(order, batch_size + 1))
    changes = {
        "epochs": 1,
        "batch_size": batch_size,
        "accumulate": 1,
        "precision": precision,
        "batch_by": "length",
        "curriculum": None,
        "sample_by": "none",
        "evaluate_every": 1.0,
        "patience": 0,
        "metric": "fit",
        "log_every": 1,
        "seed": _seed(trained, batch_size),
    }
    with TemporaryDirectory() as folder:
        Loop(
            model=bench.model,
            features=trained,
            settings=own.model_copy(update=changes),
            folder=Path(folder),
            evaluate=evaluate,
            on_event=event,
        ).run()
    del start
    bench.model.zero_grad(set_to_none=True)
    return {"step_peak": told[-1][1], "seconds": told[-1][0] - told[-2][0]}


def _seed(features: Features, batch_size: int) -> int:
    """A seed under which the batch of one row comes first."""
    lengths = row_lengths(features)
    return next(n for n in range(10_000) if len(next(iter(LengthBatches(lengths, batch_size, seed=n)))) == 1)


def _overfit(bench: Workbench) -> None:
    """Hold what the over-fit proof holds: the model twice over (the preflight's and its own), and moments."""
    trial = Trial(bench)
    with trial.kept(), trial.kept():
        optimizer = torch.optim.AdamW([value for value in trial.model.parameters() if value.requires_grad])
        trial.model.loss(trial.batch(trial.few(1))).backward()
        optimizer.step()


def rows_of(features: Features, rows: NDArray[np.int64]) -> Features:
    """Some rows of features, in this order; a row may stand in it more than once."""
    return replace(
        features,
        inputs={name: array[rows] for name, array in features.inputs.items()},
        targets={name: array[rows] for name, array in features.targets.items()},
        record=features.record[rows],
        rows=[features.rows[int(row)] for row in rows],
    )


def _row_bytes(features: Features) -> float:
    arrays = [*features.inputs.values(), *features.targets.values()]
    return sum(array.nbytes for array in arrays) / len(features)


def _peak() -> int:
    return peak_gpu_memory() or peak_memory()


def _watch(limit: int, answer: Path) -> None:
    """End this process before it takes much more than the limit: a machine that swaps answers nobody."""

    def look() -> None:
        while True:
            held = held_memory()
            if held > limit * _OVER:
                write_json(answer, {"status": "over", "peak": held})
                os._exit(0)
            time.sleep(_LOOK)

    threading.Thread(target=look, daemon=True).start()


def main(path: Path) -> None:
    """Carry a request out, and write what came of it."""
    request = read_json(path, "the request")
    answer = path.parent / ANSWER
    recipe = parse_recipe(request["recipe"])
    try:
        if request["kind"] == "prepare":
            write_json(answer, {"status": "ok", **prepare(recipe, path.parent)})
            return
        limit = int(request["limit"])
        if not torch.cuda.is_available():
            _watch(limit, answer)
        batch_size, precision = int(request["batch_size"]), str(request["precision"])
        found = attempt(recipe, batch_size, precision, limit=limit, whole=bool(request["whole"]))
        write_json(answer, {"status": "ok", **found})
    except GongbangError as err:
        write_json(answer, {"status": "failed", "error": err.to_dict()})
    except (MemoryError, RuntimeError) as err:
        if not isinstance(err, MemoryError) and "memory" not in str(err).lower():
            raise
        write_json(answer, {"status": "over", "peak": _peak()})


if __name__ == "__main__":
    main(Path(sys.argv[1]))
