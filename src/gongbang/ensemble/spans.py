"""Answers of several readers put together by what they say, not by where it stands.

Each reader's n-best becomes a distribution: its scores through a softmax at the reader's temperature, beside
the probability that nothing answers. Answers of one normalised text are one answer. The pooled distribution
is decided by its largest mass ("sum"), or by the answer whose expected character F1 is highest ("mbr",
minimum Bayes risk: Kumar & Byrne 2004), which favours what many long and short answers share.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np

from gongbang.errors import EnsembleError
from gongbang.metrics.calibration import fit_temperature
from gongbang.metrics.span import character_f1, normalise_answer
from gongbang.tasks.base import Candidate, Prediction
from gongbang.tasks.labels import softmax

Decision = Literal["sum", "mbr"]
_RISKED = 20  # answers that minimum Bayes risk compares: those behind have next to no mass
_SAME = 1e-12


@dataclass(slots=True)
class _Answer:
    """One normalised text: who gave how much to it, and the candidate that shows it."""

    given: dict[str, float] = field(default_factory=dict)
    shown: Candidate | None = None
    _most: float = -1.0

    def add(self, reader: str, share: float, weighted: float, candidate: Candidate) -> None:
        self.given[reader] = self.given.get(reader, 0.0) + share
        if weighted > self._most + _SAME:
            self.shown, self._most = candidate, weighted


def merge_spans(
    readers: Mapping[str, Sequence[Prediction]],
    *,
    decision: Decision = "sum",
    weights: Mapping[str, float] | None = None,
    temperatures: Mapping[str, float] | None = None,
    null: bool = True,
    n_best: int = 20,
) -> list[Prediction]:
    """One prediction a question out of the n-best of several readers.

    Args:
        readers: by name, the predictions of each for the same questions, in any order.
        decision: "sum" or "mbr".
        weights: by name, 0 or more; equal when None.
        temperatures: by name, from :func:`fit_span_temperature`; 1 when None.
        null: whether "no answer" may win. Its probability is a reader's ``null_score``, in [0, 1]; the rest
            is shared among the candidates. False where every question is known to have an answer: the
            candidates then share everything.
        n_best: candidates that are kept.

    Returns:
        predictions in the order of the first reader. ``confidence`` is the mass of the answer chosen,
        ``null_score`` that of "no answer"; candidates are ordered by what decides, their ``probability`` is
        their mass, their ``score`` its logarithm ("sum") or their expected F1 ("mbr"). A candidate shows
        the span that most mass came from. ``details["members"]`` says by candidate which reader gave how
        much, and ``details["null"]`` the same for "no answer". On a tie "no answer" comes first, then what
        more readers gave, then the text that sorts first.

    Raises:
        EnsembleError: no readers, different questions, names or weights that do not fit, or a null score
            that is no probability.

    Example:
        >>> a = Prediction("q", "서울", 0.6, (Candidate("서울", 0, 2, 1.0), Candidate("부산", 5, 7, 0.9)))
        >>> b = Prediction("q", "부산", 0.6, (Candidate("'부산'", 4, 8, 1.0), Candidate("대구", 9, 11, 0.0)))
        >>> merge_spans({"a": [a], "b": [b]}, null=False)[0].text
        "'부산'"
    """
    if decision not in get_args(Decision):
        raise EnsembleError(
            "there is no such way to decide between answers.",
            value=decision,
            allowed=", ".join(get_args(Decision)),
            cure="Pass decision='sum' or decision='mbr'.",
        )
    asked = _by_question(readers)
    shares = _shares_of(readers, weights)
    heat = dict.fromkeys(readers, 1.0) | dict(temperatures or {})
    if heat.keys() != readers.keys() or not all(np.isfinite(t) and t > 0 for t in heat.values()):
        raise _misfit("temperatures", heat, readers, "a number above 0")
    return [
        _merge(id, given, shares, heat, decision=decision, null=null, n_best=n_best)
        for id, given in asked.items()
    ]


def fit_span_temperature(predictions: Sequence[Prediction], golds: Sequence[Sequence[str]]) -> float:
    """The temperature at which a reader's n-best scores are probabilities.

    It minimises the log loss of the best candidate that is a gold answer, over the questions whose n-best
    holds one; 1 where there is no such question.

    Args:
        predictions: (n,) out of fold, with candidates.
        golds: (n,) acceptable answers of each; empty when nothing answers.

    Raises:
        EnsembleError: lengths differ.

    Example:
        >>> row = Prediction("q", "가", 0.9, (Candidate("가", 0, 1, 3.0), Candidate("나", 2, 3, 0.0)))
        >>> fit_span_temperature([row, row], [["가"], ["나"]]) > 10
        True
    """
    if len(predictions) != len(golds):
        raise EnsembleError(
            "predictions and golds do not pair up.",
            value=f"{len(predictions)} predictions, {len(golds)} lists of golds",
            allowed="one list of golds a prediction",
            cure="Pass both in the same order.",
        )
    rows, right = [], []
    for prediction, gold in zip(predictions, golds, strict=True):
        known = {_key(text) for text in gold}
        scores = [candidate.score for candidate in prediction.candidates]
        hits = [at for at, candidate in enumerate(prediction.candidates) if _key(candidate.text) in known]
        if hits and len(scores) > 1:
            rows.append(scores)
            right.append(max(hits, key=lambda at: scores[at]))
    if not rows:
        return 1.0
    # Rows of different length: what is not there has no mass at any temperature.
    logits = np.full((len(rows), max(map(len, rows))), -np.inf)
    for row, scores in enumerate(rows):
        logits[row, : len(scores)] = scores
    return fit_temperature(logits, right)


def _merge(
    id: str,
    given: Mapping[str, Prediction],
    shares: Mapping[str, float],
    heat: Mapping[str, float],
    *,
    decision: str,
    null: bool,
    n_best: int,
) -> Prediction:
    answers: dict[str, _Answer] = {}
    silent: dict[str, float] = {}
    for name, prediction in given.items():
        silent[name] = _null_share(name, prediction) if null else 0.0
        if not prediction.candidates:
            silent[name] = 1.0 if null else 0.0
            continue
        scores = np.array([candidate.score for candidate in prediction.candidates])
        if not np.isfinite(scores).all():
            raise _no_number(name, id, "a candidate's score is not finite", scores.tolist())
        for candidate, share in zip(
            prediction.candidates, softmax(scores / heat[name]) * (1 - silent[name]), strict=True
        ):
            answer = answers.setdefault(_key(candidate.text), _Answer())
            answer.add(name, float(share), float(share) * shares[name], candidate)
    if not null:  # readers without any candidate have nothing to share
        silent = {}
    mass = {
        key: sum(shares[name] * share for name, share in answer.given.items())
        for key, answer in answers.items()
    }
    nothing = sum(shares[name] * share for name, share in silent.items())
    order = sorted(mass, key=lambda key: (-round(mass[key], 12), -len(answers[key].given), key))
    worth, best_null = dict(mass), nothing
    if decision == "mbr":
        order, worth = _by_risk(order, mass, answers)
    candidates = tuple(
        replace(
            shown,
            probability=mass[key],
            score=worth[key] if decision == "mbr" else float(np.log(max(mass[key], 1e-300))),
        )
        for key in order[:n_best]
        if (shown := answers[key].shown) is not None
    )
    chosen = candidates and not (null and best_null >= worth[order[0]] - _SAME)
    return Prediction(
        id,
        candidates[0].text if chosen else "",
        candidates[0].probability if chosen else nothing,
        candidates,
        null_score=nothing,
        details={
            "members": [
                {"text": candidate.text, "given": answers[key].given}
                for key, candidate in zip(order, candidates, strict=False)
            ],
            "null": silent,
        },
    )


def _by_risk(
    order: Sequence[str], mass: Mapping[str, float], answers: Mapping[str, _Answer]
) -> tuple[list[str], dict[str, float]]:
    """Answers by falling expected F1, and that F1; "no answer" shares no character with any of them."""
    compared = order[:_RISKED]
    expected = {
        key: sum(mass[other] * (1.0 if other == key else character_f1(key, [other])) for other in compared)
        for key in compared
    }
    ranked = sorted(compared, key=lambda key: (-round(expected[key], 12), -round(mass[key], 12), key))
    return ranked, expected


def _key(text: str) -> str:
    """What two equal answers share; an answer of punctuation alone is itself."""
    return normalise_answer(text) or text


def _null_share(name: str, prediction: Prediction) -> float:
    if not 0.0 <= prediction.null_score <= 1.0:
        raise _no_number(name, prediction.id, "its null score is no probability", prediction.null_score)
    return prediction.null_score


def _no_number(name: str, id: str, why: str, value: object) -> EnsembleError:
    return EnsembleError(
        f"'{name}' cannot be put together with others: {why}.",
        value=f"question '{id}': {value}",
        allowed="finite scores, and a null score from 0 to 1",
        cure="Evaluate the run again, or pass null=False where every question has an answer.",
    )


def _by_question(readers: Mapping[str, Sequence[Prediction]]) -> dict[str, dict[str, Prediction]]:
    """Each question's predictions by reader, in the order of the first reader."""
    if not readers:
        raise EnsembleError(
            "there is nothing to merge.", value="no readers", allowed="1 or more", cure="Name the runs."
        )
    tables = {name: {p.id: p for p in predictions} for name, predictions in readers.items()}
    first = next(iter(tables))
    for name, table in tables.items():
        missing, extra = (
            sorted(tables[first].keys() - table.keys()),
            sorted(table.keys() - tables[first].keys()),
        )
        if missing or extra or len(table) < len(readers[name]):
            raise EnsembleError(
                f"'{name}' did not answer the questions of '{first}'.",
                value=f"{len(missing)} missing {missing[:3]}, {len(extra)} more {extra[:3]}, "
                f"{len(readers[name]) - len(table)} twice",
                allowed="one prediction a question, of the same questions",
                cure="Evaluate all readers on one version of the data.",
            )
    return {id: {name: table[id] for name, table in tables.items()} for id in tables[first]}


def _shares_of(
    readers: Mapping[str, Sequence[Prediction]], weights: Mapping[str, float] | None
) -> dict[str, float]:
    """Each reader's weight, of sum 1."""
    told = dict.fromkeys(readers, 1.0) if weights is None else dict(weights)
    fits = told.keys() == readers.keys() and all(np.isfinite(w) and w >= 0 for w in told.values())
    if not fits or not sum(told.values()) > 0:
        raise _misfit("weights", told, readers, "0 or more, not all 0")
    total = sum(told.values())
    return {name: weight / total for name, weight in told.items()}


def _misfit(
    what: str, told: Mapping[str, float], readers: Mapping[str, object], allowed: str
) -> EnsembleError:
    return EnsembleError(
        f"the {what} do not fit the readers.",
        value=", ".join(f"{name}={value}" for name, value in told.items()),
        allowed=f"one for each of {', '.join(readers)}; {allowed}",
        cure=f"Pass {what} by the readers' names, or none.",
    )
