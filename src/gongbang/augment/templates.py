"""Questions by template: a date, a quantity, a place or a person of a sentence is asked for.

The sentence becomes the question: the answer gives way to the interrogative of its type (언제, 몇 명,
어디에서, 누가), and the ending turns into that of a question. Such questions share their words with the
sentence that answers them, more than people's questions do; :mod:`gongbang.augment.cloze` asks across
sentences instead. What is asked is found by pattern and by tags alone, so some of it is not what
it seems: filter it, and read a sample before training on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from gongbang.augment.endings import as_question
from gongbang.augment.words import check_choice
from gongbang.data.records import Record, Span
from gongbang.errors import OptionError
from gongbang.text.josa import attach_josa, josa_pair
from gongbang.text.morphemes import Analyser, Morpheme, shared_analyser
from gongbang.text.sentences import Sentence, split_sentences

ANSWER_TYPES = ("date", "quantity", "person", "place")

_QUESTION = (12, 100)  # characters of a sentence that says enough, and still one thing
_DATE = re.compile(
    r"(?<!\w)(?:기원전 )?(?:\d{3,4}년(?: \d{1,2}월(?: \d{1,2}일)?)?|\d{1,2}월 \d{1,2}일|\d{1,2}세기)"
)
_NO_TIME = re.compile(" (?:이르|이른|걸쳐|걸친|비하|비해|의하|의한|의해|대한|대해|관한)")  # after 에
_MONEY = frozenset({"원", "달러", "엔", "유로"})
_UNIT_TEXT = (
    "킬로미터 킬로그램 퍼센트 미터 시간 개월 마리 그루 리터 유로 달러 km kg 명 개 곳 권 척 톤 원 엔 m %"
)
_QUANTITY = re.compile(
    r"(?<![\w.,-])\d[\d,.]*(?: ?[십백천만억조]+(?: ?\d[\d,]*[십백천만억조]*)*)?(?P<gap> ?)"
    rf"(?P<unit>{'|'.join(_UNIT_TEXT.split())})"
)
_TO_PERSONS = frozenset({"에게", "에게서", "한테", "께", "께서"})  # and to teams and states
_PERSONAL_TEXT = "태어나 죽 숨지 사망 출생 졸업 결혼 즉위 작곡 작사 집필 저술 발명 은퇴 데뷔 취임"
_PERSONAL_VERBS = frozenset(_PERSONAL_TEXT.split())
_SURNAMES = frozenset("김이박최정강조윤장임한오서신권황안송전홍유고문양손배백허남심노하곽성차주우구민진")
_NO_PERSON_TEXT = "국 군 당 시 도 사 팀 부 단 회 원 교 족 연합 연맹 일본 러시아 독일 프랑스"
_NO_PLACE_TEXT = "어 직 사 군 팀 당 부 리그 컵 전 회 상 집 편 하 대회 연맹"
_NO_PERSON, _NO_PLACE = tuple(_NO_PERSON_TEXT.split()), tuple(_NO_PLACE_TEXT.split())
_NAME_TAGS = frozenset({"NNP", "SL"})
_PLACE_TAGS = frozenset({"NNP", "SL", "NNG", "XSN", "SN"})
_POINTING_TEXT = (
    "이 그 저 그녀 이것 그것 이곳 그곳 여기 거기 이들 그들 이때 이날 이후 당시 다만 또 한편 이로써 같"
)
_POINTING = frozenset(_POINTING_TEXT.split())


@dataclass(frozen=True, slots=True)
class _Place:
    """An answer at ``[start, end)``; ``asked`` takes the place of ``[start, after)`` in the question."""

    kind: str
    start: int
    end: int
    after: int
    asked: str


def template_question(
    record: Record,
    rng: np.random.Generator,
    *,
    types: Sequence[str] = ANSWER_TYPES,
    analyser: Analyser | None = None,
) -> Record | None:
    """Make a question of one sentence of the context, with its answer.

    The type is drawn first, evenly among those found, so that frequent ones do not crowd out the others. The
    answer stands once in the context, and neither in the question nor in the title; the sentence begins
    without a pronoun, names another topic or subject, and ends in the written style.

    Args:
        record: with ``context``; its own question, spans and labels are not looked at.
        rng: of the draws.
        types: which of :data:`ANSWER_TYPES` may be asked for.
        analyser: finds names and particles; the shared one by default.

    Returns:
        A record of the reader: the same context, a new ``question``, one span under ``answers``, and the
        label ``answer_type``. Other spans and labels are left out, since they speak of another question.

    Raises:
        OptionError: a type is unknown, or none is given.

    Example:
        >>> record = Record("1", {"context": "수원 화성은 1796년에 완공되었다. 정조가 쌓게 했다."})
        >>> made = template_question(record, np.random.default_rng(0))
        >>> made.fields["question"], made.answers[0].text
        ('수원 화성은 언제 완공되었는가?', '1796년')
    """
    if not types:
        raise OptionError(
            "no answer type is given.", value=types, allowed=", ".join(ANSWER_TYPES), cure="Name one."
        )
    for kind in types:
        check_choice("types", kind, ANSWER_TYPES)
    text = record.fields.get("context", "")
    if not text.strip():
        return None
    morphemes = (analyser or shared_analyser()).analyse(text)
    title = record.fields.get("title", "")
    found: dict[str, list[tuple[str, _Place]]] = {}
    for sentence in split_sentences(text):
        for place in _places(text, sentence, morphemes) if _stands_alone(sentence, morphemes) else ():
            question = _question(text, sentence, place, morphemes)
            answer = text[place.start : place.end]
            told = question is None or answer in question or (title and answer in title)
            if question and place.kind in types and not told and text.count(answer) == 1:
                found.setdefault(place.kind, []).append((question, place))
    if not found:
        return None
    kinds = [kind for kind in ANSWER_TYPES if kind in found]
    made = found[kinds[int(rng.integers(len(kinds)))]]
    question, place = made[int(rng.integers(len(made)))]
    answers = (Span(place.start, place.end, text[place.start : place.end], "context"),)
    return replace(
        record,
        fields={**record.fields, "question": question},
        spans={"answers": answers},
        labels={"answer_type": place.kind},
    )


def _stands_alone(sentence: Sentence, morphemes: Sequence[Morpheme]) -> bool:
    """Whether the sentence is of a length to ask, and does not begin by pointing at another."""
    if not _QUESTION[0] <= len(sentence.text) <= _QUESTION[1]:
        return False
    first = next((m for m in morphemes if m.start >= sentence.start and m.tag != "MAJ"), None)
    return first is not None and first.form not in _POINTING


def _places(text: str, sentence: Sentence, morphemes: Sequence[Morpheme]) -> Iterator[_Place]:
    inside = [m for m in morphemes if sentence.start <= m.start and m.end <= sentence.end and m.end > m.start]
    particles = {m.start: m for m in inside if m.tag[0] == "J"}
    yield from _dates(text, sentence, particles)
    yield from _quantities(text, sentence, particles)
    yield from _names(text, inside)


def _dates(text: str, sentence: Sentence, particles: dict[int, Morpheme]) -> Iterator[_Place]:
    for match in _DATE.finditer(text, sentence.start, sentence.end):
        particle = particles.get(match.end())
        if particle is None or text[particle.end : particle.end + 1].isalnum():
            continue
        timed = particle.form != "에" or not _NO_TIME.match(text, particle.end)
        if timed and particle.form in ("에", "부터", "까지"):
            asked = "언제" + ("" if particle.form == "에" else particle.form)
            yield _Place("date", match.start(), match.end(), particle.end, asked)


def _quantities(text: str, sentence: Sentence, particles: dict[int, Morpheme]) -> Iterator[_Place]:
    for match in _QUANTITY.finditer(text, sentence.start, sentence.end):
        end, unit = match.end(), match["unit"]
        particle = particles.get(end)
        if particle is None and text[end : end + 1].isalnum():
            continue  # 3개국, 5m짜리
        if unit not in _MONEY:
            yield _Place("quantity", match.start(), end, end, f"몇{match['gap'] or ' '}{unit}")
            continue
        after = particle.end if particle else end
        asked = attach_josa("얼마", josa_pair(text[end:after])) if particle else "얼마"
        yield _Place("quantity", match.start(), end, after, asked)


def _names(text: str, inside: Sequence[Morpheme]) -> Iterator[_Place]:
    for number, particle in enumerate(inside):
        if particle.tag[0] != "J" or text[particle.end : particle.end + 1].isalnum():
            continue
        form, end = text[particle.start : particle.end], particle.start
        subject = particle.tag == "JKS" and form in ("이", "가") and _personal(inside[number + 1 :])
        if form == "에서":
            start = _name_start(text, inside, number, _PLACE_TAGS)
            if start is not None and not text[start:end].endswith(_NO_PLACE):
                yield _Place("place", start, end, particle.end, "어디에서")
        elif subject or form in _TO_PERSONS:
            start = _name_start(text, inside, number, _NAME_TAGS)
            if start is None or text[start:end].endswith(_NO_PERSON):
                continue
            if subject or _full_name(text[start:end]):
                yield _Place("person", start, end, particle.end, "누가" if subject else f"누구{form}")


def _full_name(name: str) -> bool:
    """A Korean name of three syllables, or a foreign one of two words or more."""
    return " " in name or (len(name) == 3 and name[0] in _SURNAMES)


def _name_start(text: str, inside: Sequence[Morpheme], number: int, tags: frozenset[str]) -> int | None:
    """Where the name begins that ends before the particle ``inside[number]``; None where no name does.

    Proper nouns without a particle before it, a blank between, belong to it: 앨런 튜링이.
    """
    first, names, end = number, 0, inside[number].start
    while first and inside[first - 1].tag in tags:
        left = inside[first - 1]
        joined = text[left.end : inside[first].start]
        apart = first < number and joined == " "
        if joined and not (apart and left.tag in _NAME_TAGS):
            break
        if not joined and left.end != inside[first].start:
            break
        names += left.tag == "NNP"
        first -= 1
    if not names or end - inside[first].start < 2 or inside[first].tag == "XSN":
        return None
    start = inside[first].start
    return None if text[max(0, start - 1) : start].isalnum() else start


def _personal(following: Sequence[Morpheme]) -> bool:
    """Whether the next predicate is one that only people have."""
    for number, morpheme in enumerate(following):
        after = following[number + 1].tag if number + 1 < len(following) else ""
        if morpheme.tag in ("VV", "VA") or after in ("XSV", "XSA"):
            return morpheme.form in _PERSONAL_VERBS
    return False


def _question(text: str, sentence: Sentence, place: _Place, morphemes: Sequence[Morpheme]) -> str | None:
    """The sentence with the answer asked for; None where it has no other topic, or another ending."""
    inside = [m for m in morphemes if sentence.start <= m.start < sentence.end]
    others = [m for m in inside if not place.start <= m.start < place.after]
    if not any(m.tag == "JKS" or (m.tag == "JX" and m.form in ("은", "는")) for m in others):
        return None
    start = sentence.start
    for morpheme in inside:
        if morpheme.tag not in ("MAJ", "SP") and morpheme.form != "또한":
            start = morpheme.start  # 그러나, 또한 and the comma after them tie the sentence to another
            break
    if start > place.start:
        return None
    return as_question(text[start : place.start] + place.asked + text[place.after : sentence.end])
