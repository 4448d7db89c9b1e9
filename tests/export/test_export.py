"""From a run to an artifact: torch's numbers, small weights behind a gate, parts that belong together."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gongbang.artifacts.format import open_artifact
from gongbang.errors import ArtifactError
from gongbang.export.artifact import ExportReport, export_run
from gongbang.export.embedding import BlockEmbedding
from gongbang.export.onnx import SHAPES, check_parity, compress_embedding, export_onnx
from gongbang.runtime.load import load


@pytest.fixture(scope="module")
def exported(reader_run: Any, tmp_path_factory: pytest.TempPathFactory) -> ExportReport:
    return export_run(reader_run, tmp_path_factory.mktemp("export") / "reader-tiny8", gate=100.0)


def test_four_bits_are_lossless_for_weights_that_came_from_four_bits():
    codes = torch.arange(-8, 8).repeat(4)[None].float()  # (1, 64): two blocks that use every code
    weight = torch.cat([codes * 0.5, codes * 0.25])
    embedding = BlockEmbedding(weight)
    assert embedding.bits == 4
    assert torch.equal(embedding.weight, weight)
    assert embedding.packed.numel() == weight.numel() // 2


def test_other_weights_get_eight_bits_and_stay_near():
    torch.manual_seed(0)
    weight = torch.randn(10, 64)
    embedding = BlockEmbedding(weight)
    assert embedding.bits == 8
    steps = weight.view(10, 2, 32).abs().amax(-1) / 128
    assert ((embedding.weight - weight).view(10, 2, 32).abs() <= 1.1 * steps[..., None]).all()


def test_a_row_of_zeros_stays_zero():
    assert torch.equal(BlockEmbedding(torch.zeros(2, 32)).weight, torch.zeros(2, 32))


def test_lookup_equals_the_matrix():
    torch.manual_seed(1)
    embedding = BlockEmbedding(torch.randn(12, 32))
    ids = torch.tensor([[3, 11, 0], [5, 5, 1]])
    assert torch.equal(embedding(ids), embedding.weight[ids])


def test_the_file_gives_what_torch_gives_at_three_shapes(exported: ExportReport):
    assert len(exported.parity) == len(SHAPES) == 3
    assert max(exported.parity.values()) < 1e-4


def test_a_wrong_file_fails_the_comparison(tmp_path: Path, reader_run: Any):
    from tests.small import load_reader_bench

    model = compress_embedding(load_reader_bench(reader_run).model)
    file = export_onnx(model, tmp_path / "a.onnx")
    with torch.no_grad():
        model.head.weight.add_(0.5)
    with pytest.raises(ArtifactError, match="does not give what torch gives"):
        check_parity(model, file)


def test_weights_are_shared_by_both_graphs(exported: ExportReport):
    files = exported.artifact.manifest.files
    assert {"model.onnx", "model.openvino.onnx", "weights.bin", "tokenizer.json"} <= set(files)
    assert exported.quantised == "int8 (full)"
    assert exported.artifact.manifest.details["dimension"] == 32


def test_both_graphs_agree(exported: ExportReport):
    onnxruntime = pytest.importorskip("onnxruntime")
    ids = np.random.default_rng(0).integers(5, 100, (2, 40))
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    outputs = []
    for name in ("model.onnx", "model.openvino.onnx"):
        session = onnxruntime.InferenceSession(
            str(exported.artifact.file(name)), providers=["CPUExecutionProvider"]
        )
        outputs.append(
            session.run(["start_logits"], {i.name: inputs[i.name] for i in session.get_inputs()})[0]
        )
    spread = float(np.ptp(outputs[1]))
    assert np.abs(outputs[0] - outputs[1]).max() < 0.1 * max(spread, 1.0)


def test_calibration_is_in_the_pipeline(exported: ExportReport):
    config = exported.artifact.config
    assert 0.0 <= config["no_answer_threshold"] <= 1.0
    assert exported.calibration["questions"] > 0
    assert "exact_match_by_scoring" in exported.calibration


def test_a_gate_that_is_not_passed_leaves_float32(
    reader_run: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    report = export_run(reader_run, tmp_path / "strict", gate=-1000.0)
    assert report.quantised == "none"
    assert set(report.artifact.manifest.files) == {"model.onnx", "tokenizer.json", "pipeline.json"}
    assert report.metric_loss == pytest.approx(0.0, abs=1e-6)
    assert "exported in float32" in caplog.text


def test_the_card_names_the_data_and_the_scores(exported: ExportReport):
    card = (exported.artifact.path / "CARD.md").read_text(encoding="utf-8")
    assert "exact_match" in card
    assert "Limits" in card


def test_a_run_without_weights_is_refused(reader_run: Any, tmp_path: Path):
    from gongbang.artifacts.run import Run

    shutil.copytree(reader_run.path, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "checkpoints")
    with pytest.raises(ArtifactError, match="no trained weights"):
        export_run(Run.open(tmp_path / "bare"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_served_equals_trained(reader: Path, reader_run: Any):
    """The artifact predicts row by row what the training side predicts with the same (8-bit) embedding."""
    from tests.small import load_reader_bench

    bench = load_reader_bench(reader_run)
    bench.model = compress_embedding(bench.model)
    records = bench.splits.test
    served = load(reader, engine="onnxruntime").predict(records)
    trained = bench.predict(records)
    assert [p.text for p in served] == [p.text for p in trained]
    assert [p.confidence for p in served] == pytest.approx([p.confidence for p in trained], abs=1e-4)


def test_an_opened_artifact_is_the_saved_one(exported: ExportReport):
    assert open_artifact(exported.artifact.path).id == exported.artifact.id
