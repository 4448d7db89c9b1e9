"""A run's number comes out again, or the reason why not is told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from gongbang.artifacts.files import read_json, write_json
from gongbang.artifacts.run import Run
from gongbang.errors import ArtifactError, DataError, OptionError
from gongbang.metrics.scores import Score, Scores
from gongbang.train.recipe import parse_recipe
from gongbang.train.rerun import check_data, compare_metrics, rerun
from gongbang.train.training import finish_run, train_recipe
from tests.train.tiny import recipe_tree, write_squad


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rerun")


@pytest.fixture(scope="module")
def done(folder: Path) -> Run:
    tree = recipe_tree(folder, training__epochs=1, data__negatives={"per_question": 0.2})
    return train_recipe(parse_recipe(tree), root=folder / "runs", preflight=False)


def _checks(then: dict[str, float], now: dict[str, float], tolerance: float = 0.0, n: int = 4):
    a = Scores("f1", {name: Score(value, 4) for name, value in then.items()})
    b = Scores("f1", {name: Score(value, n) for name, value in now.items()})
    return [(c.name, c.agrees) for c in compare_metrics(a, b, tolerance)]


def test_the_primary_metric_is_compared_first_and_exactly():
    assert _checks({"em": 1.0, "f1": 2.0}, {"em": 1.0, "f1": 2.0}) == [("f1", True), ("em", True)]
    assert _checks({"f1": 2.0}, {"f1": 2.0 + 1e-6}) == [("f1", False)]
    assert _checks({"f1": 2.0}, {"f1": 2.4}, tolerance=0.5) == [("f1", True)]


def test_a_metric_that_is_gone_or_over_other_questions_disagrees():
    assert _checks({"f1": 2.0}, {"em": 2.0}) == [("f1", False)]
    assert _checks({"f1": 2.0}, {"f1": 2.0}, n=5) == [("f1", False)]


@pytest.mark.slow
def test_the_best_weights_score_what_the_run_recorded(done: Run):
    found = rerun(done, evaluate_only=True)
    assert found.agree and found.again == ""
    assert found.metrics[0].name == "exact_match"
    assert found.predictions == len(done.predictions()) and found.changed == ()
    assert found.same_code and json.loads(json.dumps(found.to_dict()))["agree"] is True


@pytest.mark.slow
def test_a_repeated_run_gives_the_same_number_and_the_same_answers(done: Run, folder: Path):
    events: list[int] = []
    found = rerun(done, root=folder / "again", on_event=lambda event: events.append(event["step"]))
    assert found.agree and found.changed == ()
    again = Run.open(found.again)
    assert again.path != done.path and again.recipe == done.recipe
    assert again.scores == done.scores and events[-1] >= 1
    assert [p.text for p in again.predictions()] == [p.text for p in done.predictions()]


@pytest.mark.slow
def test_a_run_that_was_closed_early_comes_out_again(folder: Path):
    tree = recipe_tree(folder, training__epochs=3, training__evaluate_every=0.5)

    def stop(event: Mapping[str, object]) -> None:
        if "loss" in event and event["step"] == 11:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_recipe(parse_recipe(tree), root=folder / "stopped", preflight=False, on_event=stop)
    closed = finish_run(Run.list(folder / "stopped")[0].path)
    found = rerun(closed, root=folder / "again-closed")
    again = Run.open(found.again)
    assert found.agree and again.closed_at == closed.closed_at == 11
    assert again.curve()[-1]["step"] == 11


@pytest.mark.slow
def test_a_number_that_was_edited_is_found_out(done: Run):
    path = done.path / "metrics.json"
    before = read_json(path, "metrics")
    value = before["scores"]["f1"]["value"]
    try:
        edited = {**before["scores"]["f1"], "value": value + 3.0}
        write_json(path, {**before, "scores": {**before["scores"], "f1": edited}})
        found = rerun(done, evaluate_only=True)
        assert not found.agree
        (wrong,) = [m for m in found.metrics if not m.agrees]
        assert wrong.name == "f1" and wrong.recorded - wrong.now == pytest.approx(3.0)
    finally:
        write_json(path, before)


@pytest.mark.slow
def test_another_environment_is_told(done: Run):
    path = done.path / "environment.json"
    before = read_json(path, "environment")
    try:
        write_json(path, {**before, "packages": {**before["packages"], "numpy": "0.1"}})
        found = rerun(done, evaluate_only=True)
        assert [(c.key, c.a) for c in found.environment if "numpy" in c.key] == [("packages.numpy", "0.1")]
        assert found.agree
    finally:
        write_json(path, before)


@pytest.mark.slow
def test_changed_data_are_refused_before_anything_is_trained(done: Run, folder: Path):
    file = folder / "made.json"
    before = file.read_bytes()
    try:
        write_squad(file, articles=29)
        with pytest.raises(DataError, match="changed since") as caught:
            rerun(done, root=folder / "never")
        assert len(caught.value.lines()) == 4 and "made.json: sha256" in str(caught.value)
        assert not (folder / "never").exists()
        file.unlink()
        with pytest.raises(DataError, match="cannot be read"):
            rerun(done, evaluate_only=True)
    finally:
        file.write_bytes(before)


@pytest.mark.slow
def test_a_source_that_was_added_to_the_recipe_is_refused(done: Run, folder: Path):
    recipe = parse_recipe(done.recipe)
    other = write_squad(folder / "other.json", articles=2, first=90)
    sources = [*recipe.data.sources, recipe.data.sources[0].model_copy(update={"path": str(other)})]
    data = recipe.data.model_copy(update={"sources": sources})
    with pytest.raises(DataError, match="changed since") as caught:
        check_data(done, recipe.model_copy(update={"data": data}))
    assert "other.json: no such file" in caught.value.allowed


@pytest.mark.slow
def test_a_run_without_scores_or_weights_cannot_be_repeated(done: Run, folder: Path):
    weights = done.path / "checkpoints" / "best.safetensors"
    moved = weights.rename(weights.with_name("moved.safetensors"))
    try:
        with pytest.raises(ArtifactError, match="no best weights"):
            rerun(done, evaluate_only=True)
    finally:
        moved.rename(weights)
    with pytest.raises(OptionError, match="tolerance"):
        rerun(done, tolerance=-1.0)
    fresh = Run.create(folder / "runs", {"name": "never"}, "never")
    fresh.finish("failed")
    with pytest.raises(ArtifactError, match="metrics"):
        rerun(fresh)


def test_agreement_is_of_all_metrics():
    from gongbang.train.rerun import MetricCheck, Rerun

    good, bad = MetricCheck("f1", 1.0, 1.0, True), MetricCheck("em", 1.0, 2.0, False)
    found = Rerun("a", "", (good,), 0, (), (), True, 0.0)
    assert found.agree and not replace(found, metrics=(good, bad)).agree
