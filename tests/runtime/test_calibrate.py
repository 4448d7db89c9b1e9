"""What a reader's calibration reads, and what it tells."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

import pytest

from gongbang.data.records import Passage, Record, Span
from gongbang.runtime.calibrate import _readings, _tell_replaced
from gongbang.search.base import Hit
from gongbang.tasks.reader import ReaderConfig


class _Known:
    """An index whose first thirty passages hold the answer."""

    def __len__(self) -> int:
        return 40

    def search(self, questions: Any, k: int) -> list[list[Hit]]:
        texts = ["강릉에 있다" if n < 30 else "여수에 있다" for n in range(40)]
        hits = [Hit(Passage(str(n), text), 1.0 - n / 100) for n, text in enumerate(texts)]
        return [hits[:k] for _ in questions]


def test_the_silent_side_is_read_as_deep_as_an_evaluation_searches():
    fields = {"question": "어디?", "context": "강릉"}
    record = Record("q", fields, spans={"answers": (Span(0, 2, "강릉"),)}, labels={"document": "d"})
    index: Any = _Known()
    ids: dict[str, list[str]] = {}
    for reading in _readings([record], index, 5):
        ids.setdefault(reading.labels["question_id"], []).append(reading.id)
    assert ids == {
        "q": ["0", "1", "2", "3", "4"],
        "q#unanswerable": ["30", "31", "32", "33", "34"],
    }


def test_settings_that_give_way_are_told(caplog: pytest.LogCaptureFixture):
    before = ReaderConfig(retrieval_weight=0.5)
    with caplog.at_level(logging.INFO, "gongbang"):
        _tell_replaced(before, before)
        assert not caplog.messages
        _tell_replaced(before, replace(before, retrieval_weight=2.0, bias=1.5))
    assert caplog.messages == ["calibration replaces retrieval_weight 0.5 by 2.0, bias 0.0 by 1.5"]
