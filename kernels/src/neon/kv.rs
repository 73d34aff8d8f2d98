//! Keys and values: into the cache, and what attention does with a block of them.
//!
//! Both products take query heads in pairs, so that what was read from the cache is converted once for two.

use super::{
    quantize_q8::{max_abs, round, store_levels},
    vector::{f16x1, f16x8, load_padded, to_f16},
};
use crate::{
    kv_cache::{Q8_0_BYTES, Q8_0_LEN},
    table::KV_BLOCK,
};
use std::{arch::aarch64::*, array};

/// How the cache keeps one key or value of one head.
pub(crate) trait KvFormat {
    /// Bytes of `head_dim` values.
    fn row_bytes(head_dim: usize) -> usize;
    /// Writes a row.
    ///
    /// # Safety
    /// The CPU has Advanced SIMD.
    unsafe fn store(src: &[f32], dst: &mut [u8]);
    /// Values `at..at + 8` of a row.
    ///
    /// # Safety
    /// `at` is a multiple of 8, and these values are in the row.
    unsafe fn load(row: *const u8, at: usize) -> [float32x4_t; 2];
}

/// IEEE 16-bit floats, rounded to nearest even.
pub(crate) struct F16;

impl KvFormat for F16 {
    #[inline]
    fn row_bytes(head_dim: usize) -> usize {
        2 * head_dim
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn store(src: &[f32], dst: &mut [u8]) {
        for (src, dst) in src.chunks(4).zip(dst.chunks_mut(8)) {
            let mut four = [0; 8];
            // SAFETY: writes the eight bytes of the array.
            unsafe { vst1_u8(four.as_mut_ptr(), vreinterpret_u8_f16(vcvt_f16_f32(load_padded(src)))) }
            dst.copy_from_slice(&four[..dst.len()]);
        }
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn load(row: *const u8, at: usize) -> [float32x4_t; 2] {
        // SAFETY: the caller's promise.
        unsafe { f16x8(row.add(2 * at)) }
    }
}

/// Blocks of 32: an f16 scale `d`, `max|x| / 127` rounded, and `round_ties_even(x / d)` limited to 127.
pub(crate) struct Q8_0;

impl KvFormat for Q8_0 {
    #[inline]
    fn row_bytes(head_dim: usize) -> usize {
        head_dim / Q8_0_LEN * Q8_0_BYTES
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn store(src: &[f32], dst: &mut [u8]) {
        let src = src.as_chunks::<Q8_0_LEN>().0;
        for (src, dst) in src.iter().zip(dst.as_chunks_mut::<Q8_0_BYTES>().0) {
            let scale = to_f16(max_abs(src) / 127.0).to_le_bytes();
            // SAFETY: reads the two bytes of the array.
            let d = unsafe { f16x1(scale.as_ptr()) };
            let inverse = if d == 0.0 { 0.0 } else { 1.0 / d };
            let mut levels = [0; Q8_0_LEN];
            store_levels(&mut levels, round(src, inverse).map(|v| vmaxq_s8(v, vdupq_n_s8(-127))));
            dst[..2].copy_from_slice(&scale);
            dst[2..].copy_from_slice(&levels.map(i8::cast_unsigned));
        }
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn load(row: *const u8, at: usize) -> [float32x4_t; 2] {
        // SAFETY: the caller's promise; eight values from a multiple of 8 are in one block.
        let (d, levels) = unsafe {
            let block = row.add(at / Q8_0_LEN * Q8_0_BYTES);
            (f16x1(block), vld1_s8(block.add(2 + at % Q8_0_LEN).cast()))
        };
        let levels = vmovl_s8(levels);
        [vmovl_s16(vget_low_s16(levels)), vmovl_high_s16(levels)].map(|v| vmulq_n_f32(vcvtq_f32_s32(v), d))
    }
}

/// See [`KvStoreFn`](crate::table::KvStoreFn).
#[target_feature(enable = "neon")]
pub(crate) unsafe fn store<K: KvFormat>(src: &[f32], dst: &mut [u8]) {
    // SAFETY: Advanced SIMD is enabled here.
    unsafe { K::store(src, dst) }
}

/// See [`KvDotFn`](crate::table::KvDotFn).
///
/// # Safety
/// The lengths are as stated there.
#[target_feature(enable = "neon")]
pub(crate) unsafe fn dot<K: KvFormat>(keys: &[u8], q: &[f32], head_dim: usize, _group: usize, scores: &mut [f32]) {
    let keys = keys.chunks_exact(K::row_bytes(head_dim));
    let scores = scores.chunks_mut(2 * KV_BLOCK);
    for (q, scores) in q.chunks(2 * head_dim).zip(scores) {
        for (i, key) in keys.clone().enumerate() {
            // SAFETY: the caller promises a score for each key and head; there are one or two heads here.
            unsafe {
                if q.len() > head_dim {
                    dot_tile::<K, 2>(key, q, head_dim, i, scores);
                } else {
                    dot_tile::<K, 1>(key, q, head_dim, i, scores);
                }
            }
        }
    }
}

/// Scores of `H` heads with key `i` of a block.
///
/// # Safety
/// `key` is one row, `q` is `[H][head_dim]`, `head_dim` a multiple of 8.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn dot_tile<K: KvFormat, const H: usize>(key: &[u8], q: &[f32], head_dim: usize, i: usize, scores: &mut [f32]) {
    let mut sums = [[vdupq_n_f32(0.0); 2]; H];
    for dim in (0..head_dim).step_by(8) {
        // SAFETY: `dim` is a multiple of 8 and below `head_dim`, as is every eighth.
        let k = unsafe { K::load(key.as_ptr(), dim) };
        for (h, sum) in sums.iter_mut().enumerate() {
            // SAFETY: eight values from there are in the `h`-th head.
            let q = unsafe { eight(q.as_ptr().add(h * head_dim + dim)) };
            *sum = array::from_fn(|v| vfmaq_f32(sum[v], q[v], k[v]));
        }
    }
    for (sum, scores) in sums.iter().zip(scores.chunks_exact_mut(KV_BLOCK)) {
        scores[i] = vaddvq_f32(vaddq_f32(sum[0], sum[1]));
    }
}

/// See [`KvAxpyFn`](crate::table::KvAxpyFn).
///
/// # Safety
/// The lengths are as stated there.
#[target_feature(enable = "neon")]
pub(crate) unsafe fn axpy<K: KvFormat>(values: &[u8], weights: &[f32], correction: &[f32], head_dim: usize, out: &mut [f32]) {
    let heads = out.chunks_mut(2 * head_dim).zip(weights.chunks(2 * KV_BLOCK)).zip(correction.chunks(2));
    for ((out, weights), correction) in heads {
        for dim in (0..head_dim).step_by(8) {
            // SAFETY: `dim` is a multiple of 8 and below `head_dim`; there are one or two heads here, as many as corrections.
            unsafe {
                if correction.len() == 2 {
                    axpy_tile::<K, 2>(values, weights, correction, head_dim, dim, out);
                } else {
                    axpy_tile::<K, 1>(values, weights, correction, head_dim, dim, out);
                }
            }
        }
    }
}

/// Values `dim..dim + 8` of the outputs of `H` heads.
///
/// # Safety
/// `values` is up to [`KV_BLOCK`] rows, `weights` is `[H][KV_BLOCK]`, `correction` `[H]`, `out` `[H][head_dim]`; `dim` and
/// `head_dim` are multiples of 8, `dim` the smaller.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn axpy_tile<K: KvFormat, const H: usize>(
    values: &[u8],
    weights: &[f32],
    correction: &[f32],
    head_dim: usize,
    dim: usize,
    out: &mut [f32],
) {
    // SAFETY: eight values from `dim` are in each head.
    let mut sums: [[float32x4_t; 2]; H] =
        array::from_fn(|h| unsafe { eight(out.as_ptr().add(h * head_dim + dim)).map(|v| vmulq_n_f32(v, correction[h])) });
    for (i, value) in values.chunks_exact(K::row_bytes(head_dim)).enumerate() {
        // SAFETY: `value` is one row, and eight values from `dim` are in it.
        let value = unsafe { K::load(value.as_ptr(), dim) };
        for (h, sum) in sums.iter_mut().enumerate() {
            // SAFETY: `i` is below `KV_BLOCK`, and there are `H` rows of weights.
            let weight = unsafe { *weights.as_ptr().add(h * KV_BLOCK + i) };
            *sum = array::from_fn(|v| vfmaq_n_f32(sum[v], value[v], weight));
        }
    }
    for (h, sum) in sums.iter().enumerate() {
        // SAFETY: as for reading.
        unsafe {
            let p = out.as_mut_ptr().add(h * head_dim + dim);
            vst1q_f32(p, sum[0]);
            vst1q_f32(p.add(4), sum[1]);
        }
    }
}

/// Eight floats.
///
/// # Safety
/// They are readable at `p`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn eight(p: *const f32) -> [float32x4_t; 2] {
    // SAFETY: the caller's promise.
    unsafe { [vld1q_f32(p), vld1q_f32(p.add(4))] }
}
