"""A cross-encoder teaches a student of two sides: once, on training records alone, and nothing held out."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gongbang.artifacts.run import Run
from gongbang.cli.main import main
from gongbang.errors import ArtifactError, DataError, GongbangError, PreflightError, RecipeError
from gongbang.train.folds import train_folds
from gongbang.train.preflight import run_preflight
from gongbang.train.recipe import Recipe, parse_recipe
from gongbang.train.rerun import check_data, rerun
from gongbang.train.taught import taught
from gongbang.train.teacher import check_teacher, teacher_shares, with_teacher
from gongbang.train.training import SOFT, train_recipe
from gongbang.train.workbench import Workbench, assemble
from tests.train.planted import refused
from tests.train.test_respond import MODELS, recipe_tree
from tests.train.tiny_labels import recipe_tree as label_tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("teacher")


@pytest.fixture(scope="module")
def teacher(folder: Path) -> Run:
    tree = recipe_tree(folder, "cross")
    tree["training"]["epochs"] = 2
    return train_recipe(parse_recipe(tree), root=folder / "runs", preflight=False)


def student(folder: Path, architecture: str = "bi", **teacher: Any) -> dict[str, Any]:
    tree = recipe_tree(folder, architecture, **MODELS[architecture])
    tree["training"] |= {"epochs": 2, "teacher": {"run": "tiny-cross", "weight": 0.7, **teacher}}
    tree["data"]["negatives"] = {"per_question": 2}
    return tree


def bench_of(folder: Path, teacher: Run, **settings: Any) -> Workbench:
    """A student's workbench, taught."""
    recipe = with_teacher(parse_recipe(student(folder, **settings)), folder / "runs")
    bench = assemble(recipe)
    bench.training = taught(bench.training, teacher_shares(bench), bench.task)
    return bench


@pytest.mark.parametrize("architecture", ["bi", "poly"])
def test_a_student_is_taught_and_its_run_can_be_repeated(folder: Path, teacher: Run, architecture: str):
    run = train_recipe(parse_recipe(student(folder, architecture)), root=folder / "runs")
    assert run.status == "done"
    assert run.recipe["training"]["teacher"]["run"] == str(teacher.path)
    soft = json.loads((run.path / SOFT).read_text(encoding="utf-8"))
    held = {prediction.id for prediction in run.predictions()}
    assert soft and not held & set(soft)
    assert all(sum(own.values()) == pytest.approx(1.0) and len(own) == 3 for own in soft.values())
    proofs = {
        check["check"]: check for check in json.loads((run.path / "preflight.json").read_text())["checks"]
    }
    assert proofs["teacher"]["status"] in ("proved", "noted") and proofs["teacher"]["numbers"]["judged"] > 0
    if architecture == "bi":
        assert rerun(run, root=folder / "again").agree


def test_what_it_says_is_what_it_scores(folder: Path, teacher: Run):
    bench = bench_of(folder, teacher)
    record = next(r for r in bench.training if "soft" in r.labels)
    asked = replace(record, labels={"candidates": record.labels["mined"]})
    theirs = assemble(parse_recipe(teacher.recipe), made=False)
    from gongbang.train.checkpoint import load_weights

    load_weights(theirs.model, teacher.path / "checkpoints" / "best.safetensors")
    theirs.model.eval()
    told = {c.text: c.score for c in theirs.predict([asked])[0].candidates}
    shares = torch.softmax(torch.tensor(list(told.values())), 0).tolist()
    assert dict(zip(told, shares, strict=True)) == pytest.approx(record.labels["soft"], abs=1e-5)
    parts = (*bench.splits.development, *bench.splits.test)
    assert all("soft" not in r.labels and "mined" not in r.labels for r in parts)


def test_a_resumed_run_hears_what_was_said_and_goes_on_as_if_never_stopped(folder: Path, teacher: Run):
    recipe = parse_recipe(student(folder))
    whole = train_recipe(recipe, root=folder / "runs", preflight=False)
    with pytest.raises(KeyboardInterrupt):
        train_recipe(recipe, root=folder / "runs", preflight=False, on_event=_stop_at(5))
    stopped = Run.list(folder / "runs")[-1]
    before = (stopped.path / SOFT).read_bytes()
    resumed = train_recipe(recipe, root=folder / "runs", resume=stopped.path, preflight=False)
    assert (resumed.path / SOFT).read_bytes() == before
    assert resumed.scores.to_dict() == whole.scores.to_dict()


def _stop_at(step: int) -> Any:
    def event(values: Any) -> None:
        if values["step"] >= step:
            raise KeyboardInterrupt

    return event


def test_weights_that_changed_since_are_refused_by_a_rerun(folder: Path, teacher: Run):
    run = train_recipe(parse_recipe(student(folder)), root=folder / "runs", preflight=False)
    weights = teacher.path / "checkpoints" / "best.safetensors"
    kept = weights.read_bytes()
    try:
        weights.write_bytes(kept + b" ")
        with pytest.raises(DataError, match="changed since"):
            check_data(run, parse_recipe(run.recipe))
    finally:
        weights.write_bytes(kept)


def changed(tree: dict[str, Any], **changes: Any) -> dict[str, Any]:
    for key, value in changes.items():
        *parents, last = key.split("__")
        place = tree
        for parent in parents:
            place = place[parent]
        place[last] = value
    return tree


REFUSED: dict[str, tuple[dict[str, Any], type[GongbangError], str, str]] = {
    "another split": ({"data__split__seed": 4}, RecipeError, "differ in their split", "same files and split"),
    "other shares": (
        {"data__split__test": 0.3},
        RecipeError,
        "differ in their split",
        "same files and split",
    ),
    "no negatives": (
        {"data__negatives__per_question": 0},
        RecipeError,
        "nothing to be taught on",
        "per_question",
    ),
    "no such run": ({"training__teacher__run": "tiny-crass"}, ArtifactError, "no such run", "folder"),
}


@pytest.mark.parametrize("fault", REFUSED)
def test_a_teacher_that_cannot_be_trusted_is_refused_before_anything_is_read(
    folder: Path, teacher: Run, fault: str
):
    changes, kind, cause, cure = REFUSED[fault]
    with pytest.raises(kind, match=cause) as caught:
        train_recipe(parse_recipe(changed(student(folder), **changes)), root=folder / "runs")
    assert cure in caught.value.cure and len(caught.value.lines()) == 4


def test_a_teacher_of_other_data_under_the_same_name_of_split_is_refused(
    folder: Path, teacher: Run, tmp_path: Path
):
    tree = student(folder)
    source = Path(tree["data"]["sources"][0]["path"])
    other = tmp_path / "talk.csv"
    other.write_text(source.read_text(encoding="utf-8") + "더 묻나요?,네 더 물어요.,0\n", encoding="utf-8")
    recipe = parse_recipe(changed(tree, data__sources=[{"path": str(other)}]))
    with pytest.raises(RecipeError, match="differ in their data"):
        check_teacher(recipe, teacher)
    mapped = [{"path": str(source), "share": 0.5}]
    with pytest.raises(RecipeError, match="differ in their sources"):
        check_teacher(parse_recipe(changed(student(folder), data__sources=mapped)), teacher)
    # A source that the student alone is trained on takes nothing from what it is judged on.
    more = [{"path": str(source)}, {"path": str(other), "role": "train"}]
    check_teacher(parse_recipe(changed(student(folder), data__sources=more)), teacher)


def test_only_a_cross_encoder_teaches_and_only_two_sides_learn(folder: Path, teacher: Run):
    own = train_recipe(
        parse_recipe(recipe_tree(folder, "bi", temperature=0.1)), root=folder / "bi", preflight=False
    )
    with pytest.raises(RecipeError, match="does not read a context and a response together") as caught:
        with_teacher(parse_recipe(student(folder, run=str(own.path))), folder / "runs")
    assert "architecture bi" in str(caught.value.value)
    tree = recipe_tree(folder, "cross")
    tree["data"]["negatives"] = {"per_question": 1}
    tree["training"]["teacher"] = {"run": "tiny-cross"}
    with pytest.raises(RecipeError, match="learns from no teacher"):
        train_recipe(parse_recipe(tree), root=folder / "runs")
    with pytest.raises(RecipeError, match="learns from no teacher") as caught:
        labels = label_tree(folder, "classify", training__teacher={"run": "tiny-cross"})
        assemble(parse_recipe(labels))
    assert "--distil" in caught.value.cure


def test_a_run_that_is_not_done_teaches_nobody(folder: Path, teacher: Run, tmp_path: Path):
    run = Run.create(tmp_path, teacher.recipe, "half")
    with pytest.raises(ArtifactError, match="did not come to its end"):
        with_teacher(parse_recipe(student(folder, run="half")), tmp_path)
    assert run.status == "running"


def test_a_teacher_is_no_second_to_distilled_runs_and_none_of_folds(folder: Path, teacher: Run):
    with pytest.raises(RecipeError, match="two teachers"):
        train_recipe(parse_recipe(student(folder)), root=folder / "runs", soft={"1": {"a": 1.0}})
    with pytest.raises(RecipeError, match="what the folds hold out"):
        train_folds(parse_recipe(student(folder)), root=folder / "runs")


def test_a_run_is_found_by_a_part_of_its_name_in_another_folder(folder: Path, teacher: Run):
    recipe = parse_recipe(student(folder, run=str(folder / "runs" / "tiny-cross")))
    found = with_teacher(recipe, "nowhere").training.teacher
    assert found is not None and found.run == str(teacher.path)


def test_the_command_line_says_it_in_four_lines(
    folder: Path, teacher: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    import yaml

    file = tmp_path / "student.yaml"
    tree = changed(student(folder), data__split__seed=9)
    file.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    assert main(["train", str(file), "--no-check", "--root", str(folder / "runs"), "--quiet"]) == 2
    lines = capsys.readouterr().err.strip().splitlines()
    assert [line.split(":")[0] for line in lines[1:4]] == ["value", "allowed", "cure"]


class TestPlanted:
    """Faults that the proofs must find."""

    def test_a_teacher_that_was_never_heard(self, folder: Path, teacher: Run):
        recipe = with_teacher(parse_recipe(student(folder)), folder / "runs")
        refused(assemble(recipe), "teacher", "speaks of no training record", "top_n")

    def test_a_teacher_that_finds_all_alike(self, folder: Path, teacher: Run):
        bench = bench_of(folder, teacher)
        for at, record in enumerate(bench.training):
            alike = {text: 1 / 3 + 1e-6 * at * place for place, text in enumerate(record.labels["soft"])}
            bench.training[at] = record.with_labels(soft=alike)
        refused(bench, "teacher", "finds all responses alike", "longer")

    def test_a_weight_that_changes_nothing(self, folder: Path, teacher: Run):
        refused(bench_of(folder, teacher, weight=1e-12), "teacher", "does not move the loss", "weight")

    def test_a_loss_that_does_not_listen(self, folder: Path, teacher: Run):
        bench = bench_of(folder, teacher)
        bench.model.teaching = None
        refused(bench, "model inputs", "never reads the target 'soft'", "loss")

    def test_a_mined_response_that_is_the_right_one(self, folder: Path):
        bench = self._mined(folder)
        at = next(n for n, r in enumerate(bench.training) if r.labels.get("mined"))
        record = bench.training[at]
        bench.training[at] = record.with_labels(mined=[record.fields["response"].replace(".", " !")])
        refused(bench, "negatives", "may be right", "MayBeRight")

    def test_mined_responses_that_are_not_read(self, folder: Path, monkeypatch: pytest.MonkeyPatch):
        bench = self._mined(folder)
        monkeypatch.setattr("gongbang.tasks.respond.beside_rows", lambda records, rows: None)
        refused(bench, "options act", "change nothing", "prepare")

    def test_nothing_was_found(self, folder: Path):
        bench = self._mined(folder)
        bench.training = [replace(r, labels={}) for r in bench.training]
        refused(bench, "options act", "there are none", "top_n")

    @staticmethod
    def _mined(folder: Path) -> Workbench:
        tree = recipe_tree(folder, "bi", temperature=0.1)
        tree["data"]["negatives"] = {"per_question": 1}
        return assemble(parse_recipe(tree))


@pytest.mark.parametrize("architecture", MODELS)
def test_mined_responses_pass_the_proofs_and_come_of_training_rows(folder: Path, architecture: str):
    tree = recipe_tree(folder, architecture, **MODELS[architecture])
    tree["data"]["negatives"] = {"per_question": 1.5, "top_n": 6}
    if architecture == "cross":
        tree["data"]["negatives"]["drawn"] = 2
    bench = assemble(parse_recipe(tree))
    trained = {record.fields["response"] for record in bench.splits.train}
    mined = [text for record in bench.training for text in record.labels.get("mined", ())]
    assert mined and set(mined) <= trained
    assert run_preflight(bench).ok
    if architecture == "cross":
        assert {len(r.labels["candidates"]) for r in bench.training} <= {2, 3, 4}
        assert {len(r.labels["candidates"]) for r in bench.splits.development} == {3}


def test_without_the_keys_a_recipe_is_prepared_as_ever(folder: Path):
    recipe = parse_recipe(recipe_tree(folder, "bi", temperature=0.1))
    bench = assemble(recipe)
    assert bench.training == bench.splits.train
    assert set(bench.task.prepare(bench.training).targets) == {"context", "response"}
    assert isinstance(recipe, Recipe) and bench.model.teaching is None


def test_drawn_is_for_cross_encoders_alone(folder: Path):
    tree = recipe_tree(folder, "bi", temperature=0.1)
    tree["data"]["negatives"] = {"drawn": 3}
    with pytest.raises(RecipeError, match="read together") as caught:
        assemble(parse_recipe(tree))
    assert "drawn=3" in str(caught.value.value) and not isinstance(caught.value, PreflightError)
