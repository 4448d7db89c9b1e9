"""What every evaluation gives, and how it is kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from gongbang.artifacts.files import plain, write_json
from gongbang.artifacts.notebook import FILES
from gongbang.artifacts.notebooks import Notebook
from gongbang.artifacts.predictions import write_predictions
from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.metrics.scores import Scores
from gongbang.search.contexts import asks
from gongbang.tasks.base import Prediction

OnProgress = Callable[[int], None]
"""Receives how many more questions are done."""


def ignore_progress(done: int) -> None:
    """Says nothing."""


class Reads(Protocol):
    """The part of a predictor that is used here."""

    @property
    def task(self) -> Any: ...

    def predict(self, records: Sequence[Record]) -> list[Prediction]: ...


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Scores of one file, and what they rest on.

    Attributes:
        what: "search", "reader" or "ask".
        scores: the metrics, the primary one first.
        baselines: what the scores must beat, by name.
        predictions: one a question, n-best with it.
        notebook: what is wrong, by the stage that failed or the kind of error; None where a task has none.
        extra: further figures, plain JSON, put beside the scores by :meth:`to_dict`.
    """

    what: str
    scores: Scores
    baselines: Mapping[str, Scores] = field(default_factory=dict)
    predictions: Sequence[Prediction] = ()
    notebook: Notebook | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Metrics flat, ``n``, ``intervals``, ``stages`` where there is a notebook, then ``extra``.

        Example:
            >>> from gongbang.metrics.scores import Score
            >>> Evaluation("reader", Scores("f1", {"f1": Score(50.0, 2)})).to_dict()["f1"]
            50.0
        """
        body = self.scores.to_dict()
        if self.notebook is not None:
            body["stages"] = self.notebook.counts
        body |= self.extra
        body["baselines"] = {name: scores.to_dict() for name, scores in self.baselines.items()}
        cleaned: dict[str, Any] = plain(body)
        return cleaned

    def save(self, folder: str | Path) -> Path:
        """Write ``evaluation.json``, ``predictions.jsonl`` and, where there is one, the error notebook.

        An older evaluation's files are replaced, or removed where this one has none of the kind.

        Raises:
            OptionError: the folder cannot be made.
        """
        folder = Path(folder)
        make_folder(folder)
        write_predictions(folder, self.predictions)
        if self.notebook is not None:
            self.notebook.save(folder)
        else:
            for name in FILES:
                (folder / name).unlink(missing_ok=True)
        write_json(folder / "evaluation.json", self.to_dict())
        return folder


def make_folder(folder: str | Path) -> None:
    """Make the folder that an evaluation will be written to, and see that it can be.

    Raises:
        OptionError: it cannot.
    """
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as err:
        raise OptionError(
            "the folder for the results cannot be made.",
            value=f"{folder}: {err.strerror or err}",
            allowed="a folder, new or standing, that can be written",
            cure="Name another folder.",
        ) from err


def labelled(record: Record) -> bool:
    """Whether a record asks something of a text and says what the answer is, or that there is none."""
    return asks(record) and "answers" in record.spans


def asked(
    records: Sequence[Record], limit: int | None = None, keep: Callable[[Record], bool] = labelled
) -> list[Record]:
    """The records that ask something; of many, ``limit`` spread evenly over the file.

    Args:
        records: the file's records.
        limit: how many at most; all when None.
        keep: which of them can be judged.

    Raises:
        OptionError: ``limit`` is below 1.
        DataError: no record can be judged.

    Example:
        >>> fields, nothing = {"question": "?", "context": "글"}, {"answers": ()}
        >>> made = [Record(str(n), fields, spans=nothing) for n in range(9)]
        >>> [record.id for record in asked(made, 3)]
        ['0', '4', '8']
    """
    if limit is not None and limit < 1:
        raise OptionError("limit is too small.", value=limit, allowed="1 or more", cure="Pass --limit 500.")
    kept = [record for record in records if keep(record)]
    if not kept:
        raise DataError(
            "no record of the file can be judged.",
            value=f"{len(records)} records",
            allowed="questions with their contexts, and answers where something is read",
            cure="Name the file's format with --format, or map its columns with --map.",
        )
    if limit is None or limit >= len(kept):
        return kept
    return [kept[int(place)] for place in np.linspace(0, len(kept) - 1, limit).round()]


def predicted(
    predictor: Reads,
    records: Sequence[Record],
    on_progress: OnProgress = ignore_progress,
    *,
    batch: int = 256,
) -> list[Prediction]:
    """What a predictor says of the records, ``batch`` of them at a time, so that progress can be told."""
    told: list[Prediction] = []
    for start in range(0, len(records), batch):
        part = records[start : start + batch]
        told += predictor.predict(part)
        on_progress(len(part))
    return told


def scored(predictions: Mapping[str, Prediction] | Sequence[Prediction], records: Sequence[Record]) -> Scores:
    """Exact match and character F1 in percent, with 95 % intervals clustered by group.

    Args:
        predictions: one a record, by its id or in the records' order.
        records: what was asked.
    """
    from gongbang.metrics.span import span_scores

    in_order = (
        [predictions[record.id] for record in records] if isinstance(predictions, Mapping) else predictions
    )
    return span_scores(
        [prediction.text for prediction in in_order],
        [[span.text for span in record.answers] for record in records],
        groups=[record.group for record in records],
    )
