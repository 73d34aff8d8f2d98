//! Root-mean-square norm (Zhang and Sennrich, 2019).

use super::vector::{load, load_padded, store, store_padded};
use std::arch::aarch64::*;

/// Accumulators of the sum, to keep the multipliers busy and the rounding small.
const LANES: usize = 4;

/// `out = x / sqrt(mean(x^2) + eps) * weight`.
#[target_feature(enable = "neon")]
pub(crate) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    let scale = 1.0 / (sum_of_squares(x) / x.len() as f32 + eps).sqrt();
    let (fours, rest) = out.as_chunks_mut::<4>();
    let (x, x_rest) = x.as_chunks::<4>();
    let (weight, weight_rest) = weight.as_chunks::<4>();
    for ((out, x), weight) in fours.iter_mut().zip(x).zip(weight) {
        store(out, vmulq_f32(vmulq_n_f32(load(x), scale), load(weight)));
    }
    store_padded(rest, vmulq_f32(vmulq_n_f32(load_padded(x_rest), scale), load_padded(weight_rest)));
}

/// `sum x^2`.
#[inline]
#[target_feature(enable = "neon")]
fn sum_of_squares(x: &[f32]) -> f32 {
    let mut sums = [vdupq_n_f32(0.0); LANES];
    let (fours, rest) = x.as_chunks::<4>();
    for group in fours.chunks(LANES) {
        for (sum, four) in sums.iter_mut().zip(group) {
            let x = load(four);
            *sum = vfmaq_f32(*sum, x, x);
        }
    }
    let x = load_padded(rest);
    sums[0] = vfmaq_f32(sums[0], x, x);
    vaddvq_f32(vaddq_f32(vaddq_f32(sums[0], sums[1]), vaddq_f32(sums[2], sums[3])))
}
