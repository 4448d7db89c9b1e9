"""Question and passage to windows of token ids, with the way back to characters.

The passage is cut into windows that overlap; the question (with the title, where the task shows it) is
repeated in each. The title stands on the question's side, so no span can ever contain it, and special
tokens are switched off inside the text, so a passage that contains ``</s>`` stays a passage.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import ArtifactError, OptionError

if TYPE_CHECKING:
    from tokenizers import Encoding, Tokenizer

_PAD_TOKENS = ("<pad>", "[PAD]")
_CLS_TOKENS = ("<s>", "[CLS]")
_UNK_TOKENS = ("<unk>", "[UNK]")


@dataclass(frozen=True, slots=True)
class Window:
    """One window. ``offsets`` is (time, 2) characters of the passage, -1 outside it."""

    ids: NDArray[np.int64]  # (time,)
    type_ids: NDArray[np.int64]  # (time,)
    offsets: NDArray[np.int64]  # (time, 2)


class Windower:
    """Cuts (question, passage) pairs into windows of at most ``max_length`` tokens.

    Args:
        tokenizer: a `tokenizers` tokenizer; a private copy is made, since truncation is its state.
        max_length: tokens in a window, special tokens included.
        stride: tokens that neighbouring windows share.
        max_question: tokens kept of the question; longer ones lose their end.

    Raises:
        OptionError: the lengths leave no room for the passage.
        ArtifactError: the tokenizer has no padding or no first token that it names in the usual way.
    """

    def __init__(self, tokenizer: Tokenizer, *, max_length: int, stride: int, max_question: int = 96) -> None:
        room = max_length - max_question - 8
        if stride < 0 or stride >= room:
            raise OptionError(
                "the stride leaves no new tokens in a window.",
                value=f"max_length={max_length}, stride={stride}, max_question={max_question}",
                allowed=f"0 <= stride < max_length - max_question - 8 = {room}",
                cure="Lower stride, or raise max_length.",
            )
        self.max_length = max_length
        self.stride = stride
        self.max_question = max_question
        self._plain = copy_tokenizer(tokenizer)
        self._pairs = copy_tokenizer(tokenizer)
        self._pairs.enable_truncation(max_length, stride=stride, strategy="only_second")
        self.pad_id = special_id(tokenizer, _PAD_TOKENS, "padding")
        self.cls_id = special_id(tokenizer, _CLS_TOKENS, "first")
        self._unk_id = unknown_id(tokenizer)
        self._special = special_ids(tokenizer)

    def cut(self, questions: Sequence[str], passages: Sequence[str]) -> list[list[Window]]:
        """The windows of each pair, in the passage's order; an empty passage gives one empty window."""
        questions = self._shorten(questions)
        encodings = self._pairs.encode_batch(list(zip(questions, passages, strict=True)))
        return [[self._window(part) for part in (whole, *whole.overflowing)] for whole in encodings]

    def _shorten(self, questions: Sequence[str]) -> list[str]:
        encodings = self._plain.encode_batch(list(questions), add_special_tokens=False)
        return [
            text
            if len(encoding.ids) <= self.max_question
            else text[: encoding.offsets[self.max_question - 1][1]]
            for text, encoding in zip(questions, encodings, strict=True)
        ]

    def _window(self, encoding: Encoding) -> Window:
        ids = plain_ids(encoding, self._special, self._unk_id)
        sequence = np.array([-1 if part is None else part for part in encoding.sequence_ids])
        offsets = np.asarray(encoding.offsets, dtype=np.int64).reshape(-1, 2)
        offsets[sequence != 1] = -1
        return Window(ids=ids, type_ids=np.asarray(encoding.type_ids, dtype=np.int64), offsets=offsets)


def copy_tokenizer(tokenizer: Tokenizer) -> Tokenizer:
    """A copy without padding and truncation that reads special tokens in a text as plain text."""
    from tokenizers import Tokenizer as _Tokenizer

    copy = _Tokenizer.from_str(tokenizer.to_str())
    copy.no_padding()
    copy.no_truncation()
    copy.encode_special_tokens = True
    return copy


def plain_ids(encoding: Encoding, special: NDArray[np.int64], unknown: int) -> NDArray[np.int64]:
    """(time,) the ids of an encoding, in which no text has become a special token.

    A unigram model finds ``</s>`` among its pieces even where special tokens are switched off.

    Args:
        encoding: of one text or a pair, framed by special tokens or not.
        special: :func:`special_ids` of the tokenizer. unknown: :func:`unknown_id` of it.
    """
    ids = np.asarray(encoding.ids, dtype=np.int64)
    text = np.array([part is not None for part in encoding.sequence_ids], dtype=bool)
    ids[text & np.isin(ids, special)] = unknown
    return ids


def special_ids(tokenizer: Tokenizer) -> NDArray[np.int64]:
    """The ids of the tokenizer's special tokens."""
    added = tokenizer.get_added_tokens_decoder()
    return np.array([token for token, entry in added.items() if entry.special], dtype=np.int64)


def unknown_id(tokenizer: Tokenizer) -> int:
    """The id of the tokenizer's unknown token."""
    return special_id(tokenizer, _UNK_TOKENS, "unknown")


def special_id(tokenizer: Tokenizer, names: Sequence[str], role: str) -> int:
    """The id of the first of ``names`` that the tokenizer knows."""
    for name in names:
        token = tokenizer.token_to_id(name)
        if token is not None:
            return int(token)
    raise ArtifactError(
        f"the tokenizer has no {role} token.",
        value=f"{tokenizer.get_vocab_size()} tokens",
        allowed=f"one of {', '.join(names)}",
        cure="Use the tokenizer.json that was saved with the model's weights.",
    )


def pad_rows(rows: Sequence[NDArray[np.int64]], value: int) -> NDArray[np.int64]:
    """Stack rows of unequal length into (rows, longest), filled up with ``value``.

    Example:
        >>> pad_rows([np.array([5, 6]), np.array([7])], 1)
        array([[5, 6],
               [7, 1]])
    """
    longest = max((len(row) for row in rows), default=0)
    padded = np.full((len(rows), longest), value, dtype=np.int64)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = row
    return padded


def token_span(offsets: NDArray[np.int64], start: int, end: int) -> tuple[int, int]:
    """First and last token that hold characters ``[start, end)``; (0, 0) unless all of them are here.

    Args:
        offsets: (time, 2) characters of each token, -1 outside the passage.

    Example:
        >>> token_span(np.array([[-1, -1], [0, 2], [2, 4]]), 1, 4)
        (1, 2)
    """
    inside = (offsets[:, 0] >= 0) & (offsets[:, 1] > start) & (offsets[:, 0] < end)
    tokens = np.flatnonzero(inside)
    if not len(tokens) or offsets[tokens[0], 0] > start or offsets[tokens[-1], 1] < end:
        return 0, 0
    return int(tokens[0]), int(tokens[-1])
