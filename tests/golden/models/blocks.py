"""Random weight matrices in every GGUF type that Qwark reads.

Types that gguf-py can quantise are made from a normal distribution. For the others (the K types and IQ4_NL) the bits
themselves are random, so that every code occurs, with scales that give zero mean and the wanted standard deviation.
Block layouts: ggml-common.h of ggml.
"""
import numpy as np
from gguf import GGMLQuantizationType as T, quants



def matrix(rng, rows, cols, dtype, std):
    """A `rows` x `cols` matrix of type `dtype`: an array of floats (F32, F16) or of bytes (all others)."""
    if dtype in RANDOM_BITS:
        block_len, make = RANDOM_BITS[dtype]
        return make(rng, rows * cols // block_len, std).reshape(rows, -1)
    return quants.quantize((std * rng.standard_normal((rows, cols))).astype(np.float32), dtype)


def spread(levels):
    """Standard deviation of a code that is uniform over `levels` consecutive integers."""
    return np.sqrt((levels**2 - 1) / 12)


def f16_bytes(values):
    return values.astype("<f2").reshape(-1, 1).view(np.uint8)


def around_one(rng, n):
    return rng.uniform(0.8, 1.2, n)


def signs(rng, shape):
    return rng.choice([-1.0, 1.0], shape)


def random_bytes(rng, n, width):
    return rng.integers(0, 256, (n, width), dtype=np.uint8)


def six_bit_scales(rng, n):
    """Eight scales near 40 and eight minima near them, packed into the 12 bytes of Q4_K and Q5_K."""
    scale = rng.integers(20, 62, (n, 8), dtype=np.uint8)
    minimum = np.clip(scale + rng.integers(-2, 3, (n, 8)), 0, 63).astype(np.uint8)
    low, high = slice(0, 4), slice(4, 8)
    return np.hstack([
        scale[:, low] | (scale[:, high] >> 4) << 6,
        minimum[:, low] | (minimum[:, high] >> 4) << 6,
        (scale[:, high] & 15) | (minimum[:, high] & 15) << 4,
    ])


def q4_k(rng, n, std):
    d = std / (41 * spread(16)) * around_one(rng, n)
    return np.hstack([f16_bytes(d), f16_bytes(7.5 * d), six_bit_scales(rng, n), random_bytes(rng, n, 128)])


def q5_k(rng, n, std):
    d = std / (41 * spread(32)) * around_one(rng, n)
    return np.hstack([f16_bytes(d), f16_bytes(15.5 * d), six_bit_scales(rng, n), random_bytes(rng, n, 32 + 128)])


def q6_k(rng, n, std):
    scales = (signs(rng, (n, 16)) * rng.integers(40, 128, (n, 16))).astype(np.int8).view(np.uint8)
    d = std / (84 * spread(64)) * around_one(rng, n)
    return np.hstack([random_bytes(rng, n, 128 + 64), scales, f16_bytes(d)])


def iq4_nl(rng, n, std):
    d = std / np.std(quants.IQ4_NL.kvalues) * around_one(rng, n) * signs(rng, n)
    return np.hstack([f16_bytes(d), random_bytes(rng, n, 16)])


RANDOM_BITS = {T.Q4_K: (256, q4_k), T.Q5_K: (256, q5_k), T.Q6_K: (256, q6_k), T.IQ4_NL: (32, iq4_nl)}
