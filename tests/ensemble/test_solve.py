from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from gongbang.artifacts.files import plain
from gongbang.data.fold_table import FoldTable
from gongbang.ensemble.blend import METHODS, cross_fitted, fit_blend, parts_of
from gongbang.ensemble.contribution import contribution_table, contributions, disagreement
from gongbang.ensemble.judge import Judge, Outcome
from gongbang.ensemble.solution import Solution
from gongbang.ensemble.solve import solve
from gongbang.errors import EnsembleError, OptionError
from gongbang.tasks.labels import softmax
from tests.ensemble.toys import build, several, toy

MEMBERS = [toy(f"m{seed}", strength=1.2, scale=1.0 + 3 * seed, seed=seed, n=600) for seed in range(3)]


def accuracy(gold, shares) -> float:
    return float((shares.argmax(axis=1) == gold).mean())


@pytest.mark.parametrize("method", METHODS)
def test_an_ensemble_beats_its_best_member_whatever_the_scales(method):
    solution = solve(MEMBERS, method, "accuracy", samples=300)
    assert solution.best == max(solution.alone, key=solution.alone.get)
    assert solution.cross_fitted > solution.alone[solution.best] and solution.n == 600
    assert abs(solution.difference.value - (solution.cross_fitted - solution.alone[solution.best])) < 1e-12
    assert solution.difference.low <= solution.difference.value <= solution.difference.high
    assert abs(sum(solution.blend.weights) - 1) < 1e-9
    temperatures = [calibration.temperature for calibration in solution.blend.calibrations]
    assert temperatures == sorted(temperatures)  # louder members have higher temperatures


@pytest.mark.parametrize("make", [toy, several])
def test_what_is_gained_on_held_out_records_is_by_what_was_fitted_out_of_fold(make):
    seen = [make(f"m{seed}", strength=1.2, seed=seed) for seed in range(3)]
    metric = "accuracy" if make is toy else "macro_f1"
    solution = solve(seen, "weighted", metric, samples=10)
    # With twice the noise, whoever fits anew by these records, or picks a member by them, says another thing.
    held = [
        replace(make(m.name, strength=0.6, seed=10 + place), origin="held-out", data="other")
        for place, m in enumerate(seen)
    ]
    gain = solution.held_out_difference(held[::-1], samples=200)
    best = next(member for member in held if member.name == solution.best)
    judge = Judge(metric, best.labels, best.gold.ndim == 2)
    own = next(member for member in seen if member.name == solution.best)
    alone = fit_blend(own.logits[None], own.gold, "mean", judge).apply(best.logits[None])
    assert gain.value == pytest.approx(solution.evaluate(held) - judge.value(best.gold, alone))
    assert gain.low <= gain.value <= gain.high and gain.low < gain.high
    with pytest.raises(EnsembleError, match="fitted on"):
        solution.held_out_difference(seen)


def test_logits_of_other_scales_would_be_drowned_without_calibration():
    raw = np.mean([member.logits for member in MEMBERS], axis=0)
    assert solve(MEMBERS, "mean", samples=1).in_sample > accuracy(MEMBERS[0].gold, raw) + 0.02


@pytest.mark.parametrize("origin", ["held-out", "training"])
def test_planted_fault_weights_tuned_on_the_test_set(origin):
    test = [replace(member, origin=origin) for member in MEMBERS]
    for refused in (test, [*MEMBERS[:2], test[2]]):
        with pytest.raises(EnsembleError, match="not out of fold"):
            solve(refused, "weighted", "accuracy")
        with pytest.raises(EnsembleError, match="not out of fold"):
            contributions(refused)


def test_cross_fitting_sees_through_weights_that_learnt_noise():
    """Twelve members of pure noise: the greedy choice looks good in sample alone."""
    noise = [toy(f"n{seed}", strength=0.0, seed=seed, n=150) for seed in range(12)]
    solution = solve(noise, "greedy", "accuracy", samples=50)
    assert solution.in_sample > 0.43
    assert solution.cross_fitted < solution.in_sample - 0.05


def test_cross_fitting_judges_every_fold_by_a_blend_of_the_others():
    judge, (first, *_) = Judge("accuracy", MEMBERS[0].labels, False), MEMBERS
    logits, parts = np.stack([m.logits for m in MEMBERS]), parts_of(first)
    told = cross_fitted(logits, first.gold, parts, "weighted", judge)
    out = parts == 2
    blend = fit_blend(logits[:, ~out], first.gold[~out], "weighted", judge)
    np.testing.assert_array_equal(told.shares[out], blend.apply(logits[:, out]).shares)
    # What a fold is told does not depend on its own truth.
    flipped = first.gold.copy()
    flipped[out] = (flipped[out] + 1) % 3
    again = cross_fitted(logits, flipped, parts, "weighted", judge)
    np.testing.assert_array_equal(again.shares[out], told.shares[out])
    with pytest.raises(EnsembleError, match="only fold"):
        cross_fitted(logits, first.gold, np.zeros(600, dtype=int), "mean", judge)


def test_parts_without_a_table_keep_groups_together():
    member = replace(MEMBERS[0], folds=None, groups=tuple(f"g{n // 7}" for n in range(600)))
    parts = parts_of(member)
    assert set(parts) == set(range(5))
    assert all(len(set(parts[start : start + 7])) == 1 for start in range(0, 600, 7))


def test_a_solution_goes_by_names_not_by_places():
    solution = solve(MEMBERS, "weighted", samples=10)
    held = [replace(m, origin="held-out", data="other") for m in MEMBERS]
    turned = [
        replace(
            m,
            labels=m.labels[::-1],
            logits=m.logits[:, ::-1],
            gold=2 - m.gold,
        )
        for m in held[::-1]
    ]
    np.testing.assert_array_equal(solution.apply(turned).shares, solution.apply(held).shares)
    assert solution.evaluate(held) == solution.evaluate(turned) == solution.in_sample
    with pytest.raises(EnsembleError, match="not the members"):
        solution.apply(held[:2])
    with pytest.raises(EnsembleError, match="not the members"):
        solution.apply([*held[:2], replace(held[2], name="other")])
    with pytest.raises(EnsembleError, match="fitted on"):
        solution.evaluate(MEMBERS)
    with pytest.raises(EnsembleError, match="trained on"):
        solution.apply([replace(m, origin="training") for m in held])
    with pytest.raises(EnsembleError, match="other labels"):
        solution.apply([replace(m, labels=("x", "y", "z")) for m in held])


def test_served_and_solved_ensembles_are_equal():
    """Member by member and example by example, as a server would, against the solution on all."""
    solution = solve(MEMBERS, "weighted", samples=10)
    whole = solution.apply(MEMBERS).shares
    served = Solution.from_dict(json.loads(json.dumps(solution.to_dict()))).blend
    for row in range(0, 600, 50):
        one = served.apply(np.stack([m.logits[[row]] for m in MEMBERS])).shares
        np.testing.assert_allclose(one[0], whole[row], atol=1e-12)
    predictions = solution.predict(MEMBERS)
    assert predictions[3].id == MEMBERS[0].ids[3] and len(predictions[3].candidates) == 3
    assert predictions[3].text == MEMBERS[0].labels[int(whole[3].argmax())]
    soft = solution.soft_labels(MEMBERS)
    np.testing.assert_allclose(list(soft["r0003"].values()), whole[3])
    with pytest.raises(EnsembleError, match="other members"):
        served.apply(np.zeros((2, 1, 3)))


def test_a_solution_comes_back_and_a_changed_one_does_not():
    for members in (MEMBERS, [several("a", seed=1), several("b", seed=2)]):
        solution = solve(members, "weighted", "macro_f1", samples=20)
        content = json.loads(json.dumps(solution.to_dict()))
        assert plain(content) == content
        assert Solution.from_dict(content) == solution
        content["blend"]["weights"][0] += 0.01
        with pytest.raises(EnsembleError, match="changed after"):
            Solution.from_dict(content)
        del content["members"]
        with pytest.raises(EnsembleError, match="missing"):
            Solution.from_dict(content)


def test_solving_twice_gives_the_same():
    for method in METHODS:
        assert solve(MEMBERS, method, samples=20).to_dict() == solve(MEMBERS, method, samples=20).to_dict()


def test_metrics_of_ones_own_and_by_name_agree():
    by_name, by_hand = (
        solve(MEMBERS, "greedy", "accuracy", samples=50),
        solve(MEMBERS, "greedy", accuracy, samples=50),
    )
    assert by_hand.metric == "accuracy"
    assert by_name.cross_fitted == by_hand.cross_fitted and by_name.blend == by_hand.blend
    assert by_name.difference.low == pytest.approx(by_hand.difference.low)
    with pytest.raises(OptionError):
        solve(MEMBERS, "mean", "acuracy")
    with pytest.raises(EnsembleError, match="no such way"):
        solve(MEMBERS, "sum")
    with pytest.raises(EnsembleError, match="two members"):
        solve(MEMBERS[:1])


def test_what_a_judge_says_by_hand():
    gold, shares = np.array([0, 1, 2, 2]), softmax(np.log([[7, 2, 1], [2, 7, 1], [1, 7, 2], [1, 2, 7]]))

    def value(metric, **more):
        return Judge(metric, ("none", "a", "b"), False, **more).value(gold, Outcome(shares))

    assert value("accuracy") == 0.75
    assert value("log_likelihood") == pytest.approx((3 * np.log(0.7) + np.log(0.2)) / 4)
    assert value("macro_f1") == pytest.approx((1 + 2 / 3 + 2 / 3) / 3)
    assert value("micro_f1", leave_out=("none",)) == pytest.approx(2 / 3)
    sets = Outcome(np.array([[0.9, 0.4], [0.2, 0.6]]), np.array([[True, False], [False, True]]))
    judge = Judge("micro_f1", ("x", "y"), True)
    assert judge.value(np.array([[True, True], [False, True]]), sets) == pytest.approx(0.8)
    assert Judge("p@1", ("x", "y"), True).value(np.array([[False, True], [False, True]]), sets) == 0.5


@pytest.mark.parametrize("method", METHODS)
def test_several_labels_an_example(method):
    members = [several(f"m{seed}", strength=1.5, seed=seed) for seed in range(3)]
    solution = solve(members, method, "macro_f1", samples=50)
    assert solution.blend.thresholds is not None and len(solution.blend.thresholds) == 4
    assert solution.cross_fitted > solution.alone[solution.best]
    assert solution.apply(members).given.any(axis=1).all()  # at least one label each
    prediction = solution.predict(members)[0]
    given = solution.apply(members).given[0]
    assert set(prediction.details["labels"]) == {n for n, g in zip(solution.labels, given, strict=True) if g}
    bare = solve(members, method, "macro_f1", samples=5, at_least_one=False)
    assert not bare.apply(members).given.any(axis=1).all()


def test_contributions_name_the_member_that_adds_nothing_and_what_it_costs():
    strong = [
        toy(f"s{seed}", strength=1.2, seed=seed, n=600, ms_per_example=3.0, megabytes=20.0) for seed in (1, 2)
    ]
    noise = toy("noise", strength=0.0, seed=7, n=600, ms_per_example=6.0)
    rows = contributions([*strong, noise], "weighted", "accuracy", samples=300)
    assert [row.name for row in rows] == ["s1", "s2", "noise"]
    assert rows[0].gain.significant and rows[0].gain.value > 0.02
    assert not rows[2].gain.significant and rows[2].weight < 0.05
    assert rows[0].without + rows[0].gain.value == pytest.approx(
        solve([*strong, noise], samples=1).cross_fitted
    )
    assert [row.share_of_time for row in rows] == [0.25, 0.25, 0.5]
    lines = contribution_table(rows).splitlines()
    assert lines[1].startswith("s1") and " *" in lines[1] and lines[3].endswith("-")
    with pytest.raises(EnsembleError):
        contributions(strong[:1])
    assert json.loads(json.dumps(rows[0].to_dict()))["name"] == "s1"


def test_disagreement_by_hand():
    a, b = build("a", [[1, 0], [1, 0], [0, 1], [0, 1]], [0, 0, 1, 1]), [[1, 0], [0, 1], [0, 1], [0, 1]]
    assert disagreement([a, build("b", b, [0, 0, 1, 1])]) == {("a", "b"): 0.25}


def test_folds_in_time_leave_out_what_was_never_predicted():
    table = FoldTable("time", 2, 1, 0, "label", "day", "hash", ({"r0": -1, "r1": 0, "r2": 1},))
    assert table.train_ids(0) == ("r0",) and table.train_ids(1) == ("r0", "r1")
