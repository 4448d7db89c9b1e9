"""What is trained on, and among what a task that ranks is judged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gongbang.data.records import Record
from gongbang.errors import RecipeError, SplitError
from gongbang.metrics.scores import Score, Scores
from gongbang.train.data import Splits
from gongbang.train.recipe import Recipe, parse_recipe
from gongbang.train.training import _report
from gongbang.train.workbench import Workbench, training_records
from tests.train.tiny import made_records

RANKS: Any = SimpleNamespace(ranks_corpus=True)
READS: Any = SimpleNamespace(ranks_corpus=False, schema=SimpleNamespace(spans=("answers",)))


def _recipe(**negatives: float) -> Recipe:
    data = {"sources": [{"path": "a.json"}], "negatives": negatives}
    return parse_recipe({"name": "a", "task": "encode", "data": data})


def test_an_encoder_learns_from_pairs_alone():
    pairs = made_records(2)
    impossible = replace(pairs[0], id="impossible", spans={"answers": ()})
    unlabelled = replace(pairs[1], id="unlabelled", spans={})
    passage = Record("passage", {"context": "다른 글이다."})
    splits = Splits(train=[*pairs, impossible, unlabelled, passage])
    assert training_records(_recipe(), splits, RANKS) == [*pairs, unlabelled]


def test_an_encoder_takes_no_negatives_that_say_no_answer():
    with pytest.raises(RecipeError, match="nowhere to say it") as caught:
        training_records(_recipe(per_question=1.0), Splits(train=made_records(2)), RANKS)
    assert "batch_by: group" in caught.value.cure


def test_an_encoder_without_pairs_is_refused():
    with pytest.raises(SplitError, match="nothing to train on"):
        training_records(_recipe(), Splits(train=[Record("p", {"context": "글이다."})]), RANKS)


def _recurring(records: list[Record]) -> list[Record]:
    more = " 봄이면 마을 사람들이 나물을 캐러 박달재를 넘는다. 마을의 북쪽 고개가 박달재다."
    return [replace(r, fields={**r.fields, "context": r.fields["context"] + more}) for r in records]


@pytest.mark.parametrize("ranks", [True, False])
def test_questions_are_made_of_training_passages_alone(ranks: bool):
    train, held = _recurring(made_records(2)), _recurring(made_records(2, first=5))
    data = {"sources": [{"path": "a.json"}], "cloze": {"per_passage": 1}}
    recipe = parse_recipe({"name": "a", "task": "encode" if ranks else "reader", "data": data})
    task: Any = SimpleNamespace(ranks_corpus=ranks)
    training = training_records(recipe, Splits(train=train, development=held, test=held), task)
    made = [record for record in training if record.lineage]
    assert training[: len(train)] == train
    assert [record.answers[0].text for record in made] == ["박달재"] * 4  # one of each distinct passage
    assert {record.lineage[0] for record in made} <= {record.id for record in train}
    assert (
        training_records(
            parse_recipe({**recipe.resolved(), "data": {**data, "cloze": {}}}), Splits(train), task
        )
        == train
    )


def test_no_negative_is_mined_for_a_made_question():
    train = _recurring(made_records(6))
    data = {"sources": [{"path": "a.json"}], "cloze": {"per_passage": 1}, "negatives": {"per_question": 1.0}}
    recipe = parse_recipe({"name": "a", "task": "reader", "data": data})
    training = training_records(recipe, Splits(train=train), READS)
    silent = [record for record in training if not record.answers]
    assert silent and not any("cloze" in origin for record in silent for origin in record.lineage)


class _Scored(Workbench):
    """A workbench whose model needs not be there."""

    def score(self, records: Any, *, bf16: bool | None = None) -> Any:
        return Scores("mrr@10", {"mrr@10": Score(1.0, len(records))}), []


class _Run:
    """Takes what a run is told."""

    baselines: Any = None
    id = "made"

    def save_metrics(self, scores: Scores, *, baselines: Any) -> None:
        self.baselines = baselines

    def save_predictions(self, predictions: Any) -> None: ...

    def plot(self) -> Path | None: ...


def test_model_and_baseline_rank_the_same_passages():
    records = made_records(6)
    task: Any = SimpleNamespace(
        ranks_corpus=True,
        name="encode",
        schema=SimpleNamespace(spans=()),
        baselines=lambda part: {record.fields["context"] for record in part[1]},
    )
    splits = Splits(train=records[:24], test=records[24:])
    bench = _Scored(_recipe(), None, None, task, splits, splits.train)  # type: ignore[arg-type]
    run: Any = _Run()
    _report(bench, run)
    assert run.baselines == {record.fields["context"] for record in records}
    assert len(run.baselines) == 12
