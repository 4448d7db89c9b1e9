"""Proofs that a run can work at all, before its hours are spent.

Each proof is a function of :mod:`gongbang.train.proofs`; it gives numbers, or raises a
:class:`~gongbang.errors.PreflightError` that names the cause and the cure. Data comes first, then the
pipeline, then the model, so that the cheapest proof speaks first. Weights and random states are
afterwards what they were before.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

from gongbang.errors import GongbangError, PreflightError
from gongbang.train.loop import Loop
from gongbang.train.proofs.trial import Limits, Number, Outcome, Trial

if TYPE_CHECKING:
    from gongbang.train.workbench import Workbench

_LOG = logging.getLogger(__name__)
Status = Literal["proved", "noted", "skipped", "failed"]

_HOME = "gongbang.train.proofs."
PROOFS: dict[str, str] = {
    "sources": "records:prove_sources",
    "distinct records": "records:prove_distinct",
    "development data": "records:prove_development",
    "original evaluation": "records:prove_original",
    "leaks": "leaks:prove",
    "same text": "pipeline:prove_same_text",
    "negatives": "negatives:prove",
    "cloze questions": "cloze:prove",
    "augmentation": "augment:prove",
    "tokenizer and weights": "weights:prove",
    "targets": "targets:prove",
    "unknown tokens": "coverage:prove_unknown",
    "round trip": "round_trip:prove",
    "truncation": "coverage:prove_truncation",
    "predictions": "pipeline:prove_predictions",
    "one pipeline": "pipeline:prove_one",
    "selection metric": "selection:prove",
    "pipeline options": "options:prove",
    "highlight": "highlight:prove",
    "model inputs": "inputs:prove_inputs",
    "positions": "inputs:prove_positions",
    "padding": "padding:prove",
    "finite loss": "loss:prove_finite",
    "teacher": "teacher:prove",
    "logits": "loss:prove_logits",
    "gradients": "gradients:prove",
    "highlight is read": "highlight:prove_read",
    "targets matter": "loss:prove_targets_matter",
    "determinism": "determinism:prove",
    "training options": "training_options:prove",
    "curriculum": "curriculum:prove",
    "schedule": "schedule:prove_schedule",
    "best checkpoint": "schedule:prove_selection",
    "over-fit one batch": "overfit:prove",
}
"""The proofs in order, each as ``module:function``, resolved when it is run."""


@dataclass(frozen=True, slots=True)
class Check:
    """One proof's result.

    Attributes:
        name: of :data:`PROOFS`.
        status: "proved"; "noted", proved with something worth a look; "skipped", nothing to prove here;
            "failed".
        what: one sentence.
        numbers: what was measured.
        notes: what is worth a look.
        seconds: wall-clock time.
        error: the four fields of the error, where it failed.
    """

    name: str
    status: Status
    what: str
    numbers: dict[str, Number] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    error: dict[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """The check as plain JSON."""
        return {
            "check": self.name,
            "status": self.status,
            "what": self.what,
            "numbers": self.numbers,
            "notes": self.notes,
            "seconds": round(self.seconds, 3),
            "error": self.error,
        }


@dataclass(slots=True)
class PreflightReport:
    """What was proved.

    Example:
        >>> report = PreflightReport([Check("leaks", "proved", "no tie across the split", {"pairs": 0})])
        >>> report.ok, report.to_dict()["checks"][0]["check"]
        (True, 'leaks')
        >>> print(report.table())
        proved   leaks   no tie across the split; pairs 0
    """

    checks: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no proof failed."""
        return all(check.status != "failed" for check in self.checks)

    @property
    def seconds(self) -> float:
        """Wall-clock time of all proofs."""
        return sum(check.seconds for check in self.checks)

    @property
    def failed(self) -> list[Check]:
        """The proofs that failed."""
        return [check for check in self.checks if check.status == "failed"]

    def to_dict(self) -> dict[str, Any]:
        """The report as plain JSON."""
        return {
            "ok": self.ok,
            "seconds": round(self.seconds, 3),
            "checks": [check.to_dict() for check in self.checks],
        }

    def table(self) -> str:
        """The report as text, a line for each check and one more for each note."""
        width = max((len(check.name) for check in self.checks), default=0)
        lines = []
        for check in self.checks:
            numbers = ", ".join(f"{name} {value}" for name, value in check.numbers.items())
            lines.append(
                f"{check.status:8} {check.name:{width}}   {check.what}" + (f"; {numbers}" if numbers else "")
            )
            lines += [f"{'':8} {'':{width}}   note: {note}" for note in check.notes]
        return "\n".join(lines)


def run_preflight(
    bench: Workbench,
    *,
    limits: Limits | None = None,
    loop: type[Loop] = Loop,
    stop: bool = True,
    on_check: Callable[[Check], None] = lambda check: None,
) -> PreflightReport:
    """Prove that a workbench is sound.

    Args:
        bench: data, pipeline and model as :func:`gongbang.train.training.assemble` makes them; its weights
            and torch's random state are afterwards what they were.
        limits: how much of each ill is borne.
        loop: the loop that will train.
        stop: raise at the first proof that fails; otherwise go on, and report it as failed.
        on_check: receives each check as it is done, for progress on a terminal.

    Raises:
        PreflightError: a proof failed; ``check`` names it.
        GongbangError: a record cannot be prepared at all.
    """
    trial = Trial(bench, limits or Limits(), loop)
    report = PreflightReport()
    with trial.kept():
        for name, place in PROOFS.items():
            check, error = _one(name, place, trial)
            report.checks.append(check)
            on_check(check)
            if error is not None and stop:
                raise error
            for note in check.notes:
                _LOG.warning("preflight '%s': %s", name, note)
    _LOG.info("preflight: %d checks in %.1f s", len(report.checks), report.seconds)
    return report


def _one(name: str, place: str, trial: Trial) -> tuple[Check, GongbangError | None]:
    module, _, function = place.partition(":")
    prove: Callable[[Trial], Outcome] = getattr(import_module(_HOME + module), function)
    began = time.monotonic()
    try:
        outcome = prove(trial)
    except GongbangError as err:
        seconds = time.monotonic() - began
        name = err.check if isinstance(err, PreflightError) else name
        return Check(name, "failed", err.what, seconds=seconds, error=err.to_dict()), err
    status: Status = "skipped" if outcome.skipped else "noted" if outcome.notes else "proved"
    seconds = time.monotonic() - began
    return Check(name, status, outcome.what, outcome.numbers, outcome.notes, seconds), None
