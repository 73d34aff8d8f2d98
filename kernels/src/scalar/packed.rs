//! Products with packed weights: the reference, which unpacks block by block.

use super::formats::{BlockFormat, IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q6K, Q8_0};
use crate::{
    packed::{MAX_BLOCK_BYTES, PackedDType, TILE_ROWS},
    tile::{self, MatmulArgs, MatmulTile},
};
use std::marker::PhantomData;

/// A block format whose blocks are packed.
pub(crate) trait PackedFormat: BlockFormat {
    /// How.
    const PACKED: PackedDType;
}

macro_rules! packed_formats {
    ($($format:ident)*) => { $(impl PackedFormat for $format { const PACKED: PackedDType = PackedDType::$format; })* };
}

packed_formats!(Q4_0 Q4_1 Q5_0 Q8_0 IQ4NL Q4K Q6K);

/// Quantised weights in tiles times int8 activations. For each pair of row and token, block after block: the sum of integers times the
/// activations' scale, then one fused multiply-add with the weights' scale; all instruction sets do the same, to the same bits.
pub(crate) fn matmul<F: PackedFormat>(args: &MatmulArgs<'_>) {
    // SAFETY: needs no instruction set; the lengths are the callers' promise to every entry of this row.
    unsafe { tile::matmul::<Packed<F>, 1, 1, 4>(args) }
}

struct Packed<F>(PhantomData<F>);

impl<F: PackedFormat> MatmulTile for Packed<F> {
    const ROWS: usize = TILE_ROWS;

    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let parts = F::LEN / 32;
        let group_bytes = TILE_ROWS * args.row_bytes();
        for group in 0..R {
            let first = row + group * TILE_ROWS;
            let tiles = &args.weights[first * args.row_bytes()..][..group_bytes];
            for r in 0..TILE_ROWS {
                let mut sums = [0.0f32; T];
                for (i, tile) in tiles.chunks_exact(TILE_ROWS * F::BYTES).enumerate() {
                    let mut block = [0; MAX_BLOCK_BYTES];
                    let block = &mut block[..F::BYTES];
                    F::PACKED.unpack_block(tile, r, block);
                    for part in 0..parts {
                        let w = F::unpack(block, part);
                        for (t, sum) in sums.iter_mut().enumerate() {
                            let at = (token + t) * args.x.blocks + i * parts + part;
                            let q = &args.x.q[at * 32..][..32];
                            let dot = |from: usize, len: usize| -> f32 {
                                let pairs = w.levels[from..][..len].iter().zip(&q[from..][..len]);
                                pairs.map(|(&w, &x)| i32::from(w) * i32::from(x)).sum::<i32>() as f32
                            };
                            let d = args.x.d[at];
                            if F::PACKED.scales_halves() {
                                *sum = w.scales[0].mul_add(d * dot(0, 16), *sum);
                                *sum = w.scales[1].mul_add(d * dot(16, 16), *sum);
                            } else {
                                *sum = w.scales[0].mul_add(d * dot(0, 32), *sum);
                            }
                            if F::PACKED.has_offsets() {
                                *sum = w.offset.mul_add(args.x.s[at], *sum);
                            }
                        }
                    }
                }
                for (t, &sum) in sums.iter().enumerate() {
                    // SAFETY: the row and the token are of this tile.
                    unsafe { args.store(first + r, token + t, sum) }
                }
            }
        }
    }
}
