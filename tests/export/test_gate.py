"""The gate compares in points, whatever unit the primary metric has."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from gongbang.export.gate import Gate


@pytest.mark.parametrize(
    ("metric", "torch_metric", "served"),
    [("f1", 80.0, 79.4), ("accuracy", 0.8, 0.794), ("macro_f1", 0.8, 0.794), ("recall@1", 0.8, 0.794)],
)
def test_a_gate_of_half_a_point(metric: str, torch_metric: float, served: float):
    gate = Gate(SimpleNamespace(task=SimpleNamespace(primary_metric=metric)), [], 0.5, torch_metric)  # type: ignore[arg-type]
    assert gate.cost(served) == pytest.approx(0.6)
    assert not gate.passes(served)
    assert gate.passes(torch_metric) and gate.passes(torch_metric + 1.0)
