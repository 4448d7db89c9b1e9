"""Curricula: what may be drawn when, by hand; tables that are refused; a run that resumes within one."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st

from gongbang.data.records import Record
from gongbang.errors import DataError, PreflightError, RecipeError
from gongbang.tasks.base import Candidate, Prediction
from gongbang.train.curriculum import CurriculumBatches, allowed_rows, competence, make_sampler, rank_rows
from gongbang.train.difficulty import (
    Difficulty,
    Judgement,
    difficulty_table,
    judge,
    read_difficulty,
    stages_of,
    write_difficulty,
)
from gongbang.train.loop import Loop
from gongbang.train.preflight import run_preflight
from gongbang.train.recipe import CurriculumSettings, parse_recipe
from gongbang.train.training import data_files
from tests.train.planted import sound_bench
from tests.train.test_loop import Line, curve, rows, settings
from tests.train.tiny import recipe_tree

DIRECTIONS = ("easy_first", "hard_first", "shuffle")


def sampler(
    count: int = 64, size: int = 4, epochs: int = 4, seed: int = 1, **changes: Any
) -> CurriculumBatches:
    made = make_sampler(
        named(count),
        settings(batch_size=size, epochs=epochs, seed=seed, curriculum=CurriculumSettings(**changes)),
    )
    assert isinstance(made, CurriculumBatches)
    return made


def named(count: int):
    return replace(rows(count), records=[Record(f"r{row}", {}) for row in range(count)])


def test_root_pacing_is_the_published_formula():
    chosen = CurriculumSettings(share=0.1, until=0.5, pacing="root")
    # c(t) = min(1, sqrt(t (1 - c0^2) / T + c0^2)), Platanios et al. 2019, equation 7 with p = 2.
    for done in (0.0, 0.1, 0.25, 0.4):
        wanted = math.sqrt(done * (1 - 0.1**2) / 0.5 + 0.1**2)
        assert competence(done, chosen) == pytest.approx(wanted)
    assert competence(0.5, chosen) == competence(0.8, chosen) == 1.0


def test_linear_and_stage_pacing_by_hand():
    line = CurriculumSettings(share=0.2, until=0.5, pacing="linear")
    assert [round(competence(done, line), 6) for done in (0.0, 0.25, 0.5)] == [0.2, 0.6, 1.0]
    ranks = rank_rows(named(9), CurriculumSettings(pacing="stages", stages=3), seed=0)  # lengths 1, 2, 3
    steps = [
        allowed_rows(done, ranks, CurriculumSettings(pacing="stages")) for done in (0, 0.2, 0.25, 0.5, 1)
    ]
    assert steps == [3, 3, 6, 9, 9]


@how(max_examples=60, deadline=None)
@given(
    count=st.integers(2, 90),
    size=st.integers(1, 9),
    epochs=st.integers(1, 5),
    pacing=st.sampled_from(["root", "linear", "stages"]),
    direction=st.sampled_from(DIRECTIONS),
    until=st.floats(0.05, 1.0),
    seed=st.integers(0, 99),
)
def test_batches_hold_allowed_rows_alone_and_all_in_the_end(
    count, size, epochs, pacing, direction, until, seed
):
    made = sampler(count, size, epochs, seed, pacing=pacing, direction=direction, until=until)
    before = 0
    for epoch in range(epochs):
        made.epoch = epoch
        batches = list(made)
        assert len(batches) == len(made) and sum(map(len, batches)) == count
        for number, batch in enumerate(batches):
            allowed = made.allowed(number)
            assert allowed >= before
            before = allowed
            assert set(batch) <= set(made.ranks.order[:allowed].tolist())
        if made.allowed(0) == count:  # the curriculum is over: an epoch is an epoch
            assert sorted(row for batch in batches for row in batch) == list(range(count))
        again = sampler(count, size, epochs, seed, pacing=pacing, direction=direction, until=until)
        again.epoch = epoch
        assert list(again) == batches
    assert allowed_rows(until, made.ranks, made.settings) == count


@pytest.mark.parametrize(("direction", "lengths"), [("easy_first", {1}), ("hard_first", {3})])
def test_the_first_batches_are_of_the_side_that_comes_first(direction: str, lengths: set[int]):
    made = sampler(66, direction=direction, share=0.2, pacing="linear")
    first = next(iter(made))
    assert {int(made.lengths[row]) for row in first} == lengths


def test_shuffle_is_the_control_with_the_same_pacing():
    easy, control = sampler(), sampler(direction="shuffle")
    assert [easy.allowed(n) for n in range(16)] == [control.allowed(n) for n in range(16)]
    assert {int(control.lengths[row]) for row in control.ranks.order[:12]} == {1, 2, 3}


@pytest.mark.parametrize("stop", [3, 8, 11])
def test_a_run_within_a_curriculum_resumes_with_the_same_curve(tmp_path: Path, stop: int):
    def run(folder: Path, parts: list[int | None]) -> list[tuple[int, float, float]]:
        told: list[dict[str, Any]] = []
        for number, steps in enumerate(parts):
            Loop(
                model=Line(0.3),
                features=rows(),
                settings=settings(curriculum=CurriculumSettings(share=0.3)),
                folder=folder,
                on_event=lambda event: told.append(dict(event)),
            ).run(resume=number > 0, max_steps=steps)
        return curve(told)

    whole = run(tmp_path / "whole", [None])
    assert len(whole) == 18 and run(tmp_path / "broken", [stop, None]) == whole


def test_a_model_is_judged_by_the_probability_of_the_gold_label():
    sure = Prediction("1", "예", 0.9, (Candidate("예", 0, 0, 2.0, 0.9), Candidate("아니오", 0, 0, 0.0, 0.1)))
    lost = Prediction("2", "목포", 0.6, (Candidate("목포", 0, 2, 1.0, 0.6),))
    none = Prediction("3", "", 0.7)
    found = judge([sure, lost, none], {"1": ["예"], "2": ["강릉"], "3": [""]})
    assert [one.correct for one in found] == [True, False, True]
    wanted = [math.log(0.9), math.log(1e-6), math.log(0.7)]
    assert [one.gold_log_prob for one in found] == pytest.approx(wanted)
    with pytest.raises(DataError, match="no row with a gold label"):
        judge([sure], {"2": ["예"]})


def test_a_table_by_hand_and_back_from_disk(tmp_path: Path):
    judged = [
        Judgement(id_, correct, value)
        for id_, pairs in {
            "a": [(True, -0.25), (True, -0.75)],
            "b": [(True, -1.0), (False, -3.0)],
            "c": [(False, -4.0), (False, -2.0)],
            "d": [(True, -0.5), (True, -0.5)],
        }.items()
        for correct, value in pairs
    ]
    table = difficulty_table(judged, by="agreement", stages=2)
    assert [(row.id, row.n_models_correct, row.mean_gold_log_prob, row.stage) for row in table] == [
        ("a", 2, -0.5, 0),
        ("d", 2, -0.5, 0),
        ("b", 1, -2.0, 1),
        ("c", 0, -3.0, 1),
    ]
    write_difficulty(tmp_path / "table.jsonl", table)
    assert list(read_difficulty(tmp_path / "table.jsonl", "agreement").values()) == table


@how(max_examples=60, deadline=None)
@given(values=st.lists(st.floats(0, 9), min_size=1, max_size=60), stages=st.integers(1, 6))
def test_stages_never_fall_with_difficulty(values: list[float], stages: int):
    found = stages_of(np.asarray(values), stages)
    order = np.argsort(values, kind="stable")
    assert (np.diff(found[order]) >= 0).all() and found.min() >= 0 and found.max() < stages
    assert all(len({int(s) for s, v in zip(found, values, strict=True) if v == one}) == 1 for one in values)


GOOD = {"id": "r0", "n_models": 3, "n_models_correct": 3, "mean_gold_log_prob": -0.1, "stage": 0}


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        ([], "no difficulty to read"),
        ([GOOD, GOOD], "given twice"),
        ([{"id": "r0"}], "lacks a value"),
        ([{**GOOD, "n_models_correct": 4}], "cannot be"),
        ([{**GOOD, "mean_gold_log_prob": 0.2}], "cannot be"),
        ([{**GOOD, "stage": 1}, {**GOOD, "id": "r1", "n_models_correct": 0}], "stages do not rise"),
    ],
)
def test_a_broken_table_is_refused(tmp_path: Path, lines: list[dict[str, Any]], told: str):
    path = tmp_path / "table.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    with pytest.raises(DataError, match=told):
        read_difficulty(path, "agreement")


def test_rows_that_a_table_does_not_know_come_last(tmp_path: Path):
    path = tmp_path / "table.jsonl"
    write_difficulty(path, [Difficulty(f"r{n}", 2, 2 - n % 3, -float(n % 3), n % 3) for n in range(5)])
    chosen = CurriculumSettings(by="log_prob", file=str(path))
    ranks = rank_rows(named(6), chosen, seed=0)
    assert ranks.unknown == 1 and ranks.order[-1] == 5
    assert sorted(ranks.order[:2].tolist()) == [0, 3] and ranks.stages.tolist() == [0, 1, 2, 0, 1, 2]
    with pytest.raises(DataError, match="does not know most"):
        rank_rows(named(20), chosen, seed=0)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"by": "agreement"}, "difficulty table"),
        ({"by": "length", "file": "t.jsonl"}, "difficulty table"),
        ({"pacing": "stages", "share": 0.2}, "'share'"),
        ({"stages": 3}, "'stages'"),
        ({"share": 1.0}, "less than 1"),
        ({"direction": "backwards"}, "easy_first"),
    ],
)
def test_keys_that_would_do_nothing_are_refused(tmp_path: Path, changes: dict[str, Any], told: str):
    with pytest.raises(RecipeError) as caught:
        parse_recipe(recipe_tree(tmp_path, training__curriculum=changes))
    assert told in str(caught.value) and "training.curriculum" in caught.value.what


def test_one_order_at_a_time_and_the_table_is_hashed(tmp_path: Path):
    both = {"training__curriculum": {"by": "length"}, "training__batch_by": "group"}
    with pytest.raises(RecipeError, match="choose one"):
        parse_recipe(recipe_tree(tmp_path, **both))
    table = {"by": "log_prob", "file": "table.jsonl"}
    recipe = parse_recipe(recipe_tree(tmp_path, training__curriculum=table))
    assert data_files(recipe)["train"] == ["table.jsonl"]
    assert parse_recipe(recipe.resolved()) == recipe


def proof(monkeypatch: pytest.MonkeyPatch, folder: Path, **changes: Any):
    monkeypatch.setattr("gongbang.train.preflight.PROOFS", {"curriculum": "curriculum:prove"})
    return run_preflight(sound_bench(folder, training__curriculum={"by": "length", **changes})).checks[0]


@pytest.mark.parametrize("direction", DIRECTIONS)
def test_preflight_proves_that_the_order_changes(tmp_path: Path, monkeypatch, direction: str):
    check = proof(monkeypatch, tmp_path, direction=direction)
    first, later = check.numbers["rank of the first tenth"], check.numbers["of the last epoch"]
    assert check.status == "proved" and later == pytest.approx(0.5, abs=0.02)
    assert {"easy_first": first < 0.4, "hard_first": first > 0.6, "shuffle": 0.3 < first < 0.7}[direction]


def test_preflight_refuses_a_curriculum_without_differences(tmp_path: Path, monkeypatch):
    bench = sound_bench(tmp_path)
    table = [Difficulty(record.id, 2, 1, -1.0, 0) for record in bench.training]
    write_difficulty(tmp_path / "table.jsonl", table)
    path = str(tmp_path / "table.jsonl")
    with pytest.raises(PreflightError, match="as difficult as every other"):
        proof(monkeypatch, tmp_path, by="agreement", file=path)
    table = [replace(row, n_models_correct=n % 3) for n, row in enumerate(table)]
    write_difficulty(tmp_path / "table.jsonl", table)  # difficulties now, and still a single stage
    with pytest.raises(PreflightError, match="allows all rows from the first step"):
        proof(monkeypatch, tmp_path, by="agreement", file=path, pacing="stages")


def test_preflight_refuses_an_order_that_does_not_begin_as_it_says(tmp_path: Path, monkeypatch):
    drawn = CurriculumBatches._draw

    def from_all(self, rng, counts, allowed, count):
        return drawn(self, rng, counts, len(self.ranks.order), count)

    monkeypatch.setattr(CurriculumBatches, "_draw", from_all)
    with pytest.raises(PreflightError, match="does not begin as its direction says"):
        proof(monkeypatch, tmp_path)


def test_a_curriculum_is_another_run_than_none(tmp_path: Path):
    def losses(**changes: Any) -> list[float]:
        told: list[dict[str, Any]] = []
        Loop(
            model=Line(),
            features=rows(),
            settings=settings(**changes),
            folder=tmp_path / str(len(changes)),
            on_event=lambda event: told.append(dict(event)),
        ).run()
        return [loss for _, loss, _ in curve(told)]

    assert losses(curriculum=CurriculumSettings()) != losses()
