"""Answers of a model in PyTorch, with the weights that its file will have."""

from __future__ import annotations

import torch

from .batches import ROW, encoded, pack
from .examples import Example
from .model import Qwen3
from .vocabulary import Vocabulary

# Rows in a batch.
ROWS = 32


@torch.no_grad()
def are_right(model: Qwen3, vocabulary: Vocabulary, examples: list[Example], int4: bool) -> list[bool]:
    """Whether the greedy answer to each is the expected one, which is so where each of its tokens is the likeliest after those before."""
    device, share = model.output_norm.device, torch.tensor(float(int4), device=model.output_norm.device)
    pairs = encoded(examples, vocabulary)
    right: list[bool] = []
    while len(right) < len(pairs):
        batch, taken = pack(pairs[len(right) :], ROWS)
        batch = batch.to(device)
        found = model(batch.tokens, batch.documents, share)[:, :-1].argmax(-1)
        wrong = (found != batch.tokens[:, 1:]) & (batch.weights[:, 1:] == 1)
        sentences: list[bool] = []
        for row, row_wrong in zip(batch.documents[:, 1:].tolist(), wrong.tolist(), strict=True):
            in_row = [True] * max(row)
            for document, is_wrong in zip(row, row_wrong, strict=True):
                if is_wrong:
                    in_row[document - 1] = False
            sentences += in_row
        right += sentences
        if len(sentences) != taken:
            raise ValueError("a sentence does not fit into a row")
    return right


@torch.no_grad()
def answers(model: Qwen3, vocabulary: Vocabulary, texts: list[str], int4: bool) -> list[str]:
    """The greedy answer to each text."""
    device, share = model.output_norm.device, torch.tensor(float(int4), device=model.output_norm.device)
    prompts = [[vocabulary.start, *sentence, vocabulary.end] for sentence in vocabulary.encode(texts)]
    found: list[list[int]] = [[] for _ in texts]
    going = [i for i, prompt in enumerate(prompts) if len(prompt) < ROW]
    while going:
        lengths = [len(prompts[i]) + len(found[i]) for i in going]
        tokens, documents = torch.zeros(2, len(going), max(lengths), dtype=torch.long, device=device)
        for row, (i, length) in enumerate(zip(going, lengths, strict=True)):
            tokens[row, :length] = torch.tensor(prompts[i] + found[i])
            documents[row, :length] = 1
        logits = model(tokens, documents, share)
        for row, (i, length) in enumerate(zip(list(going), lengths, strict=True)):
            token = int(logits[row, length - 1].argmax())
            if token >= vocabulary.end_of_text or length + 1 == ROW:
                going.remove(i)
            else:
                found[i].append(token)
    return [vocabulary.decode(tokens) for tokens in found]
