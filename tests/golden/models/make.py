#!/usr/bin/env python3
"""Writes the golden models, their logits and index.json; see ../README.md."""
import argparse
import itertools
import json
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import gguf
import numpy as np
from gguf import GGMLQuantizationType as T, quants

import blocks
import reference
from specs import SPECS

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "tokenizer"))
import vocab as vocabularies

# Activations are not quantised where the weights are of these types, so an engine must be nearly exact.
EXACT_TYPES = {T.F32, T.F16}
EXACT_LIMIT = 5e-6
# Elsewhere: how much worse than llama.cpp on the same file Qwark may be.
PEER_MARGIN = 1.3
# Greedy continuations: tokens of each prompt, and the most that follow it.
PROMPT_TOKENS = 8
GREEDY_TOKENS = 24
# A continuation ends before the best and the second logit come this near, as a share of the logits' root mean square:
# three standard deviations of the difference of two logits that are as far off as EXACT_LIMIT allows.
NEAR_TIE = 3 * (2 * EXACT_LIMIT) ** 0.5


def truncated_vocab(size):
    """The small vocabulary cut to `size` tokens: single bytes, the first merges, all special tokens."""
    full = vocabularies.small()
    special = sum(kind != vocabularies.NORMAL for kind in full["types"])
    merges = size - special - 256
    keep = [*range(size - special), *range(len(full["tokens"]) - special, len(full["tokens"]))]
    return {
        "tokens": [full["tokens"][i] for i in keep],
        "types": [full["types"][i] for i in keep],
        "merges": full["merges"][:merges],
    }


def generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def tensors(spec):
    """(name, data, type) of every tensor."""
    rng = generator(spec.name)
    dealt = itertools.cycle(spec.types)

    def matrix(name, rows, cols, dtype=None):
        dtype = dtype if dtype is not None else next(dealt)
        return name + ".weight", blocks.matrix(rng, rows, cols, dtype, cols**-0.5), dtype

    def vector(name, n, mean):
        return name, (mean + 0.1 * rng.standard_normal(n)).astype(np.float32), T.F32

    q, kv = spec.heads * spec.head_dim, spec.kv_heads * spec.head_dim
    yield matrix("token_embd", spec.vocab, spec.hidden, spec.embedding)
    yield vector("output_norm.weight", spec.hidden, 1)
    if spec.head is not None:
        yield matrix("output", spec.vocab, spec.hidden, spec.head)
    for layer in range(spec.layers):
        at = f"blk.{layer}."
        yield vector(at + "attn_norm.weight", spec.hidden, 1)
        yield vector(at + "ffn_norm.weight", spec.hidden, 1)
        for name, rows in (("attn_q", q), ("attn_k", kv), ("attn_v", kv)):
            yield matrix(at + name, rows, spec.hidden)
            if spec.arch == "qwen2":
                yield vector(at + name + ".bias", rows, 0)
        if spec.arch == "qwen3":
            yield vector(at + "attn_q_norm.weight", spec.head_dim, 1)
            yield vector(at + "attn_k_norm.weight", spec.head_dim, 1)
        yield matrix(at + "attn_output", spec.hidden, q)
        yield matrix(at + "ffn_gate", spec.ffn, spec.hidden)
        yield matrix(at + "ffn_up", spec.ffn, spec.hidden)
        yield matrix(at + "ffn_down", spec.hidden, spec.ffn)


def write_model(path, spec, made):
    w = gguf.GGUFWriter(path, spec.arch)
    w.add_name(spec.name)
    w.add_context_length(reference.context_length(spec))
    w.add_embedding_length(spec.hidden)
    w.add_block_count(spec.layers)
    w.add_feed_forward_length(spec.ffn)
    w.add_head_count(spec.heads)
    w.add_head_count_kv(spec.kv_heads)
    if spec.head_dim * spec.heads != spec.hidden:
        w.add_key_length(spec.head_dim)
        w.add_value_length(spec.head_dim)
    w.add_layer_norm_rms_eps(reference.NORM_EPS)
    w.add_rope_freq_base(spec.theta)
    if spec.rope:
        w.add_rope_scaling_type(gguf.RopeScalingType(spec.rope["type"]))
        w.add_rope_scaling_factor(spec.rope["factor"])
    if "original_context_length" in spec.rope:
        w.add_rope_scaling_orig_ctx_len(spec.rope["original_context_length"])
    if "attn_factor" in spec.rope:
        w.add_rope_scaling_attn_factors(spec.rope["attn_factor"])
    vocab = truncated_vocab(spec.vocab)
    w.add_tokenizer_model("gpt2")
    w.add_tokenizer_pre("qwen2")
    w.add_token_list(vocab["tokens"])
    w.add_token_types(vocab["types"])
    w.add_token_merges(vocab["merges"])
    w.add_eos_token_id(vocab["tokens"].index("<|im_end|>"))
    w.add_pad_token_id(vocab["tokens"].index("<|endoftext|>"))
    w.add_add_bos_token(False)
    for name, data, dtype in made:
        w.add_tensor(name, data, raw_dtype=None if dtype in EXACT_TYPES else dtype)
    w.write_header_to_file()
    w.write_kv_data_to_file()
    w.write_tensors_to_file()
    w.close()


def nmse(found, wanted):
    """Normalised mean squared error, as ggml's own tests define it."""
    found, wanted = found.astype(np.float64), wanted.astype(np.float64)
    return float(((found - wanted) ** 2).sum() / (wanted**2).sum())


def peer_logits(peer, model, tokens):
    """[tokens, vocab] by llama.cpp."""
    with tempfile.NamedTemporaryFile() as out:
        ids = ",".join(map(str, tokens))
        subprocess.run([peer, "peer-logits", model, "--tokens", ids, "--out", out.name], check=True)
        return np.fromfile(out.name, "<f4").reshape(len(tokens), -1)


def continuation(model, prompt):
    """transformers' greedy answer up to the first near-tie, and its smallest margin in the measure of NEAR_TIE."""
    tokens, logits = reference.greedy(model, prompt, GREEDY_TOKENS)
    logits = logits.astype(np.float64)
    second, best = np.sort(logits, axis=1)[:, -2:].T
    margins = (best - second) / np.sqrt(np.mean(logits**2, axis=1))
    n = int(np.argmax(np.append(margins, 0) < NEAR_TIE))
    return {"prompt": prompt, "tokens": tokens[:n], "margin": float(f"{margins[:n].min(initial=np.inf):.3g}")}


def continuations(model, tokens):
    """Of every PROMPT_TOKENS of the golden text, where no near-tie comes at once."""
    prompts = [tokens[i : i + PROMPT_TOKENS] for i in range(0, len(tokens), PROMPT_TOKENS)]
    return [c for c in (continuation(model, prompt) for prompt in prompts) if c["tokens"]]


def make(spec, peer):
    """Writes one model and its logits; returns its entry in the index."""
    made = list(tensors(spec))
    tokens = generator(spec.name + " tokens").integers(0, spec.vocab, spec.tokens).tolist()
    model, logits = HERE / f"{spec.name}.gguf", HERE / f"{spec.name}.logits"
    write_model(model, spec, made)
    weights = {name: quants.dequantize(data, dtype) for name, data, dtype in made}
    hf_model = reference.load(spec, weights)
    wanted = reference.logits(hf_model, tokens).astype("<f2")
    wanted.tofile(logits)
    llama_nmse = nmse(peer_logits(peer, model, tokens), wanted)
    entry = {
        "model": model.name,
        "logits": logits.name,
        "arch": spec.arch,
        "types": sorted(dtype.name for dtype in spec.matrix_types()),
        "rope": spec.rope.get("type", "none"),
        "vocab": spec.vocab,
        "tokens": tokens,
        "llama_cpp_nmse": float(f"{llama_nmse:.3g}"),
        "limit": EXACT_LIMIT if spec.matrix_types() <= EXACT_TYPES else float(f"{PEER_MARGIN * llama_nmse:.3g}"),
    }
    if spec.matrix_types() == {T.F32}:
        entry["greedy"] = continuations(hf_model, tokens)
    print(f"{spec.name:20} {model.stat().st_size:8} + {logits.stat().st_size:6} bytes, llama.cpp NMSE {llama_nmse:.2e}")
    return entry


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--peer", required=True, help="qwark-bench, built with --features llama")
    peer = Path(parser.parse_args().peer).resolve()
    entries = [json.dumps(make(spec, peer)) for spec in SPECS]
    (HERE / "index.json").write_text("[\n" + ",\n".join(entries) + "\n]\n")


main()
