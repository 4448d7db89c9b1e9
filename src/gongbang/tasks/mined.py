"""Wrong responses that were mined for a record, and what a teacher says of them, as arrays beside its row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record


@dataclass(frozen=True, slots=True)
class Beside:
    """Mined responses of a number of rows, filled up with blank texts to a block.

    Attributes:
        texts: the block row by row; blank where a row has fewer than another.
        shape: rows, and texts of each.
        soft: (rows, 1 + texts of each) a teacher's probabilities of a row's own response and of these; zeros
            where it has not judged; None where it judged no row.
    """

    texts: list[str]
    shape: tuple[int, int]
    soft: NDArray[np.float32] | None

    def targets(self, numbers: NDArray[np.int64]) -> dict[str, NDArray[Any]]:
        """What the loss takes, of the texts' numbers (rows * texts,), which are -1 for blank ones."""
        found: dict[str, NDArray[Any]] = {"negative": numbers.reshape(self.shape)}
        return found if self.soft is None else {**found, "soft": self.soft}


def beside_rows(records: Sequence[Record], rows: int) -> Beside | None:
    """The responses under the records' label ``mined``; None where no record has any.

    Args:
        records: each the owner of a row, in order.
        rows: how many there are, those behind the records' own without mined responses.

    Example:
        >>> asked = Record("1", {"context": "?", "response": "네"}, labels={"mined": ["음"]})
        >>> found = beside_rows([asked.with_labels(soft={"네": 0.75, "음": 0.25})], 2)
        >>> found.texts, found.shape, found.soft.tolist()
        (['음', ''], (2, 1), [[0.75, 0.25], [0.0, 0.0]])
    """
    mined = [list(record.labels.get("mined", ())) for record in records]
    width = max(map(len, mined), default=0)
    if not width:
        return None
    texts = [text for own in mined for text in [*own, *[""] * (width - len(own))]]
    texts += [""] * (rows * width - len(texts))
    return Beside(texts, (rows, width), _soft(records, mined, (rows, 1 + width)))


def _soft(
    records: Sequence[Record], mined: Sequence[Sequence[str]], shape: tuple[int, int]
) -> NDArray[np.float32] | None:
    if not any("soft" in record.labels for record in records):
        return None
    soft = np.zeros(shape, dtype=np.float32)
    for row, (record, own) in enumerate(zip(records, mined, strict=True)):
        told = record.labels.get("soft", {})
        texts = [record.fields.get("response", ""), *own]
        if own and all(text in told for text in texts):  # of a copy in other words the teacher has not heard
            soft[row, : len(texts)] = [told[text] for text in texts]
    return soft
