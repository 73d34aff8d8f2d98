//! One token, or a few: memory is what bounds them, so weights are read from one end to the other, which is what prefetchers are made
//! for. Eight rows at a time, in vectors of half the length.

use super::{fours, halves, sum_of, unsigned, zero};
use crate::{avx2::packed::PackedFormat, packed::TILE_ROWS, tile::MatmulArgs};
use std::arch::x86_64::*;

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
                for part in 0..parts {
                    let block = i * parts + part;
                    for half in 0..halves::<F>() {
                        let mut dots = [_mm256_setzero_si256(); T];
                        for (t, dot) in dots.iter_mut().enumerate() {
                            let minus8 = args.x.minus8.get_unchecked(t * args.x.blocks + block)[sum_of::<F>(half)];
                            *dot = _mm512_castsi512_si256(zero::<F>(minus8));
                        }
                        for four in half * fours::<F>()..(half + 1) * fours::<F>() {
                            let w = unsigned::<F>(tile, part, four);
                            for (t, dot) in dots.iter_mut().enumerate() {
                                let q = args.x.q.as_ptr().add((t * args.x.blocks + block) * 32 + four * 4);
                                let x = _mm256_set1_epi32(q.cast::<i32>().read_unaligned());
                                *dot = _mm256_dpbusd_epi32(*dot, w, x);
                            }
                        }
                        let scales = F::scales(tile, header, part, half);
                        for (t, acc) in acc.iter_mut().enumerate() {
                            let d = _mm256_set1_ps(*args.x.d.as_ptr().add(t * args.x.blocks + block));
                            let dot = _mm256_cvtepi32_ps(dots[t]);
                            *acc = _mm256_fmadd_ps(scales, _mm256_mul_ps(d, dot), *acc);
                        }
                    }
                    if F::OFFSET {
                        let offsets = F::offsets(tile, header, part);
                        for (t, acc) in acc.iter_mut().enumerate() {
                            let s = _mm256_set1_ps(*args.x.s.as_ptr().add(t * args.x.blocks + block));
                            *acc = _mm256_fmadd_ps(offsets, s, *acc);
                        }
                    }
                }
                tile = tile.add(bytes);
            }
            for (t, &acc) in acc.iter().enumerate() {
                args.store8(row, t, |out| _mm256_storeu_ps(out, acc));
            }
        }
    }
}
