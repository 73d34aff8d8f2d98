"""Weights as the file will hold them, rounded as ggml rounds (`quantize_row_q4_0`, `quantize_row_q8_0`)."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 32


def q4_0(w: Tensor) -> Tensor:
    """`w` in blocks of 32 whole numbers from -8 to 7 with an f16 scale; the number of largest magnitude becomes -8."""
    blocks = w.float().reshape(*w.shape[:-1], -1, BLOCK)
    largest = blocks.gather(-1, blocks.abs().argmax(-1, keepdim=True))
    scale = largest / -8
    inverse = torch.where(scale == 0, 0, 1 / scale)
    whole = (blocks * inverse + 8.5).floor().clamp(0, 15) - 8
    return (whole * scale.half().float()).view_as(w)


def q8_0(w: Tensor) -> Tensor:
    """`w` in blocks of 32 whole numbers from -127 to 127 with an f16 scale."""
    blocks = w.float().reshape(*w.shape[:-1], -1, BLOCK)
    scale = blocks.abs().amax(-1, keepdim=True) / 127
    inverse = torch.where(scale == 0, 0, 1 / scale)
    scaled = blocks * inverse
    # Halves go away from zero, as C's roundf has it.
    whole = scaled.sign() * (scaled.abs() + 0.5).floor()
    return (whole * scale.half().float()).view_as(w)


def straight_through(w: Tensor, rounded: Tensor, share: Tensor) -> Tensor:
    """`rounded` in a share, `w` in the rest; gradients pass as if it were `w`."""
    return w + share * (rounded - w).detach()
