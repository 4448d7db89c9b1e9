"""Which number format training multiplies in: bfloat16 only where the hardware multiplies in it.

On a processor without bfloat16 instructions autocast converts every operand to float32 and back, and a
training step takes several times as long as in plain float32.
"""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import torch

    from gongbang.train.recipe import Recipe

Precision = Literal["auto", "bf16", "fp32"]
Resolved = Literal["bf16", "fp32"]

_LOG = logging.getLogger(__name__)
_CPUINFO = Path("/proc/cpuinfo")
_INSTRUCTIONS = frozenset({"avx512_bf16", "amx_bf16", "bf16"})  # "bf16" is what ARM calls its own
_AMPERE = 8  # the first generation of CUDA devices with bfloat16 units
_PRODUCT = (512, 384, 1536)  # the size of a feed-forward layer's product over a small batch
_TRIALS = 3


def resolve_precision(precision: Precision) -> Resolved:
    """What ``auto`` means on this machine; the other two mean what they say.

    Example:
        >>> resolve_precision("fp32"), resolve_precision("auto") in ("bf16", "fp32")
        ('fp32', True)
    """
    if precision != "auto":
        return precision
    return "bf16" if has_bf16() else "fp32"


def with_precision(recipe: Recipe) -> Recipe:
    """The recipe with ``auto`` replaced by what it means here.

    A run is recorded under what this gives, so that resuming or repeating it, on whatever machine, computes
    in the format that it began with.
    """
    found = resolve_precision(recipe.training.precision)
    if found == recipe.training.precision:
        return recipe
    _LOG.info("precision auto: %s on this machine", found)
    return recipe.model_copy(update={"training": recipe.training.model_copy(update={"precision": found})})


def has_bf16() -> bool:
    """Whether the device that trains here multiplies bfloat16 in hardware.

    A GPU does from CUDA capability 8.0 on; a processor does with AVX512_BF16 or AMX, on ARM with BF16.
    """
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.get_device_capability()[0] >= _AMPERE)
    flags = processor_flags()
    return bool(flags & _INSTRUCTIONS) if flags else _as_torch_says()


def processor_flags(cpuinfo: Path | None = None) -> frozenset[str]:
    """The processor's instruction sets as Linux lists them, in lower case; empty elsewhere."""
    try:
        lines = (cpuinfo or _CPUINFO).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return frozenset()
    named = (line.partition(":") for line in lines)
    return frozenset(
        flag
        for name, _, flags in named
        if name.strip().lower() in {"flags", "features"}
        for flag in flags.lower().split()
    )


def _as_torch_says() -> bool:
    """torch's own look at the processor, by functions that some of its versions lack."""
    import torch

    for name in ("_is_avx512_bf16_supported", "_is_amx_tile_supported"):
        supported = getattr(torch.cpu, name, None)
        if supported is not None and supported():
            return True
    return False


def bf16_slowdown() -> float:
    """How many times as long a linear layer takes under bfloat16 autocast as in float32, measured here.

    Takes a few hundredths of a second; below 1 bfloat16 is the quicker of the two.
    """
    import torch

    rows, width, wide = _PRODUCT
    device = "cuda" if torch.cuda.is_available() else "cpu"
    rows_in, weight = torch.ones(rows, width, device=device), torch.ones(wide, width, device=device)
    return _seconds(rows_in, weight, bf16=True) / _seconds(rows_in, weight, bf16=False)


def _seconds(rows: torch.Tensor, weight: torch.Tensor, *, bf16: bool) -> float:
    """The shortest of several products; the first of all is not counted, since it may set things up."""
    import torch

    found = []
    for _ in range(_TRIALS + 1):
        began = time.perf_counter()
        with torch.no_grad(), torch.autocast(rows.device.type, torch.bfloat16, enabled=bf16):
            torch.nn.functional.linear(rows, weight)
        if rows.is_cuda:
            torch.cuda.synchronize()
        found.append(time.perf_counter() - began)
    return max(1e-9, min(found[1:]))
