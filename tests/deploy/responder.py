"""A responder made by hand: the mean of random vectors of its characters, as ONNX, without any training."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_WIDTH = 16
_CHARACTERS = (
    "가게공방나는다도두라로루를마방배사서시아어에여열예오요은을의이인자저정주지치하할해했 0123456789?.!"
)


def write_responder(folder: Path) -> Path:
    """An artifact of the task ``respond`` that ``gongbang serve`` can open."""
    from gongbang.artifacts.format import save_artifact
    from gongbang.tasks.respond import RespondConfig, RespondTask

    tokenizer = _tokenizer()
    task = RespondTask(tokenizer, RespondConfig(architecture="bi", max_context=40, max_response=40))
    return save_artifact(
        folder,
        task="respond",
        config=task.config(),
        files={
            "model.onnx": _graph(tokenizer.get_vocab_size()),
            "tokenizer.json": tokenizer.to_str().encode(),
        },
        inputs=["input_ids", "attention_mask"],
        outputs=["embedding"],
        details={"dimension": _WIDTH},
    ).path


def _tokenizer():
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors

    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]"]
    words = {word: at for at, word in enumerate([*special, *dict.fromkeys(_CHARACTERS)])}
    tokenizer = Tokenizer(models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    ends = [("[CLS]", words["[CLS]"]), ("[SEP]", words["[SEP]"])]
    single, pair = "[CLS] $A [SEP]", "[CLS] $A [SEP] $B [SEP]"
    tokenizer.post_processor = processors.TemplateProcessing(single, pair, ends)
    tokenizer.add_special_tokens(special)
    return tokenizer


def _graph(vocabulary: int) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(5)
    constants = {
        "table": random.normal(size=(vocabulary, _WIDTH)).astype(np.float32),
        "last": np.array([2], dtype=np.int64),
        "time": np.array([1], dtype=np.int64),
        "width": np.array([1], dtype=np.int64),
    }
    node = helper.make_node
    nodes = [
        node("Gather", ["table", "input_ids"], ["tokens"]),  # (batch, time, width)
        node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT),
        node("Unsqueeze", ["mask", "last"], ["column"]),
        node("Mul", ["tokens", "column"], ["kept"]),
        node("ReduceSum", ["kept", "time"], ["summed"], keepdims=0),  # (batch, width)
        node("ReduceL2", ["summed", "width"], ["length"], keepdims=1),
        node("Div", ["summed", "length"], ["embedding"]),
    ]
    ids, mask = (
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "time"])
        for name in ("input_ids", "attention_mask")
    )
    out = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", _WIDTH])
    held = [numpy_helper.from_array(array, name) for name, array in constants.items()]
    graph = helper.make_graph(nodes, "letters", [ids, mask], [out], held)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9)
    return model.SerializeToString()
