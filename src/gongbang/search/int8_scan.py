"""Dot products of a query with many rows in 8 bits, and how far they may be from the exact ones.

NumPy multiplies integers without vector instructions; onnxruntime's ``MatMulInteger`` has them (VNNI, dot
products of NEON) and reads the rows where they are mapped. One query then costs what reading the rows
costs. docs/decisions/0024-candidate-store.md has the measurements.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gongbang.search.onnx_sessions import session_options

BLOCK = 256  # rows of a block: wider ones are read in strides that the processor does not foresee

_TOP = 127  # rows are integers from -127 to 127
_SLACK = 1e-6  # rounding of the float32 arithmetic behind the integers, of the product of two lengths


@dataclass(frozen=True, slots=True)
class Rounded:
    """Rows in 8 bits: ``values * scales[:, None]`` is what was rounded, but for ``residual``.

    Attributes:
        values: (n, dimension) int8. scales: (n,). sums: (n,) of the values of each row.
        residual: length of the largest difference between a row and what it was rounded to.
        longest: length of the longest of the rows as they are rounded.
    """

    values: NDArray[np.int8]
    scales: NDArray[np.float32]
    sums: NDArray[np.int32]
    residual: float
    longest: float


def rounded(vectors: NDArray[np.float32]) -> Rounded:
    """Each row in steps of a 127th of its largest number.

    Example:
        >>> found = rounded(np.array([[127.0, -2.4], [0.0, 0.0]], dtype=np.float32))
        >>> found.values.tolist(), found.scales.tolist(), round(found.residual, 6)
        ([[127, -2], [0, 0]], [1.0, 0.0], 0.4)
    """
    scales = (np.abs(vectors).max(axis=1, initial=0.0) / _TOP).astype(np.float32)
    whole = np.rint(vectors / np.where(scales > 0, scales, 1)[:, None])
    values = whole.astype(np.int8)
    again = whole * scales[:, None]
    return Rounded(
        values,
        scales,
        values.sum(axis=1, dtype=np.int32),
        float(np.linalg.norm(vectors - again, axis=1).max(initial=0.0)),
        float(np.linalg.norm(again, axis=1).max(initial=0.0)),
    )


@dataclass(frozen=True, slots=True)
class Blocks:
    """Rows in 8 bits as they are scanned, ``BLOCK`` of them side by side.

    Attributes:
        values: (blocks, dimension, BLOCK) int8.
        scales: (blocks, BLOCK). sums: (blocks, BLOCK).
    """

    values: NDArray[np.int8]
    scales: NDArray[np.float32]
    sums: NDArray[np.int32]

    def __getitem__(self, part: slice) -> Blocks:
        return Blocks(self.values[part], self.scales[part], self.sums[part])

    def __len__(self) -> int:
        return len(self.values)


class Int8Scan:
    """Multiplies a query with blocks.

    Args:
        threads: of the processor; as many as onnxruntime takes by itself when None.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._session = _session(threads or 0)
        # Processors without VNNI add two products in 16 bits, which overflow where both factors are large.
        self._levels = _TOP if _is_exact(self._session, 2 * _TOP + 1) else _TOP // 2

    def products(self, query: NDArray[np.float32], blocks: Blocks) -> NDArray[np.float32]:
        """(blocks * BLOCK,) dot products of a query, (dimension,), with the rows as they are rounded."""
        values, step = self._steps(query)
        (sums,) = self._session.run(None, {"query": values[None], "rows": blocks.values})
        sums = sums.reshape(blocks.sums.shape)
        sums -= np.int32(self._levels + 1) * blocks.sums
        found = sums.astype(np.float32)
        found *= blocks.scales
        found *= step
        return np.asarray(found.reshape(-1))

    def margin(self, query: NDArray[np.float32], residual: float, longest: float) -> float:
        """How far :meth:`products` are at most from the dot products that are not rounded.

        With x and q rounded to x' and q', ``x q - x' q' = (x - x') q + x' (q - q')``, and a dot product is
        at most the product of the two lengths.

        Args:
            query: (dimension,). residual, longest: see :class:`Rounded`, of all rows.
        """
        values, step = self._steps(query)
        again = (values.astype(np.float64) - (self._levels + 1)) * float(step)
        length = float(np.linalg.norm(query.astype(np.float64)))
        lost = float(np.linalg.norm(query - again))
        return residual * length + longest * lost + _SLACK * longest * (length + lost)

    def _steps(self, query: NDArray[np.float32]) -> tuple[NDArray[np.uint8], np.float32]:
        """The query in 8 bits, moved by ``levels + 1`` to be above 0, and the step between two values."""
        step = np.float32(np.abs(query).max() / self._levels)
        whole = np.rint(query / step) if step > 0 else np.zeros_like(query)
        return (whole + (self._levels + 1)).astype(np.uint8), step


def _is_exact(session: Any, largest: int) -> bool:
    """Whether sums of products with ``largest`` come out right."""
    query = np.full((1, 64), largest, dtype=np.uint8)
    rows = np.full((1, 64, BLOCK), _TOP, dtype=np.int8)
    return bool((session.run(None, {"query": query, "rows": rows})[0] == 64 * largest * _TOP).all())


@lru_cache(maxsize=4)
def _session(threads: int) -> Any:
    import onnxruntime

    options = session_options(threads)
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # idle threads cost nothing
    return onnxruntime.InferenceSession(_graph(), options, providers=["CPUExecutionProvider"])


def _graph() -> bytes:
    """The ONNX file of one node, by hand: the package ``onnx`` is none that serving needs.

    Each line is a message of onnx.proto, its fields as (number, contents).
    """
    uint8, int8, int32 = 2, 3, 6

    def value(name: bytes, kind: int, axes: int) -> bytes:
        shape = _fields(*[(1, b"")] * axes)
        return _fields((1, name), (2, _fields((1, bytes([1 << 3, kind]) + _fields((2, shape))))))

    node = _fields((1, b"query"), (1, b"rows"), (2, b"sums"), (4, b"MatMulInteger"))
    inputs = [(11, value(b"query", uint8, 2)), (11, value(b"rows", int8, 3))]
    graph = _fields((1, node), (2, b"s"), *inputs, (12, value(b"sums", int32, 3)))
    ir_version, opset = bytes([1 << 3, 8]), bytes([2 << 3, 10])
    return ir_version + _fields((7, graph), (8, opset))


def _fields(*fields: tuple[int, bytes]) -> bytes:
    """Fields of a protobuf message, each shorter than 128 bytes."""
    return b"".join(bytes([number << 3 | 2, len(held)]) + held for number, held in fields)
