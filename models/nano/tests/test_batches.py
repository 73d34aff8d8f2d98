"""Rows hold whole sentences, and the loss sees their answers."""

import unittest
from collections import Counter
from itertools import islice
from random import Random

import torch

from qwark_nano.batches import HELD, ROW, SENTENCE_WEIGHT, Batch, pack, repeated
from qwark_nano.model import Qwen3, Shape


class Rows(unittest.TestCase):
    """Packed by hand-made lengths."""

    def test_sentences_stay_whole(self) -> None:
        pairs = [([1] * 100, [2] * 100), ([3] * 50, [4] * 10), ([5] * 10, [6] * 300), ([7] * 10, [8] * 10)]
        batch, taken = pack(pairs, rows=2)
        # The third is too long for any row, and is left out.
        self.assertEqual(taken, 4)
        self.assertEqual(batch.tokens[0, :200].tolist(), [1] * 100 + [2] * 100)
        self.assertEqual(set(batch.documents[0, 200:].tolist()), {0})
        self.assertEqual(set(batch.documents[1].tolist()), {0, 1, 2})
        self.assertEqual(float(batch.weights[0, 0]), 0)
        self.assertAlmostEqual(float(batch.weights[0, 99]), SENTENCE_WEIGHT, places=4)
        self.assertEqual(set(batch.weights[0, 100:200].tolist()), {1})
        self.assertEqual(batch.tokens.shape, (2, ROW))

    def test_sentences_in_a_row_do_not_see_each_other(self) -> None:
        torch.manual_seed(4)
        model = Qwen3(Shape(vocab=32, hidden=32, layers=2, heads=2, kv_heads=1, head_dim=32, ffn=32))
        first, second = torch.randint(32, (7,)), torch.randint(32, (9,))
        row, share = torch.cat([first, second])[None], torch.tensor(0.0)
        documents = torch.tensor([[1] * 7 + [2] * 9])
        together = model(row, documents, share)[0, 7:]
        alone = model(second[None], torch.ones(1, 9), share)[0]
        torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-4)

    def test_each_batch_is_used_as_often(self) -> None:
        batches = [Batch(*[torch.tensor(i)] * 3) for i in range(4 * HELD)]
        used = [int(batch.tokens) for batch in islice(repeated(iter(batches), 3, Random(1)), 6 * HELD)]
        counts = Counter(used)
        self.assertEqual(max(counts.values()), 3)
        # All but those that are still held were used three times.
        self.assertGreater(sum(n == 3 for n in counts.values()), HELD)
        self.assertLess(sum(a == b for a, b in zip(used, used[1:], strict=False)), 6 * HELD // 20)
