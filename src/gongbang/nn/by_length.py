"""A batch encoded in pieces of like length, so that a short text does not pay for the longest beside it.

Batches are of like length where a row is one text. Where a row is a pair, one side is, and the other has as
much padding as its longest text makes. What a text becomes does not depend on its padding, so the pieces
give what the batch would give at once, but for rounding.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

_PIECE = 32  # texts: fewer do not fill two cores


def states_by_length(encoder: nn.Module, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
    """The encoder's last states, (batch, time, hidden_size); zeros where its piece has no such place.

    Args:
        encoder: gives ``last_hidden_state``, (batch, time, hidden_size).
        input_ids, attention_mask: (batch, time), padding behind the text.

    Example:
        >>> from types import SimpleNamespace
        >>> class Ones(nn.Module):
        ...     def forward(self, input_ids, attention_mask):
        ...         return SimpleNamespace(last_hidden_state=torch.ones(*input_ids.shape, 1))
        >>> mask = torch.tensor([[1, 1, 1]] * 32 + [[1, 0, 0]] * 32)
        >>> states_by_length(Ones(), mask, mask).sum().item()  # 32 of three places, 32 of one
        128.0
    """
    pieces = len(input_ids) // _PIECE
    if pieces < 2:
        states: Tensor = encoder(input_ids=input_ids, attention_mask=attention_mask).last_hidden_state
        return states
    time = input_ids.shape[1]
    places = torch.arange(1, time + 1, device=input_ids.device)
    ends = (attention_mask * places).amax(dim=1).clamp(min=1)  # (batch,) up to where each text goes
    order = ends.argsort()
    found = []
    for rows in order.chunk(pieces):
        longest = int(ends[rows].max())
        piece = encoder(
            input_ids=input_ids[rows, :longest], attention_mask=attention_mask[rows, :longest]
        ).last_hidden_state
        found.append(nn.functional.pad(piece, (0, 0, 0, time - longest)))
    return torch.cat(found)[order.argsort()]
