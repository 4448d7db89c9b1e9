"""Dropout that a CPU can afford: one random byte a unit instead of one random float.

torch draws its random numbers on a CPU one float at a time, which costs several times the rest of the
forward pass. A random 64-bit integer is eight bytes, and a byte decides on a unit to within 1/256.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_LEVELS = 256


class ByteDropout(nn.Module):
    """Dropout (Srivastava et al. 2014, section 4) with a probability in steps of 1/256.

    The numbers are torch's own, so a seed repeats them and a checkpoint of the generator resumes them.

    Args:
        p: share of the units set to zero; the others are scaled by 1 / (1 - p). Rounded to the nearest step,
            but never to zero or one.

    Example:
        >>> drop = ByteDropout(0.1)
        >>> round(drop.p, 4), drop.eval()(torch.ones(3)).tolist()
        (0.1016, [1.0, 1.0, 1.0])
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.level = min(max(1, round(p * _LEVELS)), _LEVELS - 1)

    @property
    def p(self) -> float:
        """The probability that is used."""
        return self.level / _LEVELS

    def forward(self, states: Tensor) -> Tensor:
        """The states, in training with a share of them set to zero."""
        if not self.training:
            return states
        words = torch.empty(-(-states.numel() // 8), dtype=torch.int64).random_(-(2**63), None)
        bits = words.view(torch.uint8)[: states.numel()].view(states.shape)
        # Scaled last and by a number, which is float32 inside: 1 / (1 - p) itself is no bfloat16.
        return states * (bits >= self.level) * (1.0 / (1.0 - self.p))

    def extra_repr(self) -> str:
        """What is shown between the brackets of the module's name."""
        return f"p={self.p:.4f}"


def use_byte_dropout(model: nn.Module) -> int:
    """Put :class:`ByteDropout` in the place of every dropout that is on; how many were replaced.

    Example:
        >>> model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.1), nn.Dropout(0.0))
        >>> use_byte_dropout(model), type(model[1]).__name__, type(model[2]).__name__
        (1, 'ByteDropout', 'Dropout')
    """
    replaced = 0
    for module in list(model.modules()):
        for name, child in module.named_children():
            if isinstance(child, nn.Dropout) and child.p:
                setattr(module, name, ByteDropout(child.p))
                replaced += 1
    return replaced
