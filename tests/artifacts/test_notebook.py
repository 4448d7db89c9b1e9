"""The error notebook: rows, counts, slices, page, and the diff of two."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.artifacts.evidence import Piece, snippet
from gongbang.artifacts.notebook import ErrorNotebook, build_notebook
from gongbang.artifacts.notebook_diff import diff_notebooks
from gongbang.artifacts.notebook_html import notebook_html
from gongbang.artifacts.slices import Outcome, question_word
from gongbang.artifacts.stages import STAGES
from gongbang.data.records import Record, Span
from gongbang.errors import ArtifactError, OptionError
from gongbang.tasks.base import Candidate, Prediction

CONTEXT = (
    "정약용은 거중기를 설계했고 유배지 강진에서 많은 책을 썼다. "
    "정조는 1776년에 즉위하여 수원에 화성을 쌓았다."
)


def record(id_: str, question: str, gold: str | None) -> Record:
    spans = () if gold is None else (Span(at := CONTEXT.index(gold), at + len(gold), gold),)
    fields = {"question": question, "context": CONTEXT, "title": "조선"}
    return Record(id_, fields, spans={"answers": spans}, labels={"document": "d1"}, group="조선")


def predicted(id_: str, *texts: str) -> Prediction:
    found = [(text, CONTEXT.index(text)) for text in texts if text]
    candidates = tuple(Candidate(t, at, at + len(t), 2.0, 0.5, id_) for t, at in found)
    return Prediction(id_, texts[0], 0.75, candidates)


RECORDS = [
    record("1", "거중기를 설계한 사람은 누구인가?", "정약용"),
    record("2", "정조는 언제 즉위했는가?", "1776년"),
    record("3", "정약용의 유배지는 어디인가?", "강진"),
    record("4", "왜 정조는 활을 쏘았는가?", None),
    Record("5", {"question": "표시 없음", "context": CONTEXT}),
]
PREDICTIONS = [
    predicted("4", "화성"),
    predicted("2", "1776년"),
    predicted("1", "정조", "정약용은", "정약용"),
    predicted("3", "강진에서 많은 책"),
    predicted("5", "책"),
]


@pytest.fixture
def notebook() -> ErrorNotebook:
    return build_notebook(
        RECORDS, PREDICTIONS, name="run-1", ranked={str(i): ["d0", "d1"] for i in range(1, 6)}
    )


def test_rows_and_counts(notebook: ErrorNotebook):
    assert [(row.id, row.stage) for row in notebook.rows] == [
        ("1", "retrieved_not_read"),
        ("3", "span_border"),
        ("4", "should_have_abstained"),
    ]
    assert sum(notebook.counts.values()) == 3
    assert list(notebook.counts) == list(STAGES)
    assert notebook.unlabelled == 1
    assert notebook.outcomes["2"] == Outcome("right", 1.0, "조선")
    first = notebook.rows[0]
    assert first.gold_rank == 3
    assert first.document_rank == 2
    assert [n.right for n in first.neighbours] == [False, False, True]
    assert [p.text for p in first.evidence if p.mark == "gold"] == ["정약용"]
    assert [p.text for p in first.evidence if p.mark == "predicted"] == ["정조"]
    # 강진 in 강진에서많은책: 2 shared of 2 and 7 characters
    assert notebook.rows[1].f1 == pytest.approx(4 / 9)
    assert [(p.text, p.mark) for p in notebook.rows[1].evidence if p.mark] == [
        ("강진", "both"),
        ("에서 많은 책", "predicted"),
    ]


def test_slices_add_up(notebook: ErrorNotebook):
    words = {s.key: s for s in notebook.slices if s.dimension == "question_word"}
    assert list(words) == ["who", "when", "where", "why"]
    assert (words["when"].n, words["when"].wrong, words["when"].exact_match) == (1, 0, 1.0)
    assert words["where"].f1 == pytest.approx(4 / 9)
    lengths = {s.key: s.n for s in notebook.slices if s.dimension == "answer_length"}
    assert lengths == {"no answer": 1, "0-3": 2, "4-6": 1}
    for dimension in ("question_word", "answer_length", "context_length"):
        assert sum(s.n for s in notebook.slices if s.dimension == dimension) == 4


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("누가 만들었나?", "who"),
        ("누가복음은 몇 장인가?", "how_many"),
        ("임진왜란이 일어난 곳은 어디인가?", "where"),
        ("그는 왜 떠났는가?", "why"),
        ("왜군이 상륙한 항구는?", "what"),
        ("그가 떠난 이유는?", "why"),
        ("소설 토지를 지은 사람은?", "who"),
        ("회담이 열린 곳의 이름은?", "where"),
        ("참가한 선수의 수는?", "how_many"),
        ("전쟁이 끝난 해는?", "when"),
        ("수도를 쓰시오.", "other"),
        ("어떻게 죽었는가?", "how"),
        ("어떤 제도인가?", "what"),
        ("언제 누구와 만났는가?", "when"),
    ],
)
def test_question_words(question: str, kind: str):
    assert question_word(question) == kind


def test_it_is_saved_and_read_back(notebook: ErrorNotebook, tmp_path: Path):
    notebook.save(tmp_path)
    assert ErrorNotebook.open(tmp_path) == notebook
    values = json.loads((tmp_path / "notebook.json").read_text(encoding="utf-8"))
    assert (values["n"], values["wrong"], values["counts"]["span_border"]) == (4, 3, 1)
    (tmp_path / "notebook.json").write_text(json.dumps({**values, "version": 99}), encoding="utf-8")
    with pytest.raises(ArtifactError, match="newer"):
        ErrorNotebook.open(tmp_path)
    with pytest.raises(ArtifactError, match="missing"):
        ErrorNotebook.open(tmp_path / "none")


def test_the_order_of_predictions_does_not_matter(notebook: ErrorNotebook):
    ranked = {str(i): ["d0", "d1"] for i in range(1, 6)}
    assert build_notebook(RECORDS, PREDICTIONS[::-1], name="run-1", ranked=ranked) == notebook


def test_a_question_without_prediction_is_refused():
    with pytest.raises(OptionError, match="1 of 4 questions"):
        build_notebook(RECORDS, PREDICTIONS[1:])


def test_the_passage_that_was_read_is_shown():
    prediction = Prediction("3", "제주", 0.5, (Candidate("제주", 3, 5, 1.0, 0.5, "p9"),))
    made = build_notebook([RECORDS[2]], [prediction], ranked={"3": ["d1"]}, texts={"p9": "그는 제주에 갔다."})
    assert made.rows[0].read_from == (Piece("그는 "), Piece("제주", "predicted"), Piece("에 갔다."))


class Page(HTMLParser):
    """Tags and loaded addresses of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.loaded: list[str] = []
        self.stages: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag == "article":
            self.stages += [str(value) for name, value in attrs if name == "data-stage"]


def test_the_page_loads_nothing_and_escapes_everything():
    evil = "<img src=x onerror=alert(1)>\"'&"
    r = Record(
        "<i>",
        {"question": evil, "context": evil * 2, "title": evil},
        spans={"answers": (Span(0, 4, "<img"),)},
    )
    p = Prediction("<i>", "alert", 0.5, (Candidate("alert", 17, 22, 1.0, 0.5, "<i>"),))
    page = Page()
    text = notebook_html(build_notebook([r], [p], name=evil))
    page.feed(text)
    assert "img" not in page.tags
    assert "i" not in page.tags
    assert page.loaded == []
    assert page.tags.count("script") == 1
    assert page.stages == ["retrieved_not_read"]
    assert "<img" not in text


def test_the_page_has_both_languages_and_every_stage(notebook: ErrorNotebook):
    text = notebook_html(notebook)
    for english, korean in STAGES.values():
        assert english in text
        assert korean in text
    assert text.count("<article") == 3


@given(
    st.text(min_size=1, max_size=60),
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(0, 60), st.sampled_from(["gold", "predicted"])), max_size=4
    ),
)
@settings(max_examples=150, deadline=None)
def test_a_snippet_with_room_enough_is_the_text(text: str, marks: list[tuple[int, int, str]]):
    kept = [(s, min(e, len(text)), kind) for s, e, kind in marks if s < min(e, len(text))]
    pieces = snippet(text, marks, margin=60)
    assert "".join(p.text for p in pieces) == (text if kept else "")
    for kind in ("gold", "predicted"):
        covered = sum(len(p.text) for p in pieces if p.mark in (kind, "both"))
        assert covered == len({i for s, e, k in kept if k == kind for i in range(s, e)})


def test_marks_far_apart_become_two_cuts():
    text = "가" * 50 + "나" + "다" * 50 + "라" + "마" * 50
    pieces = snippet(text, [(50, 51, "gold"), (101, 102, "predicted")], margin=2)
    assert "".join(p.text for p in pieces) == "… 가가나다다… 다다라마마 …"


def test_diff():
    def book(**stages: str) -> ErrorNotebook:
        return ErrorNotebook("x", (), {id_: Outcome(stage, 0.0) for id_, stage in stages.items()}, ())

    a = book(p="right", q="span_border", r="right", s="not_retrieved", t="not_retrieved", u="right")
    b = book(p="right", q="right", r="span_border", s="retrieved_not_read", t="not_retrieved", v="right")
    found = diff_notebooks(a, b)
    assert (found.fixed, found.broken, found.still_wrong) == (("q",), ("r",), ("s", "t"))
    assert found.moves == {
        ("not_retrieved", "retrieved_not_read"): 1,
        ("right", "span_border"): 1,
        ("span_border", "right"): 1,
    }
    assert (found.only_a, found.only_b) == (("u",), ("v",))
    assert found.to_dict()["moves"][0] == {"from": "not_retrieved", "to": "retrieved_not_read", "n": 1}
    assert found.to_text().startswith("fixed 1, broken 1, still wrong 2")
    assert diff_notebooks(a, a).moves == {}
