"""Champions: nothing is promoted past the gate, and whatever dies leaves the old one or the new one."""

from __future__ import annotations

import json
import shutil
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gongbang.artifacts import champions
from gongbang.artifacts.champions import Champion, champion_of
from gongbang.artifacts.format import open_artifact
from gongbang.artifacts.gate import judge
from gongbang.artifacts.shared import SHARED
from gongbang.artifacts.store import find_artifact, known_artifacts
from gongbang.errors import ArtifactError
from tests.artifacts.gates import Scripted, first_wrong, make_artifact, make_suite


@pytest.fixture
def suite(tmp_path):
    return make_suite(tmp_path / "suite")


@pytest.fixture
def champion(tmp_path):
    return Champion(tmp_path / "champions" / "mood", now=lambda: datetime(2026, 11, 2, tzinfo=UTC))


def artifact(tmp_path: Path, name: str) -> Path:
    return make_artifact(tmp_path / "made" / name, name.encode() * 50).path


def verdict_of(suite, champion, challenger, wrong_before=30, wrong=2):
    held = champion.current()
    old = None if held is None else Scripted(held, first_wrong(wrong_before))
    return judge(suite, old, Scripted(open_artifact(challenger), first_wrong(wrong)))


def promoted(tmp_path, suite, champion, name):
    path = artifact(tmp_path, name)
    return champion.promote(path, verdict_of(suite, champion, path))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def events(champion):
    return [(row["event"], row["state"]) for row in champion.history()]


def test_a_champion_is_opened_like_an_artifact(tmp_path, suite, champion, monkeypatch):
    first = promoted(tmp_path, suite, champion, "one")
    assert find_artifact(champion.folder) == first.path
    second = promoted(tmp_path, suite, champion, "two")
    assert open_artifact(champion.folder).id == second.id == champion.current().id
    assert bytes_of(second.path) == bytes_of(tmp_path / "made" / "two")
    monkeypatch.setenv("GONGBANG_MODELS", str(tmp_path / "champions"))
    assert known_artifacts()["mood"] == champion.folder
    assert open_artifact("mood").id == second.id
    assert not any(path.is_symlink() for path in champion.folder.rglob("*"))


def test_rolling_back_restores_the_very_bytes(tmp_path, suite, champion):
    first = promoted(tmp_path, suite, champion, "one")
    before = bytes_of(first.path)
    promoted(tmp_path, suite, champion, "two")
    shutil.rmtree(tmp_path / "made")  # the versions stand by themselves
    back = champion.rollback("slower than it looked")
    assert back.id == first.id == open_artifact(champion.folder).id
    assert bytes_of(find_artifact(champion.folder)) == before
    assert champion.history()[-2]["reason"] == "slower than it looked"
    with pytest.raises(ArtifactError, match="no champion of 'mood' to go back to"):
        champion.rollback()


def test_parts_that_stood_beside_the_artifact_come_along(tmp_path, suite, champion):
    path = artifact(tmp_path, "one")
    part = open_artifact(path).manifest.files["more.bin"]
    (path.parent / SHARED).mkdir()
    (path / "more.bin").rename(path.parent / SHARED / part.sha256)
    held = champion.promote(path, verdict_of(suite, champion, path))
    shutil.rmtree(tmp_path / "made")
    assert (held.path / "more.bin").read_bytes() == b"\x00" * 10
    assert open_artifact(champion.folder).id == held.id


def test_two_steps_back(tmp_path, suite, champion):
    made = [promoted(tmp_path, suite, champion, name).id for name in ("one", "two", "three")]
    assert [champion.rollback().id, champion.rollback().id] == made[1::-1]
    assert champion.pointer.withdrawn == (made[2], made[1])


def test_what_was_rolled_back_from_does_not_come_back_by_itself(tmp_path, suite, champion):
    promoted(tmp_path, suite, champion, "one")
    two = promoted(tmp_path, suite, champion, "two")
    champion.rollback()
    verdict = verdict_of(suite, champion, two.path)
    assert verdict.promotes
    with pytest.raises(ArtifactError, match="rolled back from"):
        champion.promote(two.path, verdict)
    assert champion.promote(two.path, verdict, again=True).id == two.id
    assert champion.pointer.withdrawn == ()


def test_a_version_that_was_changed_on_disk_is_not_gone_back_to(tmp_path, suite, champion):
    first = promoted(tmp_path, suite, champion, "one")
    second = promoted(tmp_path, suite, champion, "two")
    (first.path / "model.onnx").write_bytes(b"else" * 40)
    with pytest.raises(ArtifactError, match=r"model\.onnx"):
        champion.rollback()
    assert champion.current().id == second.id


def test_a_worse_challenger_is_never_promoted(tmp_path, suite, champion):
    first = promoted(tmp_path, suite, champion, "one")
    worse = artifact(tmp_path, "worse")
    verdict = verdict_of(suite, champion, worse, wrong_before=2, wrong=30)
    with pytest.raises(ArtifactError, match="did not let this challenger through"):
        champion.promote(worse, verdict)
    assert champion.settle(worse, verdict).id == first.id
    last = champion.history()[-1]
    assert (last["event"], last["challenger"]) == ("keep", open_artifact(worse).id)
    assert last["verdict"]["checks"][1]["passed"] is False
    assert open_artifact(champion.folder).id == first.id


def test_an_equal_challenger_is_kept_out(tmp_path, suite, champion):
    first = promoted(tmp_path, suite, champion, "one")
    equal = artifact(tmp_path, "equal")
    assert champion.settle(equal, verdict_of(suite, champion, equal, 9, 9)).id == first.id


def test_a_better_one_is_settled_in(tmp_path, suite, champion):
    promoted(tmp_path, suite, champion, "one")
    better = artifact(tmp_path, "better")
    assert champion.settle(better, verdict_of(suite, champion, better)).id == open_artifact(better).id


class LikeAVerdict:
    """What is left where the gate is taken out: an object that says yes."""

    promotes, decision, suite = True, "promote", "s"
    champion = challenger = ""


def test_nothing_is_promoted_without_the_gate(tmp_path, champion):
    for fake in (None, True, LikeAVerdict(), {"decision": "promote"}):
        with pytest.raises(ArtifactError, match="without a gate"):
            champion.promote(artifact(tmp_path, f"x{id(fake)}"), fake)
        with pytest.raises(ArtifactError, match="without a gate"):
            champion.settle(tmp_path, fake)
    assert champion.pointer is None


def test_a_verdict_is_on_one_challenger_one_champion_and_one_suite(tmp_path, suite, champion):
    one, two = artifact(tmp_path, "one"), artifact(tmp_path, "two")
    first = verdict_of(suite, champion, one)
    with pytest.raises(ArtifactError, match="on another artifact"):
        champion.promote(two, first)
    champion.promote(one, first)
    old = verdict_of(suite, champion, two)
    promoted(tmp_path, suite, champion, "three")
    with pytest.raises(ArtifactError, match="another one than the gate judged against"):
        champion.promote(two, old)
    other = make_suite(tmp_path / "easier", most_drop=50.0)
    verdict = verdict_of(other, champion, two)
    with pytest.raises(ArtifactError, match="another suite"):
        champion.promote(two, verdict)
    champion.promote(two, verdict, new_suite=True)
    assert champion.pointer.suite == other.id


def test_a_challenger_that_was_changed_after_the_verdict_is_refused(tmp_path, suite, champion):
    path = artifact(tmp_path, "one")
    verdict = verdict_of(suite, champion, path)
    (path / "model.onnx").write_bytes(b"two" * 50)
    with pytest.raises(ArtifactError, match=r"corrupted|cut short"):
        champion.promote(path, verdict)
    assert champion.current() is None


def test_of_two_promoters_one_does_it(tmp_path, suite, champion):
    """Both were judged against the champion of before; whoever is second must be judged again."""
    promoted(tmp_path, suite, champion, "one")
    paths = [artifact(tmp_path, name) for name in ("a", "b", "c", "d")]
    verdicts = [verdict_of(suite, champion, path) for path in paths]
    gate, results = threading.Barrier(4), {}

    def go(number):
        gate.wait()
        try:
            results[number] = Champion(champion.folder).promote(paths[number], verdicts[number]).id
        except ArtifactError as err:
            results[number] = err.what

    threads = [threading.Thread(target=go, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ids = {open_artifact(path).id for path in paths}
    winners = [said for said in results.values() if said in ids]
    assert len(winners) == 1 and champion.current().id == winners[0]
    assert len(champion.pointer.line) == 2
    assert all(
        "written by another" in said or "another one" in said for said in results.values() if said not in ids
    )


def test_a_promoter_waits_for_none(tmp_path, suite, champion):
    path = artifact(tmp_path, "one")
    verdict = verdict_of(suite, champion, path)
    champion.folder.mkdir(parents=True)
    with champion._lock, pytest.raises(ArtifactError, match="the champion is being written"):
        Champion(champion.folder).promote(path, verdict)


class Died(BaseException):
    """The process is gone."""


@pytest.mark.parametrize("call", range(12))
@pytest.mark.parametrize("name", ["shutil.copytree", "_force", "append_line", "write_json"])
@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_crash_leaves_the_old_one_or_the_new_one(tmp_path, suite, champion, monkeypatch, name, call, after):
    """Dies before or after the n-th call of everything that writes; then another process goes on."""
    old = promoted(tmp_path, suite, champion, "one")
    path = artifact(tmp_path, "two")
    verdict = verdict_of(suite, champion, path)
    new = verdict.challenger
    target, attribute = (shutil, "copytree") if name == "shutil.copytree" else (champions, name)
    real, count = getattr(target, attribute), [0]

    def dying(*args, **kwargs):
        count[0] += 1
        if count[0] - 1 == call and not after:
            raise Died
        done = real(*args, **kwargs)
        if count[0] - 1 == call:
            raise Died
        return done

    with monkeypatch.context() as patch:
        patch.setattr(target, attribute, dying)
        try:
            champion.promote(path, verdict)
            died = False
        except Died:
            died = True
    if not died:
        assert call >= count[0]
    again = Champion(champion.folder)
    held = open_artifact(champion.folder)
    assert held.id in (old.id, new) and bytes_of(held.path) in (bytes_of(old.path), bytes_of(path))
    assert held.id == new or died
    assert again.current().id == held.id
    if held.id == old.id:  # whoever comes next can do it
        assert again.promote(path, verdict).id == new
    again.keep(verdict)
    rows = again.history()
    begun = {row["number"] for row in rows if row["state"] == "begun"}
    told = [row["begun"] for row in rows if "begun" in row]
    assert begun == set(told) and len(told) == len(set(told))
    assert sum(row["state"] == "done" and row["event"] == "promote" for row in rows) == 2
    assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))


def test_the_crash_points_are_reached(tmp_path, suite, champion, monkeypatch):
    """The test above dies at every call that a promotion makes."""
    promoted(tmp_path, suite, champion, "one")
    counts = dict.fromkeys(("_force", "append_line", "write_json"), 0)
    for name in counts:
        real = getattr(champions, name)

        def counted(*args, name=name, real=real):
            counts[name] += 1
            return real(*args)

        monkeypatch.setattr(champions, name, counted)
    promoted(tmp_path, suite, champion, "two")
    assert counts["append_line"] == 2 and counts["write_json"] == 1 and 5 <= counts["_force"] <= 12


def test_a_half_written_line_of_the_history_is_passed_over(tmp_path, suite, champion):
    promoted(tmp_path, suite, champion, "one")
    with (champion.folder / "history.jsonl").open("ab") as file:
        file.write(b'{"number": 3, "event": "prom')
    promoted(tmp_path, suite, champion, "two")
    assert events(champion)[-2:] == [("promote", "begun"), ("promote", "done")]


def test_a_pointer_that_says_nothing_is_an_error(tmp_path, suite, champion):
    promoted(tmp_path, suite, champion, "one")
    pointer = champion.folder / "champion.json"
    values = json.loads(pointer.read_text(encoding="utf-8"))
    for line in ([], ["../../elsewhere"], "ab", None):
        pointer.write_text(json.dumps({**values, "line": line}), encoding="utf-8")
        with pytest.raises(ArtifactError, match="does not say which version"):
            open_artifact(champion.folder)


@pytest.mark.parametrize("name", ["", "..", "a/b", "/tmp/x", ".hidden"])
def test_a_name_does_not_lead_out(tmp_path, name):
    with pytest.raises(ArtifactError, match="no name of a champion"):
        champion_of(name, tmp_path)
