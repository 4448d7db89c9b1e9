"""Korean sentence endings: a statement made a question, and the ways to end the same question."""

from __future__ import annotations

import re
from collections.abc import Sequence

from gongbang.text.josa import attach_josa
from gongbang.text.morphemes import Morpheme

_SYLLABLES, _FINALS = 0xAC00, 28
_NO_FINAL, _NIEUN, _BIEUP, _BIEUP_SIOT, _SSANG_SIOT = 0, 4, 17, 18, 20
_MARKS = re.compile(r"[\s.!?…。？！]*(?:\[\d+\])*[\s.!?…。？！]*$")
_ASKED = re.compile("무엇|누구|누가|어디|언제|얼마|몇|어느|어떤|무슨|왜|어떻게")
_ORDER = "(?: 말하시오| 쓰시오| 답하시오)"
_COPULA = re.compile(rf"(?:인가요?|인지{_ORDER})$")
_ASKED_COPULA = re.compile(r"(?<=무엇|누구|어디|언제|얼마)(?:입니까|일까요?)$")  # 보입니까 is a verb
_AFTER_TENSE = re.compile(rf"(?:는가요?|습니까|나요?|을까요?|는지{_ORDER})$")
_PRESENT = re.compile(rf"는(?:가요?|지{_ORDER})$")
_ORDERED = re.compile(rf"[을를]{_ORDER}$")
_WHAT = re.compile("[은는] 무엇$")
_NOMINAL = frozenset({"NNG", "NNP", "NNB", "NR", "XSN", "SL", "SN", "SH", "ETN", "SSC"})

Ending = tuple[int, str]
"""``(start, new)``: the sentence goes on with ``new`` from ``start``, to its end."""


def as_question(statement: str) -> str | None:
    """A statement in the written style (-다) as a question (-는가?); None where its ending is another.

    Adjectives (높다, 높은가) are left out: without a dictionary they look like verbs.

    Example:
        >>> told = ("한글을 만들었다.", "수도이다.", "강이 흐른다", "길을 걷는다.", "산이 높다.")
        >>> [as_question(statement) for statement in told]
        ['한글을 만들었는가?', '수도인가?', '강이 흐르는가?', '길을 걷는가?', None]
    """
    bare = _MARKS.sub("", statement)
    if len(bare) < 3 or bare[-1] != "다":
        return None
    before, final = bare[:-1], final_consonant(bare[-2])
    if final in (_SSANG_SIOT, _BIEUP_SIOT):
        return f"{before}는가?"
    if bare[-2] == "는":
        return f"{before}가?"
    if bare[-2] == "이":
        return f"{bare[:-2]}인가?"
    if final == _NIEUN:
        return f"{bare[:-2]}{with_final(bare[-2], _NO_FINAL)}는가?"
    return None


def question_endings(question: str, morphemes: Sequence[Morpheme]) -> list[Ending]:
    """Other ways to end a question, in a fixed order; none of them is the way it ends already.

    Args:
        question: one sentence.
        morphemes: its analysis; tells a noun with its particle (수도는?) from a verb (흐르는?).

    Returns:
        Where each new ending starts, and the ending with its mark; empty where no rule fits.

    Example:
        >>> from gongbang.text.morphemes import shared_analyser
        >>> question_endings("수도는?", shared_analyser().analyse("수도는?"))
        [(2, '를 말하시오.'), (2, '를 쓰시오.')]
    """
    bare = _MARKS.sub("", question)
    asked = bool(_ASKED.search(bare))
    found = _endings(bare, asked, morphemes)
    return [(at, new) for at, new in found if _MARKS.sub("", new) != bare[at:]]


def _endings(bare: str, asked: bool, morphemes: Sequence[Morpheme]) -> list[Ending]:
    if match := _COPULA.search(bare) or _ASKED_COPULA.search(bare):
        at = match.start()
        found = [(at, "인가?"), (at, "인가요?"), (at, "입니까?"), (at, "일까?")]
        found += [(at, "인지 말하시오.")] if asked else []
        what = _WHAT.search(bare[:at])
        return found + (_orders(bare, what.start()) if what and what.start() else [])
    match = _AFTER_TENSE.search(bare)
    if match and match.start() and _is_tense(bare[match.start() - 1]):
        at = match.start()
        found = [(at, "는가?"), (at, "습니까?"), (at, "나요?")]
        return found + ([(at, "는지 말하시오.")] if asked else [])
    match = _PRESENT.search(bare)
    if match and match.start() and final_consonant(bare[match.start() - 1]) is not None:
        at, last = match.start(), bare[match.start() - 1]
        polite = (at - 1, f"{with_final(last, _BIEUP)}니까?")
        found = [
            (at, "는가?"),
            polite if final_consonant(last) == _NO_FINAL else (at, "습니까?"),
            (at, "나요?"),
        ]
        return found + ([(at, "는지 말하시오.")] if asked else [])
    if asked:
        return []
    match = _ORDERED.search(bare)
    at = match.start() if match else _topic(bare, morphemes)
    return [*_orders(bare, at), (at, _josa(bare[:at], "은/는") + "?")] if at else []


def _topic(bare: str, morphemes: Sequence[Morpheme]) -> int:
    """Where 은 or 는 begins that ends the sentence behind a noun; 0 where none does."""
    for place, morpheme in enumerate(morphemes):
        ends = morpheme.end == len(bare) and morpheme.end > morpheme.start
        if ends and morpheme.tag == "JX" and bare[morpheme.start :] in ("은", "는") and place:
            return morpheme.start if morphemes[place - 1].tag in _NOMINAL else 0
    return 0


def _orders(bare: str, at: int) -> list[Ending]:
    josa = _josa(bare[:at], "을/를")
    return [(at, f"{josa} 말하시오."), (at, f"{josa} 쓰시오.")]


def _josa(stem: str, pair: str) -> str:
    return attach_josa(stem, pair)[len(stem) :]


def _is_tense(syllable: str) -> bool:
    """Whether a stem ends as in 했, 겠, 있 or 없, which verbs and adjectives have alike."""
    return final_consonant(syllable) in (_SSANG_SIOT, _BIEUP_SIOT)


def final_consonant(syllable: str) -> int | None:
    """The number of a Hangul syllable's final consonant, 0 for none; None for other characters."""
    return (ord(syllable) - _SYLLABLES) % _FINALS if "가" <= syllable <= "힣" else None


def with_final(syllable: str, final: int) -> str:
    """A Hangul syllable with another final consonant.

    Example:
        >>> with_final("하", 17), with_final("한", 0)
        ('합', '하')
    """
    code = ord(syllable) - _SYLLABLES
    return chr(_SYLLABLES + code - code % _FINALS + final)
