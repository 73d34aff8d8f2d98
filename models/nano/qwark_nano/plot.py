"""The plot of losses."""

from __future__ import annotations

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot as plt


def plot_losses(log: list[dict[str, float]], path: Path) -> None:
    """Draws the loss over time on a logarithmic scale, with a running mean."""
    seconds, losses = [entry["seconds"] for entry in log], [entry["loss"] for entry in log]
    mean, means = losses[0] if losses else 0.0, []
    for loss in losses:
        mean += 0.1 * (loss - mean)
        means.append(mean)
    figure, axes = plt.subplots(figsize=(7, 3.5), layout="constrained")
    axes.semilogy(seconds, losses, color="lightsteelblue", linewidth=0.8, label="one batch")
    axes.semilogy(seconds, means, color="navy", linewidth=1.2, label="running mean")
    axes.set_xlabel("seconds of training")
    axes.set_ylabel("loss")
    axes.legend()
    axes.grid(alpha=0.3, which="both")
    figure.savefig(path, dpi=110)
    plt.close(figure)
