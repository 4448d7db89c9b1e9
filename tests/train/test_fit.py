"""Fitting to a memory limit: the search on a made machine, and one real trial of each kind."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gongbang.data.records import Record
from gongbang.errors import GongbangError, OptionError
from gongbang.train import fit_trial
from gongbang.train.fit import Subprocess, fit_recipe, parse_memory
from gongbang.train.fit_search import choices, fit_line
from gongbang.train.recipe import Recipe, parse_recipe
from tests.train.tiny import recipe_tree

MIB = 2**20


class Machine:
    """Answers as trials would on a machine whose training takes ``fixed`` and ``row`` bytes."""

    def __init__(self, *, fixed: int = 100 * MIB, row: int = 10 * MIB, least: int = 0, **others: Any) -> None:
        self.fixed, self.row, self.least, self.others = fixed, row, least, others
        self.asked: list[tuple[int, str]] = []

    def __call__(self, request: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        if request["kind"] == "prepare":
            precision = self.others.get("precision", "fp32")
            found = {"status": "ok", "recipe": request["recipe"], "records": 10, "data": 5 * MIB}
            return found | {"precision": precision}
        size, precision = int(request["batch_size"]), str(request["precision"])
        self.asked.append((size, precision))
        row = self.row // 2 if precision == "bf16" else self.row
        peak = self.fixed + size * row
        assert request["whole"] is (not [one for one in self.asked[:-1] if one[1] == precision])
        if size >= self.others.get("bends", 10**9):
            peak += 60 * MIB
        if size in self.others.get("killed", ()):
            return {"status": "killed"}
        if size in self.others.get("late", ()):
            return {"status": "late"}
        if peak > request["limit"] * 1.25:
            return {"status": "over", "peak": int(request["limit"] * 1.25)}
        return {
            "status": "ok",
            "peak": max(peak, self.least if request["whole"] else 0),
            "begun": 0.0,
            "step_peak": peak,
            "seconds": self.others.get("pace", 0.001) * size,
            "length": 64,
            "rows_per_record": 2.0,
            "row_bytes": MIB / 4,
        }


def recipe(folder: Path, **changes: Any) -> Recipe:
    given = {"batch_size": 16, "accumulate": 2, "precision": "auto", **changes}
    return parse_recipe(recipe_tree(folder, **{f"training__{key}": value for key, value in given.items()}))


# Of each trial 5 MiB are the records and 10 x 2 x 1/4 = 5 MiB the features; 10 % of the limit stay free.
@pytest.mark.parametrize(
    ("limit", "batch", "accumulate"),
    [(1000, 32, 1), (310, 16, 2), (302, 16, 2), (295, 8, 4), (135, 1, 32), (170, 4, 8)],
)
def test_the_largest_batch_within_the_limit_is_found_and_tried(tmp_path, limit, batch, accumulate):
    machine = Machine()
    found = fit_recipe(recipe(tmp_path), memory=limit * MIB, ask=machine)
    assert (found.batch_size, found.accumulate, found.precision) == (batch, accumulate, "fp32")
    assert found.verified and not found.out_of_time and (batch, "fp32") in machine.asked
    assert found.memory == (110 + 10 * batch) * MIB <= 0.9 * limit * MIB
    assert found.memory + 10 * batch * MIB > 0.9 * limit * MIB or batch == 32  # twice the batch would not fit
    assert len(machine.asked) == len(set(machine.asked)) <= 5
    if len([one for one in found.attempts if one.status == "ok"]) > 1:
        assert found.per_token * 64 == pytest.approx(10 * MIB) and found.fixed == pytest.approx(110 * MIB)
    assert found.keys == {
        "training.batch_size": batch,
        "training.accumulate": accumulate,
        "training.precision": "fp32",
    }


def test_a_line_that_promised_too_much_is_corrected_by_the_trial(tmp_path):
    machine = Machine(bends=16)  # from 16 rows on it takes 60 MiB more than the line says
    found = fit_recipe(recipe(tmp_path), memory=320 * MIB, ask=machine)
    assert (16, "fp32") in machine.asked and (found.batch_size, found.verified) == (8, True)


def test_what_evaluation_and_saving_take_counts(tmp_path):
    found = fit_recipe(recipe(tmp_path), memory=1000 * MIB, ask=Machine(least=500 * MIB))
    assert found.memory == 510 * MIB
    with pytest.raises(OptionError, match="not even one row"):
        fit_recipe(recipe(tmp_path), memory=500 * MIB, ask=Machine(least=500 * MIB))


def test_a_kill_by_the_system_is_an_answer(tmp_path):
    machine = Machine(killed=(16, 32))
    found = fit_recipe(recipe(tmp_path), memory=1000 * MIB, ask=machine)
    assert (found.batch_size, found.verified) == (8, True)
    assert "killed" in [one.status for one in found.attempts]


def test_where_one_precision_does_not_fit_the_other_is_tried(tmp_path):
    big = Machine(fixed=20 * MIB, row=100 * MIB)
    found = fit_recipe(recipe(tmp_path), memory=100 * MIB, ask=big)
    assert (found.batch_size, found.precision) == (1, "bf16")
    assert any("only bf16 fits" in note for note in found.notes)
    with pytest.raises(OptionError, match="not even one row") as caught:
        fit_recipe(recipe(tmp_path, precision="fp32"), memory=100 * MIB, ask=Machine(fixed=99 * MIB))
    assert "at least" in caught.value.allowed and "freeze" in caught.value.cure


def test_a_choice_that_was_not_tried_says_so(tmp_path):
    slow = Machine(pace=3.0)  # a trial of the whole batch would take 96 of the 60 seconds
    found = fit_recipe(recipe(tmp_path), memory=1000 * MIB, seconds=60.0, ask=slow)
    assert (32, "fp32") not in slow.asked and len(slow.asked) == 2
    assert found.batch_size == 32 and not found.verified and found.out_of_time
    assert found.memory == pytest.approx((110 + 320) * MIB) and found.examples_per_second == 0.0
    assert any("by the line" in note for note in found.notes)


def test_what_runs_late_is_no_choice_where_nothing_else_is_known(tmp_path):
    found = fit_recipe(recipe(tmp_path), memory=1000 * MIB, ask=Machine(late=(32,)))
    assert (found.batch_size, found.accumulate, found.verified, found.out_of_time) == (1, 32, True, True)
    assert any("a larger batch may fit" in note for note in found.notes)
    with pytest.raises(OptionError, match="time ran out"):
        fit_recipe(recipe(tmp_path), memory=1000 * MIB, ask=Machine(late=(1,)))


def test_a_trial_that_cannot_end_in_time_is_not_begun(tmp_path):
    slow = Machine(pace=40.0)  # already two rows would take 80 of the 60 seconds
    found = fit_recipe(recipe(tmp_path), memory=1000 * MIB, seconds=60.0, ask=slow)
    assert slow.asked == [(1, "fp32")] and (found.batch_size, found.verified) == (1, True)
    assert found.out_of_time and found.examples_per_second == pytest.approx(1 / 40, abs=1e-3)


def test_sizes_and_lines_by_hand():
    assert [parse_memory(text) for text in ("4GiB", "4 G", "4gb", "512MiB", "2048")] == [
        4 * 2**30,
        4 * 2**30,
        4 * 2**30,
        2**29,
        2048,
    ]
    for text in ("", "much", "-1GiB", "0GiB", "4 pounds"):
        with pytest.raises(OptionError, match="no size"):
            parse_memory(text)
    assert choices(8) == [1, 2, 4, 8] and choices(7) == [1, 7]
    assert fit_line([(1, 10), (2, 12), (3, 14)]) == pytest.approx((8.0, 2.0))
    assert fit_line([(1, 10), (2, 9)]) == pytest.approx((9.5, 0.0))  # memory never falls with the batch


def test_the_longest_records_and_every_label_are_kept(monkeypatch):
    monkeypatch.setattr(fit_trial, "_KEPT", 2)
    texts = ["가" * 5, "가" * 50, "가", "가" * 40, "가" * 3]
    labels: list[dict[str, Any]] = [
        {"label": "a"},
        {"label": "a"},
        {"labels": ["b", "c"]},
        {"label": "a"},
        {"labels": ["c"]},
    ]
    records = [
        Record(str(n), {"text": t}, labels=one) for n, (t, one) in enumerate(zip(texts, labels, strict=True))
    ]
    assert [record.id for record in fit_trial._kept(records)] == ["0", "1", "2", "3"]


def test_rows_may_stand_in_features_more_than_once(tmp_path):
    from gongbang.train.workbench import assemble

    bench = assemble(parse_recipe(recipe_tree(tmp_path)))
    features = bench.task.prepare(bench.training[:3])
    taken = fit_trial.rows_of(features, np.asarray([2, 0, 2]))
    assert len(taken) == len(taken.rows) == 3
    for name, array in {**features.inputs, **features.targets}.items():
        assert np.array_equal({**taken.inputs, **taken.targets}[name], array[[2, 0, 2]])


@pytest.mark.slow
def test_real_trials_measure_this_machine(tmp_path):
    found = fit_recipe(recipe(tmp_path, batch_size=4, accumulate=1), memory=8 * 2**30, seconds=500)
    assert (found.batch_size, found.accumulate, found.verified) == (4, 1, True)
    assert [one.status for one in found.attempts] == ["ok", "ok"]
    assert all(80 * MIB < one.step_peak <= one.peak < 4 * 2**30 for one in found.attempts)
    assert all(one.seconds > 0 for one in found.attempts) and 20 < found.length <= 96


@pytest.mark.slow
def test_real_trials_end_themselves_and_name_what_cannot_be_trained(tmp_path):
    tree = recipe(tmp_path).resolved()
    ask = Subprocess(tmp_path)
    request = {"kind": "trial", "batch_size": 1, "precision": "fp32", "limit": 20 * MIB, "whole": True}
    over = ask({**request, "recipe": tree}, 300)
    assert over["status"] == "over" and over["peak"] > 25 * MIB  # torch alone takes more
    with pytest.raises(GongbangError, match="no parameter of this model"):
        ask({**request, "limit": 2**33, "recipe": {**tree, "freeze": ["embedings"]}}, 300)
    began = time.monotonic()
    assert ask({**request, "recipe": tree}, 0.3)["status"] == "late"
    assert time.monotonic() - began < 30


def test_a_fault_of_ours_is_not_taken_for_a_lack_of_memory(tmp_path, monkeypatch):
    path = tmp_path / "request.json"
    tree = recipe(tmp_path).resolved()
    trial = {
        "kind": "trial",
        "recipe": tree,
        "batch_size": 1,
        "precision": "fp32",
        "limit": 2**40,
        "whole": True,
    }
    path.write_text(json.dumps(trial), encoding="utf-8")

    def failing(error: Exception) -> Any:
        def attempt(*args: Any, **options: Any) -> None:
            raise error

        return attempt

    monkeypatch.setattr(fit_trial, "attempt", failing(RuntimeError("shapes differ")))
    with pytest.raises(RuntimeError, match="shapes differ"):
        fit_trial.main(path)
    assert not (tmp_path / "answer.json").exists()
    monkeypatch.setattr(fit_trial, "attempt", failing(RuntimeError("CUDA out of memory.")))
    fit_trial.main(path)
    assert json.loads((tmp_path / "answer.json").read_text(encoding="utf-8"))["status"] == "over"
