"""``gongbang worker``: does the jobs that a server accepted; several may run, here or elsewhere.

What it shares with the server, the database before all, it takes from the server's own configuration file and
from ``$GONGBANG_SERVE_...``, so that the two cannot differ and no password stands among a process's words.
"""

from __future__ import annotations

import argparse
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gongbang.cli.output import emit, note
from gongbang.errors import MissingExtraError, OptionError

if TYPE_CHECKING:
    from gongbang.serve.jobs.crew import Crew
    from gongbang.serve.jobs.settings import JobSettings

_NEEDED = ("sqlalchemy", "alembic", "pydantic", "fastapi")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The verb's arguments."""
    parser.add_argument(
        "--config",
        metavar="FILE.yaml",
        help="the server's configuration; $GONGBANG_SERVE_... and flags go before it",
    )
    parser.add_argument(
        "--database", metavar="URL", help="the server's: sqlite:///answers.db, or a file's path"
    )
    parser.add_argument(
        "--broker", metavar="URL", help="a RabbitMQ, amqp://...; without one the database is asked"
    )
    parser.add_argument("--broker-queue", metavar="NAME", help="what its queues are called (gongbang)")
    parser.add_argument("--jobs", nargs="+", default=[], metavar="KIND", help="what it does (all kinds)")
    parser.add_argument(
        "--folder",
        action="append",
        default=[],
        metavar="DIR",
        help="a folder that jobs may read, several times",
    )
    parser.add_argument(
        "--results", type=Path, metavar="DIR", help="the server's folder of results (beside the database)"
    )
    parser.add_argument("--slots", type=int, default=1, metavar="N", help="jobs at a time (1)")
    parser.add_argument(
        "--lease",
        type=float,
        default=30.0,
        metavar="S",
        help="seconds of silence until others take over (30)",
    )
    parser.add_argument(
        "--alive", type=Path, metavar="FILE", help="touched each second while all goes on, for a health check"
    )
    parser.add_argument(
        "--grace", type=float, default=20.0, metavar="S", help="seconds that jobs get to end at a stop (20)"
    )


def run(args: argparse.Namespace) -> Any:
    """Work until SIGTERM or Ctrl-C; what runs is finished within the grace, or given back to others."""
    for package in _NEEDED:
        if find_spec(package) is None:
            raise MissingExtraError(package, extra="serve", purpose="doing jobs")
    from gongbang.serve.database.store import Store
    from gongbang.serve.jobs.crew import Crew

    settings = _settings(args)
    with Store(settings.database) as store:
        crew = Crew(settings, store, work=True, prepare=store.prepare)
        stop = threading.Event()
        with _told_to_stop(stop):
            crew.start()
            note(args, f"worker {crew.name}: {', '.join(settings.own_kinds)}")
            _until_told(stop, _beat(args.alive, crew))
            note(args, "stopping: what runs is finished or given back")
            ended = crew.stop()
    result = {"worker": crew.name, "ended": ended}
    return emit(result, args, "all ended" if ended else "a job did not stop; another worker will take it")


def _settings(args: argparse.Namespace) -> JobSettings:
    """What jobs are told: the server's settings, and what is the worker's alone."""
    from gongbang.serve.configuration import resolve
    from gongbang.serve.jobs.settings import JobSettings

    shared = {
        "database": args.database,
        "broker": args.broker or None,
        "broker_queue": args.broker_queue,
        "folders": args.folder or None,
        "results": args.results,
    }
    server = resolve(shared, os.environ, args.config)
    if not server.database:
        raise OptionError(
            "a worker needs the server's database.",
            value="none",
            allowed="--database URL, or the server's configuration with --config FILE",
            cure="Pass --database sqlite:///answers.db.",
        )
    return replace(
        JobSettings.of(server),
        kinds=tuple(args.jobs),
        slots=args.slots,
        lease_s=args.lease,
        grace_s=args.grace,
    )


def _until_told(stop: threading.Event, beat: Callable[[], None]) -> None:
    beat()
    while not stop.wait(1.0):  # a wait without end would not hear a signal on every platform
        beat()


def _beat(file: Path | None, crew: Crew) -> Callable[[], None]:
    """Touches a file as long as every thread of the crew lives; a health check looks at the file's age."""

    def beat() -> None:
        if file is not None and crew.alive:
            file.touch()

    return beat


class _told_to_stop:  # noqa: N801  (reads as a verb in a with-statement)
    """SIGTERM and SIGINT set an event; a second one of them ends the process as usual."""

    def __init__(self, stop: threading.Event) -> None:
        self._stop = stop
        self._before: dict[int, Any] = {}

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._hear)

    def _hear(self, number: int, frame: Any) -> None:
        # Not here: what was interrupted may hold the lock of the event, and would wait for itself.
        threading.Thread(target=self._stop.set, name="told-to-stop").start()
        self._restore()

    def _restore(self) -> None:
        for number, before in self._before.items():
            signal.signal(number, before)

    def __exit__(self, *_: object) -> None:
        self._restore()
