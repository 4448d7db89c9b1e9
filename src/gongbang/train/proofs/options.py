"""Every pipeline option that is switched on changes features or predictions."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from typing import Any, Literal, get_args, get_origin, get_type_hints

import numpy as np

from gongbang.data.records import Record
from gongbang.errors import GongbangError, PreflightError
from gongbang.tasks.base import Features
from gongbang.train.proofs.perfect import Outputs, perfect_outputs, random_outputs
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "options act"
_FEW = 24  # records that are decoded for each option
_MANY = 3_000  # records searched before an option is called idle


def prove(trial: Trial) -> Outcome:
    """Set each option to its default (or, where it stands there, to another value) and compare.

    A switch that differs from its default and changes nothing is refused; a size that is never reached, and
    a default that has nothing to act on in this data, are named.
    """
    task = trial.bench.task
    settings = getattr(task, "settings", None)
    if settings is None or not is_dataclass(settings):
        return Outcome("the task has no options", skipped=True)
    hints = get_type_hints(type(settings))
    idle, acting = [], 0
    tester = _Tester(trial)
    for option in fields(settings):
        value, default = getattr(settings, option.name), _default(option)
        if value == default and (not value or value == "none" or _waits(option, settings)):
            continue  # off
        # A size may be set and never be reached; a switch that is on and does nothing is a fault.
        size = isinstance(value, (int, float)) and not isinstance(value, bool) and bool(default)
        refused = value != default and not size
        tries = [] if value == default else [default]
        tries += [] if refused else list(_alternatives(value, hints[option.name]))
        if not tries or tester.acts(option.name, tries, thorough=refused):
            acting += 1
        elif refused:
            raise PreflightError(
                f"the option '{option.name}' changes neither features nor predictions.",
                check=CHECK,
                value=f"{option.name}={value!r}, the same as {default!r}",
                allowed="an option that does something on this data",
                cure=f"Remove pipeline.{option.name}, or look for why it has nothing to act on"
                " (a field that is empty, a mark that never occurs, a name that is never read).",
            )
        else:
            idle.append(option.name)
    notes = [f"without effect on this sample: {', '.join(idle)}"] if idle else []
    return Outcome("options that are switched on act", {"acting": acting, "idle": len(idle)}, notes)


def _waits(option: Field[Any], settings: Any) -> bool:
    """Whether an option belongs to a value of another one (its metadata ``of``) that is not chosen."""
    other, value = option.metadata.get("of", ("", None))
    return bool(other) and getattr(settings, other) != value


def _default(option: Field[Any]) -> Any:
    if option.default is not MISSING:
        return option.default
    return option.default_factory() if option.default_factory is not MISSING else None


def _alternatives(value: Any, hint: Any) -> Iterator[Any]:
    if get_origin(hint) is Literal:
        yield from (other for other in get_args(hint) if other != value)
    elif isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield from {max(1, value // 2), max(1, value - 8), value * 2} - {value}
    elif isinstance(value, float):
        yield from (0.0, value * 2)
    elif isinstance(value, str):
        yield from ("", value + value)
    elif isinstance(value, tuple):
        yield ()


class _Tester:
    """Compares the task as it is with the task as it would be."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        self.task = trial.bench.task
        self.records = _several_windows_first(trial)[:_FEW]
        self.plain: Features = self.task.prepare(self.records)
        self.marks = marks(self.plain)
        self.outputs = self._outputs()

    def acts(self, name: str, tries: Sequence[Any], *, thorough: bool) -> bool:
        """Whether any of these values of an option gives other features or predictions."""
        others = [other for value in tries if (other := self._with(name, value)) is not None]
        if not others:  # the task cannot be without it, as a classifier without its labels
            return True
        if any(self._trains_another_model(other) for other in others):
            return True
        if any(marks(other.prepare(self.records)) != self.marks for other in others):
            return True
        if any(self._decodes_otherwise(other) for other in others):
            return True
        if not thorough:
            return False
        rest = (*self.trial.bench.training, *self.trial.bench.splits.development)[:_MANY]
        return any(self._prepares_otherwise(other, rest) for other in others)

    def _trains_another_model(self, other: Any) -> bool:
        """Whether the option chooses the model; one whose own inputs say nothing is no other than without."""
        if getattr(other, "model", None) == getattr(self.task, "model", None):
            return False
        own = self.plain.inputs.keys() - other.prepare(self.records).inputs.keys()
        return all(bool(self.plain.inputs[name].any()) for name in own)

    def _with(self, name: str, value: Any) -> Any:
        try:
            return type(self.task).from_config(self.task.tokenizer, {**self.task.config(), name: value})
        except GongbangError:
            return None  # not a value this option may have beside the others

    def _outputs(self) -> list[Outputs]:
        names = getattr(self.trial.model, "output_names", ())
        perfect = perfect_outputs(names, self.plain, self.trial.labels) if self.plain.targets else None
        if perfect is None:
            return [self.trial.outputs(self.plain)]
        return [perfect, random_outputs(perfect, 17), random_outputs(perfect, 18)]

    def _decodes_otherwise(self, other: Any) -> bool:
        """Whether the same outputs are told otherwise; what decoding needs of a row is prepared anew."""
        own = other.prepare(self.records)  # of the same arrays, or this would not be asked
        return any(
            _told(other.decode(outputs, own)) != _told(self.task.decode(outputs, self.plain))
            for outputs in self.outputs
        )

    def _prepares_otherwise(self, other: Any, records: Sequence[Record]) -> bool:
        for start in range(0, len(records), 200):
            part = records[start : start + 200]
            if marks(other.prepare(part)) != marks(self.task.prepare(part)):
                return True
        return False


def _several_windows_first(trial: Trial) -> list[Record]:
    """Records with several windows, with no answer, and with a title come first: options act on these."""
    windows = np.bincount(trial.features.record, minlength=len(trial.records))

    def interest(at: int) -> tuple[int, bool, int]:
        record = trial.records[at]
        return (-min(2, int(windows[at])), not record.fields.get("title"), at)

    order = sorted(range(len(trial.records)), key=interest)
    empty = [at for at in order if not trial.records[at].answers][: _FEW // 4]
    return [trial.records[at] for at in dict.fromkeys([*order[: _FEW // 2], *empty, *order])]


def marks(features: Features) -> str:
    """A digest of what a model and its loss are given."""
    arrays: Mapping[str, Any] = {**features.inputs, **features.targets}
    digest = hashlib.sha256()
    for name, array in sorted(arrays.items()):
        if name in features.inputs and not array.any():
            continue  # an input of zeros says no more than none
        digest.update(f"{name}{array.shape}".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()


def _told(predictions: Sequence[Any]) -> list[Any]:
    return [
        (p.text, p.confidence, [(c.text, c.score, c.probability) for c in p.candidates], dict(p.details))
        for p in predictions
    ]
