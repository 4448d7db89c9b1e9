"""Which stage of question answering failed: the cause that an error notebook counts.

The stages stand in the order of the pipeline, and the first that failed owns the error: an answer that
was never retrieved cannot be blamed on the reader.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from gongbang.data.records import Record
from gongbang.tasks.base import Prediction

Scorer = Callable[[str, Sequence[str]], float]
"""A metric of one answer: (prediction, golds) to [0, 1]."""

RIGHT = "right"
STAGES: Mapping[str, tuple[str, str]] = {
    "not_retrieved": ("not retrieved", "검색 실패"),
    "retrieved_not_read": ("retrieved, not read", "찾았으나 못 읽음"),
    "span_border": ("span border", "경계 오류"),
    "normalisation": ("normalisation", "표기 차이"),
    "should_have_abstained": ("should have abstained", "답이 없는데 답함"),
    "should_have_answered": ("should have answered", "답이 있는데 기권"),
}
"""The stages of a wrong answer, with their English and Korean labels."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an answer was read: characters [start, end) of a text, and whether that is the gold context."""

    text: str
    start: int
    end: int
    in_context: bool


def assign_stage(
    record: Record,
    prediction: Prediction,
    exact_match: Scorer,
    ranked: Sequence[str] | None = None,
    place: Place | None = None,
) -> str:
    """``"right"``, or the first stage that failed.

    Args:
        record: its spans under ``answers`` are the golds; an empty tuple means that there is no answer.
        exact_match: the task's own metric decides what is right.
        ranked: ids of the retrieved documents; None when the gold context was given to the reader. The
            gold document is the record's label ``document``.
        place: where the prediction was read, as :func:`locate` gives it.

    Example:
        >>> from gongbang.data.records import Span
        >>> r = Record("1", {"question": "수도는?", "context": "수도는 서울이다."},
        ...            spans={"answers": (Span(4, 6, "서울"),)})
        >>> assign_stage(r, Prediction("1", "서울이다", 0.5), lambda p, golds: float(p in golds))
        'normalisation'
    """
    golds = [span.text for span in record.answers]
    if _is_right(prediction, golds, exact_match):
        return RIGHT
    if not golds:
        return "should_have_abstained"
    if any(same_when_normalised(prediction.text, gold) for gold in golds):
        return "normalisation"
    document = record.labels.get("document")
    if ranked is not None and document is not None and document not in ranked:
        return "not_retrieved"
    if not prediction.answered:
        return "should_have_answered"
    return "span_border" if _touches(record, prediction.text, golds, place) else "retrieved_not_read"


def _is_right(prediction: Prediction, golds: Sequence[str], exact_match: Scorer) -> bool:
    if not golds or not prediction.answered:
        return not golds and not prediction.answered
    return exact_match(prediction.text, golds) >= 1.0


def locate(record: Record, prediction: Prediction, texts: Mapping[str, str] | None = None) -> Place | None:
    """Where the prediction was read, in the gold context when that can be told.

    Args:
        texts: passage texts by id, for candidates that were read from retrieved passages.
    """
    context = record.fields.get("context", "")
    if not prediction.answered:
        return None
    top = prediction.candidates[0] if prediction.candidates else None
    if top is not None and top.record in ("", record.id):
        start = _inside(context, top.start, top.end, prediction.text)
        if start is not None:
            return Place(context, start, start + len(prediction.text), True)
    passage = (texts or {}).get(top.record) if top is not None else None
    if top is not None and passage is not None:
        start = _inside(passage, top.start, top.end, prediction.text)
        if start is not None:
            shift = context.find(passage)
            if shift >= 0:
                return Place(context, shift + start, shift + start + len(prediction.text), True)
            return Place(passage, start, start + len(prediction.text), False)
    return None


def _inside(text: str, start: int, end: int, answer: str) -> int | None:
    # Post-processing may have trimmed the span: the answer is looked for within it.
    found = text.find(answer, max(0, start), max(0, end))
    return found if found >= 0 else None


def strong_normal(text: str) -> str:
    """NFKC, case folded, only letters and digits kept: no spaces, quotes, brackets or punctuation.

    Example:
        >>> strong_normal("《Ｂｌｕｅ  나라》")
        'blue나라'
    """
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(char for char in folded if unicodedata.category(char)[0] in "LNM")


def same_when_normalised(prediction: str, gold: str) -> bool:
    """Whether two answers differ only by form, spaces, punctuation or a trailing particle (josa).

    Example:
        >>> same_when_normalised("이순신은", "이 순신"), same_when_normalised("이순신 장군", "이순신")
        (True, False)
    """
    a, b = strong_normal(prediction), strong_normal(gold)
    if not a or not b:
        return False
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    return longer == shorter or (longer.startswith(shorter) and _is_josa(longer, len(shorter)))


_COPULA = re.compile(r"(이다|입니다|이었다|였다|이며|이고|인)")


def _is_josa(word: str, cut: int) -> bool:
    from gongbang.text.josa import split_josa

    return _COPULA.fullmatch(word[cut:]) is not None or split_josa(word)[0] == word[:cut]


def _touches(record: Record, text: str, golds: Sequence[str], place: Place | None) -> bool:
    if place is not None and place.in_context:
        spans = [span for span in record.answers if span.field == "context"]
        if any(place.start < span.end and span.start < place.end for span in spans):
            return True
        return any(_contains(text, gold) for gold in golds)
    return any(_contains(text, gold) or _share_a_word(text, gold) for gold in golds)


def _contains(a: str, b: str) -> bool:
    """Whether one holds the other as words: ``2`` is not within ``2015``, nor ``왕`` within ``왕건``."""
    longer, shorter = sorted((_spaced(a), _spaced(b)), key=len, reverse=True)
    if not shorter:
        return False
    edge = r"\w" if len(shorter) == 1 and not shorter.isdigit() else "[0-9a-z]"
    before = f"(?<!{edge})" if re.match(edge, shorter) else ""
    after = f"(?!{edge})" if re.search(f"{edge}$", shorter) else ""
    return re.search(before + re.escape(shorter) + after, longer) is not None


def _share_a_word(a: str, b: str) -> bool:
    from gongbang.text.josa import split_josa

    def stems(text: str) -> set[str]:
        return {split_josa(word)[0] for word in _spaced(text).split()}

    return bool((stems(a) & stems(b)) - {""})


def _spaced(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    kept = "".join(c if unicodedata.category(c)[0] in "LNM" else " " for c in folded)
    return " ".join(kept.split())
