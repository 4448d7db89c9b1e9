"""From an artifact's name to a predictor."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gongbang.artifacts.format import open_artifact
from gongbang.runtime.engines import EngineName, open_engine
from gongbang.runtime.predictor import Predictor


def load(
    name_or_path: str | Path,
    *,
    task: str | None = None,
    engine: EngineName = "auto",
    threads: int | None = None,
) -> Predictor:
    """Open an artifact, check every hash, and make it ready to predict.

    Args:
        name_or_path: the name of a bundled artifact (``reader-ko``) or an artifact's folder.
        task: the task it must be for; any when None.
        engine: ``auto``, ``onnxruntime`` or ``openvino``.
        threads: processor threads of the model; all by default.

    Raises:
        ArtifactError: it is missing, corrupted, mixed from parts of several artifacts, or for another task.

    Example:
        >>> import gongbang
        >>> from gongbang.data.records import Record
        >>> reader = gongbang.load("reader-ko")                                       # doctest: +SKIP
        >>> text = "대한민국의 수도는 서울이며, 가장 큰 항구는 부산에 있다."
        >>> asked = Record("1", {"question": "대한민국의 수도는 어디인가?", "context": text})
        >>> reader.predict([asked])[0].text                                           # doctest: +SKIP
        '서울'
    """
    from tokenizers import Tokenizer

    from gongbang.tasks.pair_memory import MEMORY, PairMemory
    from gongbang.tasks.table import make_task

    artifact = open_artifact(name_or_path)
    if task is not None:
        artifact.require_task(task)
    tokenizer = Tokenizer.from_file(str(artifact.file("tokenizer.json")))
    made: Any = make_task(artifact.manifest.task, tokenizer, artifact.config)
    if MEMORY in artifact.manifest.files:
        made = made.remembering(PairMemory.from_bytes(artifact.file(MEMORY).read_bytes()))
    return Predictor(artifact, made, open_engine(artifact, engine, threads))
