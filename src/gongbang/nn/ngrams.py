"""An encoder of no layers: each token's word embedding, and a learnt vector of it and of the pair it ends.

A bag of words and pairs (Joulin et al. 2017, "Bag of tricks for efficient text classification", sections 2
and 2.1), on the tokenizer and the word embeddings of a pretrained encoder. It trains in a minute, costs next
to nothing to serve, and errs elsewhere than an encoder with layers does, which is what an ensemble wants.
"""

from __future__ import annotations

from types import SimpleNamespace

import torch
from torch import Tensor, nn

from gongbang.errors import OptionError

BUCKETS = 1 << 17
"""Rows of the table that tokens and pairs of them are hashed into."""
WIDTH = 32
"""Of a row; it is projected to the width of the word embeddings."""

# Sums stay below 2^24, up to where a float32 counts exactly: openvino takes remainders of integers in floats.
_FACTOR, _BELOW = 251, 1 << 16
_POSITIONS = 4096  # that are promised; there is nothing that ends with them


class NgramEncoder(nn.Module):
    """Hidden states of tokens and token pairs, with nothing of the other tokens of a text in them.

    Args:
        words: (tokens, width) embedding of a pretrained encoder, whose tokenizer makes the ids.
        pad: id of the padding token.

    Example:
        >>> encoder = NgramEncoder(nn.Embedding(10, 64), pad=0)
        >>> ids = torch.tensor([[1, 5, 2]])
        >>> encoder(input_ids=ids, attention_mask=torch.ones_like(ids)).last_hidden_state.shape
        torch.Size([1, 3, 64])
    """

    contextual = False
    """A state tells nothing of the text but its own pair: only a mean of states tells of a text."""

    def __init__(self, words: nn.Embedding, *, pad: int) -> None:
        super().__init__()
        self.word_embeddings = words
        width = words.embedding_dim
        self.config = SimpleNamespace(
            model_type="ngrams",
            vocab_size=words.num_embeddings,
            hidden_size=width,
            max_position_embeddings=_POSITIONS,
            pad_token_id=pad,
        )
        self.ngrams = nn.Embedding(BUCKETS, WIDTH)
        self.projection = nn.Linear(WIDTH, width, bias=False)
        nn.init.normal_(self.ngrams.weight, std=0.01)  # it begins near the mean of the word embeddings
        nn.init.normal_(self.projection.weight, std=WIDTH**-0.5)

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> SimpleNamespace:
        """``last_hidden_state``, (batch, time, hidden_size), of ids and mask, both (batch, time)."""
        single, pair = hashed(input_ids)
        real = attention_mask[:, :, None].float()
        learnt = self.ngrams(single) + real * _shifted(real) * self.ngrams(pair)  # the first ends no pair
        return SimpleNamespace(last_hidden_state=self.word_embeddings(input_ids) + self.projection(learnt))

    def get_input_embeddings(self) -> nn.Module:
        """The word embedding, by the name that transformers has for it."""
        return self.word_embeddings

    def set_input_embeddings(self, words: nn.Module) -> None:
        """Put another word embedding in its place."""
        self.word_embeddings = words  # type: ignore[assignment]


def hashed(ids: Tensor) -> tuple[Tensor, Tensor]:
    """(batch, time) rows of the table: of each token, and of the pair that it and the one before it make.

    Example:
        >>> [rows.tolist() for rows in hashed(torch.tensor([[1, 2]]))]
        [[[1, 2]], [[1, 253]]]
    """
    return ids % BUCKETS, (_shifted(ids) % _BELOW * _FACTOR + ids) % BUCKETS


def _shifted(tokens: Tensor) -> Tensor:
    """What stands before each token, along the second dimension; 0 before the first."""
    return torch.cat([torch.zeros_like(tokens[:, :1]), tokens[:, :-1]], dim=1)


def is_contextual(encoder: nn.Module) -> bool:
    """Whether an encoder's states know of the text around them, as those of every encoder with layers do."""
    return bool(getattr(encoder, "contextual", True))


def check_contextual(encoder: nn.Module, reader: str) -> None:
    """Refuse an encoder whose states know nothing of the text around them.

    Args:
        reader: what reads single states, in words.

    Raises:
        OptionError: the encoder is one of n-grams.
    """
    if not is_contextual(encoder):
        raise OptionError(
            f"a backbone of n-grams does not fit {reader}: its states know only a token and the one before.",
            value="backbone: ngrams:...",
            allowed="a mean of a text's states, e.g. classify and emotions with model.pool: mean",
            cure="Take the backbone without the prefix 'ngrams:'.",
        )
