"""The golden models: each weight type alone in each architecture, and between them the shapes that break assumptions."""
from dataclasses import dataclass, field

from gguf import GGMLQuantizationType as T

# 256 single bytes, 49 merges and the 26 special tokens. Odd on purpose: no kernel may rely on a vocabulary that is a
# multiple of its tile.
SMALL = 331
# The whole small vocabulary of ../tokenizer.
WHOLE = 1000


@dataclass(frozen=True)
class Spec:
    name: str
    arch: str
    hidden: int
    heads: int
    kv_heads: int
    head_dim: int
    ffn: int
    # Types of the layers' matrices, dealt out in turn.
    types: tuple[T, ...]
    embedding: T
    # None: the head is the embedding.
    head: T | None = None
    vocab: int = SMALL
    layers: int = 2
    theta: float = 1e6
    # Length of the golden text.
    tokens: int = 24
    # The metadata under `{arch}.rope.scaling`.
    rope: dict = field(default_factory=dict)

    def matrix_types(self):
        return {*self.types, self.embedding} | ({self.head} if self.head is not None else set())


def spec(name, arch, shape, types, embedding, **more):
    return Spec(name, arch, *shape, types if isinstance(types, tuple) else (types,), embedding, **more)


# Shapes: hidden, heads, KV heads, head size, feed-forward width. As small as the type allows: the K types come in blocks of
# 256 columns, the other quantised types in blocks of 32.
SPECS = [
    spec("qwen2-f32", "qwen2", (40, 5, 1, 8, 48), T.F32, T.F32, vocab=WHOLE),
    spec("qwen3-f32", "qwen3", (24, 2, 1, 32, 40), T.F32, T.F32, head=T.F32),
    spec("qwen2-f32-linear", "qwen2", (24, 3, 3, 8, 40), T.F32, T.F32, head=T.F32, theta=1e4, tokens=48,
         rope={"type": "linear", "factor": 2.5}),
    spec("qwen3-f32-linear", "qwen3", (32, 2, 1, 32, 40), T.F32, T.F32, theta=1e4, tokens=48,
         rope={"type": "linear", "factor": 4.0}),
    spec("qwen2-f32-yarn", "qwen2", (32, 1, 1, 32, 48), T.F32, T.F32, layers=1, theta=1e4, tokens=48,
         rope={"type": "yarn", "factor": 4.0, "original_context_length": 16}),
    spec("qwen2-f16", "qwen2", (40, 5, 1, 8, 56), T.F16, T.F16),
    spec("qwen3-f16-yarn", "qwen3", (40, 2, 1, 32, 40), T.F16, T.F16, theta=1e4, tokens=48,
         rope={"type": "yarn", "factor": 2.5, "original_context_length": 32, "attn_factor": 0.9}),
    spec("qwen2-bf16", "qwen2", (48, 2, 1, 24, 40), T.BF16, T.BF16),
    spec("qwen3-bf16", "qwen3", (40, 2, 2, 24, 40), T.BF16, T.BF16, head=T.BF16),
    spec("qwen2-q8_0", "qwen2", (96, 3, 1, 32, 32), T.Q8_0, T.Q8_0),
    spec("qwen3-q8_0", "qwen3", (64, 2, 1, 64, 64), T.Q8_0, T.Q8_0),
    # As published files have it: a finer type in the head, which is the embedding.
    spec("qwen2-q4_0", "qwen2", (224, 14, 2, 16, 96), T.Q4_0, T.Q8_0, tokens=32),
    spec("qwen2-q4_0-yarn", "qwen2", (96, 3, 1, 32, 96), T.Q4_0, T.Q4_0, head=T.Q4_0, theta=1e4, tokens=48,
         rope={"type": "yarn", "factor": 8.0, "original_context_length": 16}),
    spec("qwen3-q4_0", "qwen3", (64, 4, 2, 64, 96), T.Q4_0, T.Q4_0),
    spec("qwen2-q4_1", "qwen2", (96, 3, 1, 32, 96), T.Q4_1, T.Q4_1),
    spec("qwen3-q4_1", "qwen3", (96, 2, 1, 64, 96), T.Q4_1, T.Q4_1),
    spec("qwen2-q5_0", "qwen2", (96, 3, 3, 32, 64), T.Q5_0, T.Q5_0),
    spec("qwen3-q5_0", "qwen3", (64, 2, 1, 128, 32), T.Q5_0, T.Q5_0),
    spec("qwen2-q5_1", "qwen2", (64, 4, 1, 16, 96), T.Q5_1, T.Q5_1),
    spec("qwen3-q5_1", "qwen3", (64, 6, 3, 32, 64), T.Q5_1, T.Q5_1, head=T.Q5_1),
    spec("qwen2-iq4_nl", "qwen2", (160, 5, 1, 32, 32), T.IQ4_NL, T.IQ4_NL),
    spec("qwen3-iq4_nl", "qwen3", (64, 14, 2, 32, 64), T.IQ4_NL, T.IQ4_NL),
    spec("qwen2-q4_k", "qwen2", (256, 4, 1, 64, 256), T.Q4_K, T.Q4_K, layers=1),
    # 512 query values: rows of two blocks in the attention's output.
    spec("qwen3-q4_k", "qwen3", (256, 8, 1, 64, 256), T.Q4_K, T.Q4_K, layers=1),
    spec("qwen2-q5_k", "qwen2", (256, 8, 1, 32, 256), T.Q5_K, T.Q5_K, layers=1),
    spec("qwen3-q5_k", "qwen3", (256, 4, 1, 64, 256), T.Q5_K, T.Q5_K, layers=1),
    spec("qwen2-q6_k", "qwen2", (256, 8, 1, 32, 256), T.Q6_K, T.Q6_K, layers=1),
    spec("qwen3-q6_k", "qwen3", (256, 8, 2, 32, 256), T.Q6_K, T.Q6_K, layers=1),
    # Two layers of q, k, v, output, gate, up, down; output and down are narrower than a K type's block.
    spec("qwen3-mixed", "qwen3", (256, 2, 1, 32, 32),
         (T.Q4_K, T.BF16, T.F16, T.IQ4_NL, T.Q5_0, T.Q6_K, T.Q4_0, T.Q5_K, T.Q4_1, T.F32, T.Q5_1, T.Q8_0, T.Q4_K, T.IQ4_NL),
         T.Q5_K, head=T.Q6_K),
]
