from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.reading import read_records
from gongbang.data.records import Record, Span
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
