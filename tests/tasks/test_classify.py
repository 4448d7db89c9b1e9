"""Classification: what is shown to the model, what its logits become, what a cascade is given."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer

from gongbang.data.records import Record
from gongbang.errors import ArtifactError, DataError, OptionError
from gongbang.tasks.class_baselines import bigram_bayes, majority
from gongbang.tasks.classify import ClassifyConfig, ClassifyTask
from tests.tasks.class_tasks import review, tokenizer

__all__ = ["tokenizer"]
LABELS = ("부정", "긍정")


def task_of(tokenizer: Tokenizer, **settings: object) -> ClassifyTask:
    return ClassifyTask(tokenizer, ClassifyConfig(labels=LABELS, **settings))  # type: ignore[arg-type]


def test_one_row_a_record_and_targets_only_where_all_are_labelled(tokenizer: Tokenizer):
    task = task_of(tokenizer)
    features = task.prepare([review(1, "가온 공방", "긍정"), review(2, "나래", "부정")])
    assert features.inputs["input_ids"].shape == features.inputs["attention_mask"].shape
    assert features.targets["label"].tolist() == [1, 0]
    assert task.prepare([review(1, "가온", "긍정"), review(2, "나래")]).targets == {}


def test_a_row_does_not_depend_on_its_neighbours(tokenizer: Tokenizer):
    task = task_of(tokenizer)
    alone = task.prepare([review(1, "가온 공방")]).inputs["input_ids"]
    beside = task.prepare([review(1, "가온 공방"), review(2, "가온 공방은 강릉에서 문을 열었다")]).inputs
    assert np.array_equal(beside["input_ids"][0, : alone.shape[1]], alone[0])


def test_the_ends_of_a_long_text_are_kept_where_that_is_asked_for(tokenizer: Tokenizer):
    text = "가온 공방은 1950년에 강릉에서 문을 열었다. 일하는 사람은 12명이다. 새 터는 목포에 있다."
    start = task_of(tokenizer, max_length=12).prepare([review(1, text)]).inputs["input_ids"][0]
    ends = task_of(tokenizer, max_length=12, keep="ends").prepare([review(1, text)]).inputs["input_ids"][0]
    whole = task_of(tokenizer, max_length=500).prepare([review(1, text)]).inputs["input_ids"][0]
    assert len(start) == len(ends) == 12 < len(whole)
    assert np.array_equal(start[:-1], whole[:11]) and start[-1] == whole[-1]
    assert np.array_equal(ends, np.concatenate([whole[:6], whole[-6:]]))


def test_a_pair_is_cut_so_that_neither_text_is_lost(tokenizer: Tokenizer):
    long = "가온 공방은 1950년에 강릉에서 문을 열었다. 일하는 사람은 12명이다."
    record = Record("1", {"text": long, "pair": "나래"})
    row = task_of(tokenizer, pair=True, max_length=16).prepare([record]).inputs["input_ids"][0]
    short = tokenizer.encode("나래", add_special_tokens=False).ids
    assert len(row) == 16 and row[-1 - len(short) : -1].tolist() == short
    with pytest.raises(DataError, match="no pair"):
        task_of(tokenizer, pair=True).prepare([review(1, "혼자")])


def test_what_an_earlier_classifier_said_is_shown_and_asked_for(tokenizer: Tokenizer):
    task = task_of(tokenizer, given="kind")
    one = task.prepare([review(1, "가온", kind="가구")]).inputs["input_ids"]
    other = task.prepare([review(1, "가온", kind="부채")]).inputs["input_ids"]
    assert not np.array_equal(one, other)
    with pytest.raises(DataError, match="lacks the label") as caught:
        task.prepare([review(1, "가온")])
    assert caught.value.field == "kind"


def test_special_tokens_in_a_text_stay_text(tokenizer: Tokenizer):
    ids = task_of(tokenizer).prepare([review(1, "가온 [SEP] 나래")]).inputs["input_ids"][0]
    assert list(ids).count(tokenizer.token_to_id("[SEP]")) == 1


def test_a_softmax_with_temperature_keeps_the_order_and_softens_the_shares(tokenizer: Tokenizer):
    features = task_of(tokenizer).prepare([review(1, "가온")])
    sharp = task_of(tokenizer).decode({"logits": np.array([[0.0, 2.0]])}, features)[0]
    soft = task_of(tokenizer, temperature=2.0).decode({"logits": np.array([[0.0, 2.0]])}, features)[0]
    assert sharp.text == soft.text == "긍정"
    assert sharp.confidence == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert soft.confidence == pytest.approx(1 / (1 + np.exp(-1.0)))


def test_fitting_the_temperature_of_an_over_sure_model_softens_it(tokenizer: Tokenizer):
    task = task_of(tokenizer)
    records = [review(at, "가온", "긍정" if at % 4 else "부정") for at in range(40)]
    features = task.prepare(records)
    fitted, report = task.fit({"logits": np.tile([0.0, 8.0], (40, 1))}, features)
    share = fitted.decode({"logits": np.array([[0.0, 8.0]])}, task.prepare(records[:1]))[0].confidence
    assert share == pytest.approx(0.75, abs=0.01)  # what it is right on
    assert report["calibration error after"] < report["calibration error before"]


def test_scores_by_hand(tokenizer: Tokenizer):
    task = task_of(tokenizer)
    records = [review(at, "가온", label) for at, label in enumerate(("긍정", "긍정", "부정", "부정"))]
    logits = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    scores = task.score(task.decode({"logits": logits}, task.prepare(records)), records)
    assert scores.primary == "accuracy" and scores.value == 0.75
    # 긍정: precision 1, recall 1/2; 부정: precision 2/3, recall 1
    assert scores.scores["macro_f1"].value == pytest.approx((2 / 3 + 4 / 5) / 2)


def test_baselines_are_learned_from_training_records_only(tokenizer: Tokenizer):
    train = [
        review(at, "아주 좋다" if at % 3 else "아주 나쁘다", "긍정" if at % 3 else "부정") for at in range(30)
    ]
    test = [review(100, "좋다", "긍정"), review(101, "나쁘다", "부정")]
    assert [p.text for p in majority(train, test, LABELS)] == ["긍정", "긍정"]
    assert [p.text for p in bigram_bayes(train, test, LABELS, ("text",))] == ["긍정", "부정"]
    assert set(task_of(tokenizer).baselines((train, test))) == {"majority", "bigram bayes"}


def test_a_configuration_read_back_is_the_same_task(tokenizer: Tokenizer):
    task = task_of(tokenizer, pair=True, prefix="글: ", normalise=("nfkc",))
    assert ClassifyTask.from_config(tokenizer, task.config()).config() == task.config()
    with pytest.raises(ArtifactError):
        ClassifyTask.from_config(tokenizer, {**task.config(), "lables": []})
    with pytest.raises(OptionError):
        task_of(tokenizer, keep="middle")


def test_labels_are_taken_from_the_training_data_unless_they_are_said():
    records = [review(1, "가", "b"), review(2, "나", "a")]
    assert ClassifyTask.complete({}, records)["labels"] == ["a", "b"]
    assert ClassifyTask.complete({"labels": ["b", "a"]}, records)["labels"] == ["b", "a"]
    with pytest.raises(OptionError, match="too few"):
        ClassifyConfig(labels=("a",))
