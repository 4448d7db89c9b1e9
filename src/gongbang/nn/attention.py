"""Attention for training on a CPU: torch's fast forward pass with a backward pass of our own.

torch 2.13's fused attention is quick forwards, but its backward pass on a CPU costs three to ten times as
much as the matrix products in it. Going row by row with plain matrix products keeps the (heads, time, time)
scores of one row in the cache. The mathematics is that of Dao et al. 2022, "FlashAttention", appendix B.2:
with P the attention weights and D the row sums of dO * O, dS = P * (dP - D).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

NAME = "row_backward"
"""The name under which transformers knows this attention."""


class _RowAttention(torch.autograd.Function):
    @staticmethod
    def forward(  # noqa: PLR0917 (the order is torch's)
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None, scale: float
    ) -> Tensor:
        output = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=mask, scale=scale
        )
        ctx.save_for_backward(query, key, value, mask, output)
        ctx.scale = scale
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, mask, output = ctx.saved_tensors
        to_query, to_key, to_value = (torch.empty_like(tensor) for tensor in (query, key, value))
        for row in range(len(query)):
            q, k, v, g = query[row] * ctx.scale, key[row], value[row], gradient[row]  # (heads, time, width)
            scores = torch.bmm(q, k.transpose(1, 2))  # (heads, time, time)
            if mask is not None:
                scores.masked_fill_(~mask[row], float("-inf"))
            weights = torch.softmax(scores, dim=-1)
            torch.bmm(weights.transpose(1, 2), g, out=to_value[row])
            inner = torch.bmm(g, v.transpose(1, 2))
            inner.sub_((g * output[row]).sum(dim=-1, keepdim=True)).mul_(weights)
            torch.bmm(inner, k, out=to_query[row]).mul_(ctx.scale)
            torch.bmm(inner.transpose(1, 2), q, out=to_key[row])
        return to_query, to_key, to_value, None, None


def row_attention(  # noqa: PLR0917 (the signature is transformers')
    module: torch.nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[Tensor, None]:
    """Attention in the form that transformers calls.

    Args:
        query, key, value: (batch, heads, time, width).
        attention_mask: (batch, 1, time, time) booleans, True where a key may be seen; None: everywhere.
        scaling: of the scores; 1 / sqrt(width) when None.

    Returns:
        (batch, time, heads, width), and no attention weights.
    """
    scale = query.shape[-1] ** -0.5 if scaling is None else scaling
    if (
        dropout
        or attention_mask is None
        or attention_mask.dtype is not torch.bool
        or query.device.type != "cpu"
    ):
        output = torch.nn.functional.scaled_dot_product_attention(
            query, key, value, attn_mask=attention_mask, dropout_p=dropout, scale=scale
        )
    else:
        output = _RowAttention.apply(  # type: ignore[no-untyped-call]
            query.contiguous(), key.contiguous(), value.contiguous(), attention_mask, scale
        )
    return output.transpose(1, 2).contiguous(), None


def use_row_attention(encoder: Any) -> None:
    """Let a transformers encoder train with :func:`row_attention`."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, row_attention)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    encoder.set_attn_implementation(NAME)
