"""The error notebook of label tasks: kinds, rows, confusions, scores, slices, page, and the diff of two."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.artifacts.class_kinds import KINDS, LabelSpec, error_kind, kinds_of
from gongbang.artifacts.class_notebook import Cell, ClassNotebook, LabelOutcome
from gongbang.artifacts.class_notebook_html import class_notebook_html
from gongbang.artifacts.class_rows import build_class_notebook, confusion_cells, label_scores
from gongbang.artifacts.evidence import Piece
from gongbang.artifacts.notebook import ErrorNotebook, Neighbour
from gongbang.artifacts.notebook_diff import diff_notebooks
from gongbang.artifacts.notebooks import build_notebook_for, causes, open_notebook
from gongbang.artifacts.slices import Outcome
from gongbang.data.records import Record, Span
from gongbang.errors import ArtifactError, OptionError
from gongbang.tasks.base import Prediction, Schema
from tests.artifacts.labelled import LABELS, related, review, told

SPEC = LabelSpec(LABELS)
YES_NO = LabelSpec(
    ("yes", "no", "no-answer"), fields=("question", "title", "context"), none="no-answer", forced=True
)


@pytest.fixture
def reviews() -> ClassNotebook:
    records = [
        review("1", "good", group="film a"),
        review("2", "good", "짧다"),
        review("3", "bad", "이 영화는 두 번 다시 보고 싶지 않은 그런 영화였다"),
        review("4", "bad"),
        review("5", None),
    ]
    predictions = [
        told("4", {"bad": 0.7, "good": 0.3}),
        told("1", {"bad": 0.95, "good": 0.05}),
        told("2", {"bad": 0.6, "good": 0.4}),
        told("3", {"bad": 0.9, "good": 0.1}),
        told("5", {"bad": 0.9, "good": 0.1}),
    ]
    return build_class_notebook(records, predictions, SPEC, name="run-1")


def test_wrong_rows_come_the_surest_first_with_probabilities_and_ranks(reviews: ClassNotebook):
    assert [(row.id, row.stage) for row in reviews.rows] == [("1", "over_confident"), ("2", "confused")]
    first = reviews.rows[0]
    assert (first.gold, first.predicted, first.gold_rank) == (("good",), ("bad",), 2)
    assert (first.probability, first.gold_probability, first.group) == (0.95, 0.05, "film a")
    assert first.neighbours == (Neighbour("bad", 0.95, False), Neighbour("good", 0.05, True))
    assert first.texts[0].pieces == (Piece("볼 만하다"),)
    assert reviews.counts == {"over_confident": 1, "confused": 1}
    assert causes(reviews) == [("confused, and sure of it", 1), ("confused", 1)]
    assert reviews.unlabelled == 1
    assert reviews.outcomes["4"] == LabelOutcome("right", ("bad",), ("bad",), "4")


def test_confusion_and_scores_are_counted(reviews: ClassNotebook):
    assert reviews.confusion == (Cell("bad", "bad", 2), Cell("good", "bad", 2))
    assert reviews.confusions == (Cell("good", "bad", 2),)
    bad, good = reviews.report
    # bad: 2 of the 4 that were given it are right, and both that have it were found; F1 = 2 * 2 / (4 + 2)
    assert (bad.precision, bad.recall, bad.support, bad.predicted) == (0.5, 1.0, 2, 4)
    assert bad.f1 == pytest.approx(2 / 3)
    assert (good.precision, good.recall, good.f1, good.support) == (0.0, 0.0, 0.0, 2)
    assert [score.label for score in reviews.weakest(1, least=2)] == ["good"]
    assert reviews.weakest(least=3) == ()


def test_slices_are_kept_where_records_differ(reviews: ClassNotebook):
    found = {(s.dimension, s.key): (s.n, s.wrong) for s in reviews.slices}
    assert found["length", "0-20"] == (3, 2) and found["length", "21-50"] == (1, 0)
    assert found["label", "good"] == (2, 2) and found["label", "bad"] == (2, 0)
    assert not any(dimension == "source" for dimension, _ in found)  # all are of one


@pytest.mark.parametrize(
    ("gold", "given_", "share", "kind"),
    [
        ("no-answer", "yes", 0.99, "should_have_abstained"),
        ("yes", "no-answer", 0.99, "should_have_answered"),
        ("yes", "no", 0.9, "over_confident"),
        ("yes", "no", 0.89, "confused"),
        ("yes", "yes", 0.5, "right"),
    ],
)
def test_the_kind_of_a_wrong_label(gold: str, given_: str, share: float, kind: str):
    assert error_kind([gold], [given_], probability=share, several=False, none="no-answer") == kind


def test_a_task_has_only_the_kinds_it_can_have():
    assert kinds_of(several=True, none="") == ("missed", "invented", "missed_and_invented")
    assert "should_have_answered" in kinds_of(several=False, none="no_relation")
    assert set(kinds_of(several=False, none="x")) | set(kinds_of(several=True, none="")) == set(KINDS)


CONTEXT = "두루미골은 강가에 있다. 면적은 서른 정보이다. 겨울에는 눈이 많이 온다."


def asked(id_: str, label: str) -> Record:
    return Record(id_, {"question": "두루미골은 강가에 있나?", "context": CONTEXT}, labels={"label": label})


def test_a_boolean_row_shows_its_evidence_and_window():
    evidence = {"text": "두루미골은 강가에 있다.", "start": 0, "end": 13}
    right = told("2", {"no-answer": 0.8, "no": 0.1, "yes": 0.1}, evidence=None, window=[14, 40])
    said = told("1", {"no": 0.7, "yes": 0.2, "no-answer": 0.1}, evidence=evidence, window=[0, len(CONTEXT)])
    notebook = build_class_notebook([asked("1", "yes"), asked("2", "no-answer")], [said, right], YES_NO)
    (row,) = notebook.rows
    question, context = row.texts
    assert (question.name, context.name, context.length) == ("question", "context", len(CONTEXT))
    assert context.pieces[0] == Piece("두루미골은 강가에 있다.", "evidence")
    assert row.window == (0, len(CONTEXT))
    page = class_notebook_html(notebook)
    assert '<mark class="evidence">두루미골은 강가에 있다.</mark>' in page
    assert f"characters · 글자 0–{len(CONTEXT)} / {len(CONTEXT)}" in page


def test_a_row_without_evidence_shows_the_window_from_its_begin():
    silent = told("1", {"no-answer": 0.8, "no": 0.1, "yes": 0.1}, evidence=None, window=[14, 40])
    notebook = build_class_notebook(
        [asked("1", "yes"), asked("2", "no-answer")], [silent, replace(silent, id="2")], YES_NO
    )
    (row,) = notebook.rows
    assert row.stage == "should_have_answered"
    assert row.texts[1].pieces == (Piece("… " + CONTEXT[14:]),)


def test_where_nothing_is_unanswered_silence_is_no_prediction():
    """As in the task's own score, so that accuracy and notebook say the same."""
    silent = told("1", {"no-answer": 0.6, "yes": 0.3, "no": 0.1})
    wrong = told("2", {"no-answer": 0.5, "yes": 0.4, "no": 0.1})
    notebook = build_class_notebook([asked("1", "yes"), asked("2", "no")], [silent, wrong], YES_NO)
    assert notebook.labels == ("yes", "no")
    assert notebook.outcomes["1"].right
    (row,) = notebook.rows
    assert (row.id, row.predicted, row.probability) == ("2", ("yes",), pytest.approx(0.8))


def test_sets_of_labels_are_missed_and_invented():
    spec = LabelSpec(("joy", "hope", "grief"), key="labels", several=True)
    records = [
        Record(str(n), {"text": "글"}, labels={"labels": gold})
        for n, gold in enumerate([["joy", "hope"], ["joy"], ["grief"], []])
    ]
    shares = {"joy": 0.9, "hope": 0.4, "grief": 0.2}
    predictions = [
        told("0", shares, labels=["joy"]),
        told("1", shares, labels=["joy", "hope"]),
        told("2", shares, labels=["joy"]),
        told("3", shares, labels=[]),
    ]
    notebook = build_class_notebook(records, predictions, spec)
    assert {row.id: row.stage for row in notebook.rows} == {
        "0": "missed", "1": "invented", "2": "missed_and_invented"
    }  # fmt: skip
    by_id = {row.id: row for row in notebook.rows}
    assert (by_id["0"].probability, by_id["0"].gold_probability, by_id["0"].gold_rank) == (None, 0.4, 2)
    assert (by_id["1"].probability, by_id["1"].gold_probability) == (0.4, None)
    assert notebook.outcomes["0"].f1 == pytest.approx(2 / 3)
    assert notebook.outcomes["3"].right
    assert set(notebook.confusions) == {Cell("", "hope", 1), Cell("hope", "", 1), Cell("grief", "joy", 1)}
    assert {s.key: s.n for s in notebook.slices if s.dimension == "number_of_labels"} == {
        "0": 1,
        "1": 2,
        "2": 1,
    }


def test_relations_show_both_entities_and_gather_by_types():
    spec = LabelSpec(("no_relation", "title", "founder"), none="no_relation", leave_out=("no_relation",))
    records = [related("1", "title"), related("2", "founder"), related("3", "title", ("PER", "POH"))]
    shares = {"title": 0.6, "founder": 0.3, "no_relation": 0.1}
    notebook = build_class_notebook(records, [told(str(n), shares) for n in (1, 2, 3)], spec)
    (row,) = notebook.rows
    marks = [(piece.text, piece.mark) for piece in row.texts[0].pieces if piece.mark]
    assert marks == [("가람", "subject"), ("나루대학", "object")]
    first, second = notebook.types
    assert (first.subject, first.object, first.n, first.wrong) == ("PER", "ORG", 2, 1)
    assert Cell("founder", "title", 1) in first.confusions
    assert (second.object, second.wrong) == ("POH", 0)
    assert {s.key for s in notebook.slices if s.dimension == "types"} == {"PER · ORG", "PER · POH"}
    assert notebook.leave_out == ("no_relation",)


def test_a_record_without_prediction_is_refused():
    with pytest.raises(OptionError, match="1 of 2 records"):
        build_class_notebook([review("1", "good"), review("2", "bad")], [told("1", {"good": 1.0})], SPEC)


def test_it_is_saved_and_read_back(reviews: ClassNotebook, tmp_path: Path):
    reviews.save(tmp_path)
    assert ClassNotebook.open(tmp_path) == reviews
    assert open_notebook(tmp_path) == reviews
    values = json.loads((tmp_path / "notebook.json").read_text(encoding="utf-8"))
    assert (values["n"], values["wrong"], values["counts"]["confused"]) == (4, 2, 1)
    for broken, words in ({**values, "version": 99}, "newer"), ({"name": "x"}, "not one of labels"):
        (tmp_path / "notebook.json").write_text(json.dumps(broken), encoding="utf-8")
        with pytest.raises(ArtifactError, match=words):
            ClassNotebook.open(tmp_path)
    assert open_notebook(tmp_path / "none") is None


def test_a_row_with_everything_survives_the_disk(tmp_path: Path):
    said = told("1", {"no": 0.7, "yes": 0.3}, evidence={"text": "두루", "start": 0, "end": 2}, window=[0, 9])
    notebook = build_class_notebook([asked("1", "yes")], [said], YES_NO)
    relation = build_class_notebook([related("1", "a")], [told("1", {"b": 1.0})], LabelSpec(("a", "b")))
    for each in (notebook, relation):
        each.save(tmp_path)
        assert ClassNotebook.open(tmp_path) == each


class Page(HTMLParser):
    """Tags, loaded addresses and kinds of a page; void tags never close."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.loaded += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag not in ("meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_well_formed_loads_nothing_and_escapes_everything():
    evil = "<img src=x onerror=alert(1)>\"'&"
    record = Record(
        evil,
        {"text": evil},
        spans={"subject": (Span(0, 4, "<img", "text"),), "object": (Span(5, 8, "src", "text"),)},
        labels={"label": evil, "subject_type": evil, "object_type": "<b>"},
        group=evil + "g",
        source=evil,
    )
    text = class_notebook_html(
        build_class_notebook(
            [record], [told(evil, {"<u>": 1.0, evil: 0.0})], LabelSpec((evil, "<u>")), name=evil
        )
    )
    page = Page()
    page.feed(text)
    assert not {"img", "u", "b"} & set(page.tags)
    assert page.open == [] and page.loaded == []
    assert page.tags.count("script") == 1 and page.tags.count("article") == 1
    assert "<img" not in text


def test_a_page_of_many_labels_keeps_those_with_errors():
    names = [f"label-{n}" for n in range(60)]
    records = [review(name, name) for name in names]
    predictions = [told(name, {("label-1" if name == "label-0" else name): 1.0}) for name in names]
    text = class_notebook_html(build_class_notebook(records, predictions, LabelSpec(tuple(names))))
    assert "20 labels with fewer errors left out" in text
    assert "label-0 → label-1" in text


def test_diff_of_two_notebooks_of_labels():
    def book(**outcomes: tuple[str, str]) -> ClassNotebook:
        made = {
            id_: LabelOutcome(error_kind([gold], [said], probability=0.5, several=False), (gold,), (said,))
            for id_, (gold, said) in outcomes.items()
        }
        return ClassNotebook("x", LABELS, (), made)

    a = book(p=("bad", "bad"), q=("bad", "good"), r=("good", "good"), s=("bad", "good"))
    b = book(p=("bad", "bad"), q=("bad", "bad"), r=("good", "bad"), s=("bad", "good"))
    found = diff_notebooks(a, b)
    assert (found.fixed, found.broken, found.still_wrong) == (("q",), ("r",), ("s",))
    assert found.moves == {("confused", "right"): 1, ("right", "confused"): 1}


class _Task:
    """As much of a task as the table of notebooks looks at."""

    def __init__(self, name: str, schema: Schema, labels: tuple[str, ...] = (), **settings: str) -> None:
        self.name, self.schema, self.labels = name, schema, labels
        self.settings = type("Settings", (), settings)


def test_one_entry_serves_every_task():
    reader = _Task("reader", Schema(("question", "context"), spans=("answers",)))
    spans = build_notebook_for(
        reader,
        [Record("1", {"question": "?", "context": "글"}, spans={"answers": ()})],
        [Prediction("1", "", 0.5)],
    )
    assert isinstance(spans, ErrorNotebook) and spans.outcomes["1"] == Outcome("right", 1.0, "1")
    topics = _Task("classify", Schema(("text",), labels=("topic",)), ("a", "b"))
    record = Record("1", {"text": "글"}, labels={"topic": "a"})
    found = build_notebook_for(topics, [record], [told("1", {"b": 0.6, "a": 0.4})], name="n")
    assert isinstance(found, ClassNotebook) and (found.name, found.counts["confused"]) == ("n", 1)
    relation = _Task("relation", Schema(("text",), labels=("label",)), ("none", "title"), no_relation="none")
    found = build_notebook_for(relation, [related("1", "title")], [told("1", {"none": 0.6, "title": 0.4})])
    assert isinstance(found, ClassNotebook) and found.counts["should_have_answered"] == 1
    emotions = _Task("emotions", Schema(("text",), labels=("labels",)), ("joy",))
    record = Record("1", {"text": "글"}, labels={"labels": ["joy"]})
    found = build_notebook_for(emotions, [record], [told("1", {"joy": 0.1}, labels=[])])
    assert isinstance(found, ClassNotebook) and found.counts["missed"] == 1
    assert build_notebook_for(_Task("encode", Schema(("context",))), [], []) is None


def test_every_task_of_the_table_has_a_decision():
    """A task that is added with labels but without a notebook would silently have none."""
    from gongbang.artifacts.notebooks import _SPECS
    from gongbang.tasks.table import TASKS

    assert set(TASKS) - set(_SPECS) == {"reader", "encode", "respond"}


_SETS = st.lists(
    st.tuples(st.sets(st.sampled_from("abc")), st.sets(st.sampled_from("abc"))), min_size=1, max_size=12
)


@given(_SETS)
@settings(max_examples=80, deadline=None)
def test_counts_agree_with_one_another(sets: list[tuple[set[str], set[str]]]):
    outcomes = [
        LabelOutcome(error_kind(g, p, probability=0.5, several=True), tuple(sorted(g)), tuple(sorted(p)))
        for g, p in sets
    ]
    scores = {score.label: score for score in label_scores(outcomes, "abc")}
    cells = {(cell.gold, cell.predicted): cell.n for cell in confusion_cells(outcomes)}
    for label in "abc":
        right = cells.get((label, label), 0)
        assert right == round(scores[label].recall * scores[label].support)
        assert right == round(scores[label].precision * scores[label].predicted)
    assert all(outcome.right == (outcome.f1 == 1.0) for outcome in outcomes)
