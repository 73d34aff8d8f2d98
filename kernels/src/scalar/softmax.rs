//! One block of an online softmax.

use crate::table::SoftmaxState;

/// See [`SoftmaxFn`](crate::table::SoftmaxFn).
pub(crate) fn softmax(scores: &mut [f32], scale: f32, state: &mut SoftmaxState) -> f32 {
    let max = scores.iter().fold(state.max, |max, &v| max.max(v * scale));
    let correction = (state.max - max).exp();
    let mut sum = 0.0;
    for score in scores {
        *score = (*score * scale - max).exp();
        sum += *score;
    }
    *state = SoftmaxState { max, sum: state.sum * correction + sum };
    correction
}
