"""Boolean questions: windows, their pooling, silence, and the sentence that supports an answer."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer

from gongbang.data.records import Passage
from gongbang.errors import DataError, OptionError
from gongbang.tasks.boolq import LABELS, NO_ANSWER, BoolqConfig, BoolqTask, distractor
from tests.tasks.class_tasks import asked, tokenizer

__all__ = ["tokenizer"]
FILLER = "가온 공방은 강릉에서 문을 열었다. "


def task_of(tokenizer: Tokenizer, **settings: object) -> BoolqTask:
    sizes = {"max_length": 64, "stride": 8, "max_question": 24, **settings}
    return BoolqTask(tokenizer, BoolqConfig(**sizes))  # type: ignore[arg-type]


def test_one_window_is_plain_softmax(tokenizer: Tokenizer):
    task = task_of(tokenizer)
    features = task.prepare([asked(1, "강릉에서 열었는가?", FILLER)])
    assert len(features) == 1
    for aggregate in ("max", "sum"):
        told = task_of(tokenizer, aggregate=aggregate).decode(
            {"logits": np.array([[2.0, 1.0, 0.0]])}, features
        )
        shares = {c.text: c.probability for c in told[0].candidates}
        expected = np.exp([2.0, 1.0, 0.0]) / np.exp([2.0, 1.0, 0.0]).sum()
        assert [shares[label] for label in LABELS] == pytest.approx(expected)


def test_windows_without_a_voice_change_nothing_under_max_and_little_under_sum(tokenizer: Tokenizer):
    silent = [[-9.0, -9.0, 9.0]] * 40
    task = task_of(tokenizer)
    alone, _ = task.pool(np.array([[3.0, 0.0, 0.0]]))
    among, window = task.pool(np.array([*silent, [3.0, 0.0, 0.0]]))
    assert window == 40 and among == pytest.approx(alone)
    summed, _ = task_of(tokenizer, aggregate="sum").pool(np.array([*silent, [3.0, 0.0, 0.0]]))
    assert summed == pytest.approx(alone, abs=1e-5)


def test_a_constant_added_to_a_window_changes_nothing(tokenizer: Tokenizer):
    task = task_of(tokenizer)
    logits = np.array([[1.0, 0.0, 2.0], [0.5, 1.5, 0.0]])
    moved = logits + np.array([[50.0], [-50.0]])
    assert task.pool(moved)[0] == pytest.approx(task.pool(logits)[0])


def test_evidence_in_the_last_window_decides_and_its_sentence_is_named(tokenizer: Tokenizer):
    fact = "다솜 공방에서 일하는 사람은 쉰 명이다."
    context = FILLER * 40 + fact
    task = task_of(tokenizer)
    features = task.prepare([asked(1, "다솜 공방에서 일하는 사람은 쉰 명인가?", context)])
    assert len(features) > 5
    logits = np.tile([0.0, 0.0, 4.0], (len(features), 1))
    logits[-1] = [5.0, 0.0, 0.0]
    told = task.decode({"logits": logits}, features)[0]
    evidence = told.details["evidence"]
    assert told.text == "yes" and evidence["text"] == fact
    assert context[evidence["start"] : evidence["end"]] == fact
    logits[-1] = [0.0, 0.0, 4.0]
    silent = task.decode({"logits": logits}, features)[0]
    assert silent.text == NO_ANSWER and silent.details["evidence"] is None


def test_only_the_window_that_is_most_like_the_question_is_trained_to_answer(tokenizer: Tokenizer):
    context = FILLER * 40 + "다솜 공방에서 일하는 사람은 쉰 명이다."
    features = task_of(tokenizer).prepare(
        [asked(1, "다솜 공방에서 일하는 사람은 쉰 명인가?", context, "yes")]
    )
    targets = features.targets["label"]
    assert (targets == LABELS.index("yes")).sum() == 1 and (targets[:3] == LABELS.index(NO_ANSWER)).all()


def test_where_no_record_is_unanswerable_silence_is_not_counted_as_an_answer(tokenizer: Tokenizer):
    task = task_of(tokenizer)
    records = [asked(1, "열었는가?", FILLER, "yes"), asked(2, "닫았는가?", FILLER + "닫지 않았다.", "no")]
    features = task.prepare(records)
    told = task.decode({"logits": np.array([[1.0, 0.0, 9.0], [0.0, 1.0, 9.0]])}, features)
    assert [prediction.text for prediction in told] == [NO_ANSWER, NO_ANSWER]
    assert task.score(told, records).value == 1.0
    silent = [*records, asked(3, "몇인가?", FILLER + "모른다.", NO_ANSWER)]
    more = task.decode({"logits": np.array([[1.0, 0, 9], [0, 1.0, 9], [0, 0, 9.0]])}, task.prepare(silent))
    assert task.score(more, silent).value == pytest.approx(1 / 3)


def test_the_bias_of_no_answer_is_fitted_between_answered_and_unanswered(tokenizer: Tokenizer):
    task = task_of(tokenizer)
    labels = ["yes"] * 10 + [NO_ANSWER] * 10
    records = [asked(at, "열었는가?", f"{FILLER}{at}", label) for at, label in enumerate(labels)]
    features = task.prepare(records)
    logits = np.array([[5.0, 0.0, 0.0]] * 10 + [[3.0, 0.0, 0.0]] * 10)  # over-sure, but told apart
    fitted, report = task.fit({"logits": logits}, features)
    assert 3.0 < report["null_bias"] < 5.1
    assert [p.text for p in fitted.decode({"logits": logits}, features)] == labels
    same, other = task.fit({"logits": logits[:10]}, task.prepare(records[:10]))
    assert other["null_bias"] == 0.0 and same.settings.null_bias == 0.0


def test_a_passage_that_tells_of_the_same_matter_is_no_distractor():
    record = asked(1, "열었는가?", FILLER, "yes")
    other = Passage("p", "목포의 부채는 이름이 높고 한지는 남원에서 만든다.", document="d")
    made = distractor(record, other, 0)
    assert made is not None and made.labels["label"] == NO_ANSWER
    assert made.group == record.group and made.lineage == ("1",) and made.fields["context"] == other.text
    assert distractor(record, Passage("q", FILLER + "그리고 넓다.", document="e"), 0) is None


def test_blank_texts_and_unknown_options_are_refused(tokenizer: Tokenizer):
    with pytest.raises(DataError, match="no question"):
        task_of(tokenizer).prepare([asked(1, " ", FILLER)])
    with pytest.raises(DataError, match="does not know"):
        task_of(tokenizer).prepare([asked(1, "왜?", FILLER, "maybe")])
    for wrong in ({"aggregate": "mean"}, {"temperature": 0.0}):
        with pytest.raises(OptionError):
            BoolqConfig(**wrong)  # type: ignore[arg-type]


def test_a_configuration_read_back_is_the_same_task(tokenizer: Tokenizer):
    task = task_of(tokenizer, aggregate="sum", null_bias=0.5)
    assert BoolqTask.from_config(tokenizer, task.config()).config() == task.config()
