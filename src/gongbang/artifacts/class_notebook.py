"""The error notebook (오답노트) of tasks that give labels: wrong rows by kind, confusions, F1 of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.class_kinds import kinds_of
from gongbang.artifacts.evidence import Piece
from gongbang.artifacts.files import plain, read_json, write_json, write_text
from gongbang.artifacts.notebook import FILES, Neighbour
from gongbang.artifacts.slices import Slice
from gongbang.artifacts.stages import RIGHT
from gongbang.errors import ArtifactError

VERSION = 1
OF_LABELS = "labels"
"""What ``notebook.json`` says under "of" when it is one of these; that of a reader says nothing."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text of a record as it is shown; ``length`` is of the whole text in characters."""

    name: str
    pieces: tuple[Piece, ...]
    length: int


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One wrong row.

    Attributes:
        stage: the kind of error, one of :data:`gongbang.artifacts.class_kinds.KINDS`.
        probability: of the likeliest label that was wrongly given; None where none was.
        gold_probability: of the unlikeliest label that was missed; None where none was, or it is unknown.
        gold_rank: rank (from 1) of that label by probability.
        neighbours: the likeliest labels, their probability as score.
        window: the characters [start, end) of the passage that decided, where a passage is read in windows.
    """

    id: str
    stage: str
    texts: tuple[Text, ...]
    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    probability: float | None
    gold_probability: float | None
    gold_rank: int | None
    neighbours: tuple[Neighbour, ...]
    group: str
    source: str
    window: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class LabelOutcome:
    """What became of one record: "right" or the kind of error, its labels, those it was given, its group."""

    stage: str
    gold: tuple[str, ...]
    predicted: tuple[str, ...]
    group: str = ""

    @property
    def right(self) -> bool:
        return self.stage == RIGHT

    @property
    def f1(self) -> float:
        """F1 of the two sets of labels, in [0, 1]; 1 where both are empty."""
        size = len(self.gold) + len(self.predicted)
        return 2 * len(set(self.gold) & set(self.predicted)) / size if size else 1.0


@dataclass(frozen=True, slots=True)
class Cell:
    """How often a gold label was predicted as another; "" stands for no label at all.

    Of several labels a record, each missed one is set against each wrongly given one.
    """

    gold: str
    predicted: str
    n: int


@dataclass(frozen=True, slots=True)
class LabelScore:
    """How one label fares: shares, how many records have it, and how many were given it."""

    label: str
    precision: float
    recall: float
    f1: float
    support: int
    predicted: int


@dataclass(frozen=True, slots=True)
class TypePair:
    """One pair of entity types: its records, how many are wrong, and its confusion, most frequent first."""

    subject: str
    object: str
    n: int
    wrong: int
    confusions: tuple[Cell, ...]


@dataclass(frozen=True, slots=True)
class ClassNotebook:
    """Wrong rows, the surest first, what became of every record, and where the errors gather.

    Attributes:
        labels: every label that was judged. several: whether a record may have any number of them.
        none: the label that says "nothing". leave_out: labels that micro F1 does not count.
        outcomes: every labelled record by id, right ones too; two notebooks are compared by it.
        confusion: the cells that are not empty, right ones too.
        types: pairs of entity types, the one with most wrong rows first; empty for other tasks.
    """

    name: str
    labels: tuple[str, ...]
    rows: tuple[LabelRow, ...]
    outcomes: Mapping[str, LabelOutcome]
    confusion: tuple[Cell, ...] = ()
    report: tuple[LabelScore, ...] = ()
    slices: tuple[Slice, ...] = ()
    types: tuple[TypePair, ...] = ()
    several: bool = False
    none: str = ""
    leave_out: tuple[str, ...] = ()
    unlabelled: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Wrong rows by kind, every kind named that the task can have."""
        found = Counter(row.stage for row in self.rows)
        return {kind: found[kind] for kind in kinds_of(several=self.several, none=self.none)}

    @property
    def confusions(self) -> tuple[Cell, ...]:
        """The confusion's wrong cells, the most frequent first."""
        wrong = (cell for cell in self.confusion if cell.gold != cell.predicted)
        return tuple(sorted(wrong, key=lambda cell: (-cell.n, cell.gold, cell.predicted)))

    def weakest(self, count: int = 3, least: int = 10) -> tuple[LabelScore, ...]:
        """The labels of lowest F1 among those that ``least`` records or more have."""
        known = (score for score in self.report if score.support >= least)
        return tuple(sorted(known, key=lambda score: (score.f1, score.label))[:count])

    def to_dict(self) -> dict[str, Any]:
        """The notebook as plain JSON; :meth:`from_dict` reads it back."""
        body = asdict(self)
        body["outcomes"] = {id_: asdict(outcome) for id_, outcome in self.outcomes.items()}
        summary = {"of": OF_LABELS, "version": VERSION, "n": len(self.outcomes), "wrong": len(self.rows)}
        cleaned: dict[str, Any] = plain({**summary, "counts": self.counts, **body})
        return cleaned

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ClassNotebook:
        """The notebook that :meth:`to_dict` gave.

        Raises:
            ArtifactError: a value is missing, it is another task's, or it was written by a newer release.
        """
        try:
            if values.get("of") != OF_LABELS:
                raise ValueError("it is not one of labels")
            if values["version"] > VERSION:
                raise ValueError(f"version {values['version']} is newer than {VERSION}")
            return ClassNotebook(
                name=values["name"],
                labels=tuple(values["labels"]),
                rows=tuple(_row(row) for row in values["rows"]),
                outcomes={id_: _outcome(outcome) for id_, outcome in values["outcomes"].items()},
                confusion=_cells(values["confusion"]),
                report=tuple(LabelScore(**score) for score in values["report"]),
                slices=tuple(Slice(**item) for item in values["slices"]),
                types=tuple(
                    TypePair(**{**pair, "confusions": _cells(pair["confusions"])}) for pair in values["types"]
                ),
                several=values["several"],
                none=values["none"],
                leave_out=tuple(values["leave_out"]),
                unlabelled=values["unlabelled"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise ArtifactError(
                f"the error notebook cannot be read: {err}.",
                value=type(err).__name__,
                allowed=f"notebook.json of a label task, of version {VERSION} or older",
                cure="Evaluate the run again.",
            ) from err

    def save(self, folder: str | Path) -> None:
        """Write ``notebook.json`` and ``notebook.html`` into a folder, a run's for example."""
        from gongbang.artifacts.class_notebook_html import class_notebook_html

        data, page = (Path(folder) / name for name in FILES)
        write_json(data, self.to_dict())
        write_text(page, class_notebook_html(self))

    @staticmethod
    def open(folder: str | Path) -> ClassNotebook:
        """The notebook of a run's folder.

        Raises:
            ArtifactError: there is none, or it cannot be read.
        """
        values = read_json(Path(folder) / FILES[0], "the error notebook")
        return ClassNotebook.from_dict(values if isinstance(values, Mapping) else {})


def _cells(values: Any) -> tuple[Cell, ...]:
    return tuple(Cell(**cell) for cell in values)


def _outcome(values: Mapping[str, Any]) -> LabelOutcome:
    return LabelOutcome(**{**values, "gold": tuple(values["gold"]), "predicted": tuple(values["predicted"])})


def _row(values: Mapping[str, Any]) -> LabelRow:
    window = values["window"]
    lists = {
        "texts": tuple(
            Text(text["name"], tuple(Piece(**piece) for piece in text["pieces"]), text["length"])
            for text in values["texts"]
        ),
        "gold": tuple(values["gold"]),
        "predicted": tuple(values["predicted"]),
        "neighbours": tuple(Neighbour(**item) for item in values["neighbours"]),
        "window": None if window is None else (window[0], window[1]),
    }
    return LabelRow(**{**values, **lists})
