"""The held-out questions of an artifact, found again in a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongbang.artifacts.format import Artifact, save_artifact
from gongbang.artifacts.held_out import (
    HELD_OUT,
    group_mark,
    held_out_file,
    held_out_records,
    only_held_out,
    without_records,
)
from gongbang.data.records import Record
from gongbang.errors import ArtifactError, DataError


def _records(*groups: str) -> list[Record]:
    return [
        Record(str(n), {"question": "?", "context": f"글 {n}"}, group=group) for n, group in enumerate(groups)
    ]


def _artifact(folder: Path, *groups: str) -> Artifact:
    files = {"model.onnx": b"x", HELD_OUT: held_out_file(groups)}
    return save_artifact(folder, task="reader", config={}, files=files)


def test_only_held_out_groups_ask_and_all_keep_their_passages(tmp_path: Path):
    kept = only_held_out(_artifact(tmp_path / "a", "가", "나"), _records("가", "다", "나", "가"))
    assert [record.id for record in kept if "question" in record.fields] == ["0", "2", "3"]
    assert [record.fields["context"] for record in kept] == ["글 0", "글 1", "글 2", "글 3"]


def test_groups_that_were_looked_at_since_are_taken_out(tmp_path: Path):
    left = without_records(_artifact(tmp_path / "a", "가", "나"), _records("나", "다"))
    assert left == held_out_file(["가"])


def test_records_of_a_file_are_grouped_as_the_recipe_grouped_them(tmp_path: Path):
    files = {"model.onnx": b"x", HELD_OUT: held_out_file(["배고파"], "context")}
    artifact = save_artifact(tmp_path / "a", task="respond", config={}, files=files)
    pairs = [
        Record("0", {"context": "배고파!", "response": "밥 먹어요."}, group="1"),
        Record("1", {"context": "졸려", "response": "밥 먹어요."}, group="1"),
    ]
    assert [record.id for record in held_out_records(artifact, pairs)] == ["0"]
    assert without_records(artifact, pairs) == held_out_file([], "context")


def test_names_are_kept_as_hashes(tmp_path: Path):
    text = _artifact(tmp_path / "a", "환자 김 아무개").file(HELD_OUT).read_text(encoding="utf-8")
    assert "환자" not in text and group_mark("환자 김 아무개") in text


@given(st.lists(st.text(max_size=5)))
def test_the_part_depends_on_the_groups_alone(groups: list[str]):
    assert held_out_file(groups) == held_out_file(sorted({*groups}))


def test_what_holds_nothing_out_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match="nothing that was held out"):
        only_held_out(_artifact(tmp_path / "a", "가"), _records("나", "다"))
    bare = save_artifact(tmp_path / "b", task="reader", config={}, files={"model.onnx": b"x"})
    with pytest.raises(ArtifactError, match="does not say"):
        only_held_out(bare, _records("가"))
