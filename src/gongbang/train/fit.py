"""The batch size, accumulation and precision that fit into a memory limit, by measuring.

Each trial is a process of its own that trains a few steps on the longest rows of the recipe's data
(:mod:`gongbang.train.fit_trial`). Memory is taken to grow with the tokens of a batch, ``a + b * batch *
length``; the line tells which batch to try next, and what is chosen has been tried itself wherever the time
sufficed. The effective batch, ``batch_size * accumulate``, stays the recipe's.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from gongbang.artifacts.files import read_json, write_json
from gongbang.errors import GongbangError, OptionError
from gongbang.train.fit_search import MARGIN, Ask, Attempt, Search, choices, largest
from gongbang.train.recipe import Recipe

_UNITS = {"": 1, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits.

    Attributes:
        batch_size, accumulate, precision: the recipe keys to set below ``training``.
        memory: bytes that this takes, as measured where ``verified``, else by the line.
        limit: bytes that were allowed.
        verified: whether a trial of this very choice stayed within the limit.
        out_of_time: whether there was more to try when the time was over.
        fixed: ``a`` of the line, bytes.
        per_token: ``b`` of the line, bytes for each token of a batch.
        length: tokens of the longest row.
        examples_per_second: on rows of that length; 0 where no trial of the choice was timed.
        seconds: that finding this took.
        attempts: every trial, in order.
        notes: what is worth a look.
    """

    batch_size: int
    accumulate: int
    precision: str
    memory: int
    limit: int
    verified: bool
    out_of_time: bool
    fixed: float
    per_token: float
    length: int
    examples_per_second: float
    seconds: float
    attempts: tuple[Attempt, ...]
    notes: tuple[str, ...] = ()

    @property
    def keys(self) -> dict[str, Any]:
        """The recipe's keys and what to set them to."""
        return {
            "training.batch_size": self.batch_size,
            "training.accumulate": self.accumulate,
            "training.precision": self.precision,
        }

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON."""
        return {"set": self.keys, **asdict(self)}


def parse_memory(text: str) -> int:
    """Bytes of a size such as "4GiB", "4G" or "512 MB"; all units are powers of 1,024.

    Example:
        >>> parse_memory("1.5GiB"), parse_memory("512m")
        (1610612736, 536870912)

    Raises:
        OptionError: the text is no size, or none above zero.
    """
    found = _SIZE.fullmatch(text.strip())
    count = int(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
    if count <= 0:
        raise OptionError(
            "the memory limit is no size.",
            value=text,
            allowed="a number with a unit: 4GiB, 512MiB",
            cure="Write --memory 4GiB.",
        )
    return count


class Subprocess:
    """Carries requests out in processes of their own, one after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._request, self._answer = folder / "request.json", folder / "answer.json"

    def __call__(self, request: Mapping[str, Any], seconds: float) -> Mapping[str, Any]:
        """The answer; its ``status`` is "killed" or "late" where the process gave none.

        Raises:
            GongbangError: the recipe cannot be trained at all.
            RuntimeError: the process failed by a fault of ours.
        """
        self._answer.unlink(missing_ok=True)
        write_json(self._request, request)
        command = [sys.executable, "-m", "gongbang.train.fit_trial", str(self._request)]
        try:
            done = subprocess.run(
                command,
                capture_output=True,
                text=True,
                check=False,
                timeout=max(0.1, seconds),
                errors="replace",
            )
        except subprocess.TimeoutExpired:
            return {"status": "late"}
        if self._answer.is_file():
            answer: dict[str, Any] = read_json(self._answer, "the trial's answer")
            if answer["status"] == "failed":
                raise _passed_on(answer["error"])
            return answer
        if done.returncode < 0:
            return {"status": "killed"}
        raise RuntimeError(f"a trial of gongbang fit failed:\n{done.stderr[-2000:]}")


def _passed_on(error: Mapping[str, Any]) -> GongbangError:
    return GongbangError(
        str(error["what"]), value=error["value"], allowed=str(error["allowed"]), cure=str(error["cure"])
    )


def fit_recipe(recipe: Recipe, *, memory: int, seconds: float = 55.0, ask: Ask | None = None) -> Fit:
    """Find what fits into a memory limit.

    Args:
        recipe: whose effective batch is kept.
        memory: bytes that training may take: of main memory, or of the GPU where there is one.
        seconds: after which no trial is begun and one that runs is ended.
        ask: carries requests out; in processes of their own by default.

    Raises:
        OptionError: not even one row at a time fits, or time ran out before a trial was done.
        GongbangError: the recipe cannot be trained at all.
    """
    began = time.monotonic()
    with TemporaryDirectory() as folder:
        ask = ask or Subprocess(Path(folder))
        request = {"kind": "prepare", "recipe": recipe.resolved()}
        prepared = ask(request, seconds)
        if prepared["status"] != "ok":
            raise _nothing_known(seconds, "the data were not read in time")
        search = Search(
            ask,
            memory,
            began + seconds,
            prepared["recipe"],
            int(prepared["records"]),
            int(prepared["data"]),
        )
        sizes = choices(recipe.training.batch_size * recipe.training.accumulate)
        precision = str(prepared["precision"])
        best = largest(search, sizes, precision)
        if best is None and recipe.training.precision == "auto" and not search.out_of_time:
            precision = "fp32" if precision == "bf16" else "bf16"
            best = largest(search, sizes, precision)
    if best is None:
        raise _too_much(search, seconds)
    return _fit(search, recipe, best, precision, time.monotonic() - began)


def _fit(search: Search, recipe: Recipe, batch_size: int, precision: str, seconds: float) -> Fit:
    a, b = search.line(precision)
    tried = [one for one in search.measured(precision) if one.batch_size == batch_size]
    predicted = search.predicted(batch_size, precision)
    return Fit(
        batch_size=batch_size,
        accumulate=recipe.training.batch_size * recipe.training.accumulate // batch_size,
        precision=precision,
        memory=tried[0].peak if tried else round(predicted),
        limit=search.limit,
        verified=bool(tried),
        out_of_time=search.out_of_time,
        fixed=a,
        per_token=b,
        length=search.measured(precision)[0].length,
        examples_per_second=round(batch_size / tried[0].seconds, 3) if tried and tried[0].seconds else 0.0,
        seconds=round(seconds, 1),
        attempts=tuple(search.attempts),
        notes=tuple(_notes(search, recipe, batch_size, precision, verified=bool(tried))),
    )


def _notes(search: Search, recipe: Recipe, batch_size: int, precision: str, *, verified: bool) -> list[str]:
    notes = []
    if not verified:
        notes.append("time ran out before this choice was tried itself: its memory is by the line")
    elif search.out_of_time:
        notes.append("time ran out: a larger batch may fit as well")
    if recipe.task == "encode" and batch_size < recipe.training.batch_size:
        notes.append(
            "the rest of a batch serves as negatives here, so that a smaller batch learns from fewer of them"
        )
    if {one.precision for one in search.attempts} != {precision}:
        notes.append(f"only {precision} fits; it is the slower of the two here")
    return notes


def _too_much(search: Search, seconds: float) -> OptionError:
    first = search.attempts[0]
    if search.out_of_time:
        return _nothing_known(seconds, "no trial was done in time")
    least = [one.peak for one in search.attempts if one.status == "ok"]
    needed = f"at least {min(least) / (1.0 - MARGIN) / 2**30:.2f} GiB" if least else "more than was there"
    return OptionError(
        "the recipe does not fit into this memory, not even one row at a time.",
        value=f"{search.limit / 2**30:.2f} GiB; a trial of one row: {first.status}",
        allowed=needed,
        cure="Give more memory, lower pipeline.max_length, freeze the embeddings "
        "(freeze: [word_embeddings]), or take a smaller backbone.",
    )


def _nothing_known(seconds: float, what: str) -> OptionError:
    return OptionError(
        f"time ran out before anything was measured: {what}.",
        value=f"{seconds:g} s",
        allowed="more time",
        cure="Pass more: --seconds 180.",
    )
