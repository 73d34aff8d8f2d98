"""Writes a trained model as a GGUF file: matrices Q4_0, the embedding Q8_0, norms f32."""

from __future__ import annotations

import argparse
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as Type

from . import checkpoint
from .model import NORM_EPS, ROPE_THETA, Qwen3
from .vocabulary import Vocabulary

CONTEXT = 512
# The set is in the weights, and each sentence stands for itself: no system message, no earlier turns.
CHAT_TEMPLATE = "{{- '<|im_start|>' + messages[-1].content + '<|im_end|>' -}}"


def export(model: Qwen3, vocabulary: Vocabulary, name: str, path: Path) -> None:
    """Writes the file."""
    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_name(name)
    writer.add_license("MIT OR Apache-2.0")
    _add_shape(writer, model)
    _add_vocabulary(writer, vocabulary)

    def add(tensor: str, data: np.ndarray, kind: Type) -> None:
        writer.add_tensor(tensor, gguf.quants.quantize(data, kind), raw_dtype=kind)

    add("token_embd.weight", model.embedding.detach().numpy(), Type.Q8_0)
    add("output_norm.weight", model.output_norm.detach().numpy(), Type.F32)
    for layer in range(model.shape.layers):
        for key, stack in model.norms.items():
            add(f"blk.{layer}.{key}.weight", stack[layer].detach().numpy(), Type.F32)
        for key, stack in model.matrices.items():
            add(f"blk.{layer}.{key}.weight", stack[layer].detach().numpy(), Type.Q4_0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _add_shape(writer: gguf.GGUFWriter, model: Qwen3) -> None:
    shape = model.shape
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(shape.hidden)
    writer.add_block_count(shape.layers)
    writer.add_feed_forward_length(shape.ffn)
    writer.add_head_count(shape.heads)
    writer.add_head_count_kv(shape.kv_heads)
    writer.add_key_length(shape.head_dim)
    writer.add_value_length(shape.head_dim)
    writer.add_layer_norm_rms_eps(NORM_EPS)
    writer.add_rope_freq_base(ROPE_THETA)
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q4_0)


def _add_vocabulary(writer: gguf.GGUFWriter, vocabulary: Vocabulary) -> None:
    special = range(vocabulary.end_of_text, len(vocabulary.tokens))
    types = [gguf.TokenType.CONTROL if i in special else gguf.TokenType.NORMAL for i in range(len(vocabulary.tokens))]
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("qwen2")
    writer.add_token_list(vocabulary.tokens)
    writer.add_token_types(types)
    writer.add_token_merges([" ".join(pair) for pair in vocabulary.merges])
    writer.add_eos_token_id(vocabulary.end)
    writer.add_pad_token_id(vocabulary.end_of_text)
    writer.add_add_bos_token(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def main() -> None:
    """The program."""
    parser = argparse.ArgumentParser(
        description=__doc__, epilog="Example: python -m qwark_nano.export runs/rover --name qwark-nano --out qwark-nano.gguf"
    )
    parser.add_argument("folder", type=Path, help="what training left")
    parser.add_argument("--name", required=True, help="general.name in the file")
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    model, vocabulary = checkpoint.load(args.folder, "last")
    export(model, vocabulary, args.name, args.out)


if __name__ == "__main__":
    main()
