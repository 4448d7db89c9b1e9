"""The reader: a question and a passage to the span that answers it, or to "no answer here".

Several records may ask one question of several passages: those that share ``labels["question_id"]`` are
read one by one and their spans pooled, so reading one passage is the special case of reading many.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Arrays, Candidate, Features, Part, Prediction, Schema
from gongbang.tasks.baselines import Guess, scored_baselines
from gongbang.tasks.highlight import (
    SENTENCES,
    Highlight,
    check_highlight,
    completed,
    highlight_inputs,
    highlight_scores,
    with_hash,
    without_hash,
)
from gongbang.tasks.settings import settings_from
from gongbang.tasks.spans import (
    Scoring,
    WindowSpan,
    best_spans,
    check_scoring,
    normalise_logits,
    strip_space,
)
from gongbang.tasks.texts import need_text
from gongbang.tasks.windows import Window, Windower, pad_rows, token_span
from gongbang.text.languages import Language, language_named
from gongbang.text.normalise import Normaliser

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from gongbang.tasks.trim import SpanTrimmer
    from gongbang.text.edits import Edited

TitleMode = Literal["none", "question"]
_SMALLEST_RETRIEVAL_SCORE = 1e-6


@dataclass(frozen=True, slots=True)
class ReaderConfig:
    """What decides how records become windows and logits become answers.

    Attributes:
        max_length: tokens in a window.
        stride: tokens that neighbouring windows share.
        max_question: tokens kept of question and title.
        max_answer: tokens in the longest answer.
        n_best: candidates kept a question.
        title: "question" shows the title beside the question, "none" hides it.
        language: whose clean-up, trimming and metrics are used, see :mod:`gongbang.text.languages`.
        normalise: steps of the text floor applied to the passage, after the language's own.
        scoring: how spans of different windows are compared, see :mod:`gongbang.tasks.spans`.
        retrieval_weight: weight of log(retrieval score) added to a span's score.
        trim: whether spans are trimmed to the borders of what they name.
        highlight: which sentences are lit for the model, see :mod:`gongbang.tasks.highlight`: "none", those
            most like the question ("predicted"), or those of the labelled answers ("oracle", to measure by).
        highlight_sentences: sentences that "predicted" lights at most.
        slope, bias: the calibration: confidence = sigmoid(slope * margin + bias).
        no_answer_threshold: below this confidence the answer is "no answer".

    ``scoring``, ``retrieval_weight``, ``slope``, ``bias`` and ``no_answer_threshold`` hold while training is
    evaluated; export fits them anew on the development questions (:mod:`gongbang.runtime.calibrate`), and the
    artifact has the fitted ones.
    """

    max_length: int = 384
    stride: int = 128
    max_question: int = 96
    max_answer: int = 40
    n_best: int = 20
    title: TitleMode = "question"
    language: str = "ko"
    normalise: tuple[str, ...] = ()
    scoring: Scoring = "probability_product"
    retrieval_weight: float = 0.0
    trim: bool = True
    highlight: Highlight = "none"
    highlight_sentences: int = field(default=SENTENCES, metadata={"of": ("highlight", "predicted")})
    slope: float = 1.0
    bias: float = 0.0
    no_answer_threshold: float = 0.0

    def __post_init__(self) -> None:
        check_scoring(self.scoring)
        check_highlight(self.highlight, self.highlight_sentences)
        language_named(self.language)
        object.__setattr__(self, "normalise", tuple(self.normalise))
        if self.title not in get_args(TitleMode):
            raise OptionError(
                "unknown way to show the title.",
                value=self.title,
                allowed=", ".join(get_args(TitleMode)),
                cure="Set title to one of these.",
            )
        for name in ("max_length", "max_question", "max_answer", "n_best"):
            if getattr(self, name) < 1:
                raise OptionError(
                    f"{name} is too small.",
                    value=getattr(self, name),
                    allowed="1 or more",
                    cure=f"Raise {name}.",
                )

    @property
    def steps(self) -> tuple[str, ...]:
        """The passage's clean-up: the language's steps, then those of ``normalise`` that are none of them."""
        first = language_named(self.language).steps
        return (*first, *(step for step in self.normalise if step not in first))


@dataclass(frozen=True, slots=True)
class _Row:
    """What decoding needs of a window: (time, 2) offsets and, where the passage was edited, the way back."""

    offsets: NDArray[np.int64]
    edited: Edited | None


@dataclass(slots=True)
class ReaderTask:
    """Extractive question answering with no-answer.

    Args:
        tokenizer: the tokenizer the weights were trained with.
        settings: see :class:`ReaderConfig`.

    Example:
        >>> from gongbang.tasks.reader import ReaderConfig
        >>> ReaderConfig(max_length=256).stride
        128
    """

    tokenizer: Tokenizer
    settings: ReaderConfig = field(default_factory=ReaderConfig)
    name: str = field(default="reader", init=False)
    primary_metric: str = field(default="exact_match", init=False)
    ranks_corpus: bool = field(default=False, init=False)
    schema: Schema = field(
        default=Schema(fields=("question", "context"), optional=("title",), spans=("answers",)), init=False
    )
    language: Language = field(init=False, repr=False)
    _windower: Windower = field(init=False, repr=False)
    _normaliser: Normaliser | None = field(init=False, repr=False, default=None)
    _trimmer: SpanTrimmer | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        self._windower = Windower(
            self.tokenizer,
            max_length=self.settings.max_length,
            stride=self.settings.stride,
            max_question=self.settings.max_question,
        )
        self.language = language_named(self.settings.language)
        if self.settings.steps:
            self._normaliser = Normaliser(self.settings.steps)
        if self.settings.trim:
            from gongbang.tasks.trim import SpanTrimmer

            self._trimmer = SpanTrimmer(language=self.language)

    @classmethod
    def from_config(cls, tokenizer: Tokenizer, config: Mapping[str, Any]) -> ReaderTask:
        """The task that :meth:`config` described.

        Raises:
            ArtifactError: the configuration has a key that this release does not know, or was trained with
                another highlighter than this release's.
        """
        return cls(tokenizer, settings_from(ReaderConfig, without_hash(config)))

    @staticmethod
    def complete(config: Mapping[str, Any], records: Sequence[Record]) -> dict[str, Any]:
        """A recipe's pipeline with the hash of its highlighter, so that a run is gone on with by the same."""
        return completed(config)

    @property
    def model(self) -> str:
        """Which of :data:`gongbang.nn.table.MODELS` reads what is prepared."""
        return "reader" if self.settings.highlight == "none" else "highlighted reader"

    def config(self) -> dict[str, Any]:
        """The settings as plain JSON, and the hash of the highlighter where there is one."""
        return with_hash({**asdict(self.settings), "normalise": list(self.settings.normalise)})

    # -- records to arrays -------------------------------------------------------------------------

    def prepare(self, records: Sequence[Record]) -> Features:
        """Windows of every record; targets only where every record carries the role ``answers``.

        Returns:
            Features whose ``inputs`` are ``input_ids``, ``attention_mask`` and ``token_type_ids``, each
            (rows, longest), and whose ``targets`` are ``start_positions`` and ``end_positions``, each
            (rows,): the first and last token of the answer, or 0 where the window does not hold it. With
            ``highlight`` there is an input ``highlight_ids`` besides: 1 for the tokens that are lit.

        Raises:
            DataError: a record lacks its question or passage, or its answers under ``highlight: oracle``.
        """
        for record in records:
            for name in self.schema.fields:
                need_text(record, name)
        edits = [self._edit(record.fields["context"]) for record in records]
        contexts = [
            record.fields["context"] if edit is None else edit.text
            for record, edit in zip(records, edits, strict=True)
        ]
        questions = [self._question(record) for record in records]
        cut = self._windower.cut(questions, contexts)
        windows = [window for windows in cut for window in windows]
        owner = np.repeat(np.arange(len(records)), [len(windows) for windows in cut]).astype(np.int64)
        how = self.settings.highlight, self.settings.highlight_sentences
        offsets = [window.offsets for window in windows]
        return Features(
            inputs=self._inputs(windows) | highlight_inputs(records, *how, offsets, owner, edits),
            targets=self._targets(windows, owner, records, edits),
            record=owner,
            rows=[_Row(window.offsets, edits[index]) for window, index in zip(windows, owner, strict=True)],
            records=records,
        )

    def _edit(self, context: str) -> Edited | None:
        return None if self._normaliser is None else self._normaliser.apply(context)

    def _question(self, record: Record) -> str:
        title = self.language.clean(record.fields.get("title", "")).replace("_", " ").strip()
        question = self.language.clean(record.fields["question"]).strip()
        return f"{question} | {title}" if self.settings.title == "question" and title else question

    def _inputs(self, windows: Sequence[Window]) -> dict[str, NDArray[Any]]:
        ids = [window.ids for window in windows]
        return {
            "input_ids": pad_rows(ids, self._windower.pad_id),
            "attention_mask": pad_rows([np.ones_like(row) for row in ids], 0),
            "token_type_ids": pad_rows([window.type_ids for window in windows], 0),
        }

    def _targets(
        self,
        windows: Sequence[Window],
        owner: NDArray[np.int64],
        records: Sequence[Record],
        edits: Sequence[Edited | None],
    ) -> dict[str, NDArray[Any]]:
        if not all("answers" in record.spans for record in records):
            return {}
        places = np.zeros((len(windows), 2), dtype=np.int64)
        for row, (window, index) in enumerate(zip(windows, owner, strict=True)):
            answers = records[index].answers
            if answers:
                edit = edits[index]
                span = (answers[0].start, answers[0].end)
                places[row] = token_span(window.offsets, *(span if edit is None else edit.to_edited(*span)))
        return {"start_positions": places[:, 0], "end_positions": places[:, 1]}

    # -- arrays to answers -------------------------------------------------------------------------

    def decode(self, outputs: Arrays, features: Features) -> list[Prediction]:
        """Answers from ``start_logits`` and ``end_logits``, each (rows, time); one a question, in order."""
        starts = np.asarray(outputs["start_logits"], dtype=np.float64)
        ends = np.asarray(outputs["end_logits"], dtype=np.float64)
        rows_of: dict[str, list[int]] = {}
        for row, index in enumerate(features.record):
            rows_of.setdefault(question_id(features.records[index]), []).append(row)
        return [self._answer(key, rows, starts, ends, features) for key, rows in rows_of.items()]

    def _answer(
        self, key: str, rows: Sequence[int], starts: NDArray[Any], ends: NDArray[Any], features: Features
    ) -> Prediction:
        lengths = [len(features.rows[row].offsets) for row in rows]
        start, end = normalise_logits(
            [starts[row, :length] for row, length in zip(rows, lengths, strict=True)],
            [ends[row, :length] for row, length in zip(rows, lengths, strict=True)],
            self.settings.scoring,
        )
        spans: list[WindowSpan] = []
        for at, row in enumerate(rows):
            spans += best_spans(
                row,
                start[at],
                end[at],
                features.rows[row].offsets,
                n_best=self.settings.n_best,
                max_tokens=self.settings.max_answer,
            )
        candidates = self._candidates(spans, features)
        if not candidates:
            return Prediction(key, "", 0.0)
        best = candidates[0]
        text = best.text if best.probability >= self.settings.no_answer_threshold else ""
        return Prediction(key, text, best.probability, tuple(candidates), null_score=1.0 - best.probability)

    def _candidates(self, spans: Sequence[WindowSpan], features: Features) -> list[Candidate]:
        """Trimmed, without repeats, best first; ``probability`` is the calibrated confidence."""
        scored = [
            (span.score + self._retrieval(features.records[features.record[span.row]]), span)
            for span in spans
        ]
        scored.sort(key=lambda pair: (-pair[0], pair[1].row, pair[1].start, pair[1].end))
        found: dict[tuple[str, int, int], Candidate] = {}
        for score, span in scored:
            record = features.records[features.record[span.row]]
            start, end = self._original(span, features.rows[span.row], record)
            place = (record.id, start, end)
            if end <= start or place in found:
                continue
            text = record.fields["context"][start:end]
            if not any(map(str.isalnum, text)):  # blanks and commas answer nothing
                continue
            found[place] = Candidate(text, start, end, score, self._confidence(span.margin), record.id)
            if len(found) == self.settings.n_best:
                break
        return list(found.values())

    def _original(self, span: WindowSpan, row: _Row, record: Record) -> tuple[int, int]:
        start, last, end = span.start, span.last, span.end
        if row.edited is not None:
            last, _ = row.edited.to_original(last, end)
            start, end = row.edited.to_original(start, end)
        context = record.fields["context"]
        if self._trimmer is not None:
            return self._trimmer.trim(context, start, end, last)
        return strip_space(context, start, end)

    def _retrieval(self, record: Record) -> float:
        if not self.settings.retrieval_weight:
            return 0.0
        score = float(record.labels.get("retrieval_score", 1.0))
        return self.settings.retrieval_weight * float(np.log(max(score, _SMALLEST_RETRIEVAL_SCORE)))

    def _confidence(self, margin: float) -> float:
        value = np.clip(self.settings.slope * margin + self.settings.bias, -60.0, 60.0)
        return float(1.0 / (1.0 + np.exp(-value)))

    # -- answers to scores -------------------------------------------------------------------------

    def score(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
        """The language's metrics (Korean: KorQuAD's two, KLUE's ROUGE-W), 95 % intervals clustered by group.

        A question that is asked of several passages is answered by the answers of all of them. With
        ``highlight``, how well that finds them stands beside (:func:`.highlight.highlight_scores`).
        """
        scores = self._span_scores(predictions, records)
        how = self.settings.highlight, self.settings.highlight_sentences
        return replace(scores, scores={**scores.scores, **highlight_scores(records, *how)})

    def _span_scores(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
        from gongbang.metrics.span import span_scores

        by_question: dict[str, list[Record]] = {}
        for record in records:
            by_question.setdefault(question_id(record), []).append(record)
        asked = [by_question[prediction.id] for prediction in predictions]
        clean = self.language.comparable
        return span_scores(
            [clean(prediction.text) for prediction in predictions],
            [[clean(span.text) for record in together for span in record.answers] for together in asked],
            groups=[together[0].group for together in asked],
            metrics=self.language.metrics,
        )

    def baselines(self, *parts: Part) -> dict[str, Scores]:
        """What a number must beat: the passage's first word, and the sentence most like the question."""
        from gongbang.tasks.reader_baselines import first_word, nearest_sentence

        guesses: dict[str, Guess] = {
            "first word": lambda _, held: [first_word(record) for record in held],
            "nearest sentence": lambda _, held: [nearest_sentence(record) for record in held],
        }
        return scored_baselines(guesses, parts, self._span_scores)


def question_id(record: Record) -> str:
    """What spans are pooled by: the label ``question_id``, or the record's own id."""
    return str(record.labels.get("question_id", record.id))
