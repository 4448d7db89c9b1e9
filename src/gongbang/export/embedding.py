"""A word embedding kept in blocks of 4 or 8 bits, looked up with standard ONNX operators only.

The word embedding is most of a small multilingual model. A row is 32-weight blocks, each with one float16
scale: ``weight = (code - offset) * scale``. Rows are unpacked after the lookup, so neither the file nor the
memory ever holds the whole matrix in float32.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from gongbang.nn.ensemble import encoders_of

BLOCK = 32
Bits = Literal[4, 8]


class BlockEmbedding(nn.Module):
    """Stands in for ``nn.Embedding`` at export.

    Args:
        weight: (tokens, width); the width is a multiple of 32.
        bits: 4 or 8; None takes 4 where that loses nothing (weights that came from a Q4_0 file and were
            frozen in training) and 8 elsewhere.
    """

    packed: Tensor
    scale: Tensor

    def __init__(self, weight: Tensor, bits: Bits | None = None) -> None:
        super().__init__()
        blocks = weight.detach().float().view(weight.shape[0], -1, BLOCK)  # (tokens, blocks, 32)
        self.bits: Bits = bits or (4 if _is_lossless(blocks) else 8)
        self.width = weight.shape[1]
        scale, codes = _encode(blocks, self.bits)
        if self.bits == 4:
            codes = codes[..., : BLOCK // 2] + 16 * codes[..., BLOCK // 2 :]
        self.register_buffer("packed", codes.to(torch.uint8).flatten(1).contiguous())
        self.register_buffer("scale", scale)

    def forward(self, ids: Tensor) -> Tensor:
        """(batch, time, width) of ids (batch, time)."""
        codes = self.packed[ids].float()  # (batch, time, width * bits / 8)
        codes = codes.view(ids.shape[0], ids.shape[1], self.width // BLOCK, -1)
        if self.bits == 4:
            high = torch.floor(codes / 16)  # division, not a shift: runtimes disagree on the type of a shift
            codes = torch.cat([codes - 16 * high, high], dim=-1)  # (batch, time, blocks, 32)
        offset = 8.0 if self.bits == 4 else 128.0
        rows = (codes - offset) * self.scale[ids].float()[..., None]
        return rows.reshape(ids.shape[0], ids.shape[1], self.width)

    @property
    def weight(self) -> Tensor:
        """The matrix that lookups amount to, (tokens, width)."""
        every = torch.arange(len(self.packed))[None]
        return self.forward(every)[0]


def _encode(blocks: Tensor, bits: Bits) -> tuple[Tensor, Tensor]:
    """float16 scales (tokens, blocks) and codes (tokens, blocks, 32), the extreme weight at code 0."""
    offset = 8 if bits == 4 else 128
    extreme = blocks.gather(-1, blocks.abs().argmax(dim=-1, keepdim=True)).squeeze(-1)
    scale = (extreme / -offset).half()
    step = scale.float()[..., None]
    codes = torch.where(step != 0, (blocks / step).round() + offset, torch.full_like(blocks, offset))
    return scale, codes.clamp(0, 2 * offset - 1)


def tables_of(encoder: nn.Module) -> dict[str, nn.Module]:
    """What an encoder looks tokens up in, by the module's name: its words, and n-grams where it has such."""
    words = encoder.get_input_embeddings()  # type: ignore[operator]
    wanted = [words, getattr(encoder, "ngrams", None)]
    return {
        name: module
        for name, module in encoder.named_modules()
        if any(module is table for table in wanted if table is not None)
    }


def is_lossless(packed: nn.Module, model: nn.Module) -> bool:
    """Whether a copy of a model by ``compress_embedding`` holds the very tables of the model."""
    pairs = zip(encoders_of(packed), encoders_of(model), strict=True)
    return all(
        torch.equal(rows_of(one), rows_of(other))
        for first, second in pairs
        for one, other in zip(tables_of(first).values(), tables_of(second).values(), strict=True)
    )


def rows_of(table: nn.Module) -> Tensor:
    """(rows, width) in float32 of a table, packed or not."""
    weight: Tensor = table.weight  # type: ignore[assignment]
    return weight.detach().float()


def _is_lossless(blocks: Tensor) -> bool:
    scale, codes = _encode(blocks, 4)
    return bool(torch.equal((codes - 8) * scale.float()[..., None], blocks))
