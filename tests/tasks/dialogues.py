"""What the tests of response selection share: tiny tokenizers, and made dialogues."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import Tokenizer

from gongbang.data.records import Record
from tests.train.tiny import CRAFTS, NAMES, PLACES, write_backbone


@pytest.fixture(scope="session", params=["bert", "roberta"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    folder: Path = write_backbone(tmp_path_factory.mktemp("dialogues"), kind=request.param)
    return Tokenizer.from_file(str(folder / "tokenizer.json"))


def said(number: int | str, *turns: str, **labels: Any) -> Record:
    """A record of these turns, the last of which is the response."""
    *context, response = turns
    fields = {"context": "\n".join(context), "response": response}
    return Record(str(number), fields, labels=labels, group=f"g{number}")


def dialogues(count: int) -> list[Record]:
    """Distinct questions with distinct answers that share a name."""
    return [
        said(
            n,
            f"{NAMES[n % 12]} {n}호 공방은 무엇을 만들어요?",
            f"{NAMES[n % 12]} {n}호는 {PLACES[n * 5 % 12]}에서 {CRAFTS[n * 7 % 12]}만 만들어요.",
        )
        for n in range(count)
    ]
