//! Products with packed weights: eight rows in the eight lanes of a vector. See [`packed`](crate::packed) for the layout.
//!
//! `vpmaddubsw` multiplies unsigned bytes with signed ones and sums pairs of products in 16 bits. So weights count from a level below
//! all of theirs, and what that adds to a sum of products, a multiple of the sum of the activations, is taken off afterwards.
//!
//! Of each block of 32 columns: one multiplication of the sum of integers by the activations' scale, then one fused multiply-add with
//! the weights' scale, on every instruction set.

#[macro_use]
mod dots;
mod formats;
mod nibbles;
mod tiles;

pub(crate) use formats::{IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q6K, Q8_0};

use crate::{
    activations::{AVX2_TOKENS, TokenColumns},
    packed::PackedDType,
    tile::MatmulArgs,
};
use std::arch::x86_64::*;

/// Quantised weights in tiles times int8 activations.
///
/// # Safety
/// As for [`MatmulFn`](crate::table::MatmulFn), with whole tiles of this type.
pub(super) unsafe fn matmul<F: PackedFormat>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe { tiles::matmul::<F>(args) }
}

/// How levels are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Levels {
    /// From 0 up to `2 * zero - 1`, of which `zero`, a multiple of 8, stands for 0; with 0 as zero up to 15.
    Unsigned { zero: usize },
    /// Any signed byte.
    Signed,
}

impl Levels {
    /// How often two products of a level with -127 to 127 sum up in 16 bits, at most 8.
    const fn pairs(self) -> usize {
        match self {
            Levels::Unsigned { zero: 0 | 8 } => 8,
            Levels::Unsigned { zero: 16 } => 4,
            Levels::Unsigned { .. } => 2,
            Levels::Signed => 1,
        }
    }
}

/// A packed weight type.
pub(crate) trait PackedFormat {
    /// Which one.
    const DTYPE: PackedDType;
    /// Its levels.
    const LEVELS: Levels;
    /// Whether a tile is a block of 32 columns as [`nibbles`] takes them.
    const NIBBLES: bool = false;
    /// Whether weights have an offset.
    const OFFSET: bool = false;
    /// What is worked out once for a tile.
    type Header: Copy;

    /// The header of a tile.
    ///
    /// # Safety
    /// AVX2, FMA and F16C are there, and a tile can be read.
    unsafe fn header(tile: *const u8) -> Self::Header;

    /// The levels of eight rows in columns `4 * four..4 * four + 4` of the `part`-th 32: four bytes for each row.
    ///
    /// # Safety
    /// As for `header`, and `part` is below the tile's columns / 32, `four` below 8.
    unsafe fn levels(tile: *const u8, part: usize, four: usize) -> __m256i;

    /// The scales of eight rows, of the `half`-th 16 columns of the `part`-th 32.
    ///
    /// # Safety
    /// As for `levels`, and `half` is below 2.
    unsafe fn scales(tile: *const u8, header: Self::Header, part: usize, half: usize) -> __m256;

    /// The offsets of eight rows in the `part`-th 32 columns.
    ///
    /// # Safety
    /// As for `levels`.
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn offsets(_tile: *const u8, _header: Self::Header, _part: usize) -> __m256 {
        _mm256_setzero_ps()
    }
}

/// Whether the first and the last 16 columns of a block have scales of their own.
pub(crate) const fn halves<F: PackedFormat>() -> usize {
    if F::DTYPE.scales_halves() { 2 } else { 1 }
}

/// Columns of a block that share a scale, in fours.
pub(crate) const fn fours<F: PackedFormat>() -> usize {
    8 / halves::<F>()
}

/// A block of 32 columns of some groups of eight rows.
trait Block<const R: usize> {
    /// The tiles that it is in.
    fn tiles(&self) -> [*const u8; R];

    /// Four levels of each row.
    ///
    /// # Safety
    /// AVX2, FMA and F16C are there, the block can be read, and `four` is below 8.
    unsafe fn levels(&self, four: usize) -> [__m256i; R];

    /// Scales of the `half`-th 16 columns.
    ///
    /// # Safety
    /// As for `levels`, and `half` is below 2.
    unsafe fn scales(&self, half: usize) -> [__m256; R];

    /// Offsets, for types that have any.
    ///
    /// # Safety
    /// As for `levels`.
    unsafe fn offsets(&self) -> [__m256; R];
}

/// Adds the products of a block of `R` groups of eight rows with `T` tokens to their sums: of each token, those of all groups.
///
/// # Safety
/// As for [`Block::levels`]; the tokens are there.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
#[expect(clippy::needless_range_loop, reason = "the indices are those of a tile of registers")]
unsafe fn step<F: PackedFormat, const R: usize, const T: usize>(block: &impl Block<R>, x: TokenColumns, acc: &mut [[__m256; R]; T]) {
    // SAFETY: the caller's promise. No closures in these loops: what they call would not be inlined for these instructions.
    unsafe {
        if F::NIBBLES {
            nibbles::add_block(block.tiles(), x, acc);
        } else {
            for half in 0..halves::<F>() {
                add_half::<F, R, T>(block, half, x, acc);
            }
        }
        if F::OFFSET {
            let offsets = block.offsets();
            for t in 0..T {
                let (x, place) = holding::<T>(x, t);
                let s = _mm256_set1_ps(x.s(place));
                for r in 0..R {
                    acc[t][r] = _mm256_fmadd_ps(offsets[r], s, acc[t][r]);
                }
            }
        }
    }
}

/// Where token `t` of `T` is, of which the second half lie in the next tile if they are more than one has.
#[inline]
fn holding<const T: usize>(x: TokenColumns, t: usize) -> (TokenColumns, usize) {
    let first = T.div_ceil(2);
    if T <= AVX2_TOKENS || t < first { (x, t) } else { (x.next_tile(), t - first) }
}

/// Adds those of the `half`-th columns that share scales.
///
/// # Safety
/// As for [`step`], and `half` is below [`halves`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn add_half<F: PackedFormat, const R: usize, const T: usize>(
    block: &impl Block<R>,
    half: usize,
    x: TokenColumns,
    acc: &mut [[__m256; R]; T],
) {
    let mut dots = [[_mm256_setzero_si256(); R]; T];
    let first = half * fours::<F>();
    // SAFETY: the caller's promise.
    unsafe {
        for begin in (first..first + fours::<F>()).step_by(F::LEVELS.pairs()) {
            if F::LEVELS == Levels::Signed {
                dots::add_signed(&mut dots, block.levels(begin), x.four(begin), x.next_bytes());
                continue;
            }
            let mut sums = dots::multiply::<R, T>(block.levels(begin), x.four(begin), x.next_bytes());
            for four in begin + 1..begin + F::LEVELS.pairs() {
                dots::add(&mut sums, block.levels(four), x.four(four), x.next_bytes());
            }
            for t in 0..T {
                for r in 0..R {
                    let sums = _mm256_madd_epi16(sums[t][r], _mm256_set1_epi16(1));
                    dots[t][r] = _mm256_add_epi32(dots[t][r], sums);
                }
            }
        }
        let scales = block.scales(half);
        for t in 0..T {
            let (x, place) = holding::<T>(x, t);
            let d = _mm256_set1_ps(x.d(place));
            let zero = zero::<F>(x.minus8(if halves::<F>() == 2 { half } else { 2 }, place));
            for r in 0..R {
                let dot = _mm256_cvtepi32_ps(_mm256_add_epi32(dots[t][r], zero));
                acc[t][r] = _mm256_fmadd_ps(scales[r], _mm256_mul_ps(d, dot), acc[t][r]);
            }
        }
    }
}

/// What is taken off for levels that do not count from their zero, in all lanes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn zero<F: PackedFormat>(minus8: i32) -> __m256i {
    match F::LEVELS {
        Levels::Unsigned { zero: 0 } | Levels::Signed => _mm256_setzero_si256(),
        Levels::Unsigned { zero } => _mm256_mullo_epi32(_mm256_set1_epi32(minus8), _mm256_set1_epi32((zero / 8) as i32)),
    }
}
