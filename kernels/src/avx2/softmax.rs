//! One block of an online softmax.

use super::math::{LANES, exp, first_lanes, load, max, store, sum};
use crate::table::SoftmaxState;
use std::arch::x86_64::*;

/// See [`SoftmaxFn`](crate::table::SoftmaxFn).
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn softmax(scores: &mut [f32], scale: f32, state: &mut SoftmaxState) -> f32 {
    let factor = _mm256_set1_ps(scale);
    let mut largest = _mm256_set1_ps(state.max);
    for chunk in scores.chunks_mut(LANES) {
        let v = _mm256_mul_ps(load(chunk), factor);
        store(chunk, v);
        let lanes = _mm256_castsi256_ps(first_lanes(chunk.len()));
        largest = _mm256_blendv_ps(largest, _mm256_max_ps(largest, v), lanes);
    }
    let largest = max(largest);
    let mut total = _mm256_setzero_ps();
    for chunk in scores.chunks_mut(LANES) {
        let lanes = _mm256_castsi256_ps(first_lanes(chunk.len()));
        let v = _mm256_and_ps(exp(_mm256_sub_ps(load(chunk), _mm256_set1_ps(largest))), lanes);
        store(chunk, v);
        total = _mm256_add_ps(total, v);
    }
    let correction = (state.max - largest).exp();
    *state = SoftmaxState { max: largest, sum: state.sum * correction + sum(total) };
    correction
}
