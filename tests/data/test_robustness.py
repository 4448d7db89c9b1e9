"""Whatever stands in a file, reading it gives records and located errors, never a traceback of ours."""

from __future__ import annotations

import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.data.documents import read_documents
from gongbang.data.reading import read_records
from gongbang.errors import GongbangError
from tests.data.builders import CONTEXT, squad
from tests.data.readers.test_korquad2 import korquad2

SQUAD = squad()
ROWS = [
    {"question": "누구?", "context": CONTEXT, "answers": [{"text": "김쇠돌", "answer_start": 25}], "id": "1"},
    {"question": "어디?", "context": CONTEXT, "answer": "마을", "answer_start": 5, "is_impossible": False},
]
RECORD = [
    {
        "id": "1",
        "fields": {"context": CONTEXT},
        "spans": {"answers": [{"start": 25, "end": 28, "text": "김쇠돌", "field": "context"}]},
        "labels": {"document": "d"},
        "lineage": ["0"],
    }
]
VALUES = st.none() | st.booleans() | st.integers(-5, 50) | st.floats(allow_nan=False) | st.text(max_size=4)
JSON = VALUES | st.lists(VALUES, max_size=2) | st.dictionaries(st.text(max_size=3), VALUES, max_size=2)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, child in inner for place in places(child, (*path, key))]


def put(value: Any, place: tuple[Any, ...], new: Any) -> Any:
    changed = copy.deepcopy(value)
    inner = changed
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = new
    return changed


def check(data: bytes, name: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        for read in (read_records, read_documents):
            try:
                loaded = read(path)
            except GongbangError as err:
                assert len(err.lines()) == 4 and all(err.lines())
            else:
                assert loaded.items
                assert all(len(problem.lines()) == 4 for problem in loaded.problems)


@pytest.mark.parametrize(
    "value", [SQUAD, korquad2("1,200"), ROWS, RECORD], ids=["squad", "korquad2", "rows", "own"]
)
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_value_in_any_place_is_a_record_or_a_located_error(value, data):
    place = data.draw(st.sampled_from(places(value)))
    changed = put(value, place, data.draw(JSON))
    check(json.dumps(changed).encode(), "a.json")
    if isinstance(changed, list):
        check("\n".join(map(json.dumps, changed)).encode(), "a.jsonl")


@settings(max_examples=60, deadline=None)
@given(
    st.binary(max_size=60),
    st.sampled_from(["a.json", "a.jsonl", "a.csv", "a.txt", "a.html", "a.md", "a.pdf", "a.docx"]),
)
def test_any_bytes_are_words_or_a_located_error(data, name):
    check(data, name)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 400))
def test_a_file_cut_anywhere(size):
    check(json.dumps(SQUAD, ensure_ascii=False).encode()[:size], "a.json")


def test_reading_imports_nothing_heavy():
    heavy = {"torch", "pyarrow", "kiwipiepy", "pypdf", "onnxruntime", "matplotlib", "transformers"}
    code = (
        "import sys, gongbang.data.reading, gongbang.data.documents, gongbang.data.passages;"
        "import gongbang.data.checks, gongbang.data.corpus;"
        f"print(sorted({heavy!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
