"""Recipes: every mistake names the key, what is allowed and the nearest match."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gongbang.errors import RecipeError
from gongbang.train.recipe import load_recipe, parse_recipe

ROOT = Path(__file__).resolve().parents[2]
TREE: dict[str, Any] = {"name": "a", "task": "reader", "data": {"sources": [{"path": "a.json"}]}}


def _write(folder: Path, text: str) -> Path:
    file = folder / "recipe.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def _refused(tree: dict[str, Any]) -> RecipeError:
    with pytest.raises(RecipeError) as caught:
        parse_recipe(tree, "r.yaml")
    return caught.value


def test_defaults_are_filled_in_and_resolved_to_plain_values():
    recipe = parse_recipe(TREE)
    assert recipe.backbone == "e5-small"
    assert recipe.resolved()["training"]["schedule"] == "linear"
    split = {"group_by": "", "development": 0.1, "test": 0.1, "seed": 17}
    assert recipe.resolved()["data"]["split"] == split
    assert parse_recipe(recipe.resolved()) == recipe


@pytest.mark.parametrize(
    ("change", "key", "near"),
    [
        ({"backbon": "x"}, "backbon", "backbone"),
        ({"training": {"epoch": 3}}, "training.epoch", "epochs"),
        ({"training": {"learning_rat": 3}}, "training.learning_rat", "learning_rate"),
        ({"data": {"sources": [{"path": "a", "licens": "MIT"}]}}, "data.sources.0.licens", "licence"),
        ({"data": {"sources": [{"path": "a"}], "split": {"tests": 0.1}}}, "data.split.tests", "test"),
    ],
)
def test_an_unknown_key_is_refused_with_its_nearest_match(change: dict[str, Any], key: str, near: str):
    error = _refused({**TREE, **change})
    assert f"key '{key}': unknown key" in error.what
    assert error.cure == f"Did you mean '{near}'?"
    assert near in error.allowed.split(", ")


def test_an_unknown_key_like_no_other_is_to_be_removed():
    assert _refused({**TREE, "zzz": 1}).cure == "Remove the key."


@pytest.mark.parametrize(
    ("change", "key", "allowed"),
    [
        ({"training": {"epochs": 0}}, "training.epochs", "ge 1"),
        ({"training": {"learning_rate": 0}}, "training.learning_rate", "gt 0"),
        ({"training": {"warmup": 1.0}}, "training.warmup", "lt 1"),
        ({"training": {"precision": "fp8"}}, "training.precision", "'bf16' or 'fp32'"),
        (
            {"training": {"schedule": "sine"}},
            "training.schedule",
            "'linear', 'cosine', 'constant' or 'plateau'",
        ),
        ({"data": {"sources": []}}, "data.sources", "min_length 1"),
    ],
)
def test_a_value_out_of_range_is_refused(change: dict[str, Any], key: str, allowed: str):
    error = _refused({**TREE, **change})
    assert f"key '{key}':" in error.what and allowed in error.allowed


def test_steps_and_a_curriculum_which_goes_by_epochs_are_not_taken_together():
    error = _refused({**TREE, "training": {"steps": 9, "curriculum": {"by": "length"}}})
    assert "curriculum goes from easy to hard over 'epochs'" in error.what


def test_a_missing_key_is_named():
    error = _refused({"name": "a", "data": TREE["data"]})
    assert "key 'task'" in error.what and error.cure == "Add 'task'."


def test_variables_are_expanded_and_have_defaults(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MADE_DATA", "/somewhere")
    monkeypatch.delenv("MADE_NOT", raising=False)
    sources = "[{path: '${MADE_DATA}/a.json'}, {path: '${MADE_NOT:-b}.json'}]"
    text = f"name: a\ntask: reader\ndata: {{sources: {sources}}}"
    paths = [source.path for source in load_recipe(_write(tmp_path, text)).data.sources]
    assert paths == ["/somewhere/a.json", "b.json"]


def test_a_missing_variable_is_named_with_the_command_that_sets_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("MADE_NOT", raising=False)
    with pytest.raises(RecipeError) as caught:
        load_recipe(_write(tmp_path, "name: ${MADE_NOT}"))
    assert "MADE_NOT" in caught.value.what and caught.value.cure == "export MADE_NOT=..."


def test_overrides_reach_into_the_tree(tmp_path: Path):
    text = "name: a\ntask: reader\ndata: {sources: [{path: a.json}]}"
    recipe = load_recipe(
        _write(tmp_path, text),
        ["training.epochs=7", "pipeline.normalise=[nfkc]", "data.sources.0.role=train", "freeze=[a, b]"],
    )
    assert recipe.training.epochs == 7
    assert recipe.pipeline == {"normalise": ["nfkc"]}
    assert recipe.data.sources[0].role == "train"
    assert recipe.freeze == ["a", "b"]


@pytest.mark.parametrize(
    "override",
    [
        "training.epochs",
        "=3",
        "training.epoch=3",
        "training.epochs=[",
        "data.sources.7.role=train",
        "name.first=a",
    ],
)
def test_a_broken_override_is_refused(tmp_path: Path, override: str):
    text = "name: a\ntask: reader\ndata: {sources: [{path: a.json}]}"
    with pytest.raises(RecipeError):
        load_recipe(_write(tmp_path, text), [override])


@pytest.mark.parametrize("text", ["a: [", "- 1\n- 2", "", "\ttab: 1"])
def test_what_is_no_recipe_is_refused(tmp_path: Path, text: str):
    with pytest.raises(RecipeError):
        load_recipe(_write(tmp_path, text))


def test_a_file_that_is_not_there_or_not_utf8_is_refused(tmp_path: Path):
    with pytest.raises(RecipeError, match="not there"):
        load_recipe(tmp_path / "none.yaml")
    (tmp_path / "old.yaml").write_bytes("name: 공방".encode("cp949"))
    with pytest.raises(RecipeError, match="YAML"):
        load_recipe(tmp_path / "old.yaml")


@pytest.mark.parametrize("file", sorted((ROOT / "recipes").glob("*.yaml")), ids=lambda file: file.stem)
def test_every_recipe_of_the_house_can_be_read(file: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GONGBANG_DATA", "/data")
    recipe = load_recipe(file)
    assert recipe.name == file.stem and recipe.description
    assert parse_recipe(recipe.resolved()) == recipe
