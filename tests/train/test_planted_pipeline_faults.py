"""Faults of tokenizers, pipelines and metrics, planted one by one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer

from gongbang.data.records import Record
from gongbang.errors import ArtifactError
from gongbang.metrics.scores import Score, Scores
from gongbang.nn.backbones import load_backbone
from gongbang.tasks.base import Prediction
from gongbang.tasks.reader import ReaderConfig, ReaderTask
from gongbang.tasks.table import make_task
from gongbang.train.preflight import run_preflight
from gongbang.train.recipe import parse_recipe
from gongbang.train.workbench import Workbench, assemble
from tests.train.planted import refused, sound_bench
from tests.train.tiny import recipe_tree, write_backbone


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


# -- tokenizers ----------------------------------------------------------------------------------------


def _renumbered(text: str, seed: int = 0) -> str:
    """A tokenizer of the same size whose ordinary pieces have each other's ids."""
    tree = json.loads(text)
    vocabulary = tree["model"]["vocab"]
    ordinary = [piece for piece, id_ in vocabulary.items() if id_ > 4]
    ids = np.random.default_rng(seed).permutation([vocabulary[piece] for piece in ordinary])
    tree["model"]["vocab"] = {**vocabulary, **dict(zip(ordinary, map(int, ids), strict=True))}
    return json.dumps(tree, ensure_ascii=False)


def _with_tokenizer(bench: Workbench, text: str) -> None:
    tokenizer = Tokenizer.from_str(text)
    bench.backbone = replace(bench.backbone, tokenizer=tokenizer)
    bench.task = make_task("reader", tokenizer, bench.recipe.pipeline)


def _other_tokenizer(bench: Workbench) -> None:
    """C6: the tokenizer of one model with the weights of another."""
    _with_tokenizer(bench, _renumbered(bench.backbone.tokenizer.to_str()))


def _task_of_another(bench: Workbench) -> None:
    bench.task = make_task(
        "reader", Tokenizer.from_str(_renumbered(bench.task.tokenizer.to_str())), bench.recipe.pipeline
    )


def _other_padding(bench: Workbench) -> None:
    """C6: KoBART's padding id is 3, and its mask was built from 0."""
    bench.backbone.model.config.pad_token_id = 3


def _crippled(bench: Workbench) -> None:
    """C6: a tokenizer much smaller than the embedding."""
    model = bench.backbone.model
    model.resize_token_embeddings(1_000, mean_resizing=False)


def _without_ends(bench: Workbench) -> None:
    """C11: forgetting the end token cost a retraining."""
    tree = json.loads(bench.task.tokenizer.to_str())
    tree["post_processor"] = None
    bench.task = make_task("reader", Tokenizer.from_str(json.dumps(tree)), bench.recipe.pipeline)


# -- pipelines -----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class UnderlineConfig(ReaderConfig):
    underline: bool = False


@dataclass(slots=True)
class UnderlineTask(ReaderTask):
    """B11: an option whose slice is always empty."""

    settings: UnderlineConfig = field(default_factory=UnderlineConfig)

    @classmethod
    def from_config(cls, tokenizer: Tokenizer, config: Mapping[str, Any]) -> UnderlineTask:
        return cls(tokenizer, UnderlineConfig(**config))

    def _question(self, record: Record) -> str:
        text = record.fields["question"]
        first = text.find("<u>")
        marked = text[first:first] if self.settings.underline else ""  # both ends from the opening mark
        return ReaderTask._question(self, record) + marked


class ShiftedTask(ReaderTask):
    """B9: spans were set before a clean-up that moved the text."""

    def _targets(self, windows, owner, records, edits):
        found = ReaderTask._targets(self, windows, owner, records, edits)
        return {name: np.where(values > 0, np.minimum(values + 3, 60), 0) for name, values in found.items()}


class FirstWindowTask(ReaderTask):
    """A2: only the first window of a document is ever looked at."""

    def prepare(self, records):
        whole = ReaderTask.prepare(self, records)
        first = np.flatnonzero(np.diff(whole.record, prepend=-1))
        return replace(
            whole,
            inputs={name: array[first] for name, array in whole.inputs.items()},
            targets={name: array[first] for name, array in whole.targets.items()},
            record=whole.record[first],
            rows=[whole.rows[row] for row in first],
        )


class MarkedTask(ReaderTask):
    """B4: the title is put into the passage, and its marker comes out again with the answer."""

    def decode(self, outputs, features):
        return [
            replace(p, candidates=tuple(replace(c, text=f"[TITLE] {c.text}") for c in p.candidates))
            for p in ReaderTask.decode(self, outputs, features)
        ]


class OffByOneTask(ReaderTask):
    """B16: bracket arithmetic that is wrong by one."""

    def decode(self, outputs, features):
        return [
            replace(p, candidates=tuple(replace(c, start=c.start + 1, end=c.end + 1) for c in p.candidates))
            for p in ReaderTask.decode(self, outputs, features)
        ]


class CleaningTask(ReaderTask):
    """A3: clean-up that runs over a whole training batch, and never in serving."""

    def _question(self, record):
        return ReaderTask._question(self, record).replace("공방", "")


class ProudTask(ReaderTask):
    """A3: a bar that cannot fail."""

    def score(self, predictions: Sequence[Prediction], records: Sequence[Record]) -> Scores:
        return Scores("f1", {"f1": Score(100.0, len(predictions)), "exact_match": Score(100.0, 1)})


def _task(kind: type[ReaderTask]) -> Callable[[Workbench], None]:
    def plant(bench: Workbench) -> None:
        bench.task = kind.from_config(bench.task.tokenizer, bench.recipe.pipeline)

    return plant


def _underline(bench: Workbench) -> None:
    bench.task = UnderlineTask.from_config(bench.task.tokenizer, {**bench.recipe.pipeline, "underline": True})
    bench.recipe = bench.recipe.model_copy(update={"pipeline": dict(bench.recipe.pipeline)})


def _other_pipeline(bench: Workbench) -> None:
    config = {**bench.recipe.pipeline, "normalise": ["nfkc"]}
    bench.task = make_task("reader", bench.task.tokenizer, config)


def _option(**options: Any) -> Callable[[Workbench], None]:
    def plant(bench: Workbench) -> None:
        pipeline = {**bench.recipe.pipeline, **options}
        bench.recipe = bench.recipe.model_copy(update={"pipeline": pipeline})
        bench.task = make_task("reader", bench.task.tokenizer, pipeline)

    return plant


def _no_titles(bench: Workbench) -> None:
    def bare(record: Record) -> Record:
        return replace(record, fields={k: v for k, v in record.fields.items() if k != "title"})

    bench.training = [bare(record) for record in bench.training]
    bench.splits.development = [bare(record) for record in bench.splits.development]
    _option(title="none")(bench)


def _metric(name: str) -> Callable[[Workbench], None]:
    def plant(bench: Workbench) -> None:
        training = bench.recipe.training.model_copy(update={"metric": name})
        bench.recipe = bench.recipe.model_copy(update={"training": training})

    return plant


TOKENS = "tokenizer and weights"
FAULTS: list[tuple[str, Callable[[Workbench], None], str, str, str]] = [
    ("C6 another model's tokenizer", _other_tokenizer, TOKENS, "ids would mean other", "tokenizer.json"),
    (
        "F1 a task with another's tokenizer",
        _task_of_another,
        TOKENS,
        "the task's tokenizer",
        "tokenizer.json",
    ),
    ("C6 another padding id", _other_padding, TOKENS, "padding id", "pad_token_id"),
    ("C6 a smaller model's tokenizer", _crippled, TOKENS, "have no token", "tokenizer.json"),
    ("C11 no end token", _without_ends, TOKENS, "special tokens", "post-processor"),
    ("B9 spans moved by a clean-up", _task(ShiftedTask), "round trip", "decode back", "normalise"),
    ("B4 a marker in the prediction", _task(MarkedTask), "predictions", "marker", "question's side"),
    ("B16 spans off by one", _task(OffByOneTask), "predictions", "its place", "offsets"),
    ("A3 cleaned in training alone", _task(CleaningTask), "one pipeline", "prepared for serving", "prepare"),
    ("A3 another configuration trains", _other_pipeline, "one pipeline", "not the recipe's", "'pipeline'"),
    ("A3 a metric that cannot fail", _task(ProudTask), "selection metric", "guesses", "direction"),
    (
        "F4 selecting on training scores",
        _metric("train_f1"),
        "selection metric",
        "training data",
        "development",
    ),
    ("C7 selecting the greatest loss", _metric("loss"), "selection metric", "falls", "exact_match"),
    (
        "C7 a metric nobody measures",
        _metric("rouge_l"),
        "selection metric",
        "does not measure",
        "exact_match",
    ),
    (
        "B2 a weight without scores",
        _option(retrieval_weight=0.5),
        "options act",
        "retrieval_weight",
        "Remove",
    ),
    ("B2 a step without text", _option(normalise=["hanja"]), "options act", "normalise", "nothing to act on"),
    ("B4 titles hidden that nobody has", _no_titles, "options act", "'title'", "empty"),
]


@pytest.mark.parametrize(
    ("plant", "check", "cause", "cure"), [fault[1:] for fault in FAULTS], ids=[fault[0] for fault in FAULTS]
)
def test_a_fault_of_the_pipeline_is_refused(
    folder: Path, plant: Callable[[Workbench], None], check: str, cause: str, cure: str
):
    bench = sound_bench(folder)
    plant(bench)
    refused(bench, check, cause, cure)


def test_an_option_that_does_nothing_is_named_although_the_recipe_cannot_know_it(folder: Path):
    bench = sound_bench(folder)
    _underline(bench)
    report = run_preflight(bench, stop=False)
    errors = {check.name: check.error for check in report.failed}
    assert errors["options act"] is not None
    assert "underline" in errors["options act"]["what"] and "empty" in errors["options act"]["cure"]


def test_answers_that_no_window_holds_are_refused(folder: Path):
    bench = sound_bench(folder, pipeline={"max_length": 36, "max_question": 24, "stride": 0})
    bench.task = FirstWindowTask.from_config(bench.task.tokenizer, bench.recipe.pipeline)
    refused(bench, "truncation", "no window", "max_length")


def test_questions_that_lose_their_end_are_refused(folder: Path):
    refused(sound_bench(folder, pipeline__max_question=6), "truncation", "lose their end", "max_question")


def test_rows_longer_than_the_model_are_refused(folder: Path):
    bench = sound_bench(folder, pipeline__max_length=200)
    refused(bench, "positions", "does not fit", "max_length")


def test_a_tokenizer_whose_ids_mean_other_words_is_refused_by_the_embedding(tmp_path: Path):
    """C6: a folder that is at one with itself, whose tokenizer is of the same size and another training."""
    folder = write_backbone(tmp_path / "backbone", kind="roberta")
    _train_twins(folder)
    assert run_preflight(assemble(parse_recipe(recipe_tree(tmp_path)))).ok
    file = folder / "tokenizer.json"
    tree = json.loads(file.read_text(encoding="utf-8"))
    pieces = tree["model"]["vocab"]
    order = np.random.default_rng(0).permutation(len(pieces) - 5) + 5
    tree["model"]["vocab"] = [*pieces[:5], *(pieces[at] for at in order)]
    file.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    bench = assemble(parse_recipe(recipe_tree(tmp_path)))
    refused(bench, TOKENS, "do not mean what these weights", "tokenizer.json")


def _train_twins(folder: Path) -> None:
    """Give the embedding what training gives it: twins lie together, and all rows lean one way."""
    from safetensors.torch import load_file, save_file

    file = folder / "model.safetensors"
    weights = load_file(file)
    name = next(name for name in weights if name.endswith("word_embeddings.weight"))
    table = weights[name]
    vocabulary = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    for piece, id_ in vocabulary.items():
        if piece.startswith("▁") and piece[1:] in vocabulary:
            table[id_] = table[vocabulary[piece[1:]]] + 0.2 * table[id_]
    weights[name] = table + 0.02 * torch.ones_like(table)
    save_file(weights, file, metadata={"format": "pt"})


def test_a_vocabulary_larger_than_the_embedding_never_loads(tmp_path: Path):
    folder = write_backbone(tmp_path / "backbone", vocabulary=300)
    other = write_backbone(tmp_path / "other", vocabulary=400)
    (folder / "tokenizer.json").write_bytes((other / "tokenizer.json").read_bytes())
    with pytest.raises(ArtifactError, match="does not belong to these weights"):
        load_backbone(f"path:{folder}")
