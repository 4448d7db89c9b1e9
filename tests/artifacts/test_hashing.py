"""Hashes: known values, canonical form, what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.artifacts.hashing import (
    bytes_hash,
    canonical_json,
    code_hash,
    config_hash,
    data_hashes,
    file_hash,
    folder_hash,
    short,
)
from gongbang.errors import DataError, OptionError

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, appendix B.1

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


def test_file_and_bytes_have_the_published_hash(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"abc")
    assert file_hash(tmp_path / "a") == bytes_hash(b"abc") == ABC
    assert short(ABC, 7) == "ba7816b"


def test_a_remembered_hash_is_not_used_for_a_changed_file(tmp_path: Path):
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    os.utime(path, ns=(1_000_000_000, 1_000_000_000))
    assert file_hash(path) == ABC
    path.write_bytes(b"abd")
    os.utime(path, ns=(2_000_000_000, 2_000_000_000))
    assert file_hash(path) == bytes_hash(b"abd")


def test_a_missing_file_is_located(tmp_path: Path):
    with pytest.raises(DataError, match="none"):
        file_hash(tmp_path / "none")


@given(PLAIN)
@settings(max_examples=80, deadline=None)
def test_canonical_json_reads_back_and_is_stable(value):
    text = canonical_json(value)
    assert json.loads(text) == value
    assert canonical_json(json.loads(text)) == text


def test_key_order_does_not_matter_but_values_do():
    assert config_hash({"a": 1, "b": [2]}) == config_hash({"b": [2], "a": 1})
    assert config_hash({"a": 1}) != config_hash({"a": 1.0})
    assert config_hash({"a": "가"}) != config_hash({"a": "나"})


@pytest.mark.parametrize(
    "bad", [{"a": {1, 2}}, {"a": float("nan")}, {"a": Path("x")}, {"a": {1: 2}}, [{2: 3}]]
)
def test_what_is_not_json_is_refused(bad):
    with pytest.raises(OptionError):
        canonical_json(bad)


def test_folder_hash_sees_names_and_contents_but_not_line_ends(tmp_path: Path):
    for name, content in (("one", b"x = 1\n"), ("two", b"x = 1\r\n"), ("three", b"x = 2\n")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.py").write_bytes(content)
    (tmp_path / "four").mkdir()
    (tmp_path / "four" / "b.py").write_bytes(b"x = 1\n")
    one, two, three, four = (folder_hash(tmp_path / n) for n in ("one", "two", "three", "four"))
    assert one == two
    assert len({one, three, four}) == 3
    with pytest.raises(DataError):
        folder_hash(tmp_path / "one", "**/*.c")


def test_what_a_wheel_carries_along_does_not_change_the_code(tmp_path: Path):
    (tmp_path / "a.py").write_bytes(b"x = 1\n")
    clone = folder_hash(tmp_path)
    (tmp_path / "_bundled" / "samples").mkdir(parents=True)
    (tmp_path / "_bundled" / "samples" / "make_office.py").write_bytes(b"x = 2\n")
    assert folder_hash(tmp_path) != clone
    assert folder_hash(tmp_path, leave_out=("_bundled",)) == clone


def test_code_hash_is_a_hash():
    assert len(code_hash()) == 64
    assert code_hash() == code_hash()


def test_data_hashes_walk_folders(tmp_path: Path):
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "x.json").write_bytes(b"abc")
    (tmp_path / "y.json").write_bytes(b"")
    found = data_hashes([tmp_path / "d", tmp_path / "y.json"])
    assert [(Path(f["name"]).name, f["bytes"]) for f in found] == [("x.json", 3), ("y.json", 0)]
    assert found[0]["sha256"] == ABC
