"""A member of an ensemble: what one run said of some records, with the truth beside it.

Labels go by name. Runs number their classes as they like; a member holds the names in the order of its
columns, and :mod:`gongbang.ensemble.align` puts the columns of several members in one order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.artifacts.predictions import read_predictions
from gongbang.data.fingerprint import records_hash
from gongbang.data.fold_table import FoldTable
from gongbang.data.records import Record
from gongbang.errors import EnsembleError
from gongbang.tasks.base import Prediction
from gongbang.tasks.labels import probabilities_of, softmax

Origin = Literal["out-of-fold", "held-out", "training"]
"""By whom a record was predicted: a model that held it out as a fold; one that never saw it nor any choice
made on it; or one that was trained on it."""
Activation = Literal["softmax", "sigmoid"]

Gold = NDArray[np.int64] | NDArray[np.bool_]
"""(n,) number of the right label, or (n, L) whether each label is right."""

_LEAST = 1e-9  # a probability below it is taken for it: log-odds must be finite


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """The predictions of one run over all labels.

    Attributes:
        name: by which tables and solutions know it.
        ids: (n,) of the records.
        labels: (L,) names, in the order of the columns.
        logits: (n, L) scores before the softmax or, of several labels an example, before the sigmoid.
        gold: (n,) number of the right label, or (n, L) whether a label is right.
        origin: how the predictions came about; see :data:`Origin`.
        data: hash of the records that were predicted (:func:`~gongbang.data.fingerprint.records_hash`).
        groups: (n,) what is drawn as a whole by a bootstrap.
        folds: (n,) the fold that held each record out; None where no table is known.
        ms_per_example, megabytes: what serving the member costs; None where it was not measured.
        possible: (n, L) what the task's rules leave possible, applied to whatever members become; None where
            there are no rules.

    Raises:
        EnsembleError: shapes that do not pair up, an id or a label twice, or a logit that is not finite.

    Example:
        >>> member = Member("a", ("1",), ("no", "yes"), np.array([[0.0, 2.0]]), np.array([1]),
        ...                 "out-of-fold", "hash", ("g",))
        >>> len(member), member.multi_label
        (1, False)
    """

    name: str
    ids: tuple[str, ...]
    labels: tuple[str, ...]
    logits: NDArray[np.float64]
    gold: Gold
    origin: Origin
    data: str
    groups: tuple[str, ...]
    folds: NDArray[np.int64] | None = None
    ms_per_example: float | None = None
    megabytes: float | None = None
    possible: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        n, width = len(self.ids), len(self.labels)
        shapes = self.logits.shape == (n, width) and self.gold.shape in {(n,), (n, width)}
        shapes = shapes and (self.possible is None or self.possible.shape == (n, width))
        lengths = len(self.groups) == n and (self.folds is None or self.folds.shape == (n,))
        if not (n and width > 1 and shapes and lengths and np.isfinite(self.logits).all()):
            raise self._wrong(
                "its parts do not pair up, or a logit is not finite",
                f"{n} ids, {width} labels, logits {self.logits.shape}, gold {self.gold.shape}",
                "one row of finite logits, one truth and one group an id; two labels or more",
                "Write the run's predictions anew.",
            )
        if len(set(self.ids)) < n or len(set(self.labels)) < width:
            twice = next(part for part in (self.ids, self.labels) if len(set(part)) < len(part))
            raise self._wrong(
                "an id or a label stands in it twice",
                next(value for value in twice if twice.count(value) > 1),
                "unique ids and labels",
                "Pass the predictions of one run and one repeat of the folds.",
            )
        if self.origin not in get_args(Origin):
            raise self._wrong(
                "nothing is known of its predictions' origin",
                self.origin,
                ", ".join(get_args(Origin)),
                "Say how the predictions were made.",
            )

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def multi_label(self) -> bool:
        """Whether an example may have several labels, or none."""
        return self.gold.ndim == 2

    @classmethod
    def from_predictions(
        cls,
        name: str,
        predictions: Sequence[Prediction],
        records: Sequence[Record],
        *,
        origin: Origin,
        label: str = "label",
        labels: Sequence[str] | None = None,
        table: FoldTable | None = None,
        repeat: int = 0,
        activation: Activation = "sigmoid",
        ms_per_example: float | None = None,
        megabytes: float | None = None,
    ) -> Member:
        """A member out of a class-family run, whose candidates are all labels with their logits.

        Args:
            name: for tables.
            predictions: one a record, in any order.
            records: those that were predicted, with their gold label; they decide the order of the rows.
            origin: see :data:`Origin`.
            label: the gold label's name; where it holds lists, the member is of several labels an example.
            labels: the order of the columns; the candidates' names, sorted, when None.
            table: the folds that the run was made on; ``records`` may then be those of one fold, and the
                member's data are those of the table.
            repeat: which repeat of the table.
            activation: of a run of several labels an example: what its logits are given to. Those of a
                softmax are turned into log-odds of its shares.
            ms_per_example, megabytes: the cost of serving it, where it was measured.

        Raises:
            EnsembleError: a record without a prediction or the reverse, candidates that are not all labels,
                or gold labels that no candidate names.
            SplitError: the table is of other data, or does not know a record.
        """
        by_id = {prediction.id: prediction for prediction in predictions}
        ids = tuple(record.id for record in records)
        _check_ids(name, ids, [prediction.id for prediction in predictions])
        if table is not None and set(ids) == set(table.ids):
            table.check(records)
        names = tuple(labels if labels is not None else sorted(c.text for c in by_id[ids[0]].candidates))
        logits = np.stack([_row(name, by_id[id], names) for id in ids])  # (n, L)
        possible = np.stack([probabilities_of(by_id[id], names) > 0 for id in ids])
        gold = _gold(name, records, names, label)
        if gold.ndim == 2 and activation == "softmax":
            logits = log_odds(softmax(logits))
        return cls(
            name,
            ids,
            names,
            logits,
            gold,
            origin,
            records_hash(records) if table is None else table.data,
            tuple(record.group for record in records),
            None if table is None else np.array([table.fold_of(id, repeat) for id in ids]),
            ms_per_example,
            megabytes,
            None if possible.all() or gold.ndim == 2 else possible,
        )

    def _wrong(self, why: str, value: object, allowed: str, cure: str) -> EnsembleError:
        return EnsembleError(
            f"'{self.name}' cannot be a member: {why}.", value=value, allowed=allowed, cure=cure
        )


def read_member(
    folder: str | Path,
    records: Sequence[Record],
    *,
    origin: Origin,
    name: str = "",
    label: str = "label",
    labels: Sequence[str] | None = None,
    table: FoldTable | None = None,
    repeat: int = 0,
    activation: Activation = "sigmoid",
) -> Member:
    """The member whose predictions lie in a run's folder; arguments as in :meth:`Member.from_predictions`.

    Raises:
        ArtifactError: the folder holds no predictions.
        EnsembleError: they do not fit the records.
    """
    path = Path(folder)
    return Member.from_predictions(
        name or path.resolve().name,
        read_predictions(path),
        records,
        origin=origin,
        label=label,
        labels=labels,
        table=table,
        repeat=repeat,
        activation=activation,
    )


def log_odds(shares: NDArray[np.float64]) -> NDArray[np.float64]:
    """``log(p / (1 - p))``, of the same shape, finite where a share is 0 or 1.

    Example:
        >>> log_odds(np.array([0.5])).tolist()
        [0.0]
    """
    p = np.clip(shares, _LEAST, 1 - _LEAST)
    odds: NDArray[np.float64] = np.log(p) - np.log1p(-p)
    return odds


def _check_ids(name: str, wanted: Sequence[str], found: Sequence[str]) -> None:
    missing, extra = sorted(set(wanted) - set(found)), sorted(set(found) - set(wanted))
    if missing or extra or len(set(found)) < len(found) or not wanted:
        raise EnsembleError(
            f"the predictions of '{name}' are not those of the records.",
            value=f"{len(missing)} records without a prediction {missing[:3]}, {len(extra)} predictions of "
            f"other records {extra[:3]}, {len(found) - len(set(found))} twice",
            allowed=f"one prediction for each of the {len(wanted)} records",
            cure="Predict these very records; out-of-fold runs need every fold to be finished.",
        )


def _row(name: str, prediction: Prediction, labels: Sequence[str]) -> NDArray[np.float64]:
    """(L,) the prediction's logits, by name."""
    scores: Mapping[str, float] = {c.text: c.score for c in prediction.candidates}
    if scores.keys() != set(labels) or len(prediction.candidates) != len(labels):
        odd = sorted(scores.keys() ^ set(labels))
        raise EnsembleError(
            f"a prediction of '{name}' does not hold every label.",
            value=f"record '{prediction.id}': {len(scores)} of {len(labels)} labels; {', '.join(odd[:5])}",
            allowed="every label once among the candidates, with its logit as the score",
            cure="Evaluate the run with this release, or pass labels=.",
        )
    return np.array([scores[label] for label in labels], dtype=np.float64)


def _gold(name: str, records: Sequence[Record], labels: Sequence[str], key: str) -> Gold:
    place = {label: number for number, label in enumerate(labels)}
    found = [record.labels.get(key) for record in records]
    several = any(isinstance(value, (list, tuple, set, frozenset)) for value in found)
    matrix = np.zeros((len(records), len(labels)), dtype=np.bool_)
    for row, value in enumerate(found):
        own = value if isinstance(value, (list, tuple, set, frozenset)) else [value]
        unknown = [each for each in own if each is None or str(each) not in place]
        if unknown:
            raise EnsembleError(
                f"a gold label is none of those that '{name}' predicts.",
                value=f"record '{records[row].id}': {key}={unknown[0]!r}",
                allowed=", ".join(labels[:40]),
                cure="Name the gold label with label=..., or bring the records that the run was trained for.",
            )
        matrix[row, [place[str(each)] for each in own]] = True
    return matrix if several else matrix.argmax(axis=1).astype(np.int64)
