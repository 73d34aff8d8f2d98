"""Sentences with their answers, packed into rows of tokens."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from .examples import Example, Generator
from .vocabulary import Vocabulary

ROW = 256
# Of a token of the sentence in the loss, where one of the answer has 1: it teaches words that are rare.
SENTENCE_WEIGHT = 0.03
# Sentences that are made at once.
CHUNK = 1024
# Batches among which the next is chosen, where each is used several times.
HELD = 256


@dataclass(frozen=True)
class Batch:
    """Rows [rows, ROW] of tokens, in small types for the way from the process that made them."""

    tokens: Tensor
    # Number of the sentence in its row, from 1; 0 where nothing follows.
    documents: Tensor
    # Weight in the loss of predicting this token.
    weights: Tensor

    def to(self, device: torch.device) -> Batch:
        """The same on a device, to be computed with."""
        tokens, documents, weights = (t.to(device, non_blocking=True) for t in (self.tokens, self.documents, self.weights))
        return Batch(tokens.long(), documents.long(), weights.float())


def encoded(examples: list[Example], vocabulary: Vocabulary) -> list[tuple[list[int], list[int]]]:
    """The prompt and the answer of each, as tokens."""
    sentences = vocabulary.encode([e.text for e in examples])
    answers = vocabulary.encode([e.answer for e in examples])
    return [
        ([vocabulary.start, *sentence, vocabulary.end], [*answer, vocabulary.end])
        for sentence, answer in zip(sentences, answers, strict=True)
    ]


def pack(pairs: list[tuple[list[int], list[int]]], rows: int) -> tuple[Batch, int]:
    """Fills `rows` rows with as many of `pairs` as fit; returns how many that were."""
    tokens, documents = np.zeros((rows, ROW), np.int16), np.zeros((rows, ROW), np.uint8)
    weights = np.zeros((rows, ROW), np.float16)
    row, at, number, taken = 0, 0, 0, 0
    for prompt, answer in pairs:
        length = len(prompt) + len(answer)
        if at + length > ROW and length <= ROW:
            row, at, number = row + 1, 0, 0
        if row == rows:
            break
        taken += 1
        if length > ROW:
            continue
        number += 1
        tokens[row, at : at + length] = prompt + answer
        documents[row, at : at + length] = number
        weights[row, at + 1 : at + len(prompt)] = SENTENCE_WEIGHT
        weights[row, at + len(prompt) : at + length] = 1
        at += length
    return Batch(*map(torch.from_numpy, (tokens, documents, weights))), taken


def unpack(batch: Batch) -> list[tuple[list[int], list[int]]]:
    """The prompts and answers that `pack` packed."""
    pairs = []
    for tokens, documents, weights in zip(batch.tokens.tolist(), batch.documents.tolist(), batch.weights.tolist(), strict=True):
        for number in range(1, max(documents) + 1):
            at = documents.index(number)
            answer = weights.index(1, at)
            end = at + documents.count(number)
            pairs.append((tokens[at:answer], tokens[answer:end]))
    return pairs


class Stream(IterableDataset[Batch]):
    """Batches without end, the same ones for the same seed and number of workers."""

    def __init__(self, generator: Generator, vocabulary: Vocabulary, rows: int, seed: int) -> None:
        self.generator, self.vocabulary, self.rows, self.seed = generator, vocabulary, rows, seed

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        rng = Random(f"{self.seed} {worker.id if worker else 0}")
        pairs: list[tuple[list[int], list[int]]] = []
        while True:
            batch, taken = pack(pairs, self.rows)
            # A batch is full once something is left over.
            if taken < len(pairs):
                del pairs[:taken]
                yield batch
            else:
                pairs += encoded([self.generator.example(rng) for _ in range(CHUNK)], self.vocabulary)


def stream(generator: Generator, vocabulary: Vocabulary, rows: int, seed: int, workers: int) -> Iterator[Batch]:
    """Batches made by `workers` processes."""
    dataset = Stream(generator, vocabulary, rows, seed)
    return iter(DataLoader(dataset, batch_size=None, num_workers=workers, prefetch_factor=4 if workers else None))


def repeated(batches: Iterator[Batch], times: int, rng: Random) -> Iterator[Batch]:
    """Each of `batches` so many times, with others in between."""
    held: list[Batch] = []
    while True:
        while len(held) < HELD:
            held += [next(batches)] * times
        yield held.pop(rng.randrange(len(held)))
