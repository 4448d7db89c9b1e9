"""The artifact: it opens as it was saved, and every planted fault is named."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from gongbang.artifacts.format import Artifact, open_artifact, save_artifact
from gongbang.artifacts.hashing import bytes_hash
from gongbang.artifacts.manifest import FORMAT, Manifest, Part, Training
from gongbang.errors import ArtifactError

TOKENIZER = b'{"model": {"vocab": ["a", "b"]}}'


def make(path: Path, *, model: bytes = b"weights" * 100, tokenizer: bytes = TOKENIZER, **more) -> Artifact:
    return save_artifact(
        path,
        task="reader",
        config={"max_length": 384, "stride": 128, "title": True},
        files={"model.onnx": model, "tokenizer.json": tokenizer},
        labels=("start", "end"),
        inputs=("input_ids",),
        outputs=("start_logits",),
        licence="MIT",
        trained_on=[Training("KorQuAD 1.0", "CC BY-ND 2.0 KR")],
        metrics={"f1": 85.0},
        run="20260101-000000-reader-abc",
        **more,
    )


def rewrite(path: Path, change: Callable[[dict], None], seal: bool) -> None:
    """Edit the manifest; with ``seal`` its own hash is made to fit again."""
    values = json.loads((path / "artifact.json").read_text(encoding="utf-8"))
    change(values)
    if seal:
        values["files"] = {n: Part(**p) for n, p in values["files"].items()}
        values["trained_on"] = tuple(Training(**t) for t in values["trained_on"])
        values.pop("id")
        values = Manifest(**values).to_dict()
    (path / "artifact.json").write_text(json.dumps(values, ensure_ascii=False), encoding="utf-8")


def fault(path: Path) -> str:
    with pytest.raises(ArtifactError) as caught:
        open_artifact(path)
    lines = caught.value.lines()
    assert len(lines) == 4
    assert caught.value.exit_code == 2
    return "\n".join(lines)


def test_what_was_saved_is_opened(tmp_path: Path):
    made = make(tmp_path / "reader-ko", card="# A card\n")
    opened = open_artifact(tmp_path / "reader-ko")
    assert opened.manifest == made.manifest
    assert opened.id == made.id
    assert opened.config == {"max_length": 384, "stride": 128, "title": True}
    assert opened.manifest.labels == ("start", "end")
    assert opened.manifest.belongs == bytes_hash(TOKENIZER)
    assert opened.manifest.bytes == 700 + len(TOKENIZER) + opened.file("pipeline.json").stat().st_size
    assert opened.file("model.onnx").read_bytes() == b"weights" * 100
    assert (tmp_path / "reader-ko" / "CARD.md").read_text(encoding="utf-8") == "# A card\n"
    assert [p.name for p in tmp_path.iterdir()] == ["reader-ko"]


def test_the_id_is_the_content(tmp_path: Path):
    first = make(tmp_path / "a", name="x")
    same = make(tmp_path / "b", name="x")
    other = make(tmp_path / "c", name="x", model=b"other")
    assert first.id == same.id != other.id


def test_an_artifact_survives_copying_and_a_better_card(tmp_path: Path):
    make(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "elsewhere" / "b")
    (tmp_path / "elsewhere" / "b" / "CARD.md").write_text("better", encoding="utf-8")
    open_artifact(tmp_path / "elsewhere" / "b")


def test_an_unknown_part_and_a_wrong_task_are_named(tmp_path: Path):
    artifact = make(tmp_path / "a")
    with pytest.raises(ArtifactError, match=r"model\.onnx, pipeline\.json, tokenizer\.json"):
        artifact.file("model.xml")
    assert artifact.require_task("reader") is artifact
    with pytest.raises(ArtifactError, match="another task"):
        artifact.require_task("encode")


def test_missing_folder_lists_the_nearest_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make(tmp_path / "reader-ko")
    monkeypatch.setenv("GONGBANG_MODELS", str(tmp_path))
    message = fault(Path("reader_ko"))
    assert "cure: Did you mean 'reader-ko'" in message  # among what is bundled others may be near as well
    assert "cure: Did you mean 'reader-ko'" in fault(tmp_path / "reder-ko")


def test_a_folder_without_manifest_is_told_from_a_missing_one(tmp_path: Path):
    make(tmp_path / "models" / "reader-ko")
    assert "Name one of the artifacts in it: reader-ko." in fault(tmp_path / "models")


def test_missing_part(tmp_path: Path):
    make(tmp_path / "a")
    (tmp_path / "a" / "model.onnx").unlink()
    message = fault(tmp_path / "a")
    assert "model.onnx is missing" in message
    assert "700 bytes" in message


def test_truncated_part(tmp_path: Path):
    make(tmp_path / "a")
    (tmp_path / "a" / "model.onnx").write_bytes((b"weights" * 100)[:650])
    message = fault(tmp_path / "a")
    assert "model.onnx in 'a' was cut short." in message
    assert "650 bytes" in message
    assert "allowed: 700 bytes" in message


def test_one_flipped_bit_is_found_by_the_hash_alone(tmp_path: Path):
    make(tmp_path / "a")
    content = bytearray(b"weights" * 100)
    content[350] ^= 1
    (tmp_path / "a" / "model.onnx").write_bytes(content)
    message = fault(tmp_path / "a")
    assert "model.onnx in 'a' is corrupted." in message
    assert bytes_hash(bytes(content))[:10] in message
    open_artifact(tmp_path / "a", verify=False)  # sizes fit


def test_a_tokenizer_of_another_artifact_is_named(tmp_path: Path):
    make(tmp_path / "reader-ko")
    make(tmp_path / "encoder-ko", tokenizer=b'{"model": {"vocab": ["c", "d", "e"]}}', model=b"m")
    shutil.copyfile(tmp_path / "encoder-ko" / "tokenizer.json", tmp_path / "reader-ko" / "tokenizer.json")
    message = fault(tmp_path / "reader-ko")
    assert (
        "mixed parts: tokenizer.json in 'reader-ko' is tokenizer.json of the artifact 'encoder-ko'."
        in message
    )


def test_weights_of_another_artifact_are_named(tmp_path: Path):
    make(tmp_path / "reader-ko")
    make(tmp_path / "encoder-ko", model=b"m")
    shutil.copyfile(tmp_path / "encoder-ko" / "model.onnx", tmp_path / "reader-ko" / "model.onnx")
    assert "is model.onnx of the artifact 'encoder-ko'" in fault(tmp_path / "reader-ko")


def test_a_tokenizer_from_nowhere_is_still_mixed_parts(tmp_path: Path):
    make(tmp_path / "a")
    (tmp_path / "a" / "tokenizer.json").write_bytes(b'{"model": {"vocab": ["x", "y"]}}')
    assert "mixed parts" in fault(tmp_path / "a")


def test_a_tokenizer_swapped_in_the_manifest_too_is_found(tmp_path: Path):
    make(tmp_path / "a")
    swapped = b'{"model": {}}'
    (tmp_path / "a" / "tokenizer.json").write_bytes(swapped)

    def swap(values: dict) -> None:
        values["files"]["tokenizer.json"] = {"sha256": bytes_hash(swapped), "bytes": len(swapped)}

    rewrite(tmp_path / "a", swap, seal=True)
    assert "the tokenizer of 'a' is not the one its weights were trained with" in fault(tmp_path / "a")


def test_newer_format(tmp_path: Path):
    make(tmp_path / "a")
    rewrite(tmp_path / "a", lambda v: v.update(format=FORMAT + 1), seal=False)
    message = fault(tmp_path / "a")
    assert "newer release" in message
    assert "pip install -U gongbang" in message


@pytest.mark.parametrize("version", [None, "1", 0])
def test_no_format(tmp_path: Path, version):
    make(tmp_path / "a")
    rewrite(tmp_path / "a", lambda v: v.update(format=version), seal=False)
    assert "which format" in fault(tmp_path / "a")


def test_edited_pipeline(tmp_path: Path):
    make(tmp_path / "a")
    path = tmp_path / "a" / "pipeline.json"
    path.write_text(path.read_text(encoding="utf-8").replace("128", "64"), encoding="utf-8")
    assert "configuration of 'a' was edited" in fault(tmp_path / "a")


def test_pipeline_edited_in_the_manifest_too(tmp_path: Path):
    make(tmp_path / "a")
    edited = b'{"max_length": 512}'
    (tmp_path / "a" / "pipeline.json").write_bytes(edited)

    def change(values: dict) -> None:
        values["files"]["pipeline.json"] = {"sha256": bytes_hash(edited), "bytes": len(edited)}

    rewrite(tmp_path / "a", change, seal=True)
    assert "is not the one its weights were trained with" in fault(tmp_path / "a")


def test_edited_manifest(tmp_path: Path):
    make(tmp_path / "a")
    rewrite(tmp_path / "a", lambda v: v.update(licence="proprietary"), seal=False)
    assert "its own hash does not fit" in fault(tmp_path / "a")


def test_broken_manifest(tmp_path: Path):
    make(tmp_path / "a")
    text = (tmp_path / "a" / "artifact.json").read_text(encoding="utf-8")
    (tmp_path / "a" / "artifact.json").write_text(text[:100], encoding="utf-8")
    assert "the manifest cannot be read" in fault(tmp_path / "a")
    (tmp_path / "a" / "artifact.json").write_text('{"format": 1}', encoding="utf-8")
    assert "lacks a value" in fault(tmp_path / "a")
    (tmp_path / "a" / "artifact.json").write_text("[]", encoding="utf-8")
    assert "which format" in fault(tmp_path / "a")


@pytest.mark.parametrize("name", ["../x", "/etc/passwd", "a/../../x", "C:\\x", ""])
def test_a_part_cannot_leave_the_folder(tmp_path: Path, name: str):
    with pytest.raises(ArtifactError, match="leads out"):
        save_artifact(tmp_path / "a", task="reader", config={}, files={name: b""})
    make(tmp_path / "b")
    rewrite(tmp_path / "b", lambda v: v["files"].update({name: {"sha256": "", "bytes": 0}}), seal=False)
    assert "leads out" in fault(tmp_path / "b")


def test_a_failed_save_leaves_nothing(tmp_path: Path):
    with pytest.raises(ArtifactError, match="not there"):
        save_artifact(tmp_path / "a", task="reader", config={}, files={"model.onnx": tmp_path / "none"})
    with pytest.raises(ArtifactError, match="written by the artifact itself"):
        save_artifact(tmp_path / "a", task="reader", config={}, files={"CARD.md": b""})
    assert list(tmp_path.iterdir()) == []


def test_saving_the_wrong_tokenizer_is_refused(tmp_path: Path):
    with pytest.raises(ArtifactError, match="mixed parts"):
        make(tmp_path / "a", belongs="0" * 64)
    assert make(tmp_path / "b", belongs=bytes_hash(TOKENIZER)).manifest.belongs == bytes_hash(TOKENIZER)


def test_nothing_is_overwritten_unless_asked(tmp_path: Path):
    make(tmp_path / "a")
    with pytest.raises(ArtifactError, match="already stands"):
        make(tmp_path / "a")
    assert make(tmp_path / "a", model=b"new", overwrite=True).file("model.onnx").read_bytes() == b"new"
    assert [p.name for p in tmp_path.iterdir()] == ["a"]
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work", encoding="utf-8")
    with pytest.raises(ArtifactError, match="already stands"):
        make(tmp_path / "mine", overwrite=True)


def test_files_are_copied_from_paths(tmp_path: Path):
    source = tmp_path / "export.onnx"
    source.write_bytes(b"graph")
    made = save_artifact(tmp_path / "a", task="encode", config={}, files={"sub/model.onnx": source})
    assert made.file("sub/model.onnx").read_bytes() == b"graph"
    assert made.manifest.belongs == ""
    assert re.fullmatch("[0-9a-f]{64}", made.id)
