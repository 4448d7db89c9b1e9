"""Training, evaluation and serving see the same text, and predictions come from the passage alone."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from gongbang.artifacts.hashing import config_hash
from gongbang.data.records import Record
from gongbang.data.splits import text_of
from gongbang.errors import PreflightError
from gongbang.tasks.base import Features
from gongbang.tasks.table import make_task
from gongbang.train.proofs.perfect import perfect_outputs, random_outputs
from gongbang.train.proofs.trial import Number, Outcome, Trial

CHECK = "one pipeline"
_HANGUL = re.compile(r"[\uac00-\ud7a3]")
_MARKS = {
    "Hanja": re.compile(r"[\u4e00-\u9fff]"),
    "invisible characters": re.compile(r"[\u200b-\u200f\ufeff\u00ad]"),
    "brackets": re.compile(r"[()\[\]]"),
    "quotation marks": re.compile(r"[\"'“”‘’「」『』《》]"),
    "commas": re.compile(r"[,，]"),
    "full stops": re.compile(r"[.。]"),
    "digits": re.compile(r"\d"),
    "Latin letters": re.compile(r"[A-Za-z]"),
}
_EXPECTED = 12.0  # distinct passages that should show a mark before its absence says something
_GROUPS = 3  # articles on either side below which a habit of one writer looks like a clean-up


def prove_one(trial: Trial) -> Outcome:
    """The task that the recipe describes is the one that trains, and rows do not depend on their batch."""
    recipe, task = trial.bench.recipe, trial.bench.task
    served = make_task(recipe.task, trial.bench.backbone.tokenizer, recipe.pipeline)
    again = type(task).from_config(task.tokenizer, task.config())
    for name, other in (("the recipe's", served), ("its own", again)):
        if config_hash(other.config()) != config_hash(task.config()):
            ours, theirs = task.config(), other.config()
            differing = [key for key in {**ours, **theirs} if ours.get(key) != theirs.get(key)]
            raise PreflightError(
                f"the pipeline that trains is not {name}: a served model would see other inputs.",
                check=CHECK,
                value=", ".join(f"{key}: {ours.get(key)!r} and {theirs.get(key)!r}" for key in differing),
                allowed="one configuration, one hash",
                cure="Change the pipeline only under 'pipeline' in the recipe.",
            )
    records = trial.records[:12]
    together = task.prepare(records)
    for at in (0, len(records) - 1):
        _same_rows(together, served.prepare([records[at]]), at, records[at].id)
    return Outcome("one pipeline in training and serving", {"hash": config_hash(task.config())[:12]})


def _same_rows(together: Features, alone: Features, at: int, name: str) -> None:
    rows = np.flatnonzero(together.record == at)
    for key, array in alone.inputs.items():
        wide = together.inputs[key][rows]
        cut = wide[(slice(None), *(slice(size) for size in array.shape[1:]))]
        if len(rows) != len(array) or not np.array_equal(cut, array):
            raise PreflightError(
                "a record prepared in training differs from the same record prepared for serving.",
                check=CHECK,
                value=f"record '{name}', input '{key}'",
                allowed="the same ids, whatever stands beside the record",
                cure="Clean text in the task's prepare (pipeline.normalise), never before it.",
            )


def prove_same_text(trial: Trial) -> Outcome:
    """What never occurs in training but often in development was cleaned away on one side only."""
    splits = trial.bench.splits
    held = [*splits.development, *splits.test]
    ours, theirs = _by_script(trial.bench.training), _by_script(held)
    notes = [
        note
        for script, passages in theirs.items()
        if script in ours
        for name, mark in _MARKS.items()
        for note in _compare(name, mark, ours[script], passages)
    ]
    numbers: dict[str, Number] = {
        "training passages": sum(map(len, ours.values())),
        "held-out passages": sum(map(len, theirs.values())),
    }
    return Outcome("training and held-out texts are of one kind", numbers, notes, skipped=not held)


def _by_script(records: Sequence[Record]) -> dict[str, dict[str, str]]:
    """Distinct passages with their groups, Korean ones apart: what English never holds is no clean-up."""
    found: dict[str, dict[str, str]] = {}
    for record in records:
        text = text_of(record)
        letters = sum(map(str.isalpha, text))
        script = "Hangul" if 2 * len(_HANGUL.findall(text)) > letters else "other"
        found.setdefault(script, {})[text] = record.group
    return found


def _compare(
    name: str, mark: re.Pattern[str], ours: Mapping[str, str], theirs: Mapping[str, str]
) -> list[str]:
    """Look for a mark that one side never shows: refuse where training lost it, note what is less sure."""
    training = {group for text, group in ours.items() if mark.search(text)}
    marked = [group for text, group in theirs.items() if mark.search(text)]
    share = len(marked) / len(theirs)
    if not training and share * len(ours) >= _EXPECTED and len(marked) >= 2:
        if min(len(set(marked)), len(set(ours.values()))) < _GROUPS:
            return [f"no {name} in training passages, {share:.0%} in held-out ones, of few articles"]
        raise PreflightError(
            f"training passages hold no {name}, held-out ones do: the text was cleaned on one side.",
            check=CHECK,
            value=f"{name}: in 0 % of training and {share:.0%} of held-out passages",
            allowed="the same clean-up for training, evaluation and serving",
            cure="Put the clean-up into pipeline.normalise, so that every side runs it.",
        )
    shown = sum(bool(mark.search(text)) for text in ours) / len(ours)
    if not marked and shown * len(theirs) >= _EXPECTED:
        return [f"no {name} in held-out passages, {shown:.0%} in training"]
    return []


def prove_predictions(trial: Trial) -> Outcome:
    """Whatever a model says, an answer is a piece of its passage: no marker, no title, no shifted span."""
    names = getattr(trial.model, "output_names", ())
    if "start_logits" not in names or not trial.features.targets:
        return Outcome("predictions are not spans", skipped=True)
    records = trial.records[:48]
    features = trial.bench.task.prepare(records)
    perfect = perfect_outputs(names, features, trial.labels)
    by_id = {record.id: record for record in records}
    count = 0
    for prediction in trial.bench.task.decode(random_outputs(perfect or {}, 17), features):
        texts = [prediction.text, *(candidate.text for candidate in prediction.candidates)]
        for candidate in prediction.candidates:
            record = by_id[candidate.record]
            count += 1
            if record.fields["context"][candidate.start : candidate.end] != candidate.text:
                _refuse_shift(record, candidate.text, candidate.start)
        first = by_id.get(prediction.id)
        if first is not None and any(text not in first.fields["context"] for text in texts):
            _refuse_shift(first, prediction.text, 0)
    return Outcome("answers are pieces of their passage", {"candidates": count})


def _refuse_shift(record: Record, text: str, start: int) -> None:
    context = record.fields["context"]
    marker = re.search(r"\[[A-Z_]+\]|<[a-z_/]+>|[#|]", text)
    inside = marker is not None and marker[0] not in context
    raise PreflightError(
        "a prediction holds a marker that is not in the passage."
        if inside
        else "a prediction is not what stands at its place in the passage.",
        check="predictions",
        value=f"record '{record.id}': '{text[:80]}' at {start}",
        allowed="context[start:end] of the record as it was read",
        cure="Show titles and markers on the question's side, and map spans back through the edit's offsets.",
    )
