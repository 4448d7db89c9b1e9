"""Answers: kept as they were given, changed by version, paged, searched and followed."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from gongbang.errors import DataError, OptionError, StoreConflictError, StoreMissingError
from gongbang.serve.database.checks import MAX_ID, MAX_TEXT
from gongbang.serve.database.rows import Draft

HARD = {
    "emoji": "좋아요 👍🏽👨‍👩‍👧",
    "NFD": unicodedata.normalize("NFD", "한글 공방"),
    "breaks": "첫 줄\r\n둘째 줄\n\n\t끝 ",
    "marks": """'따옴표' "큰 따옴표" \\ % _ ; -- 쉼표,""",
    "spaces": "  앞뒤 공백  ",
    "widest": "🦌" * MAX_TEXT,
}


@pytest.mark.parametrize("name", HARD)
def test_a_text_comes_back_as_it_was(answers, name):
    given = Draft(HARD[name], HARD[name], HARD[name][:64].strip(), active=False)
    made = answers.create(given)
    assert made.draft() == given
    assert answers.get(made.id) == made


def test_times_are_in_utc(answers):
    before = datetime.now(UTC)
    made = answers.create(Draft("네."))
    read = answers.get(made.id)
    assert read.created.utcoffset() == timedelta(0)
    assert before <= read.created == read.updated <= datetime.now(UTC)
    later = answers.update(made.id, text="아니요.")
    assert answers.get(made.id).updated == later.updated > later.created == read.created


def test_only_what_is_given_is_changed(answers):
    made = answers.create(Draft("네.", "올래?", "대답"))
    assert answers.update(made.id, active=False).draft() == Draft("네.", "올래?", "대답", active=False)
    assert answers.update(made.id, question="").draft() == Draft("네.", "", "대답", active=False)
    assert answers.get(made.id).version == 3


def test_a_change_from_an_old_version_is_refused_and_changes_nothing(answers):
    made = answers.create(Draft("하나"))
    second = answers.update(made.id, text="둘", version=1)
    for attempt in (
        lambda: answers.update(made.id, text="셋", version=1),
        lambda: answers.delete(made.id, version=1),
    ):
        with pytest.raises(StoreConflictError, match="has changed since it was read") as caught:
            attempt()
        assert caught.value.to_dict()["current"] == 2
    assert answers.get(made.id) == second
    assert answers.last_change() == 2
    answers.delete(made.id, version=2)


@pytest.mark.parametrize("id", [0, -1, 999_999_999, MAX_ID, MAX_ID + 1, 10**30])
def test_an_unknown_id_is_missing(answers, id):
    for attempt in (answers.get, answers.delete, lambda id: answers.update(id, text="네.")):
        with pytest.raises(StoreMissingError, match="no answer of this id"):
            attempt(id)
    assert answers.get_many([id]) == {}
    assert answers.last_change() == 0


def test_a_deleted_id_is_never_given_again(answers):
    first = answers.create(Draft("하나"))
    answers.delete(first.id)
    assert answers.create(Draft("둘")).id > first.id


@pytest.mark.parametrize(
    ("field", "draft"),
    [
        ("text", Draft("")),
        ("text", Draft(" \n")),
        ("text", Draft("가" * (MAX_TEXT + 1))),
        ("text", Draft("a\x00b")),
        ("question", Draft("네.", "\ud83d")),
        ("label", Draft("네.", label="가" * 65)),
        ("active", Draft("네.", active="yes")),  # type: ignore[arg-type]
        ("question", Draft("네.", 7)),  # type: ignore[arg-type]
    ],
)
def test_what_no_database_can_keep_is_refused_by_field(answers, field, draft):
    with pytest.raises(DataError) as caught:
        answers.create_many([Draft("먼저"), draft])
    assert caught.value.field == field
    assert answers.page().total == 0


def test_many_are_made_in_the_order_given(answers):
    drafts = [Draft(f"답 {number}") for number in range(2500)]
    made = answers.create_many(drafts)
    assert [answer.draft() for answer in made] == drafts
    assert [answer.id for answer in made] == sorted(answer.id for answer in made)
    assert list(answers.each()) == made
    assert answers.last_change() == 2500
    assert answers.get_many([made[3].id, made[2400].id, 0]) == {a.id: a for a in (made[3], made[2400])}
    assert answers.create_many([]) == []


def test_many_long_texts_fit_into_the_databases_packets(answers):
    drafts = [Draft("🦌" * MAX_TEXT, f"{number}") for number in range(150)]  # 9.6 MB of text, twice over
    answers.create_many(drafts)
    assert [answer.question for answer in answers.each()] == [str(number) for number in range(150)]


def test_pages_by_cursor_miss_nothing_and_repeat_nothing(answers):
    ids = [answer.id for answer in answers.create_many([Draft(f"답 {n}") for n in range(7)])]
    first = answers.page(limit=3)
    assert (first.total, first.next) == (7, ids[2])
    answers.delete(ids[0])  # an offset would now skip one
    second = answers.page(after=first.next, limit=3)
    third = answers.page(after=second.next, limit=3)
    seen = [answer.id for page in (first, second, third) for answer in page.items]
    assert seen == ids and third.next is None


def test_pages_by_offset(answers):
    ids = [answer.id for answer in answers.create_many([Draft(f"답 {n}") for n in range(5)])]
    page = answers.page(offset=2, limit=2)
    assert [answer.id for answer in page.items] == ids[2:4]
    assert page.total == 5 and page.next == ids[3]
    assert answers.page(offset=99).items == ()
    with pytest.raises(OptionError, match="after an id or at an offset"):
        answers.page(offset=1, after=1)


@pytest.mark.parametrize(
    ("field", "bounds"),
    [("limit", {"limit": 0}), ("limit", {"limit": 1001}), ("offset", {"offset": -1})]
    + [(name, {name: MAX_ID + 1}) for name in ("after", "offset")],
)
def test_bounds_of_pages_are_checked(answers, field, bounds):
    with pytest.raises(DataError, match="out of bounds") as caught:
        answers.page(**bounds)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("공방", {"공방에 와요", "공방 ABC", "%"}),
        (unicodedata.normalize("NFD", "공방"), {"공방에 와요", "공방 ABC", "%"}),
        ("abc", {"공방 ABC"}),
        ("ＡＢＣ", {"공방 ABC"}),
        ("100%", {"%"}),
        ("%", {"%"}),
        ("_", {"_"}),
        ("\\", {"\\"}),
        ("👍", {"👍"}),
        ("éCOLE", {"École"}),
        ("STRASSE", {"Straße"}),
        ("없는 말", set()),
        ("", {"공방에 와요", "공방 ABC", "%", "_", "\\", "👍", "École", "Straße"}),
    ],
)
def test_search_finds_parts_of_question_and_text(answers, search, found):
    answers.create(Draft("공방에 와요", unicodedata.normalize("NFD", "어디로 가요?")))
    answers.create(Draft("공방 ABC"))
    answers.create(Draft("%", "공방은 100% 손으로?"))
    for mark in ("_", "\\", "👍", "École", "Straße"):
        answers.create(Draft(mark))
    page = answers.page(search=search)
    assert {answer.text for answer in page.items} == found
    assert page.total == len(found)


def test_search_does_not_reach_from_question_to_text(answers):
    answers.create(Draft("방에 와요", "공"))
    assert answers.page(search="공방").total == 0


def test_a_changed_answer_is_found_by_its_new_text_alone(answers):
    made = answers.create(Draft("옛 글"))
    answers.update(made.id, text="새 글")
    assert answers.page(search="옛").total == 0
    assert answers.page(search="새").total == 1


def test_filters(answers):
    wide, narrow, off = answers.create_many(
        [Draft("네.", label="ａ"), Draft("네.", label="a"), Draft("아니요.", active=False)]
    )
    assert answers.page(label="a").items == (narrow,)
    assert answers.page(label="ａ").items == (wide,)
    assert answers.page(label="A").items == answers.page(label="a ").items == ()
    assert answers.page(active=False).items == (off,)
    assert answers.page(active=True, search="네").total == 2
    assert list(answers.each(active=False)) == [off]


def test_changes_come_in_order_with_deletions(answers):
    one, two = answers.create(Draft("하나")), answers.create(Draft("둘"))
    new = answers.update(one.id, text="하나 더")
    answers.delete(two.id)
    changes = answers.changes_since(0)
    assert [(c.seq, c.answer_id, c.action, c.version) for c in changes] == [
        (1, one.id, "create", 1),
        (2, two.id, "create", 1),
        (3, one.id, "update", 2),
        (4, two.id, "delete", 1),
    ]
    assert [change.answer for change in changes] == [new, None, new, None]
    assert all(change.at.utcoffset() == timedelta(0) for change in changes)
    assert answers.last_change() == 4
    assert answers.changes_since(3) == changes[3:]
    assert answers.changes_since(4) == answers.changes_since(MAX_ID) == []
    assert answers.changes_since(1, limit=2) == changes[1:3]


def test_what_fails_leaves_no_change(answers, store):
    answers.create(Draft("하나"))

    def broken(session):
        from gongbang.serve.database.answers import _create

        _create(session, [Draft("둘")])
        raise RuntimeError

    with pytest.raises(RuntimeError):
        store.write(broken)
    assert answers.page().total == answers.last_change() == len(answers.changes_since(0)) == 1
    assert answers.create(Draft("셋")) and answers.last_change() == 2


def test_unique_keys_tell_wide_letters_case_and_composition_apart(answers, store):
    made = answers.create(Draft("네."))
    keys = ["a", "ａ", "A", "á", unicodedata.normalize("NFD", "á"), "가", unicodedata.normalize("NFD", "가")]
    columns = "answer_id, model_hash, answer_version, vector"
    insert = f"INSERT INTO embeddings ({columns}) VALUES (:id, :key, 1, :vector)"
    for key in keys:
        store.write(
            lambda session, key=key: session.execute(
                text(insert), {"id": made.id, "key": key, "vector": b"\x00\xff"}
            )
        )
    read = "SELECT count(*) FROM embeddings WHERE model_hash = :key"
    assert [store.read(lambda s, k=k: s.scalar(text(read), {"key": k})) for k in keys] == [1] * len(keys)
