"""Response selection goes the whole way with each architecture: proofs, training, artifact, equal ranks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import gongbang
from gongbang.artifacts.run import Run
from gongbang.cli.main import main
from gongbang.errors import ArtifactError
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


MODELS: dict[str, dict[str, Any]] = {
    "bi": {"temperature": 0.1},
    "poly": {"vectors": 3, "temperature": 0.1},
    "cross": {},
}
_RUNS: dict[str, Run] = {}


def _exported(folder: Path, architecture: str) -> tuple[Run, Path]:
    """A run and its artifact, made once for all tests here."""
    from gongbang.export.artifact import export_run

    out = folder / f"{architecture}-artifact"
    if architecture not in _RUNS:
        tree = recipe_tree(folder, architecture, **MODELS[architecture])
        _RUNS[architecture] = train_recipe(parse_recipe(tree), root=folder / "runs")
        report = export_run(_RUNS[architecture], out, quantise="none")
        assert report.calibration["temperature"] > 0
    return _RUNS[architecture], out


@pytest.mark.parametrize("architecture", MODELS)
def test_it_learns_and_the_artifact_ranks_as_the_run_did(folder: Path, architecture: str):
    run, out = _exported(folder, architecture)
    assert run.status == "done" and run.scores.primary == "mrr"
    if architecture != "cross":  # two dozen rows teach a cross-encoder of this size nothing
        assert run.scores.value > run.baselines["random"].value
    served = gongbang.load(out, engine="onnxruntime")
    test = assemble(parse_recipe(run.recipe), made=False).splits.test
    told = {prediction.id: prediction for prediction in served.predict(test)}
    for prediction in run.predictions():
        mine = {c.text: c.score for c in told[prediction.id].candidates}
        theirs = {c.text: c.score for c in prediction.candidates}
        assert mine == pytest.approx(theirs, abs=1e-4)
        assert told[prediction.id].details["rank"] == prediction.details["rank"]


@pytest.mark.parametrize("architecture", ["bi", "poly"])
def test_vectors_taken_apart_score_as_the_artifact_does(folder: Path, architecture: str):
    from gongbang.runtime.responder import ArtifactReranker, ArtifactResponder
    from gongbang.tasks.selection import attended_scores

    served = gongbang.load(_exported(folder, architecture)[1], engine="onnxruntime")
    responder = ArtifactResponder(served)
    record = dialogues(3)[1].with_labels(candidates=["다른 대답", "또 다른 대답"])
    prediction = served.predict([record])[0]
    texts = [candidate.text for candidate in prediction.candidates]
    vectors = responder.contexts([record.fields["context"]])[0]
    assert len(vectors) == (1 if architecture == "bi" else 3)
    told = attended_scores(vectors[None], responder.responses(texts)[None])[0]
    assert told == pytest.approx([candidate.score for candidate in prediction.candidates], abs=1e-5)
    assert responder.contexts([]) == [] and len(responder.responses([])) == 0
    with pytest.raises(ArtifactError, match="reads them apart"):
        ArtifactReranker(served)


def test_a_cross_encoder_reranks_and_has_no_vectors(folder: Path):
    from gongbang.runtime.responder import ArtifactReranker, ArtifactResponder

    served = gongbang.load(_exported(folder, "cross")[1], engine="onnxruntime")
    scores = ArtifactReranker(served).scores(
        "무엇을 만들어요?", ["그릇만 만들어요.", "몰라요.", "그릇만 만들어요."]
    )
    assert scores.shape == (3,) and scores[0] == scores[2] != scores[1]
    with pytest.raises(ArtifactError, match="no vectors"):
        ArtifactResponder(served)


def test_a_responder_is_calibrated_and_chatted_with(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    _, artifact = _exported(folder, "bi")
    monkeypatch.setenv("GONGBANG_CACHE", str(folder / "cache"))
    said = dialogues(80)
    known, inside, outside = folder / "known.csv", folder / "inside.csv", folder / "outside.jsonl"
    for path, part in ((known, said[:40]), (inside, said[40:])):
        rows = [f"{r.fields['context']},{r.fields['response']}" for r in part]
        path.write_text("\n".join(["Q,A", *rows]) + "\n", encoding="utf-8")
    others = [{"id": str(n), "text": f"{n}월 물가는 {n % 5}할 올랐다"} for n in range(40)]
    outside.write_text("\n".join(json.dumps(row) for row in others), encoding="utf-8")
    out = folder / "bi-calibrated"
    words = ["calibrate", str(artifact), "--data", str(inside), "--out", str(out)]
    assert main([*words, "--quiet"]) == 2
    assert "--answers FILE" in capsys.readouterr().err
    words += ["--answers", str(known), "--outside", str(outside)]
    assert main([*words, "--json", "--quiet"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["answered_inside"]["value"] >= 0.9 and told["answers"] == 40
    question = said[0].fields["context"]
    talk = ["chat", "--artifact", str(out), "--answers", str(known), "--say", question, "--explain"]
    assert main([*talk, "--json", "--quiet"]) == 0
    turn = json.loads(capsys.readouterr().out)["turns"][0]
    assert question in {candidate["question"] for candidate in turn["candidates"]}
    assert main(["calibrate", str(artifact), "--data", str(inside), "--out", str(out), "--top-k", "3"]) == 2
    assert "--top-k" in capsys.readouterr().err
