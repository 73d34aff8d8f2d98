"""Models that get more layers."""

import unittest

import torch

from qwark_nano.grow import grow
from qwark_nano.model import Qwen3, Shape


class Grow(unittest.TestCase):
    """Of small models."""

    def test_answers_as_before(self) -> None:
        torch.manual_seed(1)
        model = Qwen3(Shape(vocab=64, hidden=32, layers=4, heads=1, kv_heads=1, ffn=32)).eval()
        tokens, documents = torch.randint(64, (2, 9)), torch.ones(2, 9, dtype=torch.long)
        for share in (torch.tensor(0.0), torch.tensor(1.0)):
            before = model(tokens, documents, share)
            for layers in (4, 5, 6, 8):
                larger = grow(model, layers)
                self.assertEqual(len(larger.matrices["attn_q"]), layers)
                torch.testing.assert_close(larger(tokens, documents, share), before)

    def test_new_layers_learn(self) -> None:
        model = grow(Qwen3(Shape(vocab=64, hidden=32, layers=2, heads=1, kv_heads=1, ffn=32)), 4)
        tokens, documents = torch.randint(64, (2, 9)), torch.ones(2, 9, dtype=torch.long)
        torch.autograd.backward(model(tokens, documents, torch.tensor(1.0)).logsumexp(-1).sum())
        for name in ("attn_output", "ffn_down"):
            gradient = model.matrices[name].grad
            assert gradient is not None
            self.assertTrue((gradient.abs().amax((1, 2)) > 0).all())

    def test_no_more_than_twice_as_many(self) -> None:
        model = Qwen3(Shape(vocab=64, hidden=32, layers=2, heads=1, kv_heads=1, ffn=32))
        for layers in (1, 5):
            self.assertRaises(ValueError, grow, model, layers)
