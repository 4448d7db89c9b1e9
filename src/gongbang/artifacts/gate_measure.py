"""What a gate sees: two artifacts at work on the records of a suite, measured side by side."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from gongbang.artifacts.files import plain
from gongbang.artifacts.format import Artifact
from gongbang.artifacts.notebooks import build_notebook_for
from gongbang.artifacts.paired import paired_differences
from gongbang.artifacts.suite import Suite, slices_of
from gongbang.artifacts.suite_rules import WHOLE
from gongbang.data.records import Record
from gongbang.errors import ArtifactError, OptionError
from gongbang.metrics.intervals import Difference
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Prediction

Timer = Callable[[Callable[[], object]], float]
"""Carries out a call and gives the seconds that it took."""

PROBES = 32
"""Records that are timed, one at a time."""


class AtWork(Protocol):
    """An artifact at work, as :class:`gongbang.runtime.predictor.Predictor` is."""

    @property
    def artifact(self) -> Artifact: ...

    @property
    def task(self) -> Any: ...

    def predict(self, records: Sequence[Record]) -> list[Prediction]: ...


@dataclass(frozen=True, slots=True)
class Side:
    """One artifact on the suite.

    Attributes:
        bytes: of its parts together.
        value: of the suite's metric. scores: all metrics. slices: value and number of records by slice.
    """

    id: str
    name: str
    bytes: int
    value: float
    scores: Mapping[str, Any]
    slices: Mapping[str, tuple[float, int]]

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Side:
        """The side that :meth:`Measured.to_dict` wrote."""
        slices = {key: (float(value), int(n)) for key, (value, n) in values["slices"].items()}
        return cls(**{**values, "slices": slices})


@dataclass(frozen=True, slots=True)
class Measured:
    """Two artifacts on one suite; ``champion`` is None where there is none yet.

    Attributes:
        suite: the suite's id. metric, slice_metric: what ``value`` and the slices are.
        difference: challenger - champion, paired over the records, in the metric's own unit.
        baselines: the metric's value of what knows nothing, by name.
        latency: seconds a record of champion and challenger (medians), and the median of the ratios.
    """

    suite: str
    task: str
    metric: str
    slice_metric: str
    challenger: Side
    champion: Side | None = None
    difference: Difference | None = None
    baselines: Mapping[str, float] = field(default_factory=dict)
    latency: tuple[float, float, float] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        body: dict[str, Any] = {name: getattr(self, name) for name in self.__slots__}
        for name in ("challenger", "champion"):
            side = body[name]
            body[name] = None if side is None else {key: getattr(side, key) for key in side.__slots__}
        body["difference"] = None if self.difference is None else self.difference.to_dict()
        cleaned: dict[str, Any] = plain(body)
        return cleaned

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Measured:
        """What gave this :meth:`to_dict`.

        Raises:
            ArtifactError: it did not come from there.
        """
        try:
            latency = values["latency"]
            return cls(
                **{
                    **values,
                    "challenger": Side.from_dict(values["challenger"]),
                    "champion": values["champion"] and Side.from_dict(values["champion"]),
                    "difference": values["difference"] and Difference(**_bounds(values["difference"])),
                    "latency": None if latency is None else tuple(map(float, latency)),
                }
            )
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise ArtifactError(
                f"what a gate measured cannot be read: {type(err).__name__} {err}.",
                value="the record of a verdict",
                allowed="the record as the gate wrote it",
                cure="Let the gate judge again.",
            ) from err


def _bounds(values: Mapping[str, Any]) -> dict[str, Any]:
    """A difference whose bounds JSON could not hold was of one record: nothing is known of others."""
    low, high = values["low"], values["high"]
    return {
        **values,
        "low": -float("inf") if low is None else low,
        "high": float("inf") if high is None else high,
    }


def measure(
    suite: Suite, champion: AtWork | None, challenger: AtWork, *, timer: Timer | None = None
) -> Measured:
    """Let both answer every record of the suite, and compare their answers record by record.

    Args:
        suite: its files are hashed anew. champion: None where there is none yet.
        timer: how a call is timed, where the suite limits the latency; by the wall clock when None.

    Raises:
        ArtifactError: the suite was changed, or an artifact is for another task or answers too few records.
        OptionError: the metric is none of the task's, or cannot be compared record by record.
    """
    records = suite.records()
    sides = [_answered(suite, at_work, records) for at_work in (champion, challenger) if at_work is not None]
    own, new = sides[0], sides[-1]
    metric = suite.metric or new.scores.primary
    slice_metric = suite.slice_metric or metric
    baselines = challenger.task.baselines(([], records))
    return Measured(
        suite=suite.id,
        task=suite.task,
        metric=metric,
        slice_metric=slice_metric,
        challenger=new.side(suite, metric, slice_metric),
        champion=None if champion is None else own.side(suite, metric, slice_metric),
        difference=None if champion is None else _difference(suite, metric, own, new),
        baselines={
            name: scores.scores[metric].value for name, scores in baselines.items() if metric in scores.scores
        },
        latency=_latency(champion, challenger, records, timer or _seconds)
        if champion is not None and suite.rules.most_latency_ratio is not None
        else None,
    )


@dataclass(frozen=True, slots=True)
class _Answers:
    """One artifact's answers, in the shape that :mod:`gongbang.artifacts.paired` compares."""

    at_work: AtWork
    records: Sequence[Record]
    told: Sequence[Prediction]
    scores: Scores
    scored: bool = True

    def predictions(self) -> Sequence[Prediction]:
        return self.told

    def side(self, suite: Suite, metric: str, slice_metric: str) -> Side:
        artifact = self.at_work.artifact
        return Side(
            id=artifact.id,
            name=artifact.manifest.name,
            bytes=artifact.manifest.bytes,
            value=_value(self.scores, metric),
            scores=self.scores.to_dict(),
            slices=self._slices(suite.slices, slice_metric),
        )

    def _slices(self, slices: Sequence[str], metric: str) -> dict[str, tuple[float, int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for place, record in enumerate(self.records):
            for key in slices_of(record, slices):
                found[key].append(place)
        values = {WHOLE: (_value(self.scores, metric), len(self.records))}
        for key in sorted(found):
            told, records = [self.told[at] for at in found[key]], [self.records[at] for at in found[key]]
            values[key] = (_value(self.at_work.task.score(told, records), metric), len(records))
        return values


def _answered(suite: Suite, at_work: AtWork, records: Sequence[Record]) -> _Answers:
    at_work.artifact.require_task(suite.task)
    told = at_work.predict(records)
    if [prediction.id for prediction in told] != [record.id for record in records]:
        raise ArtifactError(
            f"'{at_work.artifact.manifest.name}' does not answer each record of the suite by itself.",
            value=f"{len(told)} answers to {len(records)} records",
            allowed="one answer a record, in their order",
            cure="Freeze a suite whose records are questions of their own (no shared question_id).",
        )
    return _Answers(at_work, records, told, at_work.task.score(told, records))


def _value(scores: Scores, metric: str) -> float:
    if metric not in scores.scores:
        raise OptionError(
            "the suite is to be judged by a metric that its task does not have.",
            value=metric,
            allowed=", ".join(scores.scores),
            cure="Freeze the suite with one of these metrics.",
        )
    return float(scores.scores[metric].value)


def _difference(suite: Suite, metric: str, own: _Answers, new: _Answers) -> Difference:
    books = [build_notebook_for(side.at_work.task, side.records, side.told) for side in (own, new)]
    pair = None if books[0] is None or books[1] is None else (books[0], books[1])
    paired = paired_differences(own, new, pair, suite.rules.samples)
    if metric not in paired:
        raise OptionError(
            "the suite's metric cannot be compared record by record.",
            value=metric,
            allowed=", ".join(paired) or "none, of these records",
            cure="Freeze the suite with one of these metrics, and with records that carry what is right.",
        )
    return paired[metric]


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def _latency(
    champion: AtWork, challenger: AtWork, records: Sequence[Record], timer: Timer
) -> tuple[float, float, float]:
    """Medians of the seconds a record of both, and of the ratios: each record is timed by both in turns.

    In turns, and beginning with the other one each time, so that a busy machine slows both alike.
    """
    step = max(1, len(records) // PROBES)
    probes = records[::step][:PROBES]
    for at_work in (champion, challenger):
        at_work.predict(probes[:1])  # the first call is slower
    times: dict[bool, list[float]] = {False: [], True: []}
    for number, record in enumerate(probes):
        for new in (bool(number % 2), not number % 2):
            at_work = challenger if new else champion
            times[new].append(timer(lambda at_work=at_work, record=record: at_work.predict([record])))  # type: ignore[misc]
    ratios = [new / max(old, 1e-9) for old, new in zip(times[False], times[True], strict=True)]
    return statistics.median(times[False]), statistics.median(times[True]), statistics.median(ratios)
