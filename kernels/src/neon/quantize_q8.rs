//! Activations to int8 blocks.

use super::vector::load;
use crate::activations::BLOCK;
use std::arch::aarch64::*;

/// Blocks of 32 with `d = max|x| / 127`; see [`QuantizeFn`](crate::table::QuantizeFn).
#[target_feature(enable = "neon")]
pub(crate) fn quantize_q8(x: &[f32], q: &mut [i8], d: &mut [f32], s: &mut [f32]) {
    let (blocks, rest) = x.as_chunks::<BLOCK>();
    let outputs = q.as_chunks_mut::<BLOCK>().0.iter_mut().zip(d.iter_mut().zip(s));
    let mut padded = [0.0; BLOCK];
    padded[..rest.len()].copy_from_slice(rest);
    for (x, (q, (d, s))) in blocks.iter().chain([&padded]).zip(outputs) {
        (*d, *s) = quantize_block(x, q);
    }
}

/// One block; returns its scale, and the scale times the sum.
#[inline]
#[target_feature(enable = "neon")]
fn quantize_block(x: &[f32; BLOCK], q: &mut [i8; BLOCK]) -> (f32, f32) {
    let max = max_abs(x);
    let inverse = 127.0 / max;
    if !inverse.is_finite() {
        q.fill(0);
        return (0.0, 0.0);
    }
    let levels = round(x, inverse);
    store_levels(q, levels);
    let d = max / 127.0;
    let sum = vaddlvq_s16(vpadalq_s8(vpaddlq_s8(levels[0]), levels[1]));
    (d, d * sum as f32)
}

/// `max |x|`.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn max_abs(x: &[f32; BLOCK]) -> f32 {
    let fours = x.as_chunks::<4>().0;
    vmaxvq_f32(fours.iter().fold(vdupq_n_f32(0.0), |max, four| vmaxq_f32(max, vabsq_f32(load(four)))))
}

/// `round_ties_even(x * inverse)`, limited to a signed byte.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn round(x: &[f32; BLOCK], inverse: f32) -> [int8x16_t; 2] {
    let fours = x.as_chunks::<4>().0;
    let four = |i: usize| vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(load(&fours[i]), inverse)));
    let eight = |i: usize| vqmovn_s16(vcombine_s16(four(2 * i), four(2 * i + 1)));
    [vcombine_s8(eight(0), eight(1)), vcombine_s8(eight(2), eight(3))]
}

/// 32 levels to memory.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn store_levels(q: &mut [i8; BLOCK], levels: [int8x16_t; 2]) {
    // SAFETY: writes the 32 bytes of the array.
    unsafe {
        vst1q_s8(q.as_mut_ptr(), levels[0]);
        vst1q_s8(q.as_mut_ptr().add(16), levels[1]);
    }
}
