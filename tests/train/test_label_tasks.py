"""Tasks that choose among labels go the whole way: proofs, training, scores, artifact, prediction."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import gongbang
from gongbang.artifacts.run import Run
from gongbang.errors import OptionError, RecipeError
from gongbang.train.recipe import parse_recipe
from gongbang.train.training import train_recipe
from gongbang.train.workbench import assemble
from tests.train.tiny_labels import recipe_tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("labels")


@pytest.fixture(scope="module")
def classified(folder: Path) -> Run:
    tree = recipe_tree(folder, "classify", training__epochs=3)
    return train_recipe(parse_recipe(tree), root=folder / "runs")


def test_a_classifier_is_proved_trained_and_scored(classified: Run):
    assert classified.status == "done" and classified.recipe["pipeline"]["labels"] == ["bad", "good"]
    assert classified.scores.primary == "accuracy" and classified.scores.value > 0.8
    assert classified.baselines["majority"].value < classified.scores.value
    predictions = classified.predictions()
    assert {c.text for c in predictions[0].candidates} == {"bad", "good"}


def test_the_artifact_predicts_what_the_run_did(classified: Run, folder: Path):
    from gongbang.export.artifact import export_run

    report = export_run(classified, folder / "sentiment-tiny", quantise="none")
    served = gongbang.load(folder / "sentiment-tiny", engine="onnxruntime")
    bench = assemble(parse_recipe(classified.recipe), made=False)
    told = {prediction.id: prediction.text for prediction in served.predict(bench.splits.test)}
    assert told == {prediction.id: prediction.text for prediction in classified.predictions()}
    assert report.calibration["temperature"] == served.artifact.config["temperature"]


def test_eight_bits_are_exported_for_a_classifier_too(classified: Run, folder: Path):
    from gongbang.export.artifact import export_run

    report = export_run(classified, folder / "small", gate=100.0)
    assert report.quantised == "int8 (full)"


def test_emotions_train_and_their_thresholds_are_fitted_at_export(folder: Path):
    from gongbang.export.artifact import export_run

    run = train_recipe(
        parse_recipe(recipe_tree(folder, "emotions", training__epochs=3)), root=folder / "runs"
    )
    report = export_run(run, folder / "emotions-tiny", quantise="none")
    served = gongbang.load(folder / "emotions-tiny", engine="onnxruntime")
    assert len(served.artifact.config["thresholds"]) == len(served.task.labels) == 3
    assert report.scores is not None and report.scores.primary == "macro_f1"


def test_a_relation_is_exported_with_its_marks_and_predicts_what_the_run_did(folder: Path):
    from gongbang.export.artifact import export_run

    run = train_recipe(
        parse_recipe(recipe_tree(folder, "relation", training__epochs=3)), root=folder / "runs"
    )
    assert run.scores.scores["type_impossible"].value == 0
    report = export_run(run, folder / "relation-tiny", quantise="none")
    assert report.engine_metrics and "onnxruntime" in report.engines
    served = gongbang.load(folder / "relation-tiny", engine="onnxruntime")
    bench = assemble(parse_recipe(run.recipe), made=False)
    told = {prediction.id: prediction.text for prediction in served.predict(bench.splits.test)}
    assert told == {prediction.id: prediction.text for prediction in run.predictions()}


def test_boolean_questions_are_trained_with_distractors_that_say_nothing(folder: Path):
    tree = recipe_tree(folder, "boolq", training__epochs=1, data__negatives={"per_question": 0.5})
    bench = assemble(parse_recipe(tree))
    made = [record for record in bench.training if record.lineage]
    assert made and all(record.labels["label"] == "no-answer" for record in made)
    run = train_recipe(parse_recipe(tree), root=folder / "runs")
    assert run.status == "done" and "macro_f1" in run.scores.scores


def test_negatives_are_refused_where_nothing_can_be_silent(folder: Path):
    tree = recipe_tree(folder, "classify", data__negatives={"per_question": 0.5})
    with pytest.raises(RecipeError, match="nowhere to say it"):
        assemble(parse_recipe(tree))


def test_a_teachers_probabilities_change_the_loss_and_are_kept_with_the_run(folder: Path, classified: Run):
    tree = recipe_tree(folder, "classify", training__epochs=3)
    # The last weights are kept, not those that the truth likes best.
    tree["data"]["split"] = {"development": 0, "test": 0.2, "seed": 3}
    recipe = parse_recipe(tree)
    other = {"good": {"bad": 1.0, "good": 0.0}, "bad": {"bad": 0.0, "good": 1.0}}
    soft = {record.id: other[record.labels["label"]] for record in assemble(recipe).splits.train}
    run = train_recipe(recipe, root=folder / "runs", soft=soft, preflight=False)
    assert (run.path / "soft.json").is_file()
    # A teacher that is always wrong teaches to be wrong: labels alone would have been learned.
    assert run.scores.value < 0.5 < classified.scores.value


def test_class_weights_dropout_samples_and_losses_are_options_of_the_model(folder: Path):
    model = {"loss": "focal", "loss_options": {"gamma": 1.0}, "class_weights": "balanced"}
    tree = recipe_tree(folder, "classify", model={**model, "dropout": 0.2, "samples": 3})
    bench = assemble(parse_recipe(tree))
    features = bench.task.prepare(bench.training[:8])
    from gongbang.train.batches import tensors

    batch = tensors(features, np.arange(8))
    assert float(bench.model.loss(batch).detach()) > 0
    for wrong in ({"los": "focal"}, {"loss": "fokal"}, {"samples": 2}, {"pool": "max"}):
        with pytest.raises(OptionError):
            assemble(parse_recipe(recipe_tree(folder, "classify", model=wrong)))


def test_a_set_made_for_another_task_is_renamed_and_relabelled(folder: Path):
    tree = recipe_tree(folder, "classify")
    source = {"path": tree["data"]["sources"][0]["path"], "relabel": {"good": "yes", "bad": "no"}}
    tree["data"]["sources"] = [{**source, "rename": {"text": "text"}}]
    assert assemble(parse_recipe(tree)).task.labels == ("no", "yes")
    tree["data"]["sources"] = [{**source, "relabel": {"good": "yes"}}]
    from gongbang.errors import DataError

    with pytest.raises(DataError, match="relabel"):
        assemble(parse_recipe(tree))
