//! The residual sum.

use super::vector::zip_with;
use std::arch::aarch64::vaddq_f32;

/// `x += y`.
#[target_feature(enable = "neon")]
pub(crate) fn add(x: &mut [f32], y: &[f32]) {
    zip_with(x, y, |x, y| vaddq_f32(x, y));
}
