"""Adds layers to a trained model, for what it has no room for: it answers as before, and training goes on from there.

Each new layer is a copy of one before it, whose output is nothing yet, after Wu et al., LLaMA Pro: progressive LLaMA with block expansion (2024).
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from . import checkpoint
from .model import Qwen3

# What adds to the residual stream.
OUTPUTS = ("matrices.attn_output", "matrices.ffn_down")


def grow(model: Qwen3, layers: int) -> Qwen3:
    """`model` with `layers` layers, at most twice as many as it has; the new ones stand evenly among the old."""
    old = model.shape.layers
    if not old <= layers <= 2 * old:
        raise ValueError(f"a model of {old} layers grows to between {old} and {2 * old}, not {layers}")
    sources = [i * old // layers for i in range(layers)]
    is_new = torch.tensor([i > 0 and sources[i] == sources[i - 1] for i in range(layers)])

    def grown(key: str, value: Tensor) -> Tensor:
        if not key.startswith(("matrices.", "norms.")):
            return value
        stack = value[sources]
        return stack.masked_fill(is_new[:, None, None], 0) if key in OUTPUTS else stack

    larger = Qwen3(replace(model.shape, layers=layers))
    larger.load_state_dict({key: grown(key, value) for key, value in model.state_dict().items()})
    return larger.eval()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python -m qwark_nano.grow runs/rover --layers 12 --out runs/grown",
    )
    parser.add_argument("start", type=Path, help="what a training left, or a GGUF file")
    parser.add_argument("--layers", type=int, required=True)
    parser.add_argument("--out", type=Path, required=True, help="the folder for the grown model")
    args = parser.parse_args()
    model, vocabulary = checkpoint.load(args.start, "last")
    try:
        larger = grow(model, args.layers)
    except ValueError as error:
        parser.error(str(error))
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint.save(args.out, larger, "last")
    vocabulary.save(args.out / "vocabulary.json")


if __name__ == "__main__":
    main()
