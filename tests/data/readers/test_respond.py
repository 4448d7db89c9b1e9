"""Pairs, lists of candidates and conversations: what a record is, what is tied, and where bad rows stand."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from gongbang.data.reading import read_records
from gongbang.data.records import Record
from gongbang.data.splits import group_split
from gongbang.errors import DataError, OptionError


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def conversations(path: Path, *rows: object) -> Path:
    return write(path, *(json.dumps(row, ensure_ascii=False) for row in rows))


def texts(record: Record) -> tuple[str, str]:
    return record.fields["context"], record.fields["response"]


PAIRS = ("Q,A,label", "물레가 뭐야?,그릇을 돌리는 판이에요.,0", "나 힘들어,잠깐 쉬어요.,2   ")


def test_pairs_are_known_by_their_header(tmp_path):
    for name in ("a.csv", "a", "a.txt"):
        first, second = read_records(write(tmp_path / name, *PAIRS)).strict()
        assert texts(first) == ("물레가 뭐야?", "그릇을 돌리는 판이에요.")
        assert (first.labels["label"], second.labels["label"]) == ("0", "2")
        assert (first.id, first.source, first.licence) == (f"{name}#1", name, "unknown")
    tabs = [line.replace(",", "\t") for line in PAIRS]
    assert len(read_records(write(tmp_path / "b.tsv", *tabs)).strict()) == 2
    quoted = write(tmp_path / "c.csv", '"Q","A"', '"안녕, 공방","어서 와요."')
    assert texts(read_records(quoted).strict()[0]) == ("안녕, 공방", "어서 와요.")


def test_other_tables_are_not_taken_for_pairs(tmp_path):
    table = write(tmp_path / "a.csv", "question,context,answer", "수도는?,수도는 서울이다.,서울")
    assert "response" not in read_records(table).strict()[0].fields
    more = write(tmp_path / "b.csv", "Q,A,label,text", "가,나,1,글")
    assert read_records(more).strict()[0].fields == {"text": "글"}


def test_a_line_end_in_a_cell_is_a_blank(tmp_path):
    path = write(tmp_path / "a.csv", "Q,A", '"안녕\n공방","어서\r\n와요. "')
    assert texts(read_records(path).strict()[0]) == ("안녕 공방", "어서 와요.")


def test_bad_pairs_are_located(tmp_path):
    rows = ("Q,A,label", "가,나,0", ",다,0", "라, ,0", "마,바", "사,아,1")
    loaded = read_records(write(tmp_path / "a.csv", *rows))
    assert len(loaded) == 2
    assert [(problem.line, problem.field) for problem in loaded.problems] == [(3, "Q"), (4, "A"), (5, None)]
    assert all(str(tmp_path / "a.csv") in problem.what for problem in loaded.problems)


def test_the_same_question_or_answer_is_one_group_over_a_third(tmp_path):
    rows = (
        "Q,A,label",
        "배고파!,밥 드세요.,0",
        "배 고파,간식 드세요.,0",  # the first question but for a blank
        "출출하다,간식 드세요,0",  # the second answer but for a point
        "졸려,주무세요.,0",
    )
    groups = [record.group for record in read_records(write(tmp_path / "a.csv", *rows)).strict()]
    assert groups[0] == groups[1] == groups[2] != groups[3]
    shuffled = write(tmp_path / "b.csv", rows[0], *rows[:0:-1])
    assert [record.group for record in read_records(shuffled).strict()] == groups[::-1]


def test_pairs_of_other_names_are_mapped(tmp_path):
    rows = ("질문,답변,방", "배고파,밥 드세요.,가", "출출해,밥 드세요!,나", "졸려,주무세요.,나")
    path = write(tmp_path / "a.csv", *rows)
    mapping = {"context": "질문", "response": "답변"}
    tied = read_records(path, format="chat-pairs", mapping=mapping).strict()
    assert [record.labels["방"] for record in tied] == ["가", "나", "나"]
    assert tied[0].group == tied[1].group != tied[2].group
    by_room = read_records(path, format="chat-pairs", mapping=mapping | {"group": "방"}).strict()
    assert len({record.group for record in by_room}) == 1
    with pytest.raises(OptionError, match="names no response"):
        read_records(path, format="chat-pairs", mapping={"context": "질문"})
    with pytest.raises(DataError, match="column 'Q' is missing"):
        read_records(path, format="chat-pairs")


LISTS = (
    "1\t안녕\t어서 와요.\t물레 있어요?\t네, 저기 있어요.",
    "0\t안녕\t어서 와요.\t물레 있어요?\t내일 봐요.",
    "0\t안녕\t어서 와요.\t물레 있어요?\t맛있게 드세요.",
    "0\t안녕\t어서 와요.\t물레 있어요?\t내일 봐요.",
    "1\t배고파\t밥 드세요.",
    "0\t배고파\t비가 와요.",
)


def test_a_group_begins_at_the_label_one(tmp_path):
    for name in ("a.tsv", "test.txt"):
        first, second = read_records(write(tmp_path / name, *LISTS)).strict()
        assert texts(first) == ("안녕\n어서 와요.\n물레 있어요?", "네, 저기 있어요.")
        assert first.labels["candidates"] == ["내일 봐요.", "맛있게 드세요."]
        assert texts(second) == ("배고파", "밥 드세요.") and second.labels["candidates"] == ["비가 와요."]
        assert first.group != second.group and second.id == f"{name}#5"


def test_lists_without_wrong_ones_have_no_candidates(tmp_path):
    path = write(tmp_path / "a.tsv", "1\t안녕\t어서 와요.", "1\t배고파\t밥 드세요.")
    records = read_records(path, format="responses").strict()
    assert len(records) == 2 and all("candidates" not in record.labels for record in records)


def test_rows_that_cannot_be_used_are_located(tmp_path):
    rows = (
        "0\t가\t나",  # before any right one
        *LISTS[:2],
        "0\t안녕\t어서 와요.\t다른 말\t내일 봐요.",  # another context
        "2\t안녕\t어서 와요.\t물레 있어요?\t내일 봐요.",
        "0\t안녕\t어서 와요.\t물레 있어요?\t네 저기 있어요!",  # the right one again
        "0\t안녕\t어서 와요.\t물레 있어요?\t ",
        "1\t \t말없이 답한다.",  # breaks its group
        "0\t \t이것도 답한다.",
        "1\t배고파",
        *LISTS[4:],
    )
    loaded = read_records(write(tmp_path / "a.tsv", *rows), format="responses")
    assert [record.labels["candidates"] for record in loaded] == [["내일 봐요."], ["비가 와요."]]
    places = [(problem.line, problem.field) for problem in loaded.problems]
    assert places == [
        (1, None),
        (4, None),
        (5, "label"),
        (6, "response"),
        (7, "response"),
        (8, "context"),
        (10, None),
    ]


def test_contexts_cut_from_one_dialogue_are_one_group(tmp_path):
    rows = (
        "1\t안녕\t어서 와요.",
        "1\t안녕\t어서 와요.\t물레 있어요?\t네.",
        "1\t안녕\t반가워요.\t뭐 해?\t쉬어요.",  # the same first turn, which is the first row's context
        "1\t날씨 어때?\t맑아요.\t나갈까?\t네.",  # the same response as another dialogue
    )
    one, two, three, four = read_records(write(tmp_path / "a.tsv", *rows), format="responses").strict()
    assert one.group == two.group != three.group
    assert four.group not in (one.group, three.group)


def test_every_turn_but_the_first_is_a_response(tmp_path):
    row = {"lang": "korean", "topic": "craft", "turns": ["안녕", "어서\n와요.", "물레는?"]}
    for path in (
        conversations(tmp_path / "a.jsonl", row),
        write(tmp_path / "b.json", json.dumps([row], ensure_ascii=False, indent=1)),
    ):
        first, second = read_records(path).strict()
        assert texts(first) == ("안녕", "어서 와요.")
        assert texts(second) == ("안녕\n어서 와요.", "물레는?")
        assert first.group == second.group
        assert first.labels == {"topic": "craft", "language": "ko"}


def test_conversations_are_tied_by_their_contexts(tmp_path):
    rows = [["안녕!", "어서 와요."], ["안녕", "반가워요."], ["뭐 해?", "어서 와요."]]
    records = read_records(
        conversations(tmp_path / "a.jsonl", *({"turns": turns} for turns in rows))
    ).strict()
    assert records[0].group == records[1].group != records[2].group


def test_one_language_is_read_alone(tmp_path):
    rows = (
        {"lang": "korean", "turns": ["안녕", "어서 와요."]},
        {"lang": "en", "turns": ["Hello", "Come in."]},
        {"turns": ["?", "!"]},
    )
    path = conversations(tmp_path / "a.jsonl", *rows)
    assert len(read_records(path).strict()) == 3
    loaded = read_records(path, format="turns-ko")
    assert [texts(record) for record in loaded] == [("안녕", "어서 와요.")]
    assert [problem.line for problem in loaded.problems] == [3]  # whatever its language, it does not say
    assert [texts(record) for record in read_records(path, format="turns-en")] == [("Hello", "Come in.")]


@pytest.mark.parametrize(
    ("turns", "field"),
    [(["안녕"], "turns"), (["안녕", " "], "turns[1]"), (["안녕", "네", 3], "turns[2]"), (None, "turns")],
)
def test_bad_conversations_are_located(tmp_path, turns, field):
    good = {"turns": ["안녕", "어서 와요."]}
    (problem,) = read_records(conversations(tmp_path / "a.jsonl", good, {"turns": turns}, good)).problems
    assert (problem.line, problem.field) == (2, field)


def test_a_missing_file_is_told(tmp_path):
    for format in ("turns", "responses", "chat-pairs"):
        with pytest.raises(DataError):
            read_records(tmp_path / "none", format=format)


@pytest.mark.shared
def test_songys_is_read_whole_and_splits_without_leaks(shared_data):
    records = read_records(shared_data / "chat/songys/ChatbotData.csv").strict()
    assert len(records) == 10_823 and {r.licence for r in records} == {"MIT"}
    sizes = Counter(record.group for record in records)
    assert len(sizes) == 7_164 and max(sizes.values()) == 20
    split = group_split(records, 0.1)
    for part in ("context", "response"):
        sides = [{r.fields[part] for r in side} for side in (split.train, split.test)]
        assert not sides[0] & sides[1]


@pytest.mark.shared
def test_chatterbot_is_read_by_language(shared_data):
    path = shared_data / "chat/chatterbot/chatterbot.jsonl"
    korean = read_records(path, format="turns-ko").strict()
    assert len(korean) == 696 and {r.licence for r in korean} == {"BSD-3-Clause"}
    loaded = read_records(path)
    assert len(loaded) == 3_068 and [problem.line for problem in loaded.problems] == [2_233]
