"""Made questions are there when they were asked for, and none of them tells its answer."""

from __future__ import annotations

from gongbang.errors import PreflightError
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "cloze questions"


def prove(trial: Trial) -> Outcome:
    """Look at every training record that was made of another and has an answer."""
    bench = trial.bench
    wanted = bench.recipe.data.cloze.per_passage
    made = [record for record in bench.training if record.lineage and record.answers]
    for record in made:
        answer = record.answers[0].text
        if answer in record.fields["question"] and len(answer) > 1:
            raise PreflightError(
                "a made question tells its own answer: it would teach the model to copy from the question.",
                check=CHECK,
                value=f"record '{record.id}': '{answer}' stands in '{record.fields['question']}'",
                allowed="questions without their answer",
                cure="Leave such questions out when they are made.",
            )
    if wanted and not made:
        raise PreflightError(
            "cloze questions were asked for, and none could be made.",
            check="options act",
            value=f"data.cloze.per_passage={wanted}",
            allowed="at least one question",
            cure="Remove data.cloze: no name of these passages stands in two sentences of a document.",
        )
    numbers = {"made": len(made), "per original": round(len(made) / max(1, len(bench.splits.train)), 3)}
    return Outcome(
        "made questions do not tell their answers", dict(numbers), [], skipped=not (wanted or made)
    )
