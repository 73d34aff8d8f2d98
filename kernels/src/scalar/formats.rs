//! What the bytes of each weight type mean: the one definition in the reference, used to multiply and to dequantise.

use half::{bf16, f16};

/// Weights that are plain floats.
pub(crate) trait FloatFormat {
    /// Bytes of a weight.
    const BYTES: usize;
    /// The weight in `BYTES` bytes.
    fn to_f32(bytes: &[u8]) -> f32;
}

/// Weights in blocks that share scales: `weight[i] = scale[i / 16] * level[i] + offset` within each 32.
pub(crate) trait BlockFormat {
    /// Weights of a block, a multiple of 32.
    const LEN: usize;
    /// Bytes of a block.
    const BYTES: usize;
    /// The `part`-th 32 weights of a block.
    fn unpack(block: &[u8], part: usize) -> Weights;
}

/// 32 weights.
pub(crate) struct Weights {
    /// Integer part of each weight.
    pub levels: [i8; 32],
    /// Scales of the first and the last 16.
    pub scales: [f32; 2],
    /// Added to each weight after its scale.
    pub offset: f32,
}

impl Weights {
    /// One scale for all, the levels given one by one.
    fn new(scale: f32, offset: f32, level: impl Fn(usize) -> i8) -> Self {
        Self { levels: std::array::from_fn(level), scales: [scale; 2], offset }
    }
}

/// The f16 at byte `at` of a block.
fn half_at(block: &[u8], at: usize) -> f32 {
    f16::from_le_bytes([block[at], block[at + 1]]).to_f32()
}

/// Nibble `i` of 16 bytes: the low nibbles are weights 0 to 15, the high ones 16 to 31.
fn nibble(bytes: &[u8], i: usize) -> u8 {
    (bytes[i % 16] >> (4 * (i / 16))) & 15
}

/// Bit `i` of four bytes, as the fifth bit of a level.
fn fifth_bit(bytes: &[u8], i: usize) -> u8 {
    ((bytes[i / 8] >> (i % 8)) & 1) << 4
}

/// 32-bit floats.
pub(crate) struct F32;
/// 16-bit floats.
pub(crate) struct F16;
/// Upper halves of 32-bit floats.
pub(crate) struct BF16;
/// f16 scale, 32 signed bytes.
pub(crate) struct Q8_0;
/// f16 scale, 16 bytes of nibbles around 8.
pub(crate) struct Q4_0;
/// f16 scale, f16 minimum, 16 bytes of nibbles.
pub(crate) struct Q4_1;
/// f16 scale, 4 bytes of fifth bits, 16 bytes of nibbles; around 16.
pub(crate) struct Q5_0;
/// f16 scale, f16 minimum, 4 bytes of fifth bits, 16 bytes of nibbles.
pub(crate) struct Q5_1;
/// f16 scale, f16 scale of the minima, 12 bytes of 6-bit scales and minima, 128 bytes of nibbles.
pub(crate) struct Q4K;
/// As [`Q4K`], with 32 bytes of fifth bits before the nibbles.
pub(crate) struct Q5K;
/// 128 bytes of low nibbles, 64 bytes of upper bit pairs, 16 signed scales, f16 scale; around 32.
pub(crate) struct Q6K;
/// f16 scale, 16 bytes of nibbles that index [`IQ4_NL_LEVELS`].
pub(crate) struct IQ4NL;

/// The levels of IQ4_NL, ggml's `kvalues_iq4nl`.
pub const IQ4_NL_LEVELS: [i8; 16] = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113];

impl FloatFormat for F32 {
    const BYTES: usize = 4;
    fn to_f32(b: &[u8]) -> f32 {
        f32::from_le_bytes([b[0], b[1], b[2], b[3]])
    }
}

impl FloatFormat for F16 {
    const BYTES: usize = 2;
    fn to_f32(b: &[u8]) -> f32 {
        half_at(b, 0)
    }
}

impl FloatFormat for BF16 {
    const BYTES: usize = 2;
    fn to_f32(b: &[u8]) -> f32 {
        bf16::from_le_bytes([b[0], b[1]]).to_f32()
    }
}

impl BlockFormat for Q8_0 {
    const LEN: usize = 32;
    const BYTES: usize = 34;
    fn unpack(b: &[u8], _part: usize) -> Weights {
        Weights::new(half_at(b, 0), 0.0, |i| b[2 + i] as i8)
    }
}

impl BlockFormat for Q4_0 {
    const LEN: usize = 32;
    const BYTES: usize = 18;
    fn unpack(b: &[u8], _part: usize) -> Weights {
        Weights::new(half_at(b, 0), 0.0, |i| nibble(&b[2..], i) as i8 - 8)
    }
}

impl BlockFormat for Q4_1 {
    const LEN: usize = 32;
    const BYTES: usize = 20;
    fn unpack(b: &[u8], _part: usize) -> Weights {
        Weights::new(half_at(b, 0), half_at(b, 2), |i| nibble(&b[4..], i) as i8)
    }
}

impl BlockFormat for Q5_0 {
    const LEN: usize = 32;
    const BYTES: usize = 22;
    fn unpack(b: &[u8], _part: usize) -> Weights {
        Weights::new(half_at(b, 0), 0.0, |i| (nibble(&b[6..], i) | fifth_bit(&b[2..6], i)) as i8 - 16)
    }
}

impl BlockFormat for Q5_1 {
    const LEN: usize = 32;
    const BYTES: usize = 24;
    fn unpack(b: &[u8], _part: usize) -> Weights {
        Weights::new(half_at(b, 0), half_at(b, 2), |i| (nibble(&b[8..], i) | fifth_bit(&b[4..8], i)) as i8)
    }
}

/// Scale and minimum of the `part`-th 32 weights of Q4_K and Q5_K, from the 12 bytes that hold eight 6-bit pairs: the first four
/// pairs in the low bits of bytes 0 to 7, the others in the nibbles of bytes 8 to 11 with their upper bits on top of bytes 0 to 7.
pub(crate) fn scale_min_k4(packed: &[u8], part: usize) -> (u8, u8) {
    if part < 4 {
        (packed[part] & 63, packed[part + 4] & 63)
    } else {
        let low = packed[part + 4];
        (low & 15 | packed[part - 4] >> 6 << 4, low >> 4 | packed[part] >> 6 << 4)
    }
}

/// Scale and offset of the `part`-th 32 weights of Q4_K and Q5_K.
fn scale_offset_k4(b: &[u8], part: usize) -> (f32, f32) {
    let (scale, min) = scale_min_k4(&b[4..16], part);
    (half_at(b, 0) * f32::from(scale), -(half_at(b, 2) * f32::from(min)))
}

impl BlockFormat for Q4K {
    const LEN: usize = 256;
    const BYTES: usize = 144;
    fn unpack(b: &[u8], part: usize) -> Weights {
        let (scale, offset) = scale_offset_k4(b, part);
        let q = &b[16 + part / 2 * 32..];
        Weights::new(scale, offset, |i| ((q[i] >> (part % 2 * 4)) & 15) as i8)
    }
}

impl BlockFormat for Q5K {
    const LEN: usize = 256;
    const BYTES: usize = 176;
    fn unpack(b: &[u8], part: usize) -> Weights {
        let (scale, offset) = scale_offset_k4(b, part);
        let (high, q) = (&b[16..48], &b[48 + part / 2 * 32..]);
        Weights::new(scale, offset, |i| ((q[i] >> (part % 2 * 4)) & 15 | ((high[i] >> part) & 1) << 4) as i8)
    }
}

impl BlockFormat for Q6K {
    const LEN: usize = 256;
    const BYTES: usize = 210;
    fn unpack(b: &[u8], part: usize) -> Weights {
        let (half, quarter) = (part / 4, part % 4);
        let low = &b[half * 64 + quarter % 2 * 32..];
        let high = &b[128 + half * 32..];
        let level = |i: usize| {
            let low = (low[i] >> (quarter / 2 * 4)) & 15;
            let high = (high[i] >> (quarter * 2)) & 3;
            (low | high << 4) as i8 - 32
        };
        let scale = |i: usize| half_at(b, 208) * f32::from(b[192 + part * 2 + i] as i8);
        Weights { levels: std::array::from_fn(level), scales: [scale(0), scale(1)], offset: 0.0 }
    }
}

impl BlockFormat for IQ4NL {
    const LEN: usize = 32;
    const BYTES: usize = 18;
    fn unpack(b: &[u8], _part: usize) -> Weights {
        Weights::new(half_at(b, 0), 0.0, |i| IQ4_NL_LEVELS[usize::from(nibble(&b[2..], i))])
    }
}
