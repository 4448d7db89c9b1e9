"""Choosing a response: the right one among others of the file, or among those that the file lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gongbang.apps.evaluate.evaluation import Evaluation, OnProgress, Reads, asked, ignore_progress, predicted
from gongbang.data.records import Record
from gongbang.errors import OptionError
from gongbang.tasks.base import Prediction
from gongbang.tasks.candidates import CANDIDATES, candidates_of, check_pool, with_candidates

_BATCH = 512  # records predicted at once: a response that several have as a candidate is encoded once


def evaluate_respond(
    records: Sequence[Record],
    predictor: Reads,
    *,
    candidates: int | None = None,
    hard: bool = False,
    limit: int | None = None,
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """R@1/2/5/10 and MRR of the right response among N candidates, with intervals clustered by group.

    Of an artifact that keeps the pairs it was trained on, also of known answers and of new ones alone.

    A file that lists candidates is judged by them. For one that does not they are taken from the responses
    of all its records, whatever the limit: the same for every model, whatever the order of the file.

    Args:
        records: the file's records; those without a context and a response are passed over.
        predictor: an artifact of the task ``respond`` at work.
        candidates: N, the right response among them; 20 when None.
        hard: take the neighbours by BM25 of response and context, not a draw.
        limit: records judged at most, spread over the file.
        on_progress: told how many more records are done.

    Raises:
        OptionError: a number out of range, or options for candidates where the file lists them.
        DataError: no record can be judged, or the file holds too few responses.
    """
    judged = asked(records, limit, has_response)
    listed = sum("candidates" in record.labels for record in judged)
    if listed == len(judged):
        _refuse_drawing(candidates, hard)
    count = CANDIDATES if candidates is None else candidates
    ranked = with_candidates(judged, count, hard=hard, pool=[r for r in records if has_response(r)])
    drawn = [new for new, old in zip(ranked, judged, strict=True) if "candidates" not in old.labels]
    if drawn:
        check_pool(drawn, count)
    predictions = predicted(predictor, ranked, on_progress, batch=_BATCH)
    sizes = sorted({len(candidates_of(record)) for record in ranked})
    return Evaluation(
        "respond",
        predictor.task.score(predictions, ranked),
        predictor.task.baselines(([], ranked)),
        predictions,
        extra={
            "candidates": sizes[0] if len(sizes) == 1 else {"least": sizes[0], "most": sizes[-1]},
            "drawn": ("neighbours" if hard else "random") if drawn else "listed",
            **_by_knowledge(predictor.task, predictions, ranked),
        },
    )


def _by_knowledge(
    task: Any, predictions: Sequence[Prediction], records: Sequence[Record]
) -> dict[str, dict[str, Any]]:
    """Scores of those whose right response the artifact knows, and of the others; where it keeps any."""
    memory = getattr(task, "memory", None)
    if memory is None:
        return {}
    parts: dict[str, list[int]] = {"known answers": [], "new answers": []}
    for at, record in enumerate(records):
        parts["known answers" if memory.knows(record.fields["response"]) else "new answers"].append(at)
    return {
        name: task.score([predictions[at] for at in rows], [records[at] for at in rows]).to_dict()
        for name, rows in parts.items()
        if rows
    }


def has_response(record: Record) -> bool:
    """Whether a record has something to reply to, and the right reply."""
    return all(record.fields.get(name, "").strip() for name in ("context", "response"))


def _refuse_drawing(candidates: int | None, hard: bool) -> None:
    given = ["--candidates"] * (candidates is not None) + ["--hard"] * hard
    if given:
        raise OptionError(
            "the file lists its candidates, so none are drawn.",
            value=", ".join(given),
            allowed="neither --candidates nor --hard",
            cure="Leave them out.",
        )
