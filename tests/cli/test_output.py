"""One JSON document on stdout, people's words on stderr."""

from __future__ import annotations

import argparse
import json
import logging
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gongbang.apps.answer import Answer, Found
from gongbang.cli.output import (
    StderrHandler,
    cells,
    coloured,
    emit,
    note,
    plain,
    progress,
    style,
    table,
    warn,
)
from gongbang.cli.render import candidates_text, show_problems
from gongbang.errors import DataError


def args(**values: bool) -> argparse.Namespace:
    return argparse.Namespace(**{"json": False, "quiet": False, "debug": False, **values})


def test_emit_prints_either_json_or_text(capsys: pytest.CaptureFixture[str]) -> None:
    result = {"이름": "공방", "n": 1}
    assert emit(result, args(json=True), "글") is result
    assert json.loads(capsys.readouterr().out) == result
    emit(result, args(), "글")
    assert capsys.readouterr().out == "글\n"
    emit(result, args(), lambda: "만든 글")
    assert capsys.readouterr().out == "만든 글\n"
    emit(result, args(), lambda given: given["이름"])
    assert capsys.readouterr().out == "공방\n"
    emit(result, args())
    assert capsys.readouterr().out == ""


def test_json_keeps_korean_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    emit({"답": "서울"}, args(json=True))
    assert "서울" in capsys.readouterr().out


def test_plain_takes_what_results_hold() -> None:
    class Made:
        def to_dict(self) -> dict[str, object]:
            return {"path": Path("a/b"), "array": np.arange(3), "one": np.float32(0.5)}

    expected = {"path": "a/b", "array": [0, 1, 2], "one": 0.5}
    assert plain({"made": Made(), "set": {2, 1}, "bad": [math.nan, math.inf]}) == {
        "made": expected,
        "set": [1, 2],
        "bad": [None, None],
    }
    assert plain(np.array([np.nan, 1.0])) == [None, 1.0]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        max_leaves=10,
    )
)
def test_plain_data_is_json(value: object) -> None:
    json.dumps(plain(value), allow_nan=False)


def test_quiet_silences_notes_and_warnings(capsys: pytest.CaptureFixture[str]) -> None:
    note(args(quiet=True), "a")
    warn(args(quiet=True), "b")
    with progress(args(quiet=True), "c", total=1) as advance:
        advance()
    taken = capsys.readouterr()
    assert (taken.out, taken.err) == ("", "")
    warn(args(), "b")
    assert capsys.readouterr().err == "warning: b\n"


def test_no_colours_where_nobody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    assert not coloured()
    assert style("글", "bold") == "글"


def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    import io
    import sys

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    assert style("글", "bold") == "\x1b[1m글\x1b[0m"
    monkeypatch.setenv("NO_COLOR", "1")
    assert style("글", "bold") == "글"


def test_columns_line_up_with_wide_letters() -> None:
    lines = table([("가나다", 7), ("ab", 12)], header=("낱말", "수")).split("\n")
    assert [cells(line) for line in lines] == [10, 10, 10]
    assert lines[1].endswith(" 7")
    assert table([]) == ""


def test_nothing_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    warn(args(), "쪽\x1b[2J 하나")
    StderrHandler().emit(_record("검색\x1b[31m\n둘째 줄"))
    shown = capsys.readouterr().err
    assert "\x1b" not in shown and "쪽\\x1b[2J 하나" in shown and "\n둘째 줄" in shown
    found = Found("말", 0, 1, 0.5, 1.0, "d", "제목", "s\x1b]0;", "\x1b[2J쪽", "p")
    assert "\x1b" not in candidates_text(Answer("왜?", candidates=(found,)))
    show_problems(args(), [DataError("빈\x1b[2J.txt", value="", allowed="", cure="")])
    assert "\x1b" not in capsys.readouterr().err


def _record(words: str) -> logging.LogRecord:
    return logging.LogRecord("gongbang.test", logging.WARNING, __file__, 1, words, None, None)
