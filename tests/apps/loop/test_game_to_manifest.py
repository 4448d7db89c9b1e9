"""A row that a player marks in a game reaches the manifest of the next training, with its origin."""

from __future__ import annotations

from dataclasses import replace

from gongbang.apps.loop.judged import of_game, secret_group
from gongbang.apps.twenty_questions import feedback_of
from gongbang.artifacts.datasets import find_version
from gongbang.data.reading import read_records
from gongbang.serve.database.migrate import upgrade
from gongbang.serve.database.review import Review
from gongbang.serve.database.store import Store
from gongbang.serve.reviewed import build_datasets
from gongbang.train.data import load_splits
from gongbang.train.recipe_data import DataSettings
from tests.apps.twenty_questions.scripted import engine


def test_a_marked_row_reaches_the_next_training(tmp_path):
    rules = engine()
    game = replace(rules.start(), keyword="고래")
    game = rules.ask(game, "그것은 물고기인가요?")
    game = rules.ask(game, "그것은 바다에 사나요?")
    game = rules.give_up(game)
    right = "no" if game.turns[0].answer != "no" else "yes"
    marked = feedback_of(game, rules.keywords, {1: right})
    url = tmp_path / "a.db"
    upgrade(url)
    with Store(url) as store:
        review = Review(store)
        kept = review.keep([of_game(one, client="play") for one in marked])
        review.decide(kept[0].id, "accept", reviewer="min")
        review.decide(kept[1].id, "reject", reviewer="min")
    (version,) = build_datasets(url, tmp_path / "datasets")

    (row,) = version.manifest["rows"]
    turn = game.turns[0]
    origin = secret_group("game", game.id)
    assert (row["origin"], row["lineage"], row["client"]) == ("game", f"game:{origin}/1#{kept[0].id}", "play")
    assert (row["artifact"], row["artifact_id"]) == (turn.artifact, turn.artifact_hash)
    assert (row["reviewer"], row["action"]) == ("min", "accept")
    assert version.manifest["origins"] == {"game": 1} and game.id not in str(version.manifest)

    (record,) = read_records(find_version(tmp_path / "datasets" / "boolq").records).strict()
    assert record.fields["question"] == turn.asked and record.labels["label"] == right
    assert (record.group, record.source, record.labels["origin"]) == ("고래", "feedback", "game")
    assert record.lineage == (row["lineage"],)

    # As a recipe takes it: into training alone, whatever the split.
    splits = load_splits(
        DataSettings.model_validate(
            {
                "sources": [{"path": str(version.records), "format": "jsonl", "role": "train"}],
                "split": {"test": 0.5, "development": 0.4},
            }
        ),
        seed=1,
    )
    assert [one.id for one in splits.train] == [record.id]
    assert splits.development == splits.test == []
