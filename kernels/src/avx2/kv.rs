//! Keys and values: into the cache, and what attention does with a block of them.
#![expect(clippy::needless_range_loop, reason = "the indices are the heads and columns of a tile of registers")]

mod across;

use super::math::LANES;
use crate::{
    attention::MAX_HEAD_DIM,
    kv_cache::{Q8_0_BYTES, Q8_0_LEN},
    table::KV_BLOCK,
};
use half::f16;
use std::{arch::x86_64::*, mem::MaybeUninit};

/// How the cache keeps one key or value of one head.
pub(crate) trait KvFormat {
    /// Bytes of `head_dim` values.
    fn row_bytes(head_dim: usize) -> usize;
    /// Eight values from `at`, a multiple of 8.
    ///
    /// # Safety
    /// AVX2, FMA and F16C are there, and the row has these values.
    unsafe fn load8(row: *const u8, at: usize) -> __m256;
}

/// IEEE 16-bit floats.
pub(crate) struct F16;

impl KvFormat for F16 {
    fn row_bytes(head_dim: usize) -> usize {
        2 * head_dim
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load8(row: *const u8, at: usize) -> __m256 {
        // SAFETY: the caller's promise.
        _mm256_cvtph_ps(unsafe { _mm_loadu_si128(row.add(2 * at).cast()) })
    }
}

/// Blocks of 32 bytes with an f16 scale.
pub(super) struct Q8_0;

impl KvFormat for Q8_0 {
    fn row_bytes(head_dim: usize) -> usize {
        head_dim / Q8_0_LEN * Q8_0_BYTES
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load8(row: *const u8, at: usize) -> __m256 {
        // SAFETY: the caller's promise; a block is longer than eight bytes.
        unsafe {
            let block = row.add(at / Q8_0_LEN * Q8_0_BYTES);
            let d = _mm256_broadcastss_ps(_mm_cvtph_ps(_mm_loadl_epi64(block.cast())));
            let q = _mm_loadl_epi64(block.add(2 + at % Q8_0_LEN).cast());
            _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(q)))
        }
    }
}

/// f32, as keys are when they were converted once for many heads.
struct F32;

impl KvFormat for F32 {
    fn row_bytes(head_dim: usize) -> usize {
        4 * head_dim
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load8(row: *const u8, at: usize) -> __m256 {
        // SAFETY: the caller's promise.
        unsafe { _mm256_loadu_ps(row.cast::<f32>().add(at)) }
    }
}

/// Rounds to nearest even; see [`KvStoreFn`](crate::table::KvStoreFn).
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn store_f16(src: &[f32], dst: &mut [u8]) {
    let (src, src_rest) = src.as_chunks::<LANES>();
    let (dst, dst_rest) = dst.as_chunks_mut::<{ 2 * LANES }>();
    for (src, dst) in src.iter().zip(dst) {
        // SAFETY: eight values are read, 16 bytes are written.
        unsafe {
            let halves = _mm256_cvtps_ph::<_MM_FROUND_TO_NEAREST_INT>(_mm256_loadu_ps(src.as_ptr()));
            _mm_storeu_si128(dst.as_mut_ptr().cast(), halves);
        }
    }
    for (src, dst) in src_rest.iter().zip(dst_rest.chunks_exact_mut(2)) {
        dst.copy_from_slice(&f16::from_f32(*src).to_le_bytes());
    }
}

/// Asks for the row at the same place of the next block, which need not exist. Rows are read some side by side and some columns at a
/// time, which prefetchers do not follow.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn prefetch_next(row: *const u8, row_bytes: usize) {
    let next = row.wrapping_add(KV_BLOCK * row_bytes);
    for at in (0..row_bytes).step_by(64) {
        _mm_prefetch::<_MM_HINT_T1>(next.wrapping_add(at).cast());
    }
}

/// Keys of a tile of scores.
pub(crate) const KEYS: usize = 4;
/// Most heads of a tile of scores: sixteen registers hold the sums of its products, a vector of each head and one of a key.
const TILE_HEADS: usize = 3;

/// From this many heads on that always come together, it is faster to have the scores of eight keys in the lanes of a vector.
const MANY_HEADS: usize = 4;

/// See [`KvDotFn`](crate::table::KvDotFn).
///
/// # Safety
/// As stated there.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn dot<K: KvFormat>(keys: &[u8], q: &[f32], head_dim: usize, group: usize, scores: &mut [f32]) {
    let row_bytes = K::row_bytes(head_dim);
    if group >= MANY_HEADS {
        // SAFETY: the caller's promise.
        return unsafe { across::dot::<K>(keys, q, head_dim, scores) };
    }
    let mut wide = [MaybeUninit::<f32>::uninit(); KEYS * MAX_HEAD_DIM];
    for (i, keys) in keys.chunks(KEYS * row_bytes).enumerate() {
        let (rows, first) = (tile_rows(keys, row_bytes), i * KEYS);
        // SAFETY: whole rows of `head_dim` values, which is a multiple of 8 and at most `MAX_HEAD_DIM`; whole heads of as many. The first
        // tile writes all rows of `wide`.
        unsafe {
            if q.len() <= TILE_HEADS * head_dim {
                heads_dot::<K>(rows, q, head_dim, first, scores);
                continue;
            }
            // With many heads, keys are turned to f32 once for all of them, by the first.
            let wide = wide.as_mut_ptr().cast::<f32>();
            let (q, q_rest) = q.split_at(TILE_HEADS * head_dim);
            let (scores, scores_rest) = scores.split_at_mut(TILE_HEADS * KV_BLOCK);
            tile_dot::<K, TILE_HEADS>(rows, q, head_dim, first, scores, Some(wide));
            let rows = std::array::from_fn(|k| wide.add(k * head_dim).cast_const().cast());
            heads_dot::<F32>(rows, q_rest, head_dim, first, scores_rest);
        }
    }
}

/// The rows of a tile of scores. The last may be short: it computes the last key again, and those scores land past the end of the block's
/// positions.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) fn tile_rows(keys: &[u8], row_bytes: usize) -> [*const u8; KEYS] {
    let last = keys.len() / row_bytes - 1;
    let mut rows: [*const u8; KEYS] = [keys.as_ptr(); KEYS];
    for (k, row) in rows.iter_mut().enumerate() {
        *row = keys[k.min(last) * row_bytes..].as_ptr();
        prefetch_next(*row, row_bytes);
    }
    rows
}

/// Scores of four keys from position `first` on, for all heads.
///
/// # Safety
/// AVX2, FMA and F16C are there; the rows have `head_dim` values, a multiple of 8.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn heads_dot<K: KvFormat>(keys: [*const u8; KEYS], q: &[f32], head_dim: usize, first: usize, scores: &mut [f32]) {
    let (mut q, mut scores) = (q, scores);
    while !q.is_empty() {
        // Four are two and two: one head alone keeps the multipliers half as busy.
        let heads = match q.len() / head_dim {
            left if left == TILE_HEADS + 1 => 2,
            left => left.min(TILE_HEADS),
        };
        let (q_tile, q_rest) = q.split_at(heads * head_dim);
        let (scores_tile, scores_rest) = scores.split_at_mut(heads * KV_BLOCK);
        // SAFETY: the caller's promise, and as many heads as stated.
        unsafe {
            match heads {
                1 => tile_dot::<K, 1>(keys, q_tile, head_dim, first, scores_tile, None),
                2 => tile_dot::<K, 2>(keys, q_tile, head_dim, first, scores_tile, None),
                _ => tile_dot::<K, TILE_HEADS>(keys, q_tile, head_dim, first, scores_tile, None),
            }
        }
        (q, scores) = (q_rest, scores_rest);
    }
}

/// [`heads_dot`] for `H` heads. Each score is summed in eight lanes, and these always in the same order. The keys go into `wide` as f32,
/// `[KEYS][head_dim]`, where that is given.
///
/// # Safety
/// As for [`heads_dot`], with `H` heads, and `wide` has room.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(crate) unsafe fn tile_dot<K: KvFormat, const H: usize>(
    keys: [*const u8; KEYS],
    q: &[f32],
    head_dim: usize,
    first: usize,
    scores: &mut [f32],
    wide: Option<*mut f32>,
) {
    let mut acc = [[_mm256_setzero_ps(); KEYS]; H];
    for at in (0..head_dim).step_by(LANES) {
        // SAFETY: `at` is below `head_dim`; there are `H` heads of as many values.
        unsafe {
            let mut heads = [_mm256_setzero_ps(); H];
            for h in 0..H {
                heads[h] = _mm256_loadu_ps(q.as_ptr().add(h * head_dim + at));
            }
            for k in 0..KEYS {
                let key = K::load8(keys[k], at);
                if let Some(wide) = wide {
                    _mm256_storeu_ps(wide.add(k * head_dim + at), key);
                }
                for h in 0..H {
                    acc[h][k] = _mm256_fmadd_ps(heads[h], key, acc[h][k]);
                }
            }
        }
    }
    for h in 0..H {
        let [a, b, c, d] = acc[h];
        let sums = _mm256_hadd_ps(_mm256_hadd_ps(a, b), _mm256_hadd_ps(c, d));
        let sums = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
        // SAFETY: four scores, which is checked.
        unsafe { _mm_storeu_ps(scores[h * KV_BLOCK + first..][..KEYS].as_mut_ptr(), sums) };
    }
}

/// Most heads that share one pass over a column of values.
const HEADS: usize = 6;

/// See [`KvAxpyFn`](crate::table::KvAxpyFn).
///
/// # Safety
/// As stated there.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn axpy<K: KvFormat>(values: &[u8], weights: &[f32], correction: &[f32], head_dim: usize, out: &mut [f32]) {
    let groups = out.chunks_mut(HEADS * head_dim).zip(weights.chunks(HEADS * KV_BLOCK)).zip(correction.chunks(HEADS));
    for (i, ((out, weights), correction)) in groups.enumerate() {
        let ask = i == 0;
        // SAFETY: the caller's promise, for as many heads as there are corrections.
        unsafe {
            match correction.len() {
                1 => heads::<K, 1>(values, weights, correction, head_dim, ask, out),
                2 => heads::<K, 2>(values, weights, correction, head_dim, ask, out),
                3 => heads::<K, 3>(values, weights, correction, head_dim, ask, out),
                4 => heads::<K, 4>(values, weights, correction, head_dim, ask, out),
                5 => heads::<K, 5>(values, weights, correction, head_dim, ask, out),
                _ => heads::<K, HEADS>(values, weights, correction, head_dim, ask, out),
            }
        }
    }
}

/// [`axpy`] for `H` heads, some columns at a time: as many as keep the multipliers busy, since each sum waits for the one before.
/// If it is to `ask`, the first of them ask for the next block.
///
/// # Safety
/// As for [`axpy`], with `H` heads.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn heads<K: KvFormat, const H: usize>(
    values: &[u8],
    weights: &[f32],
    correction: &[f32],
    head_dim: usize,
    ask: bool,
    out: &mut [f32],
) {
    let mut at = 0;
    // SAFETY: the columns are below `head_dim`, a multiple of 8; the rest is the caller's promise.
    unsafe {
        while H <= 2 && at + 4 * LANES <= head_dim {
            columns::<K, H, 4>(values, weights, correction, head_dim, at, ask && at == 0, out);
            at += 4 * LANES;
        }
        while at + 2 * LANES <= head_dim {
            columns::<K, H, 2>(values, weights, correction, head_dim, at, ask && at == 0, out);
            at += 2 * LANES;
        }
        if at < head_dim {
            columns::<K, H, 1>(values, weights, correction, head_dim, at, ask && at == 0, out);
        }
    }
}

/// [`axpy`] for `H` heads and `8 V` columns from `at`; may `ask` for the next block.
///
/// # Safety
/// As for [`axpy`], with `H` heads, and `at + 8 V <= head_dim`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn columns<K: KvFormat, const H: usize, const V: usize>(
    values: &[u8],
    weights: &[f32],
    correction: &[f32],
    head_dim: usize,
    at: usize,
    ask: bool,
    out: &mut [f32],
) {
    let mut acc = [[_mm256_setzero_ps(); V]; H];
    let row_bytes = K::row_bytes(head_dim);
    let out = out.as_mut_ptr();
    // SAFETY: `H` heads of `head_dim` outputs, one correction and `KV_BLOCK` weights each; at most `KV_BLOCK` rows of values;
    // columns up to `at + 8 V`.
    unsafe {
        for h in 0..H {
            let correction = _mm256_set1_ps(*correction.get_unchecked(h));
            for v in 0..V {
                acc[h][v] = _mm256_mul_ps(correction, _mm256_loadu_ps(out.add(h * head_dim + at + v * LANES)));
            }
        }
        for (i, row) in values.chunks_exact(row_bytes).enumerate() {
            if ask {
                prefetch_next(row.as_ptr(), row_bytes);
            }
            let mut value = [_mm256_setzero_ps(); V];
            for v in 0..V {
                value[v] = K::load8(row.as_ptr(), at + v * LANES);
            }
            for h in 0..H {
                let weight = _mm256_broadcast_ss(weights.get_unchecked(h * KV_BLOCK + i));
                for v in 0..V {
                    acc[h][v] = _mm256_fmadd_ps(weight, value[v], acc[h][v]);
                }
            }
        }
        for h in 0..H {
            for v in 0..V {
                _mm256_storeu_ps(out.add(h * head_dim + at + v * LANES), acc[h][v]);
            }
        }
    }
}
