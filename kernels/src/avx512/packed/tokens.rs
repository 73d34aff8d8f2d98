//! Some tokens: weights are unpacked on the way into the products, anew for each sixteen tokens.

use super::{Block, ROWS, both, lanes, prefetch, step, unsigned};
use crate::{activations::BLOCK_TOKENS, avx2::packed::PackedFormat, packed::TILE_ROWS, tile::MatmulArgs};
use std::arch::x86_64::*;

/// A block of two groups of eight rows: a part of their tiles.
struct Tiles<F: PackedFormat> {
    tiles: [*const u8; 2],
    headers: [F::Header; 2],
    part: usize,
}

impl<F: PackedFormat> Block for Tiles<F> {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn levels(&self, four: usize) -> __m512i {
        let [first, second] = self.tiles;
        // SAFETY: the caller's promise.
        unsafe { both(unsigned::<F>(first, self.part, four), unsigned::<F>(second, self.part, four)) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn scales(&self, half: usize) -> __m512 {
        let ([first, second], [h1, h2]) = (self.tiles, self.headers);
        // SAFETY: the caller's promise.
        unsafe { both_ps(F::scales(first, h1, self.part, half), F::scales(second, h2, self.part, half)) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn offsets(&self) -> __m512 {
        let ([first, second], [h1, h2]) = (self.tiles, self.headers);
        // SAFETY: the caller's promise.
        unsafe { both_ps(F::offsets(first, h1, self.part), F::offsets(second, h2, self.part)) }
    }
}

/// As [`both`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn both_ps(first: __m256, second: __m256) -> __m512 {
    _mm512_castsi512_ps(both(_mm256_castps_si256(first), _mm256_castps_si256(second)))
}

/// All tokens.
///
/// # Safety
/// As for [`matmul`](super::matmul), with more than [`FEW_TOKENS`](crate::activations::FEW_TOKENS) and at most [`SOME_TOKENS`](super::SOME_TOKENS).
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn matmul<F: PackedFormat>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe {
        match args.x.places {
            10 => tiles::<F, 10, 8, 6>(args),
            12 => tiles::<F, 12, 10, 8>(args),
            14 => tiles::<F, 14, 12, 10>(args),
            _ => tiles::<F, BLOCK_TOKENS, 14, 12>(args),
        }
    }
}

/// All tokens in tiles of `P`, the last of which may have `Q` or `R`.
///
/// # Safety
/// As for [`matmul`], with so many places.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn tiles<F: PackedFormat, const P: usize, const Q: usize, const R: usize>(args: &MatmulArgs<'_>) {
    for row in (0..args.rows).step_by(ROWS) {
        for token in (0..args.x.rows).step_by(P) {
            let rest = args.x.rows - token;
            // SAFETY: the caller's promise.
            unsafe {
                if rest > Q {
                    products::<F, P, P>(args, row, token);
                } else if rest > R {
                    products::<F, Q, P>(args, row, token);
                } else {
                    products::<F, R, P>(args, row, token);
                }
            }
        }
    }
}

/// Sixteen rows from `row`, or the last eight, times `T` tokens from `token`, or as many as there are, of `P` places.
///
/// # Safety
/// As for [`matmul`]; row and token are in `args`, and multiples of 16 and `P`; there are `P` places.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn products<F: PackedFormat, const T: usize, const P: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
    let (len, bytes) = (F::DTYPE.dtype().block_len(), TILE_ROWS * F::DTYPE.dtype().block_bytes());
    let parts = len / 32;
    let mut acc = [_mm512_setzero_ps(); T];
    // SAFETY: each group of eight rows is `cols / len` tiles, one after the other, and sixteen tokens are `x.blocks` blocks. Of the
    // last eight rows there is one group, which then stands for two, the second of which is not stored; nor are tokens that are not there.
    unsafe {
        let first = args.weights.as_ptr().add(row * args.row_bytes());
        let mut tiles = [first, if args.rows - row >= ROWS { first.add(TILE_ROWS * args.row_bytes()) } else { first }];
        let mut x = args.x.token_blocks::<P>(token, 0);
        for i in 0..args.cols / len {
            // Rows are read in two places at a time, too few bytes of each for the prefetcher to follow, so it is the next rows that are
            // asked for, as they lie.
            if token == 0 {
                prefetch(first.wrapping_add(ROWS * args.row_bytes() + 2 * i * bytes), 2 * bytes);
            }
            let headers = [F::header(tiles[0]), F::header(tiles[1])];
            for part in 0..parts {
                step::<F, T, P>(&Tiles::<F> { tiles, headers, part }, &*x, &mut acc);
                x = x.add(1);
            }
            tiles = [tiles[0].add(bytes), tiles[1].add(bytes)];
        }
        for (t, &acc) in acc.iter().enumerate().take(P.min(args.x.rows - token)) {
            _mm512_mask_storeu_ps(args.out.add((token + t) * args.out_stride + row), lanes(args.rows - row), acc);
        }
    }
}
