"""The model takes what the task prepares, all of it, at every length that will come."""

from __future__ import annotations

from typing import Any

import torch

from gongbang.errors import PreflightError
from gongbang.train.batches import SIDES
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "model inputs"


class _Reads(dict[str, torch.Tensor]):
    """A batch that remembers which of its tensors were asked for."""

    def __init__(self, batch: dict[str, torch.Tensor]) -> None:
        super().__init__(batch)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> torch.Tensor:
        self.read.add(name)
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        self.read.add(name)
        return super().get(name, default)


def prove_inputs(trial: Trial) -> Outcome:
    """The loss reads every array the task prepares, and asks for no other."""
    features = trial.features
    batch = _Reads(trial.batch(trial.few(2)))
    try:
        with torch.no_grad():
            trial.model.loss(batch)
            read = set(batch.read)  # by the loss alone: the outputs below are given everything
            trial.forward(dict(batch))
    except (KeyError, TypeError) as err:
        raise PreflightError(
            "the model asks for an input that the task does not prepare.",
            check=CHECK,
            value=f"{type(err).__name__}: {err}",
            allowed=", ".join([*features.inputs, *features.targets]),
            cure="Give the model's forward and loss the names that the task's prepare uses.",
        ) from err
    unread = [name for name in (*features.inputs, *features.targets) if name not in read]
    if unread:
        kind = "target" if unread[0] in features.targets else "input"
        raise PreflightError(
            f"the loss never reads the {kind} '{unread[0]}'.",
            check=CHECK,
            value=", ".join(unread),
            allowed=f"a loss that reads {', '.join([*features.inputs, *features.targets])}",
            cure="Read it in the model's loss, or do not prepare it.",
        )
    return Outcome("the loss reads all that is prepared", {"arrays": len(batch)})


def prove_positions(trial: Trial) -> Outcome:
    """A row of the greatest length fits the model's positions."""
    length = getattr(getattr(trial.bench.task, "settings", None), "max_length", None)
    if length is None:
        return Outcome("the task states no greatest length", skipped=True)
    short = trial.batch(trial.few(1))
    inputs = {name: short[name] for name in trial.features.inputs}
    full = {name: _stretched(name, tensor, length) for name, tensor in inputs.items()}
    limit = getattr(getattr(trial.bench.backbone.model, "config", None), "max_position_embeddings", "unknown")
    try:
        trial.forward(full)
    except (IndexError, RuntimeError) as err:
        raise PreflightError(
            "the longest row does not fit the model.",
            check="positions",
            value=f"max_length={length}: {str(err)[:120]}",
            allowed=f"rows within the model's {limit} positions",
            cure="Lower pipeline.max_length; RoBERTa-shaped models hold back two positions.",
        ) from err
    return Outcome("the longest row fits", {"max_length": length, "positions": limit})


def _stretched(name: str, row: torch.Tensor, length: int) -> torch.Tensor:
    """(1, length): the row's middle token repeated; masks and types are continued."""
    if name.startswith(SIDES):
        return row
    middle = row[:, row.shape[1] // 2 : row.shape[1] // 2 + 1]
    return torch.cat([row[:, :1], middle.expand(-1, length - 1)], dim=1)
