"""When to say "no answer": the threshold, and what it costs.

A question is answered when its score is at or above the threshold. Raising it silences more wrong
answers to unanswerable questions and costs exact match on answerable ones (SQuAD 2.0, Rajpurkar et al.
2018, section 4.3); the curve shows the whole trade.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.errors import OptionError

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class ThresholdPoint:
    """One threshold and what it gives; all but the threshold are percent.

    ``em_loss`` is against answering everything, in EM points over the answerable questions;
    ``no_answer_accuracy`` is the share of unanswerable questions met with silence.
    """

    threshold: float
    exact_match: float
    em_loss: float
    no_answer_accuracy: float

    def to_dict(self) -> dict[str, float]:
        return {
            "threshold": self.threshold,
            "exact_match": self.exact_match,
            "em_loss": self.em_loss,
            "no_answer_accuracy": self.no_answer_accuracy,
        }


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """The chosen point, the curve it was chosen from, and whether both limits were met."""

    chosen: ThresholdPoint
    curve: tuple[ThresholdPoint, ...]
    feasible: bool

    @property
    def threshold(self) -> float:
        return self.chosen.threshold

    def to_dict(self) -> dict[str, Any]:
        return {
            "chosen": self.chosen.to_dict(),
            "feasible": self.feasible,
            "curve": [point.to_dict() for point in self.curve],
        }


def choose_no_answer_threshold(
    scores: ArrayLike,
    answerable: ArrayLike,
    correct: ArrayLike,
    *,
    max_em_loss: float = 3.0,
    min_no_answer: float | None = None,
    points: int = 200,
) -> ThresholdChoice:
    """Chooses the threshold on development data.

    Without ``min_no_answer`` it is the largest threshold whose loss is within ``max_em_loss``. With it,
    and where both limits can be met, it is the point farthest from breaking either, counted in standard
    errors of a share at the limit, so that another sample of questions is least likely to break one;
    where they cannot, ``feasible`` is False and the loss limit holds.

    Args:
        scores: (n,) how sure the reader is that there is an answer; higher is surer.
        answerable: (n,) truth. correct: (n,) exact match were the question answered.
        max_em_loss: EM points that may be lost on answerable questions.
        min_no_answer: wanted share of unanswerable questions met with silence, in percent.
        points: most points kept on the curve.

    Raises:
        OptionError: shapes differ, one of the two kinds of question is absent, or a limit is not a
            percentage.

    Example:
        >>> choice = choose_no_answer_threshold([.9, .8, .3, .2], [1, 1, 0, 0], [1, 1, 0, 0])
        >>> choice.threshold, choice.chosen.em_loss, choice.chosen.no_answer_accuracy
        (0.55, 0.0, 100.0)
    """
    x, has, right = _columns(scores, answerable, correct)
    _check_limits(max_em_loss, min_no_answer)
    cuts = _cuts(x)
    kept = np.sort(x[has & right])  # scores of what would be right; those below the cut are lost
    silent = np.sort(x[~has])
    loss = 100.0 * np.searchsorted(kept, cuts, side="left") / has.sum()
    quiet = 100.0 * np.searchsorted(silent, cuts, side="left") / (~has).sum()
    errors = _standard_error(max_em_loss, int(has.sum())), _standard_error(min_no_answer, int((~has).sum()))
    best, feasible = _choose(loss, quiet, max_em_loss, min_no_answer, errors)
    everything = 100.0 * len(kept) / float(has.sum())

    def point(i: int) -> ThresholdPoint:
        return ThresholdPoint(float(cuts[i]), everything - float(loss[i]), float(loss[i]), float(quiet[i]))

    shown = np.unique(np.linspace(0, len(cuts) - 1, min(points, len(cuts))).astype(int))
    return ThresholdChoice(point(best), tuple(point(int(i)) for i in shown), feasible)


def _standard_error(percent: float | None, n: int) -> float:
    """Of a share of ``n`` at this limit, in percent; small but not 0 at the limits 0 and 100."""
    share = min(max((percent or 0.0) / 100.0, 0.5 / n), 1.0 - 0.5 / n)
    return float(100.0 * np.sqrt(share * (1.0 - share) / n))


def _choose(
    loss: NDArray[np.float64],
    quiet: NDArray[np.float64],
    max_em_loss: float,
    min_no_answer: float | None,
    errors: tuple[float, float],
) -> tuple[int, bool]:
    within = int(np.searchsorted(loss, max_em_loss + 1e-9, side="right")) - 1  # loss never falls
    if min_no_answer is None:
        return within, True
    spare = np.stack([(max_em_loss - loss) / errors[0], (quiet - min_no_answer) / errors[1]])
    slack = spare.min(axis=0)
    # Where several points are equally far from the nearer limit, the one farthest from the other.
    best = int(np.argmax(np.where(slack >= slack.max() - 1e-9, spare.max(axis=0), -np.inf)))
    return (best, True) if slack[best] >= -1e-9 else (within, False)


def _cuts(x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Thresholds between neighbouring scores: from "answer everything" to "answer nothing".

    Scores that differ by less than rounding does count as one: a threshold between them would fall on the
    other side of both where they are computed anew.
    """
    levels = np.unique(x)
    apart = np.concatenate([[True], np.diff(levels) > _ROUNDING])
    first, last = levels[apart], levels[np.append(apart[1:], True)]
    return np.concatenate([first[:1] - _ROUNDING, (last[:-1] + first[1:]) / 2, last[-1:] + _ROUNDING])


def _columns(
    scores: ArrayLike, answerable: ArrayLike, correct: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    x = np.asarray(scores, dtype=np.float64)
    has = np.asarray(answerable).astype(bool)
    right = np.asarray(correct).astype(bool)
    if x.ndim != 1 or x.shape != has.shape or x.shape != right.shape or not np.isfinite(x).all():
        raise OptionError(
            "scores, answerable and correct do not pair up, or a score is not finite.",
            value=f"shapes {x.shape}, {has.shape}, {right.shape}",
            allowed="three equally long lists with finite scores",
            cure="Pass all three in the same order from one run.",
        )
    if not has.any() or has.all():
        raise OptionError(
            "a threshold is a trade between two kinds of question, and one of them is absent.",
            value=f"{int(has.sum())} answerable, {int((~has).sum())} unanswerable",
            allowed="at least one of each",
            cure="Add questions that the documents do not answer, e.g. paired with other articles.",
        )
    return x, has, right


def _check_limits(max_em_loss: float, min_no_answer: float | None) -> None:
    for name, value in (("max_em_loss", max_em_loss), ("min_no_answer", min_no_answer)):
        if value is not None and not 0.0 <= value <= 100.0:
            raise OptionError(
                f"'{name}' is not a percentage.",
                value=value,
                allowed="0 to 100",
                cure="Pass percent, e.g. max_em_loss=3.0 for three EM points.",
            )
