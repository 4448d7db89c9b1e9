"""Answers leave the database and come back as they were; a bad row costs itself alone."""

from __future__ import annotations

import json
import unicodedata
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gongbang.errors import DataError, OptionError
from gongbang.serve.database.answers import Answers
from gongbang.serve.database.checks import MAX_TEXT
from gongbang.serve.database.migrate import upgrade
from gongbang.serve.database.rows import Draft
from gongbang.serve.database.store import Store
from gongbang.serve.database.transfer import COLUMNS, export_answers, import_answers
from tests.serve.servers import empty

KINDS = ["csv", "jsonl"]
HARD = [
    Draft('쉼표, "따옴표"\n줄 바꿈\r\n끝', "물음, 둘", "기쁨", active=False),
    Draft("👍🏽 \u2028 \u0085 ''", '"'),
    Draft(unicodedata.normalize("NFD", "한글 공방"), "\t탭\t", "ａ"),
    Draft("a\rb", "\n\r"),
    Draft("=1+1", "\ufeff처음", "0"),
    Draft("같은 답"),
    Draft("같은 답"),
    Draft('""', ",,"),
]
texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=20)
drafts = st.builds(Draft, texts.filter(str.strip), texts, texts, st.booleans())


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory):
    """One more database, where only the files matter."""
    url = f"sqlite:///{tmp_path_factory.mktemp('transfer') / 'answers.db'}"
    upgrade(url)
    with Store(url) as store:
        yield store


def contents(answers):
    return [answer.draft() for answer in answers.each()]


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("suffix", KINDS)
def test_an_export_comes_back_as_it_was(answers, store, tmp_path, suffix):
    answers.create_many(HARD)
    path = tmp_path / f"answers.{suffix}"
    assert export_answers(answers, path) == len(HARD)
    empty(store)
    done = import_answers(answers, path)
    assert (done.created, done.problems, done.ignored) == (len(HARD), (), ())
    assert contents(answers) == HARD


@pytest.mark.parametrize("suffix", KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(drafts, min_size=1, max_size=5))
def test_any_texts_come_back_as_they_were(sqlite, tmp_path, suffix, given):
    empty(sqlite)
    answers = Answers(sqlite)
    answers.create_many(given)
    export_answers(answers, tmp_path / f"a.{suffix}")
    empty(sqlite)
    assert import_answers(answers, tmp_path / f"a.{suffix}").problems == ()
    assert contents(answers) == given


def test_many_are_exported_and_imported_in_parts(answers, store, tmp_path):
    many = [Draft(f"답 {number}", f"물음 {number}") for number in range(2300)]
    answers.create_many(many)
    for suffix in KINDS:
        assert export_answers(answers, tmp_path / f"a.{suffix}") == 2300
        empty(store)
        assert import_answers(answers, tmp_path / f"a.{suffix}").created == 2300
        assert contents(answers) == many


def test_an_empty_database_is_exported_as_a_header(sqlite, tmp_path):
    empty(sqlite)
    assert export_answers(Answers(sqlite), tmp_path / "a.csv") == 0
    assert (tmp_path / "a.csv").read_text() == ",".join(f'"{name}"' for name in COLUMNS) + "\n"


def test_bad_rows_of_a_csv_are_located_and_the_rest_is_kept(answers, tmp_path):
    path = write(
        tmp_path / "a.csv",
        "question,text,label,active",
        "하나?,하나,기쁨,true",
        "둘?,,,",
        "셋?,셋,,maybe",
        '넷?,"열린 따옴표,,',
        "다섯?,다섯",
        f"여섯?,{'가' * (MAX_TEXT + 1)},,",
        f"일곱?,일곱,{'가' * 65},",
        '여덟?,"여\n덟",,no',
    )
    done = import_answers(answers, path)
    assert contents(answers) == [
        Draft("하나", "하나?", "기쁨"),
        Draft("여\n덟", "여덟?", active=False),
    ]
    assert [(p.line, p.field) for p in done.problems] == [
        (3, "text"),
        (4, "active"),
        (5, None),
        (6, None),
        (7, "text"),
        (8, "label"),
    ]
    assert all(str(problem).startswith(f"{path}:{problem.line}: ") for problem in done.problems)
    assert done.created == 2


def test_bad_rows_of_jsonl_are_located_and_the_rest_is_kept(answers, tmp_path):
    lines = [
        '{"text": "하나", "label": 3, "active": false}',
        '{"text": "둘"',
        '{"question": "셋?"}',
        '["넷"]',
        '{"text": 5}',
        "",
        '{"text": "일곱 \\ud83d"}',
        '{"text": "여\\u0000덟"}',
        '{"text": "아홉", "question": null, "source": "x"}',
        '{"text": "열", "active": 2}',
    ]
    done = import_answers(answers, write(tmp_path / "a.jsonl", *lines))
    assert contents(answers) == [Draft("하나", label="3", active=False), Draft("아홉")]
    assert [problem.line for problem in done.problems] == [2, 3, 4, 5, 7, 8, 10]
    assert done.ignored == ("source",)


def test_the_files_own_names_of_columns(answers, tmp_path):
    path = write(tmp_path / "pairs.csv", "Q,A,label,출처", "배고파,뭐라도 드세요.,1,x", ",네.,,")
    done = import_answers(answers, path, columns={"question": "Q", "text": "A"})
    assert contents(answers) == [Draft("뭐라도 드세요.", "배고파", "1"), Draft("네.")]
    assert done.ignored == ("출처",)
    with pytest.raises(DataError, match="column 'B' is missing"):
        import_answers(answers, path, columns={"text": "A", "label": "B"})
    with pytest.raises(DataError, match="column 'text' is missing"):
        import_answers(answers, path)
    with pytest.raises(OptionError, match="no such field"):
        import_answers(answers, path, columns={"answer": "A"})
    assert answers.page().total == 2


def test_a_file_imported_again_adds_what_was_mended(answers, tmp_path):
    path = write(tmp_path / "a.csv", "question,text", "하나?,하나", "둘?,", "하나?,하나")
    assert import_answers(answers, path).created == 2
    write(path, "question,text", "하나?,하나", "둘?,둘", "하나?,하나")
    done = import_answers(answers, path)
    assert (done.created, done.same, done.problems) == (1, 2, ())
    assert answers.page().total == 3


def test_a_silenced_answer_is_not_brought_back(answers, tmp_path):
    made = answers.create(Draft("하나"))
    answers.update(made.id, active=False)
    done = import_answers(answers, write(tmp_path / "a.csv", "text", "하나"))
    assert (done.created, done.same) == (0, 1)


def test_ids_are_not_looked_at_unless_asked(answers, tmp_path):
    made = answers.create(Draft("하나"))
    path = write(tmp_path / "a.csv", "id,text", f"{made.id},둘", "q-17,셋")
    assert import_answers(answers, path).created == 2
    assert answers.get(made.id) == made


def test_an_edited_export_changes_what_was_edited(answers, tmp_path):
    one, two, three, four = answers.create_many(
        [Draft("하나", "1?"), Draft("둘", "2?"), Draft("셋"), Draft("넷")]
    )
    export_answers(answers, path := tmp_path / "a.jsonl")
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    rows[1] |= {"text": "둘둘", "active": False}
    rows[2]["text"] = "늦은 셋"
    rows[3]["text"] = "지워진 넷"
    rows.append({"text": "다섯"})
    answers.update(three.id, text="먼저 셋")
    answers.delete(four.id)
    done = import_answers(answers, write(path, *map(json.dumps, rows)), update=True)
    assert (done.created, done.updated, done.same) == (1, 1, 1)
    assert [(problem.line, problem.field) for problem in done.problems] == [(3, "version"), (4, "id")]
    assert answers.get(one.id) == one
    changed = answers.get(two.id)
    assert changed.draft() == Draft("둘둘", "2?", active=False) and changed.version == 2
    assert [answer.text for answer in answers.each()] == ["하나", "둘둘", "먼저 셋", "다섯"]


def test_an_update_touches_only_the_columns_of_the_file(answers, tmp_path):
    one, two = answers.create_many([Draft("하나", "1?", "가"), Draft("둘", "2?", "나")])
    path = write(tmp_path / "a.csv", "id,label", f"{one.id},", f"{two.id},나", "x,다", f"{two.id},")
    done = import_answers(answers, path, update=True)
    assert (done.created, done.updated, done.same) == (0, 2, 1)
    assert [(problem.line, problem.field) for problem in done.problems] == [(4, "id")]
    assert contents(answers) == [Draft("하나", "1?"), Draft("둘", "2?")]


def test_other_files_are_refused(answers, tmp_path):
    for attempt in (import_answers, export_answers):
        with pytest.raises(OptionError, match="no file of this kind"):
            attempt(answers, tmp_path / "a.xlsx")
    with pytest.raises(DataError, match="no such file"):
        import_answers(answers, tmp_path / "a.csv")
    (tmp_path / "b.csv").write_bytes("text\n안녕하세요\n".encode("cp949"))
    with pytest.raises(DataError, match="not in UTF-8") as caught:
        import_answers(answers, tmp_path / "b.csv")
    assert "iconv -f CP949" in caught.value.cure


def test_an_export_that_fails_leaves_the_old_file(tmp_path):
    path = write(tmp_path / "a.csv", "text", "옛것")
    upgrade(url := f"sqlite:///{tmp_path / 'a.db'}")
    with Store(url) as store:
        answers = Answers(store)
        answers.create(Draft("하나"))
        answers.each_at_once = lambda session: iter([answers.get(1), 1 / 0])  # type: ignore[method-assign]
        with pytest.raises(ZeroDivisionError):
            export_answers(answers, path)
    assert path.read_text(encoding="utf-8") == "text\n옛것\n"
    assert [p.name for p in tmp_path.glob("*.part")] == []


def test_an_export_is_of_one_moment(answers, url, tmp_path):
    """What is deleted while the export goes on is still in it, and what is added is not."""
    made = answers.create_many([Draft(f"답 {number}") for number in range(1500)])
    with Store(url) as other:
        slow = Answers(other)
        whole = slow.each_at_once

        def disturbed(session):
            for number, answer in enumerate(whole(session)):
                if number == 500:
                    answers.delete(made[-1].id)
                    answers.update(made[-2].id, text="새 글")
                    answers.create(Draft("늦은 답"))
                yield answer

        slow.each_at_once = disturbed  # type: ignore[method-assign]
        assert export_answers(slow, tmp_path / "a.jsonl") == 1500
    rows = (tmp_path / "a.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(row)["text"] for row in rows] == [answer.text for answer in made]
