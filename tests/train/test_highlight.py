"""One recipe, three rows: none, predicted and oracle, trained, served and refused where they must be."""

from __future__ import annotations

from pathlib import Path

import pytest

from gongbang.apps.evaluate.reading import evaluate_reader
from gongbang.artifacts.run import Run
from gongbang.data.records import Record
from gongbang.errors import ArtifactError, DataError
from gongbang.export.artifact import export_run
from gongbang.nn.span import HighlightedSpanModel, SpanModel
from gongbang.runtime.load import load
from gongbang.tasks import highlight
from gongbang.tasks.table import task_class
from gongbang.train.recipe import load_recipe
from gongbang.train.training import train_recipe
from tests.small import load_reader_bench

ROWS = ("none", "predicted", "oracle")
RECIPES = Path(__file__).resolve().parents[2] / "recipes"


@pytest.fixture(scope="module")
def runs(made: Path, reader_run: Run) -> dict[str, Run]:
    """A run of each row, of one recipe file and one override."""

    def run_of(row: str) -> Run:
        recipe = load_recipe(made / "recipe.yaml", [f"pipeline.highlight={row}"])
        return train_recipe(recipe, root=made / "runs", preflight=False)

    return {"none": reader_run, **{row: run_of(row) for row in ROWS[1:]}}


@pytest.mark.slow
def test_every_row_reports_how_well_its_highlight_finds_the_answer(runs: dict[str, Run]):
    told = {row: run.scores.scores for row, run in runs.items()}
    assert all(run.status == "done" and "exact_match" in told[row] for row, run in runs.items())
    assert "highlight_recall" not in told["none"]
    assert told["oracle"]["highlight_recall"].value == 100.0
    predicted = told["predicted"]["highlight_recall"]
    assert 50.0 < predicted.value < 100.0 and predicted.low is not None and predicted.n > 10


@pytest.mark.slow
def test_the_model_follows_from_the_pipeline_and_its_vectors_learn(runs: dict[str, Run]):
    assert type(load_reader_bench(runs["none"]).model) is SpanModel
    for row in ("predicted", "oracle"):
        model = load_reader_bench(runs[row]).model
        assert isinstance(model, HighlightedSpanModel)
        assert (model.highlight.weight.abs().amax(dim=1) > 0).all()


@pytest.fixture(scope="module")
def artifact(runs: dict[str, Run], tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("lit") / "lit-tiny"
    return export_run(runs["predicted"], target, quantise="none").artifact.path


@pytest.mark.slow
def test_served_equals_trained(artifact: Path, runs: dict[str, Run]):
    served = load(artifact, engine="onnxruntime")
    assert "highlight_ids" in served.artifact.manifest.inputs
    assert served.artifact.config["highlighter"] == highlight.highlighter_hash()
    bench = load_reader_bench(runs["predicted"])
    bench.task = served.task  # calibrated when it was exported
    records = bench.splits.test
    trained = bench.predict(records)
    told = served.predict(records)
    assert [p.text for p in told] == [p.text for p in trained]
    assert [p.confidence for p in told] == pytest.approx([p.confidence for p in trained], abs=1e-4)


@pytest.mark.slow
def test_the_highlight_is_served_and_not_only_carried(artifact: Path, runs: dict[str, Run]):
    served = load(artifact, engine="onnxruntime")
    inputs = served.task.prepare(load_reader_bench(runs["predicted"]).splits.test).inputs
    lit = served.engine.run(inputs)["start_logits"]
    dark = served.engine.run({**inputs, "highlight_ids": 0 * inputs["highlight_ids"]})["start_logits"]
    assert inputs["highlight_ids"].any() and abs(lit - dark).max() > 1e-4


@pytest.mark.slow
def test_an_evaluation_of_the_artifact_tells_the_recall(artifact: Path, runs: dict[str, Run]):
    records = load_reader_bench(runs["predicted"]).splits.test
    found = evaluate_reader(records, load(artifact, engine="onnxruntime"))
    assert found.scores.scores["highlight_recall"] == runs["predicted"].scores.scores["highlight_recall"]


@pytest.mark.slow
def test_an_oracle_is_not_exported(runs: dict[str, Run], tmp_path: Path):
    with pytest.raises(ArtifactError, match="labelled answers") as caught:
        export_run(runs["oracle"], tmp_path / "out")
    assert len(caught.value.lines()) == 4 and "predicted" in caught.value.cure
    assert not (tmp_path / "out").exists()
    bench = load_reader_bench(runs["oracle"])
    with pytest.raises(DataError, match="not labelled"):
        bench.task.prepare([Record("asked", bench.splits.test[0].fields)])


@pytest.mark.slow
def test_what_was_trained_with_another_highlighter_is_refused(
    artifact: Path, runs: dict[str, Run], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    def other(question: str, context: str, sentences: int = 1) -> list[tuple[int, int]]:
        return [(0, 5)]

    monkeypatch.setattr(highlight, "highlighted", other)
    for attempt in (
        lambda: load(artifact),
        lambda: load_reader_bench(runs["predicted"]),
        lambda: export_run(runs["predicted"], tmp_path / "out"),
        lambda: train_recipe(load_recipe(runs["predicted"].path / "recipe.yaml"), root=tmp_path),
    ):
        with pytest.raises(ArtifactError, match="highlighter"):
            attempt()
    assert load_reader_bench(runs["none"]).task.model == "reader"


@pytest.mark.slow
def test_the_rows_differ_in_nothing_but_the_highlight(runs: dict[str, Run]):
    told = []
    for run in runs.values():
        recipe = run.recipe
        keys = {key for key in recipe["pipeline"] if key.startswith("highlight")}
        told.append({**recipe, "pipeline": {k: v for k, v in recipe["pipeline"].items() if k not in keys}})
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("row", ROWS)
def test_the_readers_own_recipe_takes_the_override(row: str):
    recipe = load_recipe(RECIPES / "reader-ko.yaml", [f"pipeline.highlight={row}"])
    done = task_class("reader").complete(recipe.pipeline, [])
    assert done["highlight"] == row and ("highlighter" in done) is (row != "none")
