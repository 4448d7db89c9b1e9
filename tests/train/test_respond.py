"""Response selection goes the whole way with each architecture: proofs, training, artifact, equal ranks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import gongbang
from gongbang.artifacts.run import Run
from gongbang.cli.main import main
from gongbang.errors import ArtifactError, RecipeError
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


def _remembering_tree(folder: Path) -> dict[str, Any]:
    """Pairs whose every answer stands beside six questions, so that an unseen question's is known."""
    tree = recipe_tree(folder, "bi", temperature=0.1)
    said, data = dialogues(40), folder / "known.csv"
    asked = ["{} 어서요", "저기 {}", "글쎄 {} 말이죠", "{} 좀", "그럼 {}", "{} 알려 주세요"]
    rows = [
        f"{form.format(record.fields['context'])},{said[(7 * n + 3) % 40].fields['response']},0"
        for n, record in enumerate(said)  # another one's answer: no word tells which
        for form in asked
    ]
    data.write_text("\n".join(["Q,A,label", *rows]) + "\n", encoding="utf-8")
    tree["data"] = {
        "sources": [{"path": str(data)}],
        "split": {"development": 0.2, "test": 0.2, "seed": 3, "group_by": "context"},
    }
    tree["export"] = {"memory": True}
    return tree | {"name": "remembering", "training": tree["training"] | {"epochs": 1, "learning_rate": 1e-6}}


def test_an_artifact_that_keeps_its_pairs_finds_known_answers(
    folder: Path, capsys: pytest.CaptureFixture[str]
):
    from gongbang.export.artifact import export_run

    tree = _remembering_tree(folder)
    run = train_recipe(parse_recipe(tree), root=folder / "runs", preflight=False)
    out = folder / "remembering"
    report = export_run(run, out, quantise="none")
    told = report.calibration["memory"]
    assert told["weight"] > 0 and told["mrr with"] > told["mrr without"]
    assert report.scores is not None and report.scores.value > run.scores.value
    card = (out / "CARD.md").read_text(encoding="utf-8")
    assert f"The {told['pairs']} pairs of the training part are kept as vectors." in card
    assert "nearest known" in card
    served = gongbang.load(out, engine="onnxruntime")
    splits = assemble(parse_recipe(run.recipe), made=False).splits
    assert len(splits.train) == told["pairs"] == len(served.task.memory)
    assert served.score(splits.test)[0].to_dict() == report.scores.to_dict()
    capsys.readouterr()
    words = ["evaluate", "respond", "--data", str(folder / "known.csv"), "--artifact", str(out)]
    assert main([*words, "--candidates", "4", "--held-out", "--json", "--quiet"]) == 0
    seen = json.loads(capsys.readouterr().out)
    assert (
        seen["n"] == len(splits.test) == seen["known answers"]["n"]
    )  # each stands beside others in training
    assert seen["known answers"]["mrr"] == seen["mrr"] and "new answers" not in seen


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"pipeline": {"architecture": "cross"}}, "architecture: bi"),
        ({"task": "classify", "pipeline": {}}, "task: respond"),
        ({"data": {"sources": [{"path": "a.csv"}], "split": {"development": 0}}}, "development"),
    ],
)
def test_pairs_cannot_be_kept_where_nothing_could_ask_them(folder: Path, changes: dict[str, Any], told: str):
    with pytest.raises(RecipeError, match=told):
        parse_recipe({**recipe_tree(folder, "bi"), "export": {"memory": True}, **changes})


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
    judged = ["evaluate", "chat", "--data", str(inside), "--artifact", str(out), "--json", "--quiet"]
    assert main([*judged, "--outside", str(outside), "--answers", str(known)]) == 0
    shares = json.loads(capsys.readouterr().out)
    assert shares["answered"] >= 0.9 and shares["answers"] == 40 and shares["n"] == 40
    assert (
        shares["abstained"]
        == shares["outside"]["outside.jsonl"]["value"]
        == told["abstained_outside"]["value"]
    )
    talk_file = [
        "evaluate",
        "chat",
        "--data",
        str(folder / "talk.csv"),
        "--artifact",
        str(artifact),
        "--json",
    ]
    assert main([*talk_file, "--outside", str(outside), "--held-out", "--quiet"]) == 0
    held = json.loads(capsys.readouterr().out)
    assert held["n"] + held["answers"] == 150  # what is asked is not known
    for words, cure in (((), "--outside"), (("--outside", str(outside)), "--answers FILE")):
        assert main([*judged, *words]) == 2
        assert cure in capsys.readouterr().out
