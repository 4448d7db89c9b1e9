"""The data report of contexts and responses: what is counted, what is proposed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors

from gongbang.data.checks import check_records
from gongbang.data.dialogue import one_line, same_key
from gongbang.data.dialogue_measures import dialogue_measures, limits
from gongbang.data.records import Record
from gongbang.errors import DataError


def pair(number: int, context: str, response: str, **labels: Any) -> Record:
    return Record(str(number), {"context": context, "response": response}, labels=labels)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """A word a token, two special tokens round a text."""
    made = Tokenizer(models.WordLevel({"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "가": 3}, unk_token="[UNK]"))
    made.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    made.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B [SEP]",
        special_tokens=[("[CLS]", 1), ("[SEP]", 2)],
    )
    return made


def codes(report: Any) -> dict[str, str]:
    return {finding.code: finding.level for finding in report.todo}


def test_what_is_counted():
    records = [
        pair(1, "배고파", "밥 드세요."),
        pair(2, "배고파!", "간식 드세요.", candidates=["비가 와요."]),
        pair(3, "배 고파", "밥, 드세요"),
        pair(4, "안녕\n뭐 해?", "쉬어요."),
    ]
    report = check_records(records, task="respond")
    found = report.dialogue
    assert (found["contexts"], found["responses"], found["several"]) == (2, 3, 1)
    assert found["turns"]["max"] == 2 and found["candidates"]["n"] == 1
    assert found["frequent"]["responses"]["밥 드세요."] == 2
    assert report.repeated == [["1", "3"]] and report.counts["repeated"] == 1
    assert codes(report)["several_responses"] == "note" and report.ok
    assert "limits" not in found
    json.dumps(report.to_dict())


def test_limits_leave_all_but_a_hundredth_whole(tokenizer: Tokenizer):
    sizes = np.arange(1, 201)
    records = [pair(n, " ".join(["가"] * n), "가 가") for n in sizes]
    found = limits(records, tokenizer)
    assert found["max_response"]["proposed"] == 2 + 2 and found["max_response"]["cut"] == 0
    proposed = found["max_context"]["proposed"]
    assert proposed == int(np.ceil(np.quantile(sizes, 0.99))) + 2
    assert found["max_context"]["cut"] == (sizes + 2 > proposed).sum() == 1
    # A separator stands between two turns.
    assert limits([pair(0, "가\n가 가", "가")], tokenizer)["max_context"]["proposed"] == 3 + 1 + 2


def test_a_tokenizer_that_cuts_counts_all_and_cuts_afterwards(tokenizer: Tokenizer):
    tokenizer.enable_truncation(4)
    try:
        assert limits([pair(0, "가 " * 9, "가")], tokenizer)["max_context"]["proposed"] == 11
        assert len(tokenizer.encode("가 " * 9).ids) == 4
    finally:
        tokenizer.no_truncation()


def test_the_report_proposes_the_limits(tokenizer: Tokenizer):
    report = check_records([pair(n, f"가 {n}", "가") for n in range(9)], task="respond", tokenizer=tokenizer)
    (told,) = [finding for finding in report.todo if finding.code == "limits"]
    assert "max_context 4 and max_response 3" in told.en and "max_context 4" in told.ko
    page = report.to_html("말과 대답")
    assert "proposed: max_context 4" in page and "서로 다른 대답" in page and "answerable" not in page
    assert "truncation" not in codes(report)


def test_a_few_responses_to_everything_are_told():
    records = [pair(n, f"말 {n}", "네." if n % 2 else f"대답 {n}") for n in range(40)]
    assert codes(check_records(records, task="respond"))["frequent_responses"] == "note"


def test_records_of_another_task_are_refused_and_told():
    with pytest.raises(DataError, match="needs"):
        check_records([Record("1", {"context": "가"})], task="respond")
    with pytest.raises(DataError) as caught:
        check_records([pair(1, "가", "나")], task="reader")
    assert "--task respond" in caught.value.cure


def test_texts_are_the_same_by_letters_and_digits():
    assert same_key("네, 1번!") == same_key("네 1번") != same_key("네 2번")
    assert same_key("...") != same_key("?")
    assert one_line("가\r\n\n 나 ") == "가 나"


def test_nothing_to_count_is_no_fault():
    found = dialogue_measures([Record("1", {"context": "가"})])
    assert (found["contexts"], found["frequent"]["share"]) == (0, 0.0)
