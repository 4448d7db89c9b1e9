"""A row's outputs are its own: neither padding nor neighbours change them."""

from __future__ import annotations

import torch

from gongbang.errors import PreflightError
from gongbang.tasks.windows import special_id
from gongbang.train.batches import mask_name
from gongbang.train.proofs.trial import Outcome, Trial

CHECK = "padding"
_TOLERANCE = 2e-4  # of the outputs' spread: far above rounding, far below any attention to padding
_EXTRA = 5


def prove(trial: Trial) -> Outcome:
    """Pad a batch further, and run its first row alone; outputs must not move."""
    rows = trial.few(3)
    batch = {name: trial.batch(rows)[name] for name in trial.features.inputs}
    pad = special_id(trial.bench.task.tokenizer, ("<pad>", "[PAD]"), "padding")
    plain = trial.forward(batch)
    wider = trial.forward({name: _wider(name, tensor, pad) for name, tensor in batch.items()})
    worst = _distance(plain, wider)
    if worst > _TOLERANCE:
        _refuse("padding a batch further changes its outputs: padded places are attended to.", worst)
    single = {name: tensor[:1] for name, tensor in batch.items()}
    lengths = {name: int(batch[mask_name(name)][0].sum(dim=-1).max()) for name in batch}
    alone = {name: tensor[..., : lengths[name]] for name, tensor in single.items()}
    try:
        lone = trial.forward(alone)
    except (IndexError, RuntimeError) as err:
        raise PreflightError(
            "the model cannot run a batch of one.",
            check=CHECK,
            value=str(err)[:200],
            allowed="any size of batch",
            cure="Name the axis that is squeezed: squeeze(-1), not squeeze().",
        ) from err
    company = _distance({name: tensor[:1] for name, tensor in plain.items()}, lone)
    if company > _TOLERANCE:
        _refuse("a row's outputs depend on the rows beside it.", company)
    return Outcome("outputs do not depend on padding", {"largest change": f"{max(worst, company):.1e}"})


def _wider(name: str, tensor: torch.Tensor, pad: int) -> torch.Tensor:
    value = pad if name.endswith("input_ids") else 0
    return torch.nn.functional.pad(tensor, (0, _EXTRA), value=value)


def _distance(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> float:
    """The largest change relative to the outputs' spread, over the places that both have."""
    worst = 0.0
    for name, left in first.items():
        right = second[name]
        if left.dim() != right.dim():
            return float("inf")
        width = min(left.shape[-1], right.shape[-1])
        a, b = left[..., :width], right[..., :width]
        real = (a > -9_999.0) & (b > -9_999.0)
        if bool(real.any()):
            spread = float(a[real].std(unbiased=False)) + 1e-3
            worst = max(worst, float((a[real] - b[real]).abs().max()) / spread)
    return worst


def _refuse(what: str, change: float) -> None:
    raise PreflightError(
        what,
        check=CHECK,
        value=f"a change of {change:.2g} of the outputs' spread",
        allowed=f"at most {_TOLERANCE:g}",
        cure="Pass attention_mask to the encoder, mask pooling by it, and build it from lengths, not from "
        "a padding id.",
    )
