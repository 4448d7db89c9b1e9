"""The same predictions under another no-answer threshold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from gongbang.errors import OptionError
from gongbang.tasks.base import Prediction


def check_threshold(threshold: float | None) -> None:
    """Raise an :class:`OptionError` unless it is None or a probability."""
    if threshold is not None and not 0.0 <= threshold <= 1.0:
        raise OptionError(
            "the no-answer threshold is not a probability.",
            value=threshold,
            allowed="0 to 1",
            cure="Pass for instance --no-answer-threshold 0.3, or leave it out.",
        )


def with_threshold(predictions: Sequence[Prediction], threshold: float | None) -> list[Prediction]:
    """The predictions under another no-answer threshold.

    Example:
        >>> from gongbang.tasks.base import Candidate
        >>> read = Prediction("1", "", 0.2, (Candidate("서울", 0, 2, -1.0, 0.2),))
        >>> with_threshold([read], 0.1)[0].text
        '서울'
    """
    if threshold is None:
        return list(predictions)
    return [
        replace(p, text=p.candidates[0].text if p.candidates and p.confidence >= threshold else "")
        for p in predictions
    ]
