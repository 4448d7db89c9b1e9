"""Small passages of our own, and stand-ins for the encoder and the reranker that need no model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
import pytest
from numpy.typing import NDArray

from gongbang.data.records import Passage

TEXTS = [
    ("seoul", "수도", "서울은 한강을 끼고 있는 도시로, 1394년부터 수도였다."),
    ("busan", "항구 도시", "부산은 남동쪽 바닷가의 항구 도시이며 배를 짓는 공장이 많다."),
    ("jeju", "섬", "제주도에는 한라산이 솟아 있고 귤을 기르는 밭이 넓게 펼쳐진다."),
    ("kim", "김밥", "김밥은 밥과 채소를 김으로 말아 썬 음식이다. 소풍날에 자주 먹는다."),
    ("hangeul", "한글", "한글은 세종이 1443년에 만든 글자이다. Hangul이라고도 적는다."),
    ("train", "철도", "서울과 부산을 잇는 철도는 1905년에 열렸고 지금은 KTX가 달린다."),
]


class HashEncoder:
    """Bags of character trigrams hashed into a few numbers: deterministic, and near for like texts."""

    dimension = 64

    def __init__(self, salt: str = "") -> None:
        self.salt = salt
        self.signature = hashlib.sha256(f"hash encoder {salt}".encode()).hexdigest()
        self.encoded = 0

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for i in range(max(1, len(text) - 1)):
                digest = hashlib.md5((self.salt + text[i : i + 2]).encode()).digest()
                row[digest[0] % self.dimension] += 1.0 if digest[1] % 2 else -1.0
            row[0] += 1e-3
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def encode_passages(self, passages: Sequence[Passage]) -> NDArray[np.float32]:
        self.encoded += len(passages)
        return self.encode_queries([f"{p.title} {p.text}" for p in passages])


class OverlapReranker:
    """Share of the question's characters that the passage holds."""

    signature = "overlap"

    def __init__(self) -> None:
        self.seen: list[int] = []

    def score(self, question: str, passages: Sequence[Passage]) -> NDArray[np.float64]:
        self.seen.append(len(passages))
        wanted = set(question)
        return np.array([len(wanted & set(p.text)) / len(wanted) for p in passages])


@pytest.fixture
def passages() -> list[Passage]:
    return [Passage(key, text, title, f"doc-{key}") for key, title, text in TEXTS]


@pytest.fixture
def encoder() -> HashEncoder:
    return HashEncoder()


@pytest.fixture
def reranker() -> OverlapReranker:
    return OverlapReranker()
