"""Mined negatives are there when they were asked for, change what is trained on, and none may be right."""

from __future__ import annotations

from dataclasses import replace

from gongbang.data.records import Record
from gongbang.errors import PreflightError
from gongbang.search.contexts import holds_answer
from gongbang.train.proofs.options import marks
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "negatives"


def prove(trial: Trial) -> Outcome:
    """Look at every training record without an answer whose question is answered elsewhere."""
    if hasattr(trial.bench.task, "with_negatives"):
        return _responses(trial)
    training = trial.bench.training
    wanted = trial.bench.recipe.data.negatives.per_question
    found = {record.id: record for record in training if record.answers}
    made = [(record, record.lineage[-1]) for record in training if not record.answers and record.lineage]
    for record, origin in made:
        if origin in found and holds_answer(record.fields["context"], found[origin]):
            raise PreflightError(
                "a negative holds the answer: it would teach the model to be silent where it should speak.",
                check=CHECK,
                value=f"record '{record.id}' holds '{found[origin].answers[0].text}'",
                allowed="passages without the answer, spaces, case and width set aside",
                cure="Filter candidates with holds_answer, as mine_negatives does.",
            )
    if wanted and not made:
        raise PreflightError(
            "negatives were asked for, and there are none.",
            check="options act",
            value=f"data.negatives.per_question={wanted}",
            allowed="at least one negative",
            cure="Raise data.negatives.top_n; among few passages every one may hold the answer.",
        )
    answered = len(found)
    numbers = {"negatives": len(made), "per question": round(len(made) / max(1, answered), 3)}
    notes = []
    if wanted and len(made) < 0.5 * wanted * answered:
        notes.append(f"only {len(made)} of {wanted * answered:.0f} negatives were found; raise top_n")
    return Outcome("negatives do not hold the answer", dict(numbers), notes, skipped=not (wanted or made))


def _responses(trial: Trial) -> Outcome:
    """Mined responses of response selection: wrong ones, and features that are others without them."""
    settings, task = trial.bench.recipe.data.negatives, trial.bench.task
    if not settings.per_question:
        return Outcome("no responses are mined", skipped=True)
    from gongbang.train.response_negatives import MayBeRight

    training = [record for record in trial.bench.training if not record.lineage]
    judge = MayBeRight(training)
    mined = {record.id: record.labels.get("mined", ()) for record in training}
    for record in training:
        for text in mined[record.id]:
            if reason := judge.why(record, text):
                raise PreflightError(
                    "a mined response may be right: it would be pushed away from where it belongs.",
                    check=CHECK,
                    value=f"record '{record.id}': '{text}' ({reason})",
                    allowed="responses that nothing in the training data speaks for",
                    cure="Filter candidates with MayBeRight, as mine_responses does.",
                )
    count = sum(map(len, mined.values()))
    if not count:
        raise PreflightError(
            "responses were to be mined, and there are none.",
            check="options act",
            value=f"data.negatives.per_question={settings.per_question}, top_n={settings.top_n}",
            allowed="at least one mined response",
            cure="Raise data.negatives.top_n; among few records every response may be right.",
        )
    some = [record for record in trial.records if mined.get(record.id)]
    if some and marks(task.prepare(some)) == marks(task.prepare([_without(record) for record in some])):
        raise PreflightError(
            "the mined responses change nothing that the model is given.",
            check="options act",
            value=f"data.negatives.per_question={settings.per_question}",
            allowed="other features than without them",
            cure="Let the task's prepare read what with_negatives gives a record.",
        )
    expected = settings.per_question * len(training)
    notes = [f"only {count} of {expected:.0f} were found; raise top_n"] if count < 0.5 * expected else []
    numbers = {"mined": count, "per record": round(count / max(1, len(training)), 3)}
    return Outcome("mined responses are wrong ones, and act", dict(numbers), notes)


def _without(record: Record) -> Record:
    """The record as it was before responses were mined for it."""
    labels = {name: value for name, value in record.labels.items() if name != "mined"}
    if "candidates" in labels:
        labels["candidates"] = [text for text in labels["candidates"] if text not in record.labels["mined"]]
    return replace(record, labels=labels)
