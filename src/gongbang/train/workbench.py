"""A recipe's parts put together: data, backbone, task and model, ready to train or to score."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from gongbang.augment.cloze import cloze_questions
from gongbang.data.records import Record
from gongbang.errors import PreflightError, RecipeError, SplitError
from gongbang.metrics.scores import Scores
from gongbang.nn.attention import use_row_attention
from gongbang.nn.backbones import Backbone, load_backbone, load_tokenizer
from gongbang.nn.dropout import use_byte_dropout
from gongbang.nn.ngrams import is_contextual
from gongbang.nn.table import make_model
from gongbang.search.contexts import passages_of
from gongbang.tasks.base import Prediction, Task
from gongbang.tasks.encode import is_pair
from gongbang.tasks.labels import label_of
from gongbang.tasks.table import make_task, task_class
from gongbang.train.data import Splits, load_splits
from gongbang.train.infer import outputs_of
from gongbang.train.negatives import mine_negatives
from gongbang.train.precision import resolve_precision
from gongbang.train.recipe import Recipe
from gongbang.train.recipe_data import NegativeSettings
from gongbang.train.teacher import set_teacher

_LOG = logging.getLogger(__name__)


@dataclass(slots=True)
class Workbench:
    """A recipe's parts, put together and ready to train or to score."""

    recipe: Recipe
    backbone: Backbone
    model: torch.nn.Module
    task: Any
    splits: Splits
    training: list[Record]

    def predict(self, records: Sequence[Record], *, bf16: bool | None = None) -> list[Prediction]:
        """Predictions of the model as it stands, by the task's own ``prepare`` and ``decode``.

        ``bf16`` says whether under bfloat16 autocast; as in the recipe's training when None.
        """
        features = self.task.prepare(records)
        outputs = outputs_of(
            self.model,
            features,
            bf16=resolve_precision(self.recipe.training.precision) == "bf16" if bf16 is None else bf16,
            pairs=hasattr(self.model, "pair_outputs"),
        )
        predictions: list[Prediction] = self.task.decode(outputs, features)
        return predictions

    def score(
        self, records: Sequence[Record], *, bf16: bool | None = None
    ) -> tuple[Scores, list[Prediction]]:
        """Scores on these records, and the predictions behind them.

        A task that ranks is scored against every passage of the recipe's splits, not only against those
        of the records: among few passages every encoder looks good. ``bf16`` as in :meth:`predict`.
        """
        predictions = self.predict(self.with_other_passages(records), bf16=bf16)
        scores: Scores = self.task.score(predictions, records)
        return scores, predictions

    def with_other_passages(self, records: Sequence[Record]) -> Sequence[Record]:
        """The records, followed for a task that ranks by every other passage of the splits."""
        if not self.task.ranks_corpus:
            return records
        seen = {record.fields["context"] for record in records}
        others: list[Record] = []
        for record in (*self.splits.train, *self.splits.development, *self.splits.test):
            if record.fields["context"] not in seen:
                seen.add(record.fields["context"])
                fields = {name: text for name, text in record.fields.items() if name != "question"}
                others.append(Record(f"passage-{len(others)}", fields, group=record.group))
        return [*records, *others]


def assemble(recipe: Recipe, *, made: bool = True) -> Workbench:
    """Read the data, load the backbone and build task and model; nothing is trained yet.

    Args:
        recipe: what to put together.
        made: make the recipe's cloze questions and mine its negatives; False where nothing is going to be
            trained.
    """
    splits = load_splits(recipe.data, seed=recipe.training.seed)
    return put_together(completed(recipe, splits), splits, made=made)


def put_together(recipe: Recipe, splits: Splits, *, made: bool = True) -> Workbench:
    """The workbench over data that is read and split already; arguments as in :func:`assemble`.

    Args:
        recipe: complete, its labels said.
        splits: what is trained on, selected by and reported on.
    """
    torch.manual_seed(recipe.training.seed)
    backbone = load_backbone(recipe.backbone, dropout=recipe.dropout, layers=recipe.layers)
    task = make_task(recipe.task, backbone.tokenizer, recipe.pipeline)
    if hasattr(task, "deal"):
        parts = {name: task.deal(splits.part(name)) for name in ("development", "test")}
        splits = replace(splits, train=task.deal(splits.train, recipe.data.negatives.drawn), **parts)
    training = training_records(recipe, splits, task) if made else splits.train
    counts = label_counts(training, task)
    kind = getattr(task, "model", recipe.task)  # follows from the pipeline, so that the two cannot disagree
    model = make_model(kind, backbone, recipe.model, labels=len(counts), counts=counts)
    if recipe.training.teacher is not None:
        set_teacher(model, recipe.training.teacher)
    freeze(model, recipe.freeze)
    fit_to_device(backbone.model)
    return Workbench(recipe, backbone, model, task, splits, training)


def task_of(recipe: Recipe) -> Any:
    """The task that a complete recipe describes, for who decodes and scores without a model."""
    return make_task(recipe.task, load_tokenizer(recipe.backbone), recipe.pipeline)


def completed(recipe: Recipe, splits: Splits) -> Recipe:
    """The recipe with what its pipeline leaves to the training data, such as the labels and their order.

    The run is recorded under this recipe, so that whatever is resumed, repeated or exported from it numbers
    its labels as the weights do.
    """
    complete = getattr(task_class(recipe.task), "complete", None)
    if complete is None:
        return recipe
    return recipe.model_copy(update={"pipeline": complete(recipe.pipeline, splits.train)})


def label_counts(records: Sequence[Record], task: Task) -> list[int]:
    """How many records carry each of the task's labels; empty for a task that has none."""
    key = getattr(getattr(task, "settings", None), "label", "label")
    counts = Counter(label_of(record, key) for record in records)
    return [counts[label] for label in getattr(task, "labels", ())]


def fit_to_device(encoder: torch.nn.Module) -> None:
    """Where there is no GPU, let an encoder train with what a CPU is quick at."""
    if not torch.cuda.is_available():
        if is_contextual(encoder):  # without layers there is no attention to speed up
            use_row_attention(encoder)
        use_byte_dropout(encoder)


def freeze(model: torch.nn.Module, names: Sequence[str]) -> list[str]:
    """Take parameters whose name contains one of ``names`` out of training.

    Raises:
        PreflightError: a name matches no parameter, so that freezing it would do nothing.
    """
    frozen = []
    for wanted in names:
        matching = [(name, value) for name, value in model.named_parameters() if wanted in name]
        if not matching:
            raise PreflightError(
                "freeze names no parameter of this model.",
                check="options act",
                value=wanted,
                allowed="a part of a parameter's name, e.g. word_embeddings",
                cure="Mend or remove the entry under 'freeze'.",
            )
        for name, value in matching:
            value.requires_grad_(False)
            frozen.append(name)
    return frozen


def training_records(recipe: Recipe, splits: Splits, task: Task) -> list[Record]:
    """What is trained on: the training part, and made questions and negatives where the recipe asks for them.

    A task that ranks learns from pairs alone: every row's passage is the right one of its question. In
    response selection negatives stand beside the record that they were mined for, and its copies keep them.

    Raises:
        RecipeError: negatives for a task that would take them for pairs, or wrong responses to be drawn for a
            task that needs none.
        SplitError: a task that ranks is given no pair.
    """
    settings = recipe.data.negatives
    if settings.drawn is not None and not getattr(task, "reads_pairs", False):
        raise RecipeError(
            "wrong responses are drawn only where a context and a response are read together.",
            value=f"data.negatives.drawn={settings.drawn}, task '{task.name}'",
            allowed="the task respond with pipeline.architecture: cross",
            cure="Remove data.negatives.drawn.",
        )
    if task.ranks_corpus:
        return _pairs(splits, settings) + _cloze(recipe, splits)
    if hasattr(task, "with_negatives"):
        records = _beside_negatives(splits.train, settings, task)
        return records + copies_of(records, recipe)
    records = splits.train + _cloze(recipe, splits) + copies_of(splits.train, recipe)
    return records + negatives_of(splits.train, settings, task) if settings.per_question else records


def copies_of(records: Sequence[Record], recipe: Recipe) -> list[Record]:
    """The copies of the records that the recipe's ``data.augment`` asks for, less those its filters drop.

    What a method learns, such as which words resemble each other, it learns from these records alone. What is
    made on the fly is not among them (:mod:`gongbang.train.fresh`).
    """
    made: list[Record] = []
    for settings in (one for one in recipe.data.augment if not one.on_the_fly):
        from gongbang.augment.copies import augment
        from gongbang.augment.filters import apply_filters, make_filter

        originals = [record for record in records if not record.lineage]
        found = augment(
            originals, settings.method, ratio=settings.ratio, seed=settings.seed, **settings.options
        )
        filters = [make_filter(name, **options) for name, options in settings.filters.items()]
        kept = apply_filters(found.records, originals, filters).kept if filters else found.records
        _LOG.info(
            "%s: %d copies of %d wanted; %d of them dropped by filters; not made: %s",
            settings.method,
            len(kept),
            found.wanted,
            len(found.records) - len(kept),
            found.reasons or "none",
        )
        made += kept
    return made


def negatives_of(records: Sequence[Record], settings: NegativeSettings, task: Task) -> list[Record]:
    """Questions of the records over passages of the same records that do not answer them.

    Raises:
        RecipeError: the task has nowhere to say "no answer".
    """
    from gongbang.search.lexical import LexicalIndex
    from gongbang.tasks.boolq import BoolqTask, distractor, is_answered

    if hasattr(task, "with_negatives"):
        return []  # they stand beside a record, and are none of their own
    given: dict[str, Any] = {}
    if isinstance(task, BoolqTask):
        given = {"answered": is_answered, "negative": distractor}
    elif "answers" not in task.schema.spans:
        raise RecipeError(
            "retrieved negatives say 'no answer here', and this task has nowhere to say it.",
            value=f"data.negatives.per_question={settings.per_question}, task '{task.name}'",
            allowed="0, or a task that reads passages or selects responses: reader, boolq, respond",
            cure="Remove data.negatives.",
        )
    index = LexicalIndex()
    index.build(passages_of(records))
    return mine_negatives(records, index, settings, **given).records


def _beside_negatives(records: list[Record], settings: NegativeSettings, task: Any) -> list[Record]:
    """The records with wrong responses of each other, where the recipe asks for them."""
    if not settings.per_question:
        return records
    from gongbang.train.response_negatives import mine_responses

    found: list[Record] = task.with_negatives(records, mine_responses(records, settings).negatives)
    return found


def _cloze(recipe: Recipe, splits: Splits) -> list[Record]:
    """Questions made of the passages that are trained on, and of no others."""
    settings = recipe.data.cloze
    if not settings.per_passage:
        return []
    return cloze_questions(
        splits.train, per_passage=settings.per_passage, limit=settings.limit, seed=settings.seed
    )


def _pairs(splits: Splits, settings: NegativeSettings) -> list[Record]:
    if settings.per_question:
        raise RecipeError(
            "retrieved negatives say 'no answer here', and a task that ranks has nowhere to say it.",
            value=f"data.negatives.per_question={settings.per_question}",
            allowed="0 for a task that ranks",
            cure="Remove data.negatives; training.batch_by: group gives each question hard negatives.",
        )
    pairs = [record for record in splits.train if is_pair(record)]
    if not pairs:
        raise SplitError(
            "there is nothing to train on: no question has a passage that answers it.",
            value=f"{len(splits.train)} training records",
            allowed="records with a question and the passage that answers it",
            cure="Map the column that holds the questions, or name a source with answered questions.",
        )
    return pairs
