//! Matrix products.

use super::formats::{BlockFormat, FloatFormat};
use crate::tile::{self, MatmulArgs, MatmulTile};
use std::marker::PhantomData;

/// Float weights times f32 activations.
pub(crate) fn floats<F: FloatFormat>(args: &MatmulArgs<'_>) {
    // SAFETY: needs no instruction set; the lengths are the callers' promise to every entry of this row.
    unsafe { tile::matmul::<Floats<F>, 1, 1, 1>(args) }
}

/// Quantised weights times int8 activations: within a block of 32 the sums are of integers, exact in any order.
pub(crate) fn blocks<F: BlockFormat>(args: &MatmulArgs<'_>) {
    // SAFETY: needs no instruction set; the lengths are the callers' promise to every entry of this row.
    unsafe { tile::matmul::<Blocks<F>, 1, 1, 4>(args) }
}

struct Floats<F>(PhantomData<F>);

impl<F: FloatFormat> MatmulTile for Floats<F> {
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        for r in row..row + R {
            let weights = args.weights[r * args.row_bytes()..(r + 1) * args.row_bytes()].chunks_exact(F::BYTES);
            for t in token..token + T {
                let x = &args.x.values[t * args.cols..(t + 1) * args.cols];
                let sum = weights.clone().zip(x).fold(0.0, |sum, (w, x)| sum + F::to_f32(w) * x);
                // SAFETY: the row and the token are of this tile.
                unsafe { args.store(r, t, sum) }
            }
        }
    }
}

struct Blocks<F>(PhantomData<F>);

impl<F: BlockFormat> MatmulTile for Blocks<F> {
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let parts = F::LEN / 32;
        let mut sums = [[0.0f32; T]; R];
        for (r, sums) in sums.iter_mut().enumerate() {
            let weights = &args.weights[(row + r) * args.row_bytes()..(row + r + 1) * args.row_bytes()];
            for (i, block) in weights.chunks_exact(F::BYTES).enumerate() {
                for part in 0..parts {
                    let w = F::unpack(block, part);
                    for (t, sum) in sums.iter_mut().enumerate() {
                        let at = (token + t) * args.x.blocks + i * parts + part;
                        let (q, d, s) = (&args.x.q[at * 32..(at + 1) * 32], args.x.d[at], args.x.s[at]);
                        let dot = |from: usize| -> i32 {
                            let pairs = w.levels[from..from + 16].iter().zip(&q[from..from + 16]);
                            pairs.map(|(&w, &x)| i32::from(w) * i32::from(x)).sum()
                        };
                        let scaled = w.scales[0] * dot(0) as f32 + w.scales[1] * dot(16) as f32;
                        *sum += scaled * d + w.offset * s;
                    }
                }
            }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (t, &sum) in sums.iter().enumerate() {
                // SAFETY: the row and the token are of this tile.
                unsafe { args.store(row + r, token + t, sum) }
            }
        }
    }
}
