"""Response selection goes the whole way with each architecture: proofs, training, artifact, equal ranks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import gongbang
from gongbang.artifacts.run import Run
from gongbang.train.recipe import parse_recipe
from gongbang.train.training import train_recipe
from gongbang.train.workbench import assemble
from tests.tasks.dialogues import dialogues
from tests.train.tiny import write_backbone


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("respond")


def recipe_tree(folder: Path, architecture: str, **model: Any) -> dict[str, Any]:
    data, backbone = folder / "talk.csv", folder / "backbone"
    if not data.is_file():
        said = dialogues(150)
        rows = [f"{r.fields['context']},{r.fields['response']},0" for r in said]
        data.write_text("\n".join(["Q,A,label", *rows]) + "\n", encoding="utf-8")
        write_backbone(backbone, also=tuple(text for r in said for text in r.fields.values()))
    return {
        "name": f"tiny-{architecture}",
        "task": "respond",
        "backbone": f"path:{backbone}",
        "model": model,
        "pipeline": {
            "architecture": architecture,
            "max_context": 40,
            "max_response": 40,
            "candidates": 4,
            "context_prefix": "",
            "response_prefix": "",
        },
        "data": {"sources": [{"path": str(data)}], "split": {"development": 0.2, "test": 0.2, "seed": 3}},
        "training": {
            "epochs": 6,
            "batch_size": 16,
            "learning_rate": 3e-3,
            "precision": "fp32",
            "metric": "mrr",
            "log_every": 4,
        },
    }


def _trained(folder: Path, architecture: str, **model: Any) -> Run:
    return train_recipe(parse_recipe(recipe_tree(folder, architecture, **model)), root=folder / "runs")


@pytest.mark.parametrize(
    ("architecture", "model"),
    [("bi", {"temperature": 0.1}), ("poly", {"vectors": 3, "temperature": 0.1}), ("cross", {})],
)
def test_it_learns_and_the_artifact_ranks_as_the_run_did(
    folder: Path, architecture: str, model: dict[str, Any]
):
    from gongbang.export.artifact import export_run

    run = _trained(folder, architecture, **model)
    assert run.status == "done" and run.scores.primary == "mrr"
    if architecture != "cross":  # two dozen rows teach a cross-encoder of this size nothing
        assert run.scores.value > run.baselines["random"].value
    out = folder / f"{architecture}-artifact"
    report = export_run(run, out, quantise="none")
    assert report.calibration["temperature"] > 0
    served = gongbang.load(out, engine="onnxruntime")
    test = assemble(parse_recipe(run.recipe), made=False).splits.test
    told = {prediction.id: prediction for prediction in served.predict(test)}
    for prediction in run.predictions():
        mine = {c.text: c.score for c in told[prediction.id].candidates}
        theirs = {c.text: c.score for c in prediction.candidates}
        assert mine == pytest.approx(theirs, abs=1e-4)
        assert told[prediction.id].details["rank"] == prediction.details["rank"]
