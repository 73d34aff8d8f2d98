//! Activations to int8 blocks.

use super::math::{LANES, abs, max};
use crate::activations::BLOCK;
use std::arch::x86_64::*;

/// The same integers and scales as the reference; see [`QuantizeFn`](crate::table::QuantizeFn).
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn quantize_q8(x: &[f32], q: &mut [i8], d: &mut [f32], s: &mut [f32]) {
    let (whole, rest) = x.as_chunks::<BLOCK>();
    let (q, _) = q.as_chunks_mut::<BLOCK>();
    for (i, x) in whole.iter().enumerate() {
        (d[i], s[i]) = quantize_block(x, &mut q[i]);
    }
    if !rest.is_empty() {
        let mut padded = [0.0; BLOCK];
        padded[..rest.len()].copy_from_slice(rest);
        (d[whole.len()], s[whole.len()]) = quantize_block(&padded, &mut q[whole.len()]);
    }
}

/// One block; returns its scale, and scale times sum.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn quantize_block(x: &[f32; BLOCK], q: &mut [i8; BLOCK]) -> (f32, f32) {
    let mut v = [_mm256_setzero_ps(); BLOCK / LANES];
    let mut largest = _mm256_setzero_ps();
    for (i, v) in v.iter_mut().enumerate() {
        // SAFETY: eight values from `i * 8` are inside the 32.
        *v = unsafe { _mm256_loadu_ps(x.as_ptr().add(i * LANES)) };
        largest = _mm256_max_ps(largest, abs(*v));
    }
    let largest = max(largest);
    let inverse = 127.0 / largest;
    if !inverse.is_finite() {
        q.fill(0);
        return (0.0, 0.0);
    }
    let scale = _mm256_set1_ps(inverse);
    let round = |v| _mm256_cvtps_epi32(_mm256_mul_ps(v, scale));
    let [a, b, c, d] = [round(v[0]), round(v[1]), round(v[2]), round(v[3])];
    let sums = _mm256_add_epi32(_mm256_add_epi32(a, b), _mm256_add_epi32(c, d));
    // The packs work within 128-bit halves; the permutation puts the groups of four back in order.
    let packed = _mm256_packs_epi16(_mm256_packs_epi32(a, b), _mm256_packs_epi32(c, d));
    let packed = _mm256_permutevar8x32_epi32(packed, _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
    // SAFETY: the block holds 32 bytes.
    unsafe { _mm256_storeu_si256(q.as_mut_ptr().cast(), packed) };
    let d = largest / 127.0;
    (d, d * sum_i32(sums) as f32)
}

/// Sum of the eight lanes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn sum_i32(v: __m256i) -> i32 {
    let v = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256::<1>(v));
    let v = _mm_add_epi32(v, _mm_unpackhi_epi64(v, v));
    _mm_cvtsi128_si32(_mm_add_epi32(v, _mm_shuffle_epi32::<1>(v)))
}
