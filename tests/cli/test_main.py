"""The frame of the command line: exit codes, error shapes, pipes."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gongbang.cli.faults import report
from gongbang.cli.main import VERBS, Parser, main, split_shared
from gongbang.errors import DataError
from tests.cli.conftest import Call

SOURCE = Path(__file__).resolve().parents[2] / "src"


def run(*words: str, stdin: str | bytes = b"", **environment: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "gongbang", *words],
        input=stdin if isinstance(stdin, bytes) else stdin.encode(),
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE), **environment},
    )


def test_help_names_every_verb(call: Call) -> None:
    called = call("--help")
    assert called.code == 0
    assert all(f"  {verb}" in called.out for verb in VERBS)
    assert call().out == called.out


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_explains_itself(call: Call, verb: str) -> None:
    called = call(verb, "--help")
    assert called.code == 0
    assert f"usage: gongbang {verb}" in called.out
    assert "--json" in called.out and "--debug" in called.out and "--quiet" in called.out


def test_an_unknown_verb_is_a_user_error_of_four_lines(call: Call) -> None:
    called = call("aks")
    assert called.code == 2 and called.out == ""
    assert [line.partition(":")[0] for line in called.lines[1:]] == ["value", "allowed", "cure"]
    assert "gongbang ask" in called.lines[3]


@pytest.mark.parametrize(
    "words",
    [["ask", "--dcos", "x"], ["index"], ["index", "search"], ["ask", "--docs", "x", "--top-k", "many"]],
)
def test_wrong_arguments_are_a_user_error(call: Call, words: list[str]) -> None:
    called = call(*words)
    assert called.code == 2
    assert len(called.lines) == 4
    as_json = call(*words, "--json")
    assert as_json.code == 2 and as_json.err == ""
    assert as_json.data["error"] == "OptionError"


def test_shared_flags_stand_anywhere(call: Call) -> None:
    for words in (["--json", "aks"], ["aks", "--json"]):
        assert call(*words).data["error"] == "OptionError"
    assert split_shared(["a", "--quiet", "--", "--json"]) == (
        ["a", "--", "--json"],
        {"json": False, "debug": False, "quiet": True},
    )


def test_options_are_not_guessed_from_a_prefix() -> None:
    from gongbang.errors import OptionError

    parser = Parser(prog="x")
    parser.add_argument("--threshold")
    with pytest.raises(OptionError):
        parser.parse_args(["--thres", "1"])


def test_a_fault_is_one_line_and_debug_shows_where(capsys: pytest.CaptureFixture[str]) -> None:
    err = ZeroDivisionError("division\nby zero")
    assert report(err, json=False, debug=False) == 1
    taken = capsys.readouterr()
    assert taken.out == "" and taken.err.count("\n") == 1
    assert "ZeroDivisionError" in taken.err and "--debug" in taken.err
    assert report(err, json=True, debug=True) == 1
    taken = capsys.readouterr()
    assert json.loads(taken.out)["error"] == "Fault"
    assert "Traceback" in taken.err or "ZeroDivisionError" in taken.err


def test_an_error_of_the_user_as_json_and_as_lines(capsys: pytest.CaptureFixture[str]) -> None:
    err = DataError("bad.", value="x", allowed="y", cure="z", path="a.json", line=3)
    assert report(err, json=True, debug=False) == 2
    assert json.loads(capsys.readouterr().out)["line"] == 3
    assert report(err, json=False, debug=False) == 2
    assert capsys.readouterr().err == "a.json:3: bad.\nvalue: x\nallowed: y\ncure: z\n"


def test_a_file_that_the_system_refuses_is_a_user_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert report(PermissionError(13, "Permission denied", "/x"), json=False, debug=False) == 2
    assert "/x" in capsys.readouterr().err
    assert report(OSError("no name"), json=False, debug=False) == 1


def test_an_interrupt_ends_with_130(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    import builtins

    real = builtins.__import__

    def interrupted(name: str, *rest: object) -> object:
        if name == "difflib":
            raise KeyboardInterrupt
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", interrupted)
    called = call("aks")
    assert called.code == 130 and "Traceback" not in called.err


def test_a_closed_pipe_is_no_error() -> None:
    command = f"{sys.executable} -m gongbang --help | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(
        ["bash", "-c", command],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    assert done.stdout == b"0\n" and done.stderr == b""


def test_korean_passes_whatever_the_locale() -> None:
    done = run("기타", LC_ALL="C")
    assert done.returncode == 2 and "기타" in done.stderr.decode("utf-8")


def test_main_leaves_the_root_logger_alone(call: Call) -> None:
    import logging

    before = list(logging.getLogger().handlers)
    call("aks")
    assert logging.getLogger().handlers == before


def test_version() -> None:
    from gongbang import __version__

    done = run("--version")
    assert done.stdout.decode() == f"gongbang {__version__}\n" and done.returncode == 0


def test_main_gives_a_number() -> None:
    assert main(["ask", "--help"]) == 0
    assert isinstance(Parser(prog="x"), argparse.ArgumentParser)
