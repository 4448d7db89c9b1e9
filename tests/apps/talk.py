"""What the tests of the chatbot share: vectors made of letters, and a source whose answers change."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gongbang.apps.answer_book import AnswerChange, KnownAnswer

DIMENSION = 64


class Letters:
    """A text's vector is the bag of its pairs of letters; a question and its answer must share some."""

    signature = "letters-0123456789abcdef"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def _vector(self, text: str) -> NDArray[np.float32]:
        vector = np.zeros(DIMENSION, dtype=np.float32)
        letters = "".join(text.split())
        for at in range(len(letters) - 1):
            vector[zlib.crc32(letters[at : at + 2].encode()) % DIMENSION] += 1.0
        return np.asarray(vector / max(1e-9, float(np.linalg.norm(vector))), dtype=np.float32)

    def contexts(self, texts: Sequence[str]) -> list[NDArray[np.float32]]:
        return [self._vector(text)[None] for text in texts]

    def responses(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.encoded += texts
        return np.stack([self._vector(text) for text in texts])


class Changing:
    """A source in memory with a log, as a database has one."""

    def __init__(self, *answers: KnownAnswer) -> None:
        self.log: list[AnswerChange] = []
        for answer in answers:
            self.put(answer)

    def put(self, answer: KnownAnswer) -> None:
        self.log.append(AnswerChange(len(self.log) + 1, answer.id, answer))

    def delete(self, id: int) -> None:
        self.log.append(AnswerChange(len(self.log) + 1, id, None))

    def changes_since(self, seq: int) -> Sequence[AnswerChange]:
        return self.log[seq : seq + 2]  # a few at a time: there may be more behind the last


def answers() -> list[KnownAnswer]:
    """Small talk of a workshop."""
    rows = [
        ("공방은 몇 시에 열어요?", "공방은 아침 열 시에 열어요."),
        ("도자기는 얼마나 구워요?", "도자기는 이틀 동안 구워요."),
        ("주차할 곳이 있나요?", "주차는 뒤뜰에 세 대까지 할 수 있어요."),
        ("아이도 배울 수 있나요?", "일곱 살부터 배울 수 있어요."),
    ]
    return [KnownAnswer(id, text, question) for id, (question, text) in enumerate(rows, 1)]
