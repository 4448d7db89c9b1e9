"""An encoder by rule: texts are near as far as they share pairs of letters."""

from __future__ import annotations

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage


class Pairs:
    """Unit vectors of hashed character bigrams; counts the texts that it was given."""

    signature, dimension = "5" * 64, 512

    def __init__(self) -> None:
        self.count = 0

    def encode_queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.count += len(texts)
        rows = np.zeros((len(texts), self.dimension), dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for at in range(len(text) - 1):
                row[zlib.crc32(text[at : at + 2].encode()) % self.dimension] += 1.0
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)

    def encode_passages(self, passages: Sequence[Passage]) -> NDArray[np.float32]:
        return self.encode_queries([passage.text for passage in passages])
