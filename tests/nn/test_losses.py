"""Losses: every one against plain arithmetic, its gradient against differences, and at the edges."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from gongbang.errors import OptionError
from gongbang.metrics.multilabel import graded_ndcg_at_k
from gongbang.nn.losses import CLASS_LOSSES, LABEL_LOSSES, make_loss

SCORES = [[1.2, -0.4, 0.3, 0.9], [-0.5, 2.0, 0.1, -1.1], [0.2, 0.4, -0.3, 0.0]]
GRADES = [[3.0, 0.0, 1.0, 0.0], [0.0, 2.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.0]]
SETS = [[float(grade > 0) for grade in row] for row in GRADES]
CLASSES = [2, 1, 3]
TAKES_SHARES = {"bce", "soft_f1"}
LEARN_FROM_NEGATIVES = {"bce"}
"""The one loss in which a row without a positive teaches something."""
EVERY = [(name, "class") for name in CLASS_LOSSES] + [(name, "labels") for name in LABEL_LOSSES]


def targets_of(name: str, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    if name in ("cross_entropy", "focal"):
        return torch.tensor(CLASSES)
    return torch.tensor(SETS if name in TAKES_SHARES else GRADES, dtype=dtype)


def value(name: str, kind: Any, scores: Any, targets: Any, **options: Any) -> float:
    return float(make_loss(name, kind, **options)(torch.tensor(scores).double(), torch.tensor(targets)))


def log_softmax(row: list[float]) -> list[float]:
    total = math.log(sum(math.exp(score) for score in row))
    return [score - total for score in row]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


# By hand.


def test_cross_entropy():
    each = [-log_softmax(row)[at] for row, at in zip(SCORES, CLASSES, strict=True)]
    assert value("cross_entropy", "class", SCORES, CLASSES) == pytest.approx(sum(each) / 3)
    known = torch.nn.functional.cross_entropy(torch.tensor(SCORES), torch.tensor(CLASSES))
    assert sum(each) / 3 == pytest.approx(float(known))


def test_label_smoothing():
    expected = 0.0
    for row, at in zip(SCORES, CLASSES, strict=True):
        target = [0.2 / 4 + 0.8 * (c == at) for c in range(4)]
        expected -= sum(t * log for t, log in zip(target, log_softmax(row), strict=True)) / 3
    assert value("cross_entropy", "class", SCORES, CLASSES, label_smoothing=0.2) == pytest.approx(expected)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_class_weights_weigh(smoothing: float):
    loss = partial(value, "cross_entropy", "class", label_smoothing=smoothing)
    one, other = (loss([row], [at]) for row, at in zip(SCORES[:2], CLASSES[:2], strict=True))
    weights = [1.0, 3.0, 0.5, 1.0]  # the rows are of classes 2 and 1
    assert loss(SCORES[:2], CLASSES[:2], weight=weights) == pytest.approx((0.5 * one + 3.0 * other) / 3.5)
    assert loss(SCORES[:2], CLASSES[:2], weight=[1.0, 0.0, 0.5, 1.0]) == pytest.approx(one)
    doubled = loss([SCORES[0], SCORES[1], SCORES[1]], [2, 1, 1])  # a weight of 2 is a row twice
    assert loss(SCORES[:2], CLASSES[:2], weight=[1.0, 2.0, 1.0, 1.0]) == pytest.approx(doubled)


def test_weights_of_torch_without_smoothing():
    weight = torch.tensor([1.0, 3.0, 0.5, 2.0])
    known = torch.nn.functional.cross_entropy(torch.tensor(SCORES), torch.tensor(CLASSES), weight=weight)
    assert value("cross_entropy", "class", SCORES, CLASSES, weight=weight) == pytest.approx(float(known))


def test_focal():
    logs = [log_softmax(row)[at] for row, at in zip(SCORES, CLASSES, strict=True)]
    expected = [-((1 - math.exp(log)) ** 1.5) * log for log in logs]
    assert value("focal", "class", SCORES, CLASSES, gamma=1.5) == pytest.approx(sum(expected) / 3)
    plain = value("cross_entropy", "class", SCORES, CLASSES)
    assert value("focal", "class", SCORES, CLASSES, gamma=0.0) == pytest.approx(plain)
    weights = [1.0, 3.0, 0.5, 1.0]
    weighted = (0.5 * expected[0] + 3.0 * expected[1]) / 3.5
    assert value("focal", "class", SCORES[:2], CLASSES[:2], gamma=1.5, weight=weights) == pytest.approx(
        weighted
    )


def test_soft_cross_entropy():
    teacher, temperature = [0.7, 0.2, 0.1, 0.0], 2.0
    softened = [p ** (1 / temperature) for p in teacher]
    softened = [p / sum(softened) for p in softened]
    student = log_softmax([score / temperature for score in SCORES[0]])
    expected = 4.0 * sum(p * (math.log(p) - log) for p, log in zip(softened, student, strict=True) if p)
    found = value("soft_cross_entropy", "class", [SCORES[0]], [teacher], temperature=temperature)
    assert found == pytest.approx(expected)
    votes = [7.0, 2.0, 1.0, 0.0]  # made to sum to 1
    assert value("soft_cross_entropy", "class", [SCORES[0]], [votes], temperature=2.0) == pytest.approx(
        expected
    )


def test_soft_cross_entropy_is_nothing_where_teacher_and_student_agree():
    teacher = torch.softmax(torch.tensor(SCORES).double(), dim=1)
    for temperature in (1.0, 3.0):
        loss = make_loss("soft_cross_entropy", "class", temperature=temperature)
        assert float(loss(torch.tensor(SCORES).double(), teacher)) == pytest.approx(0.0, abs=1e-12)


def test_the_gradient_of_soft_cross_entropy_keeps_its_size():
    sizes = []
    for temperature in (10.0, 40.0):
        logits = torch.tensor(SCORES).double().requires_grad_()
        make_loss("soft_cross_entropy", "class", temperature=temperature)(
            logits, torch.eye(4).double()[CLASSES] * 0.9 + 0.025
        ).backward()
        sizes.append(float(logits.grad.norm()))  # type: ignore[union-attr]
    assert sizes[1] == pytest.approx(sizes[0], rel=0.1)


def test_bce():
    pairs = [(s, y) for row, set_ in zip(SCORES, SETS, strict=True) for s, y in zip(row, set_, strict=True)]
    expected = [-y * math.log(sigmoid(s)) - (1 - y) * math.log(1 - sigmoid(s)) for s, y in pairs]
    assert value("bce", "labels", SCORES, SETS) == pytest.approx(sum(expected) / 12)
    shared = -0.4 * math.log(sigmoid(1.0)) - 0.6 * math.log(1 - sigmoid(1.0))
    assert value("bce", "labels", [[1.0]], [[0.4]]) == pytest.approx(shared)
    heavier = [3.0, 1.0, 1.0, 1.0]  # one positive of the first label
    expected[0] *= 3.0
    assert value("bce", "labels", SCORES, SETS, positive_weight=heavier) == pytest.approx(sum(expected) / 12)


def test_softmax_over_positives():
    first, second = log_softmax(SCORES[0]), log_softmax(SCORES[1])
    expected = (-(first[0] + first[2]) / 2 - (second[1] + second[3]) / 2) / 2
    assert value("softmax", "labels", SCORES, SETS) == pytest.approx(expected)
    graded = (-(3 * first[0] + first[2]) / 4 - (2 * second[1] + second[3]) / 3) / 2
    assert value("softmax", "labels", SCORES, GRADES) == pytest.approx(graded)


def smooth_top_k_by_sets(row: list[float], right: int, k: int, temperature: float, margin: float) -> float:
    """Berrada et al.: the difference of two log-sums over all sets of k labels."""
    everything, with_right = 0.0, 0.0
    for chosen in combinations(range(len(row)), k):
        mean = sum(row[at] for at in chosen) / k
        everything += math.exp((mean + margin * (right not in chosen)) / temperature)
        with_right += math.exp(mean / temperature) * (right in chosen)
    return temperature * (math.log(everything) - math.log(with_right))


@pytest.mark.parametrize(("k", "temperature", "margin"), [(1, 1.0, 1.0), (2, 0.5, 1.0), (3, 2.0, 0.5)])
def test_smooth_top_k_of_one_positive(k: int, temperature: float, margin: float):
    expected = smooth_top_k_by_sets(SCORES[0], 2, k, temperature, margin)
    options = {"k": k, "temperature": temperature, "margin": margin}
    assert value("smooth_top_k", "labels", [SCORES[0]], [[0.0, 0.0, 1.0, 0.0]], **options) == pytest.approx(
        expected
    )


def test_smooth_top_k_of_several_positives():
    # Labels 0 and 2 are right, in grades 3 to 1: each stands against the negatives 1 and 3 alone.
    row = SCORES[0]
    first, third = (smooth_top_k_by_sets([row[at], row[1], row[3]], 0, 2, 1.0, 1.0) for at in (0, 2))
    found = value("smooth_top_k", "labels", [row], [GRADES[0]], k=2)
    assert found == pytest.approx((3 * first + third) / 4)
    # Against two negatives a label is among the first three whatever its score.
    assert value("smooth_top_k", "labels", [row], [GRADES[0]], k=3) == 0.0


def test_smooth_top_1_without_a_margin_is_cross_entropy():
    one_hot = torch.eye(4)[CLASSES].tolist()
    expected = value("cross_entropy", "class", SCORES, CLASSES)
    assert value("smooth_top_k", "labels", SCORES, one_hot, k=1, margin=0.0) == pytest.approx(expected)


def test_smooth_top_k_of_many_labels_in_single_precision():
    torch.manual_seed(0)
    scores, targets = 30 * torch.randn(8, 44), torch.zeros(8, 44)
    targets[:, 7] = 1.0
    loss = make_loss("smooth_top_k", "labels", k=5, temperature=0.1)
    assert float(loss(scores, targets)) == pytest.approx(float(loss(scores.double(), targets)), rel=1e-4)


def test_soft_f1():
    labels = []
    for at in range(4):
        shares, had = [sigmoid(2 * (row[at] - 0.1)) for row in SCORES], [row[at] for row in SETS]
        hit = sum(p * y for p, y in zip(shares, had, strict=True))
        labels.append(1 - 2 * hit / (sum(shares) + sum(had)))
    assert value("soft_f1", "labels", SCORES, SETS, slope=2.0, offset=-0.1) == pytest.approx(sum(labels) / 4)
    # A label without a positive in the batch is left out.
    without = [[*row[:3], 0.0] for row in SETS]
    found = value("soft_f1", "labels", SCORES, without, slope=2.0, offset=-0.1)
    assert found == pytest.approx(sum(labels[:3]) / 3)


def test_pairwise_logistic():
    def rows(grades: list[list[float]], slope: float = 1.0) -> list[float]:
        found = []
        for row, wanted in zip(SCORES[:2], grades[:2], strict=True):
            pairs = [(i, j) for i in range(4) for j in range(4) if wanted[i] > wanted[j]]
            costs = [math.log(1 + math.exp(-slope * (row[i] - row[j]))) for i, j in pairs]
            found.append(sum(costs) / len(costs))
        return found

    assert value("pairwise_logistic", "labels", SCORES, GRADES) == pytest.approx(sum(rows(GRADES)) / 2)
    steep = value("pairwise_logistic", "labels", SCORES, SETS, slope=2.0)
    assert steep == pytest.approx(sum(rows(SETS, 2.0)) / 2)
    assert value("pairwise_logistic", "labels", SCORES[:1], [[1.0] * 4]) == 0.0  # no pair


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_list_net(temperature: float):
    rows = []
    for row, wanted in zip(SCORES[:2], GRADES[:2], strict=True):
        target = log_softmax([grade / temperature for grade in wanted])
        rows.append(-sum(math.exp(t) * log for t, log in zip(target, log_softmax(row), strict=True)))
    found = value("list_net", "labels", SCORES, GRADES, target_temperature=temperature)
    assert found == pytest.approx(sum(rows) / 2)


def plackett_luce(row: list[float], order: list[int], judged: int) -> float:
    """Minus the log-likelihood of the first ``judged`` places of an order."""
    total = 0.0
    for place in range(judged):
        total += math.log(sum(math.exp(row[at]) for at in order[place:])) - row[order[place]]
    return total


def test_list_mle():
    distinct = [3.0, 0.0, 1.0, 2.0]  # one label of grade 0: the paper's loss
    found = value("list_mle", "labels", [SCORES[0]], [distinct])
    assert found == pytest.approx(plackett_luce(SCORES[0], [0, 3, 2, 1], 4))
    rows = plackett_luce(SCORES[0], [0, 2, 1, 3], 2) + plackett_luce(SCORES[1], [1, 3, 0, 2], 2)
    assert value("list_mle", "labels", SCORES, GRADES) == pytest.approx(rows / 2)
    # Of equal grades the model's own order is taken, the likeliest of all.
    orders = [plackett_luce(SCORES[0], [*first, 1, 3], 2) for first in ([0, 2], [2, 0])]
    assert value("list_mle", "labels", [SCORES[0]], [SETS[0]]) == pytest.approx(min(orders))


@pytest.mark.parametrize("gain", ["exponential", "linear"])
def test_approx_ndcg(gain: str):
    rows = []
    for row, wanted in zip(SCORES[:2], GRADES[:2], strict=True):
        gains = [2**grade - 1 if gain == "exponential" else grade for grade in wanted]
        places = [1 + sum(sigmoid(3.0 * (row[j] - row[i])) for j in range(4) if j != i) for i in range(4)]
        found = sum(g / math.log2(1 + place) for g, place in zip(gains, places, strict=True))
        best = sum(g / math.log2(2 + at) for at, g in enumerate(sorted(gains, reverse=True)))
        rows.append(1 - found / best)
    assert value("approx_ndcg", "labels", SCORES, GRADES, slope=3.0, gain=gain) == pytest.approx(
        sum(rows) / 2
    )


def test_approx_ndcg_of_a_steep_slope_is_ndcg():
    known = graded_ndcg_at_k(GRADES[:2], SCORES[:2], 4).mean()
    found = value("approx_ndcg", "labels", SCORES, GRADES, slope=500.0, gain="linear")
    assert 1 - found == pytest.approx(known)


# Of all alike.


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_gradients_are_those_of_differences(name: str, kind: Any):
    options = {"smooth_top_k": {"k": 2, "temperature": 0.7}, "focal": {"gamma": 0.5}}.get(name, {})
    loss, targets = make_loss(name, kind, **options), targets_of(name)
    logits = torch.tensor(SCORES, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: loss(x, targets), (logits,), eps=1e-6, atol=1e-7)
    loss(logits, targets).backward()
    assert float(logits.grad.abs().max()) > 1e-3  # type: ignore[union-attr]


@pytest.mark.parametrize(("name", "kind"), EVERY)
@pytest.mark.parametrize("scale", [0.0, 100.0, 1e4])
def test_extreme_logits_give_finite_losses_and_gradients(name: str, kind: Any, scale: float):
    for sign in (1.0, -1.0):
        logits = (sign * scale * torch.tensor(SCORES)).requires_grad_()
        loss = make_loss(name, kind)(logits, targets_of(name))
        loss.backward()
        assert torch.isfinite(loss) and torch.isfinite(logits.grad).all()  # type: ignore[arg-type]


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_of_a_certain_row(gamma: float):
    logits = torch.tensor([[200.0, 0.0]], requires_grad=True)
    loss = make_loss("focal", "class", gamma=gamma)(logits, torch.tensor([0]))
    loss.backward()
    assert float(loss.detach()) == 0.0 and torch.isfinite(logits.grad).all()  # type: ignore[arg-type]


@pytest.mark.parametrize("name", LABEL_LOSSES)
def test_rows_without_a_positive(name: str):
    loss = make_loss(name, "labels", **({"k": 1} if name == "smooth_top_k" else {}))
    logits = torch.tensor(SCORES, requires_grad=True)
    empty = loss(logits, torch.zeros(3, 4))
    empty.backward()
    assert torch.isfinite(logits.grad).all()  # type: ignore[arg-type]
    if name in LEARN_FROM_NEGATIVES:
        assert float(empty.detach()) > 0.0 and (logits.grad > 0).all()  # type: ignore[operator]
        return
    assert float(empty.detach()) == 0.0 and not logits.grad.any()  # type: ignore[union-attr]
    if name != "soft_f1":  # there an empty row still holds false positives of other rows' labels
        targets = targets_of(name, torch.float32)
        scores = logits.detach()
        assert float(loss(scores, targets)) == pytest.approx(float(loss(scores[:2], targets[:2])))


def test_a_row_without_a_teacher_is_left_out():
    loss = make_loss("soft_cross_entropy", "class")
    logits, teacher = torch.tensor(SCORES), torch.tensor([[0.5, 0.5, 0.0, 0.0], [0.0] * 4, [0.0] * 4])
    assert float(loss(logits, teacher)) == pytest.approx(float(loss(logits[:1], teacher[:1])))
    assert float(loss(logits, torch.zeros(3, 4))) == 0.0


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_descent_ends_in_the_right_order(name: str, kind: Any):
    wanted = torch.tensor([[3.0, 0.0, 1.0, 0.0]])
    targets = {"cross_entropy": torch.tensor([0]), "focal": torch.tensor([0])}.get(name, wanted)
    targets = wanted.clamp(max=1.0) if name in TAKES_SHARES else targets
    logits = torch.tensor([[-1.0, 0.5, -0.5, 1.0]], requires_grad=True)  # the wrong way round
    options: dict[str, Any] = {"smooth_top_k": {"k": 1}, "approx_ndcg": {"slope": 1.0}}.get(name, {})
    loss = make_loss(name, kind, **options)
    start = float(loss(logits.detach(), targets))
    optimiser = torch.optim.Adam([logits], lr=0.1)
    for _ in range(200):
        optimiser.zero_grad()
        loss(logits, targets).backward()
        optimiser.step()
    assert float(loss(logits.detach(), targets)) < start
    scores = logits.detach()[0].tolist()
    if targets.dim() == 1:
        assert scores.index(max(scores)) == 0
    else:
        assert min(scores[0], scores[2]) > max(scores[1], scores[3])
    if name in {"pairwise_logistic", "list_net", "list_mle", "approx_ndcg", "softmax", "soft_cross_entropy"}:
        assert scores[0] > scores[2]  # the higher grade first


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_the_loss_is_a_mean_over_rows(name: str, kind: Any):
    loss, logits, targets = make_loss(name, kind), torch.tensor(SCORES), targets_of(name, torch.float32)
    twice = loss(torch.cat([logits, logits]), torch.cat([targets, targets]))
    assert float(twice) == pytest.approx(float(loss(logits, targets)))


@pytest.mark.parametrize(("name", "kind"), EVERY)
def test_float32_whatever_the_logits_are(name: str, kind: Any):
    rough = torch.tensor(SCORES, dtype=torch.bfloat16)
    loss, targets = make_loss(name, kind), targets_of(name, torch.bfloat16)
    with torch.autocast("cpu", torch.bfloat16):
        found = loss(rough, targets)
    assert found.dtype == torch.float32
    assert float(found) == pytest.approx(float(loss(rough.double(), targets)), rel=1e-5)


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(sorted(LABEL_LOSSES)))
def test_no_loss_cares_for_the_order_of_the_labels(seed: int, name: str):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(5, 6, generator=generator, dtype=torch.float64)
    targets = torch.randint(0, 2 if name in TAKES_SHARES else 4, (5, 6), generator=generator).double()
    mixed = torch.randperm(6, generator=generator)
    loss = make_loss(name, "labels")
    assert float(loss(logits[:, mixed], targets[:, mixed])) == pytest.approx(float(loss(logits, targets)))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: make_loss("focl", "class"), "Did you mean 'focal'"),
        (lambda: make_loss("bce", "class"), "'bce' is of kind 'labels'"),
        (lambda: make_loss("focal", "label"), "Did you mean 'labels'"),  # type: ignore[arg-type]
        (lambda: make_loss("focal", "class", gama=1.0), "Did you mean 'gamma'"),
        (lambda: make_loss("softmax", "labels", k=1), "no option"),
        (lambda: value("cross_entropy", "class", SCORES, SETS), "kind 'class' take one number"),
        (lambda: value("bce", "labels", SCORES, CLASSES), "pair up"),
        (lambda: value("softmax", "labels", [[0.0, 0.0]], [[-1.0, 0.0]]), "below 0"),
        (lambda: value("softmax", "labels", [[0.0, 0.0]], [[float("nan"), 0.0]]), "no number"),
        (lambda: value("bce", "labels", SCORES, GRADES), "above 1"),
        (lambda: value("soft_f1", "labels", SCORES, GRADES), "above 1"),
        (lambda: value("cross_entropy", "class", SCORES, CLASSES, weight=[1.0]), "4 numbers"),
        (lambda: value("cross_entropy", "class", SCORES, CLASSES, weight=[-1.0, 1, 1, 1]), "4 numbers"),
        (lambda: value("cross_entropy", "class", SCORES, CLASSES, label_smoothing=1.0), "label_smoothing"),
        (lambda: value("focal", "class", SCORES, CLASSES, gamma=-1.0), "gamma"),
        (lambda: value("soft_cross_entropy", "class", SCORES, GRADES, temperature=0.0), "temperature"),
        (lambda: value("smooth_top_k", "labels", SCORES, SETS, k=4), "1 to 3"),
        (lambda: value("smooth_top_k", "labels", SCORES, SETS, temperature=0.0), "temperature"),
        (lambda: value("soft_f1", "labels", SCORES, SETS, slope=0.0), "slope"),
        (lambda: value("list_net", "labels", SCORES, SETS, target_temperature=0.0), "target_temperature"),
        (lambda: value("approx_ndcg", "labels", SCORES, SETS, gain="cubic"), "exponential, linear"),
    ],
)
def test_refusals(call: Callable[[], Any], message: str):
    with pytest.raises(OptionError, match=message):
        call()
