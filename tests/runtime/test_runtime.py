"""Artifacts at work: batching, engines, what is refused, and no torch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import gongbang
from gongbang.data.records import Passage
from gongbang.errors import ArtifactError, OptionError
from gongbang.runtime.batching import batches, run_rows
from gongbang.runtime.encoder import ArtifactEncoder
from gongbang.runtime.engines import default_threads, open_engine
from gongbang.runtime.load import load
from gongbang.runtime.predictor import Predictor
from gongbang.runtime.reranker import ReaderReranker
from gongbang.runtime.trials import Trials
from tests.train.tiny import made_records


@pytest.fixture(scope="module")
def predictor(reader: Path) -> Predictor:
    return load(reader, engine="onnxruntime", threads=1)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=60), st.integers(1, 1000))
def test_every_row_is_in_one_batch_and_no_batch_is_too_large(lengths: list[int], tokens: int):
    found = list(batches(np.array(lengths), tokens))
    assert sorted(np.concatenate(found).tolist()) == list(range(len(lengths)))
    for rows in found:
        assert len(rows) == 1 or len(rows) * max(lengths[row] for row in rows) <= tokens


class _Echo:
    """An engine that gives each row its own ids and the sum of those that are not masked."""

    name = "echo"

    def __init__(self) -> None:
        self.rows = 0

    def run(self, inputs):
        self.rows += len(inputs["input_ids"])
        ids = inputs["input_ids"].astype(np.float32)
        seen = ids * inputs["attention_mask"]
        return {"start_logits": ids, "embedding": seen.sum(axis=1, keepdims=True)}


def test_rows_come_back_in_their_order_and_padded():
    ids = np.array([[1, 2, 0], [3, 0, 0], [4, 5, 6]])
    outputs = run_rows(_Echo(), {"input_ids": ids, "attention_mask": (ids > 0).astype(np.int64)})
    assert outputs["embedding"][:, 0].tolist() == [3.0, 3.0, 15.0]
    assert outputs["start_logits"][2].tolist() == [4.0, 5.0, 6.0]
    assert outputs["start_logits"][0, :2].tolist() == [1.0, 2.0]


def test_a_row_that_is_there_twice_is_run_once():
    ids = np.array([[1, 2, 0], [4, 5, 6], [1, 2, 0], [4, 5, 6], [1, 2, 3]])
    mask = (ids > 0).astype(np.int64)
    mask[4, 2] = 0  # the same tokens as far as they count, but not the same row
    engine = _Echo()
    outputs = run_rows(engine, {"input_ids": ids, "attention_mask": mask})
    assert engine.rows == 3
    assert outputs["start_logits"][2].tolist() == outputs["start_logits"][0].tolist()
    assert outputs["embedding"][:, 0].tolist() == [3.0, 15.0, 3.0, 15.0, 3.0]


def test_batching_changes_no_prediction(predictor: Predictor):
    records = made_records(8)
    together = predictor.predict(records)
    alone = [predictor.predict([record])[0] for record in records]
    assert [p.text for p in together] == [p.text for p in alone]
    assert [p.confidence for p in together] == pytest.approx([p.confidence for p in alone], abs=1e-4)


def test_nothing_in_nothing_out(predictor: Predictor):
    assert predictor.predict([]) == []


def test_the_short_way_in_is_the_same(reader: Path, predictor: Predictor):
    records = made_records(2)
    assert gongbang.load(reader, engine="onnxruntime").predict(records) == predictor.predict(records)


def test_both_engines_agree(reader: Path, predictor: Predictor):
    pytest.importorskip("openvino")
    records = made_records(6)
    other = load(reader, engine="openvino").predict(records)
    ours = predictor.predict(records)
    same = sum(a.text == b.text for a, b in zip(ours, other, strict=True))
    assert same >= 0.8 * len(records)  # bfloat16 may turn a near tie


def test_openvino_unpacks_weights_once():
    """Not in every call, as it does where they reach it in 8 bits."""
    openvino = pytest.importorskip("openvino")
    artifact = load("relation-ko", engine="onnxruntime").artifact
    engine = open_engine(artifact, "openvino")

    def weights(model: Any) -> set[str]:
        """What the weights of its products are kept in."""
        products = [
            op for op in model.get_runtime_model().get_ops() if told(op, "layerType") == "FullyConnected"
        ]
        return {told(op.input_value(1).get_node(), "outputPrecisions") for op in products}

    def told(op: Any, what: str) -> str:
        return str(op.get_rt_info()[what].astype(str))

    packed = openvino.Core().compile_model(str(artifact.whole() / "model.openvino.onnx"), "CPU")
    assert "i8" in weights(packed)
    assert weights(engine._model) <= {"f32", "bf16"}


def test_the_faster_engine_is_remembered(reader: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("openvino")
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path))
    first = load(reader).engine.name
    (known,) = json.loads((tmp_path / "engines.json").read_text(encoding="utf-8")).values()
    assert set(known) == {"onnxruntime", "openvino"} and all(known.values())
    clear = {name: [1.0 if name == first else 9.0] * 3 for name in known}
    monkeypatch.setattr("gongbang.runtime.engines.remembered", lambda key: Trials(clear))
    assert load(reader).engine.name == first


def test_an_unknown_engine_is_refused(predictor: Predictor):
    with pytest.raises(OptionError, match="onnxruntime"):
        open_engine(predictor.artifact, "tensorrt")


def test_threads_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("GONGBANG_THREADS", "3")
    assert default_threads() == 3
    monkeypatch.setenv("GONGBANG_THREADS", "many")
    assert default_threads() >= 1


def test_a_model_cut_short_is_refused(reader: Path, tmp_path: Path):
    broken = tmp_path / "broken"
    shutil.copytree(reader, broken)
    model = broken / "model.onnx"
    model.write_bytes(model.read_bytes()[:-1000])
    with pytest.raises(ArtifactError) as caught:
        load(broken)
    assert "model.onnx" in str(caught.value)
    assert len(str(caught.value).splitlines()) == 4


def test_an_encoder_gives_unit_vectors_and_refuses_a_reader(encoder: Path, predictor: Predictor):
    encodes = ArtifactEncoder(load(encoder, engine="onnxruntime"))
    vectors = encodes.encode_queries(["가온 공방은 어디인가?", "나래는?"])
    assert vectors.shape == (2, encodes.dimension)
    assert np.linalg.norm(vectors, axis=1) == pytest.approx([1.0, 1.0], abs=1e-5)
    passages = encodes.encode_passages([Passage("p", "가온 공방이다.", "가온")])
    assert passages.shape == (1, encodes.dimension)
    assert encodes.encode_passages([]).shape == (0, encodes.dimension)
    with pytest.raises(ArtifactError):
        ArtifactEncoder(predictor)


def test_a_reader_reranks_by_its_confidence(predictor: Predictor):
    record = made_records(1)[0]
    passages = [Passage("a", record.fields["context"]), Passage("b", "다른 글이다.")]
    scores = ReaderReranker(predictor).score(record.fields["question"], passages)
    confidences = [max(c.probability for c in predictor.predict([p])[0].candidates) for p in (record, record)]
    assert scores.shape == (2,)
    assert np.isfinite(scores).all()
    assert 0.0 < confidences[0] <= 1.0


def test_it_predicts_with_torch_blocked(reader: Path):
    """In a process of its own in which importing torch (or pyarrow, or transformers) is an error."""
    program = f"""
import sys
for name in ("torch", "transformers", "accelerate", "pyarrow", "pydantic", "onnx"):
    sys.modules[name] = None
import gongbang
from gongbang.data.records import Record
record = Record("1", {{"question": "어디에 있는가?", "context": "가온 공방은 강릉에 있다."}})
print(len(gongbang.load({str(reader)!r}, engine="onnxruntime").predict([record])))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "1"
