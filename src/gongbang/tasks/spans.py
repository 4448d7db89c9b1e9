"""From start and end logits to the n best spans, pooled over windows and passages.

Scores live in log space. Inside one window every scoring orders spans alike; they differ across windows:

- ``logit_sum``: start logit + end logit (Devlin et al. 2019, section 4.2). Scales differ between windows.
- ``probability_product``: log P(start) + log P(end), each softmaxed over its own window, so that a window
  that prefers its first token ("no answer here") lowers its own spans.
- ``global``: the same, softmaxed over all windows and passages of the question together (Clark and
  Gardner 2018, "Simple and Effective Multi-Paragraph Reading Comprehension", section 3.3).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import OptionError

Scoring = Literal["logit_sum", "probability_product", "global"]
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class WindowSpan:
    """A span of characters read in one window.

    ``last`` is where its last token starts; ``margin`` is its lead over the window's null answer.
    """

    row: int
    start: int
    last: int
    end: int
    score: float
    margin: float


def check_scoring(scoring: str) -> None:
    """Raise an :class:`OptionError` unless ``scoring`` is one of :data:`Scoring`."""
    if scoring not in get_args(Scoring):
        raise OptionError(
            "unknown scoring of spans.",
            value=scoring,
            allowed=", ".join(get_args(Scoring)),
            cure="Set scoring to one of these.",
        )


def log_softmax(values: Floats) -> Floats:
    """Log-softmax over the last axis; minus infinity stays minus infinity.

    Example:
        >>> np.exp(log_softmax(np.array([0.0, 0.0]))).tolist()
        [0.5, 0.5]
    """
    top = np.max(values, axis=-1, keepdims=True)
    shifted = values - top
    total: Floats = shifted - np.log(np.sum(np.exp(shifted), axis=-1, keepdims=True))
    return total


def normalise_logits(
    starts: Sequence[Floats], ends: Sequence[Floats], scoring: Scoring
) -> tuple[list[Floats], list[Floats]]:
    """Bring the logits of one question's windows, each (time,), to the scale of ``scoring``."""
    if scoring == "logit_sum":
        return list(starts), list(ends)
    if scoring == "probability_product":
        return [log_softmax(row) for row in starts], [log_softmax(row) for row in ends]
    return _together(starts), _together(ends)


def _together(rows: Sequence[Floats]) -> list[Floats]:
    lengths = np.cumsum([len(row) for row in rows])[:-1]
    return [np.asarray(part) for part in np.split(log_softmax(np.concatenate(rows)), lengths)]


def best_spans(
    row: int, start: Floats, end: Floats, offsets: NDArray[np.int64], *, n_best: int, max_tokens: int
) -> list[WindowSpan]:
    """The ``n_best`` spans of one window, best first.

    Args:
        row: the window's number, passed through.
        start: (time,) scores of each token as the first of the answer; position 0 is the null answer.
        end: (time,) scores of each token as the last.
        offsets: (time, 2) characters, -1 outside the passage.
        n_best: spans to return at most.
        max_tokens: longest answer in tokens.
    """
    inside = offsets[:, 0] >= 0
    null = float(start[0] + end[0])
    if not inside.any():
        return []
    first = int(np.argmax(inside))
    last = len(inside) - int(np.argmax(inside[::-1]))
    s = np.where(inside, start, -np.inf)[first:last]  # (passage tokens,)
    e = np.where(inside, end, -np.inf)[first:last]
    width = min(max_tokens, len(s))
    padded = np.concatenate([e, np.full(width - 1, -np.inf)])
    table = s[:, None] + np.lib.stride_tricks.sliding_window_view(padded, width)  # (start, length - 1)
    flat = table.ravel()
    count = min(n_best, flat.size)
    top = np.argpartition(flat, -count)[-count:]
    top = top[np.lexsort((top, -flat[top]))]  # best first, ties by place
    spans = []
    for place in top:
        score = float(flat[place])
        if not np.isfinite(score):
            break
        begin, length = divmod(int(place), width)
        left = int(offsets[first + begin, 0])
        last, right = (int(offset) for offset in offsets[first + begin + length])
        if right > left:
            spans.append(WindowSpan(row, left, last, right, score, score - null))
    return spans


def strip_space(text: str, start: int, end: int) -> tuple[int, int]:
    """The span without white space at its ends."""
    while start < end and text[start].isspace():
        start += 1
    while end > start and text[end - 1].isspace():
        end -= 1
    return start, end
