"""Fixtures for the whole suite: public data where it is at hand, and no network."""

from __future__ import annotations

import faulthandler
import logging
import os
import signal
import socket
import sys
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.notes import note, notes

pytest_plugins = ["tests.small"]
ROOT = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Let a worker that a signal ends say where it was: pytest-xdist can only say that it is gone."""
    if not hasattr(config, "workerinput") or sys.platform == "win32":
        return
    stderr = os.fdopen(os.dup(sys.__stderr__.fileno()), "w")  # the capture of a test takes its place
    config.add_cleanup(stderr.close)
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
        faulthandler.register(number, stderr, chain=True)
        config.add_cleanup(lambda number=number: faulthandler.unregister(number))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of public data sets; the test is skipped, with the reason, where it is absent."""
    folder = Path(os.environ.get("GONGBANG_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"public data sets not found at {folder}; set GONGBANG_DATA to their folder")
    return folder


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Refuse every connection that leaves this machine: the suite must pass offline."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else address
        if self.family != socket.AF_UNIX and str(host) not in {"127.0.0.1", "::1", "localhost"}:
            raise RuntimeError(f"a test tried to reach {address}: the suite runs offline")
        connect(self, address)

    patch = pytest.MonkeyPatch()
    patch.setattr(socket.socket, "connect", guarded)
    yield
    patch.undo()


@pytest.fixture(autouse=True)
def _package_logger_as_it_was() -> Iterator[None]:
    """A command sets the package's logger for its process; a test that ran one must not silence the next."""
    logger = logging.getLogger("gongbang")
    level, handlers, propagate = logger.level, list(logger.handlers), logger.propagate
    yield
    logger.setLevel(level)
    logger.handlers[:] = handlers
    logger.propagate = propagate


@pytest.fixture(autouse=True)
def _no_pool_of_threads_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """`gongbang serve` makes one for its whole process; then no session may have threads of its own."""
    monkeypatch.setattr("gongbang.search.onnx_sessions.share_threads", lambda threads: False)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """A report goes from a worker to the suite as UTF-8, which a log that holds half a character is not."""
    report = yield
    report.sections = [
        (name, text.encode("utf-8", "backslashreplace").decode("utf-8")) for name, text in report.sections
    ]
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A worker of pytest-xdist hands over what was noted."""
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["notes"] = notes()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a worker noted; one that died has nothing to say."""
    for line in getattr(node, "workeroutput", {}).get("notes", ()):
        note(line)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say what was noted."""
    for line in notes():
        terminalreporter.write_line(line)
