"""What may be stored: the same on every database, checked before it is asked.

Errors carry the ``field``, and the file and the line where the value came from one.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import replace
from pathlib import Path
from typing import get_args

from gongbang.errors import DataError
from gongbang.serve.database.rows import Draft, NewTurn, Role, Verdict

MAX_TEXT = 16_000
"""Characters in a text: what MariaDB's TEXT (65,535 bytes) holds of the widest ones."""

MAX_LABEL = 64
MAX_ID = 2**63 - 1
MAX_LIMIT = 1000
_MAX_SEARCH = 200


def folded(text: str) -> str:
    """A text as it is searched: without the difference of case, width and composition.

    Example:
        >>> folded("ＡＢＣ") == folded("abc"), folded("\\u1100\\u1169\\u11bc") == folded("공")
        (True, True)
    """
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold())


def checked_draft(draft: Draft, path: Path | None = None, line: int | None = None) -> Draft:
    """The draft, if it may be stored.

    Args:
        draft: the new content of an answer.
        path: the file that it was read from, for the error, and line: its line (1-based).

    Raises:
        DataError: a blank text, one that is too long, or one with characters that cannot be stored.

    Example:
        >>> checked_draft(Draft("안녕하세요.", label="인사")).label
        '인사'
    """
    try:
        checked_text(draft.text, "text")
        checked_text(draft.question, "question", blank=True)
        checked_text(draft.label, "label", blank=True, longest=MAX_LABEL)
        if not isinstance(draft.active, bool):
            raise _error("true or false is needed.", draft.active, "true, false", "active")
    except DataError as err:
        raise located(err, path, line) from err
    return replace(draft)


def located(err: DataError, path: Path | None, line: int | None) -> DataError:
    """The same error with its place in a file."""
    what = err.what.removeprefix(f"field '{err.field}': ")
    return DataError(
        what, value=err.value, allowed=err.allowed, cure=err.cure, path=path, line=line, field=err.field
    )


def checked_text(value: object, field: str, *, blank: bool = False, longest: int = MAX_TEXT) -> str:
    """A text that every database gives back as it was.

    Args:
        value: the text.
        field: its name, for the error.
        blank: whether it may be empty or all spaces.
        longest: the most characters.

    Raises:
        DataError: it is none of these.
    """
    if not isinstance(value, str):
        raise _error(f"text is needed, this is {type(value).__name__}.", value, "a string", field)
    if not blank and not value.strip():
        raise _error("the text is blank.", value, "some text", field)
    if len(value) > longest:
        raise _error(f"the text has {len(value)} characters.", value, f"up to {longest}", field)
    if "\x00" in value:
        raise _error("the text holds a NUL character.", value, "text without U+0000", field)
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as err:
        what = "the text holds half a character."
        raise _error(what, ascii(value), "whole Unicode characters", field) from err
    return value


def checked_search(value: str) -> str:
    """What to search for, folded.

    Raises:
        DataError: too long, or with characters that no text holds.
    """
    return folded(checked_text(value, "search", blank=True, longest=_MAX_SEARCH))


def checked_number(value: int, field: str, *, least: int = 0, most: int = MAX_ID) -> int:
    """A whole number within bounds, both included.

    Raises:
        DataError: it is not.
    """
    if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
        return value
    raise _error("the number is out of bounds.", value, f"a whole number from {least} to {most}", field)


def checked_turn(turn: NewTurn) -> NewTurn:
    """The turn, if it may be stored.

    Raises:
        DataError: an unknown role, a text that cannot be stored, or a score that is no number.
    """
    if turn.role not in get_args(Role):
        raise _error("there is no such role.", turn.role, ", ".join(get_args(Role)), "role")
    checked_text(turn.text, "text", blank=True)
    for field in ("score", "latency_ms"):
        value = getattr(turn, field)
        if value is not None and not math.isfinite(value):
            raise _error("the number is not finite.", value, "a finite number", field)
    if turn.answer_id is not None:
        checked_number(turn.answer_id, "answer_id", least=1)
    return turn


def checked_verdict(verdict: str) -> Verdict:
    """The verdict, if there is such a one.

    Raises:
        DataError: there is not.
    """
    for known in get_args(Verdict):
        if verdict == known:
            return known  # type: ignore[no-any-return]
    raise _error("there is no such verdict.", verdict, ", ".join(get_args(Verdict)), "verdict")


def _error(what: str, value: object, allowed: str, field: str) -> DataError:
    return DataError(what, value=value, allowed=allowed, cure=f"Change '{field}'.", field=field)
