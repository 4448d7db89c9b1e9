"""``gongbang ask`` as a user meets it, with a reader too small to be right."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Call

ROOT = Path(__file__).resolve().parents[2]
STORY = "공방은 아홉 시에 연다. 공방지기는 차은결이다. 점심에는 한 시간을 쉰다."


@pytest.fixture
def story(tmp_path: Path) -> Path:
    path = tmp_path / "공방.txt"
    path.write_text(STORY, encoding="utf-8")
    return path


@pytest.fixture
def ask(call: Call, reader: Path) -> Call:
    """``gongbang ask`` with the small reader, by words alone, every span given as an answer."""

    def run(*words: object) -> Any:
        return call("ask", "--artifact", reader, "--no-dense", "--no-answer-threshold", "0", *words)

    return run


def check_answer(answer: dict[str, Any], text: str) -> None:
    assert answer["answered"] is True
    assert text[answer["start"] : answer["end"]] == answer["text"] != ""
    assert text[answer["evidence_start"] : answer["evidence_end"]] == answer["evidence"]
    assert answer["text"] in answer["evidence"]
    assert 0.0 <= answer["confidence"] <= 1.0
    assert answer["candidates"][0]["text"] == answer["text"]


def test_one_question_is_one_document(ask: Call, story: Path) -> None:
    called = ask("--docs", story, "--question", "공방지기는 누구인가?", "--json", "--quiet")
    assert called.code == 0 and called.err == ""
    check_answer(called.data, STORY)
    assert called.data["source"] == str(story)
    assert called.data["document"] == "공방.txt"
    assert called.data["warnings"] == []
    assert {"title", "location", "passages", "seconds"} <= set(called.data)


def test_people_see_answer_evidence_and_place(ask: Call, story: Path) -> None:
    called = ask("--docs", story, "-q", "공방지기는 누구인가?")
    assert called.code == 0
    question, answer, evidence, place = called.out.splitlines()
    assert question == "? 공방지기는 누구인가?"
    assert "% sure" in answer and "«" in evidence and str(story) in place
    assert "indexed 1 documents" in called.err or "indexed 1 document" in called.err


def test_several_questions_are_a_list(ask: Call, story: Path) -> None:
    called = ask("--docs", story, "-q", "누구인가?", "-q", "공방은 언제 여는가?", "--json")
    assert [answer["question"] for answer in called.data["answers"]] == ["누구인가?", "공방은 언제 여는가?"]


def test_questions_come_from_a_pipe(ask: Call, story: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "공방은 언제 여는가?\n\n공방지기는 누구인가?\n".encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines), encoding="utf-8"))
    called = ask("--docs", story)
    assert called.code == 0
    assert [line for line in called.out.splitlines() if line.startswith("?")] == [
        "? 공방은 언제 여는가?",
        "? 공방지기는 누구인가?",
    ]


def test_a_pipe_in_another_encoding_is_refused_before_anything_is_read(
    call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = "공방은 언제 여는가?\n".encode(), "누구인가?\n".encode("cp949")
    for lines, line, cure in (
        (bad + bad, 1, "iconv -f CP949 -t UTF-8 | gongbang ask"),
        (good + bad + good, 2, "Write line 2 in UTF-8"),
        ("공방은?".encode("utf-16"), 1, "iconv -f UTF-16 -t UTF-8 | gongbang ask"),
    ):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(lines), encoding="utf-8"))
        called = call("ask", "--docs", "nowhere.txt")
        assert called.code == 2 and called.lines[0] == f"stdin:{line}: the questions are not in UTF-8."
        assert cure in called.lines[3] and len(called.lines) == 4


def test_stdin_may_be_closed(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    called = call("ask", "--docs", "nowhere.txt")
    assert called.code == 2 and "there is no question" in called.lines[0] and len(called.lines) == 4
    asked = call("ask", "--docs", "nowhere.txt", "--question", "왜?", "--no-dense")
    assert (
        asked.code == 2 and "there is no question" not in asked.err
    )  # it got as far as reader and documents


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--top-k", "0"], "k is too small"),
        (["--no-answer-threshold", "1.5"], "threshold cannot be used"),
        (["--no-answer-threshold", "nan"], "threshold cannot be used"),
        (["--question", " "], "the question is empty"),
        (["--question", "누구\udcb5\udcce"], "not in UTF-8"),
    ],
)
def test_what_is_wrong_with_the_question_is_told_before_anything_is_read(
    call: Call, words: list[str], told: str
) -> None:
    question = [] if "--question" in words else ["--question", "왜?"]
    called = call("ask", "--docs", "nowhere.txt", "--artifact", "no-such-reader", *question, *words)
    assert called.code == 2 and told in called.lines[0] and len(called.lines) == 4


def test_a_threshold_of_one_says_no_answer_here(call: Call, reader: Path, story: Path) -> None:
    words = ["ask", "--docs", story, "--artifact", reader, "--no-dense", "--no-answer-threshold", "1"]
    called = call(*words, "-q", "공방은 언제 여는가?")
    assert "No answer here." in called.out and "nearest:" in called.out
    as_json = call(*words, "-q", "공방은 언제 여는가?", "--json").data
    assert as_json["answered"] is False and as_json["text"] == ""
    assert as_json["passages"][0]["text"] == STORY and as_json["candidates"]


def test_bad_documents_are_warnings(ask: Call, story: Path) -> None:
    (story.parent / "빈.txt").write_text("", encoding="utf-8")
    (story.parent / "옛.txt").write_bytes(STORY.encode("cp949"))
    called = ask("--docs", story.parent, "-q", "공방지기는 누구인가?")
    assert called.code == 0
    warnings = [line for line in called.err.splitlines() if line.startswith("warning:")]
    assert len(warnings) == 2 and all("passed over: " in line for line in warnings)
    cures = [line for line in called.err.splitlines() if line.startswith("cure: ")]
    assert len(cures) == 2 and any("iconv -f CP949" in line for line in cures)
    as_json = ask("--docs", story.parent, "-q", "공방지기는 누구인가?", "--json").data
    assert len(as_json["warnings"]) == 2


def test_a_novel_is_asked_in_one_command(ask: Call) -> None:
    novel = ROOT / "samples" / "lighthouse-story.txt"
    text = novel.read_text(encoding="utf-8")
    assert 10_000 <= len(text) <= 20_000
    check_answer(ask("--docs", novel, "-q", "등대의 계단은 몇 칸인가?", "--json").data, text)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--docs", "nowhere.txt", "-q", "왜?"], "no such file"),
        (["-q", "왜?"], "documents or a saved index"),
        (["--docs", "STORY", "--index", "x", "-q", "왜?"], "documents or a saved index"),
        (["--index", "nowhere", "-q", "왜?"], "there is no index"),
        (["--docs", "STORY", "-q", " "], "the question is empty"),
        (["--docs", "STORY", "-q", "왜?", "--top-k", "0"], "k is too small"),
        (["--docs", "STORY", "-q", "왜?", "--artifact", "reader-kp"], "no artifact"),
    ],
)
def test_errors_of_the_user_have_four_lines(ask: Call, story: Path, words: list[str], expected: str) -> None:
    named = [story if word == "STORY" else word for word in words]
    called = ask(*named)
    assert called.code == 2 and called.out == ""
    assert expected in called.lines[-4]
    assert [line.partition(":")[0] for line in called.lines[-3:]] == ["value", "allowed", "cure"]


def test_an_encoder_is_no_reader(call: Call, encoder: Path, story: Path) -> None:
    called = call("ask", "--docs", story, "--artifact", encoder, "-q", "왜?")
    assert called.code == 2 and "another task" in called.err


def test_a_saved_index_is_asked_with_its_encoder(
    call: Call, reader: Path, encoder: Path, story: Path, tmp_path: Path
) -> None:
    index = tmp_path / "index"
    assert call("index", "build", "--docs", story, "--out", index, "--encoder", encoder).code == 0
    words = ["ask", "--index", index, "--artifact", reader, "--no-answer-threshold", "0", "-q", "공방지기는?"]
    called = call(*words, "--encoder", encoder, "--json")
    check_answer(called.data, STORY)
    assert set(called.data["passages"][0]["parts"]) == {"lexical", "dense"}
    refused = call(*words, "--no-dense")
    assert refused.code == 2 and "needs its encoder" in refused.err


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_conversation_on_a_terminal(reader: Path, story: Path) -> None:
    import pty

    main, other = pty.openpty()
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "TERM": "dumb"}
    command = [sys.executable, "-m", "gongbang", "ask", "--docs", str(story), "--artifact", str(reader)]
    process = subprocess.Popen(
        [*command, "--no-dense", "--no-answer-threshold", "0"],
        stdin=other,
        stdout=other,
        stderr=subprocess.DEVNULL,
        env=environment,
    )
    os.close(other)
    os.write(main, b"\xb5?\n" + "공방지기는 누구인가?\n:more\n:passages\n:explain\n:help\n\n".encode())
    shown = b""
    while True:
        try:
            part = os.read(main, 4096)
        except OSError:  # the other side has hung up
            break
        if not part:
            break
        shown += part
    os.close(main)
    assert process.wait(timeout=60) == 0
    text = shown.decode("utf-8", "replace")  # the terminal echoes what was typed
    assert "the question is not in UTF-8" in text  # a slip of the keyboard, told and survived
    assert "% sure" in text and "«" in text  # the answer
    assert "begins" in text  # :passages
    assert "morphemes" in text  # :explain
    assert "what was read for it" in text  # :help
