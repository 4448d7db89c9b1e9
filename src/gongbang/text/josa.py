"""Particles (josa): taking them off a word, putting the right form on, and all forms a word is met in."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from gongbang.errors import OptionError
from gongbang.text.batchim import Batchim, batchim

if TYPE_CHECKING:
    from gongbang.text.morphemes import Analyser, Morpheme

_Finals = frozenset[Batchim]

_ANY: _Finals = frozenset(Batchim)
_CLOSED: _Finals = frozenset({Batchim.RIEUL, Batchim.OTHER})
_OPEN: _Finals = frozenset({Batchim.NONE})
_EURO: _Finals = frozenset({Batchim.OTHER})
_RO: _Finals = frozenset({Batchim.NONE, Batchim.RIEUL})

_PAIR_TEXT = (
    "은/는 이/가 을/를 과/와 으로/로 이나/나 이랑/랑 이며/며 이라도/라도 이야말로/야말로 이라는/라는"
    " 이라고/라고 이란/란 으로서/로서 으로써/로써 으로부터/로부터 이든지/든지 이고/고"
)
_PLAIN_TEXT = (
    "의 도 만 에 에서 에게 에게서 께 께서 한테 한테서 까지 부터 마다 조차 마저 밖에 보다 처럼 같이 만큼"
    " 대로 뿐 하고 에다 에다가 커녕 치고"
)
_INNER_TEXT = (
    "에 에서 에게 에게서 께 께서 한테 까지 부터 으로 로 으로서 로서 으로부터 로부터 만 과 와 보다 처럼"
    " 만큼 마다 밖에 하고 뿐"
)
_OUTER_TEXT = "는 은 도 만 의 가 이 을 를 까지 부터 보다 나 이나 라도 이라도"
# Words that end like these are nouns far more often than nouns with a particle.
_WHOLE_TEXT = (
    "주의 회의 정의 강의 합의 협의 논의 건의 동의 거의 편의 창의 심의 결의 질의 항의 예의 유의 임의"
    " 고의 호의 문의 토의 제도 온도 속도 정도 태도 각도 한도 강도 밀도 농도 포도 의도 반도 열도 철도"
    " 수도 기도 지도 습도 순도 난이도 만족도 경기도 강원도 충청도 전라도 경상도 제주도 함경도 평안도"
    " 황해도 홋카이도 울릉도 강화도 거제도 진도 독도 여의도 고양이 어린이 원숭이 호랑이 젊은이 늙은이"
    " 지팡이 달팽이 올챙이 구렁이 거북이 옹이 사학과 공학과 국문과 교과 학과 결과 효과 성과 통과 정치가"
    " 연구가 사상가 투자가 세종로 을지로 종로 도로 경로 진로 대만 불만 오만 하와이 아이 사이 차이 나이"
    " 종이 높이 넓이 길이 깊이 바로 서로 새로 너무나 언제나 누구나 역시나"
)
_WHOLE = tuple(_WHOLE_TEXT.split())


def split_josa(word: str, analyser: Analyser | None = None) -> tuple[str, str]:
    """Split a word into stem and particle; the particle is "" where there is none.

    By rule: the longest particle whose form agrees with the final of the stem. A particle of one syllable
    needs a stem of two (종이 is no 종 + 이), and common nouns that end like one are left whole. With an
    ``analyser`` its reading of the word decides, which is right more often and a hundred times slower.

    Example:
        >>> split_josa("학교에서는"), split_josa("서울을"), split_josa("제도")
        (('학교', '에서는'), ('서울', '을'), ('제도', ''))
    """
    if analyser is not None:
        cut = josa_start(analyser.analyse(word), 0, len(word))
        return word[:cut], word[cut:]
    for length in range(min(_longest(), len(word) - 1), 0, -1):
        stem, josa = word[:-length], word[-length:]
        fits = _table().get(josa)
        if fits is not None and batchim(stem) in fits and _plausible(word, stem, josa):
            return stem, josa
    return word, ""


def josa_start(morphemes: Sequence[Morpheme], start: int, end: int) -> int:
    """Where the particles at the end of ``[start, end)`` begin, by an analysis of the whole text.

    Gives ``end`` where the span does not end with a particle or would be nothing but particles. This is
    what a span should be trimmed with: in context 서로 and 경기도 are not split.

    Example:
        >>> from gongbang.text.morphemes import Analyser
        >>> josa_start(Analyser().analyse("경기도에서 왔다"), 0, 5)
        3
    """
    cut = end
    for morpheme in reversed(morphemes):
        if morpheme.end > cut:
            continue
        if morpheme.end < cut or not morpheme.tag.startswith("J") or morpheme.start < start:
            break
        cut = morpheme.start
    return cut if cut > start else end


def attach_josa(stem: str, josa: str) -> str:
    """Put a particle on a stem in the form its final asks for.

    Args:
        stem: a word; figures, Latin letters, Hanja and a gloss in brackets are understood.
        josa: the form after a consonant and the form after a vowel with "/" between, or one form.

    Raises:
        OptionError: there is no particle, or more than two forms.

    Example:
        >>> attach_josa("공방", "은/는"), attach_josa("서울", "으로/로"), attach_josa("3", "이/가")
        ('공방은', '서울로', '3이')
    """
    forms = josa.split("/")
    if not all(forms) or len(forms) > 2:
        raise OptionError(
            "a particle must be one form, or two with '/' between.",
            value=josa,
            allowed="은/는, 이/가, 을/를, 과/와, 으로/로, 에서, ...",
            cure="Write the form after a consonant first, the form after a vowel second.",
        )
    if len(forms) == 1:
        return stem + josa
    final = batchim(stem)
    closed = final is Batchim.OTHER or (final is Batchim.RIEUL and not forms[0].startswith("으로"))
    return stem + forms[0 if closed else 1]


def josa_pair(form: str) -> str:
    """Both forms of a particle that is given in one, as :func:`attach_josa` wants them; others as they are.

    Example:
        >>> josa_pair("를"), josa_pair("에서")
        ('을/를', '에서')
    """
    return _pairs().get(form, form)


def josa_forms(word: str) -> tuple[str, ...]:
    """The word, and the word with each common particle in its right form; longest first.

    Longest first, so that they can be tried in order (or joined into a pattern) to find a keyword in
    every form it takes.

    Example:
        >>> "서울로" in josa_forms("서울"), "서울으로" in josa_forms("서울")
        (True, False)
    """
    final = batchim(word)
    forms = {word} | {word + josa for josa, fits in _table().items() if final in fits}
    return tuple(sorted(forms, key=lambda form: (-len(form), form)))


def _plausible(word: str, stem: str, josa: str) -> bool:
    if len(josa) == 1 and word.endswith(_WHOLE):
        return False
    if not ("가" <= stem[-1] <= "힣"):
        return True  # after a figure, a letter or a bracket nothing but a particle follows
    return len(josa) > 1 or len(stem) > 1 or (josa == "를")


@cache
def _longest() -> int:
    return max(map(len, _table()))


@cache
def _pairs() -> dict[str, str]:
    return {form: pair for pair in _PAIR_TEXT.split() for form in pair.split("/")}


@cache
def _table() -> dict[str, _Finals]:
    """Each particle, and which finals it may follow."""
    table: dict[str, _Finals] = dict.fromkeys(_PLAIN_TEXT.split(), _ANY)
    for pair in _PAIR_TEXT.split():
        closed, opened = pair.split("/")
        euro = closed.startswith("으로")
        table[closed] = _EURO if euro else _CLOSED
        table[opened] = _RO if euro else _OPEN
    for inner in _INNER_TEXT.split():
        final = batchim(inner)
        for outer in _OUTER_TEXT.split():
            if inner != outer and final in table.get(outer, _ANY):
                table.setdefault(inner + outer, table[inner])
    return table
