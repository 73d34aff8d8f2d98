//! Products with packed weights, for every instruction set that has Advanced SIMD: eight rows are the lanes of two vectors, and
//! nothing is summed across lanes. Instruction sets differ in how int8 is multiplied, which is [`LaneDot`]. See
//! [`packed`](crate::packed) for the layout.

use super::vector::{bytes, f16x8};
use crate::{
    packed::TILE_ROWS,
    scalar::{
        formats::{IQ4_NL_LEVELS, IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q6K, Q8_0},
        packed::PackedFormat,
    },
    tile::{self, MatmulArgs, MatmulTile},
};
use std::{arch::aarch64::*, array, marker::PhantomData};

/// Quantised weights in tiles times int8 activations.
///
/// # Safety
/// The arguments are as [`MatmulArgs`] states, with whole tiles of this type; the CPU has the instructions of `D`.
pub(crate) unsafe fn matmul<F: TileFormat, D: LaneDot>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe { tile::matmul::<Packed<F, D>, 1, 1, 4>(args) }
}

/// Four rows of four columns, for rows 0 to 3 and for rows 4 to 7.
type Fours = [int8x16_t; 2];
/// A value for each of eight rows.
type Rows = [float32x4_t; 2];

/// Products of four rows with one token, a lane for each row.
pub(crate) trait LaneDot {
    /// Adds the products of 16 columns: `w[k]` has columns `4 k..4 k + 4` of four rows, `x` the activations. `small`: no level is
    /// greater than 32 in magnitude.
    ///
    /// # Safety
    /// The CPU has the instructions.
    unsafe fn dot16(sums: int32x4_t, w: [int8x16_t; 4], x: int8x16_t, small: bool) -> int32x4_t;
}

/// The multiplications of plain Advanced SIMD, which widen to 16 bits.
pub(crate) struct LaneSmull;

impl LaneDot for LaneSmull {
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn dot16(sums: int32x4_t, w: [int8x16_t; 4], x: int8x16_t, small: bool) -> int32x4_t {
        // The same four activations in both halves: eight products are four columns of two rows.
        let x = vreinterpretq_s32_s8(x);
        let x = [vdupq_laneq_s32::<0>(x), vdupq_laneq_s32::<1>(x), vdupq_laneq_s32::<2>(x), vdupq_laneq_s32::<3>(x)];
        let x = x.map(|x| vreinterpretq_s8_s32(x));
        let low = |k: usize| (vget_low_s8(w[k]), vget_low_s8(x[k]));
        // Two products of any bytes fit 16 bits (2 * 128 * 127 < 2^15), and eight of small levels (4 * 32 * 127).
        let mut first = vmull_s8(low(0).0, low(0).1);
        let mut second = vmull_high_s8(w[0], x[0]);
        first = vmlal_s8(first, low(1).0, low(1).1);
        second = vmlal_high_s8(second, w[1], x[1]);
        let pairs = if small {
            for k in [2, 3] {
                first = vmlal_s8(first, low(k).0, low(k).1);
                second = vmlal_high_s8(second, w[k], x[k]);
            }
            vpaddq_s32(vpaddlq_s16(first), vpaddlq_s16(second))
        } else {
            let third = vmlal_s8(vmull_s8(low(2).0, low(2).1), low(3).0, low(3).1);
            let fourth = vmlal_high_s8(vmull_high_s8(w[2], x[2]), w[3], x[3]);
            vpaddq_s32(vpadalq_s16(vpaddlq_s16(first), third), vpadalq_s16(vpaddlq_s16(second), fourth))
        };
        vaddq_s32(sums, pairs)
    }
}

/// A packed weight type as vectors.
pub(crate) trait TileFormat: PackedFormat {
    /// Whether no level is greater than 32 in magnitude.
    const SMALL: bool;
    /// What is worked out once for a tile.
    type Header: Copy;

    /// The header of a tile.
    ///
    /// # Safety
    /// A tile is readable.
    unsafe fn header(tile: *const u8) -> Self::Header;

    /// The levels of eight rows in columns `4 * four..4 * four + 4` of the `part`-th 32.
    ///
    /// # Safety
    /// As for `header`; `part` is below the tile's columns / 32, `four` below 8.
    unsafe fn levels(tile: *const u8, part: usize, four: usize) -> Fours;

    /// The scales of eight rows, of the `half`-th 16 columns of the `part`-th 32.
    ///
    /// # Safety
    /// As for `levels`; `half` is below 2.
    unsafe fn scales(tile: *const u8, header: &Self::Header, part: usize, half: usize) -> Rows;

    /// The offsets of eight rows in the `part`-th 32 columns, where there are any.
    ///
    /// # Safety
    /// As for `levels`.
    unsafe fn offsets(tile: *const u8, header: &Self::Header, part: usize) -> Rows;
}

struct Packed<F, D>(PhantomData<(F, D)>);

impl<F: TileFormat, D: LaneDot> MatmulTile for Packed<F, D> {
    const ROWS: usize = TILE_ROWS;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let parts = F::LEN / 32;
        for group in 0..R {
            let first = row + group * TILE_ROWS;
            let mut sums = [[vdupq_n_f32(0.0); 2]; T];
            for i in 0..args.cols / F::LEN {
                // SAFETY: these rows are in `args`, and are `cols / LEN` tiles; so are the tokens, `x.blocks` blocks of 32 each.
                unsafe {
                    let tile = args.weights.as_ptr().add(first * args.row_bytes() + i * TILE_ROWS * F::BYTES);
                    let header = F::header(tile);
                    for part in 0..parts {
                        let at = array::from_fn(|t| (token + t) * args.x.blocks + i * parts + part);
                        step::<F, D, T>(args, tile, &header, part, at, &mut sums);
                    }
                }
            }
            for (t, sums) in sums.iter().enumerate() {
                // SAFETY: the rows and the token are of this tile, and eight floats go to each.
                unsafe {
                    args.store8(first, token + t, |out| {
                        vst1q_f32(out, sums[0]);
                        vst1q_f32(out.add(4), sums[1]);
                    });
                }
            }
        }
    }
}

/// Adds the products of 32 columns of eight rows with `T` tokens, whose blocks are `at`: for each row and token one multiplication of the
/// sum of integers by the activations' scale, then one fused multiply-add with the weights' scale, on every instruction set.
///
/// # Safety
/// As for [`TileFormat::levels`]; the blocks are in `args`; the CPU has the instructions of `D`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn step<F: TileFormat, D: LaneDot, const T: usize>(
    args: &MatmulArgs<'_>,
    tile: *const u8,
    header: &F::Header,
    part: usize,
    at: [usize; T],
    sums: &mut [Rows; T],
) {
    let mut dots = [[vdupq_n_s32(0); 2]; T];
    for half in 0..2 {
        // SAFETY: the caller promises the tile, and the blocks of the tokens.
        unsafe {
            let w: [Fours; 4] = array::from_fn(|k| F::levels(tile, part, 4 * half + k));
            let [upper, lower] = [w.map(|w| w[0]), w.map(|w| w[1])];
            for (t, dots) in dots.iter_mut().enumerate() {
                let x = vld1q_s8(args.x.q.as_ptr().add(at[t] * 32 + half * 16));
                *dots = [D::dot16(dots[0], upper, x, F::SMALL), D::dot16(dots[1], lower, x, F::SMALL)];
            }
            // Either each half has its scale, or both have one.
            if F::PACKED.scales_halves() || half == 1 {
                let scales = F::scales(tile, header, part, half);
                for (t, sums) in sums.iter_mut().enumerate() {
                    let d = *args.x.d.as_ptr().add(at[t]);
                    let scaled = dots[t].map(|dot| vmulq_n_f32(vcvtq_f32_s32(dot), d));
                    *sums = [vfmaq_f32(sums[0], scales[0], scaled[0]), vfmaq_f32(sums[1], scales[1], scaled[1])];
                }
                dots = [[vdupq_n_s32(0); 2]; T];
            }
        }
    }
    if F::PACKED.has_offsets() {
        // SAFETY: as above.
        unsafe {
            let offsets = F::offsets(tile, header, part);
            for (t, sums) in sums.iter_mut().enumerate() {
                let s = *args.x.s.as_ptr().add(at[t]);
                *sums = [vfmaq_n_f32(sums[0], offsets[0], s), vfmaq_n_f32(sums[1], offsets[1], s)];
            }
        }
    }
}

/// Bytes of a chunk of eight rows that is no f16, and of one that is.
const WORDS: usize = TILE_ROWS * 4;
const HALVES: usize = TILE_ROWS * 2;

/// A chunk of words, rows 0 to 3 and rows 4 to 7.
///
/// # Safety
/// 32 bytes are readable.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn words(p: *const u8) -> [uint8x16_t; 2] {
    // SAFETY: the caller's promise.
    unsafe { [bytes(p), bytes(p.add(16))] }
}

/// The nibbles of a chunk: the low ones for `high` false.
///
/// # Safety
/// 32 bytes are readable.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn nibbles(p: *const u8, high: bool) -> [uint8x16_t; 2] {
    // SAFETY: the caller's promise.
    unsafe { words(p) }.map(|v| if high { vshrq_n_u8::<4>(v) } else { vandq_u8(v, vdupq_n_u8(15)) })
}

/// The nibbles of column group `four` where those of a block of 32 columns lie in 16 bytes of each row from `at` on.
///
/// # Safety
/// As for [`TileFormat::levels`].
#[inline]
#[target_feature(enable = "neon")]
unsafe fn block_nibbles(at: *const u8, four: usize) -> [uint8x16_t; 2] {
    // SAFETY: four chunks of words follow each other from `at` on.
    unsafe { nibbles(at.add(four % 4 * WORDS), four >= 4) }
}

/// A type of one scale, and maybe an offset, for each 32 weights.
macro_rules! simple_format {
    ($format:ident, small: $small:literal; |$tile:ident, $four:ident| $levels:expr) => {
        impl TileFormat for $format {
            const SMALL: bool = $small;
            type Header = ();

            #[inline]
            #[target_feature(enable = "neon")]
            unsafe fn header(_tile: *const u8) {}

            #[inline]
            #[target_feature(enable = "neon")]
            unsafe fn levels($tile: *const u8, _part: usize, $four: usize) -> Fours {
                // SAFETY: all chunks are inside the tile.
                unsafe { $levels }
            }

            #[inline]
            #[target_feature(enable = "neon")]
            unsafe fn scales(tile: *const u8, _header: &(), _part: usize, _half: usize) -> Rows {
                // SAFETY: a tile begins with the scales of eight rows.
                unsafe { f16x8(tile) }
            }

            #[inline]
            #[target_feature(enable = "neon")]
            unsafe fn offsets(tile: *const u8, _header: &(), _part: usize) -> Rows {
                // SAFETY: where there are offsets, those of eight rows follow the scales.
                unsafe { f16x8(tile.add(HALVES)) }
            }
        }
    };
}

simple_format!(Q4_0, small: true; |tile, four| {
    let chunk = words(tile.add(HALVES + four % 4 * WORDS));
    // Stored as two's complement: shifts bring the sign along.
    let high = |v: int8x16_t| vshrq_n_s8::<4>(v);
    chunk.map(|v| {
        let v = vreinterpretq_s8_u8(v);
        if four >= 4 { high(v) } else { high(vshlq_n_s8::<4>(v)) }
    })
});
simple_format!(Q4_1, small: true; |tile, four| block_nibbles(tile.add(2 * HALVES), four).map(|v| vreinterpretq_s8_u8(v)));
simple_format!(Q5_0, small: true; |tile, four| {
    // The fifth bits of each row are four bytes: those of these columns to the bottom, and the byte with them to all four.
    let (bits, nibbles) = (words(tile.add(HALVES)), block_nibbles(tile.add(HALVES + WORDS), four));
    let first = vld1q_u8([0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12].as_ptr());
    let one_each = vreinterpretq_u8_u32(vdupq_n_u32(0x0804_0201));
    array::from_fn(|i| {
        let bits = vshlq_u32(vreinterpretq_u32_u8(bits[i]), vdupq_n_s32(-4 * four as i32));
        let set = vtstq_u8(vqtbl1q_u8(vreinterpretq_u8_u32(bits), first), one_each);
        let levels = vorrq_u8(nibbles[i], vandq_u8(set, vdupq_n_u8(16)));
        vsubq_s8(vreinterpretq_s8_u8(levels), vdupq_n_s8(16))
    })
});
simple_format!(Q8_0, small: false; |tile, four| words(tile.add(HALVES + four * WORDS)).map(|v| vreinterpretq_s8_u8(v)));
simple_format!(IQ4NL, small: false; |tile, four| {
    let table = vld1q_s8(IQ4_NL_LEVELS.as_ptr());
    block_nibbles(tile.add(HALVES), four).map(|v| vqtbl1q_s8(table, v))
});

/// The 12 bytes of 6-bit scales and minima of eight rows, and what they are multiplied with.
#[derive(Clone, Copy)]
pub(crate) struct HeaderQ4K {
    d: Rows,
    dmin: Rows,
    /// Bytes 0 to 3, 4 to 7 and 8 to 11 of each row.
    packed: [[uint32x4_t; 2]; 3],
}

impl HeaderQ4K {
    /// The 6-bit numbers of `part`, times what they belong to: scales for `which` 0, minima for 1. See `scale_min_k4` of the
    /// reference for their layout.
    #[inline]
    #[target_feature(enable = "neon")]
    fn six_bits(&self, part: usize, which: usize) -> Rows {
        let unit = if which == 0 { self.d } else { self.dmin };
        array::from_fn(|i| {
            let [first, last] = [self.packed[which][i], self.packed[2][i]];
            let number = if part < 4 {
                bits(first, part, 0, 63)
            } else {
                vorrq_u32(bits(last, part - 4, 4 * which, 15), vshlq_n_u32::<4>(bits(first, part - 4, 6, 3)))
            };
            vmulq_f32(unit[i], vcvtq_f32_u32(number))
        })
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
    type Header = HeaderQ4K;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn header(tile: *const u8) -> HeaderQ4K {
        // SAFETY: a tile begins with two chunks of halves and three of words.
        unsafe {
            let packed = array::from_fn(|n| words(tile.add(2 * HALVES + n * WORDS)).map(|v| vreinterpretq_u32_u8(v)));
            HeaderQ4K { d: f16x8(tile), dmin: f16x8(tile.add(HALVES)), packed }
        }
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(tile: *const u8, part: usize, four: usize) -> Fours {
        // SAFETY: the nibbles of two parts share 32 bytes of each row, after the header.
        let nibbles = unsafe { nibbles(tile.add(2 * HALVES + (3 + part / 2 * 8 + four) * WORDS), part % 2 == 1) };
        nibbles.map(|v| vreinterpretq_s8_u8(v))
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn scales(_tile: *const u8, header: &HeaderQ4K, part: usize, _half: usize) -> Rows {
        header.six_bits(part, 0)
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn offsets(_tile: *const u8, header: &HeaderQ4K, part: usize) -> Rows {
        header.six_bits(part, 1).map(|v| vnegq_f32(v))
    }
}

impl TileFormat for Q6K {
    const SMALL: bool = true;
    type Header = Rows;

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn header(tile: *const u8) -> Rows {
        // SAFETY: a tile ends with the f16 scales of eight rows, after 52 chunks of words.
        unsafe { f16x8(tile.add(52 * WORDS)) }
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn levels(tile: *const u8, part: usize, four: usize) -> Fours {
        let (half, quarter) = (part / 4, part % 4);
        // SAFETY: 32 chunks of nibbles come first, then 16 of bit pairs.
        let (low, high) = unsafe {
            let low = nibbles(tile.add((half * 16 + quarter % 2 * 8 + four) * WORDS), quarter / 2 == 1);
            (low, words(tile.add((32 + half * 8 + four) * WORDS)))
        };
        let count = vdupq_n_s8(-(2 * quarter as i8));
        array::from_fn(|i| {
            let high = vshlq_n_u8::<4>(vandq_u8(vshlq_u8(high[i], count), vdupq_n_u8(3)));
            vsubq_s8(vreinterpretq_s8_u8(vorrq_u8(low[i], high)), vdupq_n_s8(32))
        })
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn scales(tile: *const u8, header: &Rows, part: usize, half: usize) -> Rows {
        let n = 2 * part + half;
        // SAFETY: four chunks of scales, a byte for each 16 columns, come before the f16.
        let words = unsafe { words(tile.add((48 + n / 4) * WORDS)) };
        // The byte goes to the top of its lane, and comes down with its sign.
        let count = vdupq_n_s32(24 - 8 * (n % 4) as i32);
        array::from_fn(|i| {
            let scale = vshrq_n_s32::<24>(vshlq_s32(vreinterpretq_s32_u8(words[i]), count));
            vmulq_f32(header[i], vcvtq_f32_s32(scale))
        })
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn offsets(_tile: *const u8, _header: &Rows, _part: usize) -> Rows {
        [vdupq_n_f32(0.0); 2]
    }
}
