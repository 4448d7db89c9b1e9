"""The check of labelled records: findings in their order, and a page that shows what was measured."""

from __future__ import annotations

import random

import pytest

from gongbang.data.checks import check_records
from gongbang.data.records import Record, Span
from gongbang.errors import DataError, OptionError
from tests.data.test_checks import _Balance, codes, tokenizer
from tests.data.test_record_suspects import reviews


def closed(page: str) -> bool:
    parser = _Balance()
    parser.feed(page)
    parser.close()
    return parser.open == []


def test_everything_about_labels_is_told_most_urgent_first():
    records, _ = reviews(300, 12)
    records = [record.with_labels(style="ab"[n % 4 < 2]) for n, record in enumerate(records)]
    copy = records[0]
    other = "negative" if copy.labels["label"] == "positive" else "positive"
    records += [
        Record("again", copy.fields, labels=copy.labels),
        Record("against", copy.fields, labels={"label": other}),
        Record("bare", {"text": "라벨이 없는 글"}),
        Record("odd", {"text": "처음 보는 말"}, labels={"label": "neutral"}),
    ]
    report = check_records(records, task="classify")
    assert report.ok and report.counts["contradictions"] == 1 and report.counts["repeated"] == 1
    order = list(codes(report))
    assert order[:2] == ["contradictions", "suspects"]
    assert {"repeated", "rare_labels", "unlabelled", "majority"} <= set(order)
    told = {finding.code: finding for finding in report.todo}
    assert told["rare_labels"].examples == ("neutral (1)",)
    assert "positive (2) / negative (1)" in told["contradictions"].examples[0] or (
        "negative (2) / positive (1)" in told["contradictions"].examples[0]
    )
    page = report.to_html("자료")
    assert closed(page)
    for words in ("의심스러운 라벨", "Label suspects", "같은 글, 다른 라벨", "neutral", "부분별 라벨"):
        assert words in page
    for words in ("answerable", "distinct contexts", "shared with"):
        assert words not in page  # of reading, not of labels; no other set was given


def test_a_readers_page_speaks_of_no_labels():
    record = Record(
        "1",
        {"question": "누가?", "context": "쇠돌이다."},
        spans={"answers": (Span(0, 2, "쇠돌"),)},
        labels={"label": 1},
    )
    report = check_records([record])
    assert not report.classes and not report.suspects and not report.slices
    page = report.to_html()
    assert "Labels" not in page and "answerable" in page


def test_labels_that_are_missing_or_one_are_faults():
    bare = [Record(str(n), {"text": f"글 {n}"}) for n in range(3)]
    assert codes(check_records(bare, task="classify"))["no_labels"] == "fault"
    one = [r.with_labels(label="x") for r in bare]
    report = check_records(one, task="classify")
    assert codes(report)["one_label"] == "fault" and report.suspects["why_not"] == "few_labels"
    assert closed(report.to_html())


def test_a_source_that_gives_the_label_away_is_named():
    records, _ = reviews(40, 0)
    tied = [Record(r.id, r.fields, labels=r.labels, source=str(r.labels["label"])) for r in records]
    told = {f.code: f for f in check_records(tied, task="classify").todo}
    assert "'source' alone" in told["shortcut"].en and "100%" in told["shortcut"].en
    assert "shortcut" not in codes(check_records(records, task="classify"))


def test_boolq_without_no_answer_is_noted():
    def asked(n, label):
        return Record(str(n), {"question": f"{n}인가?", "context": f"글 {n}"}, labels={"label": label})

    records = [asked(n, "yes" if n % 2 else "no") for n in range(4)]
    assert "no_no_answer" in codes(check_records(records, task="boolq"))
    assert "no_no_answer" not in codes(check_records([*records, asked(9, "no-answer")], task="boolq"))
    with pytest.raises(DataError, match="needs"):
        check_records([Record("1", {"text": "글"}, labels={"label": "yes"})], task="boolq")


def test_emotions_count_each_label_and_what_stands_alone():
    draw = random.Random(0)
    records = [
        Record(str(n), {"text": "".join(draw.choices("가나다라마바사", k=9))}, labels={"labels": labels})
        for n, labels in enumerate([["기쁨"], ["기쁨", "놀람"], []] * 5)
    ]
    report = check_records(records, task="emotions")
    assert report.classes["labels"]["기쁨"] == {"n": 10, "share": 0.66667, "alone": 5}
    assert codes(report)["without_any"] == "note" and "one_label" not in codes(report)
    assert "labels of a record" in report.to_html() and closed(report.to_html())


def test_marked_words_beyond_the_window_are_counted():
    text = "마을 어귀에 있다 . 망치를 든다"
    record = Record(
        "1",
        {"text": text},
        spans={"subject": (Span(0, 2, "마을", "text"),), "object": (Span(12, 15, "망치를", "text"),)},
        labels={"label": "x", "subject_type": "LOC", "object_type": "POH"},
    )
    short = check_records([record], task="relation", tokenizer=tokenizer(), max_length=4)
    assert short.tokens["span_truncated"] == {"n": 1, "share": 1.0}
    assert codes(short)["span_truncation"] == "warning" and "marked words beyond 4" in short.to_html()
    long = check_records([record], task="relation", tokenizer=tokenizer(), max_length=64)
    assert long.tokens["span_truncated"]["n"] == 0 and "span_truncation" not in codes(long)


def test_a_pair_counts_among_the_tokens():
    one, two = ({"text": "마을 어귀에"}, {"text": "마을 어귀에", "pair": "망치를 든다"})
    lengths = [
        check_records([Record("1", f, labels={"label": "x"})], task="classify", tokenizer=tokenizer()).tokens
        for f in (one, two)
    ]
    assert [found["length"]["max"] for found in lengths] == [2, 4]


def test_predictions_belong_to_tasks_with_labels():
    records, _ = reviews(20, 0)
    judged = {r.id: {"positive": 0.5, "negative": 0.5} for r in records}
    assert check_records(records, task="classify", oof=judged).suspects["how"] == "run"
    with pytest.raises(OptionError, match="do nothing"):
        check_records(records, task="text", oof=judged)


def test_records_of_another_task_are_told_which():
    records, _ = reviews(4, 0)
    with pytest.raises(DataError) as caught:
        check_records(records)
    assert "--task classify" in caught.value.cure


def test_nothing_that_a_file_says_is_markup():
    hostile = [
        Record(
            f"<i>{n}",
            {"text": f"<script>{n % 2}</script>"},
            labels={"label": f"<b>{n}", "style": f"<u>{n % 2}"},
        )
        for n in range(4)
    ]
    page = check_records(hostile, task="classify").to_html("<자료>")
    assert closed(page) and "<script" not in page
    assert not any(mark in page for mark in ("<b>", "<i>", "<u>"))


@pytest.mark.shared
def test_public_relations_are_checked(shared_data):
    from gongbang.data.reading import read_records

    report = check_records(read_records(shared_data / "relation/re_ko_law_war.jsonl"), task="relation")
    assert report.classes["labels"]["no_relation"]["n"] == 868 and len(report.classes["labels"]) == 18
    assert report.types["without_spans"] == [] and {"domain", "split"} <= set(report.slices)
    assert report.slices["domain"]["law"]["n"] == 957
