"""A cascade gives each classifier what the one before it said."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.runtime.cascade import Cascade
from gongbang.tasks.base import Prediction


class Stage:
    """Says a fixed label, or one that depends on what it is given."""

    def __init__(self, label: str, given: str = "", says: Any = "x", sure: float = 0.5) -> None:
        self.task = SimpleNamespace(settings=SimpleNamespace(label=label, given=given))
        self.artifact = SimpleNamespace(manifest=SimpleNamespace(name=label))
        self.says, self.sure = says, sure

    def predict(self, records: list[Record]) -> list[Prediction]:
        return [
            Prediction(r.id, self.says(r) if callable(self.says) else self.says, self.sure) for r in records
        ]


def test_the_second_sees_what_the_first_said_not_what_people_did():
    first = Stage("kind", says=lambda record: "question" if "?" in record.fields["text"] else "statement")
    second = Stage("topic", given="kind", says=lambda record: f"{record.labels['kind']}-weather")
    records = [Record("1", {"text": "비 와?"}, labels={"kind": "gold"}), Record("2", {"text": "비 와."})]
    told = Cascade((first, second)).predict(records)  # type: ignore[arg-type]
    assert [prediction.text for prediction in told] == ["question-weather", "statement-weather"]
    assert told[0].details["labels"] == {"kind": "question", "topic": "question-weather"}
    assert told[0].confidence == pytest.approx(0.25)


@pytest.mark.parametrize(
    "stages",
    [
        (Stage("kind"),),
        (Stage("kind"), Stage("topic")),
        (Stage("kind"), Stage("topic", given="tone")),
    ],
)
def test_stages_that_do_not_fit_are_refused(stages: tuple[Stage, ...]):
    with pytest.raises(OptionError):
        Cascade(stages)  # type: ignore[arg-type]
