"""Rows drawn by their label: the shares that are stated, the same for a seed, and refused where idle."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gongbang.errors import PreflightError, RecipeError
from gongbang.train.batches import LengthBatches, label_chances
from gongbang.train.curriculum import make_sampler
from gongbang.train.loop import Loop
from gongbang.train.preflight import run_preflight
from gongbang.train.recipe import parse_recipe
from gongbang.train.workbench import assemble
from tests.train.planted import refused
from tests.train.test_loop import Line, curve, rows, settings
from tests.train.tiny import recipe_tree as reader_tree
from tests.train.tiny_labels import recipe_tree


def nine_to_one(count: int = 400):
    labels = (np.arange(count) % 10 == 0).astype(np.int64)
    return replace(rows(count), targets={"label": labels})


def share(sampler: LengthBatches, labels: np.ndarray, epochs: int = 25) -> float:
    drawn = []
    for sampler.epoch in range(epochs):
        drawn += [row for batch in sampler for row in batch]
    assert len(drawn) == epochs * len(labels)
    return float(labels[drawn].mean())


@pytest.mark.parametrize(("power", "wanted"), [(1.0, 0.5), (0.5, 0.25)])
def test_a_rare_label_is_drawn_as_often_as_stated(power: float, wanted: float):
    features = nine_to_one()
    sampler = make_sampler(features, settings(sample_by="label", sample_power=power))
    # The square roots of 9 and 1 are as 3 to 1. Four standard deviations of 10,000 draws.
    bound = 4 * np.sqrt(wanted * (1 - wanted) / 10_000)
    assert isinstance(sampler, LengthBatches)
    assert share(sampler, features.targets["label"]) == pytest.approx(wanted, abs=bound)


def test_chances_by_hand_and_of_one_label():
    chances = label_chances(np.array([2, 2, 2, 2, 7]), 0.5)
    assert chances[:4].sum() == pytest.approx(2 / 3) and chances[4] == pytest.approx(1 / 3)
    assert label_chances(np.array([3, 3])).tolist() == [0.5, 0.5]


def test_the_order_follows_seed_and_epoch_alone_and_lengths_stay_together():
    made, again = (make_sampler(nine_to_one(), settings(sample_by="label", batch_size=8)) for _ in range(2))
    first = list(made)
    assert first == list(again) and len(first) == len(made) == 50
    made.epoch = again.epoch = 1
    assert list(made) == list(again) != first
    other = make_sampler(nine_to_one(), settings(sample_by="label", batch_size=8, seed=5))
    assert list(other) != first
    lengths = nine_to_one().inputs["attention_mask"].sum(axis=1)
    assert sum(len({int(n) for n in lengths[batch]}) == 1 for batch in first) > 40


def test_no_sampling_leaves_the_order_as_it_was():
    plain = LengthBatches(rows(40).inputs["attention_mask"].sum(axis=1), 4, seed=17)
    assert list(make_sampler(replace(nine_to_one(40)), settings())) == list(plain)


def test_records_that_are_learnt_from_whole_stay_whole():
    features = nine_to_one(40)
    pairs = replace(features, targets={**features.targets, "record": np.arange(40) // 4})
    for batch in make_sampler(pairs, settings(batch_size=8)):
        assert len(batch) == 8 and len({row // 4 for row in batch}) == 2
    for parting in ({"sample_by": "label"}, {"batch_by": "group"}):
        with pytest.raises(RecipeError, match="parts them") as refused_:
            make_sampler(pairs, settings(**parting))
        assert next(iter(parting)) in str(refused_.value)


@pytest.mark.parametrize("stop", [3, 8, 11])
def test_a_sampled_run_resumes_with_the_same_curve(tmp_path: Path, stop: int):
    def run(folder: Path, parts: list[int | None]) -> list[tuple[int, float, float]]:
        told: list[dict[str, Any]] = []
        for number, steps in enumerate(parts):
            Loop(
                model=Line(0.3),
                features=nine_to_one(22),
                settings=settings(sample_by="label"),
                folder=folder,
                on_event=lambda event: told.append(dict(event)),
            ).run(resume=number > 0, max_steps=steps)
        return curve(told)

    whole = run(tmp_path / "whole", [None])
    assert len(whole) == 18 and run(tmp_path / "broken", [stop, None]) == whole


def test_rows_without_one_label_are_refused(tmp_path: Path):
    several = replace(rows(), targets={"labels": np.zeros((22, 3))})
    for features in (rows(), several):
        with pytest.raises(RecipeError, match="one label each"):
            make_sampler(features, settings(sample_by="label"))
    recipe = parse_recipe(reader_tree(tmp_path, training__sample_by="label"))
    with pytest.raises(RecipeError, match="one label each"):
        run_preflight(assemble(recipe))


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"sample_by": "label", "batch_by": "group"}, "choose one"),
        ({"sample_by": "label", "curriculum": {"by": "length"}}, "choose one"),
        ({"sample_power": 0.5}, "sample_power"),
        ({"sample_by": "label", "sample_power": 0}, "greater than 0"),
        ({"sample_by": "labels"}, "label"),
    ],
)
def test_keys_that_would_do_nothing_are_refused(tmp_path: Path, changes: dict[str, Any], told: str):
    changes = {f"training__{key}": value for key, value in changes.items()}
    with pytest.raises(RecipeError, match=told):
        parse_recipe(recipe_tree(tmp_path, "classify", **changes))


def uneven(folder: Path):
    """A workbench in which a third of the reviews that are bad is left."""
    recipe = parse_recipe(recipe_tree(folder, "classify", training__sample_by="label"))
    bench = assemble(recipe)
    bad = [record for record in bench.training if record.labels["label"] == "bad"]
    gone = {record.id for record in bad[len(bad) // 3 :]}
    bench.training = [record for record in bench.training if record.id not in gone]
    return bench


def test_preflight_proves_that_sampling_acts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gongbang.train.preflight.PROOFS", {"training options": "training_options:prove"})
    assert run_preflight(uneven(tmp_path)).ok
    bench = uneven(tmp_path)
    bad = [record for record in bench.training if record.labels["label"] == "bad"]
    good = [record for record in bench.training if record.labels["label"] == "good"]
    bench.training = bad + good[: len(bad)]
    refused(bench, "options act", "evens out nothing", "sample_by")


def test_preflight_refuses_draws_that_are_not_as_stated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gongbang.train.preflight.PROOFS", {"training options": "training_options:prove"})
    monkeypatch.setattr(LengthBatches, "_order", lambda self, rng: rng.permutation(len(self.lengths)))
    with pytest.raises(PreflightError, match="not drawn as often"):
        run_preflight(uneven(tmp_path))
