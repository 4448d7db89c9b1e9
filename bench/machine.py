"""The machine and the versions that figures belong to."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

_PACKAGES = (
    "numpy",
    "onnxruntime",
    "openvino",
    "tokenizers",
    "kiwipiepy",
    "torch",
    "transformers",
    "accelerate",
    "bm25s",
    "rank_bm25",
    "haystack-ai",
    "transformers-haystack",
)
_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_int8", "amx_bf16")
ROOT = Path(__file__).resolve().parent.parent


def describe_machine() -> dict[str, Any]:
    """Processor, cores that may be used, memory, versions and commit, as plain JSON."""
    return {
        "cpu": _cpu("model name") or platform.processor() or platform.machine(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "instructions": [flag for flag in _FLAGS if flag in _cpu("flags").split()],
        "memory_gb": _memory_gb(),
        "load_at_start": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "packages": {name: version for name in _PACKAGES if (version := version_of(name))},
        "commit": _commit(),
        "threads": {k: v for k, v in os.environ.items() if k in ("OMP_NUM_THREADS", "GONGBANG_THREADS")},
    }


def version_of(package: str) -> str:
    """The installed version of a package; empty where it is not installed."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _cpu(field: str) -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")


def _memory_gb() -> float | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1)
    except (ValueError, AttributeError, OSError):
        return None


def _commit() -> str:
    try:
        done = subprocess.run(
            ["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"],
            capture_output=True,
            text=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()
