//! Products with packed weights: `vpdpbusd` multiplies unsigned bytes with signed ones and sums four products into each 32-bit lane.
//!
//! So weights count from a level below all of theirs, and what that adds to a sum of products, a multiple of the sum of the
//! activations, is taken off beforehand: sums of integers begin with it. How types are unpacked is AVX2's; see
//! [`packed`](crate::packed) for the layout.
//!
//! Of each block of 32 columns: one multiplication of the sum of integers by the activations' scale, then one fused multiply-add with
//! the weights' scale, on every instruction set. What bounds a product depends on the number of tokens, so there are three ways.

mod dots;
mod panel;
mod stream;
mod tokens;

use crate::{
    activations::{SOME_TOKENS, TokenBlock},
    avx2::packed::{Levels, PackedFormat, fours, halves},
    packed::TILE_ROWS,
    tile::MatmulArgs,
};
use std::arch::x86_64::*;

/// Rows that are multiplied together with more than a few tokens, the lanes of a vector.
const ROWS: usize = 2 * TILE_ROWS;

/// Quantised weights in tiles times int8 activations.
///
/// # Safety
/// As for [`MatmulFn`](crate::table::MatmulFn), with whole tiles of this type.
pub(super) unsafe fn matmul<F: PackedFormat>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe {
        match args.x.rows {
            1 => stream::matmul::<F, 1>(args),
            2 => stream::matmul::<F, 2>(args),
            3 => stream::matmul::<F, 3>(args),
            4 => stream::matmul::<F, 4>(args),
            5 => stream::matmul::<F, 5>(args),
            6 => stream::matmul::<F, 6>(args),
            7 => stream::matmul::<F, 7>(args),
            8 => stream::matmul::<F, 8>(args),
            // Measured: up to so many it is faster to unpack weights for each tile of tokens than to keep them.
            9..=SOME_TOKENS => tokens::matmul::<F>(args),
            _ => crate::panel::matmul::<panel::Tiles<F>>(args),
        }
    }
}

/// The levels of eight rows in four columns, as unsigned bytes.
///
/// # Safety
/// As for [`PackedFormat::levels`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn unsigned<F: PackedFormat>(tile: *const u8, part: usize, four: usize) -> __m256i {
    // SAFETY: the caller's promise.
    let levels = unsafe { F::levels(tile, part, four) };
    match F::LEVELS {
        Levels::Unsigned { .. } => levels,
        Levels::Signed => _mm256_xor_si256(levels, _mm256_set1_epi8(-128)),
    }
}

/// What the sums of a block begin with, in all lanes: minus the zero's level times the sum of the activations.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn zero<F: PackedFormat>(minus8: i32) -> __m512i {
    let zero = match F::LEVELS {
        Levels::Unsigned { zero } => zero,
        Levels::Signed => 128,
    };
    _mm512_mullo_epi32(_mm512_set1_epi32(minus8), _mm512_set1_epi32((zero / 8) as i32))
}

/// Which of the sums of a block's activations stands for the columns of `half`.
const fn sum_of<F: PackedFormat>(half: usize) -> usize {
    if halves::<F>() == 2 { half } else { 2 }
}

/// The sixteen lanes of two groups of eight rows.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn both(first: __m256i, second: __m256i) -> __m512i {
    _mm512_inserti64x4::<1>(_mm512_castsi256_si512(first), second)
}

/// The lanes of `rows` rows, sixteen or eight.
fn lanes(rows: usize) -> __mmask16 {
    if rows >= ROWS { 0xffff } else { 0x00ff }
}

/// A block of 32 columns of sixteen rows.
trait Block {
    /// Levels from 0: of four columns, four bytes of each row.
    ///
    /// # Safety
    /// AVX-512 is there, the block can be read, and `four` is below 8.
    unsafe fn levels(&self, four: usize) -> __m512i;

    /// Scales of the `half`-th 16 columns.
    ///
    /// # Safety
    /// As for `levels`, and `half` is below 2.
    unsafe fn scales(&self, half: usize) -> __m512;

    /// Offsets, for types that have any.
    ///
    /// # Safety
    /// As for `levels`.
    unsafe fn offsets(&self) -> __m512;
}

/// Adds the products of a block with the first `T` of `P` tokens of `x` to their sums.
///
/// # Safety
/// As for [`Block::levels`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn step<F: PackedFormat, const T: usize, const P: usize>(block: &impl Block, x: &TokenBlock<P>, acc: &mut [__m512; T]) {
    // SAFETY: the caller's promise. No closures in these loops: what they call would not be inlined for these instructions.
    unsafe {
        for half in 0..halves::<F>() {
            let mut dots = [_mm512_setzero_si512(); T];
            for (t, dot) in dots.iter_mut().enumerate() {
                *dot = zero::<F>(x.minus8[sum_of::<F>(half)][t]);
            }
            for four in half * fours::<F>()..(half + 1) * fours::<F>() {
                dots::add_sixteen(&mut dots, block.levels(four), &x.q[four]);
            }
            let scales = block.scales(half);
            for (t, acc) in acc.iter_mut().enumerate() {
                let t = _mm512_mul_ps(_mm512_set1_ps(x.d[t]), _mm512_cvtepi32_ps(dots[t]));
                *acc = _mm512_fmadd_ps(scales, t, *acc);
            }
        }
        if F::OFFSET {
            let offsets = block.offsets();
            for (t, acc) in acc.iter_mut().enumerate() {
                *acc = _mm512_fmadd_ps(offsets, _mm512_set1_ps(x.s[t]), *acc);
            }
        }
    }
}

/// Asks for `bytes` bytes, which need not exist.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn prefetch(at: *const u8, bytes: usize) {
    for line in (0..bytes).step_by(64) {
        _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(line).cast());
    }
}
