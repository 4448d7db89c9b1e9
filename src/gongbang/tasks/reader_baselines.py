"""What a reader must beat: answers that take no learning."""

from __future__ import annotations

from gongbang.data.records import Record
from gongbang.tasks.base import Prediction


def first_word(record: Record) -> Prediction:
    """The passage's first word, always."""
    words = record.fields["context"].split(maxsplit=1)
    return Prediction(_id(record), words[0] if words else "", 1.0)


def nearest_sentence(record: Record) -> Prediction:
    """The sentence that shares the most character bigrams with the question, relative to its length."""
    from gongbang.text.sentences import split_sentences

    asked = _bigrams(record.fields["question"])
    sentences = split_sentences(record.fields["context"])
    if not sentences:
        return Prediction(_id(record), "", 0.0)
    best = max(sentences, key=lambda s: len(asked & _bigrams(s.text)) / (1 + len(s.text)) ** 0.5)
    return Prediction(_id(record), best.text, 1.0)


def _id(record: Record) -> str:
    return str(record.labels.get("question_id", record.id))


def _bigrams(text: str) -> set[str]:
    plain = "".join(text.split())
    return {plain[at : at + 2] for at in range(len(plain) - 1)}
