"""Runs that do not depend on each other, trained at the same time in processes of their own.

Rows as short as messages keep a processor's cores busy only in part: two runs with half of the threads each
are done sooner than one after the other with all of them. Each process takes the memory of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from queue import Empty
from typing import Any

import torch

from gongbang.train.loop import Event
from gongbang.train.recipe import Recipe
from gongbang.train.training import train_recipe

Told = Callable[[str, Event], None]
_LOOK_S = 0.2


@dataclass(slots=True)
class _Child:
    """What a process of the pool was told when it began."""

    events: Any = None


_CHILD = _Child()


def train_side_by_side(
    recipes: Mapping[str, Recipe],
    root: Path,
    *,
    workers: int,
    on_event: Told = lambda key, event: None,
    proved: Callable[[str], bool] = lambda key: True,
) -> Iterator[tuple[str, str]]:
    """Train recipes in order, ``workers`` of them at a time, and give each one's key and run as it is done.

    Args:
        recipes: by a key of the caller's making.
        root: the folder of the runs.
        workers: processes; each computes with its share of this process's threads.
        on_event: receives each step's numbers with the key of its run, in this process.
        proved: whether a run's proofs are carried out before it.

    Raises:
        GongbangError: what a run raised, once the runs beside it have come to their end and were given.
    """
    context = get_context("spawn")  # a fork would take over threads that hold locks
    events = context.Queue()
    threads = max(1, torch.get_num_threads() // workers)
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_begin, initargs=(events, threads))
    left, failed = iter(recipes.items()), None
    running: dict[Future[str], str] = {}
    try:
        while True:
            # No more than are worked on: what waits in the pool's own queue could not be taken back.
            while failed is None and len(running) < workers and (following := next(left, None)):
                key, recipe = following
                running[pool.submit(_train, key, recipe, root, proved(key))] = key
            if not running:
                break
            done, _ = wait(running, timeout=_LOOK_S, return_when=FIRST_COMPLETED)
            _pass_on(events, on_event)
            for future in done:
                key, error = running.pop(future), future.exception()
                if error is None:
                    yield key, future.result()
                failed = failed or error
    finally:
        pool.shutdown(cancel_futures=True)
    if failed is not None:
        raise failed


def _pass_on(events: Any, on_event: Told) -> None:
    while True:
        try:
            key, event = events.get_nowait()
        except Empty:
            return
        on_event(key, event)


def _begin(events: Any, threads: int) -> None:
    """In a process of the pool, before its first run."""
    _CHILD.events = events
    torch.set_num_threads(threads)


def _train(key: str, recipe: Recipe, root: Path, preflight: bool) -> str:
    """In a process of the pool: one run; gives its id."""
    run = train_recipe(
        recipe, root=root, preflight=preflight, on_event=lambda event: _CHILD.events.put((key, dict(event)))
    )
    return run.id
