"""What a run costs: measured, added up over sittings, and written however the run ends."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gongbang.train import cost
from gongbang.train.cost import Cost, Meter, peak_memory, read_cost
from gongbang.train.loop import LoopResult
from gongbang.train.recipe import parse_recipe
from gongbang.train.training import train_recipe
from tests.train.tiny import recipe_tree

_PAGES = 2**20


def test_the_peak_rises_with_what_is_held_and_does_not_fall():
    before = peak_memory()
    held = np.ones(40 * 2**20, dtype=np.uint8)
    held[::4096] = 2
    during = peak_memory()
    del held
    # Linux counts pages by thread and adds up now and then: a few of them more or less are nothing.
    assert during >= before - _PAGES
    assert peak_memory() >= during - _PAGES >= 40 * 2**20


def test_a_process_does_not_inherit_its_parents_peak():
    """getrusage hands it on: a trial begun by a large process would look large."""
    held = np.ones(700 * 2**20, dtype=np.uint8)
    code = "from gongbang.train.cost import _status; print(_status('VmHWM'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    if not Path("/proc/self/status").is_file():
        pytest.skip("only Linux tells the process's own peak")
    assert 0 < int(done.stdout) < peak_memory() - 100 * 2**20
    assert held[0] == 1


def test_without_proc_the_resource_module_is_asked(tmp_path: Path, monkeypatch):
    whole = peak_memory()
    monkeypatch.setattr(cost, "_STATUS", tmp_path / "absent")
    assert peak_memory() >= whole * 0.9


def test_sittings_add_up_and_the_peak_is_of_the_largest(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(cost, "peak_memory", lambda: 5)
    past = Cost(10.0, 8.0, 4, 2.0, peak_memory=7, peak_gpu_memory=3)
    stopped = Meter().read(past)
    assert stopped.seconds >= 10.0
    assert (stopped.training_seconds, stopped.steps, stopped.peak_memory) == (8.0, 4, 7)
    done = Meter(LoopResult(None, 0, 9, 20.0, 2.5, tmp_path)).read(past)
    assert (done.training_seconds, done.steps, done.examples_per_second) == (20.0, 9, 2.5)


def test_the_cost_is_written_however_the_block_ends(tmp_path: Path):
    assert read_cost(tmp_path) is None
    with pytest.raises(KeyboardInterrupt), Meter().kept(tmp_path):
        raise KeyboardInterrupt
    first = read_cost(tmp_path)
    assert first is not None and first.steps == 0 and first.peak_memory > 0
    with Meter().kept(tmp_path):
        pass
    second = read_cost(tmp_path)
    assert second is not None and second.seconds >= first.seconds


def test_a_run_has_its_cost_and_a_resumed_one_adds_to_it(tmp_path: Path):
    recipe = parse_recipe(recipe_tree(tmp_path, training__epochs=1))
    run = train_recipe(recipe, root=tmp_path / "runs", preflight=False, max_steps=2)
    first = json.loads((run.path / "cost.json").read_text(encoding="utf-8"))
    assert first["steps"] == 2 and first["examples_per_second"] > 0 and first["peak_memory"] > 50 * 2**20
    assert first["seconds"] > first["training_seconds"] > 0
    train_recipe(recipe, root=tmp_path / "runs", resume=run.id, preflight=False, max_steps=1)
    second = json.loads((run.path / "cost.json").read_text(encoding="utf-8"))
    assert second["steps"] == 3 and second["seconds"] > first["seconds"]
