"""Which engine serves an artifact when nobody names one, and what becomes of one that is broken."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gongbang.artifacts.format import Artifact, open_artifact, save_artifact
from gongbang.errors import ArtifactError
from gongbang.runtime import engines
from gongbang.runtime.engines import open_engine, usable_engines


class _Fake:
    """An engine that answers at once, or fails where it is told to."""

    def __init__(self, name: str, *, fails: str = "") -> None:
        self.name, self.fails, self.runs = name, fails, 0

    def __call__(self, artifact: Artifact, threads: int) -> _Fake:
        if self.fails == "load":
            raise OSError(f"lib{self.name}.so: wrong ELF class")
        return self

    def run(self, inputs: dict[str, Any]) -> dict[str, Any]:
        self.runs += 1
        if self.fails == "run":
            raise RuntimeError("this operation is not supported")
        return {"embedding": np.zeros((len(inputs["input_ids"]), 1), dtype=np.float32)}


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Put these two in the place of the engines, both of them installed."""
    monkeypatch.setenv("GONGBANG_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("importlib.util.find_spec", lambda name, package=None: object())

    def put(**fails: str) -> dict[str, _Fake]:
        fakes = {name: _Fake(name, fails=fails.get(name, "")) for name in ("onnxruntime", "openvino")}
        monkeypatch.setattr(engines, "_KINDS", fakes)
        return fakes

    return put


def _artifact(folder: Path, **details: Any) -> Artifact:
    return save_artifact(folder, task="encode", config={}, files={"model.onnx": b"x"}, details=details)


@pytest.mark.parametrize("fails", ["load", "run"])
def test_a_broken_openvino_is_left_out(
    tmp_path: Path, install: Any, caplog: pytest.LogCaptureFixture, fails: str
):
    fakes = install(openvino=fails)
    artifact = _artifact(tmp_path / "a")
    assert open_engine(artifact) is fakes["onnxruntime"]
    assert [engine.name for engine in usable_engines(artifact)] == ["onnxruntime"]
    assert "openvino is left out" in caplog.text


def test_where_no_engine_works_the_first_one_says_why(tmp_path: Path, install: Any):
    install(onnxruntime="load", openvino="run")
    with pytest.raises(ArtifactError, match="cannot be run") as caught:
        open_engine(_artifact(tmp_path / "a"))
    assert "libonnxruntime.so" in str(caught.value) and len(caught.value.lines()) == 4


def test_an_engine_that_failed_the_gate_is_not_chosen(tmp_path: Path, install: Any):
    fakes = install()
    exported = _artifact(tmp_path / "a", engines=["onnxruntime"])
    assert open_engine(exported) is fakes["onnxruntime"]
    assert fakes["openvino"].runs == 0
    assert open_engine(exported, "openvino") is fakes["openvino"]


def test_what_was_chosen_and_is_broken_now_does_not_stop_the_other(
    tmp_path: Path, install: Any, monkeypatch: pytest.MonkeyPatch
):
    from gongbang.runtime.trials import Trials

    fakes = install(openvino="load")
    clear = Trials({"onnxruntime": [9.0, 9.0], "openvino": [1.0, 1.0]})
    monkeypatch.setattr(engines, "remembered", lambda key: clear)
    assert open_engine(_artifact(tmp_path / "a")) is fakes["onnxruntime"]


def test_another_calibration_of_the_same_weights_is_served_alike(tmp_path: Path):
    one, two = (
        save_artifact(tmp_path / name, task="encode", config={"bias": n}, files={"model.onnx": b"x"})
        for n, name in enumerate(("one", "two"))
    )
    other = save_artifact(tmp_path / "other", task="encode", config={}, files={"model.onnx": b"y"})
    assert one.id != two.id and engines._model_hash(one) == engines._model_hash(two)
    assert engines._model_hash(one) != engines._model_hash(other)


def test_a_package_without_its_metadata_has_a_name_for_its_version():
    assert engines._version("no-such-package-anywhere") == "unknown"


def test_a_batch_that_the_runtime_refuses_is_told_in_four_lines(reader: Path):
    """So it is with 8-bit models of older releases on a processor without their products."""
    engine = open_engine(open_artifact(reader), "onnxruntime")
    names = ("input_ids", "attention_mask", "token_type_ids")
    with pytest.raises(ArtifactError, match="cannot be run") as caught:
        engine.run({name: np.ones((1, 4), dtype=np.complex64) for name in names})
    assert len(caught.value.lines()) == 4 and "Export the artifact anew" in caught.value.lines()[-1]
