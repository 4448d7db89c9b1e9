"""Boolean questions under stress: over passages that do not answer, and over long ones whose end answers.

Accuracy on yes and no alone hides the two faults that hurt most in use: to answer from a passage that says
nothing, and to overlook what stands far down a long one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from gongbang.apps.evaluate.evaluation import Evaluation, OnProgress, Reads, asked, ignore_progress, predicted
from gongbang.apps.evaluate.labels import is_labelled
from gongbang.data.records import Passage, Record
from gongbang.errors import DataError
from gongbang.metrics.intervals import bootstrap_interval
from gongbang.metrics.scores import Score, Scores
from gongbang.search.contexts import document_of, passages_of
from gongbang.search.lexical import LexicalIndex
from gongbang.tasks.base import Prediction
from gongbang.tasks.boolq import NO_ANSWER, distractor, is_answered
from gongbang.tasks.labels import label_of

LONG = 5000
"""Characters of the long passages."""
_NEAR = 10  # hits among which the nearest passage that does not answer is looked for
_DRAWS = 20  # passages tried by chance
_BATCH = 64


def evaluate_stress(
    records: Sequence[Record],
    predictor: Reads,
    *,
    limit: int | None = None,
    seed: int = 17,
    on_progress: OnProgress = ignore_progress,
) -> Evaluation:
    """Each question asked four times: of its passage, of two that do not answer, and of a long one.

    The passages are those of the file: the one nearest to the question by its words, and one by chance,
    neither of which tells of the same matter; the long one is filled up with such passages to
    :data:`LONG` characters, with the question's own at the very end.

    Args:
        records: yes/no questions with their passages.
        predictor: a boolean reader at work.
        limit: questions at most, spread over the file.
        seed: of the passages drawn by chance.
        on_progress: told how many more questions are done.

    Returns:
        An evaluation with shares in [0, 1]: ``no_answer_recall`` (the nearest passage is met with "no
        answer"; primary), ``no_answer_recall_random``, ``answered`` (the own passage is answered at all),
        ``accuracy`` (and rightly), ``accuracy_long`` (of the long passage likewise) and ``last_window``
        (of the long passages that are answered, the deciding window reaches into the own passage).

    Raises:
        OptionError: ``limit`` is below 1.
        DataError: no question is answered by yes or no, or the file has no passage that does not answer.
    """
    task = predictor.task
    judged = asked(records, limit, keep=lambda record: is_labelled(task, record) and is_answered(record))
    made = _Made.of(judged, records, seed)
    parts = {
        name: predicted(predictor, rows, on_progress if name == "own" else ignore_progress, batch=_BATCH)
        for name, rows in (
            ("own", judged),
            ("nearest", made.nearest),
            ("random", made.random),
            ("long", made.long),
        )
    }
    return Evaluation(
        "boolq",
        _scores(judged, made, parts),
        {"always answer": _flat(len(judged), 0.0), "never answer": _flat(len(judged), 1.0)},
        [prediction for told in parts.values() for prediction in told],
        extra={"long": LONG},
    )


class _Made:
    """The three tellings of each question, in order; a question for which there is no passage is left out."""

    def __init__(self) -> None:
        self.nearest: list[Record] = []
        self.random: list[Record] = []
        self.long: list[Record] = []
        self.starts: list[int] = []
        """Where the own passage begins in the long one."""

    @classmethod
    def of(cls, judged: Sequence[Record], records: Sequence[Record], seed: int) -> _Made:
        """Make them of the passages of all records."""
        passages = passages_of(records)
        index = LexicalIndex()
        index.build(passages)
        rng = np.random.default_rng(seed)
        made = cls()
        hits = index.search([record.fields["question"] for record in judged], _NEAR + 1)
        for record, found in zip(judged, hits, strict=True):
            near = _first(record, [hit.passage for hit in found])
            drawn = [passages[at] for at in rng.permutation(len(passages))[:_DRAWS]]
            far = _first(record, drawn)
            if near is not None:
                made.nearest.append(replace(near, id=f"{record.id}#nearest"))
            if far is not None:
                made.random.append(replace(far, id=f"{record.id}#random"))
                made._lengthen(record, drawn)
        if not made.nearest or not made.random:
            raise DataError(
                "no passage of the file fails to answer another one's question.",
                value=f"{len(passages)} passages",
                allowed="a file of passages about different matters",
                cure="Evaluate on a file with more passages.",
            )
        return made

    def _lengthen(self, record: Record, others: Sequence[Passage]) -> None:
        own = record.fields["context"]
        before = ""
        for passage in others:
            if len(before) + len(own) >= LONG:
                break
            if distractor(record, passage, 0) is not None:
                before += passage.text.strip() + "\n\n"
        before = before[max(0, len(before) + len(own) - LONG) :]
        self.starts.append(len(before))
        fields = {**record.fields, "context": before + own}
        self.long.append(replace(record, id=f"{record.id}#long", fields=fields))


def _first(record: Record, passages: Sequence[Passage]) -> Record | None:
    """The question over the first passage that is not its own and does not tell of the same matter."""
    for passage in passages:
        made = None if passage.document == document_of(record) else distractor(record, passage, 0)
        if made is not None:
            return made
    return None


def _scores(judged: Sequence[Record], made: _Made, parts: dict[str, list[Prediction]]) -> Scores:
    silent = {name: [p.text == NO_ANSWER for p in told] for name, told in parts.items()}
    scores = {
        "no_answer_recall": _share(silent["nearest"], made.nearest),
        "no_answer_recall_random": _share(silent["random"], made.random),
        "answered": _share([not each for each in silent["own"]], judged),
        "accuracy": _share(_right(parts["own"], judged), judged),
        "accuracy_long": _share(_right(parts["long"], made.long), made.long),
    }
    spoken = [
        (p.details["window"][1] > start, record)
        for p, start, record in zip(parts["long"], made.starts, made.long, strict=True)
        if p.text != NO_ANSWER
    ]
    if spoken:
        scores["last_window"] = _share([held for held, _ in spoken], [record for _, record in spoken])
    return Scores("no_answer_recall", scores)


def _right(told: Sequence[Prediction], records: Sequence[Record]) -> list[bool]:
    return [p.text == label_of(record) for p, record in zip(told, records, strict=True)]


def _share(held: Sequence[Any], records: Sequence[Record]) -> Score:
    return bootstrap_interval([float(each) for each in held], groups=[record.group for record in records])


def _flat(n: int, recall: float) -> Scores:
    return Scores("no_answer_recall", {"no_answer_recall": Score(recall, n)})
