"""Copies in a recipe: made of training records alone, proved, swept."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from gongbang.cli.main import main
from gongbang.errors import RecipeError
from gongbang.train.recipe import parse_recipe
from gongbang.train.sweep import sweep_augmentation
from gongbang.train.workbench import assemble
from tests.train.planted import refused
from tests.train.tiny_labels import recipe_tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("augmented")


def test_copies_are_made_of_training_records_alone_and_keep_their_labels(folder: Path):
    bench = assemble(parse_recipe(recipe_tree(folder, "classify", data__augment=[{"method": "aeda"}])))
    made = [record for record in bench.training if record.lineage]
    originals = {record.id: record for record in bench.splits.train}
    assert len(made) > 0.9 * len(originals)
    for record in made:
        original = originals[record.lineage[-1]]
        assert record.labels["label"] == original.labels["label"] and record.group == original.group
        assert record.fields != original.fields
    assert not any(record.lineage for record in (*bench.splits.development, *bench.splits.test))


def test_filters_of_a_recipe_drop_copies(folder: Path):
    method = {"method": "eda-deletion", "ratio": 1}
    every = assemble(parse_recipe(recipe_tree(folder, "classify", data__augment=[method])))
    strict = {**method, "filters": {"length-ratio": {"least": 0.99}}}
    fewer = assemble(parse_recipe(recipe_tree(folder, "classify", data__augment=[strict])))
    assert len(fewer.training) < len(every.training)


def test_a_method_that_makes_nothing_stops_the_run(folder: Path):
    bench = assemble(parse_recipe(recipe_tree(folder, "classify", data__augment=[{"method": "hanja"}])))
    refused(bench, "options act", "none could be made", "Remove the entry")


def test_an_empty_copy_and_one_that_changes_nothing_are_planted_and_caught(folder: Path):
    recipe = parse_recipe(recipe_tree(folder, "classify", data__augment=[{"method": "aeda"}]))
    bench = assemble(recipe)
    place = next(at for at, record in enumerate(bench.training) if record.lineage)
    sound = bench.training[place]
    bench.training[place] = replace(sound, fields={"text": " "})
    error = refused_or_prepared(bench)
    assert "no text" in error
    origin = next(record for record in bench.training if record.id == sound.lineage[-1])
    bench.training[place] = replace(sound, fields=origin.fields)
    assert "is its original" in refused_or_prepared(bench)


def refused_or_prepared(bench: object) -> str:
    from gongbang.errors import PreflightError
    from gongbang.train.proofs.augment import prove
    from gongbang.train.proofs.trial import Trial

    with pytest.raises(PreflightError) as caught:
        prove(Trial(bench))  # type: ignore[arg-type]
    return caught.value.what


def test_a_sweep_draws_its_curve_and_goes_on_where_it_was(folder: Path, capsys: pytest.CaptureFixture[str]):
    import yaml

    recipe = folder / "swept.yaml"
    tree = recipe_tree(folder, "classify", training__epochs=1, data__augment=[{"method": "aeda"}])
    recipe.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    words = ["sweep", str(recipe), "--augment-ratio", "0,1", "--seeds", "1,2", "--out", str(folder / "sweep")]
    assert main([*words, "--no-preflight", "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (folder / "sweep" / "sweep.png").is_file() and len(told["runs"]) == 4
    assert main([*words, "--no-preflight", "--json", "--quiet"]) == 0
    assert json.loads(capsys.readouterr().out)["runs"] == told["runs"]  # nothing was trained again
    assert main([*words, "--set", "training.epochs=2"]) == 2
    assert "another recipe" in capsys.readouterr().err


def test_a_sweep_without_a_method_or_without_none_at_all_is_refused(folder: Path):
    recipe = parse_recipe(recipe_tree(folder, "classify"))
    with pytest.raises(RecipeError, match="no one method"):
        sweep_augmentation(recipe, [0, 1], seeds=[1], out=folder / "x")
    with pytest.raises(RecipeError, match="none at all"):
        sweep_augmentation(recipe, [1, 2], seeds=[1], out=folder / "x", method="aeda")
