"""Known pairs beside a bi-encoder: by hand, kept as a part, and fitted where they help."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from gongbang.errors import ArtifactError, OptionError
from gongbang.tasks.pair_memory import PairMemory, Recall
from gongbang.tasks.respond import RespondTask
from gongbang.tasks.respond_baselines import nearest_known
from tests.tasks.dialogues import said, tokenizer
from tests.tasks.test_respond import task_of

__all__ = ["tokenizer"]
UNIT = np.eye(3)
TEXTS = ["네.", "아니요", "네"]  # the first and the last are one response


def memory(**recall: float) -> PairMemory:
    return PairMemory.of(TEXTS, UNIT, UNIT[[1, 2, 1]]).used(Recall(**recall))


def test_a_context_is_moved_to_what_its_neighbours_were_answered():
    found = memory(neighbours=2, temperature=0.5, weight=2.0).moved(np.array([[0.8, 0.6, 0.0]]))
    first = 1.0 / (1.0 + np.exp((0.6 - 0.8) / 0.5))  # the softmax of two, by hand
    assert found == pytest.approx(np.array([[0.8, 0.6 + 2.0 * first, 2.0 * (1.0 - first)]]), abs=1e-6)


def test_without_weight_nothing_moves_and_more_neighbours_than_pairs_are_all():
    context = np.array([[0.0, 0.6, 0.8]])
    assert memory(neighbours=2, weight=0.0).moved(context) == pytest.approx(context)
    many, all_three = (memory(neighbours=count).moved(context) for count in (50, 3))
    assert many == pytest.approx(all_three)


def test_equal_responses_are_one_and_are_known_again():
    held = memory()
    assert len(held) == 3 and len(held.responses) == 2 and held.answered.tolist() == [0, 1, 0]
    assert held.knows(" 네!") and held.knows("아니요…") and not held.knows("글쎄요")


@given(st.integers(1, 40), st.integers(0, 2**32 - 1))
def test_eight_bits_keep_a_vector_within_half_a_step_and_bytes_keep_the_memory(count: int, seed: int):
    rng = np.random.default_rng(seed)
    vectors = rng.normal(size=(2, count, 16))
    vectors /= np.linalg.norm(vectors, axis=2, keepdims=True)
    held = PairMemory.of([f"답 {n}" for n in range(count)], vectors[0], vectors[1]).used(
        Recall(7, 0.03, 0.75)
    )
    back = held.contexts * held.context_scales[:, None]
    assert (np.abs(back - vectors[0]) <= 0.501 * held.context_scales[:, None]).all()
    again = PairMemory.from_bytes(held.to_bytes())
    assert again.recall == held.recall and again.to_bytes() == held.to_bytes()
    probe = rng.normal(size=(3, 16))
    assert np.array_equal(again.moved(probe), held.moved(probe))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"x" * 100])
def test_another_part_is_refused(data: bytes):
    with pytest.raises(ArtifactError, match="known pairs of an artifact cannot be read"):
        PairMemory.from_bytes(data)


def test_a_cut_part_is_refused():
    data = memory().to_bytes()
    for length in (len(data) // 3, len(data) - 7):
        with pytest.raises(ArtifactError, match="cannot be read"):
            PairMemory.from_bytes(data[:length])


@pytest.mark.parametrize("wrong", [{"neighbours": 0}, {"temperature": 0.0}, {"weight": -1.0}])
def test_a_way_that_means_nothing_is_refused(wrong: dict[str, float]):
    with pytest.raises(OptionError):
        Recall(**wrong)  # type: ignore[arg-type]


def test_vectors_of_another_number_are_refused():
    with pytest.raises(OptionError, match="do not belong together"):
        PairMemory.of(["네"], UNIT, UNIT)
    with pytest.raises(OptionError, match="do not belong together"):
        PairMemory.of([], np.zeros((0, 3)), np.zeros((0, 3)))


@pytest.mark.parametrize("architecture", ["poly", "cross"])
def test_other_architectures_cannot_ask_it(tokenizer: Tokenizer, architecture: str):
    task = task_of(tokenizer, architecture=architecture)
    assert task.remembering(None).memory is None
    with pytest.raises(OptionError, match="bi-encoder"):
        task.remembering(memory())


def scene(tokenizer: Tokenizer, seed: int) -> tuple[RespondTask, dict[str, np.ndarray], object, PairMemory]:
    """Contexts near a known one each, of a model that does not know which response belongs to them."""
    rng = np.random.default_rng(seed)
    records = [said(n, f"말 {n}", f"답 {n}") for n in range(40)]
    task = task_of(tokenizer, candidates=8)
    features = task.prepare(records)
    known, responses = rng.normal(size=(2, 40, 32))
    known, responses = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (known, responses))
    near = known + rng.normal(size=known.shape) * 0.02
    outputs = {
        "embedding": near / np.linalg.norm(near, axis=1, keepdims=True),
        "response_embedding": responses,
    }
    return task, outputs, features, PairMemory.of([f"답 {n}" for n in range(40)], known, responses)


def test_known_pairs_that_help_are_fitted_and_told(tokenizer: Tokenizer):
    task, outputs, features, held = scene(tokenizer, 0)
    fitted, report = task.remembering(held).fit(outputs, features)
    assert fitted.memory is not None and fitted.memory.recall.weight > 0
    told = report["memory"]
    assert told["pairs"] == 40 and told["mrr without"] < 0.6 < 0.95 < told["mrr with"]
    ranks = [prediction.details["rank"] for prediction in fitted.decode(outputs, features)]
    assert np.mean(1 / np.array(ranks)) == pytest.approx(told["mrr with"], abs=1e-4)
    plain, bare = task.fit(outputs, features)
    assert plain.memory is None and "memory" not in bare


def test_known_pairs_that_mislead_are_left_out(tokenizer: Tokenizer):
    task, outputs, features, held = scene(tokenizer, 1)
    outputs["embedding"] = outputs["response_embedding"]  # the model knows, and these pairs are of chance
    fitted, report = task.remembering(held).fit(outputs, features)
    assert fitted.memory is None and report["memory"]["weight"] == 0.0
    assert report["memory"]["mrr with"] == report["memory"]["mrr without"] == 1.0


def test_the_baseline_that_knows_answers_by_heart():
    train = [said("a", "배가 고파요", "밥 드세요."), said("b", "잠이 와요", "주무세요.")]
    asked = [
        said("1", "배가 너무 고파요", "밥 드세요").with_labels(candidates=["주무세요.", "글쎄요"]),
        said("2", "심심해요", "놀아요").with_labels(candidates=["주무세요.", "글쎄요"]),
    ]
    told = nearest_known(train, asked)
    assert told[0].details["rank"] == 1 and told[0].candidates[-1].score == 0.0
    assert told[1].details["rank"] == 3  # nothing is known of it: all are equal
