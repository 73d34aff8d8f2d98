//! Weights to f32.

use super::formats::{BlockFormat, FloatFormat};

/// A row of float weights.
pub(crate) fn floats<F: FloatFormat>(row: &[u8], out: &mut [f32]) {
    for (out, weight) in out.iter_mut().zip(row.chunks_exact(F::BYTES)) {
        *out = F::to_f32(weight);
    }
}

/// A row of blocks.
pub(crate) fn blocks<F: BlockFormat>(row: &[u8], out: &mut [f32]) {
    for (out, block) in out.chunks_exact_mut(F::LEN).zip(row.chunks_exact(F::BYTES)) {
        for (part, out) in out.chunks_exact_mut(32).enumerate() {
            let w = F::unpack(block, part);
            for (i, out) in out.iter_mut().enumerate() {
                *out = w.scales[i / 16] * f32::from(w.levels[i]) + w.offset;
            }
        }
    }
}
