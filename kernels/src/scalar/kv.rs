//! Keys and values: into the cache, and what attention does with a block of them.

use crate::{
    attention::MAX_HEAD_DIM,
    kv_cache::{Q8_0_BYTES, Q8_0_LEN},
    table::KV_BLOCK,
};
use half::f16;

/// How the cache keeps one key or value of one head.
pub(crate) trait KvFormat {
    /// Bytes of `head_dim` values.
    fn row_bytes(head_dim: usize) -> usize;
    /// Writes a row.
    fn store(src: &[f32], dst: &mut [u8]);
    /// Reads a row.
    fn load(src: &[u8], dst: &mut [f32]);
}

/// IEEE 16-bit floats, rounded to nearest even.
pub(crate) struct F16;

impl KvFormat for F16 {
    fn row_bytes(head_dim: usize) -> usize {
        2 * head_dim
    }

    fn store(src: &[f32], dst: &mut [u8]) {
        for (src, dst) in src.iter().zip(dst.chunks_exact_mut(2)) {
            dst.copy_from_slice(&f16::from_f32(*src).to_le_bytes());
        }
    }

    fn load(src: &[u8], dst: &mut [f32]) {
        for (src, dst) in src.chunks_exact(2).zip(dst) {
            *dst = f16::from_le_bytes([src[0], src[1]]).to_f32();
        }
    }
}

/// Blocks of 32: an f16 scale `d`, `max|x| / 127` rounded, and `round_ties_even(x / d)` limited to 127.
pub(crate) struct Q8_0;

impl KvFormat for Q8_0 {
    fn row_bytes(head_dim: usize) -> usize {
        head_dim / Q8_0_LEN * Q8_0_BYTES
    }

    fn store(src: &[f32], dst: &mut [u8]) {
        for (src, dst) in src.chunks_exact(Q8_0_LEN).zip(dst.chunks_exact_mut(Q8_0_BYTES)) {
            let max = src.iter().fold(0.0f32, |max, v| max.max(v.abs()));
            let d = f16::from_f32(max / 127.0);
            let inverse = if d == f16::ZERO { 0.0 } else { 1.0 / d.to_f32() };
            let (scale, q) = dst.split_at_mut(2);
            scale.copy_from_slice(&d.to_le_bytes());
            for (q, x) in q.iter_mut().zip(src) {
                *q = (x * inverse).round_ties_even().clamp(-127.0, 127.0) as i8 as u8;
            }
        }
    }

    fn load(src: &[u8], dst: &mut [f32]) {
        for (src, dst) in src.chunks_exact(Q8_0_BYTES).zip(dst.chunks_exact_mut(Q8_0_LEN)) {
            let d = f16::from_le_bytes([src[0], src[1]]).to_f32();
            for (q, dst) in src[2..].iter().zip(dst) {
                *dst = d * f32::from(*q as i8);
            }
        }
    }
}

/// See [`KvStoreFn`](crate::table::KvStoreFn).
pub(crate) fn store<K: KvFormat>(src: &[f32], dst: &mut [u8]) {
    K::store(src, dst);
}

/// See [`KvDotFn`](crate::table::KvDotFn).
pub(crate) fn dot<K: KvFormat>(keys: &[u8], q: &[f32], head_dim: usize, _group: usize, scores: &mut [f32]) {
    let mut key = [0.0; MAX_HEAD_DIM];
    let key = &mut key[..head_dim];
    for (i, row) in keys.chunks_exact(K::row_bytes(head_dim)).enumerate() {
        K::load(row, key);
        for (q, scores) in q.chunks_exact(head_dim).zip(scores.chunks_exact_mut(KV_BLOCK)) {
            scores[i] = q.iter().zip(&*key).fold(0.0, |sum, (q, k)| sum + q * k);
        }
    }
}

/// See [`KvAxpyFn`](crate::table::KvAxpyFn).
pub(crate) fn axpy<K: KvFormat>(values: &[u8], weights: &[f32], correction: &[f32], head_dim: usize, out: &mut [f32]) {
    for (out, correction) in out.chunks_exact_mut(head_dim).zip(correction) {
        out.iter_mut().for_each(|out| *out *= correction);
    }
    let mut value = [0.0; MAX_HEAD_DIM];
    let value = &mut value[..head_dim];
    for (i, row) in values.chunks_exact(K::row_bytes(head_dim)).enumerate() {
        K::load(row, value);
        for (out, weights) in out.chunks_exact_mut(head_dim).zip(weights.chunks_exact(KV_BLOCK)) {
            for (out, v) in out.iter_mut().zip(&*value) {
                *out += weights[i] * v;
            }
        }
    }
}
