//! One token, or a few: memory is what bounds them, so weights are read from one end to the other, which is what prefetchers are made
//! for. Eight rows at a time, in vectors of half the length.

use super::{dots, fours, halves, sum_of, unsigned, zero};
use crate::{activations::TokenColumns, avx2::packed::PackedFormat, packed::TILE_ROWS, tile::MatmulArgs};
use std::arch::x86_64::*;

/// How far ahead weights are asked for where there are several tokens. Prefetchers alone bring them to the second-level cache in time,
/// but where activations fill most of the first-level one, its misses wait for each other.
const AHEAD: usize = 4096;

/// `T` tokens.
///
/// # Safety
/// As for [`matmul`](super::matmul), with `T` tokens.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn matmul<F: PackedFormat, const T: usize>(args: &MatmulArgs<'_>) {
    let (len, bytes) = (F::DTYPE.dtype().block_len(), TILE_ROWS * F::DTYPE.dtype().block_bytes());
    let parts = len / 32;
    let mut tile = args.weights.as_ptr();
    for row in (0..args.rows).step_by(TILE_ROWS) {
        let mut acc = [_mm256_setzero_ps(); T];
        // SAFETY: each group of eight rows is `cols / len` tiles, one after the other; each token is `x.blocks` blocks of 32.
        unsafe {
            for i in 0..args.cols / len {
                let header = F::header(tile);
                if T > 1 {
                    super::prefetch(tile.wrapping_add(AHEAD), bytes);
                }
                for part in 0..parts {
                    step::<F, T>(tile, header, part, args.x.columns(T, 0, i * parts + part), &mut acc);
                }
                tile = tile.add(bytes);
            }
            for (t, &acc) in acc.iter().enumerate() {
                args.store8(row, t, |out| _mm256_storeu_ps(out, acc));
            }
        }
    }
}

/// Adds the products of 32 columns of eight rows with `T` tokens to their sums.
///
/// # Safety
/// As for [`PackedFormat::levels`]; the tokens are there.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn step<F: PackedFormat, const T: usize>(tile: *const u8, header: F::Header, part: usize, x: TokenColumns, acc: &mut [__m256; T]) {
    // SAFETY: the caller's promise.
    unsafe {
        for half in 0..halves::<F>() {
            let mut dots = [_mm256_setzero_si256(); T];
            for (t, dot) in dots.iter_mut().enumerate() {
                *dot = _mm512_castsi512_si256(zero::<F>(x.minus8(sum_of::<F>(half), t)));
            }
            for four in half * fours::<F>()..(half + 1) * fours::<F>() {
                dots::add_eight(&mut dots, unsigned::<F>(tile, part, four), &*x.four(four).cast());
            }
            let scales = F::scales(tile, header, part, half);
            for (t, acc) in acc.iter_mut().enumerate() {
                let dot = _mm256_mul_ps(_mm256_set1_ps(x.d(t)), _mm256_cvtepi32_ps(dots[t]));
                *acc = _mm256_fmadd_ps(scales, dot, *acc);
            }
        }
        if F::OFFSET {
            let offsets = F::offsets(tile, header, part);
            for (t, acc) in acc.iter_mut().enumerate() {
                *acc = _mm256_fmadd_ps(offsets, _mm256_set1_ps(x.s(t)), *acc);
            }
        }
    }
}
