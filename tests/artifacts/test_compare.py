"""Two runs side by side, and the card of one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gongbang.artifacts.card import Measured, markdown_table, model_card
from gongbang.artifacts.compare import compare_runs, recipe_changes
from gongbang.artifacts.manifest import Training
from gongbang.artifacts.notebook import ErrorNotebook, Row
from gongbang.artifacts.run import Run
from gongbang.artifacts.slices import Outcome, Slice
from gongbang.errors import OptionError
from gongbang.metrics.scores import Score, Scores
from gongbang.tasks.base import Prediction


def row(id_: str, stage: str) -> Row:
    return Row(id_, "?", ("a",), "b", 0.5, stage, 0.0, "", None, None, (), (), ())


def make(
    root: Path,
    name: str,
    recipe: dict,
    *,
    right: int = 40,
    n: int = 50,
    test: bytes = b"test",
    train: bytes = b"t",
) -> Run:
    """A run that answers the first ``right`` of ``n`` questions, each an article of its own."""
    (root / f"{name}-test.json").write_bytes(test)
    (root / f"{name}-train.json").write_bytes(train)
    data = {"train": [root / f"{name}-train.json"], "test": [root / f"{name}-test.json"]}
    with Run.create(root / "runs", recipe, name, data=data) as run:
        value = 100 * right / n
        run.save_metrics(
            Scores("exact_match", {"exact_match": Score(value, n, value - 5, value + 5)}),
            baselines={"constant": Scores("exact_match", {"exact_match": Score(1.5, n)})},
        )
        stages = {str(i): "right" if i < right else "span_border" for i in range(n)}
        outcomes = {i: Outcome(stage, float(stage == "right"), i) for i, stage in stages.items()}
        rows = tuple(row(i, stage) for i, stage in stages.items() if stage != "right")
        slices = (Slice("question_word", "why", n, n - right, right / n, right / n),)
        ErrorNotebook(name, rows, outcomes, slices).save(run.path)
    return run


def test_recipe_changes_are_dotted_and_see_absent_keys():
    a = {"loop": {"lr": 1e-5, "epochs": 2}, "seed": 1, "negatives": {}}
    b = {"loop": {"lr": 2e-5, "epochs": 2}, "title": True, "seed": 1, "negatives": {"n": 4}}
    assert [(c.key, c.a, c.b) for c in recipe_changes(a, b)] == [
        ("loop.lr", 1e-5, 2e-5),
        ("negatives", {}, "(absent)"),
        ("negatives.n", "(absent)", 4),
        ("title", "(absent)", True),
    ]
    assert recipe_changes(a, a) == ()


def test_one_change_with_a_clear_gain(tmp_path: Path):
    a, b = make(tmp_path, "a", {"lr": 1}, right=20), make(tmp_path, "b", {"lr": 2}, right=40)
    found = compare_runs(a, b)
    assert [c.key for c in found.changes] == ["lr"]
    assert (found.data, found.same_code, found.refused, found.advice) == ((), True, "", ())
    assert found.metrics[0].b - found.metrics[0].a == pytest.approx(40.0)
    paired = found.paired["exact_match"]
    assert paired.value == pytest.approx(40.0)  # b is better: the sign is b - a
    assert paired.significant
    assert paired.n == 50
    assert found.notebook is not None
    assert len(found.notebook.fixed) == 20
    text = found.to_text()
    assert "+40.00" in text
    assert "differs" in text
    assert json.loads(json.dumps(found.to_dict()))["paired"]["f1"]["value"] == pytest.approx(40.0)


def test_a_difference_of_one_answer_could_be_chance(tmp_path: Path):
    a, b = make(tmp_path, "a", {"lr": 1}, right=40), make(tmp_path, "b", {"lr": 2}, right=41)
    assert not compare_runs(a, b).paired["exact_match"].significant
    assert "could be chance" in compare_runs(a, b).to_text()


def test_other_test_data_is_refused_unless_allowed(tmp_path: Path):
    a, b = make(tmp_path, "a", {"lr": 1}), make(tmp_path, "b", {"lr": 2}, test=b"other")
    found = compare_runs(a, b)
    assert found.data == ("test",)
    assert "other data (test)" in found.refused
    assert (found.metrics, found.paired) == ((), {})
    assert "not compared" in found.to_text()
    assert compare_runs(a, b, allow_other_data=True).metrics


def test_the_same_data_under_another_name_is_the_same(tmp_path: Path):
    a, b = make(tmp_path, "a", {"lr": 1}), make(tmp_path, "c", {"lr": 1})
    assert compare_runs(a, b).data == ()


def test_other_questions_of_the_same_file_are_refused(tmp_path: Path):
    a, b = make(tmp_path, "a", {"seed": 1}), make(tmp_path, "b", {"seed": 2}, n=60)
    assert compare_runs(a, b).refused == "0 questions are only in a, 10 only in b"


def without_notebook(
    root: Path, name: str, recipe: dict, *, n: int = 50, answered: range | None = None
) -> Run:
    run = make(root, name, recipe, n=n)
    (run.path / "notebook.json").unlink()
    if answered is not None:
        run.save_predictions([Prediction(str(i), "a", 0.5) for i in answered])
    return run


def test_without_a_notebook_the_saved_predictions_tell_the_questions(tmp_path: Path):
    a = without_notebook(tmp_path, "a", {"lr": 1}, answered=range(50))
    b = without_notebook(tmp_path, "b", {"lr": 2}, answered=range(10, 60))
    assert compare_runs(a, b).refused == "10 questions are only in a, 10 only in b"
    c = without_notebook(tmp_path, "c", {"lr": 2}, answered=range(50))
    assert compare_runs(a, c).refused == ""
    assert compare_runs(a, make(tmp_path, "d", {"lr": 2})).refused == ""


def test_without_predictions_what_is_held_out_must_be_chosen_alike(tmp_path: Path):
    def recipe(seed: int = 17, share: float = 1.0, trained: float = 1.0) -> dict:
        sources = [{"path": "/x/a.json", "share": share}, {"path": "b", "role": "train", "share": trained}]
        return {"data": {"sources": sources, "split": {"test": 0.1, "seed": seed}}}

    a = without_notebook(tmp_path, "a", recipe())
    assert compare_runs(a, without_notebook(tmp_path, "b", recipe(), n=60)).refused == (
        "a was scored on 50 questions, b on 60"
    )
    moved = compare_runs(a, without_notebook(tmp_path, "c", recipe(seed=18)))
    assert "data.split.seed" in moved.refused and moved.metrics == ()
    assert "data.sources" in compare_runs(a, without_notebook(tmp_path, "d", recipe(share=0.5))).refused
    assert compare_runs(a, without_notebook(tmp_path, "e", recipe(trained=0.5))).refused == ""


def test_training_data_is_a_change_like_any_other(tmp_path: Path):
    a, b = make(tmp_path, "a", {"lr": 1}), make(tmp_path, "b", {"lr": 2}, train=b"more")
    found = compare_runs(a, b)
    assert found.refused == ""
    assert found.advice == ("2 things changed (lr, data.train): change one a run to know which one helped.",)


def test_the_same_everything_with_other_answers_is_not_seeded(tmp_path: Path):
    a, b = make(tmp_path, "a", {"lr": 1}, right=40), make(tmp_path, "b", {"lr": 1}, right=39)
    assert "not seeded" in compare_runs(a, b).advice[0]


def test_a_run_without_scores_is_named(tmp_path: Path):
    a, b = make(tmp_path, "a", {}), make(tmp_path, "b", {})
    (b.path / "metrics.json").unlink()
    with pytest.raises(OptionError, match="without scores"):
        compare_runs(a, b)


def test_the_card_says_what_matters_and_no_folder(tmp_path: Path):
    run = make(tmp_path, "reader", {"data": {"test": str(tmp_path / "private" / "dev.json")}, "seed": 3})
    card = model_card(
        run,
        name="reader-ko",
        what="Reads Korean passages.",
        licence="MIT",
        trained_on=[Training("KorQuAD 1.0", "CC BY-ND 2.0 KR", "https://korquad.github.io")],
        limits=["Korean encyclopaedia text only."],
        sizes={"model.onnx": 30_000_000, "tokenizer.json": 2_000_000},
    )
    assert "| exact_match | **80.00** | 75.00 to 85.00 | 50 | 1.50 |" in card
    assert "[KorQuAD 1.0](https://korquad.github.io) | CC BY-ND 2.0 KR" in card
    assert "| together | 32.0 MB |" in card
    assert "| span border | 10 |" in card
    assert "| question word | why | 50 | 80.0 |" in card
    assert "- Korean encyclopaedia text only." in card
    assert "seed: 3" in card
    assert "test: dev.json" in card
    assert str(tmp_path) not in card


def test_the_card_of_an_artifact_leads_with_its_own_scores(tmp_path: Path):
    run = make(tmp_path, "reader", {"seed": 3})
    run.close_at(120)
    own = Scores("exact_match", {"exact_match": Score(71.5, 50, 60.0, 80.0)})
    card = _card(run, measured=Measured(own, "Of this artifact in 8 bits."))
    assert card.index("Of this artifact in 8 bits.") < card.index("**71.50**") < card.index("**80.00**")
    assert "before export" in card and "| 1.50 |" in card
    assert "span border" not in card  # the run's notebook is of other weights
    assert "- closed early, after step 120" in card


def test_the_card_of_an_unscored_run_says_so(tmp_path: Path):
    run = make(tmp_path, "reader", {"seed": 3})
    (run.path / "metrics.json").unlink()
    assert "holds nothing out" in _card(run)


def _card(run: Run, **more: object) -> str:
    return model_card(
        run, name="reader", what="Reads.", licence="MIT", trained_on=[], limits=["Few."], **more
    )


def test_markdown_cells_are_escaped():
    assert markdown_table(["a"], [["x|y"]]).splitlines()[-1] == "| x\\|y |"
