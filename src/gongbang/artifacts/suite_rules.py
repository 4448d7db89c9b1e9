"""What a challenger must hold to on a suite."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

from gongbang.errors import OptionError

WHOLE = "all"
"""The slice that holds every record."""

Rule = Literal["better", "not_worse"]


@dataclass(frozen=True, slots=True)
class SuiteRules:
    """The limits of a gate.

    Attributes:
        rule: "better" asks that the paired interval of the difference lies above zero; "not_worse" that it
            lies above ``-margin``, for a challenger that is wanted for another reason (smaller, newer data).
        margin: points of a hundred, for "not_worse".
        floors: the least value of the slice metric by slice (``label:label=no``) or of the whole suite
            (``all``), in the metric's own unit.
        most_drop: points that a slice may fall below the champion's, of slices with ``least_rows`` or more;
            None where slices are held to their floors alone.
        most_bytes: of the artifact's parts together. most_size_ratio: the same against the champion's.
        most_latency_ratio: of the time for one record against the champion's, measured in turns.
        samples: resamples of the bootstrap.

    Raises:
        OptionError: a value out of its range.

    Example:
        >>> SuiteRules(floors={"all": 0.8}).rule
        'better'
    """

    rule: Rule = "better"
    margin: float = 0.0
    floors: Mapping[str, float] = field(default_factory=dict)
    most_drop: float | None = 2.0
    least_rows: int = 20
    most_bytes: int | None = None
    most_size_ratio: float | None = None
    most_latency_ratio: float | None = None
    samples: int = 1000

    def __post_init__(self) -> None:
        if self.rule not in get_args(Rule):
            raise _wrong("rule", self.rule, ", ".join(get_args(Rule)))
        if not self.margin >= 0 or (self.margin > 0 and self.rule == "better"):
            raise _wrong("margin", self.margin, "0 or more points, with the rule not_worse")
        if self.most_drop is not None and not self.most_drop >= 0:
            raise _wrong("most_drop", self.most_drop, "0 or more points")
        for name in ("least_rows", "samples", "most_bytes"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise _wrong(name, value, "1 or more")
        for name in ("most_size_ratio", "most_latency_ratio"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise _wrong(name, value, "a ratio above 0, such as 1.2")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {name.name: getattr(self, name.name) for name in fields(self)} | {"floors": dict(self.floors)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> SuiteRules:
        """The rules that gave this :meth:`to_dict`; a rule of another name is refused.

        Raises:
            OptionError: a rule is not known, or out of its range.
        """
        known = [name.name for name in fields(cls)]
        for name in values:
            if name not in known:
                raise _wrong(str(name), values[name], ", ".join(known))
        return cls(**values)


def _wrong(name: str, value: object, allowed: str) -> OptionError:
    return OptionError(
        f"the suite's rule '{name}' cannot be used.",
        value=value,
        allowed=allowed,
        cure=f"Change '{name}'.",
    )
