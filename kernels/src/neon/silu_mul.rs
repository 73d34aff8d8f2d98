//! The gate of SwiGLU (Shazeer, "GLU variants improve transformer", 2020).

use super::{exp::exp, vector::zip_with};
use std::arch::aarch64::*;

/// `gate = gate / (1 + exp(-gate)) * up`.
#[target_feature(enable = "neon")]
pub(crate) fn silu_mul(gate: &mut [f32], up: &[f32]) {
    zip_with(gate, up, |gate, up| {
        let denominator = vaddq_f32(vdupq_n_f32(1.0), exp(vnegq_f32(gate)));
        vmulq_f32(vdivq_f32(gate, denominator), up)
    });
}
