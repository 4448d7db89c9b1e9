"""Studies: variants over the same seeds, resumed, compared pairwise, and written into a page."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from gongbang.artifacts.run import Run
from gongbang.cli.main import main
from gongbang.errors import GongbangError, OptionError, RecipeError
from gongbang.train.study import load_study, run_study
from tests.train.tiny_labels import recipe_tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies")


def write_study(folder: Path, name: str = "tiny", **changes: object) -> Path:
    recipe = folder / "tiny-recipe.yaml"
    tree = recipe_tree(folder, "classify", training__epochs=3)
    recipe.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    study = {
        "name": name,
        "question": "Does it learn at all?",
        "recipe": recipe.name,
        "base": "as it is",
        "seeds": [1, 2],
        "metrics": ["accuracy", "macro_f1"],
        "variants": {"hardly": ["training.learning_rate=1.0e-9"]},
        **changes,
    }
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(study, allow_unicode=True), encoding="utf-8")
    return path


def test_a_variant_is_compared_seed_by_seed_and_nothing_is_trained_twice(folder: Path):
    path = write_study(folder)
    found = run_study(path, out=folder / "out", preflight=False)
    assert [row.name for row in found.rows] == ["as it is", "hardly"] and len(found.runs) == 4
    base, hardly = found.rows
    assert base.differences is None and hardly.differences is not None
    difference = hardly.differences["accuracy"]
    assert difference.value == pytest.approx(
        hardly.means["accuracy"].value - base.means["accuracy"].value, abs=1e-12
    )
    assert difference.value < 0
    best = Run.open(found.runs["hardly/1"], folder / "out" / "runs")
    assert best.recipe["training"]["learning_rate"] == 1e-9 and best.recipe["training"]["seed"] == 1
    again = run_study(path, out=folder / "out", preflight=False)
    assert again.runs == found.runs and again.to_dict() == found.to_dict()
    assert len(list((folder / "out" / "runs").iterdir())) == 4


def test_runs_are_scored_again_by_their_weights(folder: Path):
    path, out = write_study(folder, "again"), folder / "again"
    then = run_study(path, out=out, preflight=False)
    curve = Run.open(then.runs["as it is/1"], out / "runs").path / "curve.jsonl"
    rows = [json.loads(line) for line in curve.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        row.update({name: 0.0 for name in row if name.startswith("development/")})
    curve.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    told, scored = (run_study(path, out=out, preflight=False, again=again).rows[0] for again in (False, True))
    assert told.means["accuracy"].value < scored.means["accuracy"].value - 0.1
    for metric, score in then.rows[0].means.items():
        assert scored.means[metric].value == pytest.approx(score.value, abs=1e-9)


def test_runs_side_by_side_are_those_that_come_one_after_the_other(folder: Path):
    path = write_study(folder)
    alone = run_study(path, out=folder / "out", preflight=False)
    told: list[tuple[str, int]] = []
    found = run_study(
        path,
        out=folder / "both",
        preflight=False,
        workers=2,
        on_event=lambda event: told.append((event["variant"], event["seed"])),
    )
    assert {*told} == {(name, seed) for name in ("as it is", "hardly") for seed in (1, 2)}
    assert list(found.runs) == list(alone.runs)
    for row, other in zip(found.rows, alone.rows, strict=True):
        assert row.means["accuracy"].value == pytest.approx(other.means["accuracy"].value, abs=0.05)
    assert found.rows[1].differences["accuracy"].value < 0
    runs = [Run.open(id, folder / "both" / "runs") for id in found.runs.values()]
    assert {run.status for run in runs} == {"done"} and len({run.id for run in runs}) == 4
    with pytest.raises(OptionError, match="workers=0"):
        run_study(path, out=folder / "none", workers=0)


def test_a_run_that_fails_beside_others_takes_none_of_theirs_away(folder: Path):
    path = write_study(folder, variants={"broken": ["training.batch_size=0"]})
    with pytest.raises(RecipeError, match="batch_size"):
        run_study(path, out=folder / "broken", preflight=False, workers=2)
    assert not (folder / "broken").exists()  # seen before anything was trained
    broken = write_study(folder, "late", variants={"broken": ["data.sources=[{path: nowhere.jsonl}]"]})
    with pytest.raises(GongbangError, match="nowhere"):
        run_study(broken, out=folder / "late", preflight=False, workers=2)
    kept = json.loads((folder / "late" / "study.json").read_text(encoding="utf-8"))
    assert sorted(kept["runs"]) == ["as it is/1", "as it is/2"]


def test_another_study_in_the_same_folder_is_refused(folder: Path):
    run_study(write_study(folder), out=folder / "out", preflight=False)
    with pytest.raises(RecipeError, match="another recipe"):
        run_study(write_study(folder, seeds=[1, 3]), out=folder / "out", preflight=False)
    write_study(folder)


def test_the_table_takes_the_place_of_the_older_one_and_leaves_the_page_alone(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    path, page = write_study(folder), folder / "results.md"
    page.write_text("# Results\n\nWords before.\n", encoding="utf-8")
    words = [
        "study",
        str(path),
        "--out",
        str(folder / "out"),
        "--page",
        str(page),
        "--no-preflight",
        "--quiet",
    ]
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][1]["name"] == "hardly"
    first = page.read_text(encoding="utf-8")
    assert first.startswith("# Results\n\nWords before.") and "| hardly |" in first
    page.write_text(first + "\nWords behind.\n", encoding="utf-8")
    assert main([*words, "--score-again"]) == 0
    told = capsys.readouterr().out
    assert "hardly" in told and "against as it is" in told
    second = page.read_text(encoding="utf-8")
    assert second.count("| hardly |") == 1 and second.endswith("Words behind.\n")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"variants": {}}, "variants"),
        ({"seeds": [1]}, "seeds"),
        ({"varients": {}}, "varients"),
        ({"variants": {"as it is": []}}, "name of the base"),
        ({"variants": {"odd": ["training.epocs=1"]}}, "epocs"),
    ],
)
def test_a_study_that_says_nothing_sound_is_refused(folder: Path, changes: dict[str, object], said: str):
    path = write_study(folder, "unsound", **changes)
    with pytest.raises(RecipeError, match=said):
        run_study(path, out=folder / "unsound", preflight=False)


def test_a_metric_that_no_run_has_is_named(folder: Path):
    write_study(folder)
    path = write_study(folder, "metricless", metrics=["exact_match"], seeds=[1, 2])
    with pytest.raises(RecipeError, match="do not have"):
        run_study(path, out=folder / "metricless", preflight=False)


def test_a_study_that_is_not_there_is_told(folder: Path):
    with pytest.raises(RecipeError, match="cannot be read"):
        load_study(folder / "none.yaml")
