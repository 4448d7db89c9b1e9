"""Small data files of our own, written where a test needs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

CONTEXT = "대장간은 마을 어귀에 있다. 대장장이 이름은 김쇠돌이다."


def squad(
    context: str = CONTEXT, *, title: str = "대장간", start: int = 25, text: str = "김쇠돌", id: str = "q1"
) -> dict[str, Any]:
    """A SQuAD-shaped file with one question; ``CONTEXT[25:28]`` is the smith's name."""
    question = {
        "id": id,
        "question": "대장장이는 누구인가?",
        "answers": [{"text": text, "answer_start": start}],
    }
    return {
        "version": "1.1",
        "data": [{"title": title, "paragraphs": [{"context": context, "qas": [question]}]}],
    }


def write_json(path: Path, value: Any, *, indent: int | None = None) -> Path:
    path.write_text(json.dumps(value, ensure_ascii=False, indent=indent), encoding="utf-8")
    return path


def qas(value: dict[str, Any]) -> list[dict[str, Any]]:
    """The questions of the first paragraph, to be changed in place."""
    found: list[dict[str, Any]] = value["data"][0]["paragraphs"][0]["qas"]
    return found
