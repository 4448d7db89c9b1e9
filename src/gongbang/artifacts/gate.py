"""The gate: champion against challenger on a frozen suite, and whether the challenger takes its place.

A challenger takes it only where it is better beyond noise on the whole suite, falls in no slice, and keeps to
the suite's floors and limits. What an eye would call a tie keeps the champion: a change costs something too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import InitVar, dataclass
from typing import Any, Literal

from gongbang.artifacts.files import plain
from gongbang.artifacts.gate_measure import AtWork, Measured, Side, Timer, measure
from gongbang.artifacts.hashing import config_hash
from gongbang.artifacts.suite import Suite
from gongbang.artifacts.suite_rules import WHOLE
from gongbang.errors import ArtifactError
from gongbang.metrics.scores import number, points

Decision = Literal["promote", "keep"]
_SEAL = object()
"""What only this module holds: a verdict that was not made here cannot be made."""


@dataclass(frozen=True, slots=True)
class Check:
    """One rule and what came of it; ``words`` is the reason for people, numbers in it."""

    name: str
    passed: bool
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a gate decided, and everything it decided on. Only :func:`judge` and :func:`reopen` make one.

    Attributes:
        measured: the numbers, with the ids of both artifacts and of the suite.
        checks: every rule of the suite, in the order in which they are told.

    Raises:
        ArtifactError: it was made elsewhere.
    """

    measured: Measured
    checks: tuple[Check, ...]
    seal: InitVar[object] = None

    def __post_init__(self, seal: object) -> None:
        if seal is not _SEAL:
            raise ArtifactError(
                "a verdict that no gate gave.",
                value=f"challenger {self.measured.challenger.id[:16]}",
                allowed="what gongbang.artifacts.gate.judge gives",
                cure="Let the gate judge the challenger.",
            )

    @property
    def decision(self) -> Decision:
        """ "promote" where every check passed, else "keep"."""
        return "promote" if all(check.passed for check in self.checks) else "keep"

    @property
    def promotes(self) -> bool:
        """Whether the challenger takes the champion's place."""
        return self.decision == "promote"

    @property
    def champion(self) -> str:
        """The champion's id; empty where there was none."""
        return "" if self.measured.champion is None else self.measured.champion.id

    @property
    def challenger(self) -> str:
        """The challenger's id."""
        return self.measured.challenger.id

    @property
    def suite(self) -> str:
        """The suite's id."""
        return self.measured.suite

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why it was decided so: what failed, or, of a promotion, everything."""
        return tuple(check.words for check in self.checks if check.passed == self.promotes)

    @property
    def id(self) -> str:
        """Hash of the whole."""
        return config_hash(self._body())

    def _body(self) -> dict[str, Any]:
        body: dict[str, Any] = plain(
            {
                "decision": self.decision,
                "checks": [{n: getattr(check, n) for n in check.__slots__} for check in self.checks],
                "measured": self.measured.to_dict(),
            }
        )
        return body

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON, for the record."""
        return {"id": self.id, **self._body()}


def judge(
    suite: Suite, champion: AtWork | None, challenger: AtWork, *, timer: Timer | None = None
) -> Verdict:
    """Measure both on the suite and decide.

    Args:
        suite: opened; its files are hashed anew.
        champion: at work as it is served; None where there is none yet: then the challenger must beat the
            task's baselines, and keep to the floors and the limits that need no champion.
        challenger: at work as it would be served.
        timer: see :func:`gongbang.artifacts.gate_measure.measure`.

    Raises:
        ArtifactError: the suite was changed, or an artifact is for another task.
        OptionError: the suite's metric is none that can be compared.
    """
    return _decided(suite, measure(suite, champion, challenger, timer=timer))


def reopen(values: Mapping[str, Any], suite: Suite) -> Verdict:
    """A verdict out of its record: decided anew from the numbers that were measured, by the suite's rules.

    Raises:
        ArtifactError: it is of another suite, was edited, or would be decided otherwise.
    """
    measured = values.get("measured")
    verdict = _decided(suite, Measured.from_dict(measured if isinstance(measured, Mapping) else {}))
    if verdict.suite != suite.id or verdict.to_dict() != dict(values):
        raise ArtifactError(
            "the record of the verdict does not fit.",
            value=f"suite {verdict.suite[:16]}, {values.get('decision')}",
            allowed=f"a verdict on the suite {suite.id[:16]}, as the gate wrote it",
            cure="Let the gate judge again.",
        )
    return verdict


def _decided(suite: Suite, measured: Measured) -> Verdict:
    return Verdict(measured, tuple(_checks(suite, measured)), _SEAL)


def _checks(suite: Suite, seen: Measured) -> Iterator[Check]:
    if seen.champion is None:
        yield _beats_baselines(seen)
    else:
        yield Check("another", seen.challenger.id != seen.champion.id, _another(seen))
        yield _better(suite, seen)
        yield from _drops(suite, seen, seen.champion)
    yield from _floors(suite, seen)
    yield from _sizes(suite, seen)
    if suite.rules.most_latency_ratio is not None and seen.latency is not None:
        limit, ratio = suite.rules.most_latency_ratio, seen.latency[2]
        yield Check("latency", ratio <= limit, f"{ratio:.2f} times the champion's time, at most {limit:g}")


def _another(seen: Measured) -> str:
    same = seen.champion is not None and seen.challenger.id == seen.champion.id
    return "it is the champion itself" if same else "it is another artifact than the champion"


def _beats_baselines(seen: Measured) -> Check:
    best = max(seen.baselines.values(), default=float("-inf"))
    said = number(seen.metric, seen.challenger.value)
    beats = f"there is no champion; {seen.metric} {said}"
    if seen.baselines:
        beats += f", best baseline {number(seen.metric, best)}"
    return Check("baselines", seen.challenger.value > best, beats)


def _better(suite: Suite, seen: Measured) -> Check:
    gap = seen.difference
    if gap is None:
        return Check("better", False, "nothing could be compared record by record")
    least = -suite.rules.margin if suite.rules.rule == "not_worse" else 0.0
    low = points(seen.metric, gap.low)
    passed = low >= least if suite.rules.rule == "not_worse" else low > least
    words = (
        f"{seen.metric} {number(seen.metric, gap.value, signed=True)} "
        f"[{number(seen.metric, gap.low, signed=True)}, {number(seen.metric, gap.high, signed=True)}]"
        f" on {gap.n:,} records; the interval must lie above {least:g} points"
    )
    return Check("better", passed, words)


def _drops(suite: Suite, seen: Measured, champion: Side) -> Iterator[Check]:
    most = suite.rules.most_drop
    if most is None:
        return
    for key, (value, n) in seen.challenger.slices.items():
        if key == WHOLE or n < suite.rules.least_rows:
            continue
        before = champion.slices[key][0]
        lost = points(seen.slice_metric, before - value)
        words = (
            f"{key}: {seen.slice_metric} {number(seen.slice_metric, before)} -> "
            f"{number(seen.slice_metric, value)} on {n:,} records, at most {most:g} points less"
        )
        yield Check(f"slice {key}", lost <= most, words)


def _floors(suite: Suite, seen: Measured) -> Iterator[Check]:
    for key, least in suite.rules.floors.items():
        value, n = seen.challenger.slices[key]
        words = f"{key}: {seen.slice_metric} {number(seen.slice_metric, value)} on {n:,} records"
        yield Check(f"floor {key}", value >= least, f"{words}, at least {number(seen.slice_metric, least)}")


def _sizes(suite: Suite, seen: Measured) -> Iterator[Check]:
    size, rules = seen.challenger.bytes, suite.rules
    if rules.most_bytes is not None:
        words = f"{size:,} bytes, at most {rules.most_bytes:,}"
        yield Check("bytes", size <= rules.most_bytes, words)
    if rules.most_size_ratio is not None and seen.champion is not None:
        ratio = size / max(1, seen.champion.bytes)
        words = f"{ratio:.2f} times the champion's size, at most {rules.most_size_ratio:g}"
        yield Check("size", ratio <= rules.most_size_ratio, words)
