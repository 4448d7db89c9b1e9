"""Several trainings of one recipe: their order, their mean, and going on in the middle."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from gongbang.train.members import average_members, steps_saved, train_members
from tests.train.test_loop import curve, make, scripted

NOISY: dict[str, Any] = {"noise": 3.0, "members": 3, "max_grad_norm": 100.0}


def weights(folder: Path) -> list[float]:
    return [float(load_file(folder / f"member-{n}/best.safetensors")["weight"]) for n in range(3)]


def test_members_start_alike_and_end_apart_and_the_mean_is_kept(tmp_path: Path):
    loop, told = make(tmp_path, **NOISY)
    result = train_members(loop)
    own = weights(tmp_path)
    assert len(set(own)) == 3
    assert float(loop.model.weight) == pytest.approx(sum(own) / 3, abs=1e-6)
    assert float(load_file(result.weights)["weight"]) == float(loop.model.weight)
    steps = [step for step, _, _ in curve(told)]
    assert steps == list(range(1, 3 * 18 + 1)) and result.steps == 54
    assert {row["steps"] for row in told} == {54}
    assert [row["member"] for row in told] == [1] * 18 + [2] * 18 + [3] * 18
    single, _ = make(tmp_path / "single", noise=3.0, max_grad_norm=100.0)
    single.run()
    assert float(single.model.weight) == own[0]  # the first member is the recipe without members


def test_time_left_is_that_of_all_members(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gongbang.train.loop._Sitting.left", lambda self, step, total: 2.0 * (total - step))
    loop, told = make(tmp_path, **NOISY)
    train_members(loop)
    left = [row["seconds_left"] for row in told if row["step"] % 18]  # at a member's end its pace is unknown
    assert left == [2 * (54 - row["step"]) for row in told if row["step"] % 18]


@pytest.mark.parametrize(
    ("means", "kept", "value"),
    [
        ([0.7, 0.8], [0, 1, 2], 0.8),  # every addition helps
        ([0.45, 0.6], [0, 1], 0.6),  # the second best does not help, the third does
        ([0.7, 0.6], [1, 2], 0.7),
        ([0.45, 0.5], [1], 0.5),  # equal is no gain
    ],
)
def test_a_member_that_does_not_raise_the_metric_is_left_out(
    tmp_path: Path, means: list[float], kept: list[int], value: float
):
    own = [0.3, 0.5, 0.4]
    loop, _ = make(tmp_path, scripted([*own, *means]), **NOISY, evaluate_every=3)
    assert train_members(loop).best == value
    apart = weights(tmp_path)
    assert float(loop.model.weight) == pytest.approx(sum(apart[n] for n in kept) / len(kept), abs=1e-6)


@pytest.mark.parametrize("stop", [5, 18, 25, 40])
def test_members_go_on_where_they_were_stopped(tmp_path: Path, stop: int):
    whole, told = make(tmp_path / "whole", **NOISY)
    train_members(whole)
    first, before = make(tmp_path / "broken", **NOISY)
    assert train_members(first, max_steps=stop).steps == stop == steps_saved(tmp_path / "broken")
    second, after = make(tmp_path / "broken", **NOISY)
    train_members(second, resume=True)
    assert curve(before) + curve(after) == curve(told)
    assert torch.equal(second.model.weight, whole.model.weight)


def test_what_there_is_of_the_members_can_be_averaged(tmp_path: Path):
    first, _ = make(tmp_path, scripted([0.3, 0.5]), **NOISY, evaluate_every=3)
    with pytest.raises(StopIteration):  # the third member is never evaluated
        train_members(first)
    again, _ = make(tmp_path, scripted([0.6]), **NOISY, evaluate_every=3)
    assert average_members(again) == 0.6
