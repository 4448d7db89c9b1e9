"""``gongbang compare``."""

from __future__ import annotations

import pytest

from gongbang.artifacts.notebook import build_notebook
from gongbang.artifacts.run import Run
from gongbang.data.records import Record, Span
from gongbang.metrics.span import span_scores
from gongbang.tasks.base import Prediction

_TEXT = "도공은 이천에서, 지장은 전주에서, 칠장은 통영에서 일한다."
_GOLD = ("이천", "전주", "통영")


def _run(root, name: str, answers: tuple[str, ...], epochs: int, parent: Run | None = None) -> Run:
    records = [
        Record(
            str(n),
            {"question": f"{n}번은?", "context": _TEXT},
            spans={"answers": (Span(_TEXT.index(g), _TEXT.index(g) + 2, g),)},
        )
        for n, g in enumerate(_GOLD)
    ]
    predictions = [Prediction(str(n), text, 0.5) for n, text in enumerate(answers)]
    with Run.create(root, {"name": name, "training": {"epochs": epochs}}, name, parent=parent) as run:
        run.save_predictions(predictions)
        run.save_metrics(span_scores(answers, [[gold] for gold in _GOLD]))
        build_notebook(records, predictions, name=name).save(run.path)
    return run


@pytest.fixture
def runs(tmp_path):
    one = _run(tmp_path, "one", ("이천", "이천", "이천"), 1)
    two = _run(tmp_path, "two", ("이천", "전주", "이천"), 2)
    return tmp_path, one, two


def test_recipe_metrics_and_answers_are_compared(call, runs):
    _, one, two = runs
    data = call("compare", one.path, two.path, "--json").data
    assert data["changes"] == [
        {"key": "name", "a": "one", "b": "two"},
        {"key": "training.epochs", "a": 1, "b": 2},
    ]
    assert data["metrics"]["exact_match"]["difference"] == pytest.approx(100 / 3)
    assert data["paired"]["exact_match"]["value"] == pytest.approx(100 / 3)
    assert data["notebook"]["fixed"] == ["1"] and data["notebook"]["still_wrong"] == ["2"]


def test_people_read_it_and_parts_of_an_id_are_enough(call, runs):
    root, *_ = runs
    called = call("compare", "-one-", "-two-", "--root", root)
    assert called.code == 2  # a word that begins with a dash is an option
    called = call("compare", "one-", "two-", "--root", root)
    assert called.code == 0 and "training.epochs" in called.out and "fixed 1" in called.out


def test_a_run_that_is_not_there_is_told_in_four_lines(call, runs):
    root, one, _ = runs
    called = call("compare", one.path, "three", "--root", root)
    assert called.code == 2 and len(called.lines) == 4 and "no such run" in called.lines[0]


def test_one_run_is_compared_with_its_parent(call, tmp_path):
    one = _run(tmp_path, "one", ("이천", "이천", "이천"), 1)
    two = _run(tmp_path, "two", ("이천", "전주", "이천"), 2, parent=one)
    data = call("compare", two.path, "--json").data
    assert (data["a"], data["b"], data["parent"]) == (one.id, two.id, True)
    assert data["causes"] == ["training.epochs"] and data["advice"] == []
    called = call("compare", one.path)
    assert called.code == 2 and "names no parent" in called.lines[0]
