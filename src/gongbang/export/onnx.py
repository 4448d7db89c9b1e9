"""A torch model to an ONNX file, and the proof that both give the same numbers."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from gongbang.errors import ArtifactError
from gongbang.export.embedding import BLOCK, BlockEmbedding, rows_of, tables_of
from gongbang.nn.ensemble import encoders_of
from gongbang.search.onnx_sessions import session_options

OPSET = 23  # the first with an Attention operator, which both runtimes fuse
SHAPES = ((1, 17), (3, 64), (2, 384))  # (batch, time) at which the file is compared with torch
_LOG = logging.getLogger(__name__)


class _Outputs(nn.Module):
    """The model's forward pass with positional inputs and a tuple of outputs, as an exporter wants it."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model
        self.names = input_names(model)

    def forward(self, *inputs: Tensor) -> tuple[Tensor, ...]:
        outputs = self.model(**dict(zip(self.names, inputs, strict=True)))
        return tuple(outputs[name] for name in self.model.output_names)  # type: ignore[union-attr]


def compress_embedding(model: nn.Module) -> nn.Module:
    """A copy of the model whose large tables are :class:`BlockEmbedding`, one for all that share it."""
    model = copy.deepcopy(model).eval()
    packed: dict[int, BlockEmbedding] = {}
    for encoder in encoders_of(model):
        for name, table in tables_of(encoder).items():
            rows = rows_of(table)
            if rows.shape[1] % BLOCK == 0:
                if id(table) not in packed:
                    packed[id(table)] = BlockEmbedding(rows)
                encoder.set_submodule(name, packed[id(table)])
    return model


def input_names(model: nn.Module) -> tuple[str, ...]:
    """The names of the exported model's inputs, in order."""
    named: tuple[str, ...] | None = getattr(model, "input_names", None)
    if named is not None:
        return named
    typed = bool(getattr(model, "uses_types", False))
    return ("input_ids", "attention_mask", "token_type_ids") if typed else ("input_ids", "attention_mask")


def export_onnx(model: nn.Module, path: Path) -> Path:
    """Write ``model`` in float32 with free batch and time.

    Args:
        model: a model of :mod:`gongbang.nn`, in evaluation mode.
        path: the file to write.
    """
    names = input_names(model)
    wrapper = _Outputs(model).eval()
    batch = torch.export.Dim("batch", min=1, max=1024)
    time = torch.export.Dim("time", min=2, max=_longest(model))
    example = _example(model, (2, 48), names)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program: Any = torch.onnx.export(
            wrapper,
            tuple(torch.from_numpy(example[name]) for name in names),
            dynamo=True,
            dynamic_shapes=(tuple({0: batch, 1: time} for _ in names),),  # of the one argument, *inputs
            input_names=list(names),
            output_names=list(model.output_names),  # type: ignore[arg-type]
            opset_version=OPSET,
            verbose=False,
        )
    program.save(str(path), external_data=False)
    _keep_names_apart(path, tuple(model.output_names))  # type: ignore[arg-type]
    return path


def _keep_names_apart(path: Path, outputs: Sequence[str]) -> None:
    """Rename inner values that bear an output's name, as the exporter gives it to an embedding's lookup."""
    import onnx

    file = onnx.load(str(path))
    renamed = False
    for name in outputs:
        makers = [node for node in file.graph.node if name in node.output]
        for number, node in enumerate(makers[:-1]):  # the last in the graph's order makes the output
            other = f"{name}_inner_{number}"
            node.output[list(node.output).index(name)] = other
            for user in file.graph.node:
                user.input[:] = [other if given == name else given for given in user.input]
            renamed = True
    if renamed:
        onnx.save(file, str(path))


def check_parity(
    model: nn.Module, path: Path, *, tolerance: float = 2e-3, shapes: Sequence[tuple[int, int]] = SHAPES
) -> dict[str, float]:
    """Largest difference between torch and the ONNX file at each shape, padding included.

    Raises:
        ArtifactError: a difference is larger than ``tolerance``.

    Returns:
        The largest absolute difference by shape, e.g. ``{"1x17": 3e-6}``.
    """
    import onnxruntime

    session = onnxruntime.InferenceSession(str(path), session_options(), providers=["CPUExecutionProvider"])
    outputs: tuple[str, ...] = model.output_names  # type: ignore[assignment]
    found = {}
    for batch, time in shapes:
        shape = (batch, min(time, _longest(model)))
        example = _example(model, shape, input_names(model))
        with torch.inference_mode():
            expected = model(**{name: torch.from_numpy(array) for name, array in example.items()})
        given = session.run(list(outputs), example)
        found[f"{shape[0]}x{shape[1]}"] = max(
            float(np.abs(expected[name].numpy() - array).max())
            for name, array in zip(outputs, given, strict=True)
        )
    worst = max(found.values())
    if worst > tolerance:
        raise ArtifactError(
            "the exported model does not give what torch gives.",
            value=f"largest difference {worst:.4g} ({found})",
            allowed=f"at most {tolerance:g}",
            cure="Report this with the recipe: an operator was exported wrongly.",
        )
    return found


def _example(model: nn.Module, shape: tuple[int, int], names: Sequence[str]) -> dict[str, Any]:
    """Random ids with one row padded by a third, so that the mask matters."""
    config: Any = model.encoder.config  # type: ignore[union-attr]
    rng = np.random.default_rng(0)
    ids = rng.integers(5, config.vocab_size, shape)
    mask = np.ones(shape, dtype=np.int64)
    if shape[0] > 1:
        mask[-1, -(shape[1] // 3) :] = 0
    ids[mask == 0] = config.pad_token_id or 0
    arrays = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros(shape, dtype=np.int64)}
    for name, place in (("subject_mask", 1), ("object_mask", shape[1] // 2)):
        arrays[name] = np.zeros(shape, dtype=np.int64)
        arrays[name][:, place] = 1
    arrays["highlight_ids"] = rng.integers(0, 2, shape)
    return {name: arrays[name] for name in names}


def _longest(model: nn.Module) -> int:
    config: Any = model.encoder.config  # type: ignore[union-attr]
    offset = 2 if config.model_type in ("roberta", "xlm-roberta", "camembert") else 0
    return int(config.max_position_embeddings) - offset
