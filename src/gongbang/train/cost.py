"""What a run costs: time, pace and peak memory, in ``cost.json`` of its folder."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from gongbang.artifacts.files import read_json, write_json

if TYPE_CHECKING:
    from gongbang.train.loop import LoopResult

COST = "cost.json"
_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Cost:
    """What a run has cost so far, every sitting of it.

    Attributes:
        seconds: wall-clock time, from reading the data to the last score.
        training_seconds: of these in the loop, its evaluations included.
        steps: optimiser steps.
        examples_per_second: rows learnt from for each second of the last sitting's loop.
        peak_memory: bytes of main memory that the process held at most.
        peak_gpu_memory: bytes that torch held of the GPU at most; 0 without one.
        device: the GPU's name, or "cpu".
        threads: of torch.
    """

    seconds: float
    training_seconds: float = 0.0
    steps: int = 0
    examples_per_second: float = 0.0
    peak_memory: int = 0
    peak_gpu_memory: int = 0
    device: str = "cpu"
    threads: int = 1

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Learnt:
    """What several loops have done together; ``examples_per_second`` is of the last one."""

    steps: int
    seconds: float
    examples_per_second: float


@dataclass(slots=True)
class Meter:
    """Runs from when it is made; ``result`` is what the loop gave, or loops, where they came to their end."""

    result: LoopResult | Learnt | None = None
    began: float = field(default_factory=time.monotonic)

    def read(self, before: Cost | None = None) -> Cost:
        """The cost by now, an earlier sitting's added."""
        past, result = before or Cost(0.0), self.result
        return Cost(
            seconds=round(past.seconds + time.monotonic() - self.began, 3),
            training_seconds=round(result.seconds, 3) if result else past.training_seconds,
            steps=result.steps if result else past.steps,
            examples_per_second=round(result.examples_per_second, 3) if result else past.examples_per_second,
            peak_memory=max(peak_memory(), past.peak_memory),
            peak_gpu_memory=max(peak_gpu_memory(), past.peak_gpu_memory),
            device=torch.cuda.get_device_name(0) if torch.cuda.is_available() else "cpu",
            threads=torch.get_num_threads(),
        )

    @contextmanager
    def kept(self, folder: Path) -> Iterator[None]:
        """When the block ends, however it ends, write the cost into a run's folder."""
        before = read_cost(folder)
        try:
            yield
        finally:
            write_json(folder / COST, self.read(before).to_dict())


def read_cost(folder: Path) -> Cost | None:
    """What a run's folder says of its cost; None where it says nothing."""
    path = folder / COST
    return Cost(**read_json(path, "the run's cost")) if path.is_file() else None


def peak_memory() -> int:
    """The most main memory this process has held at once, in bytes; 0 where the system does not say.

    Of the whole process from its start, so that what ran in it before a training counts as well.

    Example:
        >>> peak_memory() > 1_000_000
        True
    """
    # Linux hands the parent's high-water mark on to a child by getrusage; VmHWM is the process's own.
    return _status("VmHWM") or _resource_usage()


def held_memory() -> int:
    """The main memory this process holds now, in bytes; 0 where the system does not say."""
    return _status("VmRSS")


def peak_gpu_memory() -> int:
    """The most GPU memory torch has reserved at once, in bytes; 0 without a GPU."""
    return int(torch.cuda.max_memory_reserved()) if torch.cuda.is_available() else 0


def _status(name: str) -> int:
    try:
        lines = _STATUS.read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:")), 0)


def _resource_usage() -> int:
    try:
        import resource
    except ImportError:  # Windows
        return 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return int(peak if sys.platform == "darwin" else peak * 1024)
