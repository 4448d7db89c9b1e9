"""The reader's weights as a checkpoint folder in the hub's format, so that peers run the very same ones.

They come from a run, or are unpacked out of the bundled artifact: its graph names every bias and every
layer norm as torch did, and a weight is found as the other factor of the product that its bias is added to.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rounds import Unavailable

if TYPE_CHECKING:
    import torch

Arrays = dict[str, NDArray[Any]]
_ENCODER, _HEAD = "model.encoder.", "model.head."
_BLOCK = 32


def write_checkpoint(folder: Path, *, reader: str, run: str | None) -> Path:
    """Write ``config.json``, ``model.safetensors`` and the tokenizer of a question-answering model.

    Args:
        folder: where to. reader: name or path of the reader's artifact.
        run: a run folder whose best weights to take instead.

    Raises:
        Unavailable: there is neither, or the encoder is not BERT-shaped.
    """
    model, tokenizer = _from_run(Path(run)) if run else _from_artifact(reader)
    model.save_pretrained(folder)
    _save_tokenizer(tokenizer, folder, typed=model.config.type_vocab_size > 1)
    return folder


def _save_tokenizer(tokenizer: Any, folder: Path, *, typed: bool) -> None:
    from transformers import PreTrainedTokenizerFast

    names = {"pad_token": "<pad>", "cls_token": "<s>", "sep_token": "</s>", "unk_token": "<unk>"}
    if tokenizer.token_to_id("[PAD]") is not None:
        names = {"pad_token": "[PAD]", "cls_token": "[CLS]", "sep_token": "[SEP]", "unk_token": "[UNK]"}
    inputs = ["input_ids", *(["token_type_ids"] if typed else []), "attention_mask"]
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_input_names=inputs, **names).save_pretrained(
        folder
    )


def _from_run(run: Path) -> tuple[Any, Any]:
    from transformers import AutoModelForQuestionAnswering

    from gongbang.artifacts.run import Run
    from gongbang.nn.backbones import load_backbone
    from gongbang.nn.span import SpanModel
    from gongbang.train.checkpoint import load_weights
    from gongbang.train.recipe import parse_recipe

    recipe = parse_recipe(Run.open(run.name, run.parent).recipe, str(run))
    backbone = load_backbone(recipe.backbone)
    model = SpanModel(backbone.model, backbone.hidden_size)
    load_weights(model, run / "checkpoints" / "best.safetensors")
    peer = AutoModelForQuestionAnswering.from_config(_with_default_dropout(backbone.model.config))
    _fill(peer, {f"model.{name}": value.numpy() for name, value in model.state_dict().items()})
    return peer, backbone.tokenizer


def _with_default_dropout(config: Any) -> Any:
    """The backbone's shape with the dropout that its kind has by default: ours is loaded without."""
    usual = type(config)()
    for name in ("hidden_dropout_prob", "attention_probs_dropout_prob"):
        if hasattr(usual, name):
            setattr(config, name, getattr(usual, name))
    return config


def _from_artifact(reader: str) -> tuple[Any, Any]:
    import onnx
    from tokenizers import Tokenizer
    from transformers import BertConfig, BertForQuestionAnswering

    from gongbang.artifacts.format import open_artifact
    from gongbang.errors import ArtifactError

    try:
        artifact = open_artifact(reader)
    except ArtifactError as err:
        raise Unavailable(f"no artifact '{reader}' ({err.what})") from err
    parts = artifact.manifest.files
    file = "model.openvino.onnx" if "model.openvino.onnx" in parts else "model.onnx"
    with tempfile.TemporaryDirectory() as copied:  # onnx reads no weights that are links
        for name in parts:
            shutil.copyfile(artifact.file(name), Path(copied) / name)
        graph = onnx.load(str(Path(copied) / file)).graph
    tokenizer = Tokenizer.from_file(str(artifact.file("tokenizer.json")))
    weights = graph_weights(graph)
    if f"{_ENCODER}encoder.layer.0.attention.self.query.weight" not in weights:
        raise Unavailable(f"the encoder of '{reader}' is not BERT-shaped; name its run with --run")
    config = BertConfig(**_shape(weights, graph), pad_token_id=tokenizer.token_to_id("<pad>") or 0)
    peer = BertForQuestionAnswering(config)
    _fill(peer, weights)
    return peer, tokenizer


def _fill(peer: torch.nn.Module, weights: Arrays) -> None:
    """Copy the weights; every parameter of the peer must get its own."""
    import torch

    base = f"{peer.base_model_prefix}."
    state = {
        (base + name.removeprefix(_ENCODER))
        if name.startswith(_ENCODER)
        else "qa_outputs." + name.removeprefix(_HEAD): torch.from_numpy(np.array(value))
        for name, value in weights.items()
    }
    state.setdefault("qa_outputs.bias", torch.zeros(2))  # our head has none: it could change nothing
    own = dict(peer.named_parameters())
    missing = sorted(own.keys() - state.keys())
    if missing:
        raise Unavailable(f"these weights were not found in the artifact: {', '.join(missing[:3])} ...")
    with torch.no_grad():
        for name, value in own.items():
            value.copy_(state[name])


def graph_weights(graph: Any) -> Arrays:
    """Every parameter of an exported reader by the name it had in torch, float32."""
    held = _unpacked(graph)
    weights = {name: value for name, value in held.items() if name.startswith((_ENCODER, _HEAD))}
    weights |= dict(_products(graph, held))
    packed = next(value for value in held.values() if value.dtype == np.uint8 and value.ndim == 2)
    scale = next(value for value in held.values() if value.dtype == np.float16 and value.ndim == 2)
    weights[f"{_ENCODER}embeddings.word_embeddings.weight"] = unpack_embedding(packed, scale)
    return {name: value for name, value in weights.items() if value.dtype == np.float32}


def _unpacked(graph: Any) -> Arrays:
    """Initialisers by name, 8-bit ones also as the float32 that they stand for."""
    from onnx import numpy_helper

    held: Arrays = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "DequantizeLinear":  # (in, out) codes, one scale a column, no zero point
            codes, scale = (held[name] for name in node.input[:2])
            held[node.output[0]] = codes.astype(np.float32) * scale
    return held


def _products(graph: Any, held: Arrays) -> Iterator[tuple[str, NDArray[Any]]]:
    """Of each bias that is added to a product with a known factor, the factor as torch keeps it."""
    makers = {output: node for node in graph.node for output in node.output}
    for node in graph.node:
        bias = next((name for name in node.input if name in held and name.endswith(".bias")), None)
        if node.op_type != "Add" or bias is None:
            continue
        product = makers[next(name for name in node.input if name != bias)]
        if product.op_type == "MatMul" and product.input[1] in held:
            yield bias.removesuffix("bias") + "weight", held[product.input[1]].T


def unpack_embedding(packed: NDArray[Any], scale: NDArray[Any]) -> NDArray[np.float32]:
    """(tokens, width) of rows in blocks of 32, see :mod:`gongbang.export.embedding`."""
    codes = packed.reshape(*scale.shape, -1).astype(np.float32)  # (tokens, blocks, 16 or 32)
    offset = 128.0
    if codes.shape[-1] != _BLOCK:
        high = np.floor(codes / 16)
        codes, offset = np.concatenate([codes - 16 * high, high], axis=-1), 8.0
    rows = (codes - offset) * scale.astype(np.float32)[..., None]
    return rows.reshape(len(packed), -1).astype(np.float32)


def _shape(weights: Arrays, graph: Any) -> dict[str, Any]:
    """What BertConfig must say."""
    words = weights[f"{_ENCODER}embeddings.word_embeddings.weight"]
    query = f"{_ENCODER}encoder.layer.0.attention.self.query"
    return {
        "vocab_size": words.shape[0],
        "hidden_size": words.shape[1],
        "num_hidden_layers": sum(name.endswith(".attention.self.query.weight") for name in weights),
        "num_attention_heads": words.shape[1] // _head_width(graph, f"{query}.bias"),
        "intermediate_size": len(weights[f"{_ENCODER}encoder.layer.0.intermediate.dense.bias"]),
        "max_position_embeddings": len(weights[f"{_ENCODER}embeddings.position_embeddings.weight"]),
        "type_vocab_size": len(weights[f"{_ENCODER}embeddings.token_type_embeddings.weight"]),
        "layer_norm_eps": next(
            attribute.f
            for node in graph.node
            if node.op_type == "LayerNormalization"
            for attribute in node.attribute
            if attribute.name == "epsilon"
        ),
    }


def _head_width(graph: Any, bias: str) -> int:
    """The last number of the shape that the biased queries are brought into."""
    held = _unpacked(graph)
    makers = {output: node for node in graph.node for output in node.output}
    (biased,) = (node for node in graph.node if bias in node.input)
    reshape = next(
        node for node in graph.node if node.op_type == "Reshape" and node.input[0] == biased.output[0]
    )
    shape = reshape.input[1]
    last = held[shape] if shape in held else held[makers[shape].input[-1]]
    return int(np.ravel(last)[-1])
