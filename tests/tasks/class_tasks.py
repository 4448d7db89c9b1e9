"""What the tests of tasks that choose among labels share: a tiny tokenizer, and records by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from tokenizers import Tokenizer

from gongbang.data.records import Record
from tests.train.tiny import write_backbone


@pytest.fixture(scope="session")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder: Path = write_backbone(tmp_path_factory.mktemp("class-backbone"))
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def review(number: int, text: str, label: str | None = None, **labels: object) -> Record:
    """A labelled text."""
    given = {**labels} if label is None else {"label": label, **labels}
    return Record(str(number), {"text": text}, labels=given)


def asked(number: int, question: str, context: str, label: str | None = None) -> Record:
    """A boolean question."""
    fields = {"question": question, "context": context}
    return Record(str(number), fields, labels={} if label is None else {"label": label}, group=context[:20])
