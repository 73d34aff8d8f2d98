//! Matrix products.
#![expect(clippy::needless_range_loop, reason = "the indices are the rows and tokens of a tile of registers")]

use super::{
    formats::{BlockFormat, FloatFormat, Weights},
    math::{LANES, sum},
};
use crate::tile::{self, MatmulArgs, MatmulTile};
use std::{arch::x86_64::*, marker::PhantomData};

/// How far ahead weights are asked for while decoding: the time of a DRAM access, at a core's share of the bandwidth. The
/// hardware does not follow four rows at once far enough by itself.
const PREFETCH_BYTES: usize = 8192;

/// Float weights times f32 activations.
///
/// # Safety
/// As for [`MatmulFn`](crate::table::MatmulFn).
pub(super) unsafe fn floats<F: FloatFormat>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe { tile::matmul::<Floats<F>, 4, 2, 4>(args) }
}

/// Quantised weights times int8 activations.
///
/// # Safety
/// As for [`MatmulFn`](crate::table::MatmulFn).
pub(super) unsafe fn blocks<F: BlockFormat>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe { tile::matmul::<Blocks<F>, 4, 2, 4>(args) }
}

struct Floats<F>(PhantomData<F>);

impl<F: FloatFormat> MatmulTile for Floats<F> {
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let (cols, row_bytes) = (args.cols, args.row_bytes());
        let ahead = prefetch_distance(R * row_bytes);
        let mut acc = [[_mm256_setzero_ps(); T]; R];
        let mut tails = [[0.0f32; T]; R];
        // SAFETY: `row + R` rows of `row_bytes` and `token + T` rows of `cols` values are in `args`; columns stay below `cols`.
        unsafe {
            let weights = args.weights.as_ptr().add(row * row_bytes);
            let x = args.x.values.as_ptr().add(token * cols);
            let whole = cols - cols % LANES;
            for c in (0..whole).step_by(LANES) {
                for r in 0..R {
                    let at = weights.add(r * row_bytes + c * F::BYTES);
                    let w = F::load8(at);
                    if T == 1 {
                        prefetch(at, ahead);
                    }
                    for t in 0..T {
                        acc[r][t] = _mm256_fmadd_ps(w, _mm256_loadu_ps(x.add(t * cols + c)), acc[r][t]);
                    }
                }
            }
            for c in whole..cols {
                for r in 0..R {
                    let w = F::load1(weights.add(r * row_bytes + c * F::BYTES));
                    for t in 0..T {
                        tails[r][t] = w.mul_add(*x.add(t * cols + c), tails[r][t]);
                    }
                }
            }
            for r in 0..R {
                for t in 0..T {
                    args.store(row + r, token + t, sum(acc[r][t]) + tails[r][t]);
                }
            }
        }
    }
}

struct Blocks<F>(PhantomData<F>);

impl<F: BlockFormat> MatmulTile for Blocks<F> {
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let row_bytes = args.row_bytes();
        let parts = F::LEN / 32;
        let ahead = prefetch_distance(R * row_bytes);
        let mut acc = [[_mm256_setzero_ps(); T]; R];
        // SAFETY: `row + R` rows of `row_bytes`, each `cols / F::LEN` blocks, and `token + T` rows of `x.blocks = cols / 32` blocks
        // are in `args`.
        unsafe {
            let weights = args.weights.as_ptr().add(row * row_bytes);
            let first = token * args.x.blocks;
            let (q, d, s) = (args.x.q.as_ptr().add(first * 32), args.x.d.as_ptr().add(first), args.x.s.as_ptr().add(first));
            for i in 0..args.cols / F::LEN {
                let mut headers = [F::Header::default(); R];
                for r in 0..R {
                    headers[r] = F::header(weights.add(r * row_bytes + i * F::BYTES));
                }
                for part in 0..parts {
                    let mut w = [Weights::ZERO; R];
                    for r in 0..R {
                        let block = weights.add(r * row_bytes + i * F::BYTES);
                        w[r] = F::unpack(block, &headers[r], part);
                        if T == 1 {
                            prefetch(block, ahead + part * (F::BYTES * 32 / F::LEN));
                        }
                    }
                    for t in 0..T {
                        let at = t * args.x.blocks + i * parts + part;
                        let x = _mm256_loadu_si256(q.add(at * 32).cast());
                        let d = _mm256_broadcast_ss(&*d.add(at));
                        let zero = _mm256_maddubs_epi16(_mm256_set1_epi8(F::ZERO), x);
                        for r in 0..R {
                            let dot = _mm256_cvtepi32_ps(dot::<F>(w[r].levels, x, zero));
                            acc[r][t] = _mm256_fmadd_ps(_mm256_mul_ps(w[r].scale, d), dot, acc[r][t]);
                            if F::OFFSET {
                                // Counted once: in the first lane only.
                                let s = _mm256_zextps128_ps256(_mm_load_ss(s.add(at)));
                                acc[r][t] = _mm256_fmadd_ps(w[r].offset, s, acc[r][t]);
                            }
                        }
                    }
                }
            }
            for r in 0..R {
                for t in 0..T {
                    args.store(row + r, token + t, sum(acc[r][t]));
                }
            }
        }
    }
}

/// Sums of four products each of 32 levels, less the format's zero, with 32 activations; `zero` is the products with that alone.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn dot<F: BlockFormat>(levels: __m256i, x: __m256i, zero: __m256i) -> __m256i {
    let pairs = if F::SIGNED {
        // |level| * (sign(level) * x): at most 2 * 128 * 127, which fits 16 bits.
        _mm256_maddubs_epi16(_mm256_abs_epi8(levels), _mm256_sign_epi8(x, levels))
    } else {
        _mm256_maddubs_epi16(levels, x)
    };
    let pairs = if F::ZERO == 0 { pairs } else { _mm256_sub_epi16(pairs, zero) };
    _mm256_madd_epi16(pairs, _mm256_set1_epi16(1))
}

/// The least number of whole tiles that makes [`PREFETCH_BYTES`], in bytes: the rows of a later tile at the same column.
fn prefetch_distance(tile_bytes: usize) -> usize {
    tile_bytes * PREFETCH_BYTES.div_ceil(tile_bytes)
}

/// Asks for the cache line `ahead` bytes after `p`, which need not exist.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn prefetch(p: *const u8, ahead: usize) {
    _mm_prefetch::<_MM_HINT_T0>(p.wrapping_add(ahead).cast());
}
