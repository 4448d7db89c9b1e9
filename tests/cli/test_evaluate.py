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
    found = call(*words, "--rerank", "--json").data
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


def test_only_what_was_held_out_is_asked(call, data, reader, tmp_path):
    from gongbang.artifacts.format import open_artifact, save_artifact
    from gongbang.artifacts.held_out import HELD_OUT, held_out_file
    from gongbang.data.reading import read_records

    old = open_artifact(reader)
    groups = sorted({record.group for record in read_records(data).items})
    files = {name: old.file(name) for name in old.manifest.files if name != "pipeline.json"}
    files[HELD_OUT] = held_out_file(groups[:1])
    made = save_artifact(tmp_path / "made", task="reader", config=old.config, files=files)
    words = ("--data", data, "--artifact", made.path, "--held-out", "--json")
    assert call("evaluate", "reader", *words).data["n"] == 6
    found = call("evaluate", "ask", *words, "--no-dense").data
    assert found["n"] == 6 and found["passages"] == 8  # what is not asked is still searched
    refused = call("evaluate", "reader", "--data", data, "--artifact", reader, "--held-out")
    assert refused.code == 2 and len(refused.lines) == 4 and "does not say" in refused.err
    idle = call("evaluate", "search", "--data", data, "--no-dense", "--held-out")
    assert idle.code == 2 and "--held-out" in idle.err


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
        (("search", "--data", data, "--artifact", reader), "without --rerank"),
        (("search", "--data", data, "--artifact", reader, "--encoder", encoder), "without --rerank"),
        (("search", "--data", data, "--artifact", encoder, "--no-dense"), "by words alone"),
        (("search", "--data", data, "--encoder", encoder, "--no-dense"), "by words alone"),
        (("ask", "--data", data, "--encoder", encoder, "--no-dense"), "by words alone"),
        (("search", "--data", data, "--no-dense", "--no-rerank", "--limit", "0"), "limit"),
        (("ask", "--data", data, "--artifact", reader, "--no-dense", "--top-k", "0"), "top_k"),
        (("ask", "--data", data, "--artifact", reader, "--no-answer-threshold", "7"), "probability"),
    ):
        called = call("evaluate", *words)
        assert called.code == 2 and len(called.lines) == 4 and told in called.err, called


def test_the_target_is_checked_before_the_work(call, data, tmp_path, monkeypatch):
    import gongbang.apps.evaluate

    def worked(*_, **__):
        raise AssertionError("evaluated for nothing")

    monkeypatch.setattr(gongbang.apps.evaluate, "evaluate_search", worked)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    for out in (tmp_path / "file", tmp_path / "file" / "x"):
        called = call("evaluate", "search", "--data", data, "--no-dense", "--out", out)
        assert called.code == 2 and "cannot be made" in called.lines[0] and len(called.lines) == 4


@pytest.mark.parametrize("as_json", [True, False])
def test_scores_are_told_though_they_cannot_be_saved(call, data, tmp_path, monkeypatch, as_json):
    from gongbang.apps.evaluate.evaluation import Evaluation

    def full(*_):
        raise OSError(28, "No space left on device", "predictions.jsonl")

    monkeypatch.setattr(Evaluation, "save", full)
    words = ("evaluate", "search", "--data", data, "--no-dense", "--limit", 4, "--out", tmp_path / "out")
    called = call(*words, *(["--json"] if as_json else []))
    assert called.code == 2 and "No space left" in called.err and len(called.lines) == 4
    assert called.data["recall@1"] == 1.0 if as_json else "recall@1" in called.out


def test_blank_rows_lose_only_themselves(call, reader, tmp_path):
    rows = [
        {
            "id": "1",
            "question": "공방은 언제 여는가?",
            "context": "공방은 아홉 시에 연다.",
            "answer": "아홉 시",
        },
        {"id": "2", "question": "우물은?", "context": "   ", "is_impossible": True, "answer": ""},
        {"id": "3", "question": " ", "context": "우물은 마당에 있다.", "answer": "마당"},
    ]
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    for what in ("reader", "ask", "search"):
        named = () if what == "search" else ("--artifact", reader)
        dense = () if what == "reader" else ("--no-dense",)
        found = call("evaluate", what, "--data", file, *named, *dense, "--json").data
        assert found["n"] == 1 and found["problems"]["n"] == 2, found
    predicted = call("predict", reader, "--data", file, "--json")
    assert predicted.code == 0 and predicted.data["n"] == 1 and predicted.data["problems"]["n"] == 2


@pytest.mark.shared
def test_words_find_most_of_a_public_set(call, shared_data):
    file = shared_data / "qa" / "korquad1" / "KorQuAD_v1.0_dev_112.json"
    words = ("--no-dense", "--no-rerank", "--limit", 100, "--json")
    found = call("evaluate", "search", "--data", file, *words).data
    assert found["n"] == 100 and found["recall@1"] > 0.85 and found["recall@5"] > 0.95
