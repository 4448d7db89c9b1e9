"""Attention for training on a CPU, forwards and backwards, in plain matrix products.

torch 2.13's fused attention is quick forwards, but its backward pass on a CPU costs three to ten times as
much as the matrix products in it. Going row by row of the batch keeps the (heads, time, time) scores of one
row in the cache; the attention weights are kept for the backward pass, which is cheaper than making them
again and is affordable at a reader's lengths (batch 16, 12 layers, 384 tokens: 0.7 GB in bf16). With P the
weights and D the row sums of dO * O, dS = P * (dP - D): Dao et al. 2022, "FlashAttention", appendix B.2.
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
        output = torch.empty_like(query)
        weights = query.new_empty(*query.shape[:3], key.shape[2])  # (batch, heads, time, time)
        # Scores reach 50 in the upper layers, where bfloat16 knows steps of 0.25: they stay in float32.
        wide = torch.promote_types(query.dtype, torch.float32)
        bias = torch.zeros((len(query), 1, 1, 1) if mask is None else mask.shape, dtype=wide)
        if mask is not None:
            bias.masked_fill_(~mask, float("-inf"))
        for row in range(len(query)):
            q, k = query[row].to(wide), key[row].to(wide)
            weights[row] = torch.baddbmm(bias[row], q, k.transpose(1, 2), alpha=scale).softmax(dim=-1)
            torch.bmm(weights[row], value[row], out=output[row])
        ctx.save_for_backward(query, key, value, output, weights)
        ctx.scale = scale
        return output

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        query, key, value, output, weights = ctx.saved_tensors
        to_query, to_key, to_value = (torch.empty_like(tensor) for tensor in (query, key, value))
        for row in range(len(query)):
            q, k, v, g, w = query[row], key[row], value[row], gradient[row], weights[row]
            torch.bmm(w.transpose(1, 2), g, out=to_value[row])
            inner = torch.bmm(g, v.transpose(1, 2))  # (heads, time, time)
            inner.sub_((g * output[row]).sum(dim=-1, keepdim=True)).mul_(w)
            torch.bmm(inner, k, out=to_query[row])
            torch.bmm(inner.transpose(1, 2), q, out=to_key[row])
        return to_query.mul_(ctx.scale), to_key.mul_(ctx.scale), to_value, None, None


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
        or not torch.is_grad_enabled()
        or torch.compiler.is_exporting()
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
