//! Weights of each type as vectors. What the bytes mean is said in the [reference](crate::scalar::formats), whose types these are.

use super::{
    matmul::{Block, Dot, add_lanes, dot_quad},
    vector::{bytes, f16x1, f16x8, signed32},
};
use crate::scalar::formats::{BF16, BlockFormat, F16, F32, FloatFormat, IQ4_NL_LEVELS, IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};
use std::{arch::aarch64::*, array};

/// Float weights, eight at a time.
pub(crate) trait FloatLanes: FloatFormat {
    /// Eight weights to f32.
    ///
    /// # Safety
    /// Eight weights are readable at `p`.
    unsafe fn lanes(p: *const u8) -> [float32x4_t; 2];
}

impl FloatLanes for F32 {
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn lanes(p: *const u8) -> [float32x4_t; 2] {
        // SAFETY: the caller promises 32 bytes.
        unsafe { [vreinterpretq_f32_u8(bytes(p)), vreinterpretq_f32_u8(bytes(p.add(16)))] }
    }
}

impl FloatLanes for F16 {
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn lanes(p: *const u8) -> [float32x4_t; 2] {
        // SAFETY: the caller promises 16 bytes.
        unsafe { f16x8(p) }
    }
}

impl FloatLanes for BF16 {
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn lanes(p: *const u8) -> [float32x4_t; 2] {
        // SAFETY: the caller promises 16 bytes.
        let v = vreinterpretq_u16_u8(unsafe { bytes(p) });
        let low = vshll_n_u16::<16>(vget_low_u16(v));
        [vreinterpretq_f32_u32(low), vreinterpretq_f32_u32(vshll_high_n_u16::<16>(v))]
    }
}

/// Where four consecutive blocks of 32 weights begin: whole blocks of a type, or half a block of 256.
#[derive(Clone, Copy)]
pub(crate) struct Quad {
    /// The block of the type.
    block: *const u8,
    /// Half of it, where it is one of 256.
    half: usize,
}

impl Quad {
    /// The `index`-th four of a row.
    ///
    /// # Safety
    /// The first of these blocks is inside the row.
    #[inline]
    #[target_feature(enable = "neon")]
    pub(crate) unsafe fn new<F: BlockFormat>(row: *const u8, index: usize) -> Self {
        let first = index * 128;
        // SAFETY: the caller's promise.
        Self { block: unsafe { row.add(first / F::LEN * F::BYTES) }, half: first % F::LEN / 128 }
    }
}

/// Weights in blocks, four blocks of 32 at a time: `weight = scale * level + offset`, a scale and an offset for each 32.
pub(crate) trait QuadFormat: BlockFormat {
    /// Whether no level is greater than 16 in magnitude.
    const SMALL: bool;
    /// Whether there are offsets.
    const HAS_OFFSETS: bool = false;

    /// Levels of the `j`-th block of 32.
    ///
    /// # Safety
    /// That block is readable, whole.
    unsafe fn levels(at: Quad, j: usize) -> Block;

    /// Scales of the blocks.
    ///
    /// # Safety
    /// They are readable, whole.
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn scales(at: Quad) -> float32x4_t {
        // SAFETY: the caller's promise; the types that do not say otherwise have an f16 scale first.
        unsafe { halves::<Self>(at.block) }
    }

    /// Offsets of the blocks.
    ///
    /// # Safety
    /// As for [`QuadFormat::scales`].
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn offsets(_at: Quad) -> float32x4_t {
        vdupq_n_f32(0.0)
    }

    /// Sums of the products of the levels with activations, a lane for each block.
    ///
    /// # Safety
    /// The blocks are readable, whole; the CPU has the instructions of `D`.
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn dot<D: Dot>(_at: Quad, levels: &[Block; 4], x: &[Block; 4]) -> int32x4_t {
        // SAFETY: the caller's promise.
        unsafe { if Self::SMALL { D::dot_small(levels, x) } else { dot_quad::<D>(levels, x) } }
    }
}

/// One f16 of each of four blocks, to f32.
///
/// # Safety
/// At `p`, and as far into each of the next three blocks, two bytes are readable.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn halves<F: BlockFormat + ?Sized>(p: *const u8) -> float32x4_t {
    // SAFETY: the caller's promise; a byte array needs no alignment.
    let bits = array::from_fn::<_, 4, _>(|j| u16::from_le_bytes(unsafe { p.add(j * F::BYTES).cast::<[u8; 2]>().read() }));
    // SAFETY: reads the array.
    vcvt_f32_f16(vreinterpret_f16_u16(unsafe { vld1_u16(bits.as_ptr()) }))
}

/// 16 bytes as their low nibbles and their high nibbles.
#[inline]
#[target_feature(enable = "neon")]
fn nibbles(v: uint8x16_t) -> [uint8x16_t; 2] {
    [vandq_u8(v, vdupq_n_u8(15)), vshrq_n_u8::<4>(v)]
}

/// The signed levels of unsigned ones around `middle`.
#[inline]
#[target_feature(enable = "neon")]
fn around(middle: i8, v: [uint8x16_t; 2]) -> Block {
    v.map(|v| vsubq_s8(vreinterpretq_s8_u8(v), vdupq_n_s8(middle)))
}

/// For each of 32 bits, all ones or all zeros in a byte.
///
/// # Safety
/// Four bytes are readable at `p`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn spread_bits(p: *const u8) -> [uint8x16_t; 2] {
    const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];
    const BYTES: [u8; 16] = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1];
    // SAFETY: the caller's promise for `p`, a byte array needing no alignment; the others are arrays of 16.
    let (four, select, bytes) = unsafe { (u32::from_le_bytes(p.cast::<[u8; 4]>().read()), bytes(BITS.as_ptr()), bytes(BYTES.as_ptr())) };
    let four = vreinterpretq_u8_u32(vdupq_n_u32(four));
    [bytes, vaddq_u8(bytes, vdupq_n_u8(2))].map(|bytes| vtstq_u8(vqtbl1q_u8(four, bytes), select))
}

/// Nibbles with a fifth bit: 4 bytes of fifth bits, 16 bytes of nibbles.
///
/// # Safety
/// 20 bytes are readable at `p`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn five_bits(p: *const u8) -> [uint8x16_t; 2] {
    // SAFETY: the caller's promise.
    let (fifth, low) = unsafe { (spread_bits(p), nibbles(bytes(p.add(4)))) };
    array::from_fn(|i| vorrq_u8(low[i], vandq_u8(fifth[i], vdupq_n_u8(16))))
}

impl QuadFormat for Q8_0 {
    const SMALL: bool = false;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(at: Quad, j: usize) -> Block {
        // SAFETY: the caller's promise.
        unsafe { signed32(at.block.add(j * Self::BYTES + 2).cast()) }
    }
}

impl QuadFormat for Q4_0 {
    const SMALL: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(at: Quad, j: usize) -> Block {
        // SAFETY: the caller's promise.
        around(8, nibbles(unsafe { bytes(at.block.add(j * Self::BYTES + 2)) }))
    }
}

impl QuadFormat for Q4_1 {
    const SMALL: bool = true;
    const HAS_OFFSETS: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(at: Quad, j: usize) -> Block {
        // SAFETY: the caller's promise.
        around(0, nibbles(unsafe { bytes(at.block.add(j * Self::BYTES + 4)) }))
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn offsets(at: Quad) -> float32x4_t {
        // SAFETY: the caller's promise.
        unsafe { halves::<Self>(at.block.add(2)) }
    }
}

impl QuadFormat for Q5_0 {
    const SMALL: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(at: Quad, j: usize) -> Block {
        // SAFETY: the caller's promise.
        around(16, unsafe { five_bits(at.block.add(j * Self::BYTES + 2)) })
    }
}

impl QuadFormat for Q5_1 {
    const SMALL: bool = false;
    const HAS_OFFSETS: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(at: Quad, j: usize) -> Block {
        // SAFETY: the caller's promise.
        around(0, unsafe { five_bits(at.block.add(j * Self::BYTES + 4)) })
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn offsets(at: Quad) -> float32x4_t {
        // SAFETY: the caller's promise.
        unsafe { halves::<Self>(at.block.add(2)) }
    }
}

impl QuadFormat for IQ4NL {
    const SMALL: bool = false;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(at: Quad, j: usize) -> Block {
        // SAFETY: the caller's promise for the block; the table is an array of 16.
        let (v, table) = unsafe { (bytes(at.block.add(j * Self::BYTES + 2)), vld1q_s8(IQ4_NL_LEVELS.as_ptr())) };
        nibbles(v).map(|v| vqtbl1q_s8(table, v))
    }
}

/// The 6-bit scales and minima of half a block of Q4_K or Q5_K: a byte of the result for each 32 weights.
///
/// # Safety
/// The block is readable up to its levels.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn six_bits(at: Quad) -> [u32; 2] {
    // SAFETY: the caller's promise; a byte array needs no alignment.
    let word = |i: usize| u32::from_le_bytes(unsafe { at.block.add(4 + 4 * i).cast::<[u8; 4]>().read() });
    let (scales, minima, last) = (word(0), word(1), word(2));
    if at.half == 0 {
        [scales & 0x3f3f_3f3f, minima & 0x3f3f_3f3f]
    } else {
        let upper = |v: u32| (v >> 2) & 0x3030_3030;
        [last & 0x0f0f_0f0f | upper(scales), (last >> 4) & 0x0f0f_0f0f | upper(minima)]
    }
}

/// Four bytes, each times a factor.
#[inline]
#[target_feature(enable = "neon")]
fn scale_bytes(packed: u32, factor: f32) -> float32x4_t {
    let eight = vmovl_u8(vreinterpret_u8_u32(vdup_n_u32(packed)));
    vmulq_n_f32(vcvtq_f32_u32(vmovl_u16(vget_low_u16(eight))), factor)
}

/// Scales and offsets of half a block of Q4_K and Q5_K, whose blocks begin alike.
macro_rules! scales_and_offsets_k4 {
    () => {
        #[inline]
        #[target_feature(enable = "neon")]
        unsafe fn scales(at: Quad) -> float32x4_t {
            // SAFETY: the caller's promise.
            unsafe { scale_bytes(six_bits(at)[0], f16x1(at.block)) }
        }

        #[inline]
        #[target_feature(enable = "neon")]
        unsafe fn offsets(at: Quad) -> float32x4_t {
            // SAFETY: the caller's promise.
            unsafe { vnegq_f32(scale_bytes(six_bits(at)[1], f16x1(at.block.add(2)))) }
        }
    };
}

/// Nibbles of the `j`-th 32 weights of half a block of 256: each 32 bytes at `q` hold 64 weights, the first 32 in the low nibbles.
///
/// # Safety
/// 32 bytes are readable there.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn nibbles_k4(q: *const u8, at: Quad, j: usize) -> [uint8x16_t; 2] {
    let p = q.wrapping_add((at.half * 2 + j / 2) * 32);
    // SAFETY: the caller's promise.
    unsafe { [bytes(p), bytes(p.add(16))] }.map(|v| nibbles(v)[j % 2])
}

impl QuadFormat for Q4K {
    const SMALL: bool = true;
    const HAS_OFFSETS: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(at: Quad, j: usize) -> Block {
        // SAFETY: the caller's promise.
        around(0, unsafe { nibbles_k4(at.block.add(16), at, j) })
    }

    scales_and_offsets_k4!();
}

impl QuadFormat for Q5K {
    const SMALL: bool = false;
    const HAS_OFFSETS: bool = true;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(at: Quad, j: usize) -> Block {
        // SAFETY: the caller's promise.
        let (low, high) = unsafe { (nibbles_k4(at.block.add(48), at, j), [bytes(at.block.add(16)), bytes(at.block.add(32))]) };
        let bit = vdupq_n_u8(1 << (4 * at.half + j));
        let fifth = high.map(|v| vandq_u8(vtstq_u8(v, bit), vdupq_n_u8(16)));
        around(0, array::from_fn(|i| vorrq_u8(low[i], fifth[i])))
    }

    scales_and_offsets_k4!();
}

impl QuadFormat for Q6K {
    const SMALL: bool = false;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(at: Quad, j: usize) -> Block {
        // SAFETY: the caller's promise: 128 bytes of low nibbles, 64 of upper bits, half of each for half a block.
        let (low, high) = unsafe {
            let (low, high) = (at.block.add(at.half * 64 + j % 2 * 32), at.block.add(128 + at.half * 32));
            ([bytes(low), bytes(low.add(16))], [bytes(high), bytes(high.add(16))])
        };
        let level = |i: usize| {
            let upper = match j {
                0 => vshlq_n_u8::<4>(high[i]),
                1 => vshlq_n_u8::<2>(high[i]),
                2 => high[i],
                _ => vshrq_n_u8::<2>(high[i]),
            };
            vorrq_u8(nibbles(low[i])[j / 2], vandq_u8(upper, vdupq_n_u8(0x30)))
        };
        around(32, [level(0), level(1)])
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn scales(at: Quad) -> float32x4_t {
        // SAFETY: the caller's promise.
        vdupq_n_f32(unsafe { f16x1(at.block.add(208)) })
    }

    /// With the 8-bit scales of each 16 inside: `2^24 > 32 * 32 * 127 * 128`, so the sum is exact as f32 too.
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn dot<D: Dot>(at: Quad, levels: &[Block; 4], x: &[Block; 4]) -> int32x4_t {
        add_lanes(array::from_fn(|j| {
            // SAFETY: the caller's promise: 16 scales, eight for half a block.
            let scale = |i: usize| i32::from(unsafe { at.block.add(192 + at.half * 8 + 2 * j + i).cast::<i8>().read() });
            // SAFETY: the caller's promise.
            let sum = |i: usize| unsafe { D::dot16(vdupq_n_s32(0), levels[j][i], x[j][i]) };
            vmlaq_n_s32(vmulq_n_s32(sum(0), scale(0)), sum(1), scale(1))
        }))
    }
}
