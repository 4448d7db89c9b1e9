"""How fast each engine was here, and which of them to take: kept between processes.

One moment's timing is no measurement on a machine that also does other work. The engines take turns, so
that a busy spell falls on all of them; the timings are kept; and a choice is final only where the engines
differ by more than one engine differs from itself. Until then the first one is taken, which every
installation has and on which an artifact's figures were measured, and each process adds its trials to the
earlier ones.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from gongbang.artifacts.store import cache_folder
from gongbang.errors import OptionError

_ROUNDS = 3  # turns a process takes
_ENOUGH = 15  # turns after which engines that still cannot be told apart never will be
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Trials:
    """Milliseconds of every turn, by engine, the first of them the one to take in doubt.

    Example:
        >>> Trials({"onnxruntime": [20.0, 20.5, 25.0], "openvino": [10.0, 11.0, 10.5]}).chosen
        'openvino'
        >>> unsure = Trials({"onnxruntime": [12.0, 19.0, 20.0], "openvino": [10.0, 13.0, 12.5]})
        >>> unsure.best, unsure.chosen, unsure.preferred
        ('openvino', '', 'onnxruntime')
    """

    milliseconds: Mapping[str, list[float]] = field(default_factory=dict)

    @property
    def best(self) -> str:
        """The engine with the fastest turn: other work on the machine only ever adds to a turn."""
        return min(self.milliseconds, key=lambda name: min(self.milliseconds[name]))

    @property
    def chosen(self) -> str:
        """The engine to take from now on; the empty word while that is not sure."""
        if len(self.milliseconds) < 2:
            return ""
        fastest = sorted(min(times) for times in self.milliseconds.values())
        spread = max(median(times) - min(times) for times in self.milliseconds.values())
        if fastest[1] - fastest[0] > spread:
            return self.best
        return self._first if min(map(len, self.milliseconds.values())) >= _ENOUGH else ""

    @property
    def preferred(self) -> str:
        """The engine to take now."""
        return self.chosen or self._first

    @property
    def _first(self) -> str:
        return next(iter(self.milliseconds))

    def with_trials(self, engines: Mapping[str, Callable[[], Any]], rounds: int = _ROUNDS) -> Trials:
        """These trials and ``rounds`` more of each engine, which take turns; earlier ones of others go."""
        times = {name: list(self.milliseconds.get(name, ())) for name in engines}
        for _ in range(rounds):
            for name, run in engines.items():
                began = time.perf_counter()
                run()
                times[name].append(1000.0 * (time.perf_counter() - began))
        return Trials(times)

    def __str__(self) -> str:
        told = (f"{name} {min(times):.0f} ms" for name, times in self.milliseconds.items())
        return ", ".join(told) + ("" if self.chosen else " (not sure yet)")


def remembered(key: str) -> Trials:
    """The trials kept under a key; none where there are none, or no place to keep them."""
    found = _read().get(key)
    if not isinstance(found, dict):
        return Trials()
    times = {
        str(name): [float(ms) for ms in turns]
        for name, turns in found.items()
        if isinstance(turns, list) and turns and all(isinstance(ms, int | float) for ms in turns)
    }
    return Trials(times)


def remember(key: str, trials: Trials) -> None:
    """Keep trials. A convenience: a home that is read-only, or none at all, must not stop a prediction."""
    try:
        file = _file()
        file.parent.mkdir(parents=True, exist_ok=True)
        scratch = file.with_suffix(f".{os.getpid()}")
        content = {**_read(), key: {name: list(times) for name, times in trials.milliseconds.items()}}
        scratch.write_text(json.dumps(content, indent=1), encoding="utf-8")
        scratch.replace(file)
    except (OSError, OptionError) as err:
        _LOG.debug("the engines' trials are not remembered: %s", err)


def _file() -> Path:
    return cache_folder() / "engines.json"


def _read() -> dict[str, Any]:
    try:
        found = json.loads(_file().read_text(encoding="utf-8"))
    except (OSError, ValueError, OptionError):
        return {}
    return found if isinstance(found, dict) else {}
