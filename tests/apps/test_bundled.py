"""The bundled artifacts, as far as they are here, over the samples: what `make ask` shows must be right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gongbang.apps.answer import Answer
from gongbang.apps.ask import Ask
from gongbang.artifacts.defaults import ENCODER, READER
from gongbang.artifacts.store import known_artifacts
from gongbang.metrics.span import exact_match

SAMPLES = Path(__file__).resolve().parent.parent.parent / "samples"


@pytest.fixture(scope="module")
def answers() -> Iterator[list[tuple[dict[str, Any], Answer]]]:
    if READER not in known_artifacts():
        pytest.skip(f"not bundled here: {READER}")
    ask = Ask.from_paths(SAMPLES)  # by words alone where no encoder is bundled
    assert ask.library.kind == ("hybrid" if ENCODER in known_artifacts() else "lexical")
    lines = (SAMPLES / "questions.jsonl").read_text(encoding="utf-8").splitlines()
    yield [(row, ask.answer(row["question"])) for row in map(json.loads, lines)]


def test_the_question_of_make_ask_is_answered(answers: list[tuple[dict[str, Any], Answer]]) -> None:
    _, answer = next(pair for pair in answers if pair[0]["id"] == "village-1")
    assert exact_match(answer.text, ["14제곱킬로미터"]) == 1
    assert answer.document == "village.md" and answer.location == "땅과 물"


def test_the_right_document_is_found(answers: list[tuple[dict[str, Any], Answer]]) -> None:
    asked = [(row, answer) for row, answer in answers if row["answers"]]
    found = sum(any(p.document == row["document"] for p in answer.passages) for row, answer in asked)
    assert found >= 0.95 * len(asked)


def test_most_questions_are_answered_right(answers: list[tuple[dict[str, Any], Answer]]) -> None:
    asked = [(row, answer) for row, answer in answers if row["answers"]]
    right = sum(exact_match(answer.text, row["answers"]) for row, answer in asked)
    assert right >= 0.6 * len(asked), [(row["id"], answer.text) for row, answer in asked]


def test_most_questions_without_an_answer_get_none(answers: list[tuple[dict[str, Any], Answer]]) -> None:
    silent = [not answer.answered for row, answer in answers if not row["answers"]]
    assert sum(silent) >= len(silent) / 2


def test_evidence_holds_the_answer(answers: list[tuple[dict[str, Any], Answer]]) -> None:
    for _, answer in answers:
        assert answer.text in answer.evidence
        assert bool(answer.evidence) is answer.answered
