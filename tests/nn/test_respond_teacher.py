"""Mined negatives and a teacher in the loss: by hand, with gradients, and where there is nothing to say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from gongbang.nn.respond import BiModel, PolyModel
from tests.nn.test_respond import CONTEXTS, MODELS, RESPONSES, batch_of, padded

MINED = [[[30, 31], [32]], [[33], [34, 35, 36]], [[37, 38], [23, 24, 25]]]
"""Two mined responses of each row; the last is marked as missing, and would score as the right one does."""


def with_mined(more: int = 0, **targets: Any) -> dict[str, Tensor]:
    ids, mask = padded([text for own in MINED for text in own], more)
    return {
        **batch_of(CONTEXTS, RESPONSES),
        "negative_input_ids": ids.reshape(3, 2, -1),
        "negative_attention_mask": mask.reshape(3, 2, -1),
        "negative": torch.tensor([[3, 4], [5, 6], [7, -1]]),
        **targets,
    }


@pytest.mark.parametrize("kind", MODELS)
def test_a_mined_response_scores_as_it_would_as_a_response_and_padding_changes_nothing(kind: str):
    torch.manual_seed(0)
    model = MODELS[kind]().eval()
    scores = model._mined_scores(model.pair_outputs(with_mined()))
    assert torch.allclose(scores, model._mined_scores(model.pair_outputs(with_mined(more=6))), atol=1e-5)
    for row in range(3):
        for at in range(2):
            alone = model._scores(model.pair_outputs(batch_of([CONTEXTS[row]], [MINED[row][at]])))
            assert torch.allclose(alone[0, 0], scores[row, at], atol=1e-5)


@pytest.mark.parametrize("kind", ["bi", "poly"])
def test_they_are_negatives_of_their_own_row_alone_and_missing_ones_are_none(kind: str):
    torch.manual_seed(1)
    model = MODELS[kind]().eval()
    batch = with_mined()
    out = model.pair_outputs(batch)
    scores, mined = model._scores(out), model._mined_scores(out)
    forward = torch.stack(
        [-torch.cat([scores[row], mined[row, : 2 if row < 2 else 1]]).log_softmax(0)[row] for row in range(3)]
    ).mean()
    backward = -scores.T.log_softmax(1).diagonal().mean()
    wanted = float((forward + backward).detach() / 2)
    assert float(model.loss(batch).detach()) == pytest.approx(wanted, abs=1e-5)


def test_one_that_stands_in_the_batch_as_a_response_counts_once():
    torch.manual_seed(2)
    model = MODELS["bi"]().eval()
    twice = with_mined(negative=torch.tensor([[1, 4], [5, 6], [7, -1]]))  # number 1 is the second row's own
    none = with_mined(negative=torch.tensor([[-1, 4], [5, 6], [7, -1]]))
    assert float(model.loss(twice)) == pytest.approx(float(model.loss(none)), abs=1e-6)
    assert float(model.loss(twice)) < float(model.loss(with_mined()))


SOFT = torch.tensor([[0.7, 0.2, 0.1], [0.0, 0.0, 0.0], [0.4, 0.6, 0.0]])


@pytest.mark.parametrize("kind", ["bi", "poly"])
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_the_teachers_part_is_the_divergence_by_hand(kind: str, temperature: float):
    torch.manual_seed(3)
    model = MODELS[kind]().eval()
    batch = with_mined(soft=SOFT)
    alone = float(model.loss(batch))
    assert alone == pytest.approx(float(model.loss(with_mined())))  # nobody was asked to teach
    model.learn_from(0.5, temperature)
    out = model.pair_outputs(batch)
    scores = torch.cat([model._scores(out).diagonal()[:, None], model._mined_scores(out)], dim=1)
    divergences = []
    for row, real in ((0, 3), (2, 2)):  # the second row has no teacher, the third one response less
        teacher = SOFT[row, :real].double().numpy() ** (1 / temperature)
        teacher /= teacher.sum()
        student = scores[row, :real].detach().double().numpy() / temperature
        student = np.exp(student - student.max()) / np.exp(student - student.max()).sum()
        divergences.append(sum(p * math.log(p / q) for p, q in zip(teacher, student, strict=True)))
    wanted = 0.5 * temperature**2 * sum(divergences) / 2
    assert float(model.loss(batch)) - alone == pytest.approx(wanted, rel=1e-4)


def test_a_divergence_known_by_heart():
    """Student and teacher over two responses: KL((.75, .25) || (.5, .5)) = .75 ln 1.5 + .25 ln .5."""
    model = BiModel(torch.nn.Identity(), 2)
    model.learn_from(1.0, 1.0)
    batch = {"negative": torch.tensor([[3]]), "soft": torch.tensor([[0.75, 0.25]])}
    found = float(model._taught(torch.zeros(1, 2), batch))
    assert found == pytest.approx(0.75 * math.log(1.5) + 0.25 * math.log(0.5), abs=1e-6)
    assert found == pytest.approx(0.130812, abs=1e-6)


def test_its_gradient_is_student_less_teacher_and_nothing_flows_to_what_is_missing():
    model = BiModel(torch.nn.Identity(), 2)
    model.learn_from(2.0, 1.0)
    scores = torch.tensor([[1.0, 0.5, -3.0], [2.0, 0.0, 9.0]], requires_grad=True)
    batch = {
        "negative": torch.tensor([[3, 4], [5, -1]]),
        "soft": torch.tensor([[0.6, 0.3, 0.1], [0.5, 0.5, 0.0]]),
    }
    model._taught(scores, batch).backward()
    real = torch.tensor([[True, True, True], [True, True, False]])
    student = scores.detach().masked_fill(~real, float("-inf")).softmax(1)
    assert scores.grad is not None
    assert torch.allclose(scores.grad, 2.0 * (student - batch["soft"]) / 2, atol=1e-6)  # a mean over two rows
    assert float(scores.grad[1, 2]) == 0.0
    wide = scores.detach().double().requires_grad_()
    assert torch.autograd.gradcheck(lambda s: model._taught(s, batch), (wide,), atol=1e-4)


@pytest.mark.parametrize("kind", ["bi", "poly"])
def test_a_student_comes_to_agree_with_its_teacher(kind: str):
    torch.manual_seed(5)
    model = MODELS[kind]()
    model.learn_from(50.0, 1.0)
    batch = with_mined(soft=torch.tensor([[0.2, 0.7, 0.1], [0.1, 0.1, 0.8], [0.5, 0.5, 0.0]]))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        model.loss(batch).backward()
        optimizer.step()
    out = model.pair_outputs(batch)
    scores = torch.cat([model._scores(out).diagonal()[:, None], model._mined_scores(out)], dim=1)
    assert scores[:2].argmax(1).tolist() == [1, 2]
    if kind == "poly":
        assert isinstance(model, PolyModel) and model.codes is not None and model.codes.grad is not None


def test_many_codes_on_a_short_context():
    from gongbang.nn.respond import PolyOptions
    from tests.nn.test_respond import WIDTH, Words

    torch.manual_seed(6)
    for codes in ("learned", "first", "last"):
        model = PolyModel(Words(), WIDTH, options=PolyOptions(vectors=360, codes=codes))  # type: ignore[arg-type]
        model.learn_from(0.5, 1.0)
        loss = model.loss(with_mined(soft=SOFT))
        loss.backward()
        assert math.isfinite(float(loss.detach()))
        assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)


def test_a_batch_in_which_nobody_asks_costs_nothing():
    model = MODELS["bi"]()
    batch = with_mined(context=torch.tensor([-1, -1, -1]))
    loss = model.loss(batch)
    loss.backward()
    assert float(loss.detach()) == 0.0
