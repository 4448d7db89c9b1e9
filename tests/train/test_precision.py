"""Precision: bfloat16 only where the hardware multiplies in it, and the run keeps what was chosen."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from gongbang.train import precision
from gongbang.train.precision import has_bf16, processor_flags, resolve_precision, with_precision
from gongbang.train.preflight import run_preflight
from gongbang.train.recipe import parse_recipe
from gongbang.train.training import train_recipe
from tests.train.planted import sound_bench
from tests.train.tiny import recipe_tree


def cpuinfo(folder: Path, line: str) -> Path:
    path = folder / "cpuinfo"
    path.write_text(f"processor\t: 0\nvendor_id\t: Any\n{line}\n\nprocessor\t: 1\n{line}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("line", "native"),
    [
        ("flags\t\t: fpu avx avx2 avx512f avx512bw", False),
        ("flags\t\t: fpu avx2 avx512f avx512_bf16", True),
        ("flags\t\t: fpu avx2 avx512f amx_bf16 amx_tile", True),
        ("Features\t: fp asimd bf16 i8mm", True),
        ("Features\t: fp asimd", False),
    ],
)
def test_the_processors_own_list_decides(tmp_path: Path, monkeypatch, line: str, native: bool):
    monkeypatch.setattr(precision, "_CPUINFO", cpuinfo(tmp_path, line))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert has_bf16() is native
    assert resolve_precision("auto") == ("bf16" if native else "fp32")
    assert resolve_precision("bf16") == "bf16" and resolve_precision("fp32") == "fp32"


@pytest.mark.parametrize("native", [True, False])
def test_where_there_is_no_list_torch_is_asked(tmp_path: Path, monkeypatch, native: bool):
    monkeypatch.setattr(precision, "_CPUINFO", tmp_path / "absent")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: native, raising=False)
    assert processor_flags() == frozenset() and has_bf16() is native


@pytest.mark.parametrize(("capability", "native"), [((7, 5), False), ((8, 0), True), ((9, 0), True)])
def test_a_gpu_is_asked_for_its_capability(monkeypatch, capability: tuple[int, int], native: bool):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert has_bf16() is native


@pytest.mark.parametrize(("native", "chosen"), [(True, "bf16"), (False, "fp32")])
def test_a_run_is_recorded_under_what_auto_meant(tmp_path: Path, monkeypatch, native: bool, chosen: str):
    monkeypatch.setattr(precision, "has_bf16", lambda: native)
    tree = recipe_tree(tmp_path, training__precision="auto", training__epochs=1)
    run = train_recipe(parse_recipe(tree), root=tmp_path / "runs", preflight=False, max_steps=1)
    assert run.recipe["training"]["precision"] == chosen
    # On another machine the run goes on in what it began with.
    monkeypatch.setattr(precision, "has_bf16", lambda: not native)
    again = train_recipe(
        parse_recipe(tree), root=tmp_path / "runs", resume=run.id, preflight=False, max_steps=1
    )
    assert again.recipe["training"]["precision"] == chosen
    assert with_precision(parse_recipe(run.recipe)).training.precision == chosen


@pytest.mark.parametrize("native", [True, False])
def test_preflight_names_the_cost_of_bf16_on_a_processor_without_it(
    tmp_path: Path, monkeypatch, native: bool
):
    for place in ("precision", "proofs.training_options"):
        monkeypatch.setattr(f"gongbang.train.{place}.has_bf16", lambda: native)
    monkeypatch.setattr("gongbang.train.proofs.training_options.bf16_slowdown", lambda: 6.61)
    only = {"training options": "training_options:prove"}
    monkeypatch.setattr("gongbang.train.preflight.PROOFS", only)
    for asked in ("bf16", "auto"):
        report = run_preflight(sound_bench(tmp_path, training__precision=asked))
        notes = " ".join(note for check in report.checks for note in check.notes)
        assert ("6.6 times as long as in fp32" in notes) is (asked == "bf16" and not native)


def test_the_slowdown_is_a_measured_ratio(monkeypatch):
    seconds = {True: 0.35, False: 0.05}
    monkeypatch.setattr(precision, "_seconds", lambda rows, weight, *, bf16: seconds[bf16])
    assert precision.bf16_slowdown() == pytest.approx(7.0)
    monkeypatch.undo()
    assert precision.bf16_slowdown() > 0.0
