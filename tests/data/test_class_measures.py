"""What is counted of labels, by hand."""

from __future__ import annotations

from gongbang.data.class_measures import (
    class_counts,
    labels_of,
    relation_types,
    same_inputs,
    shortcuts,
    shown,
    slices,
)
from gongbang.data.records import Record, Span


def text(id: str, words: str, label=None, **rest) -> Record:
    return Record(id, {"text": words}, labels={} if label is None else {"label": label}, **rest)


def test_labels_are_text_none_or_several():
    assert labels_of(text("1", "가", 0), "classify") == ("0",)
    assert labels_of(text("1", "가"), "classify") is None and labels_of(text("1", "가", ""), "boolq") is None
    assert labels_of(Record("1", {}, labels={"labels": ["b", "a"]}), "emotions") == ("b", "a")
    assert labels_of(Record("1", {}, labels={"label": "b"}), "emotions") is None


def test_counts_by_hand():
    records = [text(str(n), f"{n}", "x" if n < 12 else "y") for n in range(14)] + [text("z", "z")]
    found = class_counts(records, "classify")
    assert (found["labelled"], found["unlabelled"], found["rare"]) == (14, 1, ["y"])
    assert found["labels"] == {"x": {"n": 12, "share": 0.85714}, "y": {"n": 2, "share": 0.14286}}
    several = [
        Record(str(n), {}, labels={"labels": labels}) for n, labels in enumerate((["a"], ["a", "b"], []))
    ]
    found = class_counts(several, "emotions")
    assert found["labels"]["a"] == {"n": 2, "share": 0.66667, "alone": 1}
    assert found["without_any"] == 1 and found["per_record"]["max"] == 2


def test_copies_and_contradictions():
    records = [
        text("1", "좋다", "p"),
        text("2", " 좋다\n", "p"),
        text("3", "좋다", "n"),
        text("4", "좋다!", "n"),
        text("5", "좋다"),
    ]
    repeated, contradictions = same_inputs(records, "classify")
    assert repeated == [["1", "2"]]
    assert contradictions == [{"text": "좋다", "labels": {"p": ["1", "2"], "n": ["3"]}}]


def test_a_pair_or_another_word_makes_another_input():
    pairs = [
        Record("1", {"text": "가", "pair": "나"}, labels={"label": "x"}),
        Record("2", {"text": "가", "pair": "다"}, labels={"label": "y"}),
    ]
    assert same_inputs(pairs, "classify") == ([], [])
    marked = [
        Record(
            str(n),
            {"text": "갑 을 병"},
            spans={"subject": (Span(0, 1, "갑", "text"),), "object": (Span(at, at + 1, word, "text"),)},
            labels={"label": f"r{n}"},
        )
        for n, (at, word) in enumerate(((2, "을"), (4, "병")))
    ]
    assert same_inputs(marked, "relation") == ([], [])


def test_slices_and_shortcuts_by_hand():
    records = [
        Record(
            str(n), {"text": "大" if n == 0 else "대"}, labels={"label": label, "style": style}, source="s"
        )
        for n, (label, style) in enumerate([("x", "a"), ("x", "a"), ("y", "b"), ("x", "b")])
    ]
    found = slices(records, "classify")
    assert set(found) == {"hanja", "style"}  # one length and one source make no slices
    assert found["style"]["b"] == {"n": 2, "labels": {"y": 1, "x": 1}}
    assert found["hanja"] == {"no": {"n": 3, "labels": {"x": 2, "y": 1}}, "yes": {"n": 1, "labels": {"x": 1}}}
    assert shortcuts(found)["style"] == {"by_slice": 0.75, "majority": 0.75}


def test_lengths_make_slices_and_many_values_do_not():
    records = [text(str(n), "가" * n, "x") for n in (5, 20, 21, 300)]
    records = [r.with_labels(number=f"n{n}") for r in records for n in range(5)]
    found = slices([r.with_labels(number=f"v{at}") for at, r in enumerate(records)], "classify")
    assert {value: part["n"] for value, part in found["length"].items()} == {
        "0-20": 10,
        "21-60": 5,
        "201+": 5,
    }
    assert "number" not in found


def related(id: str, label: str, types: tuple[str, str], at: int = 2) -> Record:
    return Record(
        id,
        {"text": "갑을병정"},
        spans={
            "subject": (Span(0, 2, "갑을", "text"),),
            "object": (Span(at, at + 2, "갑을병정"[at : at + 2], "text"),),
        },
        labels={"label": label, "subject_type": types[0], "object_type": types[1]},
    )


def test_types_that_a_relation_has_once_and_words_that_overlap():
    records = [related(f"a{n}", "per:title", ("PER", "POH")) for n in range(9)]
    records += [
        related("slip", "per:title", ("PER", "DAT")),
        related("over", "rare", ("ORG", "LOC"), at=1),
        Record("none", {"text": "갑"}, labels={"label": "rare"}),
    ]
    records += [related(f"n{n}", "no_relation", ("PER", f"T{n}")) for n in range(10)]
    found = relation_types(records)
    assert found["lonely"] == [{"id": "slip", "label": "per:title", "types": "PER → DAT"}]
    assert found["overlapping"] == ["over"] and found["without_spans"] == ["none"]
    assert found["by_label"]["per:title"] == {"PER → POH": 9, "PER → DAT": 1}


def test_a_record_is_shown_in_one_line():
    assert shown(related("1", "x", ("A", "B"))) == "갑을병정 | 갑을 → 병정"
    assert (
        shown(Record("1", {"question": "누구?", "context": "글\n" * 200}), 20)
        == "누구? | 글 글 글 글 글 글 글…"
    )
