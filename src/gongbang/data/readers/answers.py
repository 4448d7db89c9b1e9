"""From the answer columns of a row to spans in its context.

A row whose answer is empty must say with ``is_impossible`` that it has none (or with an offset of -1, or
with the hub's two empty lists): a cell that was lost would otherwise teach a reader to be silent.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gongbang.data.readers.place import Place, answer_span, is_true, need_mapping, text_cell
from gongbang.data.records import Span


def answer_spans(
    values: Mapping[str, Any],
    fields: Mapping[str, str],
    labels: dict[str, Any],
    place: Place,
    mapping: Mapping[str, str],
) -> dict[str, tuple[Span, ...]]:
    """The spans of a row under the role ``answers``; no role where no column says anything of answers.

    Args:
        values: part to what its column holds.
        fields: the row's texts.
        labels: the record's labels; takes the answers of a row without a context, and the number of places
            where an answer without an offset stands.
        place: where the row stands.
        mapping: part to column.

    Raises:
        DataError: an answer that is not one, does not stand in the context, or is empty without a word.
    """
    if "answer" not in mapping and "answers" not in mapping and "is_impossible" not in mapping:
        return {}
    if is_true(values.get("is_impossible")):
        return {"answers": ()}
    if "context" not in fields:
        labels["answers"] = values.get("answers", values.get("answer"))
        return {}
    if values.get("answers") is not None:
        spans = _many(values["answers"], place.at(mapping["answers"]))
    else:
        spans = _one(values, fields["context"], labels, place.at(mapping.get("answer", "answer")))
    if not spans and not _says_none(values):
        raise place.at(mapping.get("answers", mapping.get("answer", "answer"))).error(
            "the question has no answer, and nothing says that it has none.",
            value=values.get("answers", values.get("answer")),
            allowed="an answer, or is_impossible for a question without one",
            cure="Add the answer, or a column is_impossible that is true for such rows.",
        )
    return {"answers": tuple(dict.fromkeys(spans))}


def _says_none(values: Mapping[str, Any]) -> bool:
    """Whether a row says in so many words that it has no answer: the hub's empty lists, or offset -1."""
    start = values.get("answer_start")
    return isinstance(values.get("answers"), Mapping) or (not isinstance(start, list) and start in (-1, "-1"))


def _many(answers: Any, place: Place) -> list[Span]:
    """Answers as a list of objects, or as an object of two lists (as the hub's data sets write them)."""
    if isinstance(answers, Mapping):
        texts, starts = answers.get("text"), answers.get("answer_start")
        if not isinstance(texts, list) or not isinstance(starts, list) or len(texts) != len(starts):
            raise place.error(
                "'text' and 'answer_start' must be lists of the same length.",
                value=answers,
                allowed='{"text": ["…"], "answer_start": [0]}',
                cure="Write as many offsets as texts.",
            )
        answers = [{"text": text, "answer_start": start} for text, start in zip(texts, starts, strict=True)]
    if not isinstance(answers, list):
        raise place.error(
            "answers must be a list.",
            value=answers,
            allowed="a list of answers",
            cure="Write a list; see the docs.",
        )
    return [answer_span(need_mapping(a, place.at(str(n))), place.at(str(n))) for n, a in enumerate(answers)]


def _one(values: Mapping[str, Any], context: str, labels: dict[str, Any], place: Place) -> list[Span]:
    """One answer by its text; without an offset, every place where it stands, and a label that says so."""
    answer, start = values.get("answer"), values.get("answer_start")
    if answer is None or answer == "":
        return []
    if start is not None and start != "":
        if _says_none(values):
            return []
        return [answer_span({"text": answer, "answer_start": start}, place)]
    text = text_cell(answer, place.field or "answer", place)
    places = [at for at in range(len(context)) if context.startswith(text, at)]
    if not places:
        raise place.error(
            "the answer does not stand in the context.",
            value=text,
            allowed="words of the context itself, letter by letter",
            cure="Copy the answer out of the context, or mark the row with is_impossible.",
        )
    labels["answer_places"] = len(places)
    return [Span(at, at + len(text), text) for at in places]
