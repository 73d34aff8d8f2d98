//! The packed weight types as vectors of four rows; see [`TileFormat`].

use super::{
    packed::TileFormat,
    vector::{bytes, f16x4},
};
use crate::{
    packed::TILE_ROWS,
    scalar::formats::{IQ4_NL_LEVELS, IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q6K, Q8_0},
};
use std::arch::aarch64::*;

/// Bytes of a chunk of eight rows that is no f16, and of one that is.
const WORDS: usize = TILE_ROWS * 4;
const HALVES: usize = TILE_ROWS * 2;

/// Four bytes of each of four rows.
///
/// # Safety
/// The chunk is readable.
#[inline(always)]
unsafe fn words(chunk: *const u8, side: usize) -> uint8x16_t {
    // SAFETY: the caller's promise.
    unsafe { bytes(chunk.add(side * WORDS / 2)) }
}

/// An f16 of each of four rows.
///
/// # Safety
/// The chunk is readable.
#[inline(always)]
unsafe fn halves(chunk: *const u8, side: usize) -> float32x4_t {
    // SAFETY: the caller's promise.
    unsafe { f16x4(chunk.add(side * HALVES / 2)) }
}

/// The nibbles of a chunk: the low ones for `high` false.
///
/// # Safety
/// The chunk is readable.
#[inline(always)]
unsafe fn nibbles(chunk: *const u8, high: bool, side: usize) -> uint8x16_t {
    // SAFETY: the caller's promise.
    unsafe {
        let v = words(chunk, side);
        if high { vshrq_n_u8::<4>(v) } else { vandq_u8(v, vdupq_n_u8(15)) }
    }
}

/// The nibbles of column group `four` where those of a block of 32 columns lie in 16 bytes of each row from `at` on.
///
/// # Safety
/// Four chunks of words are readable.
#[inline(always)]
unsafe fn block_nibbles(at: *const u8, four: usize, side: usize) -> uint8x16_t {
    // SAFETY: the caller's promise.
    unsafe { nibbles(at.add(four % 4 * WORDS), four >= 4, side) }
}

/// A type of one scale, and maybe an offset, for each 32 weights.
macro_rules! simple_format {
    ($format:ident, small: $small:literal; |$tile:ident, $four:ident, $side:ident| $levels:expr) => {
        impl TileFormat for $format {
            const SMALL: bool = $small;

            #[inline(always)]
            unsafe fn levels<const PART: usize>($tile: *const u8, $four: usize, $side: usize) -> int8x16_t {
                // SAFETY: all chunks are inside the tile.
                unsafe { $levels }
            }

            #[inline(always)]
            unsafe fn scales<const PART: usize>(tile: *const u8, _half: usize, side: usize) -> float32x4_t {
                // SAFETY: a tile begins with the scales of eight rows.
                unsafe { halves(tile, side) }
            }

            #[inline(always)]
            unsafe fn offsets<const PART: usize>(tile: *const u8, side: usize) -> float32x4_t {
                // SAFETY: where there are offsets, those of eight rows follow the scales.
                unsafe { halves(tile.add(HALVES), side) }
            }
        }
    };
}

simple_format!(Q4_0, small: true; |tile, four, side| {
    // Stored as two's complement: shifts bring the sign along.
    let v = vreinterpretq_s8_u8(words(tile.add(HALVES + four % 4 * WORDS), side));
    vshrq_n_s8::<4>(if four >= 4 { v } else { vshlq_n_s8::<4>(v) })
});
simple_format!(Q4_1, small: true; |tile, four, side| vreinterpretq_s8_u8(block_nibbles(tile.add(2 * HALVES), four, side)));
simple_format!(Q5_0, small: true; |tile, four, side| {
    // The fifth bits of each row are four bytes: those of these columns to the bottom, and the byte with them to all four.
    let (bits, nibbles) = (words(tile.add(HALVES), side), block_nibbles(tile.add(HALVES + WORDS), four, side));
    let first = vld1q_u8([0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12].as_ptr());
    let one_each = vreinterpretq_u8_u32(vdupq_n_u32(0x0804_0201));
    let bits = vshlq_u32(vreinterpretq_u32_u8(bits), vdupq_n_s32(-4 * four as i32));
    let set = vtstq_u8(vqtbl1q_u8(vreinterpretq_u8_u32(bits), first), one_each);
    let levels = vorrq_u8(nibbles, vandq_u8(set, vdupq_n_u8(16)));
    vsubq_s8(vreinterpretq_s8_u8(levels), vdupq_n_s8(16))
});
simple_format!(Q8_0, small: false; |tile, four, side| vreinterpretq_s8_u8(words(tile.add(HALVES + four * WORDS), side)));
simple_format!(IQ4NL, small: false; |tile, four, side| {
    vqtbl1q_s8(vld1q_s8(IQ4_NL_LEVELS.as_ptr()), block_nibbles(tile.add(HALVES), four, side))
});

/// The 6-bit numbers of a part, as floats: scales for `which` 0, minima for 1. See `scale_min_k4` of the reference for their layout.
///
/// # Safety
/// The tile is readable.
#[inline(always)]
unsafe fn six_bits<const PART: usize>(tile: *const u8, which: usize, side: usize) -> float32x4_t {
    // SAFETY: a tile begins with two chunks of halves and three of words; the numbers are in the latter.
    unsafe {
        let packed = |n: usize| vreinterpretq_u32_u8(words(tile.add(2 * HALVES + n * WORDS), side));
        let number = if PART < 4 {
            bits(packed(which), PART, 0, 63)
        } else {
            vorrq_u32(bits(packed(2), PART - 4, 4 * which, 15), vshlq_n_u32::<4>(bits(packed(which), PART - 4, 6, 3)))
        };
        vcvtq_f32_u32(number)
    }
}

/// Byte `at` of each lane of four bytes, of which the bits above `shift` are kept that `mask` has.
#[inline]
#[target_feature(enable = "neon")]
fn bits(words: uint32x4_t, at: usize, shift: usize, mask: u32) -> uint32x4_t {
    // A shift to the left by less than nothing is one to the right.
    let count = vdupq_n_s32(-((8 * at + shift) as i32));
    vandq_u32(vshlq_u32(words, count), vdupq_n_u32(mask))
}

impl TileFormat for Q4K {
    const SMALL: bool = true;

    #[inline(always)]
    unsafe fn levels<const PART: usize>(tile: *const u8, four: usize, side: usize) -> int8x16_t {
        // SAFETY: the nibbles of two parts share 32 bytes of each row, after the header.
        unsafe { vreinterpretq_s8_u8(nibbles(tile.add(2 * HALVES + (3 + PART / 2 * 8 + four) * WORDS), PART % 2 == 1, side)) }
    }

    #[inline(always)]
    unsafe fn scales<const PART: usize>(tile: *const u8, _half: usize, side: usize) -> float32x4_t {
        // SAFETY: the scales' unit is the first chunk.
        unsafe { vmulq_f32(halves(tile, side), six_bits::<PART>(tile, 0, side)) }
    }

    #[inline(always)]
    unsafe fn offsets<const PART: usize>(tile: *const u8, side: usize) -> float32x4_t {
        // SAFETY: the minima's unit is the second chunk.
        unsafe { vnegq_f32(vmulq_f32(halves(tile.add(HALVES), side), six_bits::<PART>(tile, 1, side))) }
    }
}

impl TileFormat for Q6K {
    const SMALL: bool = true;

    #[inline(always)]
    unsafe fn levels<const PART: usize>(tile: *const u8, four: usize, side: usize) -> int8x16_t {
        let (half, quarter) = (PART / 4, PART % 4);
        // SAFETY: 32 chunks of nibbles come first, then 16 of bit pairs.
        unsafe {
            let low = nibbles(tile.add((half * 16 + quarter % 2 * 8 + four) * WORDS), quarter / 2 == 1, side);
            let pairs = words(tile.add((32 + half * 8 + four) * WORDS), side);
            let pair = vandq_u8(vshlq_u8(pairs, vdupq_n_s8(4 - 2 * quarter as i8)), vdupq_n_u8(0x30));
            vsubq_s8(vreinterpretq_s8_u8(vorrq_u8(low, pair)), vdupq_n_s8(32))
        }
    }

    #[inline(always)]
    unsafe fn scales<const PART: usize>(tile: *const u8, half: usize, side: usize) -> float32x4_t {
        let n = 2 * PART + half;
        // SAFETY: four chunks of scales, a byte for each 16 columns, come before the f16 that end the tile.
        unsafe {
            let words = vreinterpretq_s32_u8(words(tile.add((48 + n / 4) * WORDS), side));
            // The byte goes to the top of its lane, and comes down with its sign.
            let scale = vshrq_n_s32::<24>(vshlq_s32(words, vdupq_n_s32(24 - 8 * (n % 4) as i32)));
            vmulq_f32(halves(tile.add(52 * WORDS), side), vcvtq_f32_s32(scale))
        }
    }

    #[inline(always)]
    unsafe fn offsets<const PART: usize>(_tile: *const u8, _side: usize) -> float32x4_t {
        // SAFETY: the instruction needs nothing that the target has not.
        unsafe { vdupq_n_f32(0.0) }
    }
}
