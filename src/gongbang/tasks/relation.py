"""Relations: a sentence with a subject and an object to how the one relates to the other.

Both entities are marked in the sentence (Zhou & Chen 2021); of the labels, only those that the two types
can have are ever predicted.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record, Span
from gongbang.errors import DataError, OptionError
from gongbang.metrics.scores import Score, Scores
from gongbang.tasks.base import Arrays, Features, Part, Prediction, Schema
from gongbang.tasks.baselines import Guess, scored_baselines
from gongbang.tasks.labels import (
    check_labels,
    fitted_temperature,
    label_ids,
    labels_in,
    scores_of,
    shared_predictions,
    softmax,
)
from gongbang.tasks.relation_rows import MarkedRows
from gongbang.tasks.relation_types import TypeTable, klue_pairs, learned_pairs, types_of
from gongbang.tasks.settings import Configured, check_temperature
from gongbang.tasks.texts import need_text
from gongbang.text.josa import attach_josa
from gongbang.text.markers import Marked, MarkerStyle, TypeNames, mark_entities

if TYPE_CHECKING:
    from tokenizers import Tokenizer

TypeUse = Literal["constrain", "free"]
ROLES = ("subject", "object")
_IMPOSSIBLE = -10_000.0  # a finite logit, so that it can be written as JSON; its probability is exactly 0


@dataclass(frozen=True, slots=True)
class RelationConfig:
    """What decides how sentences become rows and logits become relations.

    Attributes:
        labels: in the order of the model's outputs; those of the training data, sorted, where a recipe says
            none.
        label: which of a record's labels is learned.
        no_relation: the label that says there is none; micro F1 leaves it out, and it needs no types.
        style: how entities are marked, see :data:`gongbang.text.markers.MarkerStyle`.
        type_names: types shown by their "code" or by a "korean" word.
        query: whether "subject와 object의 관계" stands before the sentence.
        max_length: tokens in a row; a longer sentence is cropped round its entities.
        types: "constrain" predicts no label that the types cannot have, "free" lets every label be.
        possible: the rules of :class:`gongbang.tasks.relation_types.TypeTable`; learned from the training
            data where a recipe says none, KLUE's where it says "klue".
        temperature: divides the logits before the softmax; fitted on development data at export.
    """

    labels: tuple[str, ...] = ()
    label: str = "label"
    no_relation: str = "no_relation"
    style: MarkerStyle = "typed_punct"
    type_names: TypeNames = "code"
    query: bool = False
    max_length: int = 256
    types: TypeUse = "constrain"
    possible: tuple[str, ...] = ()
    temperature: float = 1.0

    def __post_init__(self) -> None:
        for name in ("labels", "possible"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        check_labels(self.labels)
        for name, kind in (("style", MarkerStyle), ("type_names", TypeNames), ("types", TypeUse)):
            if getattr(self, name) not in get_args(kind):
                raise OptionError(
                    f"unknown value of {name}.",
                    value=getattr(self, name),
                    allowed=", ".join(get_args(kind)),
                    cure=f"Set {name} to one of these.",
                )
        check_temperature(self.temperature)


@dataclass(frozen=True, slots=True)
class _Row:
    """What decoding needs of a row: (L,) labels that its types can have, and whether it was cropped."""

    possible: NDArray[np.bool_]
    cropped: bool


@dataclass(slots=True)
class RelationTask(Configured):
    """A sentence with two entities to their relation.

    Args:
        tokenizer: the tokenizer the weights were trained with.
        settings: see :class:`RelationConfig`.

    Example:
        >>> RelationConfig(labels=("no_relation", "per:title")).style
        'typed_punct'
    """

    config_type: ClassVar = RelationConfig
    tokenizer: Tokenizer
    settings: RelationConfig
    name: str = field(default="relation", init=False)
    primary_metric: str = field(default="micro_f1", init=False)
    ranks_corpus: bool = field(default=False, init=False)
    schema: Schema = field(init=False)
    table: TypeTable = field(init=False, repr=False)
    _rows: MarkedRows = field(init=False, repr=False)

    def __post_init__(self) -> None:
        settings = self.settings
        self.schema = Schema(fields=("text",), spans=ROLES, labels=(settings.label,))
        self.table = TypeTable(settings.labels, settings.possible)
        self._rows = MarkedRows(self.tokenizer, max_length=settings.max_length, style=settings.style)

    @staticmethod
    def complete(config: Mapping[str, Any], records: Sequence[Record]) -> dict[str, Any]:
        """A recipe's pipeline with what it leaves to the training data: labels, and the table of types."""
        key = config.get("label", RelationConfig.__dataclass_fields__["label"].default)
        labels = list(config.get("labels") or labels_in(records, key))
        done = {**config, "labels": labels}
        possible = config.get("possible")
        if possible == "klue":
            done["possible"] = list(klue_pairs(labels))
        elif not possible and config.get("types", "constrain") == "constrain":
            free = (config.get("no_relation", "no_relation"),)
            done["possible"] = list(learned_pairs(records, free=free, key=key))
        return done

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels in the order of the model's outputs."""
        return self.settings.labels

    # -- records to arrays -------------------------------------------------------------------------

    def prepare(self, records: Sequence[Record]) -> Features:
        """A row a record; the target ``label``, (rows,), where every record carries its label.

        Returns:
            Features whose ``inputs`` are ``input_ids``, ``attention_mask``, ``subject_mask`` and
            ``object_mask``, each (rows, longest); the last two mark the first token of the opening mark.

        Raises:
            DataError: a record lacks its text or an entity, has a label that the task does not know, or
                entities that lie further apart than a row is long.
        """
        marked = [self.mark(record) for record in records]
        queries = [_query(record) for record in records] if self.settings.query else None
        rows = self._rows.cut(marked, queries, [record.id for record in records])
        ids = label_ids(records, self.labels, self.settings.label)
        return Features(
            inputs=dict(self._rows.arrays(rows)),
            targets={"label": ids} if len(ids) else {},
            record=np.arange(len(records), dtype=np.int64),
            rows=[
                _Row(self._possible(record), row.cropped) for record, row in zip(records, rows, strict=True)
            ],
            records=records,
        )

    def mark(self, record: Record) -> Marked:
        """The record's sentence with its entities marked.

        Raises:
            DataError: it lacks its text or an entity.
        """
        text = need_text(record, "text")
        subject, object_ = (entity_of(record, role) for role in ROLES)
        kinds = types_of(record)
        return mark_entities(
            text,
            (subject.start, subject.end),
            (object_.start, object_.end),
            style=self.settings.style,
            subject_type=kinds[0],
            object_type=kinds[1],
            names=self.settings.type_names,
        )

    def _possible(self, record: Record) -> NDArray[np.bool_]:
        if self.settings.types == "free":
            return np.ones(len(self.labels), dtype=np.bool_)
        return self.table.possible(*types_of(record))

    # -- arrays to relations -----------------------------------------------------------------------

    def decode(self, outputs: Arrays, features: Features) -> list[Prediction]:
        """Relations from ``logits``, (rows, labels); one prediction a record, every label a candidate.

        A label that the types cannot have is a candidate of probability 0; scores are the logarithms of the
        shares before the types were looked at. ``details`` hold both entities, and ``cropped`` where a part
        of the sentence was not read.
        """
        free = softmax(np.asarray(outputs["logits"], dtype=np.float64) / self.settings.temperature)
        predictions = []
        for record, row, share in zip(features.records, features.rows, free, strict=True):
            details: dict[str, Any] = {role: entity_of(record, role).text for role in ROLES}
            if row.cropped:
                details["cropped"] = True
            found = shared_predictions([record.id], self.labels, share[None], row.possible[None])[0]
            predictions.append(replace(found, details=details))
        return predictions

    def _constrained(self, outputs: Arrays, features: Features) -> NDArray[np.float64]:
        logits = np.asarray(outputs["logits"], dtype=np.float64)  # (rows, labels)
        possible = np.array([row.possible for row in features.rows], dtype=np.bool_).reshape(logits.shape)
        return np.where(possible, logits, _IMPOSSIBLE)

    def fit(self, outputs: Arrays, features: Features) -> tuple[RelationTask, dict[str, Any]]:
        """The task with its temperature fitted to labelled features, and what that changed.

        Rows whose label their types cannot have are left out: no temperature could make them right.

        Args:
            outputs: ``logits``, (rows, labels), of records that were not trained on.
        """
        logits, gold = self._constrained(outputs, features), features.targets["label"]
        kept = np.array([row.possible[label] for row, label in zip(features.rows, gold, strict=True)])
        logits, gold = logits[kept], gold[kept]
        temperature, report = fitted_temperature(logits, gold, self.settings.temperature)
        return RelationTask(self.tokenizer, replace(self.settings, temperature=temperature)), report

    # -- relations to scores -----------------------------------------------------------------------

    def from_probabilities(self, ids: Sequence[str], shares: NDArray[np.float64]) -> list[Prediction]:
        """Predictions of (n, L) probabilities, such as the mean of several models'."""
        return shared_predictions(ids, self.labels, shares)

    def score(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
        """Micro F1 without ``no_relation``, AUPRC, macro F1 and accuracy, as shares (Park et al. 2021).

        Intervals of 95 % are clustered by group. ``type_impossible`` counts the predictions whose label
        their types cannot have: 0 where decoding is constrained.
        """
        none = self.settings.no_relation
        found = scores_of(
            predictions,
            records,
            self.labels,
            primary=self.primary_metric,
            key=self.settings.label,
            leave_out=(none,) if none in self.labels else (),
        )
        count = sum(map(self.impossible, predictions, records))
        return Scores(
            found.primary, {**found.scores, "type_impossible": Score(float(count), len(predictions))}
        )

    def impossible(self, prediction: Prediction, record: Record) -> bool:
        """Whether the types of the record cannot have the relation that is predicted, by the table."""
        if prediction.text not in self.labels:
            return False
        return not self.table.possible(*types_of(record))[self.labels.index(prediction.text)]

    def baselines(self, *parts: Part) -> dict[str, Scores]:
        """What a number must beat: chance, the commonest label, and the commonest of each pair of types."""
        from gongbang.tasks.relation_baselines import chance, majority, type_majority

        labels, key = self.labels, self.settings.label
        guesses: dict[str, Guess] = {
            "chance": lambda _, held: chance(held, labels),
            "majority": lambda train, held: majority(train or held, held, labels, key),
            "majority by types": lambda train, held: type_majority(train or held, held, labels, key),
        }
        return scored_baselines(guesses, parts, self.score)


def entity_of(record: Record, role: str) -> Span:
    """The one span under ``role``.

    Raises:
        DataError: there is none, there are several, or it is not a place in ``text``.
    """
    spans = record.spans.get(role, ())
    if len(spans) != 1 or spans[0].field != "text" or not spans[0].text:
        raise DataError(
            f"record '{record.id}' has no single {role}.",
            value=[f"{span.field}[{span.start}:{span.end}]" for span in spans],
            allowed="one span of the field 'text' that is not empty",
            cure=f"Give each record one {role}; a sentence with several pairs is one record a pair.",
            field=role,
        )
    return spans[0]


def _query(record: Record) -> str:
    subject, object_ = (entity_of(record, role).text for role in ROLES)
    return f"{attach_josa(subject, '과/와')} {object_}의 관계"
