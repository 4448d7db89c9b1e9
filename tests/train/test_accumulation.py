"""Accumulated batches are one large batch, however many rows each of them has."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from gongbang.tasks.base import Features
from gongbang.train.gear import batch_weights
from gongbang.train.loop import Loop
from tests.train.test_loop import rows, settings


class Layers(nn.Module):
    """Two layers and a mean loss over rows."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(5)
        self.first, self.second = nn.Linear(3, 4), nn.Linear(4, 1)

    def loss(self, batch):
        # Batches are cut to their longest row.
        x = nn.functional.pad(batch["input_ids"].float(), (0, 3 - batch["input_ids"].shape[1]))
        return (self.second(torch.tanh(self.first(x))) - x.sum(dim=1, keepdim=True)).square().mean()


def first_gradient(
    folder: Path, features: Features, batch_size: int, accumulate: int
) -> dict[str, torch.Tensor]:
    """What AdamW's first moments say of the first step's gradient."""
    model = Layers()
    loop = Loop(
        model=model,
        features=features,
        settings=settings(batch_size=batch_size, accumulate=accumulate, epochs=1, max_grad_norm=1e9),
        folder=folder,
    )
    loop.run(max_steps=1)
    from safetensors.torch import load_file

    return {**load_file(folder / "last" / "optimizer.safetensors"), **model.state_dict()}


@pytest.mark.parametrize(
    ("count", "accumulate"),
    [(16, 2), (16, 4), (11, 2), (13, 4), (8, 2)],
    ids=["alike", "four", "a short last batch", "four, the last of one row", "fewer batches than accumulate"],
)
def test_the_first_update_is_that_of_one_large_batch(tmp_path: Path, count: int, accumulate: int):
    features, small = rows(count), -(-16 // accumulate)
    large = first_gradient(tmp_path / "large", features, 16, 1)
    parts = first_gradient(tmp_path / "parts", features, small, accumulate)
    assert large.keys() == parts.keys()
    for name, value in large.items():
        assert torch.allclose(value, parts[name], atol=1e-6, rtol=0.0), name


def test_weights_by_hand():
    assert batch_weights([4, 4, 4, 2, 4], 2) == pytest.approx([1.0, 1.0, 4 / 3, 2 / 3, 2.0])
    assert batch_weights([4, 1], 1) == [1.0, 1.0]
