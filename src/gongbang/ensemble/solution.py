"""A solved ensemble: how members become one, what that is worth, and how it is used and kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gongbang.artifacts.hashing import config_hash
from gongbang.ensemble.align import align, with_labels
from gongbang.ensemble.blend import Blend
from gongbang.ensemble.judge import ByHand, Judge, Outcome
from gongbang.ensemble.members import Member, log_odds
from gongbang.errors import EnsembleError
from gongbang.metrics.intervals import Difference
from gongbang.tasks.base import Candidate, Prediction
from gongbang.tasks.labels import label_prediction


@dataclass(frozen=True, slots=True)
class Solution:
    """A fitted ensemble with its evidence.

    Attributes:
        blend: calibrations, weights and thresholds.
        members: (m,) names, in the order of the blend.
        labels: (L,) names, in the order of the columns.
        metric: by which it was judged; higher is better.
        in_sample: the metric on what the blend was fitted on.
        cross_fitted: the metric of blends judged on folds that they were not fitted on; what to report.
        alone: each member's metric, its calibration and thresholds cross-fitted as well.
        best: the member that is best alone.
        single: the blend of ``best`` alone, fitted as ``blend`` is, for a comparison elsewhere.
        difference: by how much the ensemble, cross-fitted, is better than ``best``. That one was chosen on
            these very examples, so the difference errs on the low side.
        data: hash of the records that the predictions are of.
        n: number of examples.
        leave_out: labels that micro F1 did not count.
    """

    blend: Blend
    members: tuple[str, ...]
    labels: tuple[str, ...]
    metric: str
    in_sample: float
    cross_fitted: float
    alone: Mapping[str, float]
    best: str
    single: Blend
    difference: Difference
    data: str
    n: int
    leave_out: tuple[str, ...] = ()

    @property
    def hash(self) -> str:
        """The SHA-256 of the solution's content."""
        return config_hash(self._content())

    def apply(self, members: Sequence[Member]) -> Outcome:
        """What the ensemble says of the records of these members, rows as :meth:`ordered` gives them.

        Args:
            members: those of the solution, in any order, with predictions of any records that none of them
                was trained on.

        Raises:
            EnsembleError: other members, other labels, or predictions of training data.
        """
        return self._blended(self.ordered(members))

    def _blended(self, ordered: Sequence[Member]) -> Outcome:
        return self.blend.apply(np.stack([member.logits for member in ordered]), ordered[0].possible)

    def ordered(self, members: Sequence[Member]) -> list[Member]:
        """The members aligned, in the solution's order, labels in the solution's order.

        Raises:
            EnsembleError: as in :meth:`apply`.
        """
        by_name = {member.name: member for member in members}
        if by_name.keys() != set(self.members) or len(members) != len(self.members):
            raise EnsembleError(
                "these are not the members of the solution.",
                value=", ".join(member.name for member in members) or "none",
                allowed=", ".join(self.members),
                cure="Pass the predictions of each member once, under the name it was solved with.",
            )
        aligned = align([by_name[name] for name in self.members])
        if aligned[0].origin == "training":
            raise _trained_on(aligned)
        if set(aligned[0].labels) != set(self.labels):
            raise EnsembleError(
                "the members have other labels than the solution.",
                value=", ".join(sorted(set(aligned[0].labels) ^ set(self.labels))[:8]),
                allowed=", ".join(self.labels[:40]),
                cure="Pass the runs that the solution was made of.",
            )
        return [with_labels(member, self.labels) for member in aligned]

    def evaluate(self, members: Sequence[Member], metric: str | ByHand | None = None) -> float:
        """The metric on held-out predictions; the solution's own metric when None.

        Raises:
            EnsembleError: as in :meth:`apply`; or these are the examples that it was fitted on.
        """
        ordered = self._held_out(members)
        judge = Judge(metric or self.metric, self.labels, ordered[0].multi_label, self.leave_out)
        return judge.value(ordered[0].gold, self._blended(ordered))

    def held_out_difference(
        self, members: Sequence[Member], *, samples: int = 1000, seed: int = 0
    ) -> Difference:
        """By how much the ensemble is better on held-out predictions than the member that was best alone.

        Both are as they were fitted out of fold, and neither was chosen by these records.

        Raises:
            EnsembleError: as in :meth:`evaluate`.
        """
        ordered = self._held_out(members)
        first = ordered[0]
        judge = Judge(self.metric, self.labels, first.multi_label, self.leave_out)
        alone = ordered[self.members.index(self.best)].logits[None]
        return judge.difference(
            first.gold,
            self._blended(ordered),
            self.single.apply(alone, first.possible),
            groups=first.groups,
            samples=samples,
            seed=seed,
        )

    def _held_out(self, members: Sequence[Member]) -> list[Member]:
        ordered = self.ordered(members)
        if ordered[0].data == self.data:
            raise EnsembleError(
                "the solution would be judged on what it was fitted on.",
                value=f"data {self.data[:12]}",
                allowed="held-out predictions of other records",
                cure="Read solution.cross_fitted: that is the honest figure for these examples.",
            )
        return ordered

    def predict(self, members: Sequence[Member]) -> list[Prediction]:
        """The ensemble's predictions, every label a candidate with its probability and its log-probability.

        Raises:
            EnsembleError: as in :meth:`apply`.
        """
        ids, outcome = self.ordered(members)[0].ids, self.apply(members)
        return [_prediction(id, self.labels, outcome, row) for row, id in enumerate(ids)]

    def soft_labels(self, members: Sequence[Member]) -> dict[str, dict[str, float]]:
        """Probabilities by record id and label, for a student to be trained on (Hinton et al. 2015).

        Raises:
            EnsembleError: as in :meth:`apply`.
        """
        ordered = self.ordered(members)
        shares = self.apply(members).shares
        return {
            id: dict(zip(self.labels, map(float, row), strict=True))
            for id, row in zip(ordered[0].ids, shares, strict=True)
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, with the content's hash."""
        return {**self._content(), "hash": self.hash}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Solution:
        """The solution that :meth:`to_dict` described.

        Raises:
            EnsembleError: a part is missing, or the content does not have its hash.
        """
        try:
            solution = cls(
                blend=Blend.from_dict(values["blend"]),
                members=tuple(values["members"]),
                labels=tuple(values["labels"]),
                metric=str(values["metric"]),
                in_sample=float(values["in_sample"]),
                cross_fitted=float(values["cross_fitted"]),
                alone={str(name): float(value) for name, value in values["alone"].items()},
                best=str(values["best"]),
                single=Blend.from_dict(values["single"]),
                difference=Difference(**values["difference"]),
                data=str(values["data"]),
                n=int(values["n"]),
                leave_out=tuple(values["leave_out"]),
            )
            stated = values["hash"]
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise _broken(f"a part is missing or of another kind ({type(err).__name__}: {err})") from err
        if solution.hash != stated:
            raise _broken("it was changed after it was written")
        return solution

    def _content(self) -> dict[str, Any]:
        return {
            "blend": self.blend.to_dict(),
            "members": list(self.members),
            "labels": list(self.labels),
            "metric": self.metric,
            "in_sample": self.in_sample,
            "cross_fitted": self.cross_fitted,
            "alone": dict(self.alone),
            "best": self.best,
            "single": self.single.to_dict(),
            "difference": self.difference.to_dict(),
            "data": self.data,
            "n": self.n,
            "leave_out": list(self.leave_out),
        }


def _prediction(id: str, labels: Sequence[str], outcome: Outcome, row: int) -> Prediction:
    shares = outcome.shares[row]
    if outcome.given is None:
        scores = np.log(np.maximum(shares, np.finfo(np.float64).tiny))
        return label_prediction(id, labels, scores, probabilities=shares)
    scores = log_odds(shares)
    order = np.argsort(-shares, kind="stable")
    names = [labels[at] for at in order if outcome.given[row, at]]
    candidates = tuple(
        Candidate(labels[at], 0, 0, float(scores[at]), float(shares[at]), record=id) for at in order
    )
    confidence = candidates[0].probability
    return Prediction(id, ", ".join(names), confidence, candidates, details={"labels": names})


def _trained_on(members: Sequence[Member]) -> EnsembleError:
    return EnsembleError(
        "the members were trained on these records.",
        value=", ".join(member.name for member in members),
        allowed="out-of-fold or held-out predictions",
        cure="Predict records that the members have not seen, or their own folds out of fold.",
    )


def _broken(why: str) -> EnsembleError:
    return EnsembleError(
        f"the solution cannot be read: {why}.",
        value="solution",
        allowed="what Solution.to_dict gave",
        cure="Solve again; it takes seconds once the out-of-fold predictions are there.",
    )
