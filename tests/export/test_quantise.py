"""8-bit forms of a graph: the same numbers on every processor."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import helper, numpy_helper

from gongbang.export.quantise import MODES, column_codes, quantise_int8
from gongbang.search.onnx_sessions import session_options

WIDE, NARROW = 128, 64


@pytest.fixture
def weights():
    """(wide, narrow) and (narrow, wide): all large, so that two products of 8 bits do not fit into 16."""
    draw = np.random.default_rng(3)
    return [draw.uniform(0.9, 1.0, shape).astype(np.float32) for shape in ((WIDE, NARROW), (NARROW, WIDE))]


@pytest.fixture
def source(tmp_path: Path, weights) -> Path:
    """A float32 graph: y = x W1 W2, the first product narrowing."""
    shapes = [helper.make_tensor_value_info(name, 1, ["rows", WIDE]) for name in ("x", "y")]
    nodes = [
        helper.make_node("MatMul", ["x", "w1"], ["h"], name="narrowing"),
        helper.make_node("MatMul", ["h", "w2"], ["y"], name="widening"),
    ]
    stored = [numpy_helper.from_array(array, f"w{at}") for at, array in enumerate(weights, 1)]
    graph = helper.make_graph(nodes, "products", shapes[:1], shapes[1:], stored)
    path = tmp_path / "source.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10), str(path))
    return path


def unpacked(weight):
    codes, steps = column_codes(weight)
    return codes.astype(np.float64) * steps


def rounded(x):
    """Activations as dynamic quantisation rounds them: 256 steps from the least (or 0) to the largest."""
    step = (max(float(x.max()), 0.0) - min(float(x.min()), 0.0)) / 255
    zero = np.rint(-min(float(x.min()), 0.0) / step)
    return (np.clip(np.rint(x / step) + zero, 0, 255) - zero) * step


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("graph", ["model.onnx", "model.openvino.onnx"])
def test_products_are_those_of_the_rounded_numbers(tmp_path, source, weights, mode, graph):
    quantise_int8(source, tmp_path, mode)
    session = onnxruntime.InferenceSession(str(tmp_path / graph), session_options(1))
    x = np.random.default_rng(4).uniform(0.9, 1.0, (3, WIDE)).astype(np.float32)
    (found,) = session.run(None, {"x": x})
    first, second = (unpacked(weight) for weight in weights)
    in_8_bits = {"full": (True, True), "mixed": (False, True), "weights": (False, False)}[mode]
    narrow, wide = in_8_bits if graph == "model.onnx" else (False, False)
    h = (rounded(x) if narrow else x) @ first
    expected = (rounded(h) if wide else h) @ second
    assert found == pytest.approx(expected, rel=1e-3)
