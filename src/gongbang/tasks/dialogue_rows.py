"""Contexts and responses as rows of token ids.

Turns are parted by the token that the tokenizer itself puts between two texts (``</s>``, ``[SEP]``). No token
is added to the vocabulary, so there are no weights to resize and none that start untrained. Special tokens in
what people wrote stay text. Of a long context the last tokens are kept, of a long response the first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gongbang.errors import ArtifactError, OptionError
from gongbang.tasks.windows import copy_tokenizer, pad_rows, plain_ids, special_id, special_ids, unknown_id

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Ids = NDArray[np.int64]
_PAD_TOKENS = ("<pad>", "[PAD]")


@dataclass(frozen=True, slots=True)
class _Frame:
    """The special tokens that the tokenizer puts before, between and after two texts, and their types."""

    start: Ids
    middle: Ids
    end: Ids
    types: tuple[int, int]
    middle_types: Ids


class DialogueRows:
    """Makes rows of contexts, of responses, and of both beside each other.

    Args:
        tokenizer: a `tokenizers` tokenizer; a private copy is made.
        max_context: tokens of a context, special tokens and prefix included.
        max_response: tokens of a response, likewise.
        turns: how many of the last turns are shown.
        context_prefix, response_prefix: what is put before each.

    Raises:
        OptionError: a limit leaves no room for a text, or no turn is to be shown.
        ArtifactError: the tokenizer puts nothing between two texts.
    """

    def __init__(
        self,
        tokenizer: Tokenizer,
        *,
        max_context: int,
        max_response: int,
        turns: int,
        context_prefix: str = "",
        response_prefix: str = "",
    ) -> None:
        self._plain = copy_tokenizer(tokenizer)
        self._special = special_ids(tokenizer)
        self._unknown = unknown_id(tokenizer)
        self.pad_id = special_id(tokenizer, _PAD_TOKENS, "padding")
        self._frame = self._framed()
        self._turns = turns
        self._context_prefix, self._response_prefix = self._encode([context_prefix, response_prefix])
        around = len(self._frame.start) + len(self._frame.end)
        self._context_room = max_context - around - len(self._context_prefix)
        self._response_room = max_response - around - len(self._response_prefix)
        for name, value, least in (
            ("max_context", max_context, max_context - self._context_room + 1),
            ("max_response", max_response, max_response - self._response_room + 1),
            ("turns", turns, 1),
        ):
            if value < least:
                raise OptionError(
                    f"{name} is too small.", value=value, allowed=f"{least} or more", cure=f"Raise {name}."
                )

    def contexts(self, texts: Sequence[str]) -> list[Ids]:
        """The row of each context, its turns a line each; special tokens alone where it is blank."""
        return [self._row(self._context_prefix, body) for body in self._contexts(texts)]

    def responses(self, texts: Sequence[str]) -> list[Ids]:
        """The row of each response; special tokens alone where it is blank."""
        return [self._row(self._response_prefix, body) for body in self._responses(texts)]

    def pairs(self, contexts: Sequence[str], responses: Sequence[str]) -> list[tuple[Ids, Ids]]:
        """The rows of contexts and responses beside each other, each with its token types."""
        frame, rows = self._frame, []
        for context, response in zip(self._contexts(contexts), self._responses(responses), strict=True):
            first = np.concatenate([frame.start, self._context_prefix, context])
            second = np.concatenate([self._response_prefix, response, frame.end])
            types = np.concatenate(
                [
                    np.full(len(first), frame.types[0]),
                    frame.middle_types,
                    np.full(len(second), frame.types[1]),
                ]
            )
            rows.append((np.concatenate([first, frame.middle, second]), types))
        return rows

    def padded(self, rows: Sequence[Ids], prefix: str = "") -> dict[str, Ids]:
        """``input_ids`` and ``attention_mask`` of rows, each (n, longest), the prefix before their names."""
        return {
            f"{prefix}input_ids": pad_rows(rows, self.pad_id),
            f"{prefix}attention_mask": pad_rows([np.ones_like(row) for row in rows], 0),
        }

    def _row(self, prefix: Ids, body: Ids) -> Ids:
        if not len(body):
            return np.concatenate([self._frame.start, self._frame.end])
        return np.concatenate([self._frame.start, prefix, body, self._frame.end])

    def _contexts(self, texts: Sequence[str]) -> list[Ids]:
        """The ids of each context's last turns, a separator between, of which the last tokens are kept."""
        split = [[turn for turn in text.split("\n") if turn.strip()][-self._turns :] for text in texts]
        distinct = list(dict.fromkeys(turn for turns in split for turn in turns))
        ids = dict(zip(distinct, self._encode(distinct), strict=True))
        separator = self._frame.middle[:1]
        bodies = []
        for turns in split:
            parts = [part for turn in turns for part in (separator, ids[turn])][1:]
            body = np.concatenate(parts)[-self._context_room :] if parts else np.zeros(0, dtype=np.int64)
            # Cut at the border of two turns, it would begin with what parts them.
            bodies.append(body[1:] if len(body) and body[0] == separator[0] else body)
        return bodies

    def _responses(self, texts: Sequence[str]) -> list[Ids]:
        distinct = list(dict.fromkeys(texts))
        ids = dict(zip(distinct, self._encode(distinct), strict=True))
        return [ids[text][: self._response_room] for text in texts]

    def _encode(self, texts: Sequence[str]) -> list[Ids]:
        encodings = self._plain.encode_batch([text.strip() for text in texts], add_special_tokens=False)
        return [plain_ids(encoding, self._special, self._unknown) for encoding in encodings]

    def _framed(self) -> _Frame:
        encoding = self._plain.encode("a", "b")
        ids = np.asarray(encoding.ids, dtype=np.int64)
        types = np.asarray(encoding.type_ids, dtype=np.int64)
        owner = np.array([-1 if part is None else part for part in encoding.sequence_ids])
        first, second = np.flatnonzero(owner == 0), np.flatnonzero(owner == 1)
        middle = slice(int(first[-1]) + 1, int(second[0]))
        if not len(ids[middle]):
            raise ArtifactError(
                "the tokenizer puts nothing between two texts, so turns cannot be told apart.",
                value=" ".join(encoding.tokens),
                allowed="a tokenizer whose pairs have a separator, such as </s> or [SEP]",
                cure="Use the tokenizer.json that was saved with the model's weights.",
            )
        return _Frame(
            ids[: first[0]],
            ids[middle],
            ids[second[-1] + 1 :],
            (int(types[first[0]]), int(types[second[0]])),
            types[middle],
        )
