//! One block of an online softmax.

use super::{
    exp::exp,
    vector::{load, load_padded, store, store_padded},
};
use crate::table::SoftmaxState;
use std::arch::aarch64::*;

/// See [`SoftmaxFn`](crate::table::SoftmaxFn).
#[target_feature(enable = "neon")]
pub(crate) fn softmax(scores: &mut [f32], scale: f32, state: &mut SoftmaxState) -> f32 {
    let max = scores.iter().fold(state.max, |max, &v| max.max(v * scale));
    let correction = vgetq_lane_f32::<0>(exp(vdupq_n_f32(state.max - max)));
    let weight = |score| exp(vsubq_f32(vmulq_n_f32(score, scale), vdupq_n_f32(max)));
    let mut sums = vdupq_n_f32(0.0);
    let (fours, rest) = scores.as_chunks_mut::<4>();
    for four in fours {
        let weights = weight(load(four));
        sums = vaddq_f32(sums, weights);
        store(four, weights);
    }
    store_padded(rest, weight(load_padded(rest)));
    let sum = vaddvq_f32(sums) + rest.iter().sum::<f32>();
    *state = SoftmaxState { max, sum: state.sum * correction + sum };
    correction
}
