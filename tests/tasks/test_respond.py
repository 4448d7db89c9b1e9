"""Response selection: rows and targets of each architecture, and from outputs to scores."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tokenizers import Tokenizer

from gongbang.data.records import Record
from gongbang.errors import ArtifactError, DataError, OptionError
from gongbang.tasks.respond import RespondConfig, RespondTask
from gongbang.tasks.selection import attended_scores, ranked_prediction
from tests.tasks.dialogues import dialogues, said, tokenizer

__all__ = ["tokenizer"]
SIDES = ("input_ids", "attention_mask", "response_input_ids", "response_attention_mask")


def task_of(tokenizer: Tokenizer, **options: Any) -> RespondTask:
    return RespondTask(tokenizer, RespondConfig(**{"max_context": 48, "max_response": 48} | options))


def stripped(features: Any, prefix: str = "") -> list[list[int]]:
    """Each row's ids without its padding."""
    ids, mask = features.inputs[f"{prefix}input_ids"], features.inputs[f"{prefix}attention_mask"]
    return [row[: kept.sum()].tolist() for row, kept in zip(ids, mask, strict=True)]


def vectors_of(features: Any, right: float = 1.0) -> dict[str, np.ndarray]:
    """Outputs of a bi-encoder for which each context points at its own response."""
    rng = np.random.default_rng(0)
    responses = rng.normal(size=(len(features), 16))
    responses /= np.linalg.norm(responses, axis=1, keepdims=True)
    return {"embedding": right * responses, "response_embedding": responses}


def test_a_row_is_a_record(tokenizer: Tokenizer):
    records = dialogues(5)
    features = task_of(tokenizer).prepare(records)
    assert tuple(features.inputs) == SIDES and len(features) == 5
    assert features.record.tolist() == [0, 1, 2, 3, 4]
    assert all(array.shape[0] == 5 for array in features.inputs.values())


def test_more_records_and_their_padding_change_no_row(tokenizer: Tokenizer):
    task, records = task_of(tokenizer), dialogues(6)
    records[5] = said(5, "아주 긴 말을 " * 12, "아주 긴 대답을 " * 12)
    few, all_of_them = task.prepare(records[:3]), task.prepare(records)
    assert few.inputs["input_ids"].shape[1] < all_of_them.inputs["input_ids"].shape[1]
    for prefix in ("", "response_"):
        assert stripped(all_of_them, prefix)[:3] == stripped(few, prefix)
    turned = task.prepare(records[::-1])
    assert stripped(turned)[::-1] == stripped(all_of_them)


def test_equal_texts_have_equal_numbers(tokenizer: Tokenizer):
    records = [
        said(0, "배고파", "밥 드세요."),
        said(1, "배고파!", "간식 드세요."),
        said(2, "출출해", "밥, 드세요"),
    ]
    targets = task_of(tokenizer).prepare(records).targets
    assert targets["context"].tolist() == [0, 0, 1] and targets["response"].tolist() == [0, 1, 0]


def test_listed_responses_have_rows_of_their_own(tokenizer: Tokenizer):
    records = [
        said(0, "배고파", "밥 드세요.", candidates=["비가 와요.", "주무세요."]),
        said(1, "졸려", "주무세요.", candidates=["비가 와요."]),
    ]
    features = task_of(tokenizer).prepare(records)
    assert features.rows == ["밥 드세요.", "주무세요.", "비가 와요."]
    assert features.targets["context"].tolist() == [0, 1, -1] and features.record.tolist() == [0, 1, 0]
    assert stripped(features)[2] == tokenizer.encode("").ids  # an empty context
    found = task_of(tokenizer).decode(vectors_of(features), features)
    assert [sorted(c.text for c in p.candidates) for p in found] == [
        ["밥 드세요.", "비가 와요.", "주무세요."],
        ["비가 와요.", "주무세요."],
    ]
    assert [p.details["rank"] for p in found] == [1, 1]


def test_a_perfect_and_a_constant_model(tokenizer: Tokenizer):
    task, records = task_of(tokenizer, candidates=10), dialogues(30)
    features = task.prepare(records)
    found = task.decode(vectors_of(features), features)
    scores = task.score(found, records).to_dict()
    assert scores["mrr"] == scores["r@1"] == 1.0 and scores["n"] == 30
    assert all(
        len(p.candidates) == 10 and p.text == r.fields["response"]
        for p, r in zip(found, records, strict=True)
    )
    assert all(abs(sum(c.probability for c in p.candidates) - 1) < 1e-9 for p in found)
    constant = task.score(task.decode(vectors_of(features, right=0.0), features), records).to_dict()
    assert constant["r@5"] == 0.0 and constant["mrr"] == pytest.approx(0.1)  # ties go to the wrong ones


def test_the_order_of_records_does_not_matter(tokenizer: Tokenizer):
    task, records = task_of(tokenizer, candidates=6), dialogues(20)
    features, turned = task.prepare(records), task.prepare(records[::-1])
    outputs = vectors_of(features)
    outputs["embedding"] = outputs["embedding"] + np.random.default_rng(1).normal(size=(20, 16))
    reverse = {name: array[::-1] for name, array in outputs.items()}
    plain = {p.id: p for p in task.decode(outputs, features)}
    again = {p.id: p for p in task.decode(reverse, turned)}
    assert {id: [c.text for c in p.candidates] for id, p in plain.items()} == {
        id: [c.text for c in p.candidates] for id, p in again.items()
    }
    assert task.score(list(plain.values()), records).value == pytest.approx(
        task.score(list(again.values()), records).value
    )


def test_poly_vectors_come_as_they_are_or_flat(tokenizer: Tokenizer):
    task, records = task_of(tokenizer, architecture="poly", candidates=5), dialogues(8)
    features = task.prepare(records)
    rng = np.random.default_rng(0)
    contexts, responses = rng.normal(size=(8, 3, 4)), rng.normal(size=(8, 4))
    whole = task.decode({"embedding": contexts, "response_embedding": responses}, features)
    flat = task.decode({"embedding": contexts.reshape(8, 12), "response_embedding": responses}, features)
    assert whole == flat
    mask = np.tile([1.0, 0.0, 0.0], (8, 1))
    masked = task.decode(
        {"embedding": contexts, "response_embedding": responses, "embedding_mask": mask}, features
    )
    first = task.decode({"embedding": contexts[:, 0], "response_embedding": responses}, features)
    assert [p.candidates[0].score for p in masked] == pytest.approx([p.candidates[0].score for p in first])


def test_poly_scores_by_hand():
    # Two vectors; the response's dot products with them are 0 and log 3, so it attends 1/4 and 3/4.
    contexts = np.array([[[0.0, 1.0], [np.log(3.0), 0.0]]])
    found = attended_scores(contexts, np.array([[[1.0, 0.0]]]))
    assert found[0, 0] == pytest.approx(0.75 * np.log(3.0))
    there = np.array([[True, False]])
    assert attended_scores(contexts, np.array([[[1.0, 0.0]]]), there)[0, 0] == 0.0


def test_a_cross_encoder_sees_each_candidate_beside_the_context(tokenizer: Tokenizer):
    task, records = task_of(tokenizer, architecture="cross", candidates=4), dialogues(6)
    features = task.prepare(records)
    assert set(features.inputs) == {"input_ids", "attention_mask", "token_type_ids"}
    assert features.record.tolist() == [at for at in range(6) for _ in range(4)]
    assert features.targets["label"].tolist() == [1, 0, 0, 0] * 6
    logits = np.where(features.targets["label"] == 1, 2.0, 0.0)
    for shape in ((24,), (24, 1)):
        found = task.decode({"logits": logits.reshape(shape)}, features)
        assert [p.details["rank"] for p in found] == [1] * 6
    listed = [said(0, "배고파", "밥 드세요.", candidates=["비가 와요."])]
    alone = task.prepare(listed)
    beside = task.prepare([*listed, *dialogues(6)])
    assert stripped(beside)[:2] == stripped(alone)


def test_candidates_to_rank_without_knowing_the_right_one(tokenizer: Tokenizer):
    record = Record("1", {"context": "안녕"}, labels={"candidates": ["어서 와요.", "잘 가요."]})
    features = task_of(tokenizer).prepare([record])
    outputs = {
        "embedding": np.array([[1.0], [0.0], [0.0]]),
        "response_embedding": np.array([[0.0], [1.0], [2.0]]),
    }
    (found,) = task_of(tokenizer).decode(outputs, features)
    assert found.text == "잘 가요." and found.details["rank"] is None
    cross = task_of(tokenizer, architecture="cross").prepare([record])
    assert cross.targets == {} and len(cross) == 2
    with pytest.raises(DataError, match="right response was not ranked"):
        task_of(tokenizer).score([found], [record])


@pytest.mark.parametrize(
    "fields", [{"context": " ", "response": "네"}, {"context": "안녕"}, {"response": "네"}]
)
def test_records_without_a_text_are_refused(tokenizer: Tokenizer, fields: dict[str, str]):
    with pytest.raises(DataError):
        task_of(tokenizer).prepare([Record("1", fields)])


def test_a_batch_of_one(tokenizer: Tokenizer):
    task, (record,) = task_of(tokenizer), dialogues(1)
    (found,) = task.decode(vectors_of(features := task.prepare([record])), features)
    assert found.text == record.fields["response"] and len(found.candidates) == 1


def test_the_temperature_is_fitted_and_changes_no_order(tokenizer: Tokenizer):
    task, records = task_of(tokenizer, candidates=10), dialogues(60)
    features = task.prepare(records)
    outputs = vectors_of(features)
    outputs["embedding"] = outputs["embedding"] + np.random.default_rng(3).normal(size=(60, 16)) * 0.4
    fitted, report = task.fit(outputs, features)
    assert 0 < fitted.settings.temperature < 1 and report["records"] == 60
    assert report["calibration error after"] < report["calibration error before"]
    before, after = task.decode(outputs, features), fitted.decode(outputs, features)
    assert [p.text for p in before] == [p.text for p in after]
    assert RespondTask.from_config(tokenizer, fitted.config()).settings == fitted.settings


def test_scores_are_clustered_by_group_and_matched_by_id():
    records = [said(n, f"말 {n}", "네") for n in range(4)]
    told = [ranked_prediction(r, ["네", "아니요"], [float(n % 2), 0.5]) for n, r in enumerate(records)]
    task = RespondTask.score  # it needs nothing of the task
    scores = task(None, told[::-1], records)  # type: ignore[arg-type]
    assert scores.scores["r@1"].value == 0.5 and scores.scores["mrr"].value == 0.75
    one = [replace(record, group="g") for record in records]
    assert task(None, told, one).scores["r@1"].value == 0.5  # type: ignore[arg-type]
    with pytest.raises(DataError, match="not ranked"):
        task(None, told[:3], records)  # type: ignore[arg-type]


def test_the_baselines(tokenizer: Tokenizer):
    task, records = task_of(tokenizer, candidates=10), dialogues(120)
    found = task.baselines(([], records))
    assert set(found) == {"random", "words", "most frequent"}
    assert found["random"].value == pytest.approx(sum(1 / k for k in range(1, 11)) / 10, abs=0.06)
    assert found["words"].scores["r@1"].value > 0.9  # the answers name what was asked for
    assert found["most frequent"].scores["r@1"].value == 0.0  # each is given once: all are equal
    often = [*records, *(said(f"x{n}", f"딴 말 {n}", "그래요.") for n in range(60))]
    assert task.baselines(([], often))["most frequent"].scores["r@1"].value > 0.3


def test_settings_are_checked(tokenizer: Tokenizer):
    for options in ({"architecture": "tri"}, {"candidates": 1}, {"temperature": 0.0}):
        with pytest.raises(OptionError):
            RespondConfig(**options)  # type: ignore[arg-type]
    with pytest.raises(ArtifactError, match="does not know"):
        RespondTask.from_config(tokenizer, {"max_contxt": 12})
    assert [task_of(tokenizer, architecture=kind).model for kind in ("bi", "poly", "cross")] == [
        "respond-bi",
        "respond-poly",
        "respond-cross",
    ]
