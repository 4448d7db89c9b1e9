"""Everything a run needs to go on as if it had not been stopped, written whole or not at all.

Tensors are kept as safetensors and the rest as JSON: no pickle is ever written or loaded.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file, save_file

from gongbang.artifacts.files import read_json
from gongbang.errors import ArtifactError

Weights = dict[str, torch.Tensor]


@dataclass(slots=True)
class Progress:
    """Where a run stands.

    ``batch`` counts the batches done of ``epoch``; ``best`` and ``best_step`` are of the declared
    metric; ``waited`` counts evaluations since; ``recipe`` is the hash of the recipe that is being run.
    ``scale`` is what the plateau schedule has multiplied the rate by so far, and ``flat`` counts the
    evaluations without a gain since the last gain or the last lowering of the rate.
    """

    epoch: int = 0
    batch: int = 0
    step: int = 0
    best: float | None = None
    best_step: int = 0
    waited: int = 0
    seconds: float = 0.0
    recipe: str = ""
    scale: float = 1.0
    flat: int = 0

    def gained(self, value: float) -> None:
        """Note that the declared metric is better than ever before."""
        self.best, self.best_step, self.waited, self.flat = value, self.step, 0, 0


def trainable(model: torch.nn.Module) -> Weights:
    """The parameters that are being trained, by name, detached."""
    return {name: value.detach() for name, value in model.named_parameters() if value.requires_grad}


@torch.no_grad()
def put_weights(model: torch.nn.Module, weights: Weights) -> None:
    """Copy parameters into the model by name."""
    own = dict(model.named_parameters())
    for name, value in weights.items():
        own[name].copy_(value)


def save_weights(weights: Weights, path: Path) -> None:
    """Write tensors as safetensors, whole or not at all."""
    temporary = path.with_suffix(".partial")
    save_file({name: value.detach().contiguous().cpu() for name, value in weights.items()}, temporary)
    temporary.replace(path)


def load_weights(model: torch.nn.Module, path: Path) -> None:
    """Copy saved parameters into the model; every saved name must exist with its shape."""
    own = dict(model.named_parameters())
    weights = load_file(path)
    for name, value in weights.items():
        if name not in own or own[name].shape != value.shape:
            raise ArtifactError(
                f"{path} does not fit this model.",
                value=f"{name} {tuple(value.shape)}",
                allowed=f"{name} {tuple(own[name].shape)}" if name in own else "a parameter of this model",
                cure="Resume with the recipe and backbone that the run began with.",
            )
    put_weights(model, weights)


def save_checkpoint(
    folder: Path,
    *,
    model: torch.nn.Module,
    optimizer: torch.optim.Optimizer,
    average: Weights,
    progress: Progress,
    random: Weights | None = None,
) -> None:
    """Replace ``folder`` by the run's present state; ``random`` states are those of now unless given."""
    temporary = folder.with_name(folder.name + ".partial")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    save_file(
        {k: v.contiguous().cpu().clone() for k, v in trainable(model).items()},
        temporary / "model.safetensors",
    )
    moments, groups = _flatten(optimizer.state_dict())
    save_file(moments, temporary / "optimizer.safetensors")
    if average:
        save_file(
            {k: v.contiguous().cpu().clone() for k, v in average.items()}, temporary / "average.safetensors"
        )
    save_file(random or random_states(), temporary / "random.safetensors")
    state = {"progress": asdict(progress), "groups": groups}
    (temporary / "state.json").write_text(json.dumps(state), encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    temporary.replace(folder)


def saved_progress(folder: Path) -> Progress:
    """Where the run of a checkpoint stands.

    Raises:
        ArtifactError: there is no checkpoint, or it cannot be read.
    """
    return Progress(**_state(folder)["progress"])


def _state(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = read_json(folder / "state.json", "the checkpoint's state")
    return found


def load_checkpoint(
    folder: Path, *, model: torch.nn.Module, optimizer: torch.optim.Optimizer, average: Weights, recipe: str
) -> Progress:
    """Put a saved state back.

    Raises:
        ArtifactError: the checkpoint was made by another recipe or does not fit the model.
    """
    state = _state(folder)
    progress = Progress(**state["progress"])
    if progress.recipe != recipe:
        raise ArtifactError(
            "this checkpoint belongs to another recipe.",
            value=progress.recipe[:12],
            allowed=recipe[:12],
            cure="Resume with the recipe in the run's folder, or start a new run.",
        )
    load_weights(model, folder / "model.safetensors")
    optimizer.load_state_dict(_unflatten(load_file(folder / "optimizer.safetensors"), state["groups"]))
    if average:
        for name, value in load_file(folder / "average.safetensors").items():
            average[name].copy_(value)
    _set_random_states(load_file(folder / "random.safetensors"))
    return progress


def random_states() -> Weights:
    """The states of torch's generators: of the CPU, and of the GPU where there is one."""
    states = {"torch": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["cuda"] = torch.cuda.get_rng_state()
    return states


def _set_random_states(states: Weights) -> None:
    torch.set_rng_state(states["torch"])
    if "cuda" in states and torch.cuda.is_available():
        torch.cuda.set_rng_state(states["cuda"])


def _flatten(state: dict[str, Any]) -> tuple[Weights, list[dict[str, Any]]]:
    moments = {
        f"{index}.{name}": value.detach().cpu().contiguous()
        for index, entry in state["state"].items()
        for name, value in entry.items()
    }
    return moments, state["param_groups"]


def _unflatten(moments: Weights, groups: list[dict[str, Any]]) -> dict[str, Any]:
    entries: dict[int, Weights] = {}
    for key, value in moments.items():
        index, _, name = key.partition(".")
        entries.setdefault(int(index), {})[name] = value
    return {"state": entries, "param_groups": groups}
