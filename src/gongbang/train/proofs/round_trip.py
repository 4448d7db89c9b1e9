"""Answers survive the way into tokens and back."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from gongbang.data.splits import normalise_for_comparison
from gongbang.errors import PreflightError
from gongbang.tasks.reader import question_id
from gongbang.train.proofs.perfect import perfect_outputs
from gongbang.train.proofs.trial import Number, Outcome, Trial

CHECK = "round trip"
_BORDER = 8  # letters of particle or prefix that may cling to an answer inside its word


def prove(trial: Trial) -> Outcome:
    """Decode perfect outputs: each answer must come back, but for what clings to it inside its word."""
    names = getattr(trial.model, "output_names", ())
    if not set(names) >= {"start_logits"} or not trial.features.targets:
        return Outcome("the task has no spans", skipped=True)
    kinds, examples = _count(trial)
    total = sum(kinds.values())
    if not total:
        return Outcome("no answers to try", skipped=True)
    shares = {kind: kinds[kind] / total for kind in ("exact", "particle", "prefix", "cut", "wrong")}
    if shares["cut"] > trial.limits.cut_answers:
        _refuse_cut(trial, shares["cut"], examples["cut"])
    if shares["wrong"] > trial.limits.wrong_spans:
        raise PreflightError(
            f"{shares['wrong']:.1%} of the answers do not decode back to themselves.",
            check=CHECK,
            value=examples["wrong"],
            allowed=f"at most {trial.limits.wrong_spans:.0%}",
            cure="Offsets were moved by a clean-up that keeps no map, or decoding drops windows: clean with "
            "pipeline.normalise, never before the spans are set.",
        )
    numbers: dict[str, Number] = {kind: round(share, 4) for kind, share in shares.items()}
    return Outcome("answers decode back from their tokens", {"answers": total, **numbers})


def _count(trial: Trial) -> tuple[Counter[str], dict[str, str]]:
    features = trial.features
    outputs = perfect_outputs(trial.model.output_names, features, trial.labels)
    predictions = trial.bench.task.decode(outputs, features)
    golds: dict[str, list[str]] = defaultdict(list)
    held: dict[str, bool] = defaultdict(bool)
    starts = features.targets["start_positions"]
    for row, index in enumerate(features.record):
        held[question_id(trial.records[index])] |= bool(starts[row] > 0)
    for record in trial.records:
        golds[question_id(record)] += [answer.text for answer in record.answers[:1]]
    kinds: Counter[str] = Counter()
    examples: dict[str, str] = {}
    for prediction in predictions:
        if not golds[prediction.id]:
            continue
        kind = (
            min((_kind(gold, prediction.text) for gold in golds[prediction.id]), key=_ORDER.index)
            if held[prediction.id]
            else "cut"
        )
        kinds[kind] += 1
        gold = golds[prediction.id][0]
        examples.setdefault(kind, f"record '{prediction.id}': '{gold}' became '{prediction.text}'")
    return kinds, examples


_ORDER = ("exact", "particle", "prefix", "wrong", "cut")


def _kind(gold: str, found: str) -> str:
    wanted, got = normalise_for_comparison(gold), normalise_for_comparison(found)
    if wanted == got or gold.strip() == found.strip():
        return "exact"
    at = got.find(wanted) if wanted else -1
    if at < 0 or len(got) - len(wanted) > _BORDER:
        return "wrong"
    return "prefix" if at else "particle"


def _refuse_cut(trial: Trial, share: float, example: str) -> None:
    settings = getattr(trial.bench.task, "settings", None)
    length = int(np.max(trial.features.inputs["attention_mask"].sum(axis=1)))
    raise PreflightError(
        f"{share:.1%} of the answers stand whole in no window: they are trained on as 'no answer'.",
        check="truncation",
        value=f"{example}; windows of {length} tokens",
        allowed=f"at most {trial.limits.cut_answers:.0%}",
        cure=f"Raise pipeline.max_length (now {getattr(settings, 'max_length', length)}) or pipeline.stride "
        f"(now {getattr(settings, 'stride', 0)}) above the longest answer.",
    )
