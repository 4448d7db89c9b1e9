"""Suites by hand, and artifacts whose answers are written down, for the tests of gates and champions."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from gongbang.artifacts.format import Artifact, save_artifact
from gongbang.artifacts.suite import Suite, freeze_suite
from gongbang.artifacts.suite_rules import SuiteRules
from gongbang.data.records import Record
from gongbang.tasks.base import Prediction
from gongbang.tasks.classify import ClassifyConfig, ClassifyTask
from tests.artifacts.labelled import LABELS, told

ROWS = 60


@cache
def classify_task() -> ClassifyTask:
    """A task that scores; nothing is tokenised here."""
    from tokenizers import Tokenizer, models, processors

    words = {word: at for at, word in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]"])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.add_special_tokens(list(words))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 2), ("[SEP]", 3)],
    )
    return ClassifyTask(tokenizer, ClassifyConfig(labels=LABELS))


def suite_records(count: int = ROWS) -> list[Record]:
    """Reviews, each of a group of its own, the labels by turns, of two topics."""
    made = []
    for number in range(count):
        topic = "book" if number % 3 else "film"
        text = f"{number}번째 글은 {topic} {'가나다라마바사아자차'[number % 10]}"
        labels = {"label": LABELS[number % 2], "topic": topic}
        made.append(Record(f"s{number}", {"text": text}, labels=labels, group=f"g{number}"))
    return made


def make_suite(folder: Path, *, slices: Sequence[str] = ("label:topic",), **rules: Any) -> Suite:
    return freeze_suite(folder, suite_records(), task="classify", slices=slices, rules=SuiteRules(**rules))


def make_artifact(folder: Path, weights: bytes, task: str = "classify") -> Artifact:
    """An artifact whose weights are these bytes."""
    return save_artifact(
        folder, task=task, config={}, files={"model.onnx": weights, "more.bin": b"\x00" * 10}
    )


@dataclass
class Scripted:
    """An artifact at work that is right on all records but those it is told."""

    artifact: Artifact
    wrong: Collection[str] = ()
    task: Any = field(default_factory=classify_task)
    asked: list[int] = field(default_factory=list)

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        self.asked.append(len(records))
        return [self._told(record) for record in records]

    def _told(self, record: Record) -> Prediction:
        gold = str(record.labels["label"])
        other = next(label for label in LABELS if label != gold)
        first = other if record.id in self.wrong else gold
        return told(record.id, {label: 0.9 if label == first else 0.1 for label in LABELS})


def first_wrong(count: int) -> set[str]:
    """The ids of the first records, spread over labels and topics alike."""
    return {f"s{number}" for number in range(count)}
