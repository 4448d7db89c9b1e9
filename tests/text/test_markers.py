"""Marks round entities: every sentence comes back, wherever its entities stand and whatever it holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError, SpanError
from gongbang.text.markers import (
    KOREAN_TYPES,
    Marked,
    MarkerStyle,
    Place,
    TypeNames,
    mark_entities,
    marks_of,
    strip_marks,
)

STYLES = get_args(MarkerStyle)
TYPES = st.sampled_from(["", "PER", "ORG", "@", "#", "^ *", "모르는 것"])


@st.composite
def sentences(draw: st.DrawFn) -> tuple[str, Place, Place]:
    """A sentence rich in marks and blanks, and two entities anywhere in it."""
    text = draw(st.text("가나a@#*^<>[]/ \t\u3000", min_size=1, max_size=14))
    places = []
    for _ in range(2):
        start = draw(st.integers(0, len(text) - 1))
        places.append((start, draw(st.integers(start + 1, len(text)))))
    return text, places[0], places[1]


def holds(marked: Marked, subject: Place, object: Place) -> None:
    """What must be true of every marked sentence."""
    sentence = marked.edited.original
    assert marked.strip() == sentence
    assert strip_marks(marked.text, marked.marks) == sentence
    for start, end in (subject, object):
        first, last = marked.edited.to_edited(start, end)
        assert marked.edited.to_original(first, last) == (start, end)
        inside = [(a - first, b - first) for a, b in marked.marks if first <= a and b <= last]
        assert strip_marks(marked.text[first:last], inside) == sentence[start:end]


@given(sentences(), st.sampled_from(STYLES), TYPES, TYPES, st.sampled_from(get_args(TypeNames)))
@settings(max_examples=400, deadline=None)
def test_every_sentence_comes_back_and_every_entity_is_where_it_was(
    drawn: tuple[str, Place, Place], style: MarkerStyle, first: str, second: str, names: TypeNames
) -> None:
    text, subject, object_ = drawn
    marked = mark_entities(
        text, subject, object_, style=style, subject_type=first, object_type=second, names=names
    )
    holds(marked, subject, object_)
    assert len(marked.marks) == 4
    for is_object, kind, at in ((False, first, marked.subject), (True, second, marked.object)):
        opening, _ = marks_of(is_object, style=style, kind=kind, names=names)
        assert marked.text.startswith(opening, at)
        assert at == 0 or marked.text[at - 1].isspace()  # a tokenizer sees the mark as a word
        assert marked.text[at + len(opening)].isspace()


@given(sentences())
@settings(max_examples=200, deadline=None)
def test_marks_open_and_close_like_brackets_unless_entities_cross(drawn: tuple[str, Place, Place]) -> None:
    text, subject, object_ = drawn
    plain = text.translate(str.maketrans("@#*^<>[]/", "ㄱㄴㄷㄹㅁㅂㅅㅇㅈ"))
    marked = mark_entities(plain, subject, object_, style="plain")
    order = [marked.text[start:end].strip() for start, end in marked.marks]
    crossing = (
        subject[0] < object_[0] < subject[1] < object_[1] or object_[0] < subject[0] < object_[1] < subject[1]
    )
    open_ = []
    for mark in order:
        if mark.startswith("[E"):
            open_.append(mark[1:3])
        elif crossing:
            open_.remove(mark[2:4])
        else:
            assert open_.pop() == mark[2:4]
    assert not open_


@pytest.mark.parametrize(
    ("text", "subject", "object", "marked"),
    [
        ("이순신은 통영에 있었다.", (0, 3), (5, 7), "@ 이순신 @은 # 통영 #에 있었다."),
        ("서울시청", (0, 2), (2, 4), "@ 서울 @ # 시청 #"),
        ("서울시청", (2, 4), (0, 2), "# 서울 # @ 시청 @"),
        ("서울 시청 앞", (0, 5), (0, 2), "@ # 서울 # 시청 @ 앞"),
        ("서울 시청 앞", (3, 5), (0, 5), "# 서울 @ 시청 @ # 앞"),
        ("공방", (0, 2), (0, 2), "@ # 공방 # @"),
        ("가나다라", (0, 3), (1, 4), "@ 가 # 나다 @라 #"),
        ("a@b는 #1이다", (0, 3), (5, 7), "@ a@b @는 # #1 #이다"),
        ("(가)와 나", (1, 2), (5, 6), "( @ 가 @)와 # 나 #"),
    ],
)
def test_entities_that_touch_nest_cross_coincide_or_hold_marks(
    text: str, subject: Place, object: Place, marked: str
) -> None:
    found = mark_entities(text, subject, object, style="punct")
    assert found.text == marked
    holds(found, subject, object)


@pytest.mark.parametrize(
    ("style", "names", "text"),
    [
        ("typed_punct", "code", "@ * PER * 가 @ # ^ EVENT ^ 나 #"),
        ("typed_punct", "korean", "@ * 인물 * 가 @ # ^ 사건 ^ 나 #"),
        ("punct", "code", "@ 가 @ # 나 #"),
        ("typed", "code", "<S:PER> 가 </S:PER> <O:EVENT> 나 </O:EVENT>"),
        ("typed", "korean", "<S:인물> 가 </S:인물> <O:사건> 나 </O:사건>"),
        ("plain", "code", "[E1] 가 [/E1] [E2] 나 [/E2]"),
    ],
)
def test_styles(style: MarkerStyle, names: TypeNames, text: str) -> None:
    marked = mark_entities(
        "가 나", (0, 1), (2, 3), style=style, subject_type="PER", object_type="EVENT", names=names
    )
    assert marked.text == text


def test_an_unknown_type_keeps_its_code_and_an_absent_one_is_not_shown() -> None:
    assert "SHIP" not in KOREAN_TYPES
    marked = mark_entities("가 나", (0, 1), (2, 3), subject_type="SHIP", names="korean")
    assert marked.text == "@ * SHIP * 가 @ # 나 #"
    assert mark_entities("가 나", (0, 1), (2, 3), style="typed").text == "<S> 가 </S> <O> 나 </O>"


@pytest.mark.parametrize("span", [(1, 1), (2, 1), (-1, 1), (0, 9)])
def test_an_entity_without_characters_or_outside_is_refused(span: Place) -> None:
    with pytest.raises(SpanError, match="'object'"):
        mark_entities("가나다", (0, 1), span)
    with pytest.raises(SpanError, match="'subject'"):
        mark_entities("가나다", span, (0, 1))


def test_unknown_options_are_told_in_four_lines() -> None:
    for wrong in ({"style": "brackets"}, {"names": "english"}):
        with pytest.raises(OptionError) as caught:
            mark_entities("가나", (0, 1), (1, 2), **wrong)  # type: ignore[arg-type]
        assert len(caught.value.lines()) == 4


@pytest.mark.shared
@pytest.mark.parametrize("style", STYLES)
def test_every_sentence_of_the_law_and_war_corpus_comes_back(shared_data: Path, style: MarkerStyle) -> None:
    lines = (shared_data / "relation/re_ko_law_war.jsonl").read_text(encoding="utf-8").splitlines()
    adjacent = 0
    for line in lines:
        row = json.loads(line)
        subject, object_ = ((row[role]["start"], row[role]["end"]) for role in ("subject", "object"))
        types = {f"{role}_type": row[role]["type"] for role in ("subject", "object")}
        marked = mark_entities(row["sentence"], subject, object_, style=style, **types)
        holds(marked, subject, object_)
        adjacent += subject[1] == object_[0] or object_[1] == subject[0]
    assert len(lines) > 2_000 and adjacent
