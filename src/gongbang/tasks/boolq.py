"""Boolean questions: a question and a passage to yes, no, or "the passage does not say".

A passage of any length is read in windows that overlap. What a window says is taken relative to its own
"no answer": one that holds nothing about the question has no voice, however many such windows there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Passage, Record
from gongbang.errors import OptionError
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Arrays, Features, Part, Prediction, Schema
from gongbang.tasks.baselines import Guess, scored_baselines
from gongbang.tasks.labels import (
    label_ids,
    label_of,
    label_prediction,
    probabilities_of,
    scores_of,
    shared_predictions,
    softmax,
)
from gongbang.tasks.nearest import bigrams, nearest_sentence
from gongbang.tasks.settings import Configured, check_temperature
from gongbang.tasks.texts import need_text
from gongbang.tasks.windows import Window, Windower, pad_rows

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Aggregate = Literal["sum", "max"]
ANSWERS = ("yes", "no")
NO_ANSWER = "no-answer"
LABELS = (*ANSWERS, NO_ANSWER)
_SAME_TEXT = 0.3  # share of a passage's bigrams that makes another one a telling of the same matter


@dataclass(frozen=True, slots=True)
class BoolqConfig:
    """What decides how records become windows and logits become answers.

    Attributes:
        max_length: tokens in a window.
        stride: tokens that neighbouring windows share.
        max_question: tokens kept of question and title.
        title: whether the passage's title is shown beside the question.
        aggregate: how windows are pooled: "sum" adds their odds against "no answer", "max" takes the window
            that is surest that the passage says something.
        temperature: divides the pooled scores before the softmax; fitted at export.
        null_bias: added to the score of "no answer"; fitted at export.
        window_cost: taken from each window's odds for every doubling of the number of windows, since among
            many windows one errs sooner; fitted at export where long passages are there to fit it on.
    """

    max_length: int = 320
    stride: int = 96
    max_question: int = 64
    title: bool = True
    aggregate: Aggregate = "max"
    temperature: float = 1.0
    null_bias: float = 0.0
    window_cost: float = 0.0

    def __post_init__(self) -> None:
        if self.aggregate not in get_args(Aggregate):
            raise OptionError(
                "unknown way to pool windows.",
                value=self.aggregate,
                allowed=", ".join(get_args(Aggregate)),
                cure="Set aggregate to one of these.",
            )
        check_temperature(self.temperature)


@dataclass(slots=True)
class BoolqTask(Configured):
    """Question and passage to yes, no or no-answer, with the sentence that supports it.

    Args:
        tokenizer: the tokenizer the weights were trained with.
        settings: see :class:`BoolqConfig`.

    Example:
        >>> BoolqConfig(aggregate="sum").stride
        96
    """

    config_type: ClassVar = BoolqConfig
    tokenizer: Tokenizer
    settings: BoolqConfig = field(default_factory=BoolqConfig)
    name: str = field(default="boolq", init=False)
    primary_metric: str = field(default="accuracy", init=False)
    ranks_corpus: bool = field(default=False, init=False)
    schema: Schema = field(
        default=Schema(fields=("question", "context"), optional=("title",), labels=("label",)), init=False
    )
    _windower: Windower = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._windower = Windower(
            self.tokenizer,
            max_length=self.settings.max_length,
            stride=self.settings.stride,
            max_question=self.settings.max_question,
        )

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the model's outputs."""
        return LABELS

    def prepare(self, records: Sequence[Record]) -> Features:
        """Windows of every record; the target ``label``, (rows,), where every record carries its label.

        Of a passage with several windows only the one most like the question is trained to give its answer;
        the others are trained to give "no answer".

        Raises:
            DataError: a record lacks its question or passage, or has a label that is none of the task's.
        """
        questions = [self._question(record) for record in records]
        contexts = [need_text(record, "context") for record in records]
        cut = self._windower.cut(questions, contexts)
        windows = [window for parts in cut for window in parts]
        owner = np.repeat(np.arange(len(records)), [len(parts) for parts in cut]).astype(np.int64)
        ids = label_ids(records, LABELS)
        ids_rows = [window.ids for window in windows]
        return Features(
            inputs={
                "input_ids": pad_rows(ids_rows, self._windower.pad_id),
                "attention_mask": pad_rows([np.ones_like(row) for row in ids_rows], 0),
                "token_type_ids": pad_rows([window.type_ids for window in windows], 0),
            },
            targets={"label": self._targets(ids, records, cut)} if len(ids) else {},
            record=owner,
            rows=[_reach(window) for window in windows],
            records=records,
        )

    def _question(self, record: Record) -> str:
        question = need_text(record, "question").strip()
        title = record.fields.get("title", "").replace("_", " ").strip()
        return f"{question} | {title}" if self.settings.title and title else question

    def _targets(
        self, ids: NDArray[np.int64], records: Sequence[Record], cut: Sequence[Sequence[Window]]
    ) -> NDArray[np.int64]:
        targets = []
        for label, record, windows in zip(ids, records, cut, strict=True):
            home = _likeliest(record, [_reach(window) for window in windows])
            targets += [int(label) if at == home else LABELS.index(NO_ANSWER) for at in range(len(windows))]
        return np.asarray(targets, dtype=np.int64)

    def decode(self, outputs: Arrays, features: Features) -> list[Prediction]:
        """Answers from ``logits``, (rows, 3); one prediction a record, every label a candidate.

        ``details["evidence"]`` is the supporting sentence with its characters of the passage (None for "no
        answer"), ``details["window"]`` the characters of the window that decided.
        """
        logits = np.asarray(outputs["logits"], dtype=np.float64)
        rows_of: list[list[int]] = [[] for _ in features.records]
        for row, index in enumerate(features.record):
            rows_of[int(index)].append(row)
        return [
            self._answer(record, logits[rows], [features.rows[row] for row in rows])
            for record, rows in zip(features.records, rows_of, strict=True)
        ]

    def _answer(
        self, record: Record, logits: NDArray[np.float64], reaches: Sequence[tuple[int, int]]
    ) -> Prediction:
        scores, window = self.pool(logits)
        shares = softmax(scores / self.settings.temperature)
        prediction = label_prediction(record.id, LABELS, scores, probabilities=shares)
        evidence = None
        if prediction.text != NO_ANSWER:
            found = nearest_sentence(record.fields["question"], record.fields["context"], reaches[window])
            if found is not None:
                evidence = {"text": found.text, "start": found.start, "end": found.end}
        return replace(prediction, details={"evidence": evidence, "window": list(reaches[window])})

    def pool(self, logits: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
        """The passage's scores, (3,), and which window decided, from its windows' logits, (windows, 3)."""
        odds = logits[:, : len(ANSWERS)] - logits[:, -1:]  # against the window's own "no answer"
        odds = odds - self.settings.window_cost * np.log2(len(odds))
        window = int(np.logaddexp.reduce(odds, axis=1).argmax())
        pooled = np.logaddexp.reduce(odds, axis=0) if self.settings.aggregate == "sum" else odds[window]
        return np.asarray([*pooled, self.settings.null_bias]), window

    def fit(self, outputs: Arrays, features: Features) -> tuple[BoolqTask, dict[str, Any]]:
        """The task with temperature and bias of "no answer" fitted, and what that changed.

        The bias makes the mean of the shares of "answered" and "unanswered" records that are told apart
        largest; without unanswered records among them it stays as it is.

        Args:
            outputs: ``logits``, (rows, 3), of records that were not trained on.
        """
        from gongbang.metrics.calibration import fit_temperature

        logits = np.asarray(outputs["logits"], dtype=np.float64)
        plain = replace(self.settings, temperature=1.0, null_bias=0.0)
        task = BoolqTask(self.tokenizer, plain)
        groups = [logits[features.record == at] for at in range(len(features.records))]
        scores = np.stack([task.pool(rows)[0] for rows in groups])
        gold = label_ids(features.records, LABELS)
        bias = _null_bias(scores, gold)
        temperature = fit_temperature(scores + np.asarray([0.0, 0.0, bias]), gold)
        settings = replace(plain, temperature=round(float(temperature), 6), null_bias=round(float(bias), 6))
        report = {"temperature": settings.temperature, "null_bias": settings.null_bias, "records": len(gold)}
        return BoolqTask(self.tokenizer, settings), report

    def from_probabilities(self, ids: Sequence[str], shares: NDArray[np.float64]) -> list[Prediction]:
        """Predictions of (n, L) probabilities, such as the mean of several models'."""
        return shared_predictions(ids, self.labels, shares)

    def score(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
        """Accuracy, macro F1 and AUPRC as shares, with 95 % intervals clustered by group.

        Where no record says "no answer", as in BoolQ and KoBEST, silence is never right: then the likelier of
        yes and no is taken.
        """
        labels = LABELS if any(label_of(record) == NO_ANSWER for record in records) else ANSWERS
        told = predictions if labels == LABELS else [_forced(prediction) for prediction in predictions]
        return scores_of(told, records, labels, primary=self.primary_metric)

    def baselines(self, *parts: Part) -> dict[str, Scores]:
        """What a number must beat: the commonest label."""
        from gongbang.tasks.class_baselines import majority

        guesses: dict[str, Guess] = {"majority": lambda train, held: majority(train or held, held, LABELS)}
        return scored_baselines(guesses, parts, self.score)


def is_answered(record: Record) -> bool:
    """Whether a record's passage answers its question.

    Example:
        >>> is_answered(Record("1", {"question": "?"}, labels={"label": "yes"}))
        True
    """
    return label_of(record) in ANSWERS


def distractor(record: Record, passage: Passage, number: int) -> Record | None:
    """The record's question over a passage that does not answer it; None where the passage may answer it.

    A passage that shares much of its wording with the record's own tells of the same matter.
    """
    own, other = bigrams(record.fields["context"]), bigrams(passage.text)
    if len(own & other) >= _SAME_TEXT * min(len(own), len(other)):
        return None
    return Record(
        id=f"{record.id}-negative-{number}",
        fields={"question": record.fields["question"], "context": passage.text, "title": passage.title},
        labels={"label": NO_ANSWER, "document": passage.document},
        group=record.group,
        lineage=(*record.lineage, record.id),
        source=record.source,
        licence=record.licence,
    )


def _forced(prediction: Prediction) -> Prediction:
    """The prediction as it is where "no answer" is not allowed; of equals yes comes first."""
    yes, no = probabilities_of(prediction, ANSWERS)
    return replace(prediction, text=ANSWERS[0] if yes >= no else ANSWERS[1])


def _reach(window: Window) -> tuple[int, int]:
    """First and last character of the passage that a window holds."""
    inside = window.offsets[window.offsets[:, 0] >= 0]
    return (int(inside[0, 0]), int(inside[-1, 1])) if len(inside) else (0, 0)


def _likeliest(record: Record, reaches: Sequence[tuple[int, int]]) -> int:
    """The window that holds the sentence most like the question."""
    if len(reaches) == 1:
        return 0
    found = nearest_sentence(record.fields["question"], record.fields["context"])
    if found is None:
        return 0
    held = [min(end, found.end) - max(start, found.start) for start, end in reaches]
    return int(np.argmax(held))


def _null_bias(scores: NDArray[np.float64], gold: NDArray[np.int64]) -> float:
    """The bias at which answered and unanswered records are best told apart, in the middle of a plateau."""
    margins = np.logaddexp.reduce(scores[:, : len(ANSWERS)], axis=1)
    answered = gold < len(ANSWERS)
    if answered.all() or not answered.any():
        return 0.0
    edges = np.unique(margins)
    places = np.concatenate([[edges[0] - 1], (edges[1:] + edges[:-1]) / 2, [edges[-1] + 1]])
    kept = np.asarray([(margins[answered] > at).mean() + (margins[~answered] <= at).mean() for at in places])
    best = np.flatnonzero(kept >= kept.max() - 1e-12)
    return float(places[best[len(best) // 2]])
