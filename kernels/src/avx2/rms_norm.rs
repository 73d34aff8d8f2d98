//! Root-mean-square norm.

use super::math::{LANES, load, sum};
use std::arch::x86_64::*;

/// See [`RmsNormFn`](crate::table::RmsNormFn). The mean is accumulated in 32 lanes of f32.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn rms_norm(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
    const UNROLL: usize = 4;
    let mut acc = [_mm256_setzero_ps(); UNROLL];
    let mut chunks = x.chunks_exact(UNROLL * LANES);
    for chunk in &mut chunks {
        for (i, acc) in acc.iter_mut().enumerate() {
            // SAFETY: eight values from `i * 8` are inside the chunk.
            let v = unsafe { _mm256_loadu_ps(chunk.as_ptr().add(i * LANES)) };
            *acc = _mm256_fmadd_ps(v, v, *acc);
        }
    }
    for chunk in chunks.remainder().chunks(LANES) {
        let v = load(chunk);
        acc[0] = _mm256_fmadd_ps(v, v, acc[0]);
    }
    let squares = sum(_mm256_add_ps(_mm256_add_ps(acc[0], acc[1]), _mm256_add_ps(acc[2], acc[3])));
    let scale = 1.0 / (squares / x.len() as f32 + eps).sqrt();
    for ((out, x), weight) in out.iter_mut().zip(x).zip(weight) {
        *out = x * scale * weight;
    }
}
