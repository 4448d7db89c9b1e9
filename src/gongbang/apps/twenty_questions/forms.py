"""A keyword in all the forms it takes in a text: found, hidden, and kept out of what leaves the engine."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from gongbang.apps.twenty_questions.letters import key_of, letters_of
from gongbang.text.josa import josa_forms, josa_pair

MASK = "[정답]"
"""What stands for the keyword in a hint."""


class LeakError(RuntimeError):
    """A text that would have named the keyword; a fault of ours, so its message names nothing."""


@dataclass(frozen=True)
class Forms:
    """The spellings of one keyword.

    Args:
        keys: the letters of its name and of each alias, as :func:`~.letters.key_of` gives them.

    Example:
        >>> forms = Forms.of("고래", "whale")
        >>> forms.mask("혹등고래는 고 래 가운데 하나이고 WHALE 이라 불린다.")
        '[정답]은(는) [정답] 가운데 하나이고 [정답] 이라 불린다.'
        >>> forms.found_in("ㄱㅗㄹㅐ"), forms.found_in("고라니")
        (True, False)
    """

    keys: tuple[str, ...]

    @classmethod
    def of(cls, *names: str) -> Forms:
        """The forms of a name and its aliases, longest first."""
        keys = {key_of(name) for name in names} - {""}
        return cls(tuple(sorted(keys, key=lambda key: (-len(key), key))))

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where the keyword stands, ``[start, end)`` in characters, rising; those that touch are one."""
        read = letters_of(text)
        joined: list[tuple[int, int]] = []
        for start, end in sorted(span for key in self.keys for span in read.find_all(key)):
            if joined and start <= joined[-1][1]:
                joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
            else:
                joined.append((start, end))
        return joined

    def found_in(self, text: str) -> bool:
        """Whether the keyword stands in a text, in any form."""
        letters = key_of(text)
        return any(key in letters for key in self.keys)

    def mask(self, text: str) -> str:
        """The text with every word that holds the keyword replaced by :data:`MASK`.

        The whole word goes, since what is left of a compound would give it away. A particle stays in both
        of its forms, since one of them would tell how the keyword ends.
        """
        words = [_word(text, start, end) for start, end in self.spans(text)]
        pieces, at = [], 0
        for start, end, tail in words:
            if start >= at:
                pieces += [text[at:start], MASK + tail]
            at = max(at, end)
        masked = "".join(pieces) + text[at:]
        return MASK if self.found_in(masked) else masked


def check_no_leak(value: Any, forms: Forms) -> None:
    """Refuse plain data in which the keyword stands, in keys and values and across neighbouring texts.

    Raises:
        LeakError: it does. The message holds nothing of the data.
    """
    if any(forms.found_in(text) for text in set(_texts(value))):
        raise LeakError("a text would have named the keyword before the end; it was withheld.")


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, held in value.items():
            yield str(key)
            yield from _texts(held)
    elif isinstance(value, (list, tuple)):
        yield " ".join(held for held in value if isinstance(held, str))
        for held in value:
            yield from _texts(held)


def _word(text: str, start: int, end: int) -> tuple[int, int, str]:
    """The whole word around a span, and how its particle is shown."""
    while start > 0 and _inside(text[start - 1]):
        start -= 1
    last = end
    while last < len(text) and _inside(text[last]):
        last += 1
    return start, last, _particle(text[end:last])


def _inside(char: str) -> bool:
    return char.isalnum() or char in "\u200b\u200c\u200d\u2060\ufeff\u00ad"


def _particle(tail: str) -> str:
    """A particle in a form that does not depend on the word before it; "" for everything else.

    Example:
        >>> _particle("를"), _particle("에서"), _particle("수염")
        ('을(를)', '에서', '')
    """
    pair = josa_pair(tail)
    if pair != tail:
        closed, opened = pair.split("/")
        return f"{closed}({opened})"
    # Fits after a consonant, after ㄹ and after a vowel alike.
    return tail if tail and all(stem + tail in josa_forms(stem) for stem in ("각", "갈", "가")) else ""
