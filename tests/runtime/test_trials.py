"""Which engine is the faster one: measured in turns, kept, and believed only when it is clear."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongbang.runtime.trials import Trials, remember, remembered

_TURNS = st.lists(st.floats(1.0, 1000.0), min_size=1, max_size=8)


@given(_TURNS, _TURNS)
def test_a_choice_is_the_best_one_or_none(a: list[float], b: list[float]):
    trials = Trials({"a": a, "b": b})
    assert trials.best == ("a" if min(a) <= min(b) else "b")
    assert trials.chosen in ("", trials.best)
    assert trials.preferred in ("a", trials.chosen)


@given(_TURNS)
def test_what_cannot_be_told_apart_is_not_chosen(turns: list[float]):
    assert Trials({"a": turns, "b": turns}).chosen == ""


def test_one_noisy_moment_chooses_nothing_and_a_clear_gap_does():
    assert Trials({"a": [50.0, 51.0, 52.0], "b": [60.0, 90.0, 95.0]}).chosen == ""
    assert Trials({"a": [60.0, 90.0, 95.0], "b": [50.0, 51.0, 52.0]}).preferred == "a"
    assert Trials({"a": [60.0, 61.0, 63.0], "b": [50.0, 51.0, 52.0]}).chosen == "b"
    assert Trials({"a": [50.0]}).chosen == Trials().chosen == ""


def test_engines_that_stay_alike_are_settled_in_the_end():
    assert Trials({"a": [51.0, 90.0] * 8, "b": [50.0, 90.0] * 8}).chosen == "a"


def test_the_engines_take_turns_and_earlier_trials_count():
    order: list[str] = []
    engines = {name: lambda name=name: order.append(name) for name in ("a", "b")}
    more = Trials({"a": [5.0], "gone": [1.0]}).with_trials(engines, rounds=2)
    assert order == ["a", "b", "a", "b"]
    assert set(more.milliseconds) == {"a", "b"}
    assert [len(turns) for turns in more.milliseconds.values()] == [3, 2]
    assert more.milliseconds["a"][0] == 5.0


def test_trials_are_kept_by_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path / "cache"))
    one, two = Trials({"a": [1.0], "b": [2.0]}), Trials({"a": [3.0]})
    remember("one", one)
    remember("two", two)
    assert (remembered("one"), remembered("two"), remembered("three")) == (one, two, Trials())


@pytest.mark.parametrize("kept", ["openvino", {"a": "fast"}, {"a": []}, ["a"], {"a": [None]}])
def test_what_another_release_kept_is_measured_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: object
):
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path))
    (tmp_path / "engines.json").write_text(json.dumps({"key": kept}), encoding="utf-8")
    assert remembered("key") == Trials()


def test_nothing_is_remembered_where_there_is_no_home(monkeypatch: pytest.MonkeyPatch):
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("GONGBANG_CACHE", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    remember("key", Trials({"a": [1.0]}))
    assert remembered("key") == Trials()
