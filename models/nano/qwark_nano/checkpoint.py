"""What training leaves behind: a folder with a vocabulary, the weights and the losses."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import torch

from .model import Qwen3, Shape
from .restore import restore
from .vocabulary import Vocabulary


def save(folder: Path, model: Qwen3, name: str) -> None:
    """Writes the weights under `name`, as a whole or not at all."""
    (folder / "shape.json").write_text(json.dumps(asdict(model.shape), indent=4) + "\n", encoding="utf-8")
    part = folder / f"{name}.part"
    torch.save({key: value.detach().float().cpu() for key, value in model.state_dict().items()}, part)
    part.rename(folder / f"{name}.pt")


def load(folder: Path, name: str) -> tuple[Qwen3, Vocabulary]:
    """Reads a model and its vocabulary; in place of a folder, `folder` can be a GGUF file that `export` wrote."""
    if folder.is_file():
        return restore(folder)
    model = Qwen3(Shape(**json.loads((folder / "shape.json").read_text(encoding="utf-8"))))
    model.load_state_dict(torch.load(folder / f"{name}.pt", weights_only=True))
    return model.eval(), Vocabulary.load(folder / "vocabulary.json")
