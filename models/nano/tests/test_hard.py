"""The hardest sentences are picked, and others with them."""

import unittest
from random import Random

import torch
from torch import Tensor

from qwark_nano.batches import Batch, pack, unpack
from qwark_nano.hard import hardest, worst

# The first token of an answer says how hard it is.
PAIRS = [([1, 2, 3], [10 + n, 4]) for n in range(80)]


def losses(batch: Batch) -> Tensor:
    """Those of the token after the prompt, and of the prompt more than any."""
    return torch.where(batch.weights == 1, batch.tokens, 1000).float()[:, 1:]


class Hard(unittest.TestCase):
    """Losses of sentences."""

    def test_what_is_packed_is_unpacked(self) -> None:
        batch, taken = pack(PAIRS, 2)
        self.assertEqual(unpack(batch), PAIRS[:taken])

    def test_the_worst_token_of_an_answer_counts(self) -> None:
        batch, taken = pack(PAIRS, 2)
        self.assertEqual(worst(batch, losses(batch)), [float(answer[0]) for _, answer in PAIRS[:taken]])

    def test_the_hardest_are_there(self) -> None:
        batch, taken = pack(PAIRS, 1)
        picked = next(hardest(iter([batch, pack(PAIRS[taken:], 1)[0]]), 2, losses, Random(1)))
        answers = [answer[0] for _, answer in unpack(picked)]
        self.assertEqual(len(picked.tokens), 1)
        self.assertEqual(max(answers), 89)
        self.assertGreater(sum(answers) / len(answers), 55)


if __name__ == "__main__":
    unittest.main()
