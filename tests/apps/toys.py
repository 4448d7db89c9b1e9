"""A reader and an encoder without weights, good enough to test what is built on them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage, Record
from gongbang.tasks.base import Candidate, Prediction
from gongbang.text.sentences import split_sentences

_WORD = re.compile(r"[\w가-힣]+")
_BLUR = (
    "에서",
    "까지",
    "부터",
    "이다",
    "한다",
    "은",
    "는",
    "이",
    "가",
    "을",
    "를",
    "에",
    "의",
    "로",
    "와",
    "과",
    "도",
)


def stems(text: str) -> list[tuple[str, int, int]]:
    """Words with their place, the commonest particles cut off."""
    found = []
    for word in _WORD.finditer(text):
        stem = next((word[0].removesuffix(end) for end in _BLUR if word[0].endswith(end)), word[0])
        if stem:
            found.append((stem, word.start(), word.start() + len(stem)))
    return found


@dataclass
class ToyReader:
    """Answers with the first word of the most alike sentence that the question does not hold.

    The probability is the share of the question's words in that sentence.
    """

    threshold: float = 0.3
    seen: list[Record] | None = None

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        self.seen = list(records)
        grouped: dict[str, list[Candidate]] = {}
        for record in records:
            grouped.setdefault(str(record.labels.get("question_id", record.id)), []).extend(
                self._read(record)
            )
        return [self._pooled(key, candidates) for key, candidates in grouped.items()]

    def _read(self, record: Record) -> list[Candidate]:
        asked = {stem for stem, _, _ in stems(record.fields["question"])}
        found = []
        for sentence in split_sentences(record.fields["context"]):
            words = stems(sentence.text)
            share = len(asked & {stem for stem, _, _ in words}) / max(1, len(asked))
            fresh = [(start, end) for stem, start, end in words if stem not in asked]
            if share and fresh:
                start, end = sentence.start + fresh[0][0], sentence.start + fresh[0][1]
                text = record.fields["context"][start:end]
                found.append(Candidate(text, start, end, share, share, record.id))
        return found

    def _pooled(self, key: str, candidates: list[Candidate]) -> Prediction:
        best = sorted(candidates, key=lambda one: (-one.score, one.record, one.start))
        if not best:
            return Prediction(key, "", 0.0)
        text = best[0].text if best[0].probability >= self.threshold else ""
        return Prediction(key, text, best[0].probability, tuple(best))


class ToyEncoder:
    """Counts letter pairs in hashed places."""

    dimension = 64

    def __init__(self, name: str = "toy") -> None:
        self.signature = hashlib.sha256(name.encode()).hexdigest()

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.full((len(texts), self.dimension), 1e-3, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for first, second in pairwise(text):
                row[(ord(first) * 31 + ord(second)) % self.dimension] += 1
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def encode_passages(self, passages: Sequence[Passage]) -> NDArray[np.float32]:
        return self.encode_queries([f"{passage.title} {passage.text}" for passage in passages])
