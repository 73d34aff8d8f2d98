//! One block of an online softmax.

use super::math::{LANES, exp, first_lanes, load, max, store, sum};
use crate::table::SoftmaxState;
use std::arch::x86_64::*;

/// See [`SoftmaxFn`](crate::table::SoftmaxFn).
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn softmax(scores: &mut [f32], scale: f32, state: &mut SoftmaxState) -> f32 {
    let factor = _mm256_set1_ps(scale);
    let (chunks, rest) = scores.as_chunks_mut::<LANES>();
    let mut largest = _mm256_set1_ps(f32::NEG_INFINITY);
    for chunk in &*chunks {
        largest = _mm256_max_ps(largest, load(chunk));
    }
    let lanes = _mm256_castsi256_ps(first_lanes(rest.len()));
    if !rest.is_empty() {
        largest = _mm256_max_ps(largest, _mm256_blendv_ps(largest, load(rest), lanes));
    }
    // Rounding keeps the order, so the largest score scaled is the largest scaled score.
    let largest = state.max.max(max(largest) * scale);
    // Before the weights, so that it need not be waited for after them.
    let correction = _mm256_cvtss_f32(exp(_mm256_set1_ps(state.max - largest)));
    let mut total = _mm256_setzero_ps();
    for chunk in chunks {
        let v = weight(load(chunk), factor, largest);
        store(chunk, v);
        total = _mm256_add_ps(total, v);
    }
    if !rest.is_empty() {
        let v = _mm256_and_ps(weight(load(rest), factor, largest), lanes);
        store(rest, v);
        total = _mm256_add_ps(total, v);
    }
    *state = SoftmaxState { max: largest, sum: state.sum * correction + sum(total) };
    correction
}

/// `exp(score * factor - largest)`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn weight(score: __m256, factor: __m256, largest: f32) -> __m256 {
    exp(_mm256_fmsub_ps(score, factor, _mm256_set1_ps(largest)))
}
