from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongbang.artifacts.predictions import write_predictions
from gongbang.data.fingerprint import records_hash
from gongbang.data.fold_table import FoldTable
from gongbang.data.records import Record
from gongbang.ensemble.align import align, average_folds, join_folds, require_out_of_fold, with_labels
from gongbang.ensemble.members import Member, log_odds, read_member
from gongbang.errors import EnsembleError, SplitError
from gongbang.tasks.base import Candidate, Prediction
from gongbang.tasks.labels import label_prediction, softmax
from tests.ensemble.toys import several, toy

LABELS = ("긍정", "부정", "중립")


def records(n: int = 6) -> list[Record]:
    return [
        Record(f"r{i}", {"text": f"글 {i}"}, labels={"label": LABELS[i % 3]}, group=f"g{i // 2}")
        for i in range(n)
    ]


def logits(n: int = 6) -> np.ndarray:
    return np.random.default_rng(1).normal(size=(n, 3))


def predictions(labels=LABELS, columns=(0, 1, 2), n: int = 6) -> list[Prediction]:
    """Predictions of a run that numbers its classes in the order ``columns``."""
    named = [labels[c] for c in columns]
    return [label_prediction(f"r{i}", named, row[list(columns)]) for i, row in enumerate(logits(n))]


def member(name="a", **more) -> Member:
    return Member.from_predictions(name, predictions(), records(), origin="out-of-fold", **more)


def test_a_member_is_read_by_name_from_a_run_folder(tmp_path):
    write_predictions(tmp_path, predictions(columns=(2, 0, 1)))
    read = read_member(tmp_path, records()[::-1], origin="out-of-fold", name="m", labels=LABELS)
    assert read.ids[0] == "r5" and read.labels == LABELS
    np.testing.assert_allclose(read.logits, logits()[::-1])
    assert read.gold.tolist() == [2, 1, 0, 2, 1, 0]
    assert read.data == records_hash(records())
    assert read.groups[0] == "g2"


def test_planted_fault_class_order_changed_between_runs():
    """The second run numbers the classes otherwise: added up by position, the ensemble would be wrong."""
    first = member("a", labels=LABELS)
    second = Member.from_predictions(
        "b",
        predictions(columns=(1, 2, 0)),
        records()[::-1],
        origin="out-of-fold",
        labels=("부정", "중립", "긍정"),
    )
    assert not np.allclose(first.logits, second.logits[::-1])
    aligned = align([first, second])
    np.testing.assert_array_equal(aligned[1].logits, first.logits)
    np.testing.assert_array_equal(aligned[1].gold, first.gold)
    assert aligned[1].labels == LABELS and aligned[1].groups == first.groups


@given(st.permutations(range(4)))
def test_an_order_of_labels_goes_there_and_back(order):
    for original in (several("a", n=5), replace(several("a", n=5), gold=np.array([3, 1, 0, 2, 1]))):
        names = tuple(original.labels[place] for place in order)
        moved = with_labels(original, names)
        np.testing.assert_array_equal(moved.logits, original.logits[:, list(order)])
        back = with_labels(moved, original.labels)
        np.testing.assert_array_equal(back.logits, original.logits)
        np.testing.assert_array_equal(back.gold, original.gold)
        if not original.multi_label:
            assert [names[g] for g in moved.gold] == [original.labels[g] for g in original.gold]


def test_planted_fault_members_of_different_data():
    changed = [records()[0].with_labels(label="부정"), *records()[1:]]
    other = Member.from_predictions("b", predictions(), changed, origin="out-of-fold")
    with pytest.raises(EnsembleError, match="another version of the data"):
        align([member(), other])


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"name": "a"}, "one name"),
        ({"labels": ("긍정", "부정", "모름")}, "other labels"),
        ({"ids": ("r0", "r1", "r2", "r3", "r4", "x")}, "did not predict the records"),
        ({"gold": np.array([0, 1, 2, 0, 1, 1])}, "different labels"),
        ({"origin": "held-out"}, "different origin"),
    ],
)
def test_members_that_do_not_belong_together(change, match):
    first = member(labels=LABELS)
    with pytest.raises(EnsembleError, match=match):
        align([first, replace(first, **{"name": "b", **change})])
    with pytest.raises(EnsembleError):
        align([])


def test_predictions_that_are_not_of_the_records():
    with pytest.raises(EnsembleError, match="not those of the records") as caught:
        Member.from_predictions("a", predictions(n=5), records(), origin="out-of-fold")
    assert "1 records without a prediction ['r5']" in caught.value.value
    short = [replace(p, candidates=p.candidates[:2]) for p in predictions()]
    with pytest.raises(EnsembleError, match="does not hold every label"):
        Member.from_predictions("a", short, records(), origin="out-of-fold", labels=LABELS)
    with pytest.raises(EnsembleError, match="gold label is none"):
        Member.from_predictions("a", predictions(), records(), origin="out-of-fold", label="labels")
    with pytest.raises(EnsembleError, match="not finite"):
        replace(toy("a"), logits=toy("a").logits * np.nan)
    with pytest.raises(EnsembleError, match="origin"):
        replace(toy("a"), origin="guess")
    with pytest.raises(EnsembleError, match="twice"):
        replace(toy("a"), labels=("l0", "l0", "l1"))


def test_gold_in_lists_makes_a_member_of_several_labels():
    rows = [
        Record("r0", {"text": "가"}, labels={"labels": ["기쁨", "놀람"]}),
        Record("r1", {"text": "나"}, labels={"labels": []}),
    ]
    told = [
        Prediction(r.id, "", 0.0, (Candidate("놀람", 0, 0, 1.0), Candidate("기쁨", 0, 0, 3.0))) for r in rows
    ]
    made = {
        kind: Member.from_predictions("a", told, rows, origin="out-of-fold", label="labels", activation=kind)
        for kind in ("sigmoid", "softmax")
    }
    assert made["sigmoid"].gold.tolist() == [[True, True], [False, False]]
    assert made["sigmoid"].logits[0].tolist() == [3.0, 1.0]  # labels sorted: 기쁨, 놀람
    # Of two labels, the log-odds of a softmax's share is the difference of the logits.
    np.testing.assert_allclose(made["softmax"].logits[0], [2.0, -2.0])
    np.testing.assert_allclose(log_odds(np.array([0.8])), np.log(4.0))


def test_folds_of_a_table_become_one_member():
    rows = records()
    table = FoldTable(
        "plain", 2, 1, 0, "label", None, records_hash(rows), ({f"r{i}": i % 2 for i in range(6)},)
    )
    parts = []
    for fold, columns in enumerate([(0, 1, 2), (2, 1, 0)]):
        own = [r for r in rows if r.id in table.held_out_ids(fold)]
        told = [p for p in predictions(columns=columns) if p.id in table.held_out_ids(fold)]
        names = tuple(LABELS[c] for c in columns)
        parts.append(
            Member.from_predictions(f"f{fold}", told, own, origin="out-of-fold", table=table, labels=names)
        )
    joined = join_folds("run", parts)
    whole = member("whole", table=table, labels=LABELS)
    assert joined.folds.tolist() == [0, 0, 0, 1, 1, 1]
    np.testing.assert_array_equal(align([whole, joined])[1].logits, whole.logits)
    np.testing.assert_array_equal(align([whole, joined])[1].folds, whole.folds)
    with pytest.raises(EnsembleError, match="two folds"):
        join_folds("run", [parts[0], parts[0]])
    with pytest.raises(SplitError, match="does not know"):
        Member.from_predictions(
            "x",
            [replace(predictions()[0], id="new")],
            [Record("new", {"text": "?"}, labels={"label": "긍정"})],
            origin="out-of-fold",
            table=table,
        )


def test_the_models_of_the_folds_are_averaged_on_held_out_data():
    parts = [
        toy(f"f{seed}", seed=seed, origin="held-out", ms_per_example=2.0, megabytes=10.0) for seed in (1, 2)
    ]
    mean = average_folds("run", parts)
    np.testing.assert_allclose(
        softmax(mean.logits), (softmax(parts[0].logits) + softmax(parts[1].logits)) / 2, atol=1e-12
    )
    assert (mean.ms_per_example, mean.megabytes) == (4.0, 20.0)
    two = [several(f"f{seed}", seed=seed, origin="held-out") for seed in (1, 2)]
    shares = [1 / (1 + np.exp(-part.logits)) for part in two]
    np.testing.assert_allclose(
        1 / (1 + np.exp(-average_folds("run", two).logits)), (shares[0] + shares[1]) / 2, atol=1e-9
    )


@pytest.mark.parametrize("origin", ["held-out", "training"])
def test_nothing_is_fitted_on_what_is_not_out_of_fold(origin):
    with pytest.raises(EnsembleError, match="not out of fold") as caught:
        require_out_of_fold([toy("a"), toy("b", origin=origin)], "weights")
    assert caught.value.value == f"b: {origin}"
