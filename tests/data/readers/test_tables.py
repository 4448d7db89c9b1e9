"""CSV and TSV: what one bad line costs, and quotes that mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongbang.data.readers.tables import unquoted
from gongbang.data.reading import read_records
from gongbang.errors import DataError

CONTEXT = "수도는 서울이다."


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def rows(count: int, mark: str = "q") -> list[str]:
    return [f"{mark}{number},{CONTEXT},서울" for number in range(count)]


def test_the_columns_are_those_of_the_header_not_of_the_first_row(tmp_path):
    header = "question,context,answer,is_impossible"
    path = write(tmp_path / "a.csv", header, f"왜?,{CONTEXT},,true", f"수도는?,{CONTEXT},서울,")
    first, second = read_records(path).strict()
    assert first.spans["answers"] == () and second.answers[0].text == "서울"


def test_an_empty_answer_must_say_that_there_is_none(tmp_path):
    header = "question,context,answer,answer_start"
    path = write(
        tmp_path / "a.csv", header, f"왜?,{CONTEXT},,", f"뭐?,{CONTEXT},,-1", f"수도?,{CONTEXT},서울,4"
    )
    loaded = read_records(path)
    assert [len(record.answers) for record in loaded] == [0, 1]
    (problem,) = loaded.problems
    assert problem.line == 2 and problem.field == "answer" and "is_impossible" in problem.cure


@pytest.mark.parametrize("part", ["id", "group", "answer", "title", "labels.level"])
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_a_mapped_column_that_the_header_lacks_is_an_error(tmp_path, part, suffix):
    comma = "," if suffix == "csv" else "\t"
    path = write(
        tmp_path / f"a.{suffix}", comma.join(("q", "c", "answer")), comma.join(("?", CONTEXT, "서울"))
    )
    with pytest.raises(DataError, match="column 'anwser' is missing") as caught:
        read_records(path, mapping={"question": "q", "context": "c", part: "anwser"})
    assert "Did you mean 'answer'?" in caught.value.cure
    with pytest.raises(DataError, match=r"column 'answer\.text' is missing"):
        read_records(path, mapping={"question": "q", "context": "c", part: "answer.text"})


@pytest.mark.parametrize("place", [0, 1, 50, 99])
def test_an_unclosed_quote_costs_its_own_line(tmp_path, place):
    lines = rows(100)
    lines.insert(place, f'열림,"{CONTEXT},서울')
    loaded = read_records(write(tmp_path / "a.csv", "question,context,answer", *lines))
    assert [record.fields["question"] for record in loaded] == [f"q{number}" for number in range(100)]
    (problem,) = loaded.problems
    assert problem.line == place + 2 and "열림" in str(problem.value)


def test_a_quote_that_is_closed_far_below_costs_two_lines(tmp_path):
    lines = [*rows(5), f'열림,"{CONTEXT},서울', *rows(5, "r"), f'닫힘,{CONTEXT}",서울,', *rows(5, "s")]
    loaded = read_records(write(tmp_path / "a.csv", "question,context,answer", *lines))
    assert len(loaded) == 15 and [problem.line for problem in loaded.problems] == [7, 13]


def test_a_header_that_cannot_be_read_is_one_error(tmp_path):
    with pytest.raises(DataError, match="broken quoting"):
        read_records(write(tmp_path / "a.csv", 'question,"context', *rows(3)))


def test_quotes_in_a_tsv_are_letters(tmp_path):
    texts = ['"재미있다', '그는 "좋다" 했다', '"좋다"', '""굿""', "앞\r뒤", '"']
    path = tmp_path / "a.tsv"
    path.write_bytes(("id\ttext\n" + "".join(f"{n}\t{t}\n" for n, t in enumerate(texts))).encode())
    assert [record.fields["text"] for record in read_records(path).strict()] == texts


def test_a_tsv_whose_writer_quotes_is_read_as_it_was_written(tmp_path):
    minimal = write(tmp_path / "a.tsv", "id\ttext", '1\t"그는 ""좋다"" 했다"')
    everything = write(tmp_path / "b.tsv", '"id"\t"text"', '"1"\t"두 줄\n이다"', '"2"\t"""좋다"""')
    assert read_records(minimal).strict()[0].fields["text"] == '그는 "좋다" 했다'
    assert [r.fields["text"] for r in read_records(everything).strict()] == ["두 줄\n이다", '"좋다"']


@given(st.text('ab"', max_size=8))
def test_what_a_writer_quotes_for_its_quotes_comes_back(text):
    quoted = '"' + text.replace('"', '""') + '"'
    assert unquoted(quoted) == (text if '"' in text else quoted)


@pytest.mark.shared
def test_a_public_tsv_is_read_whole(shared_data):
    path = shared_data / "sentiment/nsmc/ratings_train_100k.tsv"
    loaded = read_records(path, mapping={"id": "id", "text": "document", "labels.label": "label"})
    rows = path.read_bytes().count(b"\n") - 1
    assert len(loaded) + len(loaded.problems) == rows and len(loaded) > 99_990
    assert max(len(record.fields["text"]) for record in loaded) < 200
