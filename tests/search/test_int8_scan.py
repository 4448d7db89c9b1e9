"""The scan in 8 bits multiplies rightly, and never errs by more than it says."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from gongbang.search import int8_scan
from gongbang.search.int8_scan import BLOCK, Blocks, Int8Scan, Rounded, rounded


def blocks_of(small: Rounded) -> Blocks:
    """The rows side by side, the last block filled up with what counts for nothing."""
    count, dimension = small.values.shape
    whole = -(-count // BLOCK)
    values = np.full((whole * BLOCK, dimension), 99, dtype=np.int8)
    values[:count] = small.values
    scales, sums = np.ones(whole * BLOCK, np.float32), np.zeros(whole * BLOCK, np.int32)
    scales[:count], sums[:count] = small.scales, small.sums
    side = np.ascontiguousarray(values.reshape(whole, BLOCK, dimension).transpose(0, 2, 1))
    return Blocks(side, scales.reshape(whole, BLOCK), sums.reshape(whole, BLOCK))


def vectors(seed: int, count: int, dimension: int) -> NDArray[np.float32]:
    """Rows of very different lengths, one of them zero."""
    rng = np.random.default_rng(seed)
    found = rng.standard_normal((count, dimension)) * 10 ** rng.uniform(-3, 3, (count, 1))
    found[0] = 0
    return found.astype(np.float32)


@pytest.mark.parametrize("dimension", [1, 5, 64, 384])
@pytest.mark.parametrize("levels", [127, 63])
def test_products_are_those_of_the_rounded_numbers(dimension: int, levels: int) -> None:
    rows = rounded(vectors(1, 300, dimension))
    query = vectors(2, 2, dimension)[1]
    scan = Int8Scan(1)
    if levels > scan._levels:
        pytest.skip("products of so many levels overflow on this processor, and are not used there")
    scan._levels = levels
    step = np.abs(query).max() / levels
    wide = np.rint(query / step) * step
    expected = (rows.values * rows.scales[:, None].astype(np.float64)) @ wide
    found = scan.products(query, blocks_of(rows))[:300]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6 * np.abs(expected).max())
    assert rows.scales[0] == 0 and found[0] == 0


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10_000),
    dimension=st.sampled_from([1, 3, 32, 384]),
    levels=st.sampled_from([127, 63]),
    size=st.floats(1e-3, 1e3),
)
def test_no_product_is_further_away_than_the_margin(
    seed: int, dimension: int, levels: int, size: float
) -> None:
    exact = vectors(seed, 40, dimension)
    query = (vectors(seed + 1, 2, dimension)[1] * size).astype(np.float32)
    rows = rounded(exact)
    scan = Int8Scan(1)
    scan._levels = min(levels, scan._levels)  # more than it chose by itself would overflow here
    found = scan.products(query, blocks_of(rows))[:40].astype(np.float64)
    away = np.abs(found - exact.astype(np.float64) @ query.astype(np.float64)).max()
    assert away <= scan.margin(query, rows.residual, rows.longest)


def test_a_query_of_zeros_scores_zero() -> None:
    rows = rounded(vectors(3, 10, 8))
    scan = Int8Scan(1)
    zeros = np.zeros(8, dtype=np.float32)
    assert not scan.products(zeros, blocks_of(rows))[:10].any()
    assert scan.margin(zeros, rows.residual, rows.longest) == 0


def test_a_processor_that_overflows_gets_smaller_factors(monkeypatch: pytest.MonkeyPatch) -> None:
    class Overflowing:
        """Adds two products in 16 bits, as AVX2 does without VNNI."""

        def run(self, _: None, given: dict[str, NDArray[Any]]) -> list[NDArray[np.int32]]:
            products = given["query"][0][:, None].astype(np.int64) * given["rows"]  # (1, dimension, BLOCK)
            pairs = products[:, 0::2] + products[:, 1::2]
            return [np.clip(pairs, -32768, 32767).sum(axis=1, keepdims=True).astype(np.int32)]

    monkeypatch.setattr(int8_scan, "_session", lambda _: Overflowing())
    scan = Int8Scan()
    assert scan._levels == 63
    exact = vectors(4, 50, 16)
    query, rows = vectors(5, 2, 16)[1], rounded(exact)
    away = np.abs(scan.products(query, blocks_of(rows))[:50] - exact @ query).max()
    assert away <= scan.margin(query, rows.residual, rows.longest)


def test_the_graph_is_what_the_package_onnx_would_write() -> None:
    onnx = pytest.importorskip("onnx", reason="the package onnx checks the graph")
    model = onnx.load_from_string(int8_scan._graph())
    onnx.checker.check_model(model)
    (node,) = model.graph.node
    assert (node.op_type, list(node.input), list(node.output)) == (
        "MatMulInteger",
        ["query", "rows"],
        ["sums"],
    )
    assert [value.type.tensor_type.elem_type for value in model.graph.input] == [
        onnx.TensorProto.UINT8,
        onnx.TensorProto.INT8,
    ]
