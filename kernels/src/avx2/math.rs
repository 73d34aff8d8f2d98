//! Vector building blocks.

use std::arch::x86_64::*;

/// Lanes of a vector of f32.
pub(super) const LANES: usize = 8;

/// Sum of the eight lanes, always in the same order.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn sum(v: __m256) -> f32 {
    let v = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let v = _mm_add_ps(v, _mm_movehl_ps(v, v));
    _mm_cvtss_f32(_mm_add_ss(v, _mm_movehdup_ps(v)))
}

/// Largest of the eight lanes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn max(v: __m256) -> f32 {
    let v = _mm_max_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps::<1>(v));
    let v = _mm_max_ps(v, _mm_movehl_ps(v, v));
    _mm_cvtss_f32(_mm_max_ss(v, _mm_movehdup_ps(v)))
}

/// `|v|`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn abs(v: __m256) -> __m256 {
    _mm256_andnot_ps(_mm256_set1_ps(-0.0), v)
}

/// The first `n` lanes, for masked loads and stores; all of them for `n >= 8`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn first_lanes(n: usize) -> __m256i {
    let lane = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    _mm256_cmpgt_epi32(_mm256_set1_epi32(n.min(LANES) as i32), lane)
}

/// The values of a chunk of at most eight, and zeros.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn load(chunk: &[f32]) -> __m256 {
    // SAFETY: only lanes inside the chunk are read.
    unsafe {
        match chunk.len() {
            LANES.. => _mm256_loadu_ps(chunk.as_ptr()),
            n => _mm256_maskload_ps(chunk.as_ptr(), first_lanes(n)),
        }
    }
}

/// Writes the first lanes to a chunk of at most eight. Masked stores take tens of cycles on some CPUs, so whole chunks go without.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn store(chunk: &mut [f32], v: __m256) {
    // SAFETY: only lanes inside the chunk are written.
    unsafe {
        match chunk.len() {
            LANES.. => _mm256_storeu_ps(chunk.as_mut_ptr(), v),
            n => _mm256_maskstore_ps(chunk.as_mut_ptr(), first_lanes(n), v),
        }
    }
}

/// `exp(v)` to a relative error below 2e-7 for -87 <= v <= 88, and the value at the nearest of these limits beyond them; NaN stays
/// NaN. Range reduction to `2^n * exp(r)`, `|r| <= ln(2) / 2`, with the two parts of ln(2) of Cephes' `expf` (Moshier). The polynomial of
/// degree 6 has the least relative error, 3e-9, of those that begin with `1 + r`; its powers are summed in pairs (Estrin), since what
/// takes time is that each operation waits for the one before.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn exp(v: __m256) -> __m256 {
    const LN2_HIGH: f32 = 0.693_359_4;
    const LN2_LOW: f32 = -2.121_944_4e-4;
    // Of a sum with this, the lowest bits are an integer, the exponent of the power of two.
    const SHIFT: f32 = 1.5 * (1 << 23) as f32 + 127.0;
    let v = _mm256_max_ps(_mm256_set1_ps(-87.0), _mm256_min_ps(_mm256_set1_ps(88.0), v));
    let shifted = _mm256_fmadd_ps(v, _mm256_set1_ps(std::f32::consts::LOG2_E), _mm256_set1_ps(SHIFT));
    let n = _mm256_sub_ps(shifted, _mm256_set1_ps(SHIFT));
    let r = _mm256_fnmadd_ps(n, _mm256_set1_ps(LN2_HIGH), v);
    let r = _mm256_fnmadd_ps(n, _mm256_set1_ps(LN2_LOW), r);
    let square = _mm256_mul_ps(r, r);
    let first = _mm256_add_ps(r, _mm256_set1_ps(1.0));
    let second = _mm256_fmadd_ps(r, _mm256_set1_ps(0.166_665_2), _mm256_set1_ps(0.499_999_93));
    let third = _mm256_fmadd_ps(r, _mm256_set1_ps(8.368_75e-3), _mm256_set1_ps(4.166_84e-2));
    let third = _mm256_fmadd_ps(square, _mm256_set1_ps(1.381_43e-3), third);
    let p = _mm256_fmadd_ps(square, _mm256_fmadd_ps(square, third, second), first);
    _mm256_mul_ps(p, _mm256_castsi256_ps(_mm256_slli_epi32::<23>(_mm256_castps_si256(shifted))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Isa;

    /// [`exp`] of one value.
    fn exp1(v: f32) -> f32 {
        // SAFETY: both callers return before this where the instruction set is missing.
        unsafe { _mm256_cvtss_f32(exp(_mm256_set1_ps(v))) }
    }

    #[test]
    fn exp_keeps_its_bound() {
        if !Isa::Avx2.is_supported() {
            return println!("no AVX2 here");
        }
        let mut worst = 0.0f64;
        for i in -870_000..=880_000 {
            let v = i as f32 * 1e-4;
            let exact = f64::from(v).exp();
            worst = worst.max((f64::from(exp1(v)) - exact).abs() / exact);
        }
        assert!(worst < 2e-7, "relative error {worst:e}");
    }

    #[test]
    fn exp_is_limited_at_its_ends() {
        if !Isa::Avx2.is_supported() {
            return println!("no AVX2 here");
        }
        assert_eq!(exp1(0.0), 1.0);
        assert_eq!(exp1(f32::NEG_INFINITY), exp1(-87.0));
        assert_eq!(exp1(1e30), exp1(88.0));
        assert!(exp1(88.0).is_finite() && exp1(-87.0) > 0.0);
        assert!(exp1(f32::NAN).is_nan());
    }
}
