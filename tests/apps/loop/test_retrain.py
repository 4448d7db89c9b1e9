"""A retraining step by step: the gate decides, what was stopped goes on, what leaks is refused."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from gongbang.apps.loop.collect import collect
from gongbang.apps.loop.judged import Decided, Judged
from gongbang.apps.loop.retrain import Retraining
from gongbang.artifacts.champions import Champion
from gongbang.artifacts.format import open_artifact
from gongbang.data.reading import read_records
from gongbang.data.records import Record
from gongbang.data.writing import write_jsonl
from gongbang.errors import ArtifactError, OptionError, RecipeError, SplitError
from tests.artifacts.gates import Scripted, first_wrong, make_artifact, make_suite, suite_records


@dataclass
class FakeRun:
    """What is left of a training."""

    id: str
    path: Path
    scored: bool = False


class Workshop:
    """A folder with everything, in which training and export are written down and counted."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.wrong, self.weights = folder, 2, b"new"
        self.trained: list[Any] = []
        self.exported = 0
        rows = [
            Record(
                f"t{n}", {"text": f"{n}번 물건은 {'곱다' if n % 2 else '거칠다'}"}, labels={"label": "good"}
            )
            for n in range(20)
        ]
        write_jsonl(rows, folder / "train.jsonl")
        tree = {
            "name": "mood",
            "task": "classify",
            "data": {"sources": [{"path": str(folder / "train.jsonl")}], "split": {"test": 0}},
        }
        (folder / "recipe.yaml").write_text(yaml.safe_dump(tree), encoding="utf-8")
        self.suite = make_suite(folder / "suite")
        self.champion = Champion(folder / "champions" / "mood")
        monkeypatch.setattr(Retraining, "_trained", self._trained)
        monkeypatch.setattr("gongbang.artifacts.run.Run.open", lambda path, root="runs": path)
        monkeypatch.setattr("gongbang.export.artifact.export_run", self._exported)

    def _trained(self, plan: Any) -> FakeRun:
        self.trained.append(plan.recipe)
        return FakeRun(f"run-{len(self.trained)}", plan.folder / "runs" / "r")

    def _exported(self, run: Any, out: Path, *, overwrite: bool) -> Any:
        self.exported += 1
        return type("Report", (), {"artifact": make_artifact(out, self.weights)})

    def at_work(self, path: Path) -> Scripted:
        artifact = open_artifact(path)
        new = (path / "model.onnx").read_bytes() == self.weights
        return Scripted(artifact, first_wrong(self.wrong if new else 20))

    def ask(self, **more: Any) -> Retraining:
        asked = {
            "recipe": self.folder / "recipe.yaml",
            "champion": self.champion.folder,
            "suite": self.suite.path,
            "work": self.folder / "retrains",
            "opener": self.at_work,
        }
        return Retraining(**{**asked, **more})

    def crown(self) -> str:
        """A first champion, wrong on twenty; its weights are not those of challengers."""
        weights, self.weights = self.weights, b"old"
        first = self.ask(overrides=["training.seed=1"])
        first.opener = lambda path: Scripted(open_artifact(path), first_wrong(20))
        assert first.run()["decision"] == "promote"
        self.weights, self.trained, self.exported = weights, [], 0
        held = self.champion.current()
        assert held is not None
        return held.id


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    return Workshop(tmp_path, monkeypatch)


def dataset(shop: Workshop, *texts: str) -> Path:
    """A version of feedback of these texts, each of a group of its own."""
    decided = [
        Decided(
            number,
            number,
            "correct",
            "good",
            "min",
            datetime(2026, 11, 2, tzinfo=UTC),
            Judged("predict", "classify", {"text": text}, "bad", good=False),
        )
        for number, text in enumerate(texts, 1)
    ]
    return collect(decided, shop.folder / "datasets", task="classify").path.parent


def test_a_better_challenger_takes_the_place(shop):
    old = shop.crown()
    told = shop.ask().run()
    assert (told["decision"], told["new"], told["before"]) == ("promote", True, old)
    assert open_artifact(shop.champion.folder).id == told["champion"] != old
    assert any("accuracy +0.3" in reason for reason in told["reasons"])


@pytest.mark.parametrize("wrong", [40, 20], ids=["worse", "equal"])
def test_a_challenger_that_is_not_better_never_does(shop, wrong):
    old = shop.crown()
    shop.wrong = wrong
    told = shop.ask().run()
    assert (told["decision"], told["champion"]) == ("keep", old)
    assert open_artifact(shop.champion.folder).id == old
    assert shop.champion.history()[-1]["event"] == "keep"


def test_without_the_gate_nothing_is_promoted(shop, monkeypatch):
    """Whoever takes the gate out, or puts another in its place, promotes nothing."""
    old = shop.crown()
    asked = shop.ask()
    asked.train()
    asked.export()
    with pytest.raises(ArtifactError, match="the step 'gate' comes first"):
        asked.promote()
    for stand_in in (lambda *args, **more: None, lambda *args, **more: type("Yes", (), {"promotes": True})()):
        monkeypatch.setattr("gongbang.apps.loop.retrain.judge", stand_in)
        with pytest.raises((ArtifactError, AttributeError)):
            shop.ask().run()
        assert shop.champion.current().id == old


def test_a_forged_verdict_promotes_nothing(shop):
    old = shop.crown()
    shop.wrong = 40
    asked = shop.ask()
    asked.train()
    asked.export()
    assert not asked.gate().promotes
    (state,) = [path for path in (shop.folder / "retrains").rglob("state.json") if _gated(path) == "keep"]
    values = json.loads(state.read_text(encoding="utf-8"))
    values["gate"]["decision"] = "promote"
    for check in values["gate"]["checks"]:
        check["passed"] = True
    state.write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(ArtifactError, match="record of the verdict does not fit"):
        shop.ask().promote()
    assert shop.champion.current().id == old


def _gated(path: Path) -> str:
    return str(json.loads(path.read_text(encoding="utf-8")).get("gate", {}).get("decision"))


def test_each_step_may_be_a_process_of_its_own(shop):
    """As a scheduler does it: nothing is shared but the folder."""
    shop.crown()
    shop.ask().check()
    shop.ask().train()
    shop.ask().export()
    assert shop.ask().gate().promotes
    told = shop.ask().promote()
    assert told["decision"] == "promote" and shop.champion.current().id == told["champion"]
    assert (len(shop.trained), shop.exported) == (1, 1)
    assert shop.ask().promote() == told  # tried again by the scheduler
    assert len(shop.champion.pointer.line) == 2


def test_steps_out_of_order_are_refused(shop):
    for step in ("export", "gate", "promote"):
        with pytest.raises(ArtifactError, match="comes first"):
            getattr(shop.ask(), step)()


def test_nothing_new_is_not_trained_again(shop):
    shop.crown()
    first = shop.ask().run()
    second = shop.ask().run()
    assert second["new"] is False and len(shop.trained) == 1
    assert (second["decision"], second["champion"]) == (first["decision"], first["champion"])


def test_new_data_is_something_new(shop):
    shop.crown()
    shop.ask().run()
    shop.weights, shop.wrong = b"newer", 0
    told = shop.ask(datasets=[dataset(shop, "새로 들은 말이다", "또 들은 말이다")]).run()
    assert told["new"] and len(shop.trained) == 2
    sources = shop.trained[1].data.sources
    assert [(source.role, source.format) for source in sources] == [("split", None), ("train", "jsonl")]
    records = read_records(sources[1].path, format="jsonl").strict()
    assert [record.source for record in records] == ["feedback", "feedback"]
    assert told["datasets"][0]["records"] == 2


def test_other_content_of_a_file_is_something_new(shop):
    shop.crown()
    shop.ask().run()
    rows = [Record(f"u{n}", {"text": f"{n}번째 다른 말"}, labels={"label": "bad"}) for n in range(9)]
    write_jsonl(rows, shop.folder / "train.jsonl")
    assert shop.ask().run()["new"] and len(shop.trained) == 2


def test_the_same_files_elsewhere_are_nothing_new(shop, monkeypatch):
    shop.crown()
    versions = dataset(shop, "들은 말")
    shop.ask(datasets=[versions]).run()
    monkeypatch.chdir(shop.folder)
    told = shop.ask(datasets=["datasets/classify"], overrides=["data.sources=[{path: train.jsonl}]"]).run()
    assert told["new"] is False and len(shop.trained) == 1


@pytest.mark.parametrize("step", ["train", "export", "gate", "promote"])
def test_what_was_stopped_goes_on(shop, monkeypatch, step):
    """Stopped while a step is carried out, and asked for again: what was done is not done twice."""
    old = shop.crown()
    target = {
        "train": (Retraining, "_trained"),
        "export": ("gongbang.export.artifact", "export_run"),
        "gate": ("gongbang.apps.loop.retrain", "judge"),
        "promote": ("gongbang.artifacts.champions", "write_json"),
    }[step]

    def stopped(*args, **more):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        place = target[0] if isinstance(target[0], type) else __import__(target[0], fromlist=["x"])
        patch.setattr(place, target[1], stopped)
        with pytest.raises(KeyboardInterrupt):
            shop.ask().run()
    assert shop.champion.current().id == old
    told = shop.ask().run()
    assert told["decision"] == "promote" and (len(shop.trained), shop.exported) == (1, 1)
    lines = [
        json.loads(line) for line in (Path(told["folder"]) / "steps.jsonl").read_text("utf-8").splitlines()
    ]
    assert [(line["step"], line["status"]) for line in lines].count((step, "failed")) == 1
    assert [line["step"] for line in lines if line["status"] == "done"][-4:][-1] == "promote"


def test_a_promotion_that_was_done_and_not_noted_is_noted(shop, monkeypatch):
    """Killed after the pointer was replaced, before the state was written."""
    old = shop.crown()
    asked = shop.ask()
    asked.train()
    asked.export()
    asked.gate()
    with monkeypatch.context() as patch:

        def stopped(*args: Any, **more: Any) -> None:
            raise KeyboardInterrupt

        patch.setattr("gongbang.apps.loop.retrain.write_json", stopped)
        with pytest.raises(KeyboardInterrupt):
            asked.promote()
    new = shop.champion.current().id
    assert new != old
    told = shop.ask().run()
    assert (told["decision"], told["champion"]) == ("promote", new) and len(shop.champion.pointer.line) == 2


def test_what_was_rolled_back_is_not_promoted_by_the_next_night(shop):
    old = shop.crown()
    new = shop.ask().run()["champion"]
    shop.champion.rollback("too sure of itself")
    told = shop.ask().run()
    assert (told["decision"], told["champion"], told["new"]) == ("keep", old, False)
    assert told["reasons"] == ["it was promoted before, and rolled back"]
    assert shop.ask(again=True).run()["champion"] == new


def test_what_the_suite_holds_out_is_never_trained_on(shop):
    held = suite_records()[0]
    write_jsonl(
        [Record("x", {"text": "전혀 다른 말"}, labels={"label": "good"}, group=held.group)],
        shop.folder / "train.jsonl",
    )
    for step in ("check", "run"):
        with pytest.raises(SplitError, match="train part holds what the suite holds out"):
            getattr(shop.ask(), step)()
    assert shop.trained == []


def test_feedback_on_the_suites_own_texts_is_refused_too(shop):
    """Built without naming the suite: the retraining still finds it."""
    with pytest.raises(SplitError, match="'feedback-1' has the text of the suite's record 's3'"):
        shop.ask(datasets=[dataset(shop, suite_records()[3].fields["text"])]).check()


def test_a_dry_run_writes_nothing(shop):
    before = sorted(shop.folder.rglob("*"))
    plan = shop.ask(datasets=[dataset(shop, "들은 말")]).check()
    assert plan["before"] == "" and plan["task"] == "classify"
    after = [path for path in sorted(shop.folder.rglob("*")) if "datasets" not in path.parts]
    assert [path for path in after if path not in before] == []


def test_what_does_not_belong_together_is_refused(shop):
    shop.crown()
    with pytest.raises(RecipeError):
        shop.ask(overrides=["trainin.epochs=1"]).check()
    with pytest.raises(OptionError, match="for another task"):
        shop.ask(overrides=["task=emotions"]).check()
    other = make_suite(shop.folder / "other", most_drop=9.0)
    with pytest.raises(OptionError, match="judged on another suite"):
        shop.ask(suite=other.path).check()
    assert shop.ask(suite=other.path, new_suite=True).run()["decision"] == "promote"
    assert shop.champion.pointer.suite == other.id


def test_two_at_once_are_refused(shop, monkeypatch):
    shop.crown()
    inside, leave, told = threading.Event(), threading.Event(), []

    def waiting(plan: Any) -> FakeRun:
        inside.set()
        leave.wait(20)
        return FakeRun("r", plan.folder / "r")

    asked = shop.ask()
    monkeypatch.setattr(asked.__class__, "_trained", lambda self, plan: waiting(plan))
    thread = threading.Thread(target=lambda: told.append(asked.run()))
    thread.start()
    try:
        assert inside.wait(20)
        with pytest.raises(ArtifactError, match="the retraining is being written by another"):
            shop.ask().run()
    finally:
        leave.set()
        thread.join()
    assert told[0]["decision"] == "promote"


def test_every_step_is_one_line_of_the_log(shop, caplog):
    caplog.set_level("INFO", logger="gongbang")
    shop.ask().run()
    lines = [record.getMessage() for record in caplog.records if record.name.endswith("retrain")]
    assert [line.split(":")[1].split()[0] for line in lines] == ["train", "export", "gate", "promote"]
    assert all("\n" not in line for line in lines)
