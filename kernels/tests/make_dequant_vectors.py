#!/usr/bin/env python3
"""Writes data/dequant.bin: random blocks of every weight type, and what the `gguf` package makes of them.

Needs `pip install gguf numpy`. For each type: u32 ggml number, u32 bytes, u32 weights, the bytes, the weights as f32; little-endian.
"""

import pathlib
import struct

import gguf
import numpy as np

TYPES = "F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q4_K Q5_K Q6_K IQ4_NL".split()
# Byte offsets of the f16 fields of a block, kept finite here: random bits would often be infinite or not a number.
HALVES = {"Q8_0": [0], "Q4_0": [0], "Q4_1": [0, 2], "Q5_0": [0], "Q5_1": [0, 2], "Q4_K": [0, 2], "Q5_K": [0, 2], "Q6_K": [208], "IQ4_NL": [0]}
# Ordinary, negative, smallest subnormal, largest.
SCALES = np.array([0.0123, -1.75, 5.96e-8, 65504.0], dtype=np.float16)


def main() -> None:
    rng = np.random.default_rng(1)
    out = bytearray()
    for name in TYPES:
        qtype = gguf.GGMLQuantizationType[name]
        block, size = gguf.GGML_QUANT_SIZES[qtype]
        if name in HALVES:
            blocks = rng.integers(0, 256, (len(SCALES), size), dtype=np.uint8)
            for at in HALVES[name]:
                blocks[:, at : at + 2] = rng.permutation(SCALES)[:, None].view(np.uint8)
            data = blocks.reshape(-1)
        else:
            floats = rng.standard_normal(61).astype(np.float32) * np.float32(2.0) ** rng.integers(-12, 12, 61)
            data = gguf.quants.quantize(floats.astype(np.float32), qtype).view(np.uint8).reshape(-1)
        weights = np.asarray(gguf.quants.dequantize(data, qtype), dtype="<f4").reshape(-1)
        out += struct.pack("<III", qtype, data.size, weights.size) + data.tobytes() + weights.tobytes()
    (pathlib.Path(__file__).parent / "data" / "dequant.bin").write_bytes(out)


if __name__ == "__main__":
    main()
