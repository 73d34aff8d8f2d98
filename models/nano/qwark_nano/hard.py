"""Picks the sentences that a model still gets wrong, or nearly so: of a trained one, most teach it nothing more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

import torch
from torch import Tensor

from .batches import Batch, pack, unpack

# Of a batch, the share that is picked; the rest is taken as it comes, so that nothing is forgotten.
PICKED = 0.6


def hardest(batches: Iterator[Batch], among: int, losses: Callable[[Batch], Tensor], rng: Random) -> Iterator[Batch]:
    """Batches with the hardest sentences of `among` batches each; `losses` gives those of tokens [rows, length - 1] after the first."""
    while True:
        found: list[tuple[float, tuple[list[int], list[int]]]] = []
        for _ in range(among):
            batch = next(batches)
            found += zip(worst(batch, losses(batch)), unpack(batch), strict=True)
        found.sort(key=lambda pair: -pair[0])
        count = round(len(found) / among * PICKED)
        picked, others = [pair for _, pair in found[:count]], [pair for _, pair in found[count:]]
        rng.shuffle(others)
        yield pack(picked + others, len(batch.tokens))[0]


def worst(batch: Batch, losses: Tensor) -> list[float]:
    """The greatest loss of a token of each sentence's answer."""
    documents = batch.documents[:, 1:].long()
    answers = torch.where(batch.weights[:, 1:] == 1, losses.float().cpu(), 0)
    most = torch.zeros(len(documents), int(documents.max()) + 1).scatter_reduce(1, documents, answers, "amax")
    counts = documents.amax(1).tolist()
    return [loss for row, count in zip(most.tolist(), counts, strict=True) for loss in row[1 : count + 1]]
