"""Averages the weights of trainings that went on from one another: what each learnt last stays, what it lost by chance comes back.

After Wortsman et al., Model soups: averaging weights of multiple fine-tuned models improves accuracy without increasing inference time (2022).
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch

from . import checkpoint
from .model import Qwen3


def average(models: list[Qwen3], shares: list[float]) -> Qwen3:
    """The model of `models`, all of one shape, whose weights are theirs by `shares`, which need not sum up to 1."""
    states = [model.state_dict() for model in models]
    total = sum(shares)
    mean = {
        key: torch.stack([state[key] * (share / total) for state, share in zip(states, shares, strict=True)]).sum(0) for key in states[0]
    }
    model = Qwen3(models[0].shape)
    model.load_state_dict(mean)
    return model.eval()


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="Example: python -m qwark_nano.average runs/third:2 runs/fourth:3 runs/fifth:5 --out runs/rover",
    )
    parser.add_argument("folders", nargs="+", metavar="FOLDER:SHARE", help="what a training left, and how much of it to take [default: 1]")
    parser.add_argument("--out", type=Path, required=True, help="the folder for the average")
    args = parser.parse_args()
    folders, shares = zip(*(given.partition(":")[::2] for given in args.folders), strict=True)
    models, vocabularies = zip(*(checkpoint.load(Path(folder), "last") for folder in folders), strict=True)
    for folder, model, vocabulary in zip(folders, models, vocabularies, strict=True):
        if model.shape != models[0].shape or vocabulary.tokens != vocabularies[0].tokens:
            parser.error(f"{folder} has another shape or vocabulary than {folders[0]}")
    args.out.mkdir(parents=True, exist_ok=True)
    checkpoint.save(args.out, average(list(models), [float(share or 1) for share in shares]), "last")
    vocabularies[0].save(args.out / "vocabulary.json")


if __name__ == "__main__":
    main()
