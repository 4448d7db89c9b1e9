"""Mined responses as features: beside their own row, numbered like responses, with what a teacher says."""

from __future__ import annotations

import numpy as np
import pytest
from tokenizers import Tokenizer

from gongbang.tasks.base import Features
from gongbang.tasks.respond import RespondConfig, RespondTask
from tests.tasks.dialogues import dialogues, said, tokenizer

__all__ = ["tokenizer"]


def task_of(tokenizer: Tokenizer, architecture: str = "bi") -> RespondTask:
    return RespondTask(tokenizer, RespondConfig(architecture=architecture, candidates=3))  # type: ignore[arg-type]


def text_of(tokenizer: Tokenizer, features: Features, row: int, at: int) -> list[int]:
    length = int(features.inputs["negative_attention_mask"][row, at].sum())
    return features.inputs["negative_input_ids"][row, at, :length].tolist()


@pytest.mark.parametrize("architecture", ["bi", "poly"])
def test_they_stand_beside_their_row_and_equal_texts_have_equal_numbers(
    tokenizer: Tokenizer, architecture: str
):
    task, records = task_of(tokenizer, architecture), dialogues(4)
    texts = [record.fields["response"] for record in records]
    marked = texts[2].replace(".", "!")
    mined = task.with_negatives(records, [[texts[1], marked], [], ["처음 듣는 말이에요."], [texts[0]]])
    plain, features = task.prepare(records), task.prepare(mined)
    for name, array in plain.inputs.items():
        assert np.array_equal(array, features.inputs[name])
    for name, array in plain.targets.items():
        assert np.array_equal(array, features.targets[name])
    assert "mined" not in mined[1].labels and "soft" not in features.targets
    assert features.inputs["negative_input_ids"].shape[:2] == (4, 2)
    assert features.targets["negative"].tolist() == [[1, 2], [-1, -1], [4, -1], [0, -1]]
    own = features.inputs["response_input_ids"][1]
    assert text_of(tokenizer, features, 0, 0) == own[own != task._rows.pad_id].tolist()
    assert len(text_of(tokenizer, features, 1, 0)) > 0  # a missing one is a text without words, not nothing


def test_a_row_is_the_same_alone(tokenizer: Tokenizer):
    task, records = task_of(tokenizer), dialogues(3)
    mined = task.with_negatives(records, [["가"], ["나 다 라 마 바 사 아 자 차 카 타", "하"], []])
    together, alone = task.prepare(mined), task.prepare(mined[:1])
    assert text_of(tokenizer, together, 0, 0) == text_of(tokenizer, alone, 0, 0)
    assert alone.targets["negative"].shape == (1, 1)


def test_rows_of_listed_candidates_have_none(tokenizer: Tokenizer):
    task = task_of(tokenizer)
    record = said("1", "뭐 해요?", "쉬어요.", candidates=["자요.", "먹어요."])
    features = task.prepare(task.with_negatives([record], [["놀아요."]]))
    assert features.targets["negative"].tolist() == [[3], [-1], [-1]]


def test_a_teacher_is_heard_where_it_judged_all_of_a_row(tokenizer: Tokenizer):
    task, records = task_of(tokenizer), dialogues(3)
    first, *others = task.with_negatives(records, [["가", "나"], ["다"], []])
    response = first.fields["response"]
    first = first.with_labels(soft={response: 0.5, "가": 0.3, "나": 0.2})
    second = others[0].with_labels(soft={"다": 1.0})  # of a copy whose response was put in other words
    soft = task.prepare([first, second, others[1]]).targets["soft"]
    assert soft.dtype == np.float32
    assert soft == pytest.approx(np.array([[0.5, 0.3, 0.2], [0, 0, 0], [0, 0, 0]]))


def test_a_cross_encoder_reads_them_first_and_no_text_twice(tokenizer: Tokenizer):
    task, records = task_of(tokenizer, "cross"), dialogues(6)
    dealt = task.deal(records, 2)
    assert [len(record.labels["candidates"]) for record in dealt] == [2] * 6
    again = dealt[0].labels["candidates"][0]
    mined = task.with_negatives(dealt, [[again.replace(".", " !"), "가"], *[[]] * 5])
    assert mined[0].labels["candidates"] == [again.replace(".", " !"), "가", dealt[0].labels["candidates"][1]]
    features = task.prepare(mined)
    assert np.bincount(features.record).tolist() == [4, 3, 3, 3, 3, 3]
    assert features.targets["label"].sum() == 6 and features.targets["label"][0] == 1
    assert "negative" not in features.targets


def test_drawn_candidates_leave_listed_ones_alone(tokenizer: Tokenizer):
    task = task_of(tokenizer, "cross")
    records = [*dialogues(5), said("x", "뭐 해요?", "쉬어요.", candidates=["자요.", "먹어요.", "놀아요."])]
    counts = [len(record.labels["candidates"]) for record in task.deal(records, 1)]
    assert counts == [1] * 5 + [3]
    assert [len(record.labels["candidates"]) for record in task.deal(records)] == [2] * 5 + [3]
