"""Texts to vectors: questions and passages whose dot product says how well they match."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Arrays, Features, Part, Prediction, Schema
from gongbang.tasks.baselines import Guess, scored_baselines
from gongbang.tasks.settings import Configured
from gongbang.tasks.windows import copy_tokenizer, pad_rows, plain_ids, special_id, special_ids, unknown_id

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_PAD_TOKENS = ("<pad>", "[PAD]")
_RANKED = 100  # passages kept of each ranking
_LEAST_LENGTH = 3  # the two special tokens and one of the text


@dataclass(frozen=True, slots=True)
class EncodeConfig:
    """How texts are shown to the encoder.

    Attributes:
        max_length: tokens of a passage; the rest is cut off.
        max_question: tokens of a question.
        question_prefix, passage_prefix: what E5 was trained to see before each (Wang et al. 2024).
        title: whether the passage is preceded by its title.
    """

    max_length: int = 384
    max_question: int = 64
    question_prefix: str = "query: "
    passage_prefix: str = "passage: "
    title: bool = True

    def __post_init__(self) -> None:
        for name in ("max_length", "max_question"):
            if getattr(self, name) < _LEAST_LENGTH:
                raise OptionError(
                    f"{name} is too small.",
                    value=getattr(self, name),
                    allowed=f"{_LEAST_LENGTH} or more",
                    cure=f"Raise {name}.",
                )


@dataclass(slots=True)
class EncodeTask(Configured):
    """Mean-pooled, unit-length text vectors.

    A record with the field ``question`` is encoded as a question, one with ``context`` (and ``title``)
    as a passage; training records carry both and become one row of each.

    Args:
        tokenizer: the tokenizer the weights were trained with.
        settings: see :class:`EncodeConfig`.
    """

    config_type: ClassVar = EncodeConfig
    tokenizer: Tokenizer
    settings: EncodeConfig = field(default_factory=EncodeConfig)
    name: str = field(default="encode", init=False)
    primary_metric: str = field(default="mrr@10", init=False)
    schema: Schema = field(default=Schema(fields=("context",), optional=("question", "title")), init=False)
    ranks_corpus: bool = field(default=True, init=False)
    _questions: Tokenizer = field(init=False, repr=False)
    _passages: Tokenizer = field(init=False, repr=False)
    _special: NDArray[np.int64] = field(init=False, repr=False)
    _unknown: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._questions = copy_tokenizer(self.tokenizer)
        self._questions.enable_truncation(self.settings.max_question)
        self._passages = copy_tokenizer(self.tokenizer)
        self._passages.enable_truncation(self.settings.max_length)
        self._special = special_ids(self.tokenizer)
        self._unknown = unknown_id(self.tokenizer)

    def prepare_questions(self, questions: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        """``input_ids`` and ``attention_mask`` of questions, each (n, longest)."""
        return self._rows(
            self._questions, [self.settings.question_prefix + text.strip() for text in questions]
        )

    def prepare_passages(self, titles: Sequence[str], texts: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        """``input_ids`` and ``attention_mask`` of passages, each (n, longest)."""
        shown = []
        for title, text in zip(titles, texts, strict=True):
            name = title.replace("_", " ").strip() if self.settings.title else ""
            shown.append(
                f"{self.settings.passage_prefix}{name}\n{text}"
                if name
                else self.settings.passage_prefix + text
            )
        return self._rows(self._passages, shown)

    def _rows(self, tokenizer: Tokenizer, texts: Sequence[str]) -> dict[str, NDArray[np.int64]]:
        pad = special_id(tokenizer, _PAD_TOKENS, "padding")
        encodings = tokenizer.encode_batch(list(texts))
        ids = [plain_ids(encoding, self._special, self._unknown) for encoding in encodings]
        return {
            "input_ids": pad_rows(ids, pad),
            "attention_mask": pad_rows([np.ones_like(row) for row in ids], 0),
        }

    def prepare(self, records: Sequence[Record]) -> Features:
        """Passages as ``input_ids``/``attention_mask`` and, beside them, questions as ``question_*``.

        A record that is no pair (:func:`is_pair`) only adds its passage to what is ranked. The target
        ``document`` is the same number for the same passage, so that a loss over a batch can tell a true
        negative from another question about the same passage.

        Raises:
            DataError: a record has no passage.
        """
        for record in records:
            if not record.fields.get("context", "").strip():
                raise DataError(
                    f"record '{record.id}' has no context.",
                    value=record.fields.get("context"),
                    allowed="a text that is not blank",
                    cure="Fill in 'context', or map the column that holds it.",
                    field="context",
                )
        passages = self.prepare_passages(
            [record.fields.get("title", "") for record in records],
            [record.fields["context"] for record in records],
        )
        questions = self.prepare_questions([record.fields.get("question", "") for record in records])
        numbers: dict[str, int] = {}
        documents = [numbers.setdefault(record.fields["context"], len(numbers)) for record in records]
        return Features(
            inputs={**passages, **{f"question_{name}": array for name, array in questions.items()}},
            targets={"document": np.asarray(documents, dtype=np.int64)},
            record=np.arange(len(records), dtype=np.int64),
            rows=[None] * len(records),
            records=records,
        )

    def decode(self, outputs: Arrays, features: Features) -> list[Prediction]:
        """Ranks the passages of ``features`` for each question by dot product.

        Args:
            outputs: ``question_embedding`` and ``embedding``, each (rows, dimension), unit length.

        Returns:
            One prediction a question: ``text`` is the best passage's number among the distinct ones,
            ``details["ranked"]`` the best hundred, best first, ``details["gold"]`` its own,
            ``details["group"]`` the question's group.
        """
        documents = features.targets["document"]
        first = np.unique(documents, return_index=True)[1]  # row of each distinct passage, by number
        asked = [row for row, record in enumerate(features.records) if is_pair(record)]
        scores = outputs["question_embedding"][asked] @ outputs["embedding"][first].T  # (asked, documents)
        order = np.argsort(-scores, axis=1, kind="stable")[:, :_RANKED]
        predictions = []
        for at, row in enumerate(asked):
            ranked = [str(number) for number in order[at]]
            record = features.records[row]
            details = {"ranked": ranked, "gold": str(documents[row]), "group": record.group}
            predictions.append(
                Prediction(record.id, ranked[0], float(scores[at, order[at, 0]]), details=details)
            )
        return predictions

    def score(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
        """Recall@1/5/10/20 and MRR@10 among the passages of these records, clustered by group."""
        from gongbang.metrics.ranking import ranking_scores

        groups = {record.id: record.group for record in records}
        return ranking_scores(
            [prediction.details["ranked"] for prediction in predictions],
            [{prediction.details["gold"]} for prediction in predictions],
            groups=[groups[prediction.id] for prediction in predictions],
        )

    def baselines(self, *parts: Part) -> dict[str, Scores]:
        """What a number must beat: ranking by shared character bigrams."""
        from gongbang.tasks.encode_baselines import bigram_ranking

        guesses: dict[str, Guess] = {"shared bigrams": lambda _, held: bigram_ranking(held)}
        return scored_baselines(guesses, parts, self.score)


def is_pair(record: Record) -> bool:
    """Whether a record's passage is the one to find for its question; a record that says "no answer" is none.

    Example:
        >>> texts = {"question": "어디?", "context": "강릉이다."}
        >>> is_pair(Record("1", texts)), is_pair(Record("2", texts, spans={"answers": ()}))
        (True, False)
    """
    answered = "answers" not in record.spans or bool(record.answers)
    return answered and bool(record.fields.get("question", "").strip())
