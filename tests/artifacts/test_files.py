"""Small files: atomic writes and lines that survive a kill."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gongbang.artifacts.files import append_line, plain, read_json, read_lines, write_json
from gongbang.errors import ArtifactError


def test_plain_unpacks_numpy_and_drops_what_json_lacks():
    value = {
        "a": np.float32(0.5),
        "b": np.arange(2),
        "c": float("inf"),
        "d": (Path("x"),),
        "e": np.bool_(True),
    }
    assert plain(value) == {"a": 0.5, "b": [0, 1], "c": None, "d": ["x"], "e": True}


def test_a_failed_write_leaves_the_old_file_and_no_scraps(tmp_path: Path):
    path = tmp_path / "a.json"
    write_json(path, {"가": 1})
    assert "가" in path.read_text(encoding="utf-8")

    class Broken:
        def tolist(self):
            raise RuntimeError

    with pytest.raises(RuntimeError):
        write_json(path, {"x": Broken()})
    assert read_json(path, "it") == {"가": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_reading_says_whether_it_is_missing_or_broken(tmp_path: Path):
    with pytest.raises(ArtifactError, match="the manifest is missing"):
        read_json(tmp_path / "a.json", "the manifest")
    (tmp_path / "a.json").write_text('{"a": ', encoding="utf-8")
    with pytest.raises(ArtifactError, match="cannot be read"):
        read_json(tmp_path / "a.json", "the manifest")


def test_a_torn_line_is_passed_over_and_does_not_swallow_the_next(tmp_path: Path):
    path = tmp_path / "a.jsonl"
    append_line(path, {"step": 1})
    with path.open("ab") as file:
        file.write('{"step": 2, "note": "가'.encode()[:-1])  # killed within a character
    append_line(path, {"step": 3})
    assert list(read_lines(path)) == [{"step": 1}, {"step": 3}]
    assert list(read_lines(tmp_path / "none")) == []
