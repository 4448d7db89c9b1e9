"""The verbs with the bundled reader over public data; skipped where either is absent."""

from __future__ import annotations

import json

import pytest

import gongbang
from gongbang.artifacts.predictions import prediction_to_dict
from gongbang.artifacts.store import known_artifacts
from gongbang.data.reading import read_records

pytestmark = [pytest.mark.shared, pytest.mark.slow]
_FEW = ("--limit", 30, "--json")


@pytest.fixture
def korquad(shared_data):
    if "reader-ko" not in known_artifacts():
        pytest.skip("not bundled here: reader-ko")
    return shared_data / "qa" / "korquad1" / "KorQuAD_v1.0_dev_112.json"


def test_the_reader_reads_gold_passages(call, korquad):
    found = call("evaluate", "reader", "--data", korquad, *_FEW).data
    assert found["n"] == 30 and found["exact_match"] >= 50.0 and found["f1"] >= 70.0


def test_ask_answers_out_of_the_whole_corpus(call, korquad):
    found = call("evaluate", "ask", "--data", korquad, "--no-dense", *_FEW).data
    assert found["exact_match"] >= 45.0 and found["retrieval"]["recall@5"] >= 0.9
    assert sum(found["stages"].values()) == round(30 * (1 - found["exact_match"] / 100))


def test_silence_where_nothing_answers(call, korquad):
    found = call("evaluate", "ask", "--data", korquad, "--no-dense", "--unanswerable", *_FEW).data
    assert found["no_answer_recall"] >= 60.0 and found["em_loss"] <= 10.0


def test_predicting_is_the_same_from_python(call, korquad, tmp_path):
    few = tmp_path / "few.json"
    tree = json.loads(korquad.read_text(encoding="utf-8"))
    few.write_text(json.dumps({**tree, "data": tree["data"][:1]}, ensure_ascii=False), encoding="utf-8")
    rows = call("predict", "reader-ko", "--data", few, "--json").data["predictions"]
    predicted = gongbang.load("reader-ko").predict(read_records(few).items)
    assert [row["text"] for row in rows] == [prediction_to_dict(p)["text"] for p in predicted]


def test_the_vocabulary_knows_the_data(call, korquad):
    found = call("check", korquad, "--artifact", "reader-ko", "--json").data
    assert found["tokens"]["unknown"]["tokens"]["share"] < 0.01
