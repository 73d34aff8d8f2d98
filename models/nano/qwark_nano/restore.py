"""Reads a model back from the file that `export` wrote, its weights as they were rounded."""

from __future__ import annotations

from pathlib import Path

import gguf
import torch
from torch import Tensor

from .model import Qwen3, Shape
from .vocabulary import SPECIAL, Vocabulary


def restore(path: Path) -> tuple[Qwen3, Vocabulary]:
    """The model and its vocabulary."""
    reader = gguf.GGUFReader(path)

    def field(name: str) -> int:
        return int(reader.fields[f"qwen3.{name}"].contents())

    vocabulary = Vocabulary(
        reader.fields["tokenizer.ggml.tokens"].contents()[: -len(SPECIAL)],
        [tuple(pair.split(" ")) for pair in reader.fields["tokenizer.ggml.merges"].contents()],
    )
    shape = Shape(
        vocab=len(vocabulary.tokens),
        hidden=field("embedding_length"),
        layers=field("block_count"),
        heads=field("attention.head_count"),
        kv_heads=field("attention.head_count_kv"),
        head_dim=field("attention.key_length"),
        ffn=field("feed_forward_length"),
    )
    tensors = {t.name: torch.tensor(gguf.quants.dequantize(t.data, t.tensor_type)) for t in reader.tensors}

    def stacked(key: str) -> Tensor:
        return torch.stack([tensors[f"blk.{layer}.{key}.weight"] for layer in range(shape.layers)])

    model = Qwen3(shape)
    state = {"embedding": tensors["token_embd.weight"], "output_norm": tensors["output_norm.weight"]}
    state |= {f"norms.{key}": stacked(key) for key in shape.norms()} | {f"matrices.{key}": stacked(key) for key in shape.matrices()}
    model.load_state_dict(state)
    return model.eval(), vocabulary
