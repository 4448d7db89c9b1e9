"""Training speed: our loop against the transformers Trainer, on the same rows from the same weights."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from report import Section
from rounds import Unavailable, in_rounds, progress, ratio, take_turns
from sources import Source

from gongbang.data.records import Record

_OURS = "gongbang loop, recipe reader-ko"
_DEFAULTS = "transformers Trainer, defaults"
_TUNED = "transformers Trainer, bf16, no dropout, embeddings frozen, by length"
_SPEED = "examples/s"


class _Clock:
    """Seconds from the first forward pass to the end of the last step: no set-up, no checkpoint."""

    def __init__(self, model: Any) -> None:
        self.began = self.ended = 0.0
        self._hook = model.register_forward_pre_hook(self._start)

    def _start(self, *_: Any) -> None:
        self.began = time.perf_counter()
        self._hook.remove()

    def step(self, *_: Any) -> None:
        self.ended = time.perf_counter()

    @property
    def seconds(self) -> float:
        return self.ended - self.began


def measure_learning(
    source: Source, checkpoint: Path, *, batch_size: int, steps: int, rounds: int
) -> Section:
    """Examples a second, each round one pass over the same fresh slice of rows.

    Args:
        source: whose records are trained on. checkpoint: the weights that every round begins with.
        batch_size: rows in a step. steps: in a round. rounds: how many turns each contestant gets.
    """
    if not source.records:
        raise Unavailable("the samples hold nothing to train on; name a SQuAD file with --data")
    section = Section(
        "train",
        "Training",
        f"{steps} steps of {batch_size} rows a round, one warm-up step before; every round begins with the "
        "same weights, and the rows of a round are the same for all.",
        (_SPEED, "lowest", "highest"),
        ratio_of="examples trained on in a second",
    )
    task, slices = _slices(source.records, checkpoint, rows=batch_size * steps, rounds=rounds)
    contestants: dict[str, Callable[[Any], float]] = {
        _OURS: lambda rows: _loop(rows, task, checkpoint, batch_size),
        _DEFAULTS: lambda rows: _trainer(rows, task, checkpoint, batch_size, tuned=False),
        _TUNED: lambda rows: _trainer(rows, task, checkpoint, batch_size, tuned=True),
    }
    contestants = {name: _afresh(train) for name, train in contestants.items()}
    for name, train in contestants.items():
        train(slices[0][:batch_size])
        progress(f"{name}: warm")
    turns = take_turns(contestants, [[part] for part in slices])
    speeds = {name: [turn.results[0] for turn in own] for name, own in turns.items()}
    for name, own in speeds.items():
        section.rows[name] = {_SPEED: statistics.median(own), "lowest": min(own), "highest": max(own)}
    section.ratios = [ratio(_OURS, speeds[_OURS], peer, speeds[peer]) for peer in (_DEFAULTS, _TUNED)]
    section.notes += [
        "Defaults are those of TrainingArguments and BertConfig: float32, dropout 0.1, every parameter "
        "trained, rows in random order, each batch padded to its longest row.",
        "The recipe: bf16, dropout 0.1 of hidden states, row-by-row attention, word embeddings frozen, an "
        "average of the weights kept, batches of like length.",
    ]
    return section


def _afresh(train: Callable[[Any], float]) -> Callable[[Any], float]:
    """accelerate keeps the first precision it was given for as long as a process lives: let it forget."""

    def trained(rows: Any) -> float:
        from accelerate.state import AcceleratorState

        AcceleratorState._reset_state(reset_partial_state=True)
        return train(rows)

    return trained


def _slices(
    records: Sequence[Record], checkpoint: Path, *, rows: int, rounds: int
) -> tuple[Any, list[list[Record]]]:
    """The reader's task, and of each round the records whose windows are trained on, one a record."""
    from tokenizers import Tokenizer

    from gongbang.artifacts.store import find_recipe
    from gongbang.tasks.table import make_task
    from gongbang.train.recipe import load_recipe

    recipe = load_recipe(find_recipe("reader-ko"))
    tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
    task = make_task("reader", tokenizer, recipe.pipeline)
    step = max(1, len(records) // (2 * rows * rounds))
    answered = [record for record in records[::step] if record.answers]
    owners = list(task.prepare(answered[: 2 * rows * rounds]).record)
    single = [record for at, record in enumerate(answered) if owners.count(at) == 1]
    return task, in_rounds(single[: rows * rounds], rounds)


def _loop(records: Sequence[Record], task: Any, checkpoint: Path, batch_size: int) -> float:
    from gongbang.artifacts.store import find_recipe
    from gongbang.nn.backbones import load_backbone
    from gongbang.nn.span import SpanModel
    from gongbang.train.loop import Loop
    from gongbang.train.recipe import load_recipe
    from gongbang.train.workbench import fit_to_device, freeze

    recipe = load_recipe(
        find_recipe("reader-ko"),
        ["training.epochs=1", "training.log_every=1", f"training.batch_size={batch_size}"],
    )
    backbone = load_backbone(f"path:{checkpoint}", dropout=recipe.dropout)
    model = SpanModel(backbone.model, backbone.hidden_size)
    freeze(model, recipe.freeze)
    fit_to_device(backbone.model)
    clock = _Clock(model)
    with tempfile.TemporaryDirectory() as folder:
        Loop(
            model=model,
            features=task.prepare(records),
            settings=recipe.training,
            folder=Path(folder),
            on_event=clock.step,
        ).run()
    return len(records) / clock.seconds


def _trainer(
    records: Sequence[Record], task: Any, checkpoint: Path, batch_size: int, *, tuned: bool
) -> float:
    import torch
    from transformers import (
        AutoModelForQuestionAnswering,
        AutoTokenizer,
        PrinterCallback,
        Trainer,
        TrainerCallback,
        TrainingArguments,
    )

    options = {"hidden_dropout_prob": 0.0, "attention_probs_dropout_prob": 0.0} if tuned else {}
    model = AutoModelForQuestionAnswering.from_pretrained(checkpoint, **options)
    model.get_input_embeddings().weight.requires_grad_(not tuned)
    clock = _Clock(model)

    class Stamps(TrainerCallback):
        def on_step_end(self, *_: Any, **__: Any) -> None:
            clock.step()

    quiet = {"report_to": "none", "save_strategy": "no", "logging_strategy": "no", "disable_tqdm": True}
    fast = {"bf16": True, "train_sampling_strategy": "group_by_length"} if tuned else {}
    fast |= {} if torch.cuda.is_available() else {"use_cpu": True}  # what it must be told for bf16
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(
            model=model,
            args=TrainingArguments(
                output_dir=folder,
                num_train_epochs=1,
                per_device_train_batch_size=batch_size,
                **quiet,
                **fast,
            ),
            train_dataset=_rows(records, task),
            processing_class=AutoTokenizer.from_pretrained(checkpoint),
            callbacks=[Stamps()],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    return len(records) / clock.seconds


def _rows(records: Sequence[Record], task: Any) -> list[dict[str, Any]]:
    """The very rows that our loop trains on, unpadded, as the Trainer takes them."""
    features = task.prepare(records)
    lengths = features.inputs["attention_mask"].sum(axis=1)
    return [
        {name: array[row, : lengths[row]].tolist() for name, array in features.inputs.items()}
        | {name: int(array[row]) for name, array in features.targets.items()}
        for row in range(len(lengths))
    ]
