"""What a run ran on: machine, threads, and every installed package, for the run record."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

_THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")


def describe_environment() -> dict[str, Any]:
    """The environment as plain JSON.

    Keys: ``python``, ``platform``, ``cpu`` (``model``, ``cores``), ``accelerator`` (empty without one),
    ``threads`` (what the environment variables and a loaded torch say), ``packages`` (name to version).

    Example:
        >>> sorted(describe_environment())
        ['accelerator', 'cpu', 'packages', 'platform', 'python', 'threads']
    """
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": {"model": _cpu_model(), "cores": os.cpu_count() or 0},
        "accelerator": _accelerator(),
        "threads": _threads(),
        "packages": _packages(),
    }


def _cpu_model() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass  # not Linux
    return platform.processor() or platform.machine()


def _accelerator() -> str:
    # This floor never imports torch; a run that trains has it loaded already.
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return ""
    return str(torch.cuda.get_device_name(0))


def _threads() -> dict[str, Any]:
    said: dict[str, Any] = {name: os.environ[name] for name in _THREAD_VARIABLES if name in os.environ}
    torch = sys.modules.get("torch")
    if torch is not None:
        said["torch"] = int(torch.get_num_threads())
    return said


def _packages() -> dict[str, str]:
    found = {dist.metadata["Name"]: dist.version for dist in metadata.distributions()}
    return {name: found[name] for name in sorted(filter(None, found), key=str.lower)}
