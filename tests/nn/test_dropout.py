"""Dropout from bytes: what torch's does, but for the numbers."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gongbang.nn.dropout import ByteDropout, use_byte_dropout


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("p", [0.1, 0.5])
def test_the_share_and_the_mean(p: float, dtype: torch.dtype):
    torch.manual_seed(0)
    drop = ByteDropout(p)
    states = torch.full((100, 10_000), 3.0, dtype=dtype)
    dropped = drop(states)
    assert abs(drop.p - p) < 1 / 500
    assert float((dropped == 0).float().mean()) == pytest.approx(drop.p, abs=2e-3)
    kept = dropped[dropped != 0].float()
    assert kept.unique().numel() == 1
    assert float(kept[0]) == pytest.approx(3.0 / (1 - drop.p), rel=2**-8)  # bfloat16's own rounding


def test_every_place_of_a_word_is_as_likely():
    torch.manual_seed(1)
    shares = (ByteDropout(0.25)(torch.ones(200_000, 8)) == 0).float().mean(dim=0)
    assert float((shares - 0.25).abs().max()) < 5e-3


def test_the_gradient_flows_through_what_was_kept():
    torch.manual_seed(2)
    drop = ByteDropout(0.3)
    states = torch.randn(7, 13, requires_grad=True)
    dropped = drop(states)
    (gradient,) = torch.autograd.grad(dropped.sum(), states)
    torch.testing.assert_close(gradient, (dropped != 0) / (1 - drop.p))


def test_the_seed_decides_and_evaluation_does_nothing():
    drop, states = ByteDropout(0.5), torch.ones(64)
    torch.manual_seed(3)
    first = drop(states)
    torch.manual_seed(3)
    assert torch.equal(first, drop(states)) and not torch.equal(first, drop(states))
    assert drop.eval()(states) is states


@pytest.mark.parametrize(("p", "level"), [(0.0001, 1), (0.9999, 255)])
def test_no_probability_becomes_all_or_nothing(p: float, level: int):
    assert ByteDropout(p).level == level


def test_only_dropouts_that_are_on_are_replaced():
    model = nn.ModuleDict({"a": nn.Sequential(nn.Dropout(0.1)), "b": nn.Dropout(0.0), "c": nn.Linear(2, 2)})
    assert use_byte_dropout(model) == 1
    assert isinstance(model["a"][0], ByteDropout) and isinstance(model["b"], nn.Dropout)
