"""Emotions: sets of labels, their thresholds, and scores by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer

from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.tasks.emotions import EmotionsConfig, EmotionsTask
from tests.tasks.class_tasks import tokenizer

__all__ = ["tokenizer"]
LABELS = ("기쁨", "놀람", "슬픔")


def task_of(tokenizer: Tokenizer, **settings: object) -> EmotionsTask:
    return EmotionsTask(tokenizer, EmotionsConfig(labels=LABELS, **settings))  # type: ignore[arg-type]


def felt(number: int, *labels: str, **more: object) -> Record:
    return Record(str(number), {"text": f"글 {number}"}, labels={"labels": list(labels), **more})


def test_targets_are_a_matrix_and_an_empty_set_is_a_label_of_its_own(tokenizer: Tokenizer):
    features = task_of(tokenizer).prepare([felt(1, "슬픔", "기쁨"), felt(2)])
    assert features.targets["labels"].tolist() == [[1, 0, 1], [0, 0, 0]]
    unlabelled = Record("3", {"text": "글"})
    assert task_of(tokenizer).prepare([felt(1), unlabelled]).targets == {}
    with pytest.raises(DataError, match="does not know"):
        task_of(tokenizer).prepare([felt(1, "기뿜")])


def test_thresholds_choose_the_set_and_the_likeliest_is_given_where_none_passes(tokenizer: Tokenizer):
    features = task_of(tokenizer).prepare([felt(1)])
    logits = {"logits": np.log(np.array([[0.6, 0.2, 0.35]]) / (1 - np.array([[0.6, 0.2, 0.35]])))}
    told = task_of(tokenizer, thresholds=(0.5, 0.5, 0.3)).decode(logits, features)[0]
    assert told.details["labels"] == ["기쁨", "슬픔"] and told.text == "기쁨, 슬픔"
    assert [round(candidate.probability, 6) for candidate in told.candidates] == [0.6, 0.35, 0.2]
    high = {"thresholds": (0.9, 0.9, 0.9)}
    assert task_of(tokenizer, **high).decode(logits, features)[0].details["labels"] == ["기쁨"]
    none = task_of(tokenizer, at_least_one=False, **high).decode(logits, features)[0]
    assert none.details["labels"] == [] and none.text == ""


def test_a_softmax_shares_one_mass(tokenizer: Tokenizer):
    shares = task_of(tokenizer, activation="softmax").probabilities(np.array([[0.0, 0.0, 0.0]]))
    assert shares == pytest.approx(np.full((1, 3), 1 / 3))


def test_scores_by_hand(tokenizer: Tokenizer):
    task = task_of(tokenizer, thresholds=(0.5, 0.5, 0.5))
    records = [felt(1, "기쁨"), felt(2, "슬픔", "놀람")]
    shares = np.array([[0.9, 0.6, 0.1], [0.2, 0.6, 0.9]])
    told = task.decode({"logits": np.log(shares / (1 - shares))}, task.prepare(records))
    scores = task.score(told, records)
    assert scores.primary == "macro_f1"
    assert scores.scores["macro_f1"].value == pytest.approx((1 + 2 / 3 + 1) / 3)
    assert scores.scores["micro_f1"].value == pytest.approx(6 / 7)  # 3 hits, 4 given, 3 wanted
    assert scores.scores["p@1"].value == 1.0 and scores.scores["p@3"].value == pytest.approx(0.5)
    assert scores.scores["r@3"].value == 1.0


def test_fitting_finds_thresholds_that_raise_macro_f1_on_what_they_are_fitted_to(tokenizer: Tokenizer):
    rng = np.random.default_rng(0)
    gold = rng.random((300, 3)) < (0.5, 0.2, 0.1)
    logits = np.where(gold, 1.0, -1.0) + rng.normal(0, 1.2, gold.shape) - 3.0  # all too low
    records = [felt(at, *(LABELS[k] for k in np.flatnonzero(row))) for at, row in enumerate(gold)]
    task = task_of(tokenizer)
    features = task.prepare(records)
    fitted, report = task.fit({"logits": logits}, features)
    plain = task_of(tokenizer, thresholds=(0.3, 0.3, 0.3))
    before = plain.score(plain.decode({"logits": logits}, features), records).scores["macro_f1"].value
    after = fitted.score(fitted.decode({"logits": logits}, features), records).scores["macro_f1"].value
    assert after > before + 0.03 and len(fitted.settings.thresholds) == 3 and report["records"] == 300


def test_before_thresholds_are_fitted_f1_is_of_those_of_the_other_half(tokenizer: Tokenizer):
    rng = np.random.default_rng(0)
    gold = rng.random((400, 3)) < (0.5, 0.2, 0.1)
    logits = np.where(gold, 1.0, -1.0) + rng.normal(0, 1.2, gold.shape)
    records = [felt(at, *(LABELS[k] for k in np.flatnonzero(row))) for at, row in enumerate(gold)]
    task = task_of(tokenizer)
    features = task.prepare(records)

    def f1(shift: float, **settings: object) -> float:
        judged = task_of(tokenizer, **settings) if settings else task
        told = judged.decode({"logits": logits + shift}, features)
        return judged.score(told, records).scores["macro_f1"].value

    assert f1(-3.0) == pytest.approx(f1(0.0), abs=0.01) and f1(3.0) == pytest.approx(f1(0.0), abs=0.01)
    fixed = {"thresholds": (0.3, 0.3, 0.3)}
    assert f1(3.0, **fixed) + 0.1 < f1(0.0, **fixed)
    fitted, _ = task.fit({"logits": logits}, features)
    upper = fitted.score(fitted.decode({"logits": logits}, features), records).scores["macro_f1"].value
    assert f1(0.0) == pytest.approx(upper, abs=0.03)
    one = [felt(1, "기쁨"), felt(2)]  # too few for halves that both have a label: the sets as they were told
    told = task.decode({"logits": np.full((2, 3), -9.0)}, task.prepare(one))
    assert task.score(told, one).scores["micro_f1"].value == pytest.approx(2 / 3)


def test_graded_labels_give_ndcg(tokenizer: Tokenizer):
    records = [felt(1, "기쁨", grades={"기쁨": 5, "놀람": 1}), felt(2, "슬픔", grades={"슬픔": 3})]
    task = task_of(tokenizer)
    told = task.decode({"logits": np.array([[3.0, 2.0, 1.0], [0.0, 0.0, 5.0]])}, task.prepare(records))
    scores = task.score(told, records).scores
    assert any(
        name.startswith("ndcg") and value.value == pytest.approx(1.0) for name, value in scores.items()
    )


def test_the_baseline_gives_every_text_the_commonest_labels(tokenizer: Tokenizer):
    train = [felt(1, "기쁨"), felt(2, "기쁨"), felt(3, "슬픔")]
    found = task_of(tokenizer).baselines((train, [felt(4, "기쁨"), felt(5, "놀람")]))
    assert {name: scores.scores["p@1"].value for name, scores in found.items()} == {
        "most frequent": 0.5,
        "every label": 0.5,
    }
    # One hit of four that were given, two wanted; two hits of six.
    assert found["most frequent"].scores["micro_f1"].value == pytest.approx(1 / 3)
    assert found["every label"].scores["micro_f1"].value == pytest.approx(1 / 2)


def test_training_texts_without_labels_teach_no_baseline(tokenizer: Tokenizer):
    bare = Record("1", {"text": "글 1"})
    assert task_of(tokenizer).baselines(([bare], [felt(2, "기쁨")])) == {}


def test_options_are_checked_and_come_back(tokenizer: Tokenizer):
    task = task_of(tokenizer, thresholds=(0.1, 0.2, 0.3), activation="softmax")
    assert EmotionsTask.from_config(tokenizer, task.config()).config() == task.config()
    for wrong in ({"thresholds": (0.5,)}, {"activation": "relu"}):
        with pytest.raises(OptionError):
            task_of(tokenizer, **wrong)
    assert EmotionsTask.complete({}, [felt(1, "나", "가")])["labels"] == ["가", "나"]
