//! The exponential function.

use std::arch::aarch64::*;

/// Coefficients of `(exp(r) - 1 - r) / r^2` for `|r| <= ln(2) / 2`, highest power first (Moshier, Cephes, `expf`).
const POLYNOMIAL: [f32; 6] = [1.987_569_1e-4, 1.398_2e-3, 8.333_452e-3, 4.166_579_6e-2, 1.666_666_5e-1, 0.5];
/// `ln(2)` as a sum: the first part times any exponent is exact.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
/// Below the first the result is 0, above the second it is infinite.
const RANGE: [f32; 2] = [-104.0, 89.0];

/// `exp(x)` within 2 units in the last place; infinities and underflow as they should be, NaN for NaN.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn exp(x: float32x4_t) -> float32x4_t {
    let x = vminq_f32(vmaxq_f32(x, vdupq_n_f32(RANGE[0])), vdupq_n_f32(RANGE[1]));
    let n = vcvtnq_s32_f32(vmulq_n_f32(x, std::f32::consts::LOG2_E));
    let turns = vcvtq_f32_s32(n);
    let r = LN_2.iter().fold(x, |r, &part| vfmsq_n_f32(r, turns, part));
    let tail = POLYNOMIAL.iter().fold(vdupq_n_f32(0.0), |sum, &c| vfmaq_f32(vdupq_n_f32(c), sum, r));
    let mantissa = vfmaq_f32(vaddq_f32(vdupq_n_f32(1.0), r), tail, vmulq_f32(r, r));
    // 2^n in two factors, for exponents that one float does not reach.
    let half = vshrq_n_s32::<1>(n);
    vmulq_f32(vmulq_f32(mantissa, power_of_2(half)), power_of_2(vsubq_s32(n, half)))
}

/// `2^n` for `-126 <= n <= 127`.
#[inline]
#[target_feature(enable = "neon")]
fn power_of_2(n: int32x4_t) -> float32x4_t {
    vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(n, vdupq_n_s32(127))))
}

#[cfg(test)]
mod tests {
    use super::exp;
    use crate::neon::vector::{load, store};

    fn exp_of(x: f32) -> f32 {
        let mut out = [0.0; 4];
        // SAFETY: Advanced SIMD is part of every target that compiles this.
        unsafe { store(&mut out, exp(load(&[x; 4]))) }
        out[0]
    }

    #[test]
    fn is_close_to_the_exact_value() {
        for i in -8_700..=8_800 {
            let x = i as f32 * 0.01;
            let exact = f64::from(x).exp();
            let error = (f64::from(exp_of(x)) - exact).abs() / exact;
            assert!(error < 2.0 * f64::from(f32::EPSILON), "exp({x}) is off by {error}");
        }
    }

    #[test]
    fn ends_of_the_range() {
        assert_eq!(exp_of(0.0), 1.0);
        assert_eq!(exp_of(f32::NEG_INFINITY), 0.0);
        assert_eq!(exp_of(-1e30), 0.0);
        assert_eq!(exp_of(f32::INFINITY), f32::INFINITY);
        assert_eq!(exp_of(1e30), f32::INFINITY);
        assert!(exp_of(f32::NAN).is_nan());
    }
}
