"""The targets say something: they are there, they vary, and the loss listens to them."""

from __future__ import annotations

from collections import Counter

import numpy as np

from gongbang.errors import PreflightError
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "targets"
_ENOUGH = 20  # records below which a distribution says nothing


def prove(trial: Trial) -> Outcome:
    """Targets exist, are not all alike, and no single answer rules."""
    features, records = trial.features, trial.records
    _labelled(trial)
    if not features.targets:
        raise PreflightError(
            "the training data has no targets: nothing can be learned from it.",
            check=CHECK,
            value=f"{len(records)} records",
            allowed=f"records with {', '.join(trial.bench.task.schema.labels) or 'labels'}",
            cure="Map the column that holds the labels, or leave the unlabelled source out of training.",
        )
    for name, array in features.targets.items():
        if len(array) > 1 and len(np.unique(array)) == 1:
            raise PreflightError(
                f"the target '{name}' is the same in every row: a constant would be learned.",
                check=CHECK,
                value=f"{name} = {array[0]} in all {len(array)} rows",
                allowed="targets that differ",
                cure=_why_constant(trial),
            )
    numbers = {"rows": len(features), "records": len(records)}
    if not any("answers" in record.spans for record in records):
        return Outcome("targets vary", dict(numbers))
    return _answers(trial, numbers)


def _labelled(trial: Trial) -> None:
    """Every training record carries the task's roles: one that does not takes the targets from all."""
    roles, training = trial.bench.task.schema.spans, trial.bench.training
    bare = [record for record in training if any(role not in record.spans for role in roles)]
    if bare:
        raise PreflightError(
            "some training data is not labelled: one such record, and there are no targets at all.",
            check=CHECK,
            value=f"{len(bare)} of {len(training)} records, e.g. '{bare[0].id}'"
            + (f" of {bare[0].source}" if bare[0].source else ""),
            allowed=f"records with {', '.join(roles)}",
            cure="Map the column that holds the answers, or leave the unlabelled source out of training.",
        )


def _why_constant(trial: Trial) -> str:
    if not any(record.answers for record in trial.records):
        return "No record has an answer: map the answers' column, or name a source with answers."
    return "The answers are cut off: raise pipeline.max_length or check that spans stand in the passage."


def _answers(trial: Trial, numbers: dict[str, int]) -> Outcome:
    answered = [record for record in trial.records if record.answers]
    share = len(answered) / len(trial.records)
    places = [record.answers[0].start / max(1, len(record.fields["context"])) for record in answered]
    texts = Counter(record.answers[0].text for record in answered)
    first = float(np.mean([place < 0.1 for place in places])) if places else 0.0
    commonest, count = texts.most_common(1)[0] if texts else ("", 0)
    if len(answered) >= _ENOUGH and count / len(answered) > trial.limits.one_answer:
        raise PreflightError(
            "one answer rules the training data: always giving it would look like skill.",
            check=CHECK,
            value=f"'{commonest}' answers {count} of {len(answered)} questions",
            allowed=f"at most {trial.limits.one_answer:.0%}",
            cure="Check the mapping of the answers' column; draw answers of more kinds.",
        )
    if len(answered) >= _ENOUGH and first > 0.9:
        raise PreflightError(
            "nearly every answer stands at the front of its passage: the place would be learned.",
            check=CHECK,
            value=f"{first:.0%} within the first tenth",
            allowed="at most 90 %",
            cure="Made questions often ask for the title; draw their answers from all of the passage.",
        )
    if len(trial.records) >= _ENOUGH and share < 0.1:
        raise PreflightError(
            "hardly a question has an answer: silence would be learned.",
            check=CHECK,
            value=f"{share:.0%} of the records are answered",
            allowed="at least 10 %",
            cure="Lower data.negatives.per_question, or add answered records.",
        )
    asked = [record for record in answered if record.answers[0].text in record.fields.get("question", "")]
    return Outcome(
        "targets vary",
        {
            **numbers,
            "answered": round(share, 3),
            "commonest answer": round(count / max(1, len(answered)), 3),
            "answers in the first tenth": round(first, 3),
            "answers in the question": round(len(asked) / max(1, len(answered)), 3),
        },
    )
