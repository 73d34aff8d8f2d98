"""Weights round as ggml rounds them."""

import unittest

import gguf
import numpy as np
import torch
from gguf import GGMLQuantizationType as Type

from qwark_nano.quantise import q4_0, q8_0, straight_through


class Quantise(unittest.TestCase):
    """Against gguf's own, on weights of many sizes."""

    def test_rounds_as_ggml(self) -> None:
        torch.manual_seed(1)
        w = torch.randn(64, 256) * torch.logspace(-6, 2, 64)[:, None]
        w[3] = 0
        w[5, :32] = torch.arange(32) / 31
        for rounded, kind in ((q4_0(w), Type.Q4_0), (q8_0(w), Type.Q8_0)):
            expected = gguf.quants.dequantize(gguf.quants.quantize(w.numpy(), kind), kind)
            np.testing.assert_array_equal(rounded.numpy(), expected)

    def test_gradients_pass_straight_through(self) -> None:
        w = torch.randn(2, 32, requires_grad=True)
        rounded = straight_through(w, q4_0(w), torch.tensor(1.0))
        torch.testing.assert_close(rounded, q4_0(w))
        torch.autograd.backward((rounded * 3).sum())
        assert w.grad is not None
        torch.testing.assert_close(w.grad, torch.full_like(w, 3))
