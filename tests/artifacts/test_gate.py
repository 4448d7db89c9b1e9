"""The gate: a worse challenger is never let in, a better one is, a tie keeps the champion."""

from __future__ import annotations

import dataclasses
import json

import pytest

from gongbang.artifacts.gate import Verdict, judge, reopen
from gongbang.artifacts.suite import open_suite
from gongbang.errors import ArtifactError, OptionError
from gongbang.metrics.scores import Scores
from tests.artifacts.gates import ROWS, Scripted, classify_task, first_wrong, make_artifact, make_suite
from tests.artifacts.labelled import told


@pytest.fixture
def sides(tmp_path):
    """Makes champion and challenger that are wrong on so many records."""

    def make(champion, challenger, more=b""):
        return (
            Scripted(make_artifact(tmp_path / "old", b"old"), champion),
            Scripted(make_artifact(tmp_path / "new", b"new" + more), challenger),
        )

    return make


def failed(verdict):
    return [check.name for check in verdict.checks if not check.passed]


def test_a_better_one_is_promoted(tmp_path, sides):
    old, new = sides(first_wrong(20), first_wrong(2))
    suite = make_suite(tmp_path / "s")
    verdict = judge(suite, old, new)
    assert verdict.decision == "promote" and failed(verdict) == []
    assert (verdict.champion, verdict.challenger, verdict.suite) == (
        old.artifact.id,
        new.artifact.id,
        suite.id,
    )
    assert verdict.measured.difference.value == pytest.approx(18 / ROWS)
    assert verdict.measured.difference.low > 0
    assert verdict.measured.champion.slices["all"] == (pytest.approx(40 / ROWS), ROWS)
    assert old.asked == new.asked == [ROWS]


@pytest.mark.parametrize("rule", [{}, {"rule": "not_worse", "margin": 1.0}], ids=["better", "not worse"])
def test_a_worse_one_is_never_promoted(tmp_path, sides, rule):
    verdict = judge(make_suite(tmp_path / "s", **rule), *sides(first_wrong(2), first_wrong(20)))
    assert verdict.decision == "keep" and "better" in failed(verdict)
    assert "accuracy -0.3000" in verdict.reasons[0]


def test_an_equal_one_keeps_the_champion(tmp_path, sides):
    verdict = judge(make_suite(tmp_path / "s"), *sides(first_wrong(9), first_wrong(9)))
    assert failed(verdict) == ["better"]


def test_what_may_be_noise_keeps_the_champion(tmp_path, sides):
    verdict = judge(make_suite(tmp_path / "s", most_drop=None), *sides(first_wrong(9), first_wrong(8)))
    assert verdict.measured.difference.value > 0 and failed(verdict) == ["better"]


def test_an_equal_one_is_promoted_where_not_worse_is_enough(tmp_path, sides):
    suite = make_suite(tmp_path / "s", rule="not_worse", margin=1.0)
    assert judge(suite, *sides(first_wrong(9), first_wrong(9))).promotes


def test_the_champion_itself_is_no_challenger(tmp_path, sides):
    old, _ = sides((), ())
    verdict = judge(make_suite(tmp_path / "s", rule="not_worse", margin=5.0), old, old)
    assert failed(verdict) == ["another"]


def test_a_slice_that_falls_keeps_the_champion(tmp_path, sides):
    films = {f"s{number}" for number in range(0, ROWS, 3)}  # 20 of 60
    old = {f"s{number}" for number in range(ROWS)} - films
    verdict = judge(make_suite(tmp_path / "s"), *sides(old, set(sorted(films)[:3])))
    assert failed(verdict) == ["slice label:topic=film"]
    assert "1.0000 -> 0.8500 on 20 records" in verdict.reasons[0]
    small = make_suite(tmp_path / "t", least_rows=21)
    assert judge(small, *sides_again(tmp_path, old, films)).promotes


def sides_again(tmp_path, old, films):
    wrong = sorted(films)[:3]
    return (
        Scripted(make_artifact(tmp_path / "old2", b"old"), old),
        Scripted(make_artifact(tmp_path / "new2", b"new"), wrong),
    )


def test_floors_are_kept(tmp_path, sides):
    suite = make_suite(tmp_path / "s", floors={"all": 0.9, "label:topic=film": 0.99})
    verdict = judge(suite, *sides(first_wrong(30), first_wrong(3)))
    assert failed(verdict) == ["floor label:topic=film"]  # s0 is a film


def test_size_is_limited(tmp_path, sides):
    suite = make_suite(tmp_path / "s", most_bytes=100, most_size_ratio=1.5)
    verdict = judge(suite, *sides(first_wrong(30), (), more=b"x" * 200))
    assert failed(verdict) == ["bytes", "size"]


def timer_of(seconds):
    """Carries out a call and says that it took what comes next."""
    left = iter(seconds)

    def timer(call):
        call()
        return next(left)

    return timer


@pytest.mark.parametrize(("slow", "passes"), [(1.2, True), (1.3, False)])
def test_latency_is_a_ratio_of_turns(tmp_path, sides, slow, passes):
    """Turns alternate: champion first, then challenger first. One stall of the machine decides nothing."""
    suite = make_suite(tmp_path / "s", most_latency_ratio=1.25)
    old, new = sides(first_wrong(30), ())
    times = []
    for number in range(32):
        pair = [1.0, slow] if number % 2 == 0 else [slow, 1.0]
        times += [50.0 * second for second in pair] if number == 5 else pair
    verdict = judge(suite, old, new, timer=timer_of(times))
    assert verdict.measured.latency == (1.0, slow, pytest.approx(slow))
    assert verdict.promotes is passes and failed(verdict) == ([] if passes else ["latency"])


def test_nothing_is_timed_where_nothing_is_limited(tmp_path, sides):
    verdict = judge(make_suite(tmp_path / "s"), *sides(first_wrong(30), ()), timer=timer_of([]))
    assert verdict.measured.latency is None and verdict.promotes


def test_the_first_one_must_beat_the_baselines(tmp_path, sides):
    _, good = sides((), first_wrong(3))
    assert judge(make_suite(tmp_path / "s"), None, good).promotes
    bad = Scripted(good.artifact, first_wrong(40))
    verdict = judge(make_suite(tmp_path / "t"), None, bad)
    assert failed(verdict) == ["baselines"] and verdict.champion == ""
    low = judge(make_suite(tmp_path / "u", floors={"all": 0.99}), None, good)
    assert failed(low) == ["floor all"]


def test_an_artifact_of_another_task_is_refused(tmp_path, sides):
    old, _ = sides((), ())
    other = Scripted(make_artifact(tmp_path / "other", b"o", task="emotions"))
    with pytest.raises(ArtifactError, match="another task"):
        judge(make_suite(tmp_path / "s"), old, other)


def test_a_suite_that_changed_since_it_was_opened_is_refused(tmp_path, sides):
    suite = make_suite(tmp_path / "s")
    path = suite.path / "records.jsonl"
    path.write_bytes(path.read_bytes()[:-10] + b"\n")
    with pytest.raises(ArtifactError, match="was changed"):
        judge(suite, *sides((), ()))


def test_who_leaves_records_out_is_refused(tmp_path, sides):
    old, new = sides((), ())
    new.predict = lambda records: [told(record.id, {"bad": 1.0}) for record in records[1:]]
    with pytest.raises(ArtifactError, match="does not answer each record"):
        judge(make_suite(tmp_path / "s"), old, new)


def test_a_metric_that_cannot_be_compared_is_refused(tmp_path, sides, monkeypatch):
    old, new = sides((), ())
    task = classify_task()
    scores = task.score(
        old.predict(make_suite(tmp_path / "s").records()), make_suite(tmp_path / "t").records()
    )
    strange = Scores("strange", {"strange": next(iter(scores.scores.values()))})
    for side in (old, new):
        side.task = type(
            "Task", (), {"name": "unheard", "schema": task.schema, "score": lambda *a: strange}
        )()
        side.task.baselines = lambda *parts: {}
    with pytest.raises(OptionError, match="cannot be compared record by record"):
        judge(open_suite(tmp_path / "s"), old, new)


def test_nobody_but_the_gate_makes_a_verdict(tmp_path, sides):
    verdict = judge(make_suite(tmp_path / "s"), *sides((), first_wrong(30)))
    assert not verdict.promotes
    with pytest.raises(ArtifactError, match="no gate gave"):
        Verdict(verdict.measured, ())
    with pytest.raises((ArtifactError, ValueError)):
        dataclasses.replace(verdict, checks=())
    with pytest.raises(dataclasses.FrozenInstanceError):
        verdict.checks = ()


def test_a_verdict_is_decided_anew_from_its_record(tmp_path, sides):
    suite = make_suite(tmp_path / "s")
    verdict = judge(suite, *sides(first_wrong(20), ()))
    kept = json.loads(json.dumps(verdict.to_dict()))
    assert reopen(kept, suite) == verdict
    for path, value in ((("decision",), "promote"), (("measured", "difference", "low"), 0.1)):
        worse = judge(suite, *pair_again(tmp_path))
        edited = json.loads(json.dumps(worse.to_dict()))
        place = edited
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = value
        with pytest.raises(ArtifactError, match="does not fit"):
            reopen(edited, suite)
    with pytest.raises(ArtifactError, match="does not fit"):
        reopen(kept, make_suite(tmp_path / "t", most_drop=1.0))
    with pytest.raises(ArtifactError, match="cannot be read"):
        reopen({"measured": {}}, suite)


def pair_again(tmp_path):
    return (
        Scripted(make_artifact(tmp_path / f"o{len(list(tmp_path.iterdir()))}", b"old"), ()),
        Scripted(make_artifact(tmp_path / f"n{len(list(tmp_path.iterdir()))}", b"new"), first_wrong(20)),
    )
