"""Augmentation on the fly: other copies in each epoch, the same for a seed, and a run that resumes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gongbang.augment.copies import FreshCopies, copy_of
from gongbang.data.records import Record, Span
from gongbang.errors import OptionError, RecipeError
from gongbang.train.folds import train_folds
from gongbang.train.fresh import EpochCopies, FreshRows, fresh_rows
from gongbang.train.loop import Loop
from gongbang.train.preflight import run_preflight
from gongbang.train.recipe import parse_recipe
from gongbang.train.recipe_data import AugmentSettings
from gongbang.train.sweep import sweep_augmentation
from gongbang.train.training import train_recipe
from gongbang.train.workbench import Workbench, assemble
from tests.train.planted import refused
from tests.train.test_loop import Line, curve, rows, settings
from tests.train.tiny import recipe_tree as reader_tree
from tests.train.tiny_labels import recipe_tree

SWAP = {"method": "eda-swap", "ratio": 0.5, "on_the_fly": True}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fresh")


def bench_of(folder: Path, *entries: dict[str, Any], **changes: Any) -> Workbench:
    return assemble(parse_recipe(recipe_tree(folder, "classify", data__augment=list(entries), **changes)))


def fresh_of(bench: Workbench) -> FreshRows:
    found = fresh_rows(bench.recipe, bench.task, bench.task.prepare(bench.training))
    assert found is not None
    return found


def texts(fresh: FreshRows, epoch: int) -> list[str]:
    return [record.fields["text"] for record in fresh(epoch).records]


def test_epochs_differ_and_a_seed_gives_them_again(folder: Path):
    bench = bench_of(folder, SWAP)
    assert not any(record.lineage for record in bench.training)  # none is stored
    found = fresh_of(bench)
    first, second = texts(found, 0), texts(found, 1)
    plain = [record.fields["text"] for record in bench.training]
    changed = sum(one != two for one, two in zip(plain, first, strict=True)) / len(plain)
    assert first != second and changed == pytest.approx(0.5, abs=4 * 0.5 / np.sqrt(len(plain)))
    assert texts(fresh_of(bench), 1) == second and texts(found, 0) == first
    other = bench_of(folder, {**SWAP, "seed": 5})
    assert texts(fresh_of(other), 0) != first


def test_rows_stay_in_order_with_their_labels(folder: Path):
    bench = bench_of(folder, {**SWAP, "ratio": 1})
    features = fresh_of(bench)(3)
    assert len(features) == len(bench.training)
    for own, made in zip(bench.training, features.records, strict=True):
        assert made.lineage in ((), (own.id,)) and made.group == own.group
        assert made.labels["label"] == own.labels["label"]
    assert sum(bool(record.lineage) for record in features.records) > 0.9 * len(features)


def test_a_copy_has_its_epoch_for_a_number():
    record = Record("7", {"text": "봄이 오면 산에 들에 꽃이 피고 새가 운다"})
    fresh = FreshCopies([record], "eda-swap", ratio=1)
    assert [fresh.of([record], 4).records[0]] == [copy_of(record, "eda-swap", 4)]
    with pytest.raises(OptionError, match="one copy only"):
        FreshCopies([record], "eda-swap", ratio=2)


def test_filters_apply_and_the_first_entry_wins(folder: Path):
    deletion = {"method": "eda-deletion", "on_the_fly": True}
    every = fresh_of(bench_of(folder, deletion))(0).records
    strict = {**deletion, "filters": {"length-ratio": {"least": 0.9}}}
    kept = fresh_of(bench_of(folder, strict))(0).records
    dropped = [at for at, record in enumerate(every) if record.lineage and not kept[at].lineage]
    assert dropped and any(record.lineage for record in kept)
    both = fresh_of(bench_of(folder, SWAP, deletion))(0).records
    methods = [record.labels.get("augmented") for record in both]
    assert {"eda-swap", "eda-deletion"} <= set(methods)
    alone = fresh_of(bench_of(folder, SWAP))(0).records
    assert [r for r in both if r.labels.get("augmented") == "eda-swap"] == [r for r in alone if r.lineage]


def test_a_copy_of_another_number_of_windows_leaves_its_original(tmp_path: Path):
    entry = {"method": "eda-deletion", "on_the_fly": True, "options": {"share": 0.05}}
    bench = assemble(
        parse_recipe(
            reader_tree(tmp_path, data__augment=[entry], pipeline__stride=4, pipeline__max_length=64)
        )
    )
    features = bench.task.prepare(bench.training)
    found = fresh_rows(bench.recipe, bench.task, features)
    fresh = found(0)
    assert np.array_equal(fresh.record, features.record)
    copied = sum(bool(record.lineage) for record in fresh.records)
    made = len(found.copies.of(bench.training, 0))
    assert 0 < copied < made


def test_a_teachers_word_goes_with_the_label_it_was_said_of():
    spans = {"subject": (Span(0, 2, "세종", "text"),), "object": (Span(4, 6, "문종", "text"),)}
    labels = {"label": "per:children", "soft": {"per:children": 1.0}}
    record = Record("1", {"text": "세종과 문종"}, spans, labels)
    entry = AugmentSettings(method="entity-swap", on_the_fly=True)
    assert EpochCopies([entry], [record]).of([record], 0) == {}
    same = Record("1", record.fields, spans, {**labels, "label": "per:spouse"})
    assert len(EpochCopies([entry], [same]).of([same], 0)) == 1


@pytest.mark.parametrize("stop", [3, 6, 8, 11])
def test_a_run_resumes_within_an_epoch_with_the_same_rows(tmp_path: Path, stop: int):
    base = rows()

    def fresh(epoch: int):
        asked.append(epoch)
        shifted = np.roll(base.inputs["input_ids"], epoch, axis=0) * (epoch + 1)
        return replace(base, inputs={**base.inputs, "input_ids": shifted})

    def run(folder: Path, parts: list[int | None]) -> tuple[list[Any], Line]:
        told: list[dict[str, Any]] = []
        for number, steps in enumerate(parts):
            loop = Loop(
                model=Line(0.3),
                features=base,
                settings=settings(),
                folder=folder,
                fresh=fresh,
                on_event=lambda event: told.append(dict(event)),
            )
            loop.run(resume=number > 0, max_steps=steps)
        return curve(told), loop.model

    asked: list[int] = []
    whole, model = run(tmp_path / "whole", [None])
    assert asked == [0, 1, 2] and len(whole) == 18
    broken, other = run(tmp_path / "broken", [stop, None])
    assert broken == whole and float(other.weight.detach()) == float(model.weight.detach())


def test_a_recipe_resumes_with_the_curve_of_an_unbroken_run(folder: Path):
    entry = {"method": "eda-swap", "ratio": 0.7, "on_the_fly": True}
    recipe = parse_recipe(
        recipe_tree(folder, "classify", dropout=0.1, data__augment=[entry], training__log_every=1)
    )

    def losses(run: Any) -> list[float]:
        return [row["loss"] for row in run.curve() if "loss" in row]

    whole = train_recipe(recipe, root=folder / "whole", preflight=False)
    first = train_recipe(recipe, root=folder / "broken", preflight=False, max_steps=12)
    again = train_recipe(recipe, root=folder / "broken", resume=first.id, preflight=False)
    assert len(losses(whole)) == 20 and losses(again) == losses(whole)
    plain = parse_recipe(recipe_tree(folder, "classify", dropout=0.1, training__log_every=1))
    assert losses(train_recipe(plain, root=folder / "plain", preflight=False)) != losses(whole)


def test_folds_are_augmented_as_well(folder: Path, monkeypatch: pytest.MonkeyPatch):
    epochs: list[int] = []
    monkeypatch.setattr(FreshRows, "__call__", lambda self, epoch: _noted(self, epoch, epochs))
    tree = recipe_tree(folder, "classify", data__augment=[SWAP], training__epochs=2, folds__k=2)
    train_folds(parse_recipe(tree), root=folder / "folds", preflight=False)
    assert epochs == [0, 1, 0, 1]


def _noted(self: FreshRows, epoch: int, epochs: list[int]):
    epochs.append(epoch)
    return self.task.prepare(self.records)


def test_preflight_looks_at_what_will_be_made(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gongbang.train.preflight.PROOFS", {"augmentation": "augment:prove"})
    check = run_preflight(bench_of(folder, SWAP)).checks[0]
    assert check.status == "proved" and check.numbers["eda-swap"] > 20
    refused(bench_of(folder, {**SWAP, "method": "hanja"}), "options act", "none could be made", "Remove")


def test_preflight_refuses_copies_that_never_change(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gongbang.train.preflight.PROOFS", {"augmentation": "augment:prove"})
    monkeypatch.setattr("gongbang.augment.eda.swap", lambda record, rng: _turned(record))
    refused(bench_of(folder, {**SWAP, "ratio": 1}), "options act", "same in every epoch", "Remove on_the_fly")
    assert run_preflight(bench_of(folder, SWAP)).ok  # originals come in between
    assert run_preflight(bench_of(folder, {**SWAP, "ratio": 1}, training__epochs=1)).ok


def _turned(record: Record) -> Record:
    return Record(
        record.id, {"text": " ".join(reversed(record.fields["text"].split()))}, labels=record.labels
    )


def test_more_than_one_copy_cannot_take_a_place(folder: Path):
    with pytest.raises(RecipeError, match="on_the_fly") as caught:
        parse_recipe(recipe_tree(folder, "classify", data__augment=[{**SWAP, "ratio": 1.5}]))
    assert "data.augment.0" in caught.value.what
    recipe = parse_recipe(recipe_tree(folder, "classify", data__augment=[SWAP]))
    with pytest.raises(RecipeError, match="take the place"):
        sweep_augmentation(recipe, [0, 3], seeds=[1], out=folder / "swept")
