"""Faults of tasks that choose among labels, planted and caught with their cause and cure."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from gongbang.data.records import Record
from gongbang.errors import PreflightError
from gongbang.train.preflight import run_preflight
from gongbang.train.recipe import parse_recipe
from gongbang.train.workbench import Workbench, assemble
from tests.train.planted import refused
from tests.train.tiny_labels import recipe_tree


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("planted-labels")


def bench_of(folder: Path, task: str = "classify", **changes: object) -> Workbench:
    return assemble(parse_recipe(recipe_tree(folder, task, **changes)))


def test_softmax_before_a_loss_that_softmaxes(folder: Path):
    bench = bench_of(folder)
    head = bench.model.head

    class Squashed(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = head

        def forward(self, states: torch.Tensor) -> torch.Tensor:
            return torch.softmax(self.linear(states), dim=-1)

    bench.model.head = Squashed()
    refused(bench, "logits", "probabilities already", "last linear layer")


def test_a_smoothed_loss_is_sound(folder: Path):
    run_preflight(bench_of(folder, model__loss_options={"label_smoothing": 0.3}))


@pytest.mark.parametrize("loss", ["softmax", "list_net", "approx_ndcg"])
def test_a_loss_that_cannot_go_to_nothing_is_sound_and_its_faults_are_seen(folder: Path, loss: str):
    bench = bench_of(folder, "emotions", model__loss=loss)
    run_preflight(bench)
    for value in bench.backbone.model.parameters():
        value.requires_grad = False
    hook = bench.backbone.model.register_forward_hook(_alike)
    try:
        refused(bench, "over-fit one batch", "by heart", "inputs differ")
    finally:
        hook.remove()


def _alike(module: torch.nn.Module, given: object, out: Any) -> Any:
    """Every text has the state of all ones."""
    out.last_hidden_state = torch.ones_like(out.last_hidden_state)
    return out


def test_sigmoid_before_a_loss_that_takes_logits(folder: Path):
    bench = bench_of(folder, "emotions")
    head = bench.model.head
    bench.model.head = torch.nn.Sequential(head, torch.nn.Sigmoid())
    refused(bench, "logits", "probabilities already", "decode")


def test_class_order_that_changed_between_pipeline_and_task(folder: Path):
    bench = bench_of(folder)
    config = {**bench.task.config(), "labels": list(reversed(bench.task.labels))}
    bench.task = type(bench.task).from_config(bench.task.tokenizer, config)
    refused(bench, "one pipeline", "another|not the recipe's|not its own|pipeline", "pipeline")


def test_every_training_label_alike(folder: Path):
    bench = bench_of(folder)
    bench.training = [record for record in bench.training if record.labels["label"] == "good"]
    refused(bench, "targets", "same in every row", "")


def test_an_unlabelled_source_takes_the_targets_from_all(folder: Path):
    bench = bench_of(folder)
    bench.training = [Record("bare", {"text": "이름이 높다"}), *bench.training]
    with pytest.raises(PreflightError) as caught:
        run_preflight(bench)
    assert caught.value.check == "targets"


def test_a_row_level_split_of_a_paraphrase_set(folder: Path):
    bench = bench_of(folder)
    bench.splits.development[0] = replace(bench.splits.development[0], group=bench.training[0].group)
    refused(bench, "leaks", "by group", "by group")


def test_a_copy_whose_original_is_held_out(folder: Path):
    bench = bench_of(folder)
    original = bench.splits.test[0]
    copy = replace(original, id=f"{original.id}~aeda-0", lineage=(original.id,), group="elsewhere")
    bench.training.append(replace(copy, fields={"text": f"그리고 {original.fields['text']}"}))
    refused(bench, "leaks", "lineage", "")


def test_made_rows_among_development_data(folder: Path):
    bench = bench_of(folder)
    found = bench.splits.development[0]
    bench.splits.development[0] = replace(found, lineage=("elsewhere",))
    refused(bench, "original evaluation", "made row", "Augment after splitting")


def test_a_head_whose_layer_is_never_used(folder: Path):
    bench = bench_of(folder)
    bench.model.second = torch.nn.Linear(32, 32)
    refused(bench, "gradients", "", "")


def test_a_metric_of_another_task(folder: Path):
    bench = bench_of(folder, training__metric="f1")
    refused(bench, "selection metric", "does not measure", "accuracy")


def test_padding_that_is_pooled_with_the_rest(folder: Path):
    bench = bench_of(folder)
    model = bench.model
    original = type(model)._pooled

    def careless(self: torch.nn.Module, ids: torch.Tensor, mask: torch.Tensor, types: object) -> torch.Tensor:
        states = self.encoder(input_ids=ids, attention_mask=mask).last_hidden_state
        return states.mean(dim=1) + 0.0 * original(self, ids, mask, types)

    model.__class__ = type("Careless", (type(model),), {"_pooled": careless})
    refused(bench, "padding", "padd|beside", "attention_mask")


def test_an_option_that_has_nothing_to_act_on(folder: Path):
    bench = bench_of(folder, pipeline__normalise=["hanja"])
    refused(bench, "options act", "normalise", "Remove pipeline.normalise")


def test_weights_that_are_named_and_frozen_although_they_are_the_head(folder: Path):
    bench = bench_of(folder, freeze=["encoder", "head"])
    with pytest.raises(PreflightError):
        run_preflight(bench)
