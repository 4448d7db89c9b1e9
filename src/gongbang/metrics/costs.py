"""What a model costs to serve, measured beside its metrics: milliseconds, megabytes and the like."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Cost:
    """One figure, whose column says of what and in which unit.

    ``note`` says how it came about, where it was not simply measured.

    Example:
        >>> str(Cost(1234.5)), str(Cost(0.0512)), str(Cost(8120.0, "estimated from 1,000 pairs"))
        ('1,234', '0.051', '8,120 (estimated from 1,000 pairs)')
        >>> str(Cost(0.0, "none is kept"))
        '0 (none is kept)'
    """

    value: float
    note: str = ""

    def __str__(self) -> str:
        steps = ((0, 100), (1, 10), (2, 1))
        decimals = next((places for places, least in steps if self.value >= least), 3 if self.value else 0)
        return f"{self.value:,.{decimals}f}" + (f" ({self.note})" if self.note else "")

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"value": self.value, "note": self.note}


@dataclass(frozen=True, slots=True)
class Costs:
    """Figures by column, and what is to be said of all of them."""

    columns: Mapping[str, Cost]
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "columns": {name: cost.to_dict() for name, cost in self.columns.items()},
            "notes": [*self.notes],
        }

    @classmethod
    def from_dict(cls, found: Mapping[str, Any]) -> Self:
        """What :meth:`to_dict` gave."""
        columns = {name: Cost(**cost) for name, cost in found["columns"].items()}
        return cls(columns, tuple(found["notes"]))
