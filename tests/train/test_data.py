"""A recipe's data: parts by group, made rows kept out of evaluation, no passage on two sides."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from gongbang.data.near_duplicates import near_duplicates_across
from gongbang.data.splits import find_leaks
from gongbang.errors import SplitError
from gongbang.train.data import load_splits, part_of
from gongbang.train.recipe import load_recipe
from gongbang.train.recipe_data import DataSettings, SplitSettings
from tests.train.tiny import squad, write_squad


def _settings(*sources: dict[str, Any], **split: Any) -> DataSettings:
    return DataSettings.model_validate(
        {"sources": list(sources), "split": {"development": 0.2, "test": 0.2, "seed": 5, **split}}
    )


def test_groups_are_never_divided_and_every_record_has_one_part(tmp_path: Path):
    splits = load_splits(_settings({"path": str(write_squad(tmp_path / "a.json"))}), seed=1)
    groups = [{record.group for record in splits.part(name)} for name in ("train", "development", "test")]
    assert not groups[0] & groups[1] and not groups[0] & groups[2] and not groups[1] & groups[2]
    assert len(splits.train) + len(splits.development) + len(splits.test) == 180
    assert all(groups)
    assert not find_leaks(splits.train, [*splits.development, *splits.test])


def test_records_may_be_grouped_by_one_of_their_texts(tmp_path: Path):
    """By context alone an answer that stands beside many questions is in every part, a question in one."""
    rows = [f"질문 {number % 60}번은 어떤가요,대답 {number % 4}," for number in range(120)]
    file = tmp_path / "pairs.csv"
    file.write_text("\n".join(["Q,A,label", *(row + "0" for row in rows)]), encoding="utf-8")
    source = {"path": str(file)}
    tied = load_splits(_settings(source, seed=11, development=0.0, test=0.0), seed=1)
    assert len({record.group for record in tied.train}) == 4  # the reader ties equal answers too
    splits = load_splits(_settings(source, group_by="context"), seed=1)
    parts = [splits.train, splits.development, splits.test]
    assert all(
        {record.fields["response"] for record in part} == {f"대답 {n}" for n in range(4)} for part in parts
    )
    contexts = [{record.fields["context"] for record in part} for part in parts]
    assert not contexts[0] & contexts[1] and not contexts[0] & contexts[2] and not contexts[1] & contexts[2]
    with pytest.raises(SplitError, match="a text that it does not have"):
        load_splits(_settings(source, group_by="title"), seed=1)


def test_new_articles_move_no_old_one(tmp_path: Path):
    few = load_splits(_settings({"path": str(write_squad(tmp_path / "few.json", 20))}), seed=1)
    many = load_splits(_settings({"path": str(write_squad(tmp_path / "many.json", 30))}), seed=1)
    for name in ("train", "development", "test"):
        assert {record.id for record in few.part(name)} <= {record.id for record in many.part(name)}


def test_another_seed_draws_other_groups_in_the_same_shares():
    groups = [f"g{number}" for number in range(4_000)]
    parts = {
        seed: [part_of(group, SplitSettings(development=0.1, test=0.2, seed=seed)) for group in groups]
        for seed in (1, 2)
    }
    assert parts[1] != parts[2]
    for drawn in parts.values():
        assert drawn.count("test") == pytest.approx(800, abs=90)
        assert drawn.count("development") == pytest.approx(400, abs=70)


def test_roles_are_obeyed(tmp_path: Path):
    first = write_squad(tmp_path / "a.json", 10)
    second = write_squad(tmp_path / "b.json", 5, first=40)
    third = write_squad(tmp_path / "c.json", 5, first=60)
    splits = load_splits(
        _settings(
            {"path": str(first), "role": "train"},
            {"path": str(second), "role": "development"},
            {"path": str(third), "role": "test"},
        ),
        seed=1,
    )
    assert [len(splits.part(name)) for name in ("train", "development", "test")] == [60, 30, 30]


def test_a_share_is_drawn_by_the_seed(tmp_path: Path):
    path = str(write_squad(tmp_path / "a.json", 40))
    drawn = [
        [
            r.id
            for r in load_splits(_settings({"path": path, "role": "train", "share": 0.25}), seed=seed).train
        ]
        for seed in (1, 1, 2)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
    assert len(drawn[0]) == pytest.approx(60, abs=25)


def test_made_rows_are_trained_on_and_never_judged_by(tmp_path: Path):
    path = str(write_squad(tmp_path / "a.json", 20))
    made = load_splits(_settings({"path": path, "augmented": True}), seed=1)
    assert len(made.train) == 120 and not made.development and not made.test
    with pytest.raises(SplitError, match="made rows") as caught:
        load_splits(_settings({"path": path, "augmented": True, "role": "test"}), seed=1)
    assert "role: train" in caught.value.cure


def test_a_training_row_whose_passage_is_held_out_is_left_out(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    tree = squad(10)
    held = write_squad(tmp_path / "held.json", 10)
    for article in tree["data"]:
        article["title"] = f"다른 이름 {article['title']}"
    tree["data"] = [*tree["data"][:2], *squad(8, first=50)["data"]]
    other = tmp_path / "other.json"
    other.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    splits = load_splits(
        _settings({"path": str(held), "role": "test"}, {"path": str(other), "role": "train"}), seed=1
    )
    assert len(splits.dropped) == 12 and len(splits.train) == 48
    assert not find_leaks(splits.train, splits.test)
    assert "12 training records stand in held-out data" in caplog.text


def test_ids_of_two_sources_are_told_apart(tmp_path: Path):
    first = write_squad(tmp_path / "a.json", 3)
    tree = squad(3, first=30)
    for article in tree["data"]:
        for paragraph in article["paragraphs"]:
            for qa in paragraph["qas"]:
                qa["id"] = "0-0"
    second = tmp_path / "b.json"
    second.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    splits = load_splits(
        _settings({"path": str(first), "role": "train"}, {"path": str(second), "role": "train"}), seed=1
    )
    ids = [record.id for record in splits.train]
    assert len(ids) == len(set(ids))
    assert "0-0" in ids and "0-0#1" in ids


def test_nothing_to_train_on_is_refused(tmp_path: Path):
    path = str(write_squad(tmp_path / "a.json", 5))
    with pytest.raises(SplitError, match="nothing to train on"):
        load_splits(_settings({"path": path, "role": "test"}), seed=1)


@pytest.mark.shared
@pytest.mark.parametrize("name", ["reader-ko", "encoder-ko"])
def test_no_recipe_of_the_house_leaks(name: str, shared_data: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GONGBANG_DATA", str(shared_data))
    recipe = load_recipe(Path(__file__).resolve().parents[2] / "recipes" / f"{name}.yaml")
    splits = load_splits(recipe.data, seed=recipe.training.seed)
    held = [*splits.development, *splits.test]
    assert len(splits.development) > 300 and len(splits.test) > 300
    assert not find_leaks(splits.train, held) and not find_leaks(splits.development, splits.test)
    assert not near_duplicates_across(splits.train, held, 0.9)
    assert not any(record.lineage for record in held)


def test_a_training_row_that_is_nearly_held_out_is_left_out(tmp_path: Path):
    held = write_squad(tmp_path / "held.json", 10)
    tree = squad(12)
    for number, article in enumerate(tree["data"]):
        article["title"] = f"다른 이름 {number}"
        for paragraph in article["paragraphs"]:
            paragraph["context"] += " 끝."
            for qa in paragraph["qas"]:
                qa["id"] = f"other-{qa['id']}"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    sources = {"path": str(held), "role": "test"}, {"path": str(other), "role": "train"}
    splits = load_splits(_settings(*sources), seed=1)
    assert len(splits.dropped) == 60 and len(splits.train) == 12 and len(splits.test) == 60


def test_an_article_has_one_part_however_its_name_is_written(tmp_path: Path):
    split = SplitSettings(development=0.3, test=0.3, seed=17)
    names = [f"공방_거리_{number}" for number in range(40)]
    assert [part_of(name, split) for name in names] == [
        part_of(name.replace("_", " "), split) for name in names
    ]
    assert len({part_of(name, split) for name in names}) == 3
    held = write_squad(tmp_path / "held.json", 4)
    tree = squad(4, first=60)
    for number, article in enumerate(tree["data"]):
        article["title"] = f"공방_거리_{number}"
    other = tmp_path / "other.json"
    other.write_text(json.dumps(tree, ensure_ascii=False), encoding="utf-8")
    with pytest.raises(SplitError, match="nothing to train on"):
        load_splits(
            _settings({"path": str(held), "role": "test"}, {"path": str(other), "role": "train"}), seed=1
        )


@pytest.mark.parametrize(
    ("name", "part"),
    [("쇼와_천황", "train"), ("커맨드_앤_컨커_3__타이베리움_워", "test"), ("시리아_내전", "test")],
)
def test_parts_do_not_move(name: str, part: str):
    assert part_of(name, SplitSettings(development=0.08, test=0.08, seed=17)) == part


def test_rows_of_a_made_source_are_told_from_found_ones(tmp_path: Path):
    found, made = write_squad(tmp_path / "a.json", 4), write_squad(tmp_path / "b.json", 4, first=40)
    splits = load_splits(_settings({"path": str(found)}, {"path": str(made), "augmented": True}), seed=1)
    marked = [record for record in splits.train if record.labels.get("augmented")]
    assert len(marked) == len(squad(4)["data"]) * 6
    assert not any(r.labels.get("augmented") for r in (*splits.development, *splits.test))
