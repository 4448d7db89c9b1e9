"""Responses evaluated: among which candidates, and what is refused, with a predictor of shared letters."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from gongbang.apps.evaluate import evaluate_respond
from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.tasks.base import Prediction
from gongbang.tasks.candidates import candidates_of
from gongbang.tasks.nearest import bigrams
from gongbang.tasks.respond import RespondTask
from gongbang.tasks.selection import ranked_prediction
from tests.tasks.dialogues import dialogues, said, tokenizer
from tests.train.tiny import CRAFTS, PLACES

__all__ = ["tokenizer"]


class Overlap:
    """A responder that counts the character bigrams that context and candidate share."""

    def __init__(self, tokenizer: Any) -> None:
        self.task = RespondTask(tokenizer)
        self.seen: list[Record] = []

    def predict(self, records: Sequence[Record]) -> list[Prediction]:
        self.seen += records
        found = []
        for record in records:
            texts, context = candidates_of(record), bigrams(record.fields["context"])
            found.append(ranked_prediction(record, texts, [len(context & bigrams(text)) for text in texts]))
        return found


def test_the_right_response_is_told_from_nineteen(tokenizer: Any):
    done: list[int] = []
    responder = Overlap(tokenizer)
    found = evaluate_respond(dialogues(60), responder, on_progress=done.append)
    told = found.to_dict()
    assert {"r@1", "r@2", "r@5", "r@10", "mrr", "n"} <= set(told) and told["n"] == 60
    assert set(told["intervals"]) >= {"r@1", "r@5", "mrr"}
    assert (told["candidates"], told["drawn"]) == (20, "random") and sum(done) == 60
    assert told["r@1"] > 0.5 > told["baselines"]["random"]["r@1"]
    assert all(len(record.labels["candidates"]) == 19 for record in responder.seen)


def test_hard_candidates_are_harder(tokenizer: Any):
    records = [
        said(n, f"{CRAFTS[n % 12]} 얘기를 해 줘, {PLACES[n // 12]}에서", f"{CRAFTS[n % 12]} {n}개를 봤어요.")
        for n in range(60)
    ]  # what is made is told apart by words, how many of it is not
    easy = evaluate_respond(records, Overlap(tokenizer), candidates=5)
    hard = evaluate_respond(records, Overlap(tokenizer), candidates=5, hard=True)
    assert hard.to_dict()["drawn"] == "neighbours" and hard.to_dict()["candidates"] == 5
    assert hard.scores.scores["r@1"].value < 0.1 < easy.scores.scores["r@1"].value


def test_a_limit_judges_fewer_among_the_same_candidates(tokenizer: Any):
    records = dialogues(50)
    whole, few = Overlap(tokenizer), Overlap(tokenizer)
    evaluate_respond(records, whole)
    assert evaluate_respond(records, few, limit=7).to_dict()["n"] == 7
    listed = {record.id: record.labels["candidates"] for record in whole.seen}
    assert all(record.labels["candidates"] == listed[record.id] for record in few.seen)


def test_a_file_that_lists_candidates_is_judged_by_them(tokenizer: Any):
    records = [
        said(0, "물레가 뭐야?", "물레는 판이야.", candidates=["비가 와.", "졸려."]),
        said(1, "갓이 뭐야?", "머리에 써.", candidates=["갓은 뭐야."]),
    ]
    told = evaluate_respond(records, Overlap(tokenizer)).to_dict()
    assert told["r@1"] == 0.5 and told["drawn"] == "listed"
    assert told["candidates"] == {"least": 2, "most": 3}
    for options in ({"candidates": 20}, {"hard": True}):
        with pytest.raises(OptionError, match="lists its candidates"):
            evaluate_respond(records, Overlap(tokenizer), **options)  # type: ignore[arg-type]


def test_a_file_of_few_responses_is_refused(tokenizer: Any):
    with pytest.raises(DataError, match="too few") as caught:
        evaluate_respond(dialogues(8), Overlap(tokenizer))
    assert "--candidates 8" in caught.value.cure
    assert evaluate_respond(dialogues(8), Overlap(tokenizer), candidates=8).to_dict()["candidates"] == 8
    with pytest.raises(OptionError):
        evaluate_respond(dialogues(8), Overlap(tokenizer), candidates=1)
    with pytest.raises(DataError, match="no record"):
        evaluate_respond([Record("1", {"context": "안녕"})], Overlap(tokenizer))
