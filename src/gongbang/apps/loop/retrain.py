"""From a recipe and new data to a challenger, and from there through the gate: step by step, each recorded.

The steps are ``check`` (recipe, data sets, suite and champion belong together and nothing leaks), ``train``,
``export``, ``gate`` and ``promote``. Each leaves its result in a folder that the recipe and the data name
together, so that a retraining that was stopped goes on where it was, one that is asked for again with nothing
new says so, and a scheduler may carry out each step in a process of its own.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.apps.loop.plan import STATE, Plan, plan_of
from gongbang.artifacts.champions import Champion
from gongbang.artifacts.files import append_line, write_json
from gongbang.artifacts.format import Artifact, open_artifact
from gongbang.artifacts.gate import Verdict, judge, reopen
from gongbang.artifacts.gate_measure import AtWork, Timer
from gongbang.artifacts.hashing import short
from gongbang.artifacts.lock import RunLock
from gongbang.artifacts.store import MANIFEST
from gongbang.errors import ArtifactError, OptionError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gongbang.artifacts.run import Run

STEPS = ("check", "train", "export", "gate", "promote")
_LOG = logging.getLogger(__name__)
_RECORD = "steps.jsonl"

Opener = Callable[[Path], AtWork]
OnEvent = Callable[[Mapping[str, Any]], None]


def _pass(event: Mapping[str, Any]) -> None:
    """Nobody watches."""


def load_at_work(path: Path) -> AtWork:
    """An artifact as it is served, on the engine that every installation has, so that two compare."""
    from gongbang.runtime.load import load

    return load(path, engine="onnxruntime")


@dataclass(slots=True)
class Retraining:
    """One retraining of one champion.

    Attributes:
        recipe: the file of the recipe. overrides: keys that are set, ``"training.epochs=1"``.
        champion: the folder ``champions/NAME``. suite: the folder of the frozen suite.
        datasets: folders of data sets, whose newest version is taken, or of versions.
        work: the folder in which each retraining has one of its own.
        new_suite: whether the suite may be another than the champion was judged on.
        again: whether a challenger may be promoted that was rolled back from.
        preflight: whether to prove first that the training can work at all.
        opener: puts an artifact to work; as it is served when None.
        timer: see :func:`gongbang.artifacts.gate_measure.measure`.
    """

    recipe: str | Path
    champion: Path
    suite: Path
    datasets: Sequence[str | Path] = ()
    work: Path = Path("retrains")
    overrides: Sequence[str] = ()
    new_suite: bool = False
    again: bool = False
    preflight: bool = True
    on_event: OnEvent = _pass
    opener: Opener | None = None
    timer: Timer | None = None
    _plan: Plan | None = field(default=None, init=False)

    # -- the steps ---------------------------------------------------------------------------------

    def check(self) -> dict[str, Any]:
        """Everything that can be told before training; gives the plan, and writes nothing.

        Raises:
            RecipeError: the recipe cannot be used. SplitError: its training data holds what the suite does.
            ArtifactError: a data set, the suite or the champion was changed.
            OptionError: they are for different tasks, or the champion was judged on another suite.
        """
        plan = self._planned()
        plan.refuse_leaks()
        return plan.to_dict()

    def train(self) -> dict[str, Any]:
        """Train a challenger, or go on where a training was stopped; gives the run."""
        with self._step("train") as (plan, state):
            if "train" not in state:
                state["train"] = _run_result(self._trained(plan))
            return dict(state["train"])

    def export(self) -> dict[str, Any]:
        """Export the challenger by the recipe's own settings; gives the artifact."""
        with self._step("export") as (plan, state):
            if "export" not in state or not (plan.challenger / MANIFEST).is_file():
                from gongbang.artifacts.run import Run
                from gongbang.export.artifact import export_run

                run = Run.open(self._needed(state, "train")["path"])
                report = export_run(run, plan.challenger, overwrite=True)
                state["export"] = _artifact_result(report.artifact)
            return dict(state["export"])

    def gate(self) -> Verdict:
        """Judge the challenger against the champion of now; a verdict that still holds is taken again."""
        with self._step("gate") as (plan, state):
            challenger = self._challenger(plan, state)
            known = self._reopened(plan, state, challenger)
            if known is not None:
                return known
            held = Champion(self.champion).current()
            opener = self.opener or load_at_work
            champion = None if held is None else opener(held.path)
            verdict = judge(plan.suite, champion, opener(challenger.path), timer=self.timer)
            state["gate"] = verdict.to_dict()
            return verdict

    def promote(self) -> dict[str, Any]:
        """Do as the gate said: promote the challenger, or keep the champion; gives what is served now.

        Raises:
            ArtifactError: no gate has judged this challenger against the champion of now.
        """
        with self._step("promote") as (plan, state):
            challenger = self._challenger(plan, state)
            verdict = self._reopened(plan, state, challenger)
            if verdict is None:
                raise _step_missing("gate", "no verdict on this challenger against the champion of now")
            champion = Champion(self.champion)
            served = champion.current()
            if served is None or served.id != challenger.id:  # else it was done, and only not noted
                served = champion.settle(challenger.path, verdict, new_suite=self.new_suite, again=self.again)
            state["promote"] = {
                "decision": verdict.decision,
                "reasons": list(verdict.reasons),
                "verdict": verdict.id,
                "champion": "" if served is None else served.id,
            }
            return dict(state["promote"])

    def run(self) -> dict[str, Any]:
        """All steps in one process, one retraining of a champion at a time; gives what came of it.

        Where the same recipe and data were decided about before, and nothing else has changed, nothing is
        done and ``new`` is false.

        Raises:
            ArtifactError: another process is retraining this champion.
        """
        plan = self._planned()
        plan.folder.mkdir(parents=True, exist_ok=True)
        with RunLock(self.work / f".{plan.name}.lock", "retraining"):
            done = self._decided_before(plan)
            if done is not None:
                _LOG.info("retrain %s: nothing new since it was decided: %s", plan.name, done["decision"])
                return {**plan.to_dict(), **done, "new": False}
            plan.refuse_leaks()
            self.train()
            self.export()
            self.gate()
            return {**plan.to_dict(), **self.promote(), "new": True}

    def carry_out(self, step: str) -> dict[str, Any]:
        """One step by its name, for a scheduler; gives what came of it as plain JSON.

        Raises:
            OptionError: there is no such step.
        """
        if step not in STEPS:
            raise OptionError(
                "there is no such step.",
                value=step,
                allowed=", ".join(STEPS),
                cure="Name one of the steps.",
            )
        result = getattr(self, step)()
        if isinstance(result, Verdict):
            return {"decision": result.decision, "reasons": list(result.reasons), "verdict": result.id}
        return dict(result)

    # -- what they share ---------------------------------------------------------------------------

    def _planned(self) -> Plan:
        if self._plan is None:
            self._plan = plan_of(self)
        return self._plan

    @contextmanager
    def _step(self, name: str) -> Iterator[tuple[Plan, dict[str, Any]]]:
        """A step with the state that it goes on from; how it ends is a line of the record and of the log."""
        plan = self._planned()
        plan.folder.mkdir(parents=True, exist_ok=True)
        with RunLock(plan.folder / ".lock", "retraining"):
            state = plan.state()
            try:
                yield plan, state
            except BaseException as err:
                self._record(plan, name, "failed", str(err).partition("\n")[0] or type(err).__name__)
                raise
            write_json(plan.folder / STATE, state)
            self._record(plan, name, "done", _words(name, state[name]))

    def _record(self, plan: Plan, step: str, status: str, words: str) -> None:
        _LOG.log(
            logging.INFO if status == "done" else logging.ERROR,
            "retrain %s: %s %s: %s",
            plan.name,
            step,
            status,
            words,
        )
        at = datetime.now(UTC).isoformat(timespec="seconds")
        append_line(plan.folder / _RECORD, {"at": at, "step": step, "status": status, "said": words})

    def _trained(self, plan: Plan) -> Run:
        from gongbang.artifacts.run import Run
        from gongbang.train.training import train_recipe

        runs = plan.folder / "runs"
        before = next(reversed(Run.list(runs)), None)
        if before is not None and before.status == "done":
            return before
        stopped = before is not None and any(before.checkpoints.iterdir())
        return train_recipe(
            plan.recipe,
            root=runs,
            resume=before.path if stopped and before is not None else None,
            on_event=self.on_event,
            preflight=self.preflight,
        )

    def _needed(self, state: Mapping[str, Any], step: str) -> Mapping[str, Any]:
        if step not in state:
            raise _step_missing(step, "it was not carried out")
        found: Mapping[str, Any] = state[step]
        return found

    def _challenger(self, plan: Plan, state: Mapping[str, Any]) -> Artifact:
        artifact = open_artifact(plan.challenger) if self._needed(state, "export") else None
        if artifact is None or artifact.id != state["export"]["id"]:
            raise _step_missing("export", "the challenger is another artifact than was exported")
        return artifact

    def _reopened(self, plan: Plan, state: Mapping[str, Any], challenger: Artifact) -> Verdict | None:
        """The verdict of before, where it is on these artifacts and this suite.

        It also holds where the challenger is the champion already: its promotion was done and not noted.
        """
        if "gate" not in state:
            return None
        pointer = Champion(self.champion).pointer
        held = "" if pointer is None else pointer.id
        said = state["gate"]["measured"]
        against = "" if said["champion"] is None else said["champion"]["id"]
        if (said["suite"], said["challenger"]["id"]) != (plan.suite.id, challenger.id):
            return None
        done = held == challenger.id and state["gate"]["decision"] == "promote"
        return reopen(state["gate"], plan.suite) if done or against == held else None

    def _decided_before(self, plan: Plan) -> dict[str, Any] | None:
        """What was decided of this recipe and data, where the champion is still the one it was then."""
        state, pointer = plan.state(), Champion(self.champion).pointer
        done = state.get("promote")
        if done is None or state["gate"]["measured"]["suite"] != plan.suite.id:
            return None
        if pointer is not None and state["export"]["id"] in pointer.withdrawn and not self.again:
            reasons = ["it was promoted before, and rolled back"]
            return {**done, "decision": "keep", "reasons": reasons, "champion": pointer.id}
        return dict(done) if done["champion"] == ("" if pointer is None else pointer.id) else None


def _run_result(run: Run) -> dict[str, Any]:
    scores = run.scores.to_dict() if run.scored else None
    return {"run": run.id, "path": str(run.path), "scores": scores}


def _artifact_result(artifact: Artifact) -> dict[str, Any]:
    return {"path": str(artifact.path), "id": artifact.id, "bytes": artifact.manifest.bytes}


def _words(step: str, result: Mapping[str, Any]) -> str:
    """What came of a step, in one line."""
    if step == "train":
        return str(result.get("run", ""))
    if step == "export":
        return f"{short(str(result.get('id', '')))}, {result.get('bytes', 0):,} bytes"
    if step == "gate":
        failed = [check["words"] for check in result.get("checks", ()) if not check["passed"]]
        return "; ".join([str(result.get("decision", "")), *failed])
    return f"{result.get('decision')}, {short(str(result.get('champion', ''))) or 'none'} is served"


def _step_missing(step: str, why: str) -> ArtifactError:
    return ArtifactError(
        f"the step '{step}' comes first.",
        value=why,
        allowed=", ".join(STEPS) + ", in this order, of the same recipe and data",
        cure=f"Carry out '{step}', or all of it: gongbang retrain.",
    )
