"""A highlight lights something and not everything, and the model learns from what is lit."""

from __future__ import annotations

import numpy as np

from gongbang.errors import PreflightError
from gongbang.tasks.highlight import Highlight, highlight_scores
from gongbang.train.proofs.trial import Number, Outcome, Trial

CHECK = "options act"


def prove(trial: Trial) -> Outcome:
    """Look at the sample's ``highlight_ids``: both kinds stand among the passages' tokens."""
    settings = getattr(trial.bench.task, "settings", None)
    mode: Highlight = getattr(settings, "highlight", "none")
    if settings is None or mode == "none":
        return Outcome("nothing is highlighted", skipped=True)
    share = _lit(trial)
    if share in (0.0, 1.0):
        raise PreflightError(
            f"{'every' if share else 'no'} token of the passages is lit: the highlight says nothing.",
            check=CHECK,
            value=f"highlight={mode}, highlight_sentences={settings.highlight_sentences}",
            allowed="some tokens of the passages, and not all",
            cure="Lower pipeline.highlight_sentences, or remove pipeline.highlight."
            if share
            else "Look for why no sentence is lit (marks that are lost on the way to tokens, questions that"
            " share no word with their passages), or remove pipeline.highlight.",
        )
    scores = highlight_scores(trial.records, mode, settings.highlight_sentences)
    found = {name.removeprefix("highlight_"): round(score.value, 1) for name, score in scores.items()}
    asked = sum(bool(record.answers) for record in trial.records)
    numbers: dict[str, Number] = {"answerable": asked, **found, "tokens lit": round(share, 3)}
    notes = []
    if mode == "oracle":
        notes.append("oracle looks at the answers: it measures what a highlight can be worth, never a reader")
    elif found.get("recall", 100.0) <= 100.0 * share:
        notes.append("what is lit holds the answer no oftener than as much text by chance")
    return Outcome("some tokens are lit, and not all", numbers, notes)


def prove_read(trial: Trial) -> Outcome:
    """One backward pass over rows with lit tokens reaches the vectors of lit tokens and of all others."""
    ids, vectors = trial.features.inputs.get("highlight_ids"), getattr(trial.model, "highlight", None)
    if ids is None or vectors is None:
        return Outcome("nothing is highlighted", skipped=True)
    model = trial.model
    was_training = model.training
    model.eval()
    model.zero_grad(set_to_none=True)
    model.loss(trial.batch(np.flatnonzero(ids.any(axis=1))[:4])).backward()
    found = vectors.weight.grad
    reached = [False, False] if found is None else (found.abs().amax(dim=1) > 0).tolist()
    model.zero_grad(set_to_none=True)
    model.train(was_training)
    if not all(reached):
        raise PreflightError(
            "the model reads nothing of what is lit.",
            check="highlight is read",
            value=f"a gradient on the vector of lit tokens: {reached[1]}, of all others: {reached[0]}",
            allowed="a gradient on both",
            cure="Look highlight_ids up in the model's forward as they are given, and add what is found.",
        )
    return Outcome("lit and other tokens are told apart", {"rows": int(ids.any(axis=1).sum())})


def _lit(trial: Trial) -> float:
    """The share of the passages' tokens that are lit."""
    ids = trial.features.inputs["highlight_ids"]
    passages = [row.offsets[:, 0] >= 0 for row in trial.features.rows]
    lit = [int(ids[at, : len(inside)][inside].sum()) for at, inside in enumerate(passages)]
    return sum(lit) / max(1, int(np.sum([inside.sum() for inside in passages])))
