"""A sound recipe passes every proof, and is not changed by being looked at."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from gongbang.errors import DataError, PreflightError
from gongbang.train.loop import Loop
from gongbang.train.preflight import PROOFS, Check, PreflightReport, run_preflight
from gongbang.train.proofs.gradients import _dead
from gongbang.train.proofs.trial import Limits, Trial
from gongbang.train.recipe import parse_recipe
from gongbang.train.training import train_recipe
from gongbang.train.workbench import assemble
from tests.train.planted import sound_bench
from tests.train.tiny import recipe_tree, write_backbone


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sound")


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_a_sound_reader_passes_every_proof(tmp_path: Path, kind: str):
    write_backbone(tmp_path / "backbone", kind=kind)
    report = run_preflight(sound_bench(tmp_path))
    assert report.ok and not report.failed
    assert [check.name for check in report.checks] == list(PROOFS)
    assert {check.name for check in report.checks if check.status == "skipped"} == {
        "negatives",
        "cloze questions",
        "augmentation",
        "teacher",
        "curriculum",
        "highlight",
        "highlight is read",
        "logits",
    }


def test_a_sound_reader_with_every_option_on_passes(folder: Path):
    bench = sound_bench(
        folder,
        freeze=["word_embeddings"],
        dropout=0.1,
        data__negatives={"per_question": 0.5, "top_n": 5},
        pipeline={"max_length": 64, "stride": 4, "max_question": 40, "title": "none", "scoring": "global"},
        training__precision="bf16",
        training__accumulate=2,
        training__layer_decay=0.8,
        training__average_decay=0.9,
        training__schedule="cosine",
        training__evaluate_every=0.5,
        training__patience=2,
    )
    report = run_preflight(bench)
    numbers = {check.name: check.numbers for check in report.checks}
    assert report.ok
    assert numbers["negatives"]["negatives"] > 0
    assert numbers["gradients"]["frozen"] == 1
    assert numbers["truncation"]["windows per record"] > 1


def test_made_questions_pass(folder: Path):
    bench = sound_bench(folder)
    origin = bench.training[0]
    fields = {**origin.fields, "question": "무엇이 문을 열었는가?"}
    bench.training.append(replace(origin, id="made", fields=fields, lineage=(origin.id,)))
    numbers = {check.name: check.numbers for check in run_preflight(bench).checks}
    assert numbers["cloze questions"]["made"] == 1


@pytest.mark.parametrize("batch_by", ["length", "group"])
def test_a_sound_encoder_passes(folder: Path, batch_by: str):
    tree = recipe_tree(folder, task="encode", pipeline={"max_length": 96, "max_question": 40})
    tree["training"].update(metric="mrr@10", batch_by=batch_by)
    report = run_preflight(assemble(parse_recipe(tree)))
    skipped = {check.name for check in report.checks if check.status == "skipped"}
    idle = {
        "negatives",
        "cloze questions",
        "augmentation",
        "teacher",
        "round trip",
        "predictions",
        "curriculum",
        "highlight",
        "highlight is read",
        "logits",
    }
    assert report.ok and skipped == idle


def test_weights_random_states_and_mode_are_as_before(folder: Path):
    bench = sound_bench(folder)
    bench.model.eval()
    bench.model.encoder.encoder.train()
    before = {name: value.clone() for name, value in bench.model.state_dict().items()}
    torch.manual_seed(11)
    random.seed(11)
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].copy()
    run_preflight(bench)
    assert all(torch.equal(before[name], value) for name, value in bench.model.state_dict().items())
    assert torch.equal(torch.get_rng_state(), states[0])
    assert random.getstate() == states[1]
    assert np.array_equal(np.random.get_state()[1], states[2])
    assert not bench.model.training and bench.model.encoder.encoder.training


def test_a_run_keeps_its_report_and_is_the_same_without_it(folder: Path):
    recipe = parse_recipe(recipe_tree(folder, training__epochs=1))
    proved = train_recipe(recipe, root=folder / "proved")
    bare = train_recipe(recipe, root=folder / "bare", preflight=False)
    report = json.loads((proved.path / "preflight.json").read_text(encoding="utf-8"))
    assert report["ok"] and len(report["checks"]) == len(PROOFS)
    assert not (bare.path / "preflight.json").exists()
    assert proved.scores.value == bare.scores.value
    losses = [[row["loss"] for row in run.curve() if "loss" in row] for run in (proved, bare)]
    assert losses[0] == losses[1] and len(losses[0]) > 5


def test_the_report_goes_on_where_it_is_asked_to(folder: Path):
    bench = sound_bench(folder)
    bench.splits.development = bench.training[:5]
    seen: list[Check] = []
    report = run_preflight(bench, stop=False, on_check=seen.append)
    assert not report.ok and seen == report.checks and len(seen) == len(PROOFS)
    failed = report.to_dict()["checks"][4]
    assert (failed["check"], failed["status"]) == ("leaks", "failed")
    assert failed["error"]["cure"] and failed["error"]["allowed"]
    assert "failed   leaks" in report.table()


def test_a_record_that_cannot_be_prepared_keeps_its_own_error(folder: Path):
    bench = sound_bench(folder)
    record = bench.training[3]
    object.__setattr__(record, "fields", {**record.fields, "question": " "})
    with pytest.raises(DataError, match="has no question"):
        run_preflight(bench)


def test_notes_are_told_beside_the_numbers():
    report = PreflightReport([Check("padding", "noted", "fine", {"a": 1}, ["look here"], 0.5)])
    assert report.table().splitlines() == ["noted    padding   fine; a 1", " " * 19 + "note: look here"]
    assert report.seconds == 0.5 and report.ok


def test_the_sample_holds_the_longest_records_and_few_rows_differ(folder: Path):
    bench = sound_bench(folder)
    trial = Trial(bench, Limits(records=20))
    longest = max(bench.training, key=lambda r: sum(map(len, r.fields.values())))
    assert len(trial.records) == 20 and longest in trial.records
    rows = trial.few(4)
    starts = trial.features.targets["start_positions"][rows]
    assert len(rows) == 4 == len(set(rows.tolist())) and len(set(starts.tolist())) >= 3


SCHEDULE = {
    "training options": "training_options:prove",
    "schedule": "schedule:prove_schedule",
    "best checkpoint": "schedule:prove_selection",
}
PLATEAU = {"training__schedule": "plateau", "training__plateau_patience": 2, "training__evaluate_every": 0.5}


def test_a_sound_plateau_passes(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gongbang.train.preflight.PROOFS", SCHEDULE)
    report = run_preflight(sound_bench(folder, training__epochs=4, **PLATEAU))
    assert report.ok and {check.status for check in report.checks} <= {"proved", "noted"}


def test_a_plateau_that_never_lowers_the_rate_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch):
    class Steady(Loop):
        def _wait(self) -> None:
            self._progress.waited += 1

    monkeypatch.setattr("gongbang.train.preflight.PROOFS", SCHEDULE)
    with pytest.raises(PreflightError, match="does not follow the schedule"):
        run_preflight(sound_bench(folder, training__epochs=4, **PLATEAU), loop=Steady)
    with pytest.raises(PreflightError, match="can never lower the rate") as caught:
        run_preflight(sound_bench(folder, training__epochs=1, **PLATEAU))
    assert "plateau_patience=2, 2 evaluations" in str(caught.value)


def test_a_bias_that_no_softmax_over_candidates_sees_is_no_dead_parameter():
    weight, bias, unused = (torch.zeros(2, requires_grad=True) for _ in range(3))
    weight.grad, bias.grad = torch.ones(2), torch.zeros(2)
    named = {"norm.weight": weight, "norm.bias": bias, "other.bias": unused}
    assert not _dead("norm.bias", named)
    assert _dead("other.bias", named)  # never met by the backward pass
    weight.grad = torch.zeros(2)
    assert _dead("norm.bias", named) and _dead("norm.weight", named)
