"""A model that comes back from its file."""

import tempfile
import unittest
from pathlib import Path

import torch

from qwark_nano.export import export
from qwark_nano.model import Qwen3, Shape
from qwark_nano.restore import restore
from qwark_nano.vocabulary import Vocabulary


class Restore(unittest.TestCase):
    """Of a small model."""

    def test_is_what_was_rounded(self) -> None:
        torch.manual_seed(1)
        vocabulary = Vocabulary.learn(["go forward two metres", "turn left"] * 20, 280)
        model = Qwen3(Shape(len(vocabulary.tokens), hidden=64, layers=2, heads=2, kv_heads=1, head_dim=32, ffn=96)).eval()
        tokens = torch.tensor(vocabulary.encode(["turn left, then go"]))
        with tempfile.TemporaryDirectory() as folder:
            files = [Path(folder) / name for name in ("first.gguf", "second.gguf")]
            export(model, vocabulary, "a model", files[0])
            back, again = restore(files[0])
            export(back, again, "a model", files[1])
            self.assertEqual(files[0].read_bytes(), files[1].read_bytes())
        self.assertEqual((back.shape, again.tokens, again.merges), (model.shape, vocabulary.tokens, vocabulary.merges))
        documents = torch.ones_like(tokens)
        torch.testing.assert_close(
            back(tokens, documents, torch.tensor(0.0)), model(tokens, documents, torch.tensor(1.0)), atol=1e-4, rtol=1e-4
        )
