"""What runs an exported model: onnxruntime always, openvino where it is installed and faster here."""

from __future__ import annotations

import json
import logging
import os
import platform
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gongbang.artifacts.format import Artifact
from gongbang.errors import ArtifactError, MissingExtraError, OptionError

Arrays = Mapping[str, NDArray[Any]]
EngineName = Literal["auto", "onnxruntime", "openvino"]
_ENGINES = ("auto", "onnxruntime", "openvino")
_LOG = logging.getLogger(__name__)
_TRIAL = (4, 96)  # (batch, time) of the measurement that chooses an engine: any backbone has so many places


class Engine(Protocol):
    """A loaded model."""

    name: str

    def run(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        """Outputs by name of inputs by name; the first axis is the batch in all of them."""
        ...


class OnnxRuntimeEngine:
    """The model in onnxruntime on the CPU."""

    name = "onnxruntime"

    def __init__(self, artifact: Artifact, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        self._session = _guarded(
            artifact,
            lambda: onnxruntime.InferenceSession(
                str(artifact.file("model.onnx")), options, providers=["CPUExecutionProvider"]
            ),
        )
        self._inputs = [node.name for node in self._session.get_inputs()]
        self._outputs = [node.name for node in self._session.get_outputs()]

    def run(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        given = {name: inputs[name] for name in self._inputs}
        return dict(zip(self._outputs, self._session.run(self._outputs, given), strict=True))


class OpenVinoEngine:
    """The model in openvino on the CPU, in bfloat16 where the processor has it."""

    name = "openvino"

    def __init__(self, artifact: Artifact, threads: int) -> None:
        try:
            import openvino
        except ImportError as err:
            raise MissingExtraError("openvino", extra="openvino", purpose="the engine 'openvino'") from err
        file = "model.openvino.onnx" if "model.openvino.onnx" in artifact.manifest.files else "model.onnx"
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
        self._model = _guarded(
            artifact, lambda: openvino.Core().compile_model(str(artifact.file(file)), "CPU", settings)
        )
        self._inputs = [port.get_any_name() for port in self._model.inputs]
        self._outputs = [port.get_any_name() for port in self._model.outputs]
        self._request = self._model.create_infer_request

    def run(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        request = self._request()  # one a call: a shared request must not be run by two threads
        result = request.infer({name: np.ascontiguousarray(inputs[name]) for name in self._inputs})
        return {name: np.array(result[name]) for name in self._outputs}


def _guarded(artifact: Artifact, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except MissingExtraError:
        raise
    except Exception as err:  # the runtimes raise their own kinds, which have no common base
        raise ArtifactError(
            f"the model of {artifact.path} cannot be loaded.",
            value=" ".join(str(err).split())[:200],
            allowed="the files as they were exported",
            cure="Export the artifact anew, or copy it again from where it came.",
        ) from err


def default_threads() -> int:
    """Threads a model may use: ``$GONGBANG_THREADS``, else the processors this process may run on."""
    said = os.environ.get("GONGBANG_THREADS", "")
    if said.isdigit() and int(said) > 0:
        return int(said)
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def open_engine(artifact: Artifact, engine: EngineName = "auto", threads: int | None = None) -> Engine:
    """Load an artifact's model.

    Args:
        artifact: opened and checked.
        engine: ``auto`` takes onnxruntime, or openvino where it is installed and was measured to be
            faster with this artifact on this machine (measured once, then remembered in the cache).
        threads: processor threads; see :func:`default_threads`.

    Raises:
        OptionError: an unknown engine.
        MissingExtraError: openvino was asked for and is not installed.
        ArtifactError: the runtime refuses the model's file.
    """
    if engine not in _ENGINES:
        raise OptionError(
            "unknown engine.", value=engine, allowed=", ".join(_ENGINES), cure="Use engine='auto'."
        )
    count = threads or default_threads()
    if engine == "auto":
        engine = _faster(artifact, count)
    return OpenVinoEngine(artifact, count) if engine == "openvino" else OnnxRuntimeEngine(artifact, count)


def _faster(artifact: Artifact, threads: int) -> EngineName:
    from importlib.util import find_spec

    if find_spec("openvino") is None:
        return "onnxruntime"
    key = f"{artifact.manifest.id[:16]}/{platform.node()}/{platform.machine()}/{threads}/{_versions()}"
    file = cache_folder() / "engines.json"
    known = _read(file)
    if known.get(key) in _ENGINES:
        return known[key]  # type: ignore[return-value]
    timed = {
        kind.name: _milliseconds(kind(artifact, threads)) for kind in (OnnxRuntimeEngine, OpenVinoEngine)
    }
    best = min(timed, key=timed.__getitem__)
    _LOG.info("%s: %s", artifact.path.name, ", ".join(f"{name} {ms:.0f} ms" for name, ms in timed.items()))
    _write(file, {**known, key: best})
    return best  # type: ignore[return-value]


def _milliseconds(engine: Engine) -> float:
    ids = np.full(_TRIAL, 5, dtype=np.int64)
    inputs = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    engine.run(inputs)
    times = []
    for _ in range(3):
        began = time.perf_counter()
        engine.run(inputs)
        times.append(time.perf_counter() - began)
    return 1000.0 * min(times)


def _versions() -> str:
    from importlib.metadata import version

    return f"{version('onnxruntime')}/{version('openvino')}"


def cache_folder() -> Path:
    """Where measurements of this machine are kept: ``$GONGBANG_CACHE``, else ``~/.cache/gongbang``."""
    return Path(os.environ.get("GONGBANG_CACHE", Path.home() / ".cache" / "gongbang"))


def _read(file: Path) -> dict[str, str]:
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(file: Path, content: Mapping[str, str]) -> None:
    """Remembering is a convenience: a read-only home must not stop a prediction."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_suffix(f".{os.getpid()}")
        scratch.write_text(json.dumps(content, indent=1), encoding="utf-8")
        scratch.replace(file)
    except OSError as err:
        _LOG.debug("could not remember the engine in %s: %s", file, err)
