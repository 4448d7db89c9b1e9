"""What runs an exported model: onnxruntime always, openvino where it is installed and faster here."""

from __future__ import annotations

import logging
import os
import platform
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from gongbang.artifacts.format import Artifact
from gongbang.artifacts.hashing import config_hash, short
from gongbang.errors import ArtifactError, MissingExtraError, OptionError
from gongbang.runtime.trials import remember, remembered
from gongbang.search.onnx_sessions import session_options

Arrays = Mapping[str, NDArray[Any]]
EngineName = Literal["auto", "onnxruntime", "openvino"]
_ENGINES = ("auto", "onnxruntime", "openvino")
_MODEL = (".onnx", ".bin")  # how the files of a model end
_LOG = logging.getLogger(__name__)
_TRIAL = (4, 256)  # (batch, time) of the measurement that chooses an engine, as far as the model reads


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

        options = session_options(threads)
        options.log_severity_level = 3
        self._session = _guarded(
            artifact,
            lambda: onnxruntime.InferenceSession(
                str(artifact.whole() / "model.onnx"), options, providers=["CPUExecutionProvider"]
            ),
        )
        self._artifact = artifact
        self._inputs = [node.name for node in self._session.get_inputs()]
        self._outputs = [node.name for node in self._session.get_outputs()]

    def run(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        given = {name: inputs[name] for name in self._inputs}
        found = _guarded(self._artifact, lambda: self._session.run(self._outputs, given))
        return dict(zip(self._outputs, found, strict=True))


class OpenVinoEngine:
    """The model in openvino on the CPU, in bfloat16 where the processor has it.

    Weights of 8 bits are unpacked when the model is loaded: openvino would else unpack them in every call.
    """

    name = "openvino"

    def __init__(self, artifact: Artifact, threads: int) -> None:
        try:
            import openvino
        except ImportError as err:
            raise MissingExtraError("openvino", extra="openvino", purpose="the engine 'openvino'") from err
        except Exception as err:  # a package that is there and broken fails in its own ways
            raise _as_artifact_error(artifact, err) from err
        file = "model.openvino.onnx" if "model.openvino.onnx" in artifact.manifest.files else "model.onnx"
        settings = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads}
        self._model = _guarded(
            artifact, lambda: _unpacked(openvino.Core(), artifact.whole() / file, settings)
        )
        self._artifact = artifact
        self._inputs = [port.get_any_name() for port in self._model.inputs]
        self._outputs = [port.get_any_name() for port in self._model.outputs]
        self._request = self._model.create_infer_request

    def run(self, inputs: Arrays) -> dict[str, NDArray[np.float32]]:
        request = self._request()  # one a call: a shared request must not be run by two threads
        given = {name: np.ascontiguousarray(inputs[name]) for name in self._inputs}
        result = _guarded(self._artifact, lambda: request.infer(given))
        return {name: np.array(result[name]) for name in self._outputs}


def _unpacked(core: Any, file: Path, settings: dict[str, Any]) -> Any:
    """The model compiled for the CPU, with everything computed beforehand that no input decides."""
    from openvino.passes import ConstantFolding, Manager

    model = core.read_model(str(file))
    passes = Manager()
    passes.register_pass(ConstantFolding())
    passes.run_passes(model)
    return core.compile_model(model, "CPU", settings)


def _guarded(artifact: Artifact, load: Callable[[], Any]) -> Any:
    try:
        return load()
    except Exception as err:  # the runtimes raise their own kinds, which have no common base
        raise _as_artifact_error(artifact, err) from err


def _as_artifact_error(artifact: Artifact, err: Exception) -> ArtifactError:
    if isinstance(err, ArtifactError):
        return err
    return ArtifactError(
        f"the model of {artifact.path} cannot be run.",
        value=" ".join(str(err).split())[:200],
        allowed="the files as they were exported, by a release whose 8-bit models run on this processor too",
        cure="Export the artifact anew, or copy it again from where it came.",
    )


_KINDS: dict[str, Callable[[Artifact, int], Engine]] = {
    OnnxRuntimeEngine.name: OnnxRuntimeEngine,
    OpenVinoEngine.name: OpenVinoEngine,
}


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
        engine: ``auto`` takes onnxruntime, or openvino where it is installed, passed the gate when the
            artifact was exported, and was surely faster with it on this machine (measured, then
            remembered in the cache).
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
    return _fastest(artifact, count) if engine == "auto" else _KINDS[engine](artifact, count)


def usable_engines(artifact: Artifact, threads: int | None = None) -> tuple[Engine, ...]:
    """Every engine that is installed and runs this artifact here, onnxruntime first.

    One that cost too much when the artifact was exported is not among them. One that fails, at import, on
    the model's file or on a first batch, is logged and left out: a broken package that is only an option
    must not stop what works without it.

    Raises:
        ArtifactError: no engine runs it.
    """
    usable: list[Engine] = []
    failures: list[Exception] = []
    batch = _trial_batch(artifact)
    for name in _candidates(artifact):
        try:
            engine = _KINDS[name](artifact, threads or default_threads())
            engine.run(batch)
        except Exception as err:  # the runtimes raise their own kinds, which have no common base
            _LOG.warning("the engine %s is left out: %s", name, " ".join(str(err).split())[:200])
            failures.append(err)
        else:
            usable.append(engine)
    if not usable:
        raise _as_artifact_error(artifact, failures[0]) from failures[0]
    return tuple(usable)


def _candidates(artifact: Artifact) -> tuple[str, ...]:
    """The engines whose packages are there and, where export has measured them, that passed its gate."""
    from importlib.util import find_spec

    passed = artifact.manifest.details.get("engines", tuple(_KINDS))
    others = [name for name in _KINDS if name != OnnxRuntimeEngine.name and name in passed]
    return (OnnxRuntimeEngine.name, *(name for name in others if find_spec(name) is not None))


def _fastest(artifact: Artifact, threads: int) -> Engine:
    """The engine that was surely the faster one here, measured where nothing sure is remembered."""
    candidates = _candidates(artifact)
    if candidates == (OnnxRuntimeEngine.name,):
        return _KINDS[OnnxRuntimeEngine.name](artifact, threads)
    batch = _trial_batch(artifact)
    shape = "x".join(map(str, batch["input_ids"].shape))
    key = f"{_model_hash(artifact)}/{shape}/{platform.node()}/{platform.machine()}/{threads}/{_versions()}"
    known = remembered(key)
    if known.chosen in candidates:
        try:
            return _KINDS[known.chosen](artifact, threads)
        except Exception as err:  # as above; what was fast once may be broken now
            _LOG.warning("the engine %s fails now: %s", known.chosen, " ".join(str(err).split())[:200])
    engines = usable_engines(artifact, threads)
    if len(engines) == 1:
        return engines[0]
    measured = known.with_trials({engine.name: partial(engine.run, batch) for engine in engines})
    _LOG.info("%s: %s", artifact.path.name, measured)
    remember(key, measured)
    return next(engine for engine in engines if engine.name == measured.preferred)


def _model_hash(artifact: Artifact) -> str:
    """Of the parts that decide how fast it runs: another calibration of the same weights is as fast."""
    parts = {name: part.sha256 for name, part in artifact.manifest.files.items() if name.endswith(_MODEL)}
    return short(config_hash(parts), 16)


def _trial_batch(artifact: Artifact) -> dict[str, NDArray[np.int64]]:
    rows, longest = _TRIAL
    config = artifact.config
    reads = config.get("max_length") or sum(config.get(name, 0) for name in ("max_context", "max_response"))
    ids = np.full((rows, min(longest, int(reads or longest))), 5, dtype=np.int64)
    usual = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    return {name: np.ones_like(ids) for name in artifact.manifest.inputs} | usual  # other inputs are marks


def _versions() -> str:
    return "/".join(map(_version, _KINDS))


def _version(package: str) -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version(package)
    except PackageNotFoundError:  # vendored, or built from source without its metadata
        return "unknown"
