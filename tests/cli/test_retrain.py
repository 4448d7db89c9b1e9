"""``gongbang retrain`` and its neighbours as a user meets them, a real training among them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import gongbang
from gongbang.apps.loop.judged import Judged
from gongbang.artifacts.format import open_artifact
from gongbang.artifacts.store import find_artifact
from gongbang.data.records import Record
from gongbang.serve.database.migrate import upgrade
from gongbang.serve.database.review import Review
from gongbang.serve.database.store import Store
from tests.train.tiny import CRAFTS, NAMES, PLACES
from tests.train.tiny_labels import recipe_tree, write_reviews


def marks(url: Path) -> Path:
    """A database with feedback on a classifier's labels: three that teach something, one that does not."""
    upgrade(url)
    rows = [
        ("가온 놋그릇 곁에서 이름이 높다", "bad", False, "good"),
        ("나래 소반 앞에 말이 걸려 있다", "bad", True, None),
        ("다솜 벼루 옆 길을 따라 가면 된다", "good", False, None),
        ("라온 장구 소리", "good", True, None),
    ]
    with Store(url) as store:
        Review(store).keep(
            [
                Judged("predict", "classify", {"text": text}, answer, good, right, artifact="mood")
                for text, answer, good, right in rows
            ]
        )
    return url


def test_feedback_is_reviewed_and_built(call, tmp_path):
    url, data = marks(tmp_path / "a.db"), tmp_path / "datasets"
    listed = call("review", "list", "--database", url, "--json").data
    assert (listed["total"], [item["state"] for item in listed["items"]]) == (4, ["open"] * 4)
    assert call("review", "accept", 1, "--reviewer", "min", "--database", url).code == 0
    refused = call("review", "accept", 3, "--reviewer", "min", "--database", url)
    assert refused.code == 2 and len(refused.lines) == 4 and "only said" in refused.lines[0]
    done = call("review", "correct", 3, "--text", "bad", "--reviewer", "min", "--database", url, "--json")
    assert done.data["decisions"][0]["text"] == "bad" and done.data["version"] == 2
    late = call("review", "reject", 3, "--version", 1, "--reviewer", "jun", "--database", url, "--json")
    assert (late.code, late.data["current"]) == (2, 2)
    call("review", "accept", 2, "--reviewer", "min", "--database", url)
    call("review", "reject", 4, "--reviewer", "min", "--note", "무슨 말인지", "--database", url)
    shown = call("review", "show", 4, "--database", url)
    assert "min: reject 무슨 말인지" in shown.out
    built = call("review", "export", "--datasets", data, "--database", url, "--json").data["versions"]
    assert [(one["task"], one["records"], one["origins"]) for one in built] == [
        ("classify", 3, {"predict": 3})
    ]
    again = call("review", "export", "--datasets", data, "--database", url, "--json").data["versions"]
    assert again == built
    assert "0 of 0" in call("review", "list", "--database", url).out
    assert "4 of 4" in call("review", "list", "--all", "--database", url).out


@pytest.mark.parametrize(
    "words",
    [
        ("correct", 1),
        ("correct", 1, "--text", "a", "--no-answer"),
        ("accept", 99),
        ("list", "--state", "done"),
        ("export",),
    ],
)
def test_wrong_reviews_are_told_in_four_lines(call, tmp_path, words):
    refused = call("review", *words, "--database", marks(tmp_path / "a.db"))
    assert refused.code == 2 and len(refused.lines) == 4


def test_a_suite_is_frozen_and_looked_at(call, tmp_path):
    data = write_reviews(tmp_path / "reviews.jsonl", count=30)
    freeze = ("suite", "freeze", tmp_path / "s", "--data", data, "--task", "classify")
    made = call(*freeze, "--slice", "label:label", "--floor", "all=0.6", "--limit", 20, "--json")
    assert made.data["records"] == 20 and made.data["rules"]["floors"] == {"all": 0.6}
    assert call("suite", "show", tmp_path / "s", "--json").data["id"] == made.data["id"]
    assert call(*freeze).code == 2  # it stands there
    for wrong in (
        ("--floor", "all"),
        ("--floor", "label:x=y=1"),
        ("--slice", "label:x"),
        ("--most-drop", -1),
    ):
        refused = call(*freeze[:2], tmp_path / "t", *freeze[3:], *wrong)
        assert refused.code == 2 and len(refused.lines) == 4, wrong
        assert not (tmp_path / "t").exists()


def test_nothing_to_roll_back_to(call, tmp_path):
    for name in ("mood", "../mood"):
        refused = call("rollback", name, "--champions", tmp_path)
        assert refused.code == 2 and len(refused.lines) == 4
    assert list(tmp_path.iterdir()) == []


NEW = {"good": "손이 먼저 안다", "bad": "하나만 만들었으나"}
"""How people came to write what the first champion has never read."""


def said_anew(count: int, first: int) -> list[tuple[str, str]]:
    """Texts of the new kind with their labels, in the words of the tiny vocabulary."""
    told = []
    for number in range(first, first + count):
        label = "good" if number % 2 else "bad"
        words = NAMES[number % 12], CRAFTS[number * 5 % 12], PLACES[number * 7 % 12]
        told.append((" ".join([*words, str(number), NEW[label]]), label))
    return told


def suite_file(path: Path) -> Path:
    """As many texts of the old kind as of the new."""
    write_reviews(path, count=60, seed=99)
    rows = [
        json.dumps({"id": f"n{number}", "text": text, "label": label}, ensure_ascii=False)
        for number, (text, label) in enumerate(said_anew(60, first=1000))
    ]
    path.write_text(path.read_text(encoding="utf-8") + "\n".join(rows) + "\n", encoding="utf-8")
    return path


@pytest.mark.slow
def test_the_whole_loop(call, tmp_path):
    """A champion meets a new way of writing, learns it from feedback, keeps its place, and is rolled back."""
    url, data, suite = tmp_path / "a.db", tmp_path / "datasets", tmp_path / "suite"
    tree = recipe_tree(tmp_path, "classify", export__quantise="none")
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    frozen = call("suite", "freeze", suite, "--data", suite_file(tmp_path / "s.jsonl"), "--task", "classify")
    assert frozen.code == 0, frozen.err

    def retrain(*more):
        where = ("--champions", tmp_path / "champions", "--work", tmp_path / "work")
        asked = (tmp_path / "recipe.yaml", "--champion", "mood", "--suite", suite, *where, "--no-preflight")
        told = call("retrain", *asked, *more, "--json")
        assert told.code == 0, told.err
        return told.data

    first = retrain()
    assert first["decision"] == "promote", first["reasons"]
    before = {path.name: path.read_bytes() for path in find_artifact(tmp_path / "champions/mood").iterdir()}
    mood = gongbang.load(tmp_path / "champions/mood", engine="onnxruntime")

    upgrade(url)
    with Store(url) as store:
        review = Review(store)
        for text, label in said_anew(80, first=0):
            given = mood.predict([Record("1", {"text": text})])[0].text
            judged = Judged("predict", "classify", {"text": text}, given, given == label, artifact="mood")
            (kept,) = review.keep([judged])
            decision = {"action": "accept"} if given == label else {"action": "correct", "text": label}
            review.decide(kept.id, reviewer="min", **decision)
    built = call("review", "export", "--datasets", data, "--suite", suite, "--database", url, "--json").data
    assert built["versions"][0]["records"] == 80

    plan = retrain("--dataset", data / "classify", "--dry-run")
    assert (plan["datasets"][0]["records"], plan["before"]) == (80, first["champion"])
    better = retrain("--dataset", data / "classify")
    assert better["decision"] == "promote" and better["before"] == first["champion"], better["reasons"]
    mood = gongbang.load(tmp_path / "champions/mood", engine="onnxruntime")
    assert mood.artifact.id == better["champion"]
    assert "feedback" in {one.name for one in mood.artifact.manifest.trained_on}
    assert retrain("--dataset", data / "classify")["new"] is False

    worse = retrain("--set", "training.learning_rate=0.000000001")
    assert (worse["decision"], worse["champion"]) == ("keep", better["champion"])
    challenger = Path(worse["folder"]) / "challenger" / "mood"
    said = call("gate", tmp_path / "champions/mood", challenger, "--suite", suite)
    assert said.code == 0 and said.out.startswith("keep") and "FAILED" in said.out

    back = call("rollback", "mood", "--champions", tmp_path / "champions", "--reason", "see", "--json")
    assert back.data["champion"] == first["champion"]
    place = find_artifact(tmp_path / "champions/mood")
    assert {path.name: path.read_bytes() for path in place.iterdir()} == before
    assert open_artifact(tmp_path / "champions/mood").id == first["champion"]
