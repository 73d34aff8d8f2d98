"""Qwen3 in PyTorch: https://github.com/huggingface/transformers/tree/main/src/transformers/models/qwen3

Matrices of all layers are stacked, so that quantisation and the optimiser treat them at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .quantise import q4_0, q8_0, straight_through

NORM_EPS = 1e-6
ROPE_THETA = 10_000.0


@dataclass(frozen=True)
class Shape:
    """The sizes of a model; widths are multiples of 32, a block of weights."""

    vocab: int
    hidden: int = 256
    layers: int = 8
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 64
    ffn: int = 768

    def matrices(self) -> dict[str, tuple[int, int]]:
        """(out, in) of a layer's matrices, by their names in GGUF."""
        q, kv = self.heads * self.head_dim, self.kv_heads * self.head_dim
        return {
            "attn_q": (q, self.hidden),
            "attn_k": (kv, self.hidden),
            "attn_v": (kv, self.hidden),
            "attn_output": (self.hidden, q),
            "ffn_gate": (self.ffn, self.hidden),
            "ffn_up": (self.ffn, self.hidden),
            "ffn_down": (self.hidden, self.ffn),
        }

    def norms(self) -> dict[str, int]:
        """Width of a layer's norms, by their names in GGUF."""
        return {
            "attn_norm": self.hidden,
            "ffn_norm": self.hidden,
            "attn_q_norm": self.head_dim,
            "attn_k_norm": self.head_dim,
        }


class Qwen3(nn.Module):
    """A model with a tied head."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        # [vocab, hidden]
        self.embedding = nn.Parameter(torch.randn(shape.vocab, shape.hidden) * 0.02)
        # [layers, out, in] each
        self.matrices = nn.ParameterDict()
        for name, (rows, cols) in shape.matrices().items():
            # What is added to the residual stream begins small.
            gain = 0.3 if name in ("attn_output", "ffn_down") else 1.0
            self.matrices[name] = nn.Parameter(torch.randn(shape.layers, rows, cols) * gain * cols**-0.5)
        # [layers, width] each
        self.norms = nn.ParameterDict({name: nn.Parameter(torch.ones(shape.layers, n)) for name, n in shape.norms().items()})
        # [hidden]
        self.output_norm = nn.Parameter(torch.ones(shape.hidden))

    def forward(self, tokens: Tensor, documents: Tensor, int4_share: Tensor) -> Tensor:
        """Logits [rows, length, vocab] of `tokens` [rows, length].

        `documents` [rows, length] has the number of the sentence that each token belongs to: tokens see those before them in their own.
        `int4_share` says how far weights are what they will be in the file, from 0 to 1.
        """
        length = tokens.shape[1]
        same = documents[:, :, None] == documents[:, None, :]
        seen = (same & torch.ones(length, length, dtype=torch.bool, device=tokens.device).tril())[:, None]
        embedding = straight_through(self.embedding, q8_0(self.embedding), int4_share)
        matrices = {name: straight_through(w, q4_0(w), int4_share) for name, w in self.matrices.items()}
        rotation = rope(length, self.shape.head_dim, tokens.device)
        x = F.embedding(tokens, embedding)
        for i in range(self.shape.layers):
            w = {name: stack[i] for name, stack in matrices.items()} | {name: stack[i] for name, stack in self.norms.items()}
            x = x + self._attention(norm(x, w["attn_norm"]), w, rotation, seen)
            h = norm(x, w["ffn_norm"])
            x = x + F.linear(F.silu(F.linear(h, w["ffn_gate"])) * F.linear(h, w["ffn_up"]), w["ffn_down"])
        return F.linear(norm(x, self.output_norm), embedding)

    def _attention(self, x: Tensor, w: dict[str, Tensor], rotation: tuple[Tensor, Tensor], seen: Tensor) -> Tensor:
        s = self.shape
        rows, length, _ = x.shape

        def heads(name: str, n: int) -> Tensor:
            return F.linear(x, w[name]).view(rows, length, n, s.head_dim).transpose(1, 2)

        q = rotate(norm(heads("attn_q", s.heads), w["attn_q_norm"]), rotation)
        k = rotate(norm(heads("attn_k", s.kv_heads), w["attn_k_norm"]), rotation)
        v = heads("attn_v", s.kv_heads)
        group = s.heads // s.kv_heads
        k, v = k.repeat_interleave(group, 1), v.repeat_interleave(group, 1)
        out = F.scaled_dot_product_attention(q.to(v.dtype), k.to(v.dtype), v, attn_mask=seen)
        return F.linear(out.transpose(1, 2).reshape(rows, length, -1), w["attn_output"])


def norm(x: Tensor, weight: Tensor) -> Tensor:
    """RMS norm."""
    return F.rms_norm(x.float(), (x.shape[-1],), weight, NORM_EPS)


def rope(length: int, head_dim: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines [length, head_dim / 2] of the rotary embedding."""
    frequencies = ROPE_THETA ** -(torch.arange(0, head_dim, 2, device=device).float() / head_dim)
    angles = torch.arange(length, device=device).float()[:, None] * frequencies
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rotation: tuple[Tensor, Tensor]) -> Tensor:
    """`x` [..., length, head_dim] turned by its positions, halves against each other."""
    cos, sin = rotation
    a, b = x.chunk(2, -1)
    return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)
