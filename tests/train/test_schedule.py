"""Learning rates, by hand."""

from __future__ import annotations

import pytest
from torch import nn

from gongbang.train.schedule import factor, lowered, parameter_groups


@pytest.mark.parametrize(
    ("schedule", "values"),
    [
        ("linear", [0.0, 0.5, 1.0, 0.75, 0.5, 0.0, 0.0]),
        ("cosine", [0.0, 0.5, 1.0, 0.8535533905932737, 0.5, 0.0, 0.0]),
        ("constant", [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0]),
        ("plateau", [0.0, 0.5, 1.0, 1.0, 1.0, 1.0, 1.0]),
    ],
)
def test_values_along_a_run(schedule, values):
    steps = [0, 1, 2, 4, 6, 10, 12]
    assert [factor(s, total=10, warmup=2, schedule=schedule) for s in steps] == pytest.approx(values)


def test_without_warmup_it_begins_high():
    assert factor(0, total=4, warmup=0, schedule="linear") == 1.0


class Stack(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embeddings = nn.Embedding(3, 2)
        self.encoder = nn.Module()
        self.encoder.layer = nn.ModuleList([nn.Linear(2, 2), nn.Linear(2, 2)])
        self.LayerNorm = nn.LayerNorm(2)
        self.head = nn.Linear(2, 2)


def _by_name(model: nn.Module, **options: float) -> dict[str, tuple[float, float]]:
    names = {id(value): name for name, value in model.named_parameters()}
    groups = parameter_groups(model, **options)
    return {names[id(v)]: (group["lr"], group["weight_decay"]) for group in groups for v in group["params"]}


def test_lower_layers_learn_more_slowly_and_biases_are_not_decayed():
    found = _by_name(Stack(), learning_rate=1.0, weight_decay=0.1, layer_decay=0.5)
    assert found == {
        "embeddings.weight": (0.125, 0.1),
        "encoder.layer.0.weight": (0.25, 0.1),
        "encoder.layer.0.bias": (0.25, 0.0),
        "encoder.layer.1.weight": (0.5, 0.1),
        "encoder.layer.1.bias": (0.5, 0.0),
        "LayerNorm.weight": (1.0, 0.0),
        "LayerNorm.bias": (1.0, 0.0),
        "head.weight": (1.0, 0.1),
        "head.bias": (1.0, 0.0),
    }


def test_frozen_parameters_are_in_no_group():
    model = Stack()
    model.embeddings.requires_grad_(False)
    found = _by_name(model, learning_rate=2.0, weight_decay=0.0, layer_decay=1.0)
    assert "embeddings.weight" not in found and {rate for rate, _ in found.values()} == {2.0}


@pytest.mark.parametrize(
    ("values", "scales"),
    [
        ([1.0, 2.0, 3.0], [1.0, 1.0, 1.0]),
        ([3.0, 2.0, 2.0, 2.0, 2.0], [1.0, 1.0, 0.5, 0.5, 0.25]),
        ([3.0, 2.0, 4.0, 4.0, 4.0, 5.0], [1.0, 1.0, 1.0, 1.0, 0.5, 0.5]),  # to equal the best is no gain
    ],
)
def test_a_plateau_lowers_the_rate_and_a_gain_begins_anew(values, scales):
    found = [lowered(values[: n + 1], patience=2, factor=0.5) for n in range(len(values))]
    assert found == scales
