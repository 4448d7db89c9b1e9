"""Marked sentences to rows of token ids in which both opening marks can be found.

A sentence that is too long loses what stands furthest from its two entities, never an entity or its mark.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import DataError, OptionError
from gongbang.tasks.windows import copy_tokenizer, pad_rows, plain_ids, special_id, special_ids, unknown_id
from gongbang.text.markers import Marked, MarkerStyle, marks_of

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_PAD_TOKENS = ("<pad>", "[PAD]")
_LEAST_LENGTH = 16  # special tokens, two entities, and their typed marks


@dataclass(frozen=True, slots=True)
class MarkedRow:
    """One sentence as tokens.

    Attributes:
        ids: (time,) token ids, special tokens included.
        subject, object: places in ``ids`` of the first token of each opening mark.
        cropped: whether a part of the sentence was left out.
    """

    ids: NDArray[np.int64]
    subject: int
    object: int
    cropped: bool


class MarkedRows:
    """Makes rows of marked sentences, each with the query that is shown before it, if any.

    Args:
        tokenizer: a `tokenizers` tokenizer; a private copy is made.
        max_length: tokens in a row, special tokens included.
        style: how entities are marked.

    Raises:
        OptionError: ``max_length`` is too small, or the tokenizer cannot tell the marks of the subject from
            those of the object.
    """

    def __init__(self, tokenizer: Tokenizer, *, max_length: int, style: MarkerStyle) -> None:
        if max_length < _LEAST_LENGTH:
            raise OptionError(
                "max_length is too small.",
                value=max_length,
                allowed=f"{_LEAST_LENGTH} or more",
                cure="Raise max_length.",
            )
        self.max_length = max_length
        self._tokenizer = copy_tokenizer(tokenizer)
        self._pad = special_id(tokenizer, _PAD_TOKENS, "padding")
        self._special = special_ids(tokenizer)
        self._unknown = unknown_id(tokenizer)
        _check_marks(self._tokenizer, style)

    def cut(
        self, marked: Sequence[Marked], queries: Sequence[str] | None, names: Sequence[str]
    ) -> list[MarkedRow]:
        """A row a sentence.

        Args:
            marked: (n,) sentences with their marks.
            queries: (n,) what stands before each; nothing when None.
            names: (n,) ids of the records, for what is said of one that does not fit.

        Raises:
            DataError: the entities, and what stands between them, are longer than a row.
        """
        sentences = self._encode([one.text for one in marked])
        shown = [None] * len(marked) if queries is None else self._encode(queries)
        return [self._row(*parts) for parts in zip(marked, sentences, shown, names, strict=True)]

    def _encode(self, texts: Sequence[str]) -> list[Encoding]:
        return list(self._tokenizer.encode_batch(list(texts), add_special_tokens=False))

    def _row(self, marked: Marked, sentence: Encoding, query: Encoding | None, name: str) -> MarkedRow:
        frame = self._tokenizer.num_special_tokens_to_add(query is not None)
        room = self.max_length - frame - (0 if query is None else len(query.ids))
        whole = len(sentence.ids)
        first, last = crop(*_reach(marked, sentence), whole, room) or (0, 0)
        if last <= first:
            raise _too_long(marked, name, self.max_length, query is not None)
        cropped = last - first < whole
        if cropped:
            sentence.truncate(last, direction="right")
            sentence.truncate(last - first, direction="left")
        pair = (sentence,) if query is None else (query, sentence)
        row = self._tokenizer.post_process(*pair)
        ids = plain_ids(row, self._special, self._unknown)
        own = np.array([part == len(pair) - 1 for part in row.sequence_ids], dtype=bool)
        offsets = np.asarray(row.offsets, dtype=np.int64).reshape(-1, 2)
        return MarkedRow(
            ids, _token_at(marked.subject, offsets, own), _token_at(marked.object, offsets, own), cropped
        )

    def arrays(self, rows: Sequence[MarkedRow]) -> dict[str, NDArray[np.int64]]:
        """``input_ids``, ``attention_mask``, ``subject_mask`` and ``object_mask``, each (rows, longest).

        The last two are 1 at the first token of the opening mark and 0 elsewhere.
        """
        ids = [row.ids for row in rows]
        return {
            "input_ids": pad_rows(ids, self._pad),
            "attention_mask": pad_rows([np.ones_like(row) for row in ids], 0),
            "subject_mask": pad_rows([_one_at(row.subject, len(row.ids)) for row in rows], 0),
            "object_mask": pad_rows([_one_at(row.object, len(row.ids)) for row in rows], 0),
        }


def crop(first: int, last: int, length: int, room: int) -> tuple[int, int] | None:
    """Which of ``length`` tokens to keep so that ``[first, last)`` is among them; None where it cannot be.

    What room is left goes to both sides alike; what one side cannot use goes to the other.

    Example:
        >>> crop(4, 6, 10, 6), crop(1, 3, 10, 6), crop(4, 6, 5, 8), crop(0, 9, 10, 6)
        ((2, 8), (0, 6), (0, 5), None)
    """
    if length <= room:
        return 0, length
    spare = room - (last - first)
    if spare < 0:
        return None
    right = min(length - last, spare - min(first, spare // 2))
    left = min(first, spare - right)
    return first - left, last + right


def _reach(marked: Marked, sentence: Encoding) -> tuple[int, int]:
    """First and last (exclusive) token between the outermost marks, these included."""
    start, end = marked.marks[0][0], marked.marks[-1][1]
    offsets = np.asarray(sentence.offsets, dtype=np.int64).reshape(-1, 2)
    inside = np.flatnonzero((offsets[:, 1] > start) & (offsets[:, 0] < end))
    return (int(inside[0]), int(inside[-1]) + 1) if len(inside) else (0, 0)


def _token_at(place: int, offsets: NDArray[np.int64], own: NDArray[np.bool_]) -> int:
    """The sentence's token that holds this character.

    A vocabulary without ``▁@`` reads it as ``▁`` and ``@``, both said to stand at the first character of a
    text: the last token there is the mark. Where a tokenizer drops the character, it is the token after it.
    """
    beyond = own & (offsets[:, 1] > place)
    holding = np.flatnonzero(beyond & (offsets[:, 0] <= place))
    return int(holding[-1]) if len(holding) else int(np.flatnonzero(beyond)[0])


def _one_at(place: int, length: int) -> NDArray[np.int64]:
    row = np.zeros(length, dtype=np.int64)
    row[place] = 1
    return row


def _check_marks(tokenizer: Tokenizer, style: MarkerStyle) -> None:
    marks = [marks_of(is_object, style=style)[0] for is_object in (False, True)]
    subject, object_ = (tokenizer.encode(mark, add_special_tokens=False).ids for mark in marks)
    if subject == object_ or not subject or not object_:
        raise OptionError(
            "the tokenizer reads the marks of subject and object alike.",
            value=f"style={style}: {marks[0]} and {marks[1]} are {subject} and {object_}",
            allowed="marks that the vocabulary tells apart",
            cure="Choose another style, or a tokenizer whose vocabulary has these characters.",
        )


def _too_long(marked: Marked, name: str, room: int, query: bool) -> DataError:
    start, end = marked.marks[0][0], marked.marks[-1][1]
    shorter = "switch query off, " if query else ""
    return DataError(
        f"record '{name}': its entities and what stands between them do not fit into a row.",
        value=marked.text[start:end],
        allowed=f"at most max_length={room} tokens with the special ones",
        cure=f"Raise max_length, {shorter}or shorten the sentence between its entities.",
        field="text",
    )
