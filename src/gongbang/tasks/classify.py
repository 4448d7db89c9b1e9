"""Classification: a text, or a pair of texts, to one of several labels.

Topics, sentiment, entailment and intents are this one task with other labels. A cascade is two of them: the
second sees the label that the first gave (``given``), as Korean annotators often decide the kind of an
utterance first and its topic then.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Arrays, Features, Part, Prediction, Schema
from gongbang.tasks.baselines import Guess, scored_baselines
from gongbang.tasks.labels import (
    check_labels,
    class_targets,
    fitted_temperature,
    label_of,
    label_prediction,
    labels_in,
    scores_of,
    shared_predictions,
    softmax,
)
from gongbang.tasks.settings import Configured, check_temperature
from gongbang.tasks.texts import TextRows, need_text

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from gongbang.text.normalise import Normaliser

Keep = Literal["start", "ends"]


@dataclass(frozen=True, slots=True)
class ClassifyConfig:
    """What decides how texts become rows and logits become labels.

    Attributes:
        labels: in the order of the model's outputs; those of the training data, sorted, where a recipe says
            none.
        label: which of a record's labels is learned.
        given: a label that is shown beside the text: of the person who labelled in training, of an earlier
            classifier when serving; empty for none.
        pair: whether records carry a second text, ``pair``.
        max_length: tokens in a row.
        keep: what is kept of a single text that is too long: its "start", or both "ends".
        prefix: what E5 was trained to see before a text (Wang et al. 2024).
        normalise: steps of the text floor applied before the text is tokenised.
        temperature: divides the logits before the softmax; fitted on development data at export.
    """

    labels: tuple[str, ...] = ()
    label: str = "label"
    given: str = ""
    pair: bool = False
    max_length: int = 128
    keep: Keep = "start"
    prefix: str = ""
    normalise: tuple[str, ...] = ()
    temperature: float = 1.0

    def __post_init__(self) -> None:
        for name in ("labels", "normalise"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_labels(self.labels)
        if self.keep not in get_args(Keep):
            raise OptionError(
                "unknown part to keep of a long text.",
                value=self.keep,
                allowed=", ".join(get_args(Keep)),
                cure="Set keep to one of these.",
            )
        check_temperature(self.temperature)


@dataclass(slots=True)
class ClassifyTask(Configured):
    """One text or a pair to one label.

    Args:
        tokenizer: the tokenizer the weights were trained with.
        settings: see :class:`ClassifyConfig`.

    Example:
        >>> ClassifyConfig(labels=("negative", "positive")).label
        'label'
    """

    config_type: ClassVar = ClassifyConfig
    tokenizer: Tokenizer
    settings: ClassifyConfig
    name: str = field(default="classify", init=False)
    primary_metric: str = field(default="accuracy", init=False)
    ranks_corpus: bool = field(default=False, init=False)
    schema: Schema = field(init=False)
    _rows: TextRows = field(init=False, repr=False)
    _normaliser: Normaliser | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        settings = self.settings
        texts = ("text", "pair") if settings.pair else ("text",)
        self.schema = Schema(fields=texts, labels=(settings.label,))
        self._rows = TextRows(self.tokenizer, max_length=settings.max_length, keep=settings.keep)
        if settings.normalise:
            from gongbang.text.normalise import Normaliser

            self._normaliser = Normaliser(settings.normalise)

    @staticmethod
    def complete(config: Mapping[str, Any], records: Sequence[Record]) -> dict[str, Any]:
        """A recipe's pipeline with what it leaves to the training data: the labels."""
        if config.get("labels"):
            return dict(config)
        return {**config, "labels": list(labels_in(records, config.get("label", "label")))}

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the model's outputs."""
        return self.settings.labels

    def prepare(self, records: Sequence[Record]) -> Features:
        """A row a record; targets ``label``, (rows,), and ``soft``, (rows, L), where every record has them.

        Raises:
            DataError: a record lacks a text, its given label, or has a label that the task does not know.
        """
        texts = [self._text(record) for record in records]
        pairs = self._pairs(records)
        return Features(
            inputs=dict(self._rows.rows(texts, pairs)),
            targets=class_targets(records, self.labels, self.settings.label),
            record=np.arange(len(records), dtype=np.int64),
            rows=[None] * len(records),
            records=records,
        )

    def _text(self, record: Record) -> str:
        return self.settings.prefix + self._clean(need_text(record, "text"))

    def _clean(self, text: str) -> str:
        return (text if self._normaliser is None else self._normaliser.apply(text).text).strip()

    def _pairs(self, records: Sequence[Record]) -> list[str] | None:
        """What stands beside each text: the given label, the second text, or both."""
        if not (self.settings.given or self.settings.pair):
            return None
        seconds = []
        for record in records:
            parts = []
            if self.settings.given:
                parts.append(self._given(record))
            if self.settings.pair:
                parts.append(self._clean(need_text(record, "pair")))
            seconds.append(" | ".join(parts))
        return seconds

    def _given(self, record: Record) -> str:
        given = label_of(record, self.settings.given)
        if given is None:
            raise DataError(
                f"record '{record.id}' lacks the label that the classifier is given.",
                value=None,
                allowed=f"a label '{self.settings.given}'",
                cure="Let an earlier classifier give it: gongbang.runtime.cascade.",
                field=self.settings.given,
            )
        return given

    def decode(self, outputs: Arrays, features: Features) -> list[Prediction]:
        """Labels from ``logits``, (rows, labels); one prediction a record, every label a candidate."""
        logits = np.asarray(outputs["logits"], dtype=np.float64)
        shares = softmax(logits / self.settings.temperature)
        return [
            label_prediction(record.id, self.labels, row, probabilities=share)
            for record, row, share in zip(features.records, logits, shares, strict=True)
        ]

    def fit(self, outputs: Arrays, features: Features) -> tuple[ClassifyTask, dict[str, Any]]:
        """The task with its temperature fitted to labelled features, and what that changed.

        Args:
            outputs: ``logits``, (rows, labels), of records that were not trained on.
        """
        logits, gold = np.asarray(outputs["logits"], dtype=np.float64), features.targets["label"]
        temperature, report = fitted_temperature(logits, gold, self.settings.temperature)
        return ClassifyTask(self.tokenizer, replace(self.settings, temperature=temperature)), report

    def from_probabilities(self, ids: Sequence[str], shares: NDArray[np.float64]) -> list[Prediction]:
        """Predictions of (n, L) probabilities, such as the mean of several models'."""
        return shared_predictions(ids, self.labels, shares)

    def score(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
        """Accuracy, macro F1 and AUPRC as shares, with 95 % intervals clustered by group."""
        key = self.settings.label
        return scores_of(predictions, records, self.labels, primary=self.primary_metric, key=key)

    def baselines(self, *parts: Part) -> dict[str, Scores]:
        """What a number must beat: the commonest label, and naive Bayes over character bigrams."""
        from gongbang.tasks.class_baselines import bigram_bayes, majority

        labels, key, fields = self.labels, self.settings.label, self.schema.fields
        guesses: dict[str, Guess] = {
            "majority": lambda train, held: majority(train or held, held, labels, key)
        }
        if all(train for train, _ in parts):
            guesses["bigram bayes"] = lambda train, held: bigram_bayes(train, held, labels, fields, key)
        return scored_baselines(guesses, parts, self.score)
