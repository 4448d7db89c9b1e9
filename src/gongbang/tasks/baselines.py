"""What a number must beat, on one held-out part or on those of all folds."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from gongbang.data.records import Record
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Part, Prediction

Guess = Callable[[Sequence[Record], Sequence[Record]], Sequence[Prediction]]
"""Predictions of some records from what others teach."""
Scorer = Callable[[Sequence[Prediction], Sequence[Record]], Scores]


def scored_baselines(guesses: Mapping[str, Guess], parts: Sequence[Part], score: Scorer) -> dict[str, Scores]:
    """Scores of each way of guessing, over the held-out records of all parts.

    A part's held-out records are guessed from its own training records alone: those of one fold are another
    fold's training records, and whoever learns from all of them has seen the answers.

    Args:
        guesses: by name.
        parts: training records, and the held-out ones that are guessed from them.
        score: judges predictions of records.
    """
    records = [record for _, held in parts for record in held]
    return {
        name: score([told for train, held in parts for told in guess(train, held)], records)
        for name, guess in guesses.items()
    }
