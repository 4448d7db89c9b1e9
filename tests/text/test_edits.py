"""Edits keep their offsets: hand-made cases, and a brute-force reading of the definition."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import SpanError
from gongbang.text.edits import Edited, Replacement


@st.composite
def replacements(draw: st.DrawFn, length: int) -> list[Replacement]:
    cuts = sorted(draw(st.lists(st.integers(0, length), max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return [(a, b, draw(st.text("xyz", max_size=3))) for a, b in pairs]


@st.composite
def edited(draw: st.DrawFn) -> Edited:
    text = draw(st.text("가나다abc ", max_size=12))
    first = Edited.replace(text, draw(replacements(len(text))))
    return first.then(Edited.replace(first.text, draw(replacements(len(first.text)))))


def test_deletion_replacement_and_insertion() -> None:
    edit = Edited.replace("<b>서울</b>은 크다", [(0, 3, ""), (5, 9, ""), (10, 10, " 참"), (11, 12, "컸")])
    assert edit.text == "서울은 참 컸다"
    assert edit.to_original(0, 2) == (3, 5)
    assert edit.to_edited(3, 5) == (0, 2)
    assert edit.to_edited(0, 3) == (0, 0)
    assert edit.to_edited(6, 8) == (2, 2)
    assert edit.to_original(3, 5) == (10, 10)  # inserted: an empty place
    assert edit.to_original(6, 7) == (11, 12)


def test_partly_touched_replacement_is_mapped_whole() -> None:
    edit = Edited.replace("가…나", [(1, 2, "...")])
    assert edit.to_original(2, 3) == (1, 2)
    assert edit.to_edited(1, 2) == (1, 4)
    assert Edited.replace("각나", [(0, 2, "xyz")]).to_edited(1, 2) == (0, 3)


def test_insertion_inside_a_replaced_stretch_takes_the_stretch() -> None:
    first = Edited.replace("a…b", [(1, 2, "...")])
    both = first.then(Edited.replace(first.text, [(2, 2, "-")]))
    assert both.text == "a.-..b"
    assert both.to_original(2, 3) == (1, 2)


def test_from_characters() -> None:
    edit = Edited.from_characters("½ 쪽", ["1/2", "", "쪽"])
    assert (edit.text, edit.to_original(0, 4), edit.to_edited(2, 3)) == ("1/2쪽", (0, 3), (3, 4))
    with pytest.raises(SpanError, match="does not fit"):
        Edited.from_characters("가", [])


@pytest.mark.parametrize("bad", [[(0, 2, ""), (1, 3, "")], [(2, 1, "")], [(0, 9, "")], [(-1, 1, "")]])
def test_bad_replacements_are_refused(bad: list[Replacement]) -> None:
    with pytest.raises(SpanError, match="must rise"):
        Edited.replace("가나다", bad)


@pytest.mark.parametrize("span", [(-1, 0), (0, 9), (2, 1)])
def test_spans_outside_are_refused(span: tuple[int, int]) -> None:
    edit = Edited.identity("가나다")
    with pytest.raises(SpanError, match="leaves its text"):
        edit.to_original(*span)
    with pytest.raises(SpanError, match="leaves its text"):
        edit.to_edited(*span)


def test_edits_of_different_texts_do_not_join() -> None:
    with pytest.raises(SpanError, match="another text"):
        Edited.identity("가").then(Edited.identity("나"))


@given(edited())
@settings(max_examples=150, deadline=None)
def test_every_span_maps_as_the_definition_says(edit: Edited) -> None:
    sources = list(zip(edit.starts.tolist(), edit.ends.tolist(), strict=True))
    assert sources == sorted(sources)
    for start in range(len(edit.text)):
        for end in range(start + 1, len(edit.text) + 1):
            cover = (min(s for s, _ in sources[start:end]), max(e for _, e in sources[start:end]))
            assert edit.to_original(start, end) == cover
    for start in range(len(edit.original) + 1):
        assert len(set(edit.to_edited(start, start))) == 1
        for end in range(start + 1, len(edit.original) + 1):
            made = [i for i, (s, e) in enumerate(sources) if s < end and e > start]
            found = edit.to_edited(start, end)
            assert found == (made[0], made[-1] + 1) if made else found[0] == found[1]


@given(edited())
@settings(max_examples=150, deadline=None)
def test_there_and_back_loses_only_what_was_deleted(edit: Edited) -> None:
    for start in range(len(edit.original)):
        for end in range(start + 1, len(edit.original) + 1):
            first, last = edit.to_edited(start, end)
            back = edit.to_original(first, last)
            lost = [i for i in range(start, end) if not back[0] <= i < back[1]]
            assert all(len(set(edit.to_edited(i, i + 1))) == 1 for i in lost)


@given(st.text(max_size=20), st.data())
@settings(max_examples=100, deadline=None)
def test_unchanged_stretches_hold_the_same_text(text: str, data: st.DataObject) -> None:
    edit = Edited.replace(text, data.draw(replacements(len(text))))
    for place in range(len(edit.text)):
        start, end = edit.to_original(place, place + 1)
        if (
            edit.to_edited(start, end) == (place, place + 1)
            and end - start == 1
            and edit.text[place] not in "xyz"
        ):
            assert edit.text[place] == text[start]
