//! Activations to int8 blocks.

use crate::activations::BLOCK;

/// Blocks of 32 with `d = max|x| / 127`; see [`QuantizeFn`](crate::table::QuantizeFn).
pub(crate) fn quantize_q8(x: &[f32], q: &mut [i8], d: &mut [f32], s: &mut [f32]) {
    let scales = d.iter_mut().zip(s);
    for ((x, q), (d, s)) in x.chunks(BLOCK).zip(q.chunks_exact_mut(BLOCK)).zip(scales) {
        let max = x.iter().fold(0.0f32, |max, v| max.max(v.abs()));
        let inverse = 127.0 / max;
        q.fill(0);
        (*d, *s) = (0.0, 0.0);
        if inverse.is_finite() {
            let mut sum = 0i32;
            for (q, x) in q.iter_mut().zip(x) {
                *q = (x * inverse).round_ties_even() as i8;
                sum += i32::from(*q);
            }
            *d = max / 127.0;
            *s = *d * sum as f32;
        }
    }
}
