"""Turns and responses as texts: how they are written, and when two of them are the same."""

from __future__ import annotations

import re

from gongbang.data.splits import normalise_for_comparison

_LINE_ENDS = re.compile(r"\s*[\r\n]+\s*")


def one_line(turn: str) -> str:
    r"""A turn without line ends, which stand between turns: each becomes a blank.

    Example:
        >>> one_line(" 어서 오세요.\n무엇을 찾으세요? ")
        '어서 오세요. 무엇을 찾으세요?'
    """
    return _LINE_ENDS.sub(" ", turn).strip()


def same_key(text: str) -> str:
    """What equal contexts or responses share: letters and digits, or the text itself where it has neither.

    Example:
        >>> same_key("네, 좋아요!") == same_key("네 좋아요"), same_key("^^") == same_key("?!")
        (True, False)
    """
    return normalise_for_comparison(text) or text.strip()
