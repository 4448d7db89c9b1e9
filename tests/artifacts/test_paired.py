"""Runs of every kind of task compared record by record, and a run beside its parent."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from gongbang.artifacts.class_kinds import LabelSpec
from gongbang.artifacts.class_rows import build_class_notebook
from gongbang.artifacts.compare import Change, causes_of, compare_runs
from gongbang.artifacts.compare_text import change_rows, comparison_text
from gongbang.artifacts.run import Run
from gongbang.data.records import Record
from gongbang.errors import ArtifactError
from gongbang.metrics.classes import class_scores
from gongbang.metrics.multilabel import multilabel_scores
from gongbang.metrics.ranking import ranking_scores
from gongbang.tasks.base import Prediction
from tests.artifacts.labelled import label_run, told

GOLD = ["bad", "good"] * 20
HALF = ["bad"] * 40


def test_labels_are_compared_by_the_runs_own_metrics(tmp_path: Path):
    a = label_run(tmp_path, "a", {"lr": 1}, HALF, GOLD)
    b = label_run(tmp_path, "b", {"lr": 2}, GOLD, GOLD)
    paired = compare_runs(a, b).paired
    assert list(paired) == ["accuracy", "macro_f1", "micro_f1"]
    assert paired["accuracy"].value == pytest.approx(0.5)  # b - a, as a share
    # a: F1 of "bad" is 2 * 20 / (40 + 20), of "good" 0; b is right throughout
    assert paired["macro_f1"].value == pytest.approx(1 - (2 / 3 + 0) / 2)
    assert paired["accuracy"].significant and paired["accuracy"].n == 40
    assert "paired accuracy: +0.5000 [" in compare_runs(a, b).to_text()


def test_whole_groups_are_drawn(tmp_path: Path):
    """All that differs is of one group: a resample without it shows no difference."""
    groups = ["one"] * 20 + [f"g{at}" for at in range(20)]
    given = ["bad" if at < 20 else label for at, label in enumerate(GOLD)]
    single = compare_runs(
        label_run(tmp_path, "a", {"lr": 1}, given, GOLD), label_run(tmp_path, "b", {"lr": 2}, GOLD, GOLD)
    )
    grouped = compare_runs(
        label_run(tmp_path, "c", {"lr": 1}, given, GOLD, groups=groups),
        label_run(tmp_path, "d", {"lr": 2}, GOLD, GOLD, groups=groups),
    )
    assert single.paired["accuracy"].significant
    assert not grouped.paired["accuracy"].significant


def test_records_whose_label_was_mended_are_left_out(tmp_path: Path):
    a = label_run(tmp_path, "a", {"lr": 1}, GOLD, GOLD)
    mended = ["good", *GOLD[1:]]
    b = label_run(tmp_path, "b", {"lr": 1}, mended, mended)
    assert compare_runs(a, b).refused
    assert compare_runs(a, b, allow_other_data=True).paired["accuracy"].n == 39


def test_auprc_is_compared_by_the_saved_probabilities(tmp_path: Path):
    def run(name: str, shares: list[float]) -> Run:
        predictions = [told(str(at), {"title": share, "none": 1 - share}) for at, share in enumerate(shares)]
        gold = ["none", "title", "none", "title"]
        with Run.create(tmp_path / "runs", {"name": name}, name) as made:
            columns = np.array([[1 - share, share] for share in shares])
            made.save_metrics(
                class_scores(
                    gold,
                    [prediction.text for prediction in predictions],
                    labels=("none", "title"),
                    probabilities=columns,
                    leave_out=("none",),
                    primary="auprc",
                )
            )
            made.save_predictions(predictions)
            records = [
                Record(str(at), {"text": "글"}, labels={"label": label}) for at, label in enumerate(gold)
            ]
            spec = LabelSpec(("none", "title"), none="none", leave_out=("none",))
            build_class_notebook(records, predictions, spec).save(made.path)
        return made

    a, b = run("a", [0.9, 0.1, 0.8, 0.2]), run("b", [0.1, 0.9, 0.2, 0.8])
    paired = compare_runs(a, b).paired
    assert paired["auprc"].value == pytest.approx(b.scores.value - a.scores.value)
    # micro F1 leaves "none" out, as in the runs' own scores: 0 of 2 found in a, 2 of 2 in b
    assert paired["micro_f1"].value == pytest.approx(1.0)
    (b.path / "predictions.jsonl").unlink()
    assert "auprc" not in compare_runs(a, b).paired


def test_sets_of_labels_are_compared(tmp_path: Path):
    labels, gold = ("joy", "grief"), [["joy"], ["grief"], ["joy", "grief"]]

    def run(name: str, sets: list[list[str]]) -> Run:
        shares = [{label: 0.9 if label in names else 0.1 for label in labels} for names in sets]
        predictions = [
            told(str(at), share, labels=names)
            for at, (share, names) in enumerate(zip(shares, sets, strict=True))
        ]
        matrix, given = (
            np.array([[label in names for label in labels] for names in x]) for x in (gold, sets)
        )
        with Run.create(tmp_path / "runs", {"name": name}, name) as made:
            made.save_metrics(multilabel_scores(matrix, np.where(given, 0.9, 0.1), given, labels=labels))
            made.save_predictions(predictions)
            records = [
                Record(str(at), {"text": "글"}, labels={"labels": names}) for at, names in enumerate(gold)
            ]
            build_class_notebook(records, predictions, LabelSpec(labels, key="labels", several=True)).save(
                made.path
            )
        return made

    a, b = run("a", [["joy"], ["joy"], ["joy"]]), run("b", gold)
    paired = compare_runs(a, b).paired
    # a: joy 2 * 2 / (3 + 2), grief 0
    assert paired["macro_f1"].value == pytest.approx(1 - 0.8 / 2)
    assert paired["micro_f1"].value == pytest.approx(1 - 2 * 2 / (3 + 4))


def test_rankings_are_compared_question_by_question(tmp_path: Path):
    def run(name: str, rankings: list[list[str]]) -> Run:
        predictions = [
            Prediction(str(at), order[0], 1.0, details={"ranked": order, "gold": "x", "group": f"g{at}"})
            for at, order in enumerate(rankings)
        ]
        with Run.create(tmp_path / "runs", {"name": name}, name) as made:
            made.save_metrics(ranking_scores(rankings, [{"x"}] * len(rankings)))
            made.save_predictions(predictions)
        return made

    a, b = run("a", [["y", "x"]] * 4), run("b", [["x", "y"]] * 4)
    found = compare_runs(a, b)
    assert found.paired["mrr@10"].value == pytest.approx(0.5)
    assert found.paired["mrr@10"].significant
    assert not any("without an interval" in advice for advice in found.advice)


def test_a_run_knows_its_parent(tmp_path: Path):
    a = label_run(tmp_path, "a", {"lr": 1}, HALF, GOLD)
    b = label_run(tmp_path, "b", {"lr": 2}, GOLD, GOLD, parent=a)
    assert (a.parent, b.parent) == ("", a.id)
    assert Run.open(b.path).open_parent().path == a.path
    assert compare_runs(a, b).parent and not compare_runs(b, a).parent
    assert "(the parent)" in compare_runs(a, b).to_text()
    b.resume(0)
    b.finish()
    assert b.parent == a.id
    with pytest.raises(ArtifactError, match="names no parent"):
        a.open_parent()


def test_a_parent_of_another_folder_is_found_by_its_place(tmp_path: Path):
    (tmp_path / "old").mkdir()
    a = label_run(tmp_path / "old", "a", {"lr": 1}, HALF, GOLD)
    b = label_run(tmp_path, "b", {"lr": 2}, GOLD, GOLD, parent=a)
    assert b.open_parent(tmp_path / "nowhere").id == a.id
    assert compare_runs(a, b).parent


def test_what_can_have_made_a_difference_is_counted():
    changes = [
        Change("name", "a", "b"),
        Change("expected.accuracy", 0.8, 0.9),
        Change("export.gate", 0.5, 1.0),
        Change("training.epochs", 1, 2),
        Change("data.sources", [{"path": "/x/a.tsv", "share": 1}], [{"path": "/y/a.tsv", "share": 1}]),
    ]
    assert causes_of(changes, (), True) == ("training.epochs",)
    assert causes_of(changes, ("train",), False) == ("training.epochs", "data.sources", "data.train", "code")
    other = Change("data.sources", [{"path": "/x/a.tsv", "share": 1}], [{"path": "/y/a.tsv", "share": 0.5}])
    assert causes_of([other], (), True) == ("data.sources",)


def test_one_variable_a_run_is_advised(tmp_path: Path):
    a = label_run(tmp_path, "a", {"lr": 1, "epochs": 1}, HALF, GOLD)
    b = label_run(tmp_path, "b", {"lr": 2, "epochs": 1}, GOLD, GOLD)
    c = label_run(tmp_path, "c", {"lr": 2, "epochs": 2}, GOLD, GOLD)
    hashes = json.loads((c.path / "hashes.json").read_text(encoding="utf-8"))
    (c.path / "hashes.json").write_text(json.dumps({**hashes, "code": "0" * 64}), encoding="utf-8")
    assert compare_runs(a, b).advice == ()
    assert compare_runs(a, c).advice == (
        "3 things changed (epochs, lr, code): change one a run to know which one helped.",
    )
    assert compare_runs(b, c).causes == ("epochs", "code")


def test_lists_are_shown_by_what_differs_and_no_line_is_wide(tmp_path: Path):
    sources = [{"path": f"/a/very/long/folder/of/data/{name}.tsv", "share": 1.0} for name in "abcdefgh"]
    changed = [dict(source) for source in sources]
    changed[5]["share"] = 0.25
    emotions = [f"감정-{n}" for n in range(44)]
    a = label_run(
        tmp_path, "a", {"data": {"sources": sources}, "labels": emotions, "x": "가" * 300}, HALF, GOLD
    )
    b = label_run(
        tmp_path,
        "b",
        {"data": {"sources": changed}, "labels": [*emotions, "새것"], "x": "나" * 300},
        GOLD,
        GOLD,
    )
    found = compare_runs(a, b)
    text = comparison_text(found)
    assert "data.sources.5.share" in text and "data.sources.4" not in text
    assert "45 entries, only here: '새것'" in text
    assert max(map(len, text.splitlines())) <= 130
    whole = next(change for change in found.to_dict()["changes"] if change["key"] == "data.sources")
    assert whole["a"] == sources and whole["b"] == changed  # in full with --json


@pytest.mark.parametrize(
    ("a", "b", "rows"),
    [
        (["x", "y"], ["y", "x"], [["k", "2 entries", "2 entries, in another order"]]),
        ([{"n": 1}], [{"n": 1}, {"n": 2}], [["k.1", "(absent)", "{'n': 2}"]]),
        (1, "(absent)", [["k", "1", "(absent)"]]),
        ("/a/" + "b" * 60 + "/end.tsv", "x", [["k", "…" + ("b" * 60 + "/end.tsv'")[-39:], "'x'"]]),
    ],
)
def test_rows_of_a_change(a: object, b: object, rows: list[list[str]]):
    assert change_rows(Change("k", a, b)) == rows
