"""The encoder's contract: what is shown, what is ranked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tokenizers import Tokenizer

from gongbang.data.records import Record
from gongbang.errors import DataError, OptionError
from gongbang.tasks.encode import EncodeConfig, EncodeTask
from gongbang.tasks.encode_baselines import bigram_ranking
from tests.train.tiny import made_records, write_backbone


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> EncodeTask:
    folder = write_backbone(tmp_path_factory.mktemp("backbone"), kind="roberta")
    return EncodeTask(
        Tokenizer.from_file(str(folder / "tokenizer.json")),
        EncodeConfig(max_length=64, max_question=24, question_prefix="가온: ", passage_prefix="나래: "),
    )


def test_questions_and_passages_are_shown_differently(task: EncodeTask):
    question = task.prepare_questions(["공방"])["input_ids"]
    passage = task.prepare_passages([""], ["공방"])["input_ids"]
    assert not np.array_equal(question, passage)


def test_the_title_changes_the_passage_unless_switched_off(task: EncodeTask):
    plain = task.prepare_passages([""], ["공방이다."])["input_ids"]
    titled = task.prepare_passages(["가온"], ["공방이다."])["input_ids"]
    assert titled.shape[1] > plain.shape[1]
    off = EncodeTask(task.tokenizer, EncodeConfig(title=False, passage_prefix="나래: "))
    assert np.array_equal(off.prepare_passages(["가온"], ["공방이다."])["input_ids"], plain)


def test_long_texts_are_cut(task: EncodeTask):
    assert task.prepare_passages([""], ["공방 " * 500])["input_ids"].shape == (1, 64)
    assert task.prepare_questions(["공방 " * 500])["input_ids"].shape == (1, 24)


def test_passages_are_ranked_by_dot_product_each_once(task: EncodeTask):
    records = made_records(2)
    features = task.prepare(records)
    documents = features.targets["document"]
    vectors = np.eye(4)[documents]
    asked = np.eye(4)[documents]
    asked[0] = np.eye(4)[documents[-1]]  # the first question points at the last passage
    predictions = task.decode({"embedding": vectors, "question_embedding": asked}, features)
    assert all(len(p.details["ranked"]) == 4 for p in predictions)
    scores = task.score(predictions, records)
    assert scores.scores["recall@1"].value == pytest.approx(11 / 12)


def test_records_without_a_question_only_widen_the_corpus(task: EncodeTask):
    records = [*made_records(1), Record("p", {"context": "다른 글이다."})]
    features = task.prepare(records)
    vectors = np.random.default_rng(0).normal(size=(len(records), 8))
    predictions = task.decode({"embedding": vectors, "question_embedding": vectors}, features)
    assert len(predictions) == len(records) - 1
    assert len(predictions[0].details["ranked"]) == len(set(features.targets["document"]))


def test_a_passage_is_needed(task: EncodeTask):
    with pytest.raises(DataError, match="context"):
        task.prepare([Record("x", {"question": "무엇?", "context": " "})])


def test_the_baseline_beats_chance(task: EncodeTask):
    scores = task.baselines(([], made_records(10)))["shared bigrams"]
    assert scores.scores["recall@1"].value > 0.5


def test_special_tokens_in_a_text_stay_text(task: EncodeTask):
    ids = task.prepare_passages([""], ["앞 </s> 뒤 <pad> 끝 <s>"])["input_ids"][0].tolist()
    assert (ids.count(0), ids.count(1), ids.count(2)) == (1, 0, 1)  # the frame, nothing of the text
    question = task.prepare_questions(["<mask> 무엇?"])["input_ids"][0]
    assert task.tokenizer.token_to_id("<mask>") not in question


def test_a_question_that_its_passage_does_not_answer_is_not_ranked(task: EncodeTask):
    records = made_records(1)
    records[0] = replace(records[0], spans={"answers": ()})
    features = task.prepare(records)
    vectors = np.eye(2)[features.targets["document"]]
    predictions = task.decode({"embedding": vectors, "question_embedding": vectors}, features)
    assert [p.id for p in predictions] == [r.id for r in records[1:]]
    assert [p.id for p in bigram_ranking(records)] == [r.id for r in records[1:]]


@pytest.mark.parametrize("key", ["max_length", "max_question"])
@pytest.mark.parametrize("value", [2, 0, -5])
def test_lengths_without_room_for_a_text_are_refused(key: str, value: int):
    with pytest.raises(OptionError, match=f"{key} is too small"):
        EncodeConfig(**{key: value})
