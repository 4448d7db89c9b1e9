"""Workers as processes of their own, killed without warning while they work."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from gongbang.serve.database.jobs import Jobs
from gongbang.serve.database.store import Store
from gongbang.serve.jobs.results import Results
from gongbang.serve.jobs.service import JobService
from gongbang.serve.jobs.settings import JobSettings
from tests.serve.jobs.conftest import until
from tests.serve.jobs.made_kinds import MADE, answer, effects

ROOT = Path(__file__).resolve().parents[3]
_WORKER = f"""
import logging, sys
from gongbang.serve.jobs.kinds import KINDS
KINDS.update({MADE!r})
from gongbang.cli.main import main
sys.exit(main(["worker", *sys.argv[1:]]))
"""


def start_worker(settings: JobSettings, log: Path, *more: str) -> subprocess.Popen:
    """``gongbang worker`` in a process of its own, with the kinds that tests do."""
    words = ["--database", settings.database, "--results", str(settings.results_folder())]
    words += ["--lease", str(settings.lease_s), *more]
    if settings.broker:
        words += ["--broker", settings.broker, "--broker-queue", settings.queue]
    with log.open("ab") as file:
        return subprocess.Popen(
            [sys.executable, "-c", _WORKER, *words],
            cwd=ROOT,
            stdout=subprocess.DEVNULL,
            stderr=file,
            env={**os.environ, "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}"},
        )


def end(process: subprocess.Popen, number: int = signal.SIGTERM, seconds: float = 60.0) -> int:
    """End a process; gives its exit code."""
    process.send_signal(number)
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        raise


@dataclass(frozen=True)
class Chaos:
    """What a storm of kills left behind."""

    jobs: int
    kills: int
    attempts: int
    seconds: float


def storm(server: JobService, store: Store, count: int, kills: int, seed: int, log: Path) -> Chaos:
    """Have two workers do ``count`` jobs, and kill one of them ``kills`` times as the work goes on.

    It is killed when as many jobs are done as chance said beforehand, and another starts in its place.
    """
    began, chance = time.monotonic(), random.Random(seed)
    jobs = Jobs(store)
    marks = sorted(chance.sample(range(1, max(2, count * 9 // 10)), kills))
    ids = [server.accept("tally", {"n": n}, max_attempts=100).id for n in range(count)]
    workers = [start_worker(server.settings, log) for _ in range(2)]
    try:
        for mark in marks:
            until(lambda mark=mark: jobs.page(state="done", limit=1).total >= mark, 600)
            victim = chance.randrange(2)
            assert end(workers[victim], signal.SIGKILL) == -signal.SIGKILL
            workers[victim] = start_worker(server.settings, log)
        until(lambda: jobs.page(state="done", limit=1).total == count, 600)
        # One that was started last may be told to stop before it listens.
        assert {end(worker) for worker in workers} <= {0, -signal.SIGTERM}
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    return Chaos(count, kills, _checked(jobs, store, server.settings, ids), time.monotonic() - began)


def _checked(jobs: Jobs, store: Store, settings: JobSettings, ids: list[str]) -> int:
    """Nothing lost, nothing twice, every result its own and right; gives how many attempts there were."""
    results, attempts = Results(settings.results_folder()), 0
    assert Counter(effects(store)) == Counter(zip(ids, range(len(ids)), strict=True))
    found = []
    for n, id in enumerate(ids):
        job, value = jobs.result(id)
        assert value == {"n": n, "answer": answer(n)} and job.state == "done" and not job.dead
        assert results.path(id, job.file).read_text() == answer(n)
        found.append(value["answer"])
        attempts += job.attempts
    assert len(set(found)) == len(ids) <= attempts
    return attempts
