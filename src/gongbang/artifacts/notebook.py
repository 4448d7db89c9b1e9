"""The error notebook (오답노트): every wrong answer with the stage that failed, counted and sliced."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from gongbang.artifacts.evidence import Piece, context_evidence, other_evidence
from gongbang.artifacts.files import plain, read_json, write_json, write_text
from gongbang.artifacts.slices import Outcome, Slice, describe, slice_scores
from gongbang.artifacts.stages import RIGHT, STAGES, Scorer, assign_stage, locate
from gongbang.data.records import Record
from gongbang.errors import ArtifactError, OptionError
from gongbang.tasks.base import Prediction

VERSION = 1
FILES = ("notebook.json", "notebook.html")
"""What a notebook is written to."""

_SHOWN = 5  # candidates kept a row


@dataclass(frozen=True, slots=True)
class Neighbour:
    """One of the n-best beside the answer that was given."""

    text: str
    score: float
    right: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One wrong answer.

    Attributes:
        gold_rank: rank (from 1) of the first right candidate in the n-best; None when there is none.
        document_rank: rank (from 1) of the gold document in what was retrieved; None when it is not
            among it, or nothing was retrieved.
        evidence: the gold context around gold and prediction.
        read_from: the passage that the answer was read from, where that is another text.
    """

    id: str
    question: str
    gold: tuple[str, ...]
    prediction: str
    confidence: float
    stage: str
    f1: float
    title: str
    gold_rank: int | None
    document_rank: int | None
    neighbours: tuple[Neighbour, ...]
    evidence: tuple[Piece, ...]
    read_from: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class ErrorNotebook:
    """Wrong answers, what became of every question, and where the errors gather.

    ``outcomes`` holds every labelled question, right ones too: it is what two notebooks are compared by.
    ``retrieval`` says whether retrieval results were given.
    """

    name: str
    rows: tuple[Row, ...]
    outcomes: Mapping[str, Outcome]
    slices: tuple[Slice, ...]
    retrieval: bool = False
    unlabelled: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """Wrong answers by stage, every stage named, in the order of the pipeline."""
        found = Counter(row.stage for row in self.rows)
        return {stage: found[stage] for stage in STAGES}

    def to_dict(self) -> dict[str, Any]:
        """The notebook as plain JSON; :meth:`from_dict` reads it back."""
        body = asdict(self)
        body["outcomes"] = {id_: asdict(outcome) for id_, outcome in self.outcomes.items()}
        summary = {"version": VERSION, "n": len(self.outcomes), "wrong": len(self.rows)}
        cleaned: dict[str, Any] = plain({**summary, "counts": self.counts, **body})
        return cleaned

    @staticmethod
    def from_dict(values: Mapping[str, Any]) -> ErrorNotebook:
        """The notebook that :meth:`to_dict` gave.

        Raises:
            ArtifactError: a value is missing, or it was written by a newer release.
        """
        try:
            if values["version"] > VERSION:
                raise ValueError(f"version {values['version']} is newer than {VERSION}")
            return ErrorNotebook(
                name=values["name"],
                rows=tuple(_row(row) for row in values["rows"]),
                outcomes={id_: Outcome(**outcome) for id_, outcome in values["outcomes"].items()},
                slices=tuple(Slice(**item) for item in values["slices"]),
                retrieval=values["retrieval"],
                unlabelled=values["unlabelled"],
            )
        except (KeyError, TypeError, ValueError, AttributeError) as err:
            raise ArtifactError(
                f"the error notebook cannot be read: {err}.",
                value=type(err).__name__,
                allowed=f"notebook.json of version {VERSION} or older",
                cure="Evaluate the run again.",
            ) from err

    def save(self, folder: str | Path) -> None:
        """Write ``notebook.json`` and ``notebook.html`` into a folder, a run's for example."""
        from gongbang.artifacts.notebook_html import notebook_html

        data, page = (Path(folder) / name for name in FILES)
        write_json(data, self.to_dict())
        write_text(page, notebook_html(self))

    @staticmethod
    def open(folder: str | Path) -> ErrorNotebook:
        """The notebook of a run's folder.

        Raises:
            ArtifactError: there is none, or it cannot be read.
        """
        values = read_json(Path(folder) / "notebook.json", "the error notebook")
        return ErrorNotebook.from_dict(values if isinstance(values, Mapping) else {})


def build_notebook(
    records: Sequence[Record],
    predictions: Sequence[Prediction],
    *,
    name: str = "",
    ranked: Mapping[str, Sequence[str]] | None = None,
    texts: Mapping[str, str] | None = None,
    exact_match: Scorer | None = None,
    f1: Scorer | None = None,
) -> ErrorNotebook:
    """Put every labelled question under the stage that failed, or under "right".

    Args:
        records: questions with their golds; those without the role ``answers`` are counted as unlabelled.
        predictions: one a record, matched by id; the order does not matter.
        ranked: retrieved document ids by record id, best first; None when the gold context was given.
        texts: texts of retrieved passages by id, to show what an answer was read from.
        exact_match, f1: metrics of one answer; the official KorQuAD ones by default.

    Raises:
        OptionError: a labelled record has no prediction.

    Example:
        >>> from gongbang.data.records import Span
        >>> r = Record("1", {"question": "수도는?", "context": "수도는 서울이다."},
        ...            spans={"answers": (Span(4, 6, "서울"),)})
        >>> notebook = build_notebook([r], [Prediction("1", "", 0.2)])
        >>> notebook.counts["should_have_answered"]
        1
    """
    exact_match, f1 = exact_match or _metric("exact_match"), f1 or _metric("character_f1")
    by_id = {prediction.id: prediction for prediction in predictions}
    labelled = [record for record in records if "answers" in record.spans]
    check_cover(labelled, by_id)
    rows, outcomes = [], {}
    for record in labelled:
        prediction = by_id[record.id]
        found = None if ranked is None else ranked.get(record.id, ())
        place = locate(record, prediction, texts)
        stage = assign_stage(record, prediction, exact_match, found, place)
        score = _f1_of(record, prediction, f1)
        outcomes[record.id] = Outcome(stage, score, record.group)
        if stage != RIGHT:
            marks = (context_evidence(record, place), other_evidence(place))
            rows.append(
                _new_row(
                    record,
                    prediction,
                    stage=stage,
                    f1=score,
                    ranked=found,
                    exact_match=exact_match,
                    marks=marks,
                )
            )
    kinds = {record.id: describe(record) for record in labelled}
    return ErrorNotebook(
        name=name,
        rows=tuple(rows),
        outcomes=outcomes,
        slices=slice_scores(outcomes, kinds),
        retrieval=ranked is not None,
        unlabelled=len(records) - len(labelled),
    )


def _metric(name: str) -> Scorer:
    from gongbang.metrics import span

    scorer: Scorer = getattr(span, name)
    return scorer


def check_cover(records: Sequence[Record], by_id: Mapping[str, Prediction], what: str = "questions") -> None:
    """Refuse records that nothing was predicted of.

    Raises:
        OptionError: a record has no prediction.
    """
    missing = [record.id for record in records if record.id not in by_id]
    if missing:
        raise OptionError(
            f"{len(missing)} of {len(records)} {what} have no prediction.",
            value=", ".join(missing[:5]),
            allowed="one prediction for every labelled record, with the record's id",
            cure="Predict the whole set, or pass only the records that were predicted.",
        )


def _f1_of(record: Record, prediction: Prediction, f1: Scorer) -> float:
    golds = [span.text for span in record.answers]
    if not golds or not prediction.answered:
        return float(not golds and not prediction.answered)
    return float(f1(prediction.text, golds))


def _new_row(
    record: Record,
    prediction: Prediction,
    *,
    stage: str,
    f1: float,
    ranked: Sequence[str] | None,
    exact_match: Scorer,
    marks: tuple[tuple[Piece, ...], tuple[Piece, ...]],
) -> Row:
    golds = [span.text for span in record.answers]
    right = [bool(golds) and exact_match(c.text, golds) >= 1.0 for c in prediction.candidates]
    document = record.labels.get("document")
    return Row(
        id=record.id,
        question=record.fields.get("question", ""),
        gold=tuple(dict.fromkeys(golds)),
        prediction=prediction.text,
        confidence=prediction.confidence,
        stage=stage,
        f1=f1,
        title=record.fields.get("title", ""),
        gold_rank=right.index(True) + 1 if any(right) else None,
        document_rank=list(ranked).index(str(document)) + 1 if ranked and document in ranked else None,
        neighbours=tuple(
            Neighbour(c.text, c.probability or c.score, ok)
            for c, ok in list(zip(prediction.candidates, right, strict=True))[:_SHOWN]
        ),
        evidence=marks[0],
        read_from=marks[1],
    )


def _row(values: Mapping[str, Any]) -> Row:
    lists = {
        "gold": tuple(values["gold"]),
        "neighbours": tuple(Neighbour(**item) for item in values["neighbours"]),
        "evidence": tuple(Piece(**item) for item in values["evidence"]),
        "read_from": tuple(Piece(**item) for item in values["read_from"]),
    }
    return Row(**{**values, **lists})
