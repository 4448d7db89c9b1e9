"""The loop: resuming, selecting, stopping, averaging, accumulating."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import accelerate
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from gongbang.errors import ArtifactError, PreflightError
from gongbang.tasks.base import Features
from gongbang.train.checkpoint import Progress, load_checkpoint, load_weights, save_checkpoint
from gongbang.train.loop import Loop, _Sitting
from gongbang.train.recipe import TrainingSettings
from gongbang.train.schedule import factor
from tests.train.planted import sound_bench

Evaluate = Callable[[nn.Module], Mapping[str, float]]


class Line(nn.Module):
    """One weight and a noise that depends on torch's generator, as dropout does."""

    def __init__(self, noise: float = 0.0) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([[1.0]]))
        self.noise = noise

    def loss(self, batch):
        x = batch["input_ids"].float().mean(dim=1, keepdim=True)
        x = x + self.noise * torch.randn(1)
        return (x @ self.weight - 3.0).square().mean()


def rows(count: int = 22) -> Features:
    lengths = np.arange(count) % 3 + 1
    mask = (np.arange(3)[None] < lengths[:, None]).astype(np.int64)
    return Features(
        inputs={"input_ids": mask, "attention_mask": mask},
        targets={},
        record=np.arange(count),
        rows=[None] * count,
        records=[],
    )


def settings(**changes: Any) -> TrainingSettings:
    base: dict[str, Any] = {
        "epochs": 3,
        "batch_size": 4,
        "learning_rate": 0.1,
        "precision": "fp32",
        "metric": "f1",
        "log_every": 1,
        "warmup": 0.0,
    }
    return TrainingSettings(**{**base, **changes})


def make(folder: Path, evaluate: Evaluate | None = None, *, noise: float = 0.0, **changes: Any):
    told: list[dict[str, Any]] = []
    loop = Loop(
        model=Line(noise),
        features=rows(),
        settings=settings(**changes),
        folder=folder,
        evaluate=evaluate,
        recipe="abc",
        on_event=lambda event: told.append(dict(event)),
    )
    return loop, told


def curve(told: list[dict[str, Any]]) -> list[tuple[int, float, float]]:
    return [(row["step"], row["loss"], row["lr"]) for row in told if "loss" in row]


def scripted(values: list[float], **others: list[float]) -> Evaluate:
    calls = iter(range(len(values)))

    def evaluate(model: nn.Module) -> Mapping[str, float]:
        at = next(calls)
        return {"f1": values[at], **{name: other[at] for name, other in others.items()}}

    return evaluate


@pytest.mark.parametrize("stop", [1, 5, 6, 8, 13])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_a_resumed_run_gives_the_curve_of_an_unbroken_one(tmp_path: Path, stop: int, accumulate: int):
    changes = {"noise": 0.3, "average_decay": 0.9, "accumulate": accumulate, "epochs": 3 * accumulate}
    whole, told = make(tmp_path / "whole", **changes)
    whole.run()
    first, before = make(tmp_path / "broken", **changes)
    first.run(max_steps=stop)
    second, after = make(tmp_path / "broken", **changes)
    result = second.run(resume=True)
    assert curve(before) + curve(after) == curve(told)
    assert result.steps == whole._progress.step
    assert torch.equal(second.model.weight, whole.model.weight)


@pytest.mark.parametrize("steps", [4, 6, 20])  # an epoch has six, a run three epochs
def test_steps_end_a_run_wherever_in_an_epoch_that_is(tmp_path: Path, steps: int):
    loop, told = make(tmp_path, lambda model: {"f1": 1.0}, steps=steps, warmup=0.5)
    assert loop.run().steps == steps
    assert [row["steps"] for row in told if "loss" in row] == [steps] * steps
    rates = [row["lr"] for row in told if "loss" in row]
    assert rates == [
        0.1 * factor(step + 1, total=steps + 1, warmup=round(steps * 0.5), schedule="linear")
        for step in range(steps)
    ]
    assert [row["step"] for row in told if "evaluation" in row] == [*range(6, steps, 6), steps]


@pytest.mark.parametrize("evaluated", [True, False])
@pytest.mark.parametrize("accumulate", [1, 2])
def test_an_interrupted_run_goes_on_from_its_last_step(tmp_path: Path, evaluated: bool, accumulate: int):
    changes = {"noise": 0.3, "average_decay": 0.9, "accumulate": accumulate, "epochs": 3 * accumulate}
    evaluate = (lambda model: {"f1": float(model.weight.detach())}) if evaluated else None
    whole, told = make(tmp_path / "whole", evaluate, **changes)
    whole.run()
    first, before = make(tmp_path / "broken", evaluate, **changes)
    loss = first.model.loss

    def interrupted(batch):
        if first._progress.step == 8:  # within the ninth step, after its noise is drawn
            loss(batch)
            raise KeyboardInterrupt
        return loss(batch)

    first.model.loss = interrupted
    with pytest.raises(KeyboardInterrupt):
        first.run()
    second, after = make(tmp_path / "broken", evaluate, **changes)
    second.run(resume=True)
    assert curve(after)[0][0] == 9
    assert curve(before) + curve(after) == curve(told)
    assert torch.equal(second.model.weight, whole.model.weight)


def test_an_interrupted_evaluation_is_made_again(tmp_path: Path):
    """Meanwhile the weights are those of the average: nothing of that may be kept."""

    def interrupted(model: nn.Module) -> Mapping[str, float]:
        raise KeyboardInterrupt

    whole, told = make(tmp_path / "whole", lambda model: {"f1": 1.0}, average_decay=0.9)
    whole.run()
    first, _ = make(tmp_path / "broken", interrupted, average_decay=0.9)
    with pytest.raises(KeyboardInterrupt):
        first.run()
    second, after = make(tmp_path / "broken", lambda model: {"f1": 1.0}, average_decay=0.9)
    second.run(resume=True)
    assert curve(after) == curve(told)


def test_a_run_that_evaluates_nothing_is_saved_as_it_goes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gongbang.train.loop._SAVE_EVERY", 0.0)
    whole, told = make(tmp_path / "whole", noise=0.3)
    whole.run()
    first, before = make(tmp_path / "broken", noise=0.3)

    def power_cut(event: Mapping[str, Any]) -> None:
        before.append(dict(event))
        if event["step"] == 10:
            raise OSError

    first.on_event = power_cut
    with pytest.raises(OSError):
        first.run()
    second, after = make(tmp_path / "broken", noise=0.3)
    second.run(resume=True)
    assert curve(before)[:9] + curve(after) == curve(told)


def test_seconds_left_are_told_by_the_pace_of_this_sitting():
    sitting = _Sitting(first=280, before=1000.0)
    sitting.began -= 2.0
    assert sitting.left(282, 300) == pytest.approx(18.0, rel=0.05)


def test_the_average_lies_where_the_model_is_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    class Reached(Exception):  # noqa: N818
        pass

    class Elsewhere(accelerate.Accelerator):
        device = torch.device("meta")

        def prepare(self, *parts: Any, **options: Any) -> Any:
            raise Reached

    monkeypatch.setattr("accelerate.Accelerator", Elsewhere)
    loop, _ = make(tmp_path, average_decay=0.9)
    with pytest.raises(Reached):
        loop.run()
    assert {value.device.type for value in loop._average.values()} == {"meta"}
    assert loop.model.weight.device.type == "meta"


def test_the_random_state_of_a_gpu_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    loop, _ = make(tmp_path)
    state = torch.arange(16, dtype=torch.uint8)
    put_back: list[torch.Tensor] = []
    optimizer = torch.optim.AdamW(loop.model.parameters())
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.get_rng_state", lambda: state)
    monkeypatch.setattr("torch.cuda.set_rng_state", put_back.append)
    save_checkpoint(tmp_path / "last", model=loop.model, optimizer=optimizer, average={}, progress=Progress())
    load_checkpoint(tmp_path / "last", model=loop.model, optimizer=optimizer, average={}, recipe="")
    assert len(put_back) == 1 and torch.equal(put_back[0], state)


def test_a_reader_resumes_with_the_same_curve(tmp_path: Path):
    def run(folder: Path, parts: list[int | None]) -> list[float]:
        losses: list[float] = []
        for number, steps in enumerate(parts):
            bench = sound_bench(tmp_path, dropout=0.1, training__epochs=1)
            Loop(
                model=bench.model,
                features=bench.task.prepare(bench.training[:40]),
                settings=bench.recipe.training,
                folder=folder,
                on_event=lambda event: losses.append(event["loss"]),
            ).run(resume=number > 0, max_steps=steps)
        return losses

    whole = run(tmp_path / "whole", [None])
    assert len(whole) == 5
    assert run(tmp_path / "broken", [2, None]) == whole


def test_the_best_weights_are_those_of_the_declared_metric(tmp_path: Path):
    kept: list[float] = []
    script = scripted([1.0, 3.0, 2.0], recall=[9.0, 1.0, 10.0])

    def evaluate(model: nn.Module) -> Mapping[str, float]:
        kept.append(float(model.weight.detach()))
        return script(model)

    loop, _ = make(tmp_path, evaluate)
    result = loop.run()
    assert (result.best, result.best_step) == (3.0, 12)  # the end of the second of three epochs of 6 steps
    assert float(load_file(result.weights)["weight"]) == kept[1] == float(loop.model.weight.detach())


def test_it_stops_when_patience_is_over(tmp_path: Path):
    loop, told = make(tmp_path, scripted([2.0, 1.0, 1.0, 5.0]), epochs=4, patience=2)
    result = loop.run()
    assert (result.steps, result.best, result.best_step) == (18, 2.0, 6)
    assert [row["evaluation"]["f1"] for row in told if "evaluation" in row] == [2.0, 1.0, 1.0]


def test_a_gain_resets_patience(tmp_path: Path):
    loop, _ = make(tmp_path, scripted([1.0, 0.5, 2.0, 0.5, 0.5, 9.0]), epochs=6, patience=2)
    assert loop.run().steps == 30


def test_the_average_is_what_is_evaluated_and_kept(tmp_path: Path):
    seen: list[float] = []

    def evaluate(model: nn.Module) -> Mapping[str, float]:
        seen.append(float(model.weight.detach()))
        return {"f1": float(len(seen))}

    loop, _ = make(tmp_path / "average", evaluate, epochs=1, average_decay=0.5)
    loop.run()
    plain, _ = make(tmp_path / "plain", epochs=1)
    weights: list[float] = []
    plain.on_event = lambda event: weights.append(float(plain.model.weight.detach()))
    plain.run()
    average = 1.0
    for step, weight in enumerate(weights, start=1):
        decay = min(0.5, (1 + step) / (10 + step))
        average = decay * average + (1 - decay) * weight
    assert seen[0] == pytest.approx(average, abs=1e-6)
    assert float(loop.model.weight.detach()) == pytest.approx(average, abs=1e-6)
    assert average != pytest.approx(weights[-1], abs=1e-3)


@pytest.mark.parametrize(("accumulate", "steps"), [(1, 6), (2, 3), (4, 2), (6, 1)])
def test_steps_count_accumulated_batches_and_the_incomplete_last(tmp_path: Path, accumulate: int, steps: int):
    loop, told = make(tmp_path, epochs=2, accumulate=accumulate)
    assert loop.run().steps == 2 * steps
    assert [row[0] for row in curve(told)] == list(range(1, 2 * steps + 1))
    assert {row["steps"] for row in told} == {2 * steps}


def test_the_rate_is_set_for_each_step_and_ends_low(tmp_path: Path):
    loop, told = make(tmp_path, warmup=0.25)
    loop.run()
    wanted = [0.1 * factor(s, total=19, warmup=4, schedule="linear") for s in range(1, 19)]
    assert [row[2] for row in curve(told)] == pytest.approx(wanted)
    assert max(wanted) == 0.1 and wanted[-1] < 0.01


def test_only_the_end_is_evaluated_when_evaluations_are_rare(tmp_path: Path):
    loop, told = make(tmp_path, scripted([4.0]), evaluate_every=9.0)
    loop.run()
    assert [row["step"] for row in told if "evaluation" in row] == [18]


def test_without_evaluation_the_last_weights_are_kept(tmp_path: Path):
    loop, _ = make(tmp_path)
    result = loop.run()
    assert result.best is None
    assert float(load_file(result.weights)["weight"]) == float(loop.model.weight.detach())


def test_a_loss_that_is_no_number_stops_the_run(tmp_path: Path):
    loop, _ = make(tmp_path, learning_rate=1e30, max_grad_norm=1e30)
    with pytest.raises(PreflightError, match="not a number") as caught:
        loop.run()
    assert caught.value.check == "finite loss" and "learning_rate" in caught.value.cure


def test_two_precisions_in_one_process(tmp_path: Path):
    for precision in ("fp32", "bf16", "fp32"):
        loop, told = make(tmp_path / precision, epochs=1, precision=precision)
        loop.run()
        assert len(curve(told)) == 6


def test_a_checkpoint_of_another_recipe_is_refused(tmp_path: Path):
    loop, _ = make(tmp_path)
    loop.run(max_steps=2)
    other, _ = make(tmp_path)
    other.recipe = "another"
    with pytest.raises(ArtifactError, match="belongs to another recipe") as caught:
        other.run(resume=True)
    assert caught.value.value == "abc" and "Resume with the recipe" in caught.value.cure


def test_weights_of_another_shape_are_refused(tmp_path: Path):
    loop, _ = make(tmp_path)
    result = loop.run(max_steps=1)
    other = nn.Module()
    other.weight = nn.Parameter(torch.zeros(2, 2))
    with pytest.raises(ArtifactError, match="does not fit this model"):
        load_weights(other, result.weights)


PLATEAU: dict[str, Any] = {"schedule": "plateau", "plateau_patience": 2, "plateau_factor": 0.5, "epochs": 6}


def test_the_rate_falls_when_the_metric_has_not_risen(tmp_path: Path):
    loop, told = make(tmp_path, scripted([2.0, 1.0, 1.0, 3.0, 1.0, 1.0]), **PLATEAU)
    loop.run()
    rates = [rate for _, _, rate in curve(told)]
    assert rates == pytest.approx([0.1] * 18 + [0.05] * 18)  # the last two evaluations come after all steps


@pytest.mark.parametrize("stop", [8, 12, 13, 18, 20, 30])
def test_a_resumed_run_knows_its_plateau(tmp_path: Path, stop: int):
    values = [2.0, 1.0, 1.0, 1.0, 1.0, 0.5]
    whole, told = make(tmp_path / "whole", scripted(values), **PLATEAU)
    whole.run()
    assert {rate for _, _, rate in curve(told)} == {0.1, 0.05, 0.025}
    first, before = make(tmp_path / "broken", scripted(values), **PLATEAU)
    first.run(max_steps=stop)
    second, after = make(tmp_path / "broken", scripted(values[stop // 6 :]), **PLATEAU)
    second.run(resume=True)
    assert curve(before) + curve(after) == curve(told)


def test_each_step_tells_the_peak_memory(tmp_path: Path):
    loop, told = make(tmp_path, epochs=1)
    loop.run()
    peaks = [row["peak_memory"] for row in told if "loss" in row]
    assert len(peaks) == 6 and min(peaks) > 50 * 2**20  # torch alone is larger
    assert peaks[-1] >= peaks[0] - 2**20  # Linux counts a few pages late
