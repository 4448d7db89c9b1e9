"""What the summary of the suite says of the games that were played."""

from __future__ import annotations

told: list[str] = []
