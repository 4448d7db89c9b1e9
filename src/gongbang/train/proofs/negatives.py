"""Retrieved negatives are there when they were asked for, and none of them holds the answer."""

from __future__ import annotations

from gongbang.errors import PreflightError
from gongbang.search.contexts import holds_answer
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "negatives"


def prove(trial: Trial) -> Outcome:
    """Look at every training record without an answer whose question is answered elsewhere."""
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
