"""Whether a guess names a keyword: spacing, particles, case, aliases and ways of saying it set aside."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

from gongbang.apps.twenty_questions.forms import Forms
from gongbang.apps.twenty_questions.letters import key_of
from gongbang.text.josa import josa_forms

_BEFORE = (
    "정답은 정답이 정답 답은 답이 답 그것은 그것이 그건 그게 그거 이것은 이것이 이건 이게 이거 저것은"
    " 저건 혹시 바로 아마 아마도 그럼 그러면 내 제 생각에 생각에는 생각엔 추측은 당신은 너는"
    " the answer is it is it's is it a an"
)
_AFTER = (
    "입니다 입니까 이에요 이예요 예요 에요 이야 야 이다 다 요 인가요 인가 인지요 인지 이지요 이지 이죠"
    " 지요 지 죠 일까요 일까 일걸요 일걸 이냐 냐 이네 네 네요 이네요 임 인 듯 것 거 같아요 같습니다"
    " 같은데요 같은데 맞나요 맞나 맞아요 맞아 맞습니까 맞지요 맞지 맞죠 정답 답 아닌가요 아닌가"
    " 아니에요 아니야 아닙니까 아니죠 아니지 ㅂ니다 ㅂ니까 ㄴ가요 ㄴ가 ㄹ까요 ㄹ까 라고 생각합니다"
    " 생각해요 생각해 말인가요 말이죠 이었나요 였나요 였어요 이었어요"
)


def names(text: str, forms: Forms) -> bool:
    """Whether a text says nothing but the keyword.

    Takes time in the length of the text, whatever it holds: a pattern with repeats would not.

    Example:
        >>> whale = Forms.of("고래", "whale")
        >>> [names(text, whale) for text in ("정답은 고 래입니다!", "WHALE", "고래인가요", "고래밥")]
        [True, True, True, False]
    """
    return first_named(text, [forms]) is not None


def first_named(text: str, several: Sequence[Forms]) -> int | None:
    """The place of the first of several keywords that a text names and says nothing else; None if of none."""
    letters = key_of(text)
    before = sorted(_reached(letters, {0}, _opening()))
    for place, forms in enumerate(several):
        named = {at + len(key) for key in forms.keys for at in before if letters.startswith(key, at)}
        if named and len(letters) in _reached(letters, named, _closing()):
            return place
    return None


def _reached(letters: str, starts: set[int], words: tuple[str, ...]) -> set[int]:
    """The places that any number of words in a row lead to."""
    reached, open_ends = set(starts), sorted(starts)
    while open_ends:
        at = open_ends.pop()
        for word in words:
            if letters.startswith(word, at) and at + len(word) not in reached:
                reached.add(at + len(word))
                open_ends.append(at + len(word))
    return reached


@cache
def _opening() -> tuple[str, ...]:
    return _keys(_BEFORE.split())


@cache
def _closing() -> tuple[str, ...]:
    """The ways a guess ends: particles after any final, and the ends of sentences."""
    particles = {form.removeprefix(stem) for stem in ("각", "갈", "가") for form in josa_forms(stem)}
    return _keys({*_AFTER.split(), *particles})


def _keys(words: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({key_of(word) for word in words} - {""}))
