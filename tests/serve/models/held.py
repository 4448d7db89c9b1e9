"""Predictors that tests hold back or count, and artifacts that lie in a folder and change."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from gongbang.artifacts.format import Artifact, open_artifact, save_artifact
from gongbang.artifacts.store import known_artifacts
from gongbang.data.records import Record
from gongbang.runtime.load import load
from gongbang.runtime.predictor import Predictor
from gongbang.tasks.table import make_task

SENTIMENT = "sentiment-ko"


@cache
def small() -> Predictor:
    """A bundled artifact that loads and answers quickly; one for the whole suite."""
    return load(SENTIMENT, engine="onnxruntime")


def opener(path: str | Path) -> Predictor:
    """As the server opens one, on the engine that every installation has."""
    return load(path, engine="onnxruntime")


class Hashing:
    """An engine without weights: a row's outputs depend on its own tokens alone, or not."""

    name = "hashing"

    def __init__(self, artifact: Artifact, task: Any, *, mingles: bool = False) -> None:
        self.outputs = artifact.manifest.outputs
        self.labels = len(getattr(task.settings, "labels", ()))
        self.mingles = mingles
        self.runs: list[int] = []

    def run(self, inputs: Any) -> dict[str, Any]:
        ids = inputs["input_ids"] * inputs["attention_mask"]
        self.runs.append(len(ids))
        noise = float(ids.sum() % 97) if self.mingles else 0.0  # as a scale over the whole batch would be
        found = {}
        for name in self.outputs:
            if name.endswith("_logits"):
                found[name] = np.sin(ids * 0.37 + len(name) + noise).astype(np.float32)
            else:
                width = 32 if name == "embedding" else self.labels
                at = np.arange(1, width + 1)
                summed = np.sin(ids * 0.11).sum(axis=1, keepdims=True) + noise
                found[name] = np.cos(summed * at / width).astype(np.float32)
        return found


def hashing(name: str, *, mingles: bool = False) -> Predictor:
    """A bundled artifact's task over :class:`Hashing`."""
    from tokenizers import Tokenizer

    artifact = open_artifact(name)
    tokenizer = Tokenizer.from_file(str(artifact.file("tokenizer.json")))
    task = make_task(artifact.manifest.task, tokenizer, artifact.config)
    return Predictor(artifact, task, Hashing(artifact, task, mingles=mingles))


class Held:
    """A predictor that waits to be let go; it tells when it is reached."""

    def __init__(self, inner: Predictor) -> None:
        self.inner = inner
        self.artifact, self.task, self.engine = inner.artifact, inner.task, inner.engine
        self.reached, self.go = threading.Event(), threading.Event()
        self.go.set()
        self.calls = 0

    def hold(self) -> None:
        self.reached.clear()
        self.go.clear()

    def predict(self, records: Sequence[Record]) -> Any:
        self.calls += 1
        self.reached.set()
        assert self.go.wait(60)
        return self.inner.predict(records)


def folder_of(path: Path, version: int = 1) -> Path:
    """A copy of the artifact that says which version it is, put into place as export does it."""
    old = open_artifact(known_artifacts()[SENTIMENT])
    manifest = old.manifest
    save_artifact(
        path,
        task=manifest.task,
        config=old.config,
        files={name: old.file(name) for name in manifest.files if name != "pipeline.json"},
        belongs=manifest.belongs,
        labels=manifest.labels,
        inputs=manifest.inputs,
        outputs=manifest.outputs,
        details={**manifest.details, "version": version},
        overwrite=True,
    )
    return path


def broken(path: Path) -> None:
    """Cut the weights short."""
    file = path / "weights.bin"
    copy = path / "copy"
    shutil.copyfile(file, copy)
    with copy.open("r+b") as opened:
        opened.truncate(1000)
    copy.replace(file)  # another file: the one at work may be mapped
