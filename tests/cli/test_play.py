"""``gongbang play`` as people and scripts play it: lines, JSON, leaving, slips, files of one's own."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from gongbang.apps.twenty_questions import read_keywords
from gongbang.cli.main import main
from gongbang.cli.play_text import command_of, marks_of, said_of
from tests.apps.twenty_questions.scripted import Blabbing, Scripted
from tests.cli.conftest import Call, Called
from tests.test_layers import HEAVY, run_python

KEYWORDS = read_keywords()
SEED = 7
SECRET = KEYWORDS.choose(seed=SEED)
FIVE = [f"{number}번째로 큰가요?" for number in range(5)]


@pytest.fixture(autouse=True)
def models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers by rule in the place of models."""
    asking = "gongbang.apps.twenty_questions.asking"
    monkeypatch.setattr(f"{asking}.load_answerer", lambda name: Scripted())
    monkeypatch.setattr(f"{asking}.load_reader", lambda name: Blabbing())


@pytest.fixture
def play(call: Call, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run ``gongbang play`` with these words and lines on stdin."""

    def run(*words: object, lines: list[str]) -> Called:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
        return call("play", *words)

    return run


def events(called: Called) -> list[dict[str, Any]]:
    assert called.code == 0, called.err
    return [json.loads(line) for line in called.out.splitlines()]


def commands(*listed: dict[str, Any]) -> list[str]:
    return [json.dumps(command, ensure_ascii=False) for command in listed]


def test_a_game_in_lines(play: Any):
    told = play("--seed", SEED, lines=[*FIVE, ":힌트 어디에 쓰나요?", "정답: 유니콘", f":정답 {SECRET.name}"])
    assert told.code == 0
    before, _, after = told.out.partition("맞히셨습니다.")
    assert f"'{SECRET.category}'" in before and "힌트를 물을 수 있음" in before
    assert "[정답]" in before and "오답입니다." in before
    assert not KEYWORDS.forms(SECRET).found_in(before)
    assert f"정답은 '{SECRET.name}'입니다." in after and FIVE[0] in after and SECRET.document[:40] in after
    assert "--feedback" in told.err


def test_a_game_in_english_lines(play: Any):
    told = play("--seed", SEED, "--lang", "en", lines=[":help", *FIVE, ":hint 무엇인가요?", ":quit"])
    assert told.out.count("I am thinking") == 1 and "6 used, 14 left" in told.out
    assert "You have given up." in told.out and f"It was '{SECRET.name}'." in told.out


def test_the_end_of_input_says_where_one_stood(play: Any):
    told = play("--seed", SEED, lines=FIVE[:2])
    assert told.code == 0 and "그만두셨습니다. 2번을 쓰고 18번이 남았습니다." in told.out
    assert SECRET.name in told.out


class Interrupted(io.StringIO):
    """A stdin on which Ctrl-C is pressed after its lines."""

    def readline(self, *size: int) -> str:  # type: ignore[override]
        line = super().readline(*size)
        if not line:
            raise KeyboardInterrupt
        return line

    def __next__(self) -> str:
        return self.readline()


def test_ctrl_c_says_where_one_stood(call: Call, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", Interrupted(f"{FIVE[0]}\n"))
    told = call("play", "--seed", SEED)
    assert told.code == 0 and "1번을 쓰고 19번이 남았습니다." in told.out
    monkeypatch.setattr(sys, "stdin", Interrupted("네\n"))
    told = call("play", "--reverse")
    assert told.code == 0 and "1번을 물었습니다" in told.out
    monkeypatch.setattr(sys, "stdin", Interrupted('{"do": "ask", "text": "큰가요?"}\n'))
    assert events(call("play", "--json"))[-1]["event"] == "over"


def test_ctrl_c_while_a_model_answers(play: Any, monkeypatch: pytest.MonkeyPatch):
    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Scripted, "ask", stopped)
    told = play("--seed", SEED, lines=FIVE)
    assert told.code == 0 and "0번을 쓰고 20번이 남았습니다." in told.out


def test_a_slip_is_told_and_the_game_goes_on(play: Any):
    told = play("--seed", SEED, lines=[":힌트 무엇인가요?", "   ", "?", ":앗", "가" * 300, FIVE[0]])
    assert told.code == 0 and "1번을 쓰고" in told.out
    assert "a hint is not open yet." in told.err and told.err.count("no question and no guess") == 3
    assert told.out.count(":도움") == 2  # what came with the start, and after the unknown command


def test_marks_are_kept_where_a_file_is_named(play: Any, tmp_path: Path):
    kept = tmp_path / "new" / "marks.jsonl"
    told = play("--seed", SEED, "--feedback", kept, lines=[*FIVE, ":그만", "9", "1 3=아무거나", "1, 2"])
    assert "no model answered at this turn." in told.err and "corrects nothing" in told.err
    assert f"5개의 답을 {kept}에 적었습니다." in told.out
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    assert [row["mark"] for row in rows] == ["wrong", "wrong", "right", "right", "right"]
    assert {row["keyword"] for row in rows} == {SECRET.name} and rows[0]["artifact"] == "scripted"


def test_a_game_in_json(play: Any, tmp_path: Path):
    question = '쉼표, "따옴표",\n줄'
    sent = commands(
        {"do": "hint", "text": "무엇인가요?"},
        {"do": "ask", "text": question},
        *({"do": "ask", "text": text} for text in FIVE),
        {"do": "hint", "text": f"{SECRET.name}는 어디에 있나요?"},
        {"do": "mark", "wrong": []},
        {"do": "guess", "text": f"{SECRET.name} 입니다"},
        {"do": "ask", "text": "큰가요?"},
        {"do": "mark", "wrong": {"1": ""}},
    )
    kept = tmp_path / "marks.jsonl"
    got = events(play("--seed", SEED, "--json", "--feedback", kept, lines=["{", "[]", '"x"', *sent]))
    kinds = ["started", *["error"] * 4, *["answer"] * 7, "error", "over", "error", "marked"]
    assert [event["event"] for event in got] == kinds
    over = next(at for at, event in enumerate(got) if event["event"] == "over")
    for event in got[:over]:
        assert not KEYWORDS.forms(SECRET).found_in(json.dumps(event, ensure_ascii=False))
    assert got[over]["game"]["keyword"] == SECRET.name and got[over]["game"]["used"] == 8
    assert [one["turn"] for one in got[-1]["feedback"]] == [1, 2, 3, 4, 5, 6, 7]
    assert got[-1]["feedback"][0]["question"] == '쉼표, "따옴표", 줄'
    rows = [json.loads(line) for line in kept.read_text(encoding="utf-8").splitlines()]
    assert rows == got[-1]["feedback"]


@pytest.mark.parametrize(
    "line",
    [
        "{}",
        '{"do": 3}',
        '{"do": "say"}',
        '{"do": "ask"}',
        '{"do": "ask", "text": 3}',
        '{"do": "ask", "text": "\\ud800"}',
        '{"do": "mark", "wrong": {"x": ""}}',
        '{"do": "mark", "wrong": 3}',
        '{"do": "mark", "wrong": {"1": 2}}',
        "[" * 100_000,
        "NaN",
    ],
)
def test_json_that_is_no_command_changes_nothing(play: Any, line: str):
    got = events(play("--seed", SEED, "--json", lines=[line]))
    assert [event["event"] for event in got] == ["started", "error", "over"]
    assert got[1]["cure"] and got[2]["game"]["used"] == 0


def answers_for(name: str) -> dict[str, str]:
    from gongbang.apps.twenty_questions import read_table

    table = read_table(KEYWORDS)
    row = table.values[table.keywords.index(name)]
    return {
        one.id: ("아니요", "네", "모름")[int(value)] for one, value in zip(table.attributes, row, strict=True)
    }


def test_a_reverse_game_in_lines(call: Call, monkeypatch: pytest.MonkeyPatch):
    """The lines are made from what was asked so far, as a person does."""
    from gongbang.apps.twenty_questions.commands import ReversePlay

    known = answers_for("장구")
    asked: list[dict[str, Any]] = []
    begin, do = ReversePlay.begin, ReversePlay.do
    monkeypatch.setattr(ReversePlay, "begin", lambda self: asked.append(begin(self)) or asked[-1])
    monkeypatch.setattr(ReversePlay, "do", lambda self, command: asked.append(do(self, command)) or asked[-1])

    class Person(io.StringIO):
        def readline(self, *size: int) -> str:  # type: ignore[override]
            last = asked[-1]
            if last.get("kind") == "guess":
                return "네\n" if last["id"] == "장구" else "아니요\n"
            return known[last["id"]] + "\n" if "id" in last else ""

    monkeypatch.setattr(sys, "stdin", Person())
    told = call("play", "--reverse")
    assert told.code == 0 and "장구 맞나요?" in told.out and "번 만에 맞혔습니다!" in told.out
    assert "표와 다르게 답하신 것은 없습니다." in told.out


def test_a_reverse_game_that_is_left(play: Any, tmp_path: Path):
    kept = tmp_path / "told.jsonl"
    told = play("--reverse", "--feedback", kept, lines=["고래", "아니요", ":그만", "고래"])
    assert "예, 아니요, 모름 가운데 하나로" in told.out and "1번을 물었습니다." in told.out
    assert "표와 다르게 답하신 물음입니다." in told.out and "살아 있는 것인가요?  아니요 / 예" in told.out
    row = json.loads(kept.read_text(encoding="utf-8"))
    assert row["keyword"] == "고래" and row["contradictions"][0]["attribute"] == "alive"
    assert "낱말입니다. 넣으려면" in play("--reverse", lines=[":그만", "유니콘"]).out


def test_a_reverse_game_in_json(play: Any):
    sent = commands(
        {"do": "say", "said": "yes"}, {"do": "say"}, {"do": "was", "text": "고래"}, {"do": "give-up"}
    )
    got = events(play("--reverse", "--json", lines=sent))
    assert [one["event"] for one in got] == ["started", "asked", "error", "error", "over"]
    assert got[0]["keywords"] == len(KEYWORDS.items) and got[1]["number"] == 2 and got[-1]["keyword"] is None


def test_keywords_of_ones_own(play: Any, tmp_path: Path):
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "sea.yaml").write_text(
        "category: 바다\nkeywords:\n  - name: 돌고래\n    document: 돌고래는 바다에 산다.\n", encoding="utf-8"
    )
    told = play("--keywords", folder, lines=["돌고래인가요?"])
    assert "정답은 '돌고래'입니다." in told.out
    told = play("--keywords", folder, "--reverse", lines=[])
    assert told.code == 2 and "attributes.csv" in told.lines[0]


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (["--category", "동믈"], "동물"),
        (["--keywords", "nowhere"], "no such folder"),
        (["--reverse", "--category", "동물"], "--category changes nothing"),
        (["--lang", "fr"], "--lang"),
        (["--seed", "x"], "--seed"),
    ],
)
def test_what_cannot_be_used_is_told_in_four_lines(play: Any, words: list[str], what: str):
    told = play(*words, lines=[])
    assert told.code == 2 and len(told.lines) == 4 and what in told.err
    told = play(*words, "--json", lines=[])
    assert told.code == 2 and what in json.dumps(told.data, ensure_ascii=False)


def test_without_an_answerer_it_is_told_how_one_is_trained(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    from gongbang.apps.twenty_questions.asking import _loaded

    def missing(name: str) -> Any:
        return _loaded(name, "boolq")

    monkeypatch.setattr("gongbang.artifacts.store.known_artifacts", dict)
    monkeypatch.setattr("gongbang.apps.twenty_questions.asking.load_answerer", missing)
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    assert main(["play"]) == 2
    assert "gongbang train recipes/boolq-ko.yaml" in capsys.readouterr().err
    assert main(["play", "--answerer", "none"]) == 2
    assert "gongbang train" not in capsys.readouterr().err


def test_help_imports_nothing_heavy():
    code = (
        "import sys\nfrom gongbang.cli.main import main\ncode = main(['play', '--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], code)"
    )
    assert run_python(code).splitlines()[-1] == "[] 0"


def test_lines_are_understood():
    assert command_of("：정답 고래") == {"do": "ask", "text": "：정답 고래"}
    assert command_of(" :HINT 어디에?") == {"do": "hint", "text": "어디에?"}
    assert command_of("힌트 : 어디에?") == {"do": "hint", "text": "어디에?"}
    assert command_of("정답이 큰가요?")["do"] == "ask"
    assert [said_of(word) for word in ("응", "NO", "몰라요.", "예?")] == ["yes", "no", "unknown", None]
    assert marks_of("3=no 12 = 모름") == {"3": "no", "12": "no-answer"}
