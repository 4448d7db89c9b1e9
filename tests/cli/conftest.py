"""The command line as a user meets it, and a run and artifacts small enough for tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from gongbang.cli.main import main


@dataclass(frozen=True)
class Called:
    """What a command gave: exit code, stdout, stderr."""

    code: int
    out: str
    err: str

    @property
    def data(self) -> Any:
        """The one JSON document on stdout."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """The four lines of an error."""
        return [line for line in self.err.splitlines() if line]


Call = Callable[..., Called]


@pytest.fixture
def call(capsys: pytest.CaptureFixture[str]) -> Iterator[Call]:
    """Run ``gongbang`` with these words, in this process."""

    def run(*words: object) -> Called:
        capsys.readouterr()
        code = main([str(word) for word in words])
        taken = capsys.readouterr()
        return Called(code, taken.out, taken.err)

    yield run
