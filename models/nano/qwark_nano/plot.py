"""Draws the losses of trainings that followed each other, from the folders that they left."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt

Log = list[dict[str, float]]


def plot_losses(logs: Sequence[Log], path: Path) -> None:
    """Draws the loss over time on a logarithmic scale, with a running mean, side by side for each training."""
    figure, panels = plt.subplots(1, len(logs), figsize=(4 + 3 * len(logs), 3.5), layout="constrained", sharey=True, squeeze=False)
    for axes, log in zip(panels[0], logs, strict=True):
        seconds, losses = [entry["seconds"] for entry in log], [entry["loss"] for entry in log]
        mean, means = losses[0] if losses else 0.0, []
        for loss in losses:
            mean += 0.1 * (loss - mean)
            means.append(mean)
        axes.semilogy(seconds, losses, color="lightsteelblue", linewidth=0.8, label="one batch")
        axes.semilogy(seconds, means, color="navy", linewidth=1.2, label="running mean")
        axes.set_xlabel("seconds of training")
        axes.grid(alpha=0.3, which="both")
    panels[0, 0].set_ylabel("loss")
    panels[0, 0].legend()
    figure.savefig(path, dpi=110)
    plt.close(figure)


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Example: python -m qwark_nano.plot runs/gpu runs/tune --out losses.png")
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    plot_losses([json.loads((folder / "losses.json").read_text(encoding="utf-8")) for folder in args.folders], args.out)


if __name__ == "__main__":
    main()
