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
from gongbang.export.artifact import export_run
from gongbang.export.embedding import BlockEmbedding, is_lossless
from gongbang.export.gate import Gate
from gongbang.export.onnx import SHAPES, check_parity, compress_embedding, export_onnx
from gongbang.export.report import ExportReport
from gongbang.runtime.load import load
from tests.small import load_reader_bench


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


def test_packing_is_lossless_only_where_it_gives_the_same_matrix():
    class Model(torch.nn.Module):
        def __init__(self, words: torch.nn.Module) -> None:
            super().__init__()
            self.encoder = torch.nn.Module()
            self.encoder.words = words
            self.encoder.get_input_embeddings = lambda: words

    codes = torch.arange(-8, 8).repeat(2)[None].float() * 0.5  # (1, 32)
    trained = torch.randn(3, 32, generator=torch.Generator().manual_seed(0))
    for weight, lossless in ((codes, True), (trained, False)):
        plain = torch.nn.Embedding.from_pretrained(weight)
        assert is_lossless(Model(BlockEmbedding(weight)), Model(plain)) is lossless


def test_lookup_equals_the_matrix():
    torch.manual_seed(1)
    embedding = BlockEmbedding(torch.randn(12, 32))
    ids = torch.tensor([[3, 11, 0], [5, 5, 1]])
    assert torch.equal(embedding(ids), embedding.weight[ids])


def test_the_file_gives_what_torch_gives_at_three_shapes(exported: ExportReport):
    assert len(exported.parity) == len(SHAPES) == 3
    assert max(exported.parity.values()) < 1e-4


def test_a_wrong_file_fails_the_comparison(tmp_path: Path, reader_run: Any):
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
    parts = {"model.onnx", "tokenizer.json", "pipeline.json", "held-out.json"}
    assert set(report.artifact.manifest.files) == parts
    assert report.metric_loss == pytest.approx(0.0, abs=1e-6)
    assert "exported in float32" in caplog.text
    # What was trained is stored as it is: nothing stands in for the embedding, and no other engine may round.
    model = load_reader_bench(reader_run).model
    assert (
        report.artifact.manifest.files["model.onnx"].bytes
        > 4 * model.encoder.get_input_embeddings().weight.numel()
    )
    assert report.engines == ("onnxruntime",)


def test_every_installed_engine_goes_through_the_gate(exported: ExportReport):
    from importlib.util import find_spec

    installed = {"onnxruntime"} | ({"openvino"} if find_spec("openvino") else set())
    assert set(exported.engine_metrics) == installed == set(exported.engines)
    assert exported.artifact_metric == min(exported.engine_metrics.values())
    assert exported.artifact.manifest.details["engines"] == list(exported.engines)


def test_an_engine_that_costs_too_much_is_not_served_unasked(
    reader_run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Gate, "other_engines", lambda gate, trial: {"openvino": gate.torch_metric - 51.0})
    report = export_run(reader_run, tmp_path / "rough", gate=50.0, limit=10)
    assert report.quantised.startswith("int8")
    assert (report.engines, set(report.engine_metrics)) == (("onnxruntime",), {"onnxruntime", "openvino"})
    assert load(report.artifact.path).engine.name == "onnxruntime"


def test_the_reference_is_float32_whatever_training_ran_in(reader_run: Any, monkeypatch: pytest.MonkeyPatch):
    asked: list[bool | None] = []
    bench = load_reader_bench(reader_run)

    def score(records: Any, *, bf16: bool | None = None) -> Any:
        asked.append(bf16)
        return reader_run.scores, []

    monkeypatch.setattr(type(bench), "score", lambda self, records, **more: score(records, **more))
    assert Gate.of(bench, bench.splits.development, 1.0).torch_metric == reader_run.scores.value
    assert asked == [False]


def test_the_scores_are_of_the_finished_artifact(exported: ExportReport, reader_run: Any):
    bench = load_reader_bench(reader_run)
    finished = load(exported.artifact.path, engine="onnxruntime")
    scores, _ = finished.score(bench.splits.test)
    assert exported.scores == scores
    assert exported.artifact.manifest.metrics == scores.to_dict()
    assert exported.artifact.manifest.details["run_scores"] == reader_run.scores.to_dict()


def test_the_held_out_questions_are_found_again_in_the_file(exported: ExportReport, reader_run: Any):
    from gongbang.artifacts.held_out import only_held_out

    splits = load_reader_bench(reader_run).splits
    kept = only_held_out(exported.artifact, [*splits.train, *splits.development, *splits.test])
    asked = {record.id for record in kept if "question" in record.fields}
    assert asked == {record.id for record in splits.test}


def test_the_card_names_the_data_and_the_scores(exported: ExportReport):
    card = (exported.artifact.path / "CARD.md").read_text(encoding="utf-8")
    assert "exact_match" in card
    assert "## Limits" in card and "Wikipedia" not in card  # nobody said what its data were


def test_a_run_without_weights_is_refused(reader_run: Any, tmp_path: Path):
    from gongbang.artifacts.run import Run

    shutil.copytree(reader_run.path, tmp_path / "bare")
    shutil.rmtree(tmp_path / "bare" / "checkpoints")
    with pytest.raises(ArtifactError, match="no trained weights"):
        export_run(Run.open(tmp_path / "bare"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_run_that_is_not_done_is_refused_at_once(reader_run: Any, tmp_path: Path):
    from gongbang.artifacts.run import Run

    shutil.copytree(reader_run.path, tmp_path / "begun")
    begun = Run.open(tmp_path / "begun")
    begun.resume(0)
    with pytest.raises(ArtifactError, match="not done"):
        export_run(begun, tmp_path / "out")
    begun.finish("failed", error="OutOfMemoryError: no")
    with pytest.raises(ArtifactError, match="did not come to its end") as caught:
        export_run(begun, tmp_path / "out")
    assert "OutOfMemoryError" in str(caught.value) and "--resume" in caught.value.cure


def test_a_run_without_scores_is_refused_before_anything_is_exported(reader_run: Any, tmp_path: Path):
    from gongbang.artifacts.run import Run

    shutil.copytree(reader_run.path, tmp_path / "unscored")
    (tmp_path / "unscored" / "metrics.json").unlink()
    with pytest.raises(ArtifactError, match="never scored") as caught:
        export_run(Run.open(tmp_path / "unscored"), tmp_path / "out")
    assert "--finish" in caught.value.cure and not (tmp_path / "out").exists()


def test_a_held_out_part_that_is_not_the_runs_is_refused(reader_run: Any, tmp_path: Path):
    """What is held out by another draw may have been trained on."""
    import yaml

    from gongbang.artifacts.run import Run

    shutil.copytree(reader_run.path, tmp_path / "redrawn")
    file = tmp_path / "redrawn" / "recipe.yaml"
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    tree["data"]["split"]["seed"] += 1
    file.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ArtifactError, match="holds out other questions"):
        export_run(Run.open(tmp_path / "redrawn"), tmp_path / "out")


def test_where_nothing_is_held_out_the_gate_is_skipped_openly(
    reader_run: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    """Eight bits whose cost cannot be measured are not taken."""
    import yaml

    from gongbang.artifacts.run import Run

    shutil.copytree(reader_run.path, tmp_path / "all-trained")
    file = tmp_path / "all-trained" / "recipe.yaml"
    tree = yaml.safe_load(file.read_text(encoding="utf-8"))
    tree["data"]["split"] |= {"development": 0.0, "test": 0.0}
    tree["export"]["limits"] = ["Trained on tales alone."]
    file.write_text(yaml.safe_dump(tree, allow_unicode=True), encoding="utf-8")
    for name in ("metrics.json", "predictions.jsonl", "notebook.json"):
        (tmp_path / "all-trained" / name).unlink()
    report = export_run(Run.open(tmp_path / "all-trained"), tmp_path / "out")
    assert (report.quantised, report.torch_metric, report.scores, report.metric_loss) == ("none",) + (
        None,
    ) * 3
    assert "nothing out" in caplog.text
    card = (report.artifact.path / "CARD.md").read_text(encoding="utf-8")
    assert "holds nothing out" in card
    assert "one span of one passage" in card and "- Trained on tales alone." in card  # the task's, the data's
    assert report.artifact.manifest.metrics == {} and "held-out.json" not in report.artifact.manifest.files


def test_served_equals_trained(reader: Path, reader_run: Any):
    """The artifact predicts row by row what the training side predicts with the same (8-bit) embedding."""
    bench = load_reader_bench(reader_run)
    bench.model = compress_embedding(bench.model)
    records = bench.splits.test
    served = load(reader, engine="onnxruntime").predict(records)
    trained = bench.predict(records)
    assert [p.text for p in served] == [p.text for p in trained]
    assert [p.confidence for p in served] == pytest.approx([p.confidence for p in trained], abs=1e-4)


def test_an_opened_artifact_is_the_saved_one(exported: ExportReport):
    assert open_artifact(exported.artifact.path).id == exported.artifact.id
