"""Copies that were asked for are there, hold text, and differ from their originals."""

from __future__ import annotations

from collections import Counter

from gongbang.data.splits import text_of
from gongbang.errors import PreflightError
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "augmentation"


def prove(trial: Trial) -> Outcome:
    """Look at every training record that a method of ``data.augment`` made."""
    wanted = [settings for settings in trial.bench.recipe.data.augment if settings.ratio]
    originals = {record.id: record for record in trial.bench.training if not record.lineage}
    made = [r for r in trial.bench.training if r.lineage and isinstance(r.labels.get("augmented"), str)]
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
