"""Emotions: a text to any number of labels, each with its own probability and threshold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.metrics.scores import Scores
from gongbang.tasks.base import Arrays, Candidate, Features, Part, Prediction, Schema
from gongbang.tasks.baselines import Guess, scored_baselines
from gongbang.tasks.labels import check_labels, number_of, probabilities_of, soft_targets, softmax
from gongbang.tasks.settings import Configured
from gongbang.tasks.texts import TextRows, need_text

if TYPE_CHECKING:
    from tokenizers import Tokenizer

    from gongbang.text.normalise import Normaliser

Activation = Literal["sigmoid", "softmax"]
_THRESHOLD = 0.3  # until thresholds are fitted: raters agree on few labels, so few probabilities pass a half


@dataclass(frozen=True, slots=True)
class EmotionsConfig:
    """What decides how texts become rows and logits become sets of labels.

    Attributes:
        labels: in the order of the model's outputs; those of the training data, sorted, where a recipe says
            none.
        max_length: tokens in a row.
        prefix: what E5 was trained to see before a text (Wang et al. 2024).
        normalise: steps of the text floor applied before the text is tokenised.
        activation: "sigmoid" for losses that judge each label by itself, "softmax" for those that share one
            mass among the labels.
        slope, bias: probability = activation(slope * logit + bias); fitted at export.
        thresholds: a probability for each label from which on it is given; fitted at export, one for all
            before.
        at_least_one: whether a text whose labels all stay below their thresholds gets its likeliest one.
    """

    labels: tuple[str, ...] = ()
    max_length: int = 128
    prefix: str = ""
    normalise: tuple[str, ...] = ()
    activation: Activation = "sigmoid"
    slope: float = 1.0
    bias: float = 0.0
    thresholds: tuple[float, ...] = ()
    at_least_one: bool = True

    def __post_init__(self) -> None:
        for name in ("labels", "normalise", "thresholds"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_labels(self.labels)
        if self.activation not in get_args(Activation):
            raise OptionError(
                "unknown activation.",
                value=self.activation,
                allowed=", ".join(get_args(Activation)),
                cure="Set activation to one of these.",
            )
        if self.thresholds and len(self.thresholds) != len(self.labels):
            raise OptionError(
                "there is not one threshold for each label.",
                value=f"{len(self.thresholds)} thresholds, {len(self.labels)} labels",
                allowed="as many thresholds as labels, or none",
                cure="Leave thresholds out; export fits them.",
            )


@dataclass(slots=True)
class EmotionsTask(Configured):
    """One text to a set of labels.

    Args:
        tokenizer: the tokenizer the weights were trained with.
        settings: see :class:`EmotionsConfig`.

    Example:
        >>> EmotionsConfig(labels=("기쁨", "슬픔")).activation
        'sigmoid'
    """

    config_type: ClassVar = EmotionsConfig
    tokenizer: Tokenizer
    settings: EmotionsConfig
    name: str = field(default="emotions", init=False)
    primary_metric: str = field(default="macro_f1", init=False)
    ranks_corpus: bool = field(default=False, init=False)
    schema: Schema = field(default=Schema(fields=("text",), labels=("labels",)), init=False)
    _rows: TextRows = field(init=False, repr=False)
    _normaliser: Normaliser | None = field(init=False, repr=False, default=None)

    def __post_init__(self) -> None:
        self._rows = TextRows(self.tokenizer, max_length=self.settings.max_length)
        if self.settings.normalise:
            from gongbang.text.normalise import Normaliser

            self._normaliser = Normaliser(self.settings.normalise)

    @staticmethod
    def complete(config: Mapping[str, Any], records: Sequence[Record]) -> dict[str, Any]:
        """A recipe's pipeline with what it leaves to the training data: the labels."""
        if config.get("labels"):
            return dict(config)
        return {**config, "labels": sorted({name for record in records for name in labels_of(record) or ()})}

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the model's outputs."""
        return self.settings.labels

    def prepare(self, records: Sequence[Record]) -> Features:
        """A row a record; the target ``labels``, (rows, L), where every record is labelled.

        It holds 0 and 1, or a teacher's probabilities where every record has those under ``soft``.

        Raises:
            DataError: a record has no text, or a label that the task does not know.
        """
        texts = [self.settings.prefix + self._clean(need_text(record, "text")) for record in records]
        gold = self.label_matrix(records)
        soft = soft_targets(records, self.labels)
        target = gold if soft is None else soft
        return Features(
            inputs=dict(self._rows.rows(texts)),
            targets={} if gold is None or target is None else {"labels": target.astype(np.float32)},
            record=np.arange(len(records), dtype=np.int64),
            rows=[None] * len(records),
            records=records,
        )

    def _clean(self, text: str) -> str:
        return (text if self._normaliser is None else self._normaliser.apply(text).text).strip()

    def label_matrix(self, records: Sequence[Record]) -> NDArray[np.bool_] | None:
        """(n, L) whether each record carries each label; None unless every record is labelled.

        Raises:
            DataError: a label is not one of the task's.
        """
        found = [labels_of(record) for record in records]
        matrix = np.zeros((len(records), len(self.labels)), dtype=bool)
        for row, names in enumerate(found):
            if names is None:
                return None
            for name in names:
                matrix[row, number_of(name, self.labels, records[row], "labels")] = True
        return matrix

    def probabilities(self, logits: ArrayLike) -> NDArray[np.float64]:
        """(rows, L) what the labels' logits, (rows, L), say."""
        values = self.settings.slope * np.asarray(logits, dtype=np.float64) + self.settings.bias
        if self.settings.activation == "softmax":
            return softmax(values)
        return 0.5 * (1.0 + np.tanh(0.5 * values))

    def chosen(
        self, probabilities: NDArray[np.float64], limits: NDArray[np.float64] | None = None
    ) -> NDArray[np.bool_]:
        """(rows, L) which labels are given: those at their thresholds, or at ``limits``, (rows, L)."""
        if limits is None:
            limits = np.asarray(self.settings.thresholds or [_THRESHOLD] * len(self.labels))
        given: NDArray[np.bool_] = probabilities >= limits
        if self.settings.at_least_one:
            empty = np.flatnonzero(~given.any(axis=1))
            given[empty, probabilities[empty].argmax(axis=1)] = True
        return given

    def decode(self, outputs: Arrays, features: Features) -> list[Prediction]:
        """Sets of labels from ``logits``, (rows, L); ``details["labels"]`` is the set, likeliest first."""
        logits = np.asarray(outputs["logits"], dtype=np.float64)
        probabilities = self.probabilities(logits)
        given = self.chosen(probabilities)
        return [
            self._prediction(record.id, logits[row], probabilities[row], given[row])
            for row, record in enumerate(features.records)
        ]

    def _prediction(
        self, id: str, logits: NDArray[np.float64], shares: NDArray[np.float64], given: NDArray[np.bool_]
    ) -> Prediction:
        order = np.argsort(-shares, kind="stable")
        candidates = tuple(
            Candidate(self.labels[at], 0, 0, float(logits[at]), float(shares[at]), record=id) for at in order
        )
        names = [self.labels[at] for at in order if given[at]]
        return Prediction(
            id, ", ".join(names), candidates[0].probability, candidates, details={"labels": names}
        )

    def fit(self, outputs: Arrays, features: Features) -> tuple[EmotionsTask, dict[str, Any]]:
        """The task with its probabilities and thresholds fitted to labelled features, and what that changed.

        A sigmoid's slope and bias are Platt's, over all labels together; thresholds raise each label's F1.

        Args:
            outputs: ``logits``, (rows, L), of records that were not trained on.
        """
        from gongbang.metrics.calibration import fit_platt
        from gongbang.metrics.multilabel import choose_label_thresholds

        logits = np.asarray(outputs["logits"], dtype=np.float64)
        gold = self.label_matrix(features.records)
        if gold is None:
            raise self._unlabelled(features.records)
        settings = self.settings
        if settings.activation == "sigmoid":
            platt = fit_platt(logits.ravel(), gold.ravel())
            settings = replace(settings, slope=round(platt.slope, 6), bias=round(platt.offset, 6))
        fitted = EmotionsTask(self.tokenizer, settings)
        thresholds = choose_label_thresholds(gold, fitted.probabilities(logits))
        settings = replace(settings, thresholds=tuple(round(float(value), 6) for value in thresholds))
        report = {
            "slope": settings.slope,
            "bias": settings.bias,
            "thresholds": {"lowest": min(settings.thresholds), "highest": max(settings.thresholds)},
            "records": len(gold),
        }
        return EmotionsTask(self.tokenizer, settings), report

    def from_probabilities(self, ids: Sequence[str], shares: NDArray[np.float64]) -> list[Prediction]:
        """Predictions of (n, L) probabilities, such as the mean of several models'."""
        clipped = np.clip(shares, 1e-9, 1 - 1e-9)
        scores, given = np.log(clipped) - np.log1p(-clipped), self.chosen(shares)
        return [self._prediction(id, scores[at], shares[at], given[at]) for at, id in enumerate(ids)]

    def score(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
        """Macro and micro F1, precision and recall at k (and NDCG of graded labels), clustered by group.

        F1 is of the sets that were told. While no thresholds are fitted these say nothing of a model: F1 is
        then of the sets by thresholds that are fitted on one half of the records for the other.

        Raises:
            DataError: a record is not labelled.
        """
        return self._score(predictions, records, as_told=bool(self.settings.thresholds))

    def _score(
        self, predictions: Sequence[Prediction], records: Sequence[Record], *, as_told: bool
    ) -> Scores:
        from gongbang.metrics.multilabel import multilabel_scores
        from gongbang.metrics.thresholds import cross_fitted_thresholds

        gold = self.label_matrix(records)
        if gold is None:
            raise self._unlabelled(records)
        shares = np.stack([probabilities_of(prediction, self.labels) for prediction in predictions])
        given = np.stack([self._set(prediction) for prediction in predictions])
        if not as_told and gold.any():
            limits = cross_fitted_thresholds(gold, shares, [record.group for record in records])
            given = given if limits is None else self.chosen(shares, limits)
        return multilabel_scores(
            gold,
            shares,
            given,
            labels=self.labels,
            groups=[record.group for record in records],
            grades=self._grades(records),
            ndcg_cuts=(min(5, len(self.labels)),),
        )

    def _unlabelled(self, records: Sequence[Record]) -> OptionError:
        bare = next(record for record in records if labels_of(record) is None)
        return OptionError(
            "a record that is not labelled cannot be judged.",
            value=f"record '{bare.id}'",
            allowed="records with 'labels', which may be an empty list",
            cure="Map the column that holds the labels, or leave the record out.",
        )

    def _set(self, prediction: Prediction) -> NDArray[np.bool_]:
        given = set(prediction.details.get("labels", ()))
        return np.asarray([label in given for label in self.labels])

    def _grades(self, records: Sequence[Record]) -> NDArray[np.float64] | None:
        """(n, L) graded labels, e.g. how many raters gave each; None unless every record has them."""
        if not records or any("grades" not in record.labels for record in records):
            return None
        return np.asarray(
            [[float(record.labels["grades"].get(label, 0.0)) for label in self.labels] for record in records]
        )

    def baselines(self, *parts: Part) -> dict[str, Scores]:
        """What a number must beat: the same for every text, the commonest labels or all there are.

        Both rank the labels by their frequency. Whoever gives every label has a recall of 1, and with many
        labels more macro F1 than one would think.
        """

        if any(self.label_matrix(train or held) is None for train, held in parts):
            return {}

        def same_for_all(train: Sequence[Record], held: Sequence[Record], *, every: bool) -> list[Prediction]:
            rates = self.label_matrix(train or held)
            assert rates is not None
            shares = rates.mean(axis=0)
            given = np.full(len(shares), True) if every else shares >= min(_THRESHOLD, float(shares.max()))
            constant = self._prediction("", np.log(shares + 1e-9), shares, given)
            return [replace(constant, id=record.id) for record in held]

        guesses: dict[str, Guess] = {
            "most frequent": partial(same_for_all, every=False),
            "every label": partial(same_for_all, every=True),
        }
        return scored_baselines(guesses, parts, partial(self._score, as_told=True))


def labels_of(record: Record) -> list[str] | None:
    """The record's labels; None where it is not labelled.

    Example:
        >>> labels_of(Record("1", {"text": "좋다"}, labels={"labels": ["기쁨"]}))
        ['기쁨']
    """
    found = record.labels.get("labels")
    if found is None:
        return None
    return [found] if isinstance(found, str) else [str(name) for name in found]
