//! Rotary position embedding (Su et al., "RoFormer", 2021), pairs half a head apart.

use super::vector::{load, load_padded, store, store_padded};
use std::arch::aarch64::*;

/// Rotates each pair `(head[i], head[i + n])`.
#[target_feature(enable = "neon")]
pub(crate) fn rope(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = head.split_at_mut(cos.len());
    let (a, a_rest) = first.as_chunks_mut::<4>();
    let (b, b_rest) = second.as_chunks_mut::<4>();
    let (cos, cos_rest) = cos.as_chunks::<4>();
    let (sin, sin_rest) = sin.as_chunks::<4>();
    for (((a, b), cos), sin) in a.iter_mut().zip(b).zip(cos).zip(sin) {
        let turned = rotate(load(a), load(b), load(cos), load(sin));
        store(a, turned.0);
        store(b, turned.1);
    }
    let turned = rotate(load_padded(a_rest), load_padded(b_rest), load_padded(cos_rest), load_padded(sin_rest));
    store_padded(a_rest, turned.0);
    store_padded(b_rest, turned.1);
}

/// Four pairs.
#[inline]
#[target_feature(enable = "neon")]
fn rotate(a: float32x4_t, b: float32x4_t, cos: float32x4_t, sin: float32x4_t) -> (float32x4_t, float32x4_t) {
    (vfmsq_f32(vmulq_f32(a, cos), b, sin), vfmaq_f32(vmulq_f32(b, cos), a, sin))
}
