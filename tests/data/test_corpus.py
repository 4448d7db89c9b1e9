from __future__ import annotations

import copy

import pytest

from gongbang.data.corpus import Corpus
from gongbang.data.records import Record, Span
from gongbang.data.writing import write_jsonl, write_parquet
from gongbang.errors import DataError, SpanError
from tests.data.builders import squad, write_json


def many(n: int = 25) -> list[Record]:
    return [
        Record(f"r{i}", {"context": f"본문 {i}", "question": "?"}, spans={"answers": (Span(0, 2, "본문"),)})
        for i in range(n)
    ]


def test_jsonl_by_number(tmp_path):
    records = many()
    write_jsonl(records, tmp_path / "a.jsonl")
    corpus = Corpus.open(tmp_path / "a.jsonl")
    assert len(corpus) == 25
    assert corpus[7] == records[7] and corpus[-1] == records[-1]
    assert corpus[20:23] == records[20:23]
    assert list(corpus) == records
    assert list(copy.deepcopy(corpus)) == records
    with pytest.raises(IndexError):
        corpus[25]


def test_a_bad_line_is_met_when_it_is_read_with_its_number(tmp_path):
    path = tmp_path / "a.jsonl"
    write_jsonl(many(3), path)
    lines = path.read_text("utf-8").split("\n")
    lines[1] = lines[1].replace('"start": 0', '"start": 1')
    path.write_text("\n\n".join(lines), encoding="utf-8")
    corpus = Corpus.open(path)
    assert len(corpus) == 3 and corpus[2].id == "r2"
    with pytest.raises(SpanError) as caught:
        corpus[1]
    assert caught.value.line == 3


def test_parquet_shards_by_number(tmp_path):
    pytest.importorskip("pyarrow")
    records = many()
    paths = write_parquet(records, tmp_path / "shards", shard_size=10)
    corpus = Corpus.open(tmp_path / "shards")
    assert [corpus[i] for i in (24, 0, 9, 10)] == [records[i] for i in (24, 0, 9, 10)]
    assert list(copy.deepcopy(corpus)) == records
    assert list(Corpus.open(paths[1])) == records[10:20]


def test_other_formats_are_read_whole_and_strictly(tmp_path):
    assert Corpus.open(write_json(tmp_path / "a.json", squad()))[0].id == "q1"
    with pytest.raises(SpanError):
        Corpus.open(write_json(tmp_path / "b.json", squad(start=3)))
    with pytest.raises(DataError, match="no such file"):
        Corpus.open(tmp_path / "none.jsonl")


def test_a_folder_of_foreign_parquet_goes_through_its_reader(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    parquet.write_table(
        pyarrow.Table.from_pylist([{"question": "?", "context": "가"}]), tmp_path / "a.parquet"
    )
    assert Corpus.open(tmp_path)[0].fields["context"] == "가"


def test_a_damaged_row_group_says_so(tmp_path):
    pytest.importorskip("pyarrow")
    (path,) = write_parquet(many(), tmp_path)
    data = bytearray(path.read_bytes())
    data[8 : len(data) // 3] = b"\xff" * (len(data) // 3 - 8)
    path.write_bytes(data)
    with pytest.raises(DataError, match="damaged"):
        Corpus.open(tmp_path)[0]
