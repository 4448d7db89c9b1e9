"""Yes/no questions made of questions with an answer: the interrogative gives way to a right or wrong one.

``등대를 세운 사람은 누구인가?`` with the answer 가온 becomes ``등대를 세운 사람은 가온인가?``, which the same
passage affirms; with another name of the same passage it is denied. Both stand in the passage, so that
neither can be told without reading it. Wrong answers are the right ones of other questions, of the same kind
by their form: figures for figures, names for names. Of a long passage the sentences around the answer are
kept.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from gongbang.augment.copies import entropy_of
from gongbang.data.records import Record
from gongbang.search.contexts import document_of
from gongbang.text.josa import attach_josa, josa_pair
from gongbang.text.sentences import split_sentences

YES, NO = "yes", "no"
_LONGEST = 30  # characters of an answer that names something
_LAST = (
    r"(?P<asks>무엇|뭐|누구|어디|언제|몇 ?(?:년도|년|월|일|명|개|살|세|번|회|층|위)|(?:어느|무슨) \S{1,6}?)"
    r"(?P<copula>인가요|인가|일까요|일까|인지|입니까|이었는가|였는가|이었나요|이었나|였나요|였나|인가여)?"
)
_AT_END = re.compile(rf"{_LAST}\s*[?？.]*\s*$")
_TOPIC_AT_END = re.compile(r"(?<=[가-힣])[은는]\s*[?？.]*\s*$")
_INSIDE = re.compile(r"(?<![가-힣])(?P<asks>무엇|누구|어디|언제)(?P<josa>[가-힣]{0,3})(?=\s)")
_ASKING = re.compile(r"(?:나요|나|는가|은가|인가|ㄴ가|을까|일까|까요|니까|까|지요|는지)\s*[?？]?\s*$")
_MORE = re.compile(r"무엇|누구|누가|어디|언제|몇|어느|무슨|어떤|왜|어떻게|얼마")
_DIGIT = re.compile(r"\d")
_UNIT = re.compile(r"([^\W\d_]+)$")


@dataclass(frozen=True, slots=True)
class _Frame:
    """A question without its interrogative: what stands before and behind the answer's place."""

    before: str
    behind: str
    josa: str = ""

    def filled(self, answer: str) -> str:
        return f"{self.before}{attach_josa(answer, self.josa) if self.josa else answer}{self.behind}"


def claims(records: Sequence[Record], *, seed: int = 17, longest: int = 280) -> list[Record]:
    """A yes/no question of each record whose question can be turned into one, as the task ``boolq`` reads.

    Whether it is affirmed or denied, and by which other answer, is drawn by the seed and the record's id.
    Where the passage and its document have no other answer of the same kind, the question is affirmed; of
    those so many are left out, by the same draw, that yes and no are about as many.

    Args:
        records: questions with contexts and labelled answers; others are passed over.
        seed: of the draws.
        longest: characters of a claim's passage, see :func:`excerpt`.

    Returns:
        Records with the fields ``question`` and ``context`` and the label yes or no, of the same group,
        source and licence, with the original in their lineage.

    Example:
        >>> from gongbang.data.records import Span
        >>> texts = {"question": "등대를 세운 사람은 누구인가?", "context": "가온이 등대를 세웠다."}
        >>> asked = Record("1", texts, spans={"answers": (Span(0, 2, "가온"),)})
        >>> [(made.fields["question"], made.labels["label"]) for made in claims([asked])]
        [('등대를 세운 사람은 가온인가?', 'yes')]
    """
    usable = [(record, frame) for record in records if (frame := frame_of(record)) is not None]
    near: dict[str, list[str]] = defaultdict(list)
    for record in records:
        for key in (record.fields.get("context", ""), document_of(record) if record.answers else ""):
            near[key] += [answer.text for answer in record.answers]
    made: list[Record] = []
    lonely: list[Record] = []
    for record, frame in usable:
        rng = _rng(record, seed)
        answer = record.answers[0].text.strip()
        others = sorted(set(_others(record, answer, near)))
        if not others:
            lonely.append(_claim(record, frame, answer, YES, rng, longest=longest))
        elif rng.random() < 0.5:
            made.append(_claim(record, frame, answer, YES, rng, longest=longest))
        else:
            made.append(
                _claim(record, frame, others[int(rng.integers(len(others)))], NO, rng, longest=longest)
            )
    denied = sum(record.labels["label"] == NO for record in made)
    room = max(0, 2 * denied - len(made))
    lonely.sort(key=lambda claim: int(_rng(claim, seed).integers(2**62)))
    return made + (lonely[:room] if denied else lonely)


def frame_of(record: Record) -> _Frame | None:
    """The record's question without its interrogative; None where an answer could replace none."""
    question = record.fields.get("question", "").strip()
    answer = record.answers[0].text.strip() if record.answers else ""
    if not question or not 0 < len(answer) <= _LONGEST or answer in question:
        return None
    found = _AT_END.search(question)
    if found and not _MORE.search(question[: found.start()]):
        return _Frame(question[: found.start()], "인가?")
    topic = _TOPIC_AT_END.search(question)
    if topic and not _MORE.search(question):
        return _Frame(question[: topic.start() + 1] + " ", "인가?")
    inside = list(_INSIDE.finditer(question))
    if len(inside) == 1 and len(_MORE.findall(question)) == 1 and _ASKING.search(question):
        place = inside[0]
        return _Frame(
            question[: place.start()],
            question[place.end() :].rstrip("?？ ") + "?",
            josa_pair(place["josa"]) if place["josa"] else "",
        )
    return None


def excerpt(record: Record, named: str, longest: int) -> str:
    """The sentences around the record's answer, with those up to ``named`` where they fit.

    Args:
        record: with a context and a labelled answer.
        named: another text, which may stand in the context as well.
        longest: characters that whole sentences are added up to; the answer's own is kept however long.
    """
    context = record.fields["context"]
    sentences = split_sentences(context)
    if len(context) <= longest or not sentences:
        return context
    span = record.answers[0]
    inside = [n for n, each in enumerate(sentences) if each.start < span.end and span.start < each.end]
    if not inside:
        return context
    first, last = inside[0], inside[-1]
    other = context.find(named)
    while True:
        before, after = first > 0, last + 1 < len(sentences)
        backward = before and (not after or 0 <= other < sentences[first].start)
        start, end = (first - 1, last) if backward else (first, last + 1)
        if not (before or after) or sentences[end].end - sentences[start].start > longest:
            return context[sentences[first].start : sentences[last].end]
        first, last = start, end


def _claim(
    record: Record, frame: _Frame, answer: str, label: str, rng: np.random.Generator, *, longest: int
) -> Record:
    text = frame.filled(answer)
    if text.endswith("인가?") and rng.random() < 0.3:  # people also claim where they could ask
        text = text.removesuffix("인가?") + "이다."
    return Record(
        id=f"{record.id}~claim",
        fields={"question": text, "context": excerpt(record, answer, longest)},
        labels={"label": label},
        group=record.group,
        lineage=(*record.lineage, record.id),
        source=record.source,
        licence=record.licence,
    )


def _others(record: Record, answer: str, near: dict[str, list[str]]) -> Iterator[str]:
    """Answers of the same kind to other questions: of the passage, or where it has none of the document."""
    context = record.fields["context"]
    mine = {each.text.strip() for each in record.answers}
    for key in (context, document_of(record)):
        found = False
        for other in near[key]:
            text = other.strip()
            apart = text not in mine and text not in answer and answer not in text
            if apart and 0 < len(text) <= _LONGEST and _kind(text) == _kind(answer):
                found = True
                yield text
        if found:
            return


def _kind(answer: str) -> str:
    """Figures with their unit, or words."""
    if not _DIGIT.search(answer):
        return "words"
    unit = _UNIT.search(answer)
    return f"figure {unit[1] if unit else ''}"


def _rng(record: Record, seed: int) -> np.random.Generator:
    return np.random.default_rng(entropy_of(seed, "claims", record.id))
