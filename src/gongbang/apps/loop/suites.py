"""Records as a suite holds them: each can be judged by itself, and by whatever is served."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from gongbang.artifacts.store import nearest
from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.tasks.base import Schema
from gongbang.tasks.candidates import CANDIDATES, check_pool, with_candidates

NEEDED: Mapping[str, Schema] = {
    "reader": Schema(("question", "context"), spans=("answers",)),
    "boolq": Schema(("question", "context"), labels=("label",)),
    "classify": Schema(("text",), labels=("label",)),
    "emotions": Schema(("text",), labels=("labels",)),
    "relation": Schema(("text",), spans=("subject", "object"), labels=("label",)),
    "respond": Schema(("context", "response")),
}
"""What a record needs to be judged by each task that judges records one by one."""


def judgeable(task: str, records: Sequence[Record]) -> list[Record]:
    """The records that a task can be judged by, each a question of its own.

    For response selection the wrong responses are drawn once and for all, so that every challenger tells the
    right one from the same.

    Args:
        task: the task's name. records: of a file.

    Raises:
        OptionError: there is no such task, or it judges no record by itself.
        DataError: no record can be judged, or the file holds too few responses.

    Example:
        >>> rows = [Record("1", {"text": "좋다"}, labels={"label": "good"}), Record("2", {"text": "글"})]
        >>> [record.id for record in judgeable("classify", rows)]
        ['1']
    """
    if task not in NEEDED:
        near = nearest(task, NEEDED, count=1)
        raise OptionError(
            "no suite can be made for this task.",
            value=task,
            allowed=", ".join(NEEDED),
            cure=f"Did you mean '{near[0]}'?" if near else "Name one of these tasks.",
        )
    schema = NEEDED[task]
    found = [_alone(record) for record in records if _has(record, schema)]
    if not found:
        raise DataError(
            f"no record can be judged by the task '{task}'.",
            value=f"{len(records)} records",
            allowed=f"records with {', '.join((*schema.fields, *schema.labels, *schema.spans))}",
            cure="Name the file's format with --format, or map its columns with --map.",
        )
    if task == "respond":
        found = with_candidates(found, CANDIDATES)
        check_pool(found, 2)
    return found


def _has(record: Record, schema: Schema) -> bool:
    texts = all(record.fields.get(name, "").strip() for name in schema.fields)
    labels = all(record.labels.get(name) is not None for name in schema.labels)
    return texts and labels and all(name in record.spans for name in schema.spans)


def _alone(record: Record) -> Record:
    """The record without what ties it to others of the same question."""
    labels = {name: value for name, value in record.labels.items() if name != "question_id"}
    return replace(record, labels=labels)
