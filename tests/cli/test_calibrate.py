"""``gongbang calibrate``: the same weights, another confidence, and figures that an evaluation confirms."""

from __future__ import annotations

import json

import pytest

from gongbang.artifacts.format import open_artifact

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def few(made, tmp_path_factory):
    """Sixty of the made questions, over twenty passages."""
    tree = json.loads((made / "made.json").read_text(encoding="utf-8"))
    path = tmp_path_factory.mktemp("calibrate") / "few.json"
    path.write_text(json.dumps({**tree, "data": tree["data"][:10]}, ensure_ascii=False), encoding="utf-8")
    return path


def test_the_evaluation_of_the_new_artifact_gives_the_figures_it_was_chosen_by(
    call, few, reader, tmp_path, monkeypatch
):
    # On one engine: another rounds in another place, and weights this small are full of near ties.
    monkeypatch.setattr("gongbang.runtime.engines._candidates", lambda artifact: ("onnxruntime",))
    out = tmp_path / "mine"
    called = call("calibrate", reader, "--data", few, "--out", out, "--no-dense", "--json")
    assert called.code == 0, called.err
    chosen = called.data["threshold"]
    assert called.data["questions"] == 60 and called.data["from"] == open_artifact(reader).id
    evaluated = call(
        "evaluate", "ask", "--unanswerable", "--data", few, "--artifact", out, "--no-dense", "--json"
    ).data
    assert evaluated["no_answer_recall"] == pytest.approx(chosen["no_answer_accuracy"], abs=0.01)
    assert evaluated["em_loss"] == pytest.approx(chosen["em_loss"], abs=0.01)
    assert evaluated["exact_match"] == pytest.approx(chosen["exact_match"], abs=0.01)


def test_weights_and_tokenizer_stay_and_the_card_says_what_was_done(call, few, reader, tmp_path):
    called = call("calibrate", reader, "--data", few, "--out", tmp_path / "mine", "--no-dense")
    assert called.code == 0 and "lost by silence" in called.out
    old, new = open_artifact(reader), open_artifact(tmp_path / "mine")
    parts = {name: part.sha256 for name, part in new.manifest.files.items()}
    assert {name for name in parts if parts[name] != old.manifest.files[name].sha256} == {"pipeline.json"}
    assert new.manifest.details["calibrated_from"] == old.id != new.id
    assert old.config["slope"] != new.config["slope"]
    assert "60 questions of" in (new.path / "CARD.md").read_text(encoding="utf-8")


def test_what_cannot_be_used_is_told_in_four_lines(call, few, made, reader, encoder, tmp_path):
    tree = json.loads(few.read_text(encoding="utf-8"))
    small = tmp_path / "small.json"
    small.write_text(json.dumps({**tree, "data": tree["data"][:2]}, ensure_ascii=False), encoding="utf-8")
    out = tmp_path / "out"
    for words, told in (
        ((reader, "--data", small, "--out", out), "too few questions"),
        ((encoder, "--data", few, "--out", out), "for another task"),
        ((reader, "--data", few, "--out", made), "already stands"),
        ((reader, "--data", few, "--out", out, "--top-k", "0"), "too small"),
        ((reader, "--data", few, "--out", out, "--encoder", encoder), "by words alone"),
    ):
        called = call("calibrate", *words, "--no-dense", "--quiet")
        assert called.code == 2 and len(called.lines) == 4 and told in called.err, called
    assert not out.exists()
