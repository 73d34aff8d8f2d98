"""Averages of models."""

import unittest

import torch

from qwark_nano.average import average
from qwark_nano.model import Qwen3, Shape


class Average(unittest.TestCase):
    """Of small models."""

    def test_weights_are_shared_out(self) -> None:
        shape = Shape(vocab=64, hidden=32, layers=1, heads=1, kv_heads=1, ffn=32)
        models = [Qwen3(shape) for _ in range(2)]
        states = [model.state_dict() for model in models]
        for key, mean in average(models, [1, 3]).state_dict().items():
            torch.testing.assert_close(mean, states[0][key] / 4 + states[1][key] * 3 / 4)
