"""Muon for matrices (https://kellerjordan.github.io/posts/muon), AdamW for the rest."""

from __future__ import annotations

import torch
from torch import Tensor, nn

MOMENTUM = 0.95
MATRIX_RATE = 0.02
OTHER_RATE = 4e-3
WEIGHT_DECAY = 0.02


class Optimiser:
    """Steps of both, with one factor on their learning rates."""

    def __init__(self, matrices: list[nn.Parameter], others: list[nn.Parameter]) -> None:
        self.matrices = matrices
        self.momenta = [torch.zeros_like(w) for w in matrices]
        fused = others[0].device.type == "cuda"
        self.adam = torch.optim.AdamW(others, lr=OTHER_RATE, betas=(0.9, 0.98), weight_decay=0.0, fused=fused)

    @torch.no_grad()
    def step(self, factor: float) -> None:
        """One step, after gradients are there; clears them."""
        for group in self.adam.param_groups:
            group["lr"] = OTHER_RATE * factor
        self.adam.step()
        self.adam.zero_grad()
        for w, momentum in zip(self.matrices, self.momenta, strict=True):
            assert w.grad is not None
            momentum.lerp_(w.grad, 1 - MOMENTUM)
            update = orthogonal(w.grad.lerp(momentum, MOMENTUM))
            rate = MATRIX_RATE * factor
            w.mul_(1 - rate * WEIGHT_DECAY).add_(update, alpha=-rate * max(1, w.shape[-2] / w.shape[-1]) ** 0.5)
            w.grad = None


def orthogonal(g: Tensor) -> Tensor:
    """The orthogonal matrix near each of `g` [..., out, in], by Newton and Schulz's iteration."""
    # Enough digits for this, and fast on GPUs; a CPU without instructions for it may take a hundred times as long.
    x: Tensor = g.bfloat16() if g.is_cuda else g.float()
    tall = x.shape[-2] > x.shape[-1]
    if tall:
        x = x.mT
    x = x / (torch.linalg.matrix_norm(x, keepdim=True) + 1e-7)
    for _ in range(5):
        a = x @ x.mT
        x = 3.4445 * x + (-4.775 * a + 2.0315 * a @ a) @ x
    if tall:
        x = x.mT
    return x.to(g.dtype)
