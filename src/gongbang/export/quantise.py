"""An ONNX file to 8-bit weights, one set of them for two graphs.

``model.onnx`` multiplies 8-bit activations with 8-bit weights (dynamic quantisation), which is what
onnxruntime does fastest; ``model.openvino.onnx`` unpacks the same weights and multiplies in bfloat16 or
float32, which is what openvino does fastest. Both read ``weights.bin`` and ``embedding.bin``, so the second
graph costs a few hundred kilobytes. The table of words stands in a file of its own, since artifacts of one
backbone have it alike and can share it (:mod:`gongbang.artifacts.shared`).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import onnx

DYNAMIC = "model.onnx"
UNPACKED = "model.openvino.onnx"
WEIGHTS = "weights.bin"
EMBEDDING = "embedding.bin"
Mode = Literal["full", "mixed", "weights"]
MODES: tuple[Mode, ...] = get_args(Mode)
"""From the quickest to the most exact; an export takes the first that passes its gate."""
_SMALL = 1024  # bytes; smaller tensors stay inside the graph
_LOOK_UPS = ("Gather", "GatherND")
_WORDS = 2048  # rows from which on a table that is looked up is one of words, not of places
_LOG = logging.getLogger(__name__)


def quantise_int8(source: Path, folder: Path, mode: Mode = "full") -> list[Path]:
    """Write the two graphs and their weights into ``folder``.

    Weights are quantised symmetrically with one scale a column (output channel). Activations are quantised
    with one scale a tensor, which costs most where a few of them are large: after the activation function
    of the feed-forward layers.

    Args:
        source: a float32 ONNX file.
        mode: ``full`` multiplies in 8 bits everywhere; ``mixed`` multiplies in float32 where a layer
            narrows (the second half of a feed-forward layer); ``weights`` multiplies in float32 everywhere.

    Returns:
        The files written: ``model.onnx``, ``model.openvino.onnx``, ``weights.bin`` and, where there is a
        table of words, ``embedding.bin``.
    """
    import onnx

    dynamic = _unpack_rest(_dynamic(source, folder, mode))
    unpacked = _unpack_rest(onnx.load(str(source)))
    stored = _externalise([(dynamic, folder / DYNAMIC), (unpacked, folder / UNPACKED)], folder)
    return [folder / DYNAMIC, folder / UNPACKED, *stored]


def _dynamic(source: Path, folder: Path, mode: Mode) -> onnx.ModelProto:
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic

    model = onnx.load(str(source))
    if mode == "weights":
        return model
    shapes = {tensor.name: tuple(tensor.dims) for tensor in model.graph.initializer}
    narrowing = [
        node.name
        for node in model.graph.node
        if node.op_type == "MatMul"
        and len(shape := shapes.get(node.input[1], ())) == 2
        and shape[0] > shape[1]
    ]
    # The quantiser turns products with a bias (Gemm) into plain ones and their matrix with them; shapes that
    # the exporter noted of that matrix would then contradict it, and it infers them anew in any case.
    del model.graph.value_info[:]
    plain, target = folder / "plain.onnx", folder / "dynamic.onnx"
    onnx.save(model, str(plain))
    root = logging.getLogger()
    before = root.level
    root.setLevel(logging.ERROR)  # it recommends a pre-processing step that this graph does not need
    try:
        quantize_dynamic(
            str(plain),
            str(target),
            weight_type=QuantType.QInt8,
            per_channel=True,
            op_types_to_quantize=["MatMul"],
            nodes_to_exclude=narrowing if mode == "mixed" else [],
            extra_options={"MatMulConstBOnly": True},
        )
    finally:
        root.setLevel(before)
    model = onnx.load(str(target))
    target.unlink()
    plain.unlink()
    return model


def _unpack_rest(model: onnx.ModelProto) -> onnx.ModelProto:
    """Each float weight of a matrix product replaced by its 8-bit codes, unpacked in the graph.

    The zero points are written though they are all 0: without them onnxruntime cannot turn the codes into
    unsigned ones, as it does where a processor would else overflow (:mod:`gongbang.search.onnx_sessions`).
    """
    from onnx import helper, numpy_helper

    multiplied = {node.input[1] for node in model.graph.node if node.op_type == "MatMul"}
    kept, unpacks = [], []
    for tensor in model.graph.initializer:
        if tensor.name not in multiplied or len(tensor.dims) != 2 or tensor.data_type != 1:
            kept.append(tensor)
            continue
        codes, scale = column_codes(numpy_helper.to_array(tensor))
        parts: dict[str, NDArray[Any]] = {
            f"{tensor.name}_codes": codes,
            f"{tensor.name}_steps": scale,
            f"{tensor.name}_zeros": np.zeros(len(scale), np.int8),
        }
        kept += [numpy_helper.from_array(array, name) for name, array in parts.items()]
        unpacks.append(
            helper.make_node(
                "DequantizeLinear", list(parts), [tensor.name], name=f"{tensor.name}_unpack", axis=1
            )
        )
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes = [*unpacks, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    return model


def column_codes(weight: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Symmetric 8-bit codes of a (inputs, outputs) matrix and one step a column.

    Example:
        >>> codes, steps = column_codes(np.array([[1.27], [-0.5]], dtype=np.float32))
        >>> codes.tolist(), round(float(steps[0]), 4)
        ([[127], [-50]], 0.01)
    """
    steps = (np.abs(weight).max(axis=0) / 127.0).astype(np.float32)
    steps[steps == 0] = 1.0
    codes = np.clip(np.rint(weight / steps), -127, 127).astype(np.int8)
    return codes, steps


def _externalise(models: list[tuple[onnx.ModelProto, Path]], folder: Path) -> list[Path]:
    """Move large tensors of all models into files beside them, equal ones once; gives the files.

    What the exporter notes at each node for its own debugging, three quarters of a graph, is dropped.
    """
    import onnx
    from onnx.external_data_helper import set_external_data

    places: dict[bytes, tuple[str, int]] = {}
    contents = {WEIGHTS: bytearray(), EMBEDDING: bytearray()}
    for model, path in models:
        words = _tables_of_words(model)
        for node in model.graph.node:
            node.ClearField("metadata_props")
        for tensor in model.graph.initializer:
            raw = onnx.numpy_helper.to_array(tensor).tobytes()
            if len(raw) < _SMALL:
                continue
            if raw not in places:
                name = EMBEDDING if tensor.name in words else WEIGHTS
                content = contents[name]
                content += b"\0" * (-len(content) % 64)  # aligned, so that it can be memory-mapped
                places[raw] = (name, len(content))
                content += raw
            name, offset = places[raw]
            tensor.raw_data = raw
            set_external_data(tensor, location=name, offset=offset, length=len(raw))
            tensor.ClearField("raw_data")
            for field in ("float_data", "int32_data", "int64_data"):
                tensor.ClearField(field)
        path.write_bytes(model.SerializeToString())
    written = [folder / name for name, content in contents.items() if content]
    for file in written:
        file.write_bytes(contents[file.name])
    return written


def _tables_of_words(model: onnx.ModelProto) -> set[str]:
    """Names of the tensors whose rows are looked up, as many as there are words."""
    looked_up = {node.input[0] for node in model.graph.node if node.op_type in _LOOK_UPS}
    return {
        tensor.name
        for tensor in model.graph.initializer
        if tensor.name in looked_up and len(tensor.dims) == 2 and tensor.dims[0] >= _WORDS
    }
