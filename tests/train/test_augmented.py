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


def test_translations_that_are_stored_are_copies_of_a_recipe(folder: Path):
    from gongbang.augment.back_translate import back_translate
    from gongbang.augment.provider_cache import CachedProvider
    from gongbang.train.training import data_files
    from tests.augment.koreanish import Mirror

    cache = folder / "translations"
    entry = {"method": "back-translate", "options": {"cache": str(cache)}}
    recipe = parse_recipe(recipe_tree(folder, "classify", data__augment=[entry]))
    train = assemble(parse_recipe(recipe_tree(folder, "classify"))).training
    back_translate(train[:30], CachedProvider(Mirror(), cache), "en")
    bench = assemble(recipe)
    made = [record for record in bench.training if record.lineage]
    assert [record.lineage[-1] for record in made] == [record.id for record in train[:30]]
    assert data_files(recipe)["train"] == [str(cache)]


def test_cloze_questions_are_copies_of_a_recipe(tmp_path: Path):
    from tests.train.tiny import recipe_tree as reader_tree

    entry = {"method": "cloze", "filters": {"answer-not-in-question": {}}}
    tree = reader_tree(tmp_path, data__augment=[entry])
    data = json.loads((tmp_path / "made.json").read_text(encoding="utf-8"))
    for article in data["data"]:
        for paragraph in article["paragraphs"]:
            paragraph["context"] += (
                " 봄이면 마을 사람들이 나물을 캐러 박달재를 넘는다. 마을의 북쪽 고개가 박달재다."
            )
    (tmp_path / "made.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    bench = assemble(parse_recipe(tree))
    made = [record for record in bench.training if record.lineage]
    assert made and all(record.labels["augmented"] == "cloze" for record in made)
    assert bench.task.prepare(made).targets["start_positions"].shape[0] >= len(made)


def test_a_relation_that_no_record_has_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gongbang.train.preflight.PROOFS", {"augmentation": "augment:prove"})
    entry = {"method": "entity-swap", "options": {"relations": {"good": "good", "per:child": "per:parent"}}}
    bench = assemble(parse_recipe(recipe_tree(folder, "classify", data__augment=[entry])))
    error = refused(bench, "options act", "of no training record", "spelling")
    assert "per:child" in str(error.value) and error.allowed == "bad, good"


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
