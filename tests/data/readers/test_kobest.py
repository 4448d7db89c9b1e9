"""KoBEST's tables: BoolQ, SentiNeg and COPA, recognised by their headers."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from gongbang.data.reading import read_records
from gongbang.data.splits import find_leaks
from gongbang.errors import DataError

BOOLQ = "ID\tText\tQuestion\tAnswer"
PASSAGE = '옹기는 흙으로 빚는다. "숨 쉬는 그릇"이라 한다.'


def write(path: Path, *lines: str, end: str = "\r\n") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes((end.join(lines) + end).encode())
    return path


def test_boolq_is_known_by_its_header_whatever_the_case_of_its_answers(tmp_path):
    path = write(
        tmp_path / "BoolQ" / "dev.tsv",
        BOOLQ,
        f"1\t{PASSAGE}\t옹기는 쇠로 만드는가?\tFalse",
        f"2\t{PASSAGE}\t옹기는 흙으로 빚는가?\tTRUE",
    )
    first, second = read_records(path).strict()
    assert dict(first.fields) == {"question": "옹기는 쇠로 만드는가?", "context": PASSAGE}
    assert (first.labels["label"], second.labels["label"]) == ("no", "yes")
    assert first.group == second.group == first.labels["document"]
    assert (first.id, first.source, first.licence) == ("boolq-dev-1", "KoBEST BoolQ", "CC BY-SA 4.0")


def test_a_file_without_the_sets_name_is_its_own_source(tmp_path):
    path = write(tmp_path / "mine.tsv", BOOLQ, f"1\t{PASSAGE}\t흙인가?\tTrue")
    record = read_records(path).strict()[0]
    assert (record.source, record.licence, record.labels["label"]) == ("mine.tsv", "unknown", "yes")


def test_the_parts_do_not_share_ids_though_both_count_from_one(tmp_path):
    rows = (BOOLQ, f"1\t{PASSAGE}\t흙인가?\tTrue"), (BOOLQ, "1\t다른 글이다.\t글인가?\tTrue")
    train, dev = (
        read_records(write(tmp_path / f"{part}.tsv", *lines)).strict()
        for part, lines in zip(("train", "dev"), rows, strict=True)
    )
    assert find_leaks(train, dev) == []


def test_a_table_of_answers_in_words_is_question_answering(tmp_path):
    path = write(tmp_path / "qa.tsv", BOOLQ, f"1\t{PASSAGE}\t무엇으로 빚나?\t흙")
    record = read_records(path).strict()[0]
    assert record.answers == () and "label" not in record.labels and record.labels["answers"] == "흙"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        (f"2\t{PASSAGE}\t흙인가?\t아마", "Answer"),
        ("2\t \t흙인가?\tTrue", "Text"),
        (f"2\t{PASSAGE}\t\tTrue", "Question"),
        (f"2\t{PASSAGE}\tTrue", None),
    ],
)
def test_a_bad_row_costs_itself(tmp_path, row, field):
    good = [f"{n}\t{PASSAGE}\t{n}번인가?\tTrue" for n in (1, 3)]
    loaded = read_records(write(tmp_path / "a.tsv", BOOLQ, good[0], row, good[1]))
    (problem,) = loaded.problems
    assert len(loaded) == 2 and (problem.line, problem.field) == (3, field)


def test_sentineg_orders_its_columns_both_ways(tmp_path):
    one = write(
        tmp_path / "SentiNeg" / "dev.tsv", "ID\tLabel\tText", "1\t1\t싸고 튼튼해요", "2\t0\t금방 깨졌어요"
    )
    other = write(tmp_path / "train.tsv", "ID\tText\tLabel", "1\t싸고 튼튼해요\t1", "2\t금방 깨졌어요\t0")
    for path in (one, other):
        assert [(r.fields["text"], r.labels["label"]) for r in read_records(path).strict()] == [
            ("싸고 튼튼해요", "positive"),
            ("금방 깨졌어요", "negative"),
        ]


def test_copa_is_one_decision_a_row(tmp_path):
    path = write(
        tmp_path / "copa.tsv",
        "ID\tsentence\tquestion\t1\t2\tAnswer",
        "1\t가마에 불을 지폈다.\t결과\t그릇이 구워졌다.\t비가 왔다.\t1",
        "2\t그릇이 깨졌다.\t원인\t새를 보았다.\t손이 미끄러졌다.\t2",
        "3\t그릇이 깨졌다.\t까닭\t새를 보았다.\t손이 미끄러졌다.\t2",
    )
    loaded = read_records(path)
    first, second = loaded
    assert first.fields["text"] == "가마에 불을 지폈다. 결과는?"
    assert first.fields["pair"] == "1. 그릇이 구워졌다. 2. 비가 왔다."
    assert first.labels["choices"] == ["그릇이 구워졌다.", "비가 왔다."]
    assert (first.labels["label"], second.labels["label"]) == ("1", "2")
    assert loaded.problems[0].line == 4 and loaded.problems[0].field == "question"


def test_a_format_that_is_named_must_fit(tmp_path):
    path = write(tmp_path / "a.tsv", "text\tlabel", "좋다\t1")
    with pytest.raises(DataError, match="column 'ID' is missing"):
        read_records(path, format="kobest-boolq")


@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "count", "labels"),
    [
        ("BoolQ/train", 3665, {"no": 1834, "yes": 1831}),
        ("BoolQ/dev", 700, {"no": 374, "yes": 326}),
        ("SentiNeg/train", 3649, {"positive": 1838, "negative": 1811}),
        ("SentiNeg/dev", 400, {"positive": 200, "negative": 200}),
        ("COPA/train", 3076, {"1": 1671, "2": 1405}),
        ("COPA/dev", 500, {"1": 248, "2": 252}),
    ],
)
def test_the_public_tables_are_read_whole(shared_data, name, count, labels):
    records = read_records(shared_data / "kobest" / f"{name}.tsv").strict()
    assert len(records) == count and Counter(r.labels["label"] for r in records) == labels
    assert {r.licence for r in records} == {"CC BY-SA 4.0"}
