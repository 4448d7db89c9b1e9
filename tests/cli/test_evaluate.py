"""``gongbang evaluate``: the shape of what it prints, with artifacts of random weights."""

from __future__ import annotations

import json

import pytest

from gongbang.artifacts.notebook import ErrorNotebook
from tests.train.tiny import write_squad

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_squad(tmp_path_factory.mktemp("data") / "few.json", articles=4, first=40)


def test_search_by_words_alone(call, data):
    called = call("evaluate", "search", "--data", data, "--no-dense", "--no-rerank", "--json")
    assert called.code == 0
    found = called.data
    assert {"recall@1", "recall@5", "recall@10", "recall@20", "mrr@10", "n", "intervals"} <= set(found)
    assert found["n"] == 24 and found["passages"] == 8 and found["recall@1"] == 1.0
    assert "shared bigrams" in found["baselines"]


def test_search_with_every_part(call, data, reader, encoder):
    words = ("evaluate", "search", "--data", data, "--artifact", reader, "--encoder", encoder, "--limit", 6)
    found = call(*words, "--json").data
    assert found["n"] == 6 and found["passages"] == 8
    # An encoder may stand as the artifact of a search, as it is what searches.
    again = call("evaluate", "search", "--data", data, "--artifact", encoder, "--no-rerank", "--json").data
    apart = call("evaluate", "search", "--data", data, "--encoder", encoder, "--no-rerank", "--json").data
    assert again["mrr@10"] == apart["mrr@10"]


def test_the_reader_on_gold_passages(call, data, reader, tmp_path):
    out = tmp_path / "out"
    called = call("evaluate", "reader", "--data", data, "--artifact", reader, "--out", out, "--json")
    found = called.data
    assert {"exact_match", "f1", "rouge_w", "n", "intervals", "stages"} <= set(found) and found["n"] == 24
    assert sum(found["stages"].values()) == round(24 * (1 - found["exact_match"] / 100))
    assert (out / "predictions.jsonl").is_file() and (out / "notebook.html").is_file()
    assert ErrorNotebook.open(out).counts == found["stages"]
    assert json.loads((out / "evaluation.json").read_text(encoding="utf-8"))["f1"] == found["f1"]


def test_ask_over_the_whole_corpus(call, data, reader):
    words = (
        "evaluate",
        "ask",
        "--data",
        data,
        "--artifact",
        reader,
        "--no-dense",
        "--limit",
        8,
        "--top-k",
        2,
    )
    found = call(*words, "--json").data
    assert {"exact_match", "f1", "n", "intervals", "stages", "retrieval", "gold_passage"} <= set(found)
    assert found["n"] == 8 and found["top_k"] == 2 and found["retrieval"]["recall@1"] == 1.0
    assert "right document in the first 5" in call(*words).out


def test_silence_where_nothing_answers(call, data, reader):
    words = ("evaluate", "ask", "--data", data, "--artifact", reader, "--no-dense", "--unanswerable")
    never = call(*words, "--limit", 4, "--no-answer-threshold", 1.0, "--json").data
    assert never["no_answer_recall"] == 100.0 and never["exact_match"] == 0.0
    always = call(*words, "--limit", 4, "--no-answer-threshold", 0.0, "--json").data
    assert always["no_answer_recall"] == 0.0 and always["em_loss"] == 0.0
    assert always["baselines"]["never answer"]["no_answer_recall"] == 100.0


def test_what_cannot_be_evaluated_is_told_in_four_lines(call, data, reader, encoder, tmp_path):
    for words, told in (
        (("everything", "--data", data), "invalid choice"),
        (("reader",), "--data"),
        (("reader", "--data", tmp_path / "absent.json", "--artifact", reader), "absent.json"),
        (("reader", "--data", data, "--artifact", tmp_path / "absent"), "no artifact"),
        (("reader", "--data", data, "--artifact", encoder), "another task"),
        (("reader", "--data", data, "--artifact", reader, "--top-k", "3"), "does nothing"),
        (("search", "--data", data, "--unanswerable"), "does nothing"),
        (("search", "--data", data, "--no-dense", "--no-rerank", "--limit", "0"), "limit"),
        (("ask", "--data", data, "--artifact", reader, "--no-dense", "--top-k", "0"), "top_k"),
        (("ask", "--data", data, "--artifact", reader, "--no-answer-threshold", "7"), "probability"),
    ):
        called = call("evaluate", *words)
        assert called.code == 2 and len(called.lines) == 4 and told in called.err, called


@pytest.mark.shared
def test_words_find_most_of_a_public_set(call, shared_data):
    file = shared_data / "qa" / "korquad1" / "KorQuAD_v1.0_dev_112.json"
    words = ("--no-dense", "--no-rerank", "--limit", 100, "--json")
    found = call("evaluate", "search", "--data", file, *words).data
    assert found["n"] == 100 and found["recall@1"] > 0.85 and found["recall@5"] > 0.95
