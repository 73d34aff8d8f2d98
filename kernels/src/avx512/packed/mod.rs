//! Products with packed weights: `vpdpbusd` multiplies unsigned bytes with signed ones and sums four products into each 32-bit lane.
//!
//! So weights count from a level below all of theirs, and what that adds to a sum of products, a multiple of the sum of the
//! activations, is taken off beforehand: sums of integers begin with it. How types are unpacked is AVX2's; see
//! [`packed`](crate::packed) for the layout.
//!
//! Of each block of 32 columns: one multiplication of the sum of integers by the activations' scale, then one fused multiply-add with
//! the weights' scale, on every instruction set. What bounds a product depends on the number of tokens, so there are three ways.

mod panel;
mod stream;
mod tokens;

use crate::{
    activations::TokenBlock,
    avx2::packed::{Levels, PackedFormat},
    packed::TILE_ROWS,
    tile::MatmulArgs,
};
use std::arch::{asm, x86_64::*};

/// Rows that are multiplied together with more than a few tokens, the lanes of a vector.
const ROWS: usize = 2 * TILE_ROWS;

/// Up to this many tokens, measured, it is faster to unpack weights for each sixteen than to keep them.
const MANY: usize = 48;

/// Whether the first and the last 16 columns of a block have scales of their own.
const fn halves<F: PackedFormat>() -> usize {
    if matches!(F::LEVELS, Levels::Small) { 2 } else { 1 }
}

/// Columns of a block that share a scale, in fours.
const fn fours<F: PackedFormat>() -> usize {
    8 / halves::<F>()
}

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
            5..=MANY => tokens::matmul::<F>(args),
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
        Levels::Nibbles { .. } => levels,
        Levels::Fives | Levels::Small | Levels::Bytes => _mm256_xor_si256(levels, _mm256_set1_epi8(-128)),
    }
}

/// What the sums of a block begin with, in all lanes: minus the zero's level times the sum of the activations.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn zero<F: PackedFormat>(minus8: i32) -> __m512i {
    match F::LEVELS {
        Levels::Nibbles { signed: false } => _mm512_setzero_si512(),
        Levels::Nibbles { signed: true } => _mm512_set1_epi32(minus8),
        Levels::Fives | Levels::Small | Levels::Bytes => _mm512_slli_epi32::<4>(_mm512_set1_epi32(minus8)),
    }
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

/// Adds the products of a block with the first `T` tokens of `x` to their sums.
///
/// # Safety
/// As for [`Block::levels`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn step<F: PackedFormat, const T: usize>(block: &impl Block, x: &TokenBlock, acc: &mut [__m512; T]) {
    // SAFETY: the caller's promise. No closures in these loops: what they call would not be inlined for these instructions.
    unsafe {
        for half in 0..halves::<F>() {
            let mut dots = [_mm512_setzero_si512(); T];
            for (t, dot) in dots.iter_mut().enumerate() {
                *dot = zero::<F>(x.minus8[sum_of::<F>(half)][t]);
            }
            for four in half * fours::<F>()..(half + 1) * fours::<F>() {
                four_columns(&mut dots, block.levels(four), x.q[four].as_ptr().cast());
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

/// Adds the products of four columns with `T` tokens: `w` has four levels of each row, `q` four activations of each token.
///
/// # Safety
/// AVX-512 is there; `4 * T` bytes can be read, their place being a multiple of four.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn four_columns<const T: usize>(dots: &mut [__m512i; T], w: __m512i, q: *const i8) {
    if let Some(dots) = dots.first_chunk_mut::<16>() {
        // Left to the compiler, some of the sixteen sums go through memory, and there is a loop whose end is mispredicted.
        // SAFETY: reads what the caller promises, and writes registers only.
        unsafe {
            asm!(
                "vpdpbusd {d0}, {w}, dword ptr [{q} + 0]{{1to16}}",
                "vpdpbusd {d1}, {w}, dword ptr [{q} + 4]{{1to16}}",
                "vpdpbusd {d2}, {w}, dword ptr [{q} + 8]{{1to16}}",
                "vpdpbusd {d3}, {w}, dword ptr [{q} + 12]{{1to16}}",
                "vpdpbusd {d4}, {w}, dword ptr [{q} + 16]{{1to16}}",
                "vpdpbusd {d5}, {w}, dword ptr [{q} + 20]{{1to16}}",
                "vpdpbusd {d6}, {w}, dword ptr [{q} + 24]{{1to16}}",
                "vpdpbusd {d7}, {w}, dword ptr [{q} + 28]{{1to16}}",
                "vpdpbusd {d8}, {w}, dword ptr [{q} + 32]{{1to16}}",
                "vpdpbusd {d9}, {w}, dword ptr [{q} + 36]{{1to16}}",
                "vpdpbusd {d10}, {w}, dword ptr [{q} + 40]{{1to16}}",
                "vpdpbusd {d11}, {w}, dword ptr [{q} + 44]{{1to16}}",
                "vpdpbusd {d12}, {w}, dword ptr [{q} + 48]{{1to16}}",
                "vpdpbusd {d13}, {w}, dword ptr [{q} + 52]{{1to16}}",
                "vpdpbusd {d14}, {w}, dword ptr [{q} + 56]{{1to16}}",
                "vpdpbusd {d15}, {w}, dword ptr [{q} + 60]{{1to16}}",
                w = in(zmm_reg) w,
                q = in(reg) q,
                d0 = inout(zmm_reg) dots[0],
                d1 = inout(zmm_reg) dots[1],
                d2 = inout(zmm_reg) dots[2],
                d3 = inout(zmm_reg) dots[3],
                d4 = inout(zmm_reg) dots[4],
                d5 = inout(zmm_reg) dots[5],
                d6 = inout(zmm_reg) dots[6],
                d7 = inout(zmm_reg) dots[7],
                d8 = inout(zmm_reg) dots[8],
                d9 = inout(zmm_reg) dots[9],
                d10 = inout(zmm_reg) dots[10],
                d11 = inout(zmm_reg) dots[11],
                d12 = inout(zmm_reg) dots[12],
                d13 = inout(zmm_reg) dots[13],
                d14 = inout(zmm_reg) dots[14],
                d15 = inout(zmm_reg) dots[15],
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        return;
    }
    for (t, dot) in dots.iter_mut().enumerate() {
        // SAFETY: the caller's promise.
        let x = unsafe { q.add(t * 4).cast::<i32>().read() };
        *dot = _mm512_dpbusd_epi32(*dot, w, _mm512_set1_epi32(x));
    }
}
