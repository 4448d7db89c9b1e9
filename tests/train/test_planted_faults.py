"""Faults of models and loops that ran for days elsewhere, planted one by one: each must be refused.

The identifiers are of the systems in which such a fault was found (C1: a relation extractor whose second
layer was never used, F1: a feature extractor without a gradient, and so on).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gongbang.errors import PreflightError
from gongbang.nn.span import SpanModel
from gongbang.train.loop import Loop
from gongbang.train.preflight import run_preflight
from gongbang.train.proofs.schedule import prove_selection
from gongbang.train.proofs.trial import Trial
from gongbang.train.workbench import Workbench
from tests.train.planted import refused, sound_bench


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted")


class DetachedFeatures(SpanModel):
    def forward(self, input_ids, attention_mask, token_type_ids=None):
        states = self.encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        logits = self.head(states.detach()).masked_fill(attention_mask[:, :, None] == 0, -10_000.0)
        return {"start_logits": logits[:, :, 0], "end_logits": logits[:, :, 1]}


class FirstLayerOnly(SpanModel):
    def forward(self, input_ids, attention_mask, token_type_ids=None):
        states = self.encoder(
            input_ids=input_ids,
            attention_mask=attention_mask,
            token_type_ids=token_type_ids,
            output_hidden_states=True,
        ).hidden_states[1]
        logits = self.head(states).masked_fill(attention_mask[:, :, None] == 0, -10_000.0)
        return {"start_logits": logits[:, :, 0], "end_logits": logits[:, :, 1]}


class SoftmaxTwice(SpanModel):
    def loss(self, batch):
        out = self(batch["input_ids"], batch["attention_mask"], batch["token_type_ids"])
        return sum(
            nn.functional.cross_entropy(out[f"{side}_logits"].softmax(-1), batch[f"{side}_positions"]) / 2
            for side in ("start", "end")
        )


class DeafToTargets(SpanModel):
    def loss(self, batch):
        out = self(batch["input_ids"], batch["attention_mask"], batch["token_type_ids"])
        zero = 0 * (batch["start_positions"] + batch["end_positions"]).sum()
        return sum(out[name].clamp(min=-50).square().mean() for name in self.output_names) + zero


class EndForgotten(SpanModel):
    def loss(self, batch):
        out = self(batch["input_ids"], batch["attention_mask"], batch["token_type_ids"])
        return nn.functional.cross_entropy(out["start_logits"], batch["start_positions"])


class TypesIgnored(SpanModel):
    def loss(self, batch):
        out = self(batch["input_ids"], batch["attention_mask"])
        start = nn.functional.cross_entropy(out["start_logits"], batch["start_positions"])
        return (start + nn.functional.cross_entropy(out["end_logits"], batch["end_positions"])) / 2


class DividedTwice(SpanModel):
    def loss(self, batch):
        return super().loss(batch) / len(batch["input_ids"])


class AttendsToPadding(SpanModel):
    def forward(self, input_ids, attention_mask, token_type_ids=None):
        out = super().forward(input_ids, torch.ones_like(attention_mask), token_type_ids)
        return {name: t.masked_fill(attention_mask == 0, -10_000.0) for name, t in out.items()}


class Squeezes(SpanModel):
    def forward(self, input_ids, attention_mask, token_type_ids=None):
        out = super().forward(input_ids, attention_mask, token_type_ids)
        return {name: tensor.squeeze() for name, tensor in out.items()}


class LooksAtNeighbours(SpanModel):
    def forward(self, input_ids, attention_mask, token_type_ids=None):
        out = super().forward(input_ids, attention_mask, token_type_ids)
        return {name: t + t.mean(dim=0, keepdim=True) for name, t in out.items()}


class SpreadAsMean(SpanModel):
    def __init__(self, encoder, hidden_size):
        super().__init__(encoder, hidden_size)
        nn.init.normal_(self.head.weight, 0.5, 0.1)


class LogOfZero(SpanModel):
    def loss(self, batch):
        return super().loss(batch) + torch.zeros(1).log().sum()


class AsksForMore(SpanModel):
    def loss(self, batch):
        return super().loss(batch) + batch["is_impossible"].sum()


class GlobalNoise(SpanModel):
    def loss(self, batch):
        return super().loss(batch) * float(np.random.default_rng().uniform(0.999, 1.001))


class DropsOutAnyway(SpanModel):
    def forward(self, input_ids, attention_mask, token_type_ids=None):
        out = super().forward(input_ids, attention_mask, token_type_ids)
        keep = nn.functional.dropout(torch.ones_like(input_ids, dtype=torch.float), 0.2, self.training)
        return {name: tensor * keep.clamp(min=0.5) for name, tensor in out.items()}


MODELS = [
    ("F1 detached features", DetachedFeatures, "gradients", "graph is cut", r"detach\(\)"),
    ("C1 second layer unused", FirstLayerOnly, "gradients", "never uses", r"states\[-1\]"),
    ("F4 softmax before a softmaxing loss", SoftmaxTwice, "over-fit one batch", "by heart", "raw logits"),
    ("C2 loss of other targets", DeafToTargets, "targets matter", "does not look", "targets"),
    ("B8 a target that nothing reads", EndForgotten, "model inputs", "never reads.*end_positions", "loss"),
    ("B8 an input that the loss leaves out", TypesIgnored, "model inputs", "input 'token_type_ids'", "loss"),
    ("A2 a mean divided again", DividedTwice, "targets matter", "size of the batch", "once"),
    ("D1 no padding mask", AttendsToPadding, "padding", "padded places", "attention_mask"),
    ("D1 squeeze at a batch of one", Squeezes, "padding", "batch of one|rows beside", "squeeze|mask"),
    ("D1 rows that see each other", LooksAtNeighbours, "padding", "rows beside", "mask"),
    ("D1 spread given as mean", SpreadAsMean, "initial weights", "as its mean", "mean=0"),
    ("C7 a loss that is no number", LogOfZero, "finite loss", "not a number", "logarithm"),
    ("B15 an input nobody prepares", AsksForMore, "model inputs", "does not prepare", "names"),
    ("F7 randomness without a seed", GlobalNoise, "determinism", "first loss", "generator"),
    ("D4 dropout that is always on", DropsOutAnyway, "options act", "drops out", "config.json"),
]


@pytest.mark.parametrize(
    ("model", "check", "cause", "cure"), [m[1:] for m in MODELS], ids=[m[0] for m in MODELS]
)
def test_a_broken_model_is_refused(folder: Path, model: type[SpanModel], check: str, cause: str, cure: str):
    bench = sound_bench(folder)
    bench.model = model(bench.backbone.model, bench.backbone.hidden_size)
    refused(bench, check, cause, cure)


def test_double_softmax_is_named_as_the_likely_cause(folder: Path):
    bench = sound_bench(folder)
    bench.model = SoftmaxTwice(bench.backbone.model, 32)
    error = refused(bench, "over-fit one batch", "by heart", "raw logits")
    assert "softmaxed twice" in str(error.value)


class PerEpoch(Loop):
    """B5: the schedule counts steps and is advanced once an epoch."""

    def _set_rates(self, optimizer: Any, rates: list[float], total: int) -> None:
        done = self._progress.epoch + 1
        for group, rate in zip(optimizer.param_groups, rates, strict=True):
            group["lr"] = rate * (1.0 - done / (total + 1))


class LastMetricWins(Loop):
    """B5: the best weights are overwritten whenever any other metric improves."""

    def _evaluate(self, optimizer: Any) -> None:
        inner = self.evaluate
        assert inner is not None
        self.evaluate = lambda model: {**(found := inner(model)), self.settings.metric: found["accuracy"]}
        super()._evaluate(optimizer)
        self.evaluate = inner


class LowestWins(Loop):
    """F4: the comparison has its sign reversed."""

    def _evaluate(self, optimizer: Any) -> None:
        inner = self.evaluate
        assert inner is not None
        self.evaluate = lambda model: {name: -value for name, value in inner(model).items()}
        super()._evaluate(optimizer)
        self.evaluate = inner


class KeepsTheRaw(Loop):
    """G2: the average is judged, and other weights are kept."""

    def _result(self, speed: float) -> Any:
        result = super()._result(speed)
        with torch.no_grad():
            next(self.model.parameters()).add_(1.0)
        return result


class LastWins(Loop):
    """B5: each evaluation overwrites the best weights."""

    def _evaluate(self, optimizer: Any) -> None:
        self._progress.best = None
        super()._evaluate(optimizer)


class NeverSteps(Loop):
    def _set_rates(self, optimizer: Any, rates: list[float], total: int) -> None:
        for group in optimizer.param_groups:
            group["lr"] = 0.0


class LosesItsEnd(Loop):
    """G3: the last, incomplete accumulation is thrown away."""

    def run(self, *, resume: bool = False, max_steps: int | None = None) -> Any:
        return super().run(resume=resume, max_steps=7)


class ByEpochsAlone(Loop):
    """A run that is to end after so many steps goes on to the end of its epochs."""

    def run(self, *, resume: bool = False, max_steps: int | None = None) -> Any:
        self.settings = self.settings.model_copy(update={"steps": None})
        return super().run(resume=resume, max_steps=max_steps)


LOOPS = [
    ("B5 schedule stepped per epoch", PerEpoch, "schedule", "per epoch", "each optimiser step"),
    ("B5 best by another metric", LastMetricWins, "best checkpoint", "best f1", "declared metric"),
    ("F4 the sign reversed", LowestWins, "best checkpoint", "best f1", "declared metric"),
    ("B5 the last is kept", LastWins, "best checkpoint", "best f1", "declared metric"),
    ("G2 kept is not what was judged", KeepsTheRaw, "best checkpoint", "best f1", "declared metric"),
    ("A5 a rate of zero", NeverSteps, "learning rate", "zero throughout", "learning_rate"),
    ("G3 steps that are lost", LosesItsEnd, "schedule", "number of steps", "incomplete"),
]


@pytest.mark.parametrize(
    ("loop", "check", "cause", "cure"), [m[1:] for m in LOOPS], ids=[m[0] for m in LOOPS]
)
def test_a_broken_loop_is_refused(folder: Path, loop: type[Loop], check: str, cause: str, cure: str):
    refused(sound_bench(folder), check, cause, cure, loop=loop)


def test_a_loop_that_does_not_heed_the_steps_it_is_given_is_refused(folder: Path):
    bench = sound_bench(folder, training__steps=7)
    run_preflight(bench)
    refused(bench, "schedule", "number of steps", "each accumulated batch", loop=ByEpochsAlone)


@pytest.mark.parametrize("epochs", [1, 2, 40])
def test_the_last_is_not_the_best_whatever_the_epochs(folder: Path, epochs: int):
    bench = sound_bench(folder, training__epochs=epochs)
    assert prove_selection(Trial(bench)).numbers["evaluations"] >= 5
    with pytest.raises(PreflightError, match="not those of the best f1"):
        prove_selection(Trial(bench, loop=LastWins))


def _settings(bench: Workbench, **update: Any) -> None:
    training = bench.recipe.training.model_copy(update=update)
    bench.recipe = bench.recipe.model_copy(update={"training": training})


def _no_rate(bench: Workbench) -> None:
    _settings(bench, learning_rate=0.0)


def _thawed(bench: Workbench) -> None:
    bench.recipe = bench.recipe.model_copy(update={"freeze": ["word_embeddings"]})


def _misnamed(bench: Workbench) -> None:
    bench.recipe = bench.recipe.model_copy(update={"freeze": ["wrod_embeddings"]})


def _all_frozen(bench: Workbench) -> None:
    bench.model.requires_grad_(False)


def _unread_dropout(bench: Workbench) -> None:
    bench.recipe = bench.recipe.model_copy(update={"dropout": 0.1})


def _endless_patience(bench: Workbench) -> None:
    _settings(bench, patience=5)


def _too_much_accumulated(bench: Workbench) -> None:
    _settings(bench, accumulate=50)


def _lonely_groups(bench: Workbench) -> None:
    bench.training = [replace(record, group=record.id) for record in bench.training]
    _settings(bench, batch_by="group")


def _nameless_layers(bench: Workbench) -> None:
    class Plain(SpanModel):
        def named_parameters(self, *args: Any, **kwargs: Any) -> Any:
            for name, value in super().named_parameters(*args, **kwargs):
                yield name.replace(".layer.", ".block").replace("embeddings", "table"), value

    _settings(bench, layer_decay=0.9)
    bench.model = Plain(bench.backbone.model, 32)


SETTINGS: list[tuple[str, Callable[[Workbench], None], str, str, str]] = [
    ("F1 learning rate zero", _no_rate, "learning rate", "zero", "learning_rate"),
    ("F8 frozen in the recipe, trained all the same", _thawed, "options act", "trainable", "Freeze"),
    ("C4 a frozen name that matches nothing", _misnamed, "options act", "no parameter", "freeze"),
    ("F8 everything frozen", _all_frozen, "gradients", "no parameter is trainable", "freeze"),
    ("B2 dropout that nobody reads", _unread_dropout, "options act", "dropout changes nothing", "dropout: 0"),
    ("F4 patience that cannot run out", _endless_patience, "options act", "never run out", "patience"),
    (
        "G3 more accumulated than there is",
        _too_much_accumulated,
        "options act",
        "fewer batches",
        "accumulate",
    ),
    ("B1 batches by group without groups", _lonely_groups, "options act", "nothing together", "batch_by"),
    ("B2 layer_decay without layers", _nameless_layers, "options act", "same rate", "layer_decay"),
]


@pytest.mark.parametrize(
    ("plant", "check", "cause", "cure"), [m[1:] for m in SETTINGS], ids=[m[0] for m in SETTINGS]
)
def test_a_setting_that_cannot_act_is_refused(
    folder: Path, plant: Callable[[Workbench], None], check: str, cause: str, cure: str
):
    bench = sound_bench(folder)
    plant(bench)
    refused(bench, check, cause, cure)


def test_weights_and_random_state_are_as_before_even_after_a_refusal(folder: Path):
    bench = sound_bench(folder)
    bench.model = SoftmaxTwice(bench.backbone.model, 32)
    before = {name: value.clone() for name, value in bench.model.state_dict().items()}
    torch.manual_seed(5)
    state: Tensor = torch.get_rng_state()
    refused(bench, "over-fit one batch", "by heart", "raw logits")
    assert torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(before[name], value) for name, value in bench.model.state_dict().items())
    assert all(value.grad is None for value in bench.model.parameters())
