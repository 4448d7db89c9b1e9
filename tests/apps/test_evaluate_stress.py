"""Boolean questions under stress: what is silent, what is overlooked, and how both are counted."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gongbang.apps.evaluate import evaluate_stress
from gongbang.apps.evaluate.stress import LONG
from gongbang.data.records import Record
from gongbang.errors import DataError
from gongbang.tasks.boolq import LABELS, BoolqTask
from gongbang.tasks.labels import label_prediction
from tests.tasks.class_tasks import tokenizer

__all__ = ["tokenizer"]

MATTERS = {
    "등대": "섬 끝의 등대는 해마다 봄에 흰 칠을 다시 한다",
    "제분소": "마을 제분소는 물레바퀴로 돌고 겨울이면 얼어서 쉰다",
    "도서관": "언덕 위 도서관에는 손으로 베낀 지도 여든 장이 남아 있다",
    "우체국": "옛 우체국 뒷마당에서는 비둘기를 길러 편지를 보냈다고 한다",
    "천문대": "산마루 천문대의 망원경은 유리 대신 수은을 돌려서 쓴다",
}


def _records() -> list[Record]:
    return [
        Record(
            name,
            {"question": f"{name} 소식인가?", "context": f"{told}. {name} 소식이다."},
            labels={"label": "yes"},
        )
        for name, told in MATTERS.items()
    ]


class Reader:
    """Answers yes where the question's first word stands in the last ``reach`` characters of the passage."""

    def __init__(self, tokenizer: Any, reach: int | None = None, *, always: bool = False) -> None:
        self.task = BoolqTask(tokenizer)
        self.reach, self.always = reach, always

    def predict(self, records: list[Record]) -> list[Any]:
        return [self._told(record) for record in records]

    def _told(self, record: Record) -> Any:
        context = record.fields["context"]
        seen = context if self.reach is None else context[: self.reach]
        held = self.always or record.fields["question"].split()[0] in seen
        scores = [1.0, 0.0, 0.0] if held else [0.0, 0.0, 1.0]
        details = {"evidence": None, "window": [0, len(seen)]}
        return replace(label_prediction(record.id, LABELS, scores), details=details)


def _values(reader: Reader) -> dict[str, float]:
    return {name: score.value for name, score in evaluate_stress(_records(), reader).scores.scores.items()}


def test_a_reader_that_reads_all_of_it_passes_everywhere(tokenizer: Any):
    assert set(_values(Reader(tokenizer)).values()) == {1.0}


def test_a_reader_that_always_answers_is_found_out(tokenizer: Any):
    found = _values(Reader(tokenizer, always=True))
    assert found["no_answer_recall"] == 0.0 and found["no_answer_recall_random"] == 0.0
    assert found["accuracy"] == 1.0


def test_a_reader_that_stops_early_is_found_out(tokenizer: Any):
    found = _values(Reader(tokenizer, reach=60))
    assert found["accuracy"] == 1.0 and found["accuracy_long"] < 1.0


def test_the_long_passage_ends_with_the_own_one(tokenizer: Any):
    seen: list[Record] = []

    class Looks(Reader):
        def predict(self, records: list[Record]) -> list[Any]:
            seen.extend(records)
            return super().predict(records)

    evaluate_stress(_records(), Looks(tokenizer))
    own = {record.id: record.fields["context"] for record in _records()}
    long = [record for record in seen if record.id.endswith("#long")]
    assert len(long) == len(own)
    for record in long:
        context = record.fields["context"]
        assert context.endswith(own[record.id.removesuffix("#long")]) and len(context) <= LONG
        assert len(context) > len(own[record.id.removesuffix("#long")])


def test_a_file_with_one_passage_has_no_distractor(tokenizer: Any):
    with pytest.raises(DataError):
        evaluate_stress(_records()[:1], Reader(tokenizer))
