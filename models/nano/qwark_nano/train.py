"""Trains a model for a command set, for as long as it is given."""

from __future__ import annotations

import argparse
import json
import os
import time
from pathlib import Path
from random import Random

import torch
import torch.nn.functional as F
from torch import Tensor
from tqdm import tqdm

from . import checkpoint
from .batches import Batch, repeated, stream
from .examples import Generator, generate, load_generator
from .hard import hardest
from .model import Qwen3, Shape
from .optimiser import Optimiser
from .plot import plot_losses
from .presets import PRESETS, Preset
from .vocabulary import Vocabulary

# Sentences from which the vocabulary is learnt.
VOCABULARY_SENTENCES = 60_000
# Shares of the time: up to the full learning rate; from when on it falls to nothing; while weights become int4.
WARM_UP = 0.02
FALL_FROM = 0.35
INT4_FROM, INT4_UNTIL = 0.6, 0.7
LOG_EVERY_S = 1.0
SAVE_EVERY_S = 60.0


def rate(progress: float) -> float:
    """Factor on the learning rates."""
    return min(1.0, progress / WARM_UP, (1 - progress) / (1 - FALL_FROM))


def int4_share(progress: float, trained: bool) -> float:
    """How far weights are rounded to what they will be in the file; wholly so where they were trained as such before."""
    return 1.0 if trained else min(1.0, max(0.0, (progress - INT4_FROM) / (INT4_UNTIL - INT4_FROM)))


def multiply_time(device: torch.device, dtype: torch.dtype) -> float:
    """Seconds of a multiplication such as there are many."""
    a, b = torch.randn(4096, 256, device=device, dtype=dtype), torch.randn(256, 768, device=device, dtype=dtype)
    times = []
    for _ in range(10):
        start = time.perf_counter()
        (a @ b).sum().item()
        times.append(time.perf_counter() - start)
    return min(times)


def losses_of(model: torch.nn.Module, batch: Batch, share: Tensor, half: bool) -> Tensor:
    """Cross-entropy of each token after those before it; `half`: matrices are multiplied in bf16."""
    with torch.autocast(batch.tokens.device.type, torch.bfloat16, enabled=half):
        logits = model(batch.tokens, batch.documents, share)[:, :-1]
    return F.cross_entropy(logits.transpose(1, 2).float(), batch.tokens[:, 1:], reduction="none")


def loss_of(model: torch.nn.Module, batch: Batch, share: Tensor, half: bool) -> Tensor:
    """Their weighted mean."""
    weights = batch.weights[:, 1:]
    return (losses_of(model, batch, share, half) * weights).sum() / weights.sum()


def learn_vocabulary(generator: Generator, size: int, seed: int) -> Vocabulary:
    """The vocabulary of the set's sentences and answers."""
    examples = generate(generator, VOCABULARY_SENTENCES, f"vocabulary {seed}", held_out=False)
    return Vocabulary.learn((text for e in examples for text in (e.text, e.answer)), size)


def begin(generator: Generator, preset: Preset, seed: int, start: Path | None) -> tuple[Qwen3, Vocabulary]:
    """A model with random weights, or with those of `start`, which training left there."""
    if start is not None:
        return checkpoint.load(start, "last")
    vocabulary = learn_vocabulary(generator, preset.vocab, seed)
    return Qwen3(Shape(len(vocabulary.tokens), **preset.shape)), vocabulary


def train(
    generator: Generator,
    preset: Preset,
    minutes: float,
    pace: float,
    among: int,
    times: int,
    seed: int,
    start: Path | None,
    out: Path,
    workers: int,
) -> None:
    """Trains and leaves everything in the folder `out`."""
    out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    torch.set_float32_matmul_precision("high")
    model, vocabulary = begin(generator, preset, seed, start)
    vocabulary.save(out / "vocabulary.json")
    model.to(device).train()
    matrices = list(model.matrices.parameters())
    optimiser = Optimiser(matrices, [model.embedding, model.output_norm, *model.norms.parameters()])
    # Not every CPU gains by it.
    half = multiply_time(device, torch.bfloat16) < multiply_time(device, torch.float32)
    compiled = torch.compile(loss_of) if preset.compile else loss_of
    batches = stream(generator, vocabulary, preset.rows, seed, workers)
    if times > 1:
        batches = repeated(batches, times, Random(seed))
    if among > 1:
        whole = torch.tensor(1.0, device=device)
        losses = torch.compile(losses_of) if preset.compile else losses_of
        batches = hardest(batches, among, torch.no_grad()(lambda batch: losses(model, batch.to(device), whole, half)), Random(seed))

    # The first call compiles, which is no training: the clock starts after it.
    torch.autograd.backward(compiled(model, next(batches).to(device), torch.tensor(0.0, device=device), half))
    model.zero_grad()
    steps, log, logged, saved = 0, [], 0.0, 0.0
    begun = time.monotonic()
    is_float = start is None
    with tqdm(total=round(minutes * 60), unit="s", bar_format="{l_bar}{bar}| {n:.0f}/{total} s {postfix}") as bar:
        while (elapsed := time.monotonic() - begun) < minutes * 60:
            progress = elapsed / (minutes * 60)
            if is_float and progress >= INT4_FROM:
                checkpoint.save(out, model, "before-int4")
                is_float = False
            loss = compiled(model, next(batches).to(device), torch.tensor(int4_share(progress, start is not None), device=device), half)
            torch.autograd.backward(loss)
            optimiser.step(pace * rate(progress))
            steps += 1
            if elapsed - logged >= LOG_EVERY_S:
                logged = elapsed
                log.append({"seconds": round(elapsed, 1), "step": steps, "loss": round(loss.item(), 5)})
                bar.update(elapsed - bar.n)
                bar.set_postfix(loss=f"{log[-1]['loss']:.4f}", step=steps)
            if elapsed - saved >= SAVE_EVERY_S:
                saved = elapsed
                checkpoint.save(out, model, "last")
                (out / "losses.json").write_text(json.dumps(log) + "\n", encoding="utf-8")
    checkpoint.save(out, model, "last")
    (out / "losses.json").write_text(json.dumps(log) + "\n", encoding="utf-8")
    plot_losses([log], out / "losses.png")


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Example: python -m qwark_nano.train rover --preset cpu --minutes 110 --out runs/rover"
    )
    parser.add_argument("package", help="the package with the set's generator, such as rover")
    parser.add_argument("--preset", choices=PRESETS, default="gpu" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--minutes", type=float, required=True, help="how long to train; the learning rate follows the clock")
    parser.add_argument("--pace", type=float, default=1.0, help="factor on the learning rates; with --start, 0.1 keeps what was learnt")
    parser.add_argument("--among", type=int, default=1, metavar="N", help="trains on the hardest sentences among N times as many")
    parser.add_argument(
        "--times", type=int, default=1, metavar="N", help="uses each batch N times, where a GPU would wait for sentences to be made"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--start", type=Path, help="what an earlier training left, or a GGUF file: goes on from its weights, with its vocabulary"
    )
    parser.add_argument("--out", type=Path, required=True, help="the folder for the weights, the vocabulary and the losses")
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 1) - 1), help="processes that make sentences")
    args = parser.parse_args()
    train(
        load_generator(args.package),
        PRESETS[args.preset],
        args.minutes,
        args.pace,
        args.among,
        args.times,
        args.seed,
        args.start,
        args.out,
        args.workers,
    )


if __name__ == "__main__":
    main()
