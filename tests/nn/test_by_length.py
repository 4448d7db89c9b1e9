"""Pieces of like length give what the whole batch gives, forward and backward, and read less padding."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gongbang.nn.by_length import states_by_length
from gongbang.nn.respond import BiModel, PolyModel, PolyOptions
from tests.nn.test_respond import WIDTH, Words, batch_of


class Counting(nn.Module):
    """An encoder that notes how many places it was shown."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.words = Words()
        self.config = self.words.config
        self.places = 0

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **more: Any) -> Any:
        self.places += input_ids.numel()
        return self.words(input_ids, attention_mask, **more)


def texts(lengths: list[int]) -> tuple[Tensor, Tensor]:
    mask = (torch.arange(max(lengths))[None, :] < torch.tensor(lengths)[:, None]).long()
    ids = torch.randint(1, 50, mask.shape, generator=torch.Generator().manual_seed(1)) * mask
    return ids, mask


LENGTHS = [1 + (7 * row) % 23 for row in range(130)]


def test_pieces_are_the_whole_on_real_tokens():
    encoder = Counting()
    ids, mask = texts(LENGTHS)
    whole = encoder(ids, mask).last_hidden_state
    encoder.places = 0
    pieces = states_by_length(encoder, ids, mask)
    assert pieces.shape == whole.shape
    torch.testing.assert_close(pieces * mask[:, :, None], whole * mask[:, :, None])
    assert encoder.places < 0.7 * ids.numel()


def test_a_gap_in_a_mask_cuts_nothing_off():
    encoder = Counting()
    ids, mask = texts([5] * 64)
    mask[0, 1:4] = 0  # one real token in front, one behind
    torch.testing.assert_close(
        states_by_length(encoder, ids, mask), encoder(ids, mask).last_hidden_state, rtol=1e-5, atol=1e-6
    )


def test_a_small_batch_is_one_piece():
    encoder = Counting()
    ids, mask = texts([1, 9])
    assert states_by_length(encoder, ids, mask).shape == (2, 9, WIDTH)
    assert encoder.places == ids.numel()


@pytest.mark.parametrize("kind", ["bi", "poly"])
def test_loss_and_gradient_are_those_of_the_rows_in_any_order_and_with_any_padding(kind: str):
    make = {"bi": BiModel, "poly": PolyModel}[kind]
    options = {"options": PolyOptions(vectors=3)} if kind == "poly" else {}
    contexts = [[1 + (row * 5 + at) % 49 for at in range(1 + row % 9)] for row in range(70)]
    responses = [[1 + (row * 3 + at) % 49 for at in range(1 + (row * 4) % 11)] for row in range(70)]
    torch.manual_seed(3)
    model = make(Words(), WIDTH, **options)
    told = []
    for order, more in ((range(70), 0), (range(69, -1, -1), 13)):
        batch = batch_of([contexts[row] for row in order], [responses[row] for row in order], more)
        model.zero_grad()
        loss = model.loss(batch)
        loss.backward()
        told.append((loss.detach(), model.encoder.table.weight.grad.clone()))
    torch.testing.assert_close(told[0][0], told[1][0])
    torch.testing.assert_close(told[0][1], told[1][1])
