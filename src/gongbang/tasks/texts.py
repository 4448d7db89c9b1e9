"""One text, or two beside each other, to a row of token ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.tasks.windows import copy_tokenizer, pad_rows, plain_ids, special_id, special_ids, unknown_id

if TYPE_CHECKING:
    from tokenizers import Tokenizer

_PAD_TOKENS = ("<pad>", "[PAD]")
_LEAST_LENGTH = 4  # special tokens round one text, and something of it


class TextRows:
    """Texts and pairs of texts as rows of token ids.

    Of a pair the longer text is cut first, so that neither is lost; a single text loses its end, or its
    middle where ``keep`` is "ends": what a long review says last is often its verdict.

    Args:
        tokenizer: a `tokenizers` tokenizer; private copies are made, since truncation is their state.
        max_length: tokens in a row, special tokens included.
        keep: "start" or "ends" of a single text that is too long.

    Raises:
        OptionError: ``max_length`` leaves no room for a text.
    """

    def __init__(self, tokenizer: Tokenizer, *, max_length: int, keep: str = "start") -> None:
        if max_length < _LEAST_LENGTH:
            raise OptionError(
                "max_length is too small.",
                value=max_length,
                allowed=f"{_LEAST_LENGTH} or more",
                cure="Raise max_length.",
            )
        self.max_length = max_length
        self.keep = keep
        self._plain = copy_tokenizer(tokenizer)
        self._cut = copy_tokenizer(tokenizer)
        self._cut.enable_truncation(max_length, strategy="longest_first")
        self._pad = special_id(tokenizer, _PAD_TOKENS, "padding")
        self._special = special_ids(tokenizer)
        self._unknown = unknown_id(tokenizer)

    def rows(self, texts: Sequence[str], pairs: Sequence[str] | None = None) -> dict[str, NDArray[np.int64]]:
        """``input_ids``, ``attention_mask`` and ``token_type_ids``, each (n, longest).

        Args:
            texts: (n,) first or only texts.
            pairs: (n,) second texts; single texts when None.
        """
        if pairs is not None:
            encodings = self._cut.encode_batch(list(zip(texts, pairs, strict=True)))
            ids = [plain_ids(encoding, self._special, self._unknown) for encoding in encodings]
            types = [np.asarray(encoding.type_ids, dtype=np.int64) for encoding in encodings]
        else:
            tokenizer = self._plain if self.keep == "ends" else self._cut
            encodings = tokenizer.encode_batch(list(texts))
            ids = [self._ends(plain_ids(one, self._special, self._unknown)) for one in encodings]
            types = [np.zeros_like(row) for row in ids]
        return {
            "input_ids": pad_rows(ids, self._pad),
            "attention_mask": pad_rows([np.ones_like(row) for row in ids], 0),
            "token_type_ids": pad_rows(types, 0),
        }

    def _ends(self, ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The row without its middle, where it is too long."""
        if len(ids) <= self.max_length:
            return ids
        head = (self.max_length + 1) // 2
        return np.concatenate([ids[:head], ids[head - self.max_length :]])


def need_text(record: Record, name: str) -> str:
    """The record's text under ``name``.

    Raises:
        DataError: it is absent or blank.
    """
    text = record.fields.get(name, "")
    if not text.strip():
        raise DataError(
            f"record '{record.id}' has no {name}.",
            value=record.fields.get(name),
            allowed="a text that is not blank",
            cure=f"Fill in '{name}', or map the column that holds it.",
            field=name,
        )
    return text
