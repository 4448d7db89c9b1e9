from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.reading import read_records
from gongbang.data.records import Record, Span
from gongbang.data.serial import record_to_json
from gongbang.data.writing import write_jsonl, write_parquet
from gongbang.errors import DataError

words = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
plain = (
    st.none() | st.booleans() | st.integers(-9, 9) | st.floats(allow_nan=False, allow_infinity=False) | words
)


@st.composite
def records(draw: st.DrawFn) -> Record:
    context = draw(words)
    start = draw(st.integers(0, len(context)))
    end = draw(st.integers(start, len(context)))
    return Record(
        draw(words.filter(str.strip)),
        {"context": context, "question": draw(words)},
        spans={"answers": (Span(start, end, context[start:end]),), "none": ()},
        labels=draw(st.dictionaries(words, plain | st.lists(plain, max_size=2), max_size=3)),
        group=draw(words),
        lineage=tuple(draw(st.lists(words, max_size=2))),
        source=draw(words),
        licence=draw(words),
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(records(), min_size=1, max_size=4, unique_by=lambda r: r.id))
def test_jsonl_gives_back_what_was_written(given):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "r.jsonl")
        assert write_jsonl(given, path) == len(given)
        assert read_records(path).strict() == given


@settings(max_examples=15, deadline=None)
@given(st.lists(records(), min_size=1, max_size=4, unique_by=lambda r: r.id))
def test_parquet_shards_give_back_what_was_written(given):
    pytest.importorskip("pyarrow")
    with tempfile.TemporaryDirectory() as folder:
        paths = write_parquet(given, folder, shard_size=2)
        assert len(paths) == (len(given) + 1) // 2
        assert read_records(folder).strict() == given


def test_a_label_that_json_cannot_hold_leaves_no_file(tmp_path):
    path = tmp_path / "r.jsonl"
    with pytest.raises(DataError, match="record '2'"):
        write_jsonl([Record("1", {"text": "가"}), Record("2", {"text": "나"}, labels={"x": {1}})], path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("label", [(1, 2), {1: "a"}, [{"x": (1,)}], {"a": {2: 3}}])
def test_a_label_that_would_come_back_as_something_else_is_refused(label):
    with pytest.raises(DataError, match="label that JSON cannot") as caught:
        record_to_json(Record("1", {"text": "가"}, labels={"x": label}))
    assert "come back" in str(caught.value.value)


def test_a_written_file_is_as_open_as_any_other(tmp_path):
    before = os.umask(0o027)
    try:
        write_jsonl([Record("1", {"text": "가"})], tmp_path / "r.jsonl")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "r.jsonl").stat().st_mode) == 0o640


def test_shards_of_an_earlier_set_are_taken_away(tmp_path):
    pytest.importorskip("pyarrow")
    (tmp_path / "part-of-me.parquet").write_bytes(b"mine")
    write_parquet([Record(f"old{n}", {"text": "가"}) for n in range(3)], tmp_path, shard_size=1)
    paths = write_parquet([Record("new", {"text": "나"})], tmp_path, shard_size=1)
    assert sorted(tmp_path.iterdir()) == sorted([*paths, tmp_path / "part-of-me.parquet"])
