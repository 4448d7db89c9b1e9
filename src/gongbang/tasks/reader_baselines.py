"""What a reader must beat: answers that take no learning."""

from __future__ import annotations

from gongbang.data.records import Record
from gongbang.tasks.base import Prediction
from gongbang.tasks.nearest import nearest_sentence as nearest


def first_word(record: Record) -> Prediction:
    """The passage's first word, always."""
    words = record.fields["context"].split(maxsplit=1)
    return Prediction(_id(record), words[0] if words else "", 1.0)


def nearest_sentence(record: Record) -> Prediction:
    """The passage's sentence that is most like the question."""
    best = nearest(record.fields["question"], record.fields["context"])
    return Prediction(_id(record), "" if best is None else best.text, 1.0 if best is not None else 0.0)


def _id(record: Record) -> str:
    return str(record.labels.get("question_id", record.id))
