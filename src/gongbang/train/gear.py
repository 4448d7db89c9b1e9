"""What optimiser steps are made with: the loss as a module, batches in order, the optimiser, their device."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from gongbang.tasks.base import Features
from gongbang.train.batches import FeatureRows, GroupBatches, LengthBatches, RecordBatches
from gongbang.train.curriculum import CurriculumBatches, make_sampler
from gongbang.train.precision import resolve_precision
from gongbang.train.recipe import TrainingSettings
from gongbang.train.schedule import parameter_groups

if TYPE_CHECKING:
    from accelerate import Accelerator

Sampler = LengthBatches | RecordBatches | GroupBatches | CurriculumBatches


class Objective(nn.Module):
    """The loss as a forward pass, which is what accelerate wraps.

    Precision is set here and not by accelerate, which keeps the first one it was given for as long as the
    process lives.
    """

    def __init__(self, model: nn.Module, *, bf16: bool) -> None:
        super().__init__()
        self.model = model
        self.bf16 = bf16

    def forward(self, batch: dict[str, Tensor]) -> Tensor:
        device = next(iter(batch.values())).device.type
        with torch.autocast(device, torch.bfloat16, enabled=self.bf16):
            loss: Tensor = self.model.loss(batch)  # type: ignore[operator]
        return loss.float()


@dataclass(frozen=True, slots=True)
class Gear:
    """What steps are made with; ``prepared`` is accelerate's wrapper of ``optimizer``.

    Batches are cut from ``rows.features``, which may be exchanged between epochs for as many other rows.
    """

    accelerator: Accelerator
    objective: Any
    optimizer: torch.optim.Optimizer
    prepared: Any
    loader: Any
    rows: FeatureRows
    sampler: Sampler
    rates: list[float]
    accumulate: int

    @property
    def per_epoch(self) -> int:
        """Optimiser steps in an epoch, the last incomplete one counted."""
        return -(-len(self.sampler) // self.accumulate)

    def weights(self) -> list[float]:
        """What each batch's loss is multiplied by in the sampler's present epoch."""
        if self.accumulate == 1:
            return [1.0] * len(self.sampler)
        return batch_weights([len(batch) for batch in self.sampler], self.accumulate)


def batch_weights(sizes: Sequence[int], accumulate: int) -> list[float]:
    """Weights by which accumulated batches add up to one large batch, whatever number of rows each has.

    accelerate divides each loss by ``accumulate``. That is the mean over all rows only while batches are
    alike; a short batch would count as much as a full one, and a step of fewer batches, as an epoch's last
    may be, would be that much too small.

    Args:
        sizes: rows in each batch of an epoch, in order.
        accumulate: batches in a step.

    Example:
        >>> batch_weights([8, 8, 8, 4], 2), batch_weights([8, 8, 4], 2)
        ([1.0, 1.0, 1.3333333333333333, 0.6666666666666666], [1.0, 1.0, 2.0])
    """
    weights = []
    for start in range(0, len(sizes), accumulate):
        together = sizes[start : start + accumulate]
        weights += [size * accumulate / sum(together) for size in together]
    return weights


def make_gear(
    accelerator: Accelerator, model: nn.Module, features: Features, settings: TrainingSettings
) -> Gear:
    """Batches and optimiser of a run that has not begun; the model lies on accelerate's device already."""
    sampler = make_sampler(features, settings)
    rows = FeatureRows(features)
    # A loader draws a seed whenever it is begun; drawn from torch's own generator, this would make a run
    # that resumes within an epoch drop out other units than one that was never stopped.
    loader = torch.utils.data.DataLoader(
        rows,
        batch_sampler=sampler,
        collate_fn=rows.collate,
        generator=torch.Generator().manual_seed(settings.seed),
    )
    optimizer = torch.optim.AdamW(
        parameter_groups(
            model,
            learning_rate=settings.learning_rate,
            weight_decay=settings.weight_decay,
            layer_decay=settings.layer_decay,
        )
    )
    rates = [group["lr"] for group in optimizer.param_groups]
    objective, prepared, loader = accelerator.prepare(
        Objective(model, bf16=resolve_precision(settings.precision) == "bf16"), optimizer, loader
    )
    return Gear(
        accelerator, objective, optimizer, prepared, loader, rows, sampler, rates, settings.accumulate
    )
