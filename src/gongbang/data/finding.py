"""One thing to do about a data set."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to do. ``level`` is "fault" (do not train on this), "warning" or "note"."""

    level: str
    code: str
    en: str
    ko: str
    examples: tuple[str, ...] = ()
