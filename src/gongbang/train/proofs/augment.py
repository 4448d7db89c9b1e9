"""Copies that were asked for are there, hold text, and differ from their originals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from gongbang.data.records import Record
from gongbang.data.splits import text_of
from gongbang.errors import PreflightError
from gongbang.train.fresh import EpochCopies
from gongbang.train.proofs.trial import Outcome, Trial
from gongbang.train.recipe_data import AugmentSettings

CHECK = "augmentation"
_SOME = 200  # copies on the fly that are looked at in an epoch
_CHUNK = 500  # records that are copied before they are counted


def prove(trial: Trial) -> Outcome:
    """Look at every training record that a method of ``data.augment`` made, and at some that it will make."""
    wanted = [settings for settings in trial.bench.recipe.data.augment if settings.ratio]
    originals = {record.id: record for record in trial.bench.training if not record.lineage}
    made = [r for r in trial.bench.training if r.lineage and isinstance(r.labels.get("augmented"), str)]
    _relations(trial, wanted)
    made += _on_the_fly(trial, [settings for settings in wanted if settings.on_the_fly])
    counts = Counter(str(record.labels["augmented"]) for record in made)
    idle = [settings.method for settings in wanted if not counts[settings.method]]
    if idle:
        raise PreflightError(
            "copies were asked for, and none could be made.",
            check="options act",
            value=f"data.augment: {idle[0]}",
            allowed="a method that finds something to change in these texts",
            cure="Remove the entry, or loosen its filters; the log says why each copy was not made.",
        )
    for record in made:
        if not text_of(record).strip():
            raise PreflightError(
                "a made record holds no text: it would teach the model to answer nothing.",
                check=CHECK,
                value=f"record '{record.id}'",
                allowed="copies with text",
                cure="Leave out what the method or its provider gave back empty, with the reason.",
            )
        original = originals.get(record.lineage[-1])
        if (
            original is not None
            and dict(record.fields) == dict(original.fields)
            and record.spans == original.spans
        ):
            raise PreflightError(
                "a made record is its original: it would only count it twice.",
                check=CHECK,
                value=f"record '{record.id}'",
                allowed="copies that differ from their originals",
                cure="Drop unchanged copies when they are made.",
            )
    return Outcome("copies hold text and differ", dict(sorted(counts.items())), skipped=not (wanted or made))


def _relations(trial: Trial, wanted: Sequence[AugmentSettings]) -> None:
    """Every relation that a recipe says how to exchange is one that some record has."""
    seen = {record.labels.get("label") for record in trial.bench.training if not record.lineage}
    for settings in wanted:
        named = settings.options.get("relations") or {}
        idle = [name for name in named if name not in seen]
        if idle:
            raise PreflightError(
                "a relation that is to be exchanged is that of no training record.",
                check="options act",
                value=f"data.augment: {settings.method}, relations: {idle[0]}",
                allowed=", ".join(sorted(str(name) for name in seen if name is not None)),
                cure="Mend its spelling, or remove it from 'relations'.",
            )


def _on_the_fly(trial: Trial, wanted: Sequence[AugmentSettings]) -> list[Record]:
    """Some copies of each entry in the first two epochs, which the task can take and which differ."""
    training = trial.bench.recipe.training
    more_than_once = training.steps is not None or training.epochs > 1
    found: list[Record] = []
    for settings in wanted:
        first, second = _two_epochs(trial, settings)
        if more_than_once and first and _told(first) == _told(second):
            raise PreflightError(
                "copies on the fly are the same in every epoch.",
                check="options act",
                value=f"data.augment: {settings.method}, on_the_fly with ratio {settings.ratio:g}",
                allowed="a method that draws, or a ratio below 1, so that originals come as well",
                cure="Remove on_the_fly, or lower the ratio.",
            )
        found += [*first.values(), *second.values()]
    if found:
        trial.bench.task.prepare(found)  # what it cannot take would stop the run in the middle
    return found


def _two_epochs(trial: Trial, settings: AugmentSettings) -> tuple[Mapping[str, Record], Mapping[str, Record]]:
    """Copies of an entry by the id of the original, of as many records as are needed to have some."""
    rows = trial.bench.training
    copies = EpochCopies([settings], rows)
    first: dict[str, Record] = {}
    second: dict[str, Record] = {}
    for start in range(0, len(rows), _CHUNK):
        first |= copies.of(rows[start : start + _CHUNK], 0)
        second |= copies.of(rows[start : start + _CHUNK], 1)
        if len(first) >= _SOME:
            break
    return first, second


def _told(copies: Mapping[str, Record]) -> dict[str, tuple[Any, ...]]:
    return {id: (dict(copy.fields), dict(copy.spans), dict(copy.labels)) for id, copy in copies.items()}
