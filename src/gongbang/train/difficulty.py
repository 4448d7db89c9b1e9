"""How difficult rows are for models that did not see them: a table on disk.

A row counts as difficult by how few of several models got it right, or by how little probability they gave
its gold label. Both are measured on predictions of models that did not train on the row (out of fold): a
model calls easy whatever it knows by heart. See Xu et al. 2020, "Curriculum Learning for Natural Language
Understanding", section 3.1 (cross review).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from gongbang.artifacts.files import read_lines, write_lines
from gongbang.errors import DataError
from gongbang.tasks.base import Prediction

By = Literal["agreement", "log_prob"]
_FLOOR = 1e-6  # the probability of a gold label that is not among a prediction's candidates
_FIELDS = ("id", "n_models", "n_models_correct", "mean_gold_log_prob", "stage")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one model that did not see a row made of it.

    Attributes:
        id: the record's.
        correct: whether the model's answer is the gold one.
        gold_log_prob: natural logarithm of the probability it gave the gold one.
    """

    id: str
    correct: bool
    gold_log_prob: float


@dataclass(frozen=True, slots=True)
class Difficulty:
    """One row of the table; ``stage`` 0 holds the easiest rows."""

    id: str
    n_models: int
    n_models_correct: int
    mean_gold_log_prob: float
    stage: int = 0

    def value(self, by: By) -> float:
        """Higher is more difficult.

        Example:
            >>> row = Difficulty("q1", n_models=4, n_models_correct=3, mean_gold_log_prob=-0.5)
            >>> row.value("agreement"), row.value("log_prob")
            (0.25, 0.5)
        """
        if by == "agreement":
            return 1.0 - self.n_models_correct / self.n_models
        return -self.mean_gold_log_prob


def judge(predictions: Iterable[Prediction], gold: Mapping[str, Collection[str]]) -> list[Judgement]:
    """One model's predictions for rows it did not see, held against what is right.

    Args:
        predictions: with every label, or the n-best spans, among their candidates.
        gold: by id, the texts that count as right; the empty text is "no answer".

    Example:
        >>> from gongbang.tasks.base import Candidate
        >>> candidates = (Candidate("yes", 0, 0, 1.0, 0.75), Candidate("no", 0, 0, 0.0, 0.25))
        >>> judge([Prediction("1", "yes", 0.75, candidates)], {"1": ["no"]})
        [Judgement(id='1', correct=False, gold_log_prob=-1.3862943611198906)]

    Raises:
        DataError: a prediction belongs to no gold row.
    """
    found = []
    for prediction in predictions:
        if prediction.id not in gold:
            raise DataError(
                "a prediction belongs to no row with a gold label.",
                value=prediction.id,
                allowed=f"one of the {len(gold):,} ids of the rows",
                cure="Judge the predictions by the rows that they were made of.",
            )
        right = gold[prediction.id]
        share = sum(each.probability for each in prediction.candidates if each.text in right)
        if "" in right and not prediction.candidates:
            share = prediction.confidence
        found.append(
            Judgement(prediction.id, prediction.text in right, math.log(min(1.0, max(_FLOOR, share))))
        )
    return found


def difficulty_table(
    judgements: Iterable[Judgement], *, by: By = "log_prob", stages: int = 4
) -> list[Difficulty]:
    """Each row's difficulty over all models that judged it, easiest first.

    Args:
        judgements: of several models; a row may have been judged by any number of them.
        by: what the stages follow.
        stages: how many there are, of like size; rows of equal difficulty share a stage.

    Example:
        >>> seen = [Judgement("a", True, -0.25), Judgement("a", True, -0.75), Judgement("b", False, -2.0)]
        >>> [(row.id, row.n_models_correct, row.mean_gold_log_prob, row.stage)
        ...  for row in difficulty_table(seen, stages=2)]
        [('a', 2, -0.5, 0), ('b', 0, -2.0, 1)]
    """
    rows: dict[str, list[Judgement]] = {}
    for judgement in judgements:
        rows.setdefault(judgement.id, []).append(judgement)
    table = [
        Difficulty(
            id_,
            n_models=len(each),
            n_models_correct=sum(one.correct for one in each),
            mean_gold_log_prob=math.fsum(one.gold_log_prob for one in each) / len(each),
        )
        for id_, each in rows.items()
    ]
    table.sort(key=lambda row: (row.value(by), row.id))
    values = np.asarray([row.value(by) for row in table])
    return [
        Difficulty(row.id, row.n_models, row.n_models_correct, row.mean_gold_log_prob, int(stage))
        for row, stage in zip(table, stages_of(values, stages), strict=True)
    ]


def stages_of(values: NDArray[np.float64], stages: int) -> NDArray[np.int64]:
    """(rows,) the stage of each row: a monotone function of its difficulty, the stages of like size.

    Example:
        >>> stages_of(np.asarray([3.0, 1.0, 1.0, 2.0]), 2).tolist()
        [1, 0, 0, 1]
    """
    below = np.searchsorted(np.sort(values), values, side="left")  # rows that are easier
    numbers: NDArray[np.int64] = below * stages // max(1, len(values))
    return numbers


def write_difficulty(path: str | Path, table: Sequence[Difficulty]) -> None:
    """Write a table as JSON lines, a row each."""
    write_lines(Path(path), [asdict(row) for row in table])


def read_difficulty(path: str | Path, by: By) -> dict[str, Difficulty]:
    """A table by id.

    Args:
        path: JSON lines with ``id``, ``n_models``, ``n_models_correct``, ``mean_gold_log_prob``, ``stage``.
        by: what its stages must follow.

    Raises:
        DataError: there is no row, one lacks a field or holds what cannot be, an id stands twice, or a more
            difficult row lies in an earlier stage.
    """
    path = Path(path)
    table: dict[str, Difficulty] = {}
    for line, row in enumerate(read_lines(path), start=1):
        one = _row(row, path, line)
        if one.id in table:
            raise DataError(
                "a row's difficulty is given twice.",
                value=one.id,
                allowed="each id once",
                cure="Join the judgements of all models first: gongbang.train.difficulty.difficulty_table.",
                path=path,
                line=line,
            )
        table[one.id] = one
    if not table:
        raise DataError(
            "there is no difficulty to read.",
            value=str(path),
            allowed="a file of JSON lines",
            cure="Write one with gongbang.train.difficulty.write_difficulty.",
            path=path,
        )
    _check_stages(table.values(), path, by)
    return table


def _row(row: Mapping[str, Any], path: Path, line: int) -> Difficulty:
    try:
        one = Difficulty(
            str(row["id"]),
            int(row["n_models"]),
            int(row["n_models_correct"]),
            float(row["mean_gold_log_prob"]),
            int(row["stage"]),
        )
    except (KeyError, TypeError, ValueError) as err:
        raise DataError(
            f"a row of the difficulty table lacks a value: {type(err).__name__} {err}.",
            value=dict(row),
            allowed=", ".join(_FIELDS),
            cure="Write the table with gongbang.train.difficulty.write_difficulty.",
            path=path,
            line=line,
        ) from err
    if not (0 <= one.n_models_correct <= one.n_models and one.n_models and one.stage >= 0):
        raise _impossible(one, path, line)
    if not one.mean_gold_log_prob <= 0.0:
        raise _impossible(one, path, line)
    return one


def _impossible(one: Difficulty, path: Path, line: int) -> DataError:
    return DataError(
        "a row of the difficulty table holds numbers that cannot be.",
        value=asdict(one),
        allowed="0 <= n_models_correct <= n_models, n_models and stage whole, a log-probability of 0 or less",
        cure="Write the table with gongbang.train.difficulty.write_difficulty.",
        path=path,
        line=line,
    )


def _check_stages(rows: Collection[Difficulty], path: Path, by: By) -> None:
    last: Difficulty | None = None
    for row in sorted(rows, key=lambda row: (row.value(by), row.stage)):
        if last is not None and row.stage < last.stage:
            raise DataError(
                f"the stages do not rise with the difficulty by {by}.",
                value=f"'{last.id}' ({last.value(by):.4g}) in stage {last.stage}, "
                f"'{row.id}' ({row.value(by):.4g}) in stage {row.stage}",
                allowed="a stage no lower than that of any easier row",
                cure=f"Make the table by '{by}', or set training.curriculum.by to what it was made by.",
                path=path,
            )
        last = row
