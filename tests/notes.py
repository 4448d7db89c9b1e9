"""What tests have to say beyond pass and fail, in the suite's summary: what was measured, and on what."""

from __future__ import annotations

_NOTES: dict[str, None] = {}  # in the order in which they were made


def note(line: str) -> None:
    """Have the summary of the suite say this, once."""
    _NOTES.setdefault(line)


def notes() -> list[str]:
    """What was noted in this process, and by the workers that are done."""
    return list(_NOTES)
