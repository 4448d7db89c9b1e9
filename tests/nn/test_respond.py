"""Response selection in torch: padding, batches of one, masked duplicates, and the poly-encoder by hand."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gongbang.errors import OptionError
from gongbang.nn.respond import BiModel, CrossModel, MatchOptions, PolyModel, PolyOptions
from gongbang.tasks.selection import attended_scores

WIDTH = 8


class Words(nn.Module):
    """Each token's own vector, mixed with its neighbours' by a causal-free convolution over real tokens."""

    def __init__(self) -> None:
        super().__init__()
        self.config = SimpleNamespace(type_vocab_size=1)
        self.table = nn.Embedding(50, WIDTH)

    def forward(self, input_ids: Tensor, attention_mask: Tensor, **_: Any) -> Any:
        states = self.table(input_ids)
        real = attention_mask[:, :, None].to(states.dtype)
        mean = (states * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)
        return SimpleNamespace(last_hidden_state=states + mean)


MODELS = {
    "bi": lambda: BiModel(Words(), WIDTH),
    "poly": lambda: PolyModel(Words(), WIDTH, options=PolyOptions(vectors=4)),
    "first": lambda: PolyModel(Words(), WIDTH, options=PolyOptions(vectors=4, codes="first")),
    "last": lambda: PolyModel(Words(), WIDTH, options=PolyOptions(vectors=4, codes="last")),
}


def padded(rows: list[list[int]], more: int = 0) -> tuple[Tensor, Tensor]:
    width = max(map(len, rows)) + more
    ids = torch.tensor([row + [0] * (width - len(row)) for row in rows])
    return ids, torch.tensor([[1] * len(row) + [0] * (width - len(row)) for row in rows])


def batch_of(contexts: list[list[int]], responses: list[list[int]], more: int = 0) -> dict[str, Tensor]:
    ids, mask = padded(contexts, more)
    response_ids, response_mask = padded(responses, more)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "response_input_ids": response_ids,
        "response_attention_mask": response_mask,
        "context": torch.arange(len(contexts)),
        "response": torch.arange(len(responses)),
    }


CONTEXTS, RESPONSES = [[5, 6, 7], [8, 9], [10, 11, 12, 13, 14]], [[20, 21], [22], [23, 24, 25]]


@pytest.mark.parametrize("kind", MODELS)
def test_padding_and_neighbours_change_no_score(kind: str):
    torch.manual_seed(0)
    model = MODELS[kind]().eval()
    whole = model._scores(model.pair_outputs(batch_of(CONTEXTS, RESPONSES)))
    wide = model._scores(model.pair_outputs(batch_of(CONTEXTS, RESPONSES, more=7)))
    assert torch.allclose(whole, wide, atol=1e-5)
    for at in range(3):
        alone = model._scores(model.pair_outputs(batch_of([CONTEXTS[at]], [RESPONSES[at]])))
        assert alone.shape == (1, 1) and torch.allclose(alone[0, 0], whole[at, at], atol=1e-5)


@pytest.mark.parametrize("kind", MODELS)
def test_a_batch_of_one_has_a_loss_and_the_torch_scores_are_those_that_are_served(kind: str):
    torch.manual_seed(1)
    model = MODELS[kind]().eval()
    assert float(model.loss(batch_of([CONTEXTS[0]], [RESPONSES[0]]))) == pytest.approx(0.0, abs=1e-6)
    out = model.pair_outputs(batch_of(CONTEXTS, RESPONSES))
    told = {name: value.detach().numpy() for name, value in out.items()}
    responses = np.broadcast_to(told["response_embedding"], (3, 3, WIDTH))
    there = told["embedding_mask"] > 0.5 if "embedding_mask" in told else None
    served = attended_scores(told["embedding"].reshape(3, -1, WIDTH), responses, there)
    scale = model.options.temperature if kind == "bi" else 1.0  # poly's vectors carry it
    assert np.allclose(served / scale, model._scores(out).detach().numpy(), atol=1e-4)


def test_codes_that_are_not_trained_yet_give_the_bi_encoders_order():
    torch.manual_seed(2)
    poly = MODELS["poly"]().eval()
    bi = BiModel(poly.encoder, WIDTH).eval()
    batch = batch_of(CONTEXTS, RESPONSES)
    assert torch.allclose(
        poly._scores(poly.pair_outputs(batch)), bi._scores(bi.pair_outputs(batch)), atol=0.05
    )


def test_one_code_attends_and_scores_as_by_hand():
    model = PolyModel(Words(), 2, options=PolyOptions(vectors=1, temperature=1.0)).eval()
    with torch.no_grad():
        model.codes.copy_(torch.tensor([[1.0, 0.0]]))
    states = torch.tensor([[[2.0, 0.0], [0.0, 1.0], [9.0, 9.0]]])
    vectors, there = model._vectors(states, torch.tensor([[1, 1, 0]]))
    weight = np.exp(2.0) / (np.exp(2.0) + 1.0)  # dots 2 and 0; the padded state has no share
    hand = np.array([2.0 * weight, 1.0 - weight])
    assert np.allclose(vectors[0, 0].detach().numpy(), hand / np.linalg.norm(hand), atol=1e-6)
    assert there.tolist() == [[1.0]]


@pytest.mark.parametrize(("codes", "taken"), [("first", [0, 1, 2]), ("last", [2, 3, 4])])
def test_the_first_or_last_states_are_taken_and_missing_ones_are_masked(codes: str, taken: list[int]):
    model = PolyModel(Words(), 2, options=PolyOptions(vectors=3, codes=codes, temperature=1.0))
    states = torch.nn.functional.normalize(torch.randn(2, 6, 2), dim=-1)
    mask = torch.tensor([[1, 1, 1, 1, 1, 0], [1, 1, 0, 0, 0, 0]])
    vectors, there = model._vectors(states, mask)
    assert torch.allclose(vectors[0], states[0, taken], atol=1e-6)
    real = [1.0, 1.0, 0.0] if codes == "first" else [0.0, 1.0, 1.0]
    assert there.tolist() == [[1.0, 1.0, 1.0], real]


def test_equal_responses_and_equal_contexts_are_no_negatives():
    torch.manual_seed(3)
    model = MODELS["bi"]().eval()
    batch = batch_of([[5, 6], [7, 8], [5, 6]], [[20], [20], [21]])
    batch |= {"response": torch.tensor([0, 0, 1]), "context": torch.tensor([0, 1, 0])}
    # Nothing is left that row 0 could be mistaken for; row 1 and 2 differ from each other alone.
    scores = model._scores(model.pair_outputs(batch))
    pair = torch.stack([torch.stack([scores[1, 1], scores[1, 2]]), torch.stack([scores[2, 2], scores[2, 1]])])
    back = torch.stack([torch.stack([scores[1, 1], scores[2, 1]]), torch.stack([scores[2, 2], scores[1, 2]])])
    wanted = -(pair.log_softmax(1)[:, 0].sum() + back.log_softmax(1)[:, 0].sum()) / 6
    assert float(model.loss(batch)) == pytest.approx(float(wanted), abs=1e-5)


def test_a_row_without_a_context_is_a_negative_for_the_others_alone():
    torch.manual_seed(4)
    model = MODELS["bi"]().eval()
    with_more = batch_of([[5, 6], [7, 8], [1]], [[20], [21], [22]])
    with_more["context"] = torch.tensor([0, 1, -1])
    scores = model._scores(model.pair_outputs(with_more))
    forward = -scores[:2].log_softmax(1).diagonal().mean()
    backward = -scores.T[:2, :2].log_softmax(1).diagonal().mean()
    assert float(model.loss(with_more)) == pytest.approx(float((forward + backward) / 2), abs=1e-5)


def test_training_separates_the_pairs():
    torch.manual_seed(5)
    for kind in ("bi", "poly"):
        model = MODELS[kind]()
        batch = batch_of(CONTEXTS, RESPONSES)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        first = float(model.loss(batch).detach())
        for _ in range(60):
            optimizer.zero_grad()
            model.loss(batch).backward()
            optimizer.step()
        assert float(model.loss(batch).detach()) < min(0.1, first)
        if kind == "poly":
            assert model.codes.grad is not None and float(model.codes.grad.abs().sum()) > 0


def test_a_cross_encoder_reads_rows_and_learns_them():
    torch.manual_seed(6)
    model = CrossModel(Words(), WIDTH)
    ids, mask = padded([[5, 20], [5, 21], [6, 22, 23], [6, 24]])
    batch = {
        "input_ids": ids,
        "attention_mask": mask,
        "label": torch.tensor([1, 0, 1, 0]),
        "record": torch.tensor([3, 3, 8, 8]),
    }
    logits = model(ids, mask)["logits"][:, 0]
    assert logits.shape == (4,)
    pairs = logits.detach().reshape(2, 2)
    expected = (pairs.exp().sum(dim=1).log() - pairs[:, 0]).mean()
    assert float(model.loss(batch).detach()) == pytest.approx(float(expected), rel=1e-5)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(80):
        optimizer.zero_grad()
        model.loss(batch).backward()
        optimizer.step()
    first, second = model(ids, mask)["logits"][:, 0].reshape(2, 2).T
    assert (first > second + 1).all()


def test_a_cross_encoder_learns_nothing_of_a_record_without_its_right_response():
    torch.manual_seed(6)
    model = CrossModel(Words(), WIDTH)
    ids, mask = padded([[5, 20], [5, 21], [6, 24]])
    batch = {"input_ids": ids, "attention_mask": mask}
    whole = model.loss(batch | {"label": torch.tensor([1, 0, 0]), "record": torch.tensor([0, 0, 1])})
    alone = {name: array[:2] for name, array in batch.items()}
    part = model.loss(alone | {"label": torch.tensor([1, 0]), "record": torch.tensor([0, 0])})
    assert float(whole.detach()) == pytest.approx(float(part.detach()), rel=1e-5)
    nothing = model.loss(batch | {"label": torch.zeros(3).long(), "record": torch.tensor([0, 0, 1])})
    assert float(nothing.detach()) == 0.0
    nothing.backward()


@pytest.mark.parametrize(
    "make",
    [
        lambda: MatchOptions(temperature=0.0),
        lambda: PolyOptions(vectors=0),
        lambda: PolyOptions(codes="middle"),  # type: ignore[arg-type]
    ],
)
def test_options_that_mean_nothing_are_refused(make: Any):
    with pytest.raises(OptionError):
        make()
