//! Tiles of one or two groups of eight rows and some tokens.

use super::{Block, Levels, PackedFormat, step};
use crate::{packed::TILE_ROWS, tile::MatmulArgs};
use std::arch::x86_64::*;

/// How far ahead weights are asked for where one group of rows is read from one end to the other.
const AHEAD: usize = 4096;
/// Any number of places, known only when running.
const ANY: usize = 0;

/// All tokens, in tiles of those that lie together, or in one of seven or eight where unpacking weights takes most of the time.
///
/// # Safety
/// As for [`matmul`](super::matmul).
pub(super) unsafe fn matmul<F: PackedFormat>(args: &MatmulArgs<'_>) {
    let (tokens, places) = (args.x.rows(), args.x.places);
    // SAFETY: the caller's promise; these tokens lie together, as many as there are places but for the last, or in two tiles.
    unsafe {
        match tokens {
            7 if !F::NIBBLES => return rows::<F, 1, 7, 4>(args, 0),
            8 if !F::NIBBLES => return rows::<F, 1, 8, 4>(args, 0),
            _ => {}
        }
        for token in (0..tokens).step_by(places) {
            match (tokens - token).min(places) {
                1 if places == 1 => rows::<F, 2, 1, 1>(args, token),
                1 => rows::<F, 2, 1, ANY>(args, token),
                2 if places == 2 => rows::<F, 2, 2, 2>(args, token),
                2 => rows::<F, 2, 2, ANY>(args, token),
                3 if places == 3 => rows::<F, 2, 3, 3>(args, token),
                3 => rows::<F, 2, 3, ANY>(args, token),
                4 if places == 4 => rows::<F, 2, 4, 4>(args, token),
                4 => rows::<F, 2, 4, ANY>(args, token),
                5 if two_of_five::<F>() => rows::<F, 2, 5, ANY>(args, token),
                5 if places == 5 => rows::<F, 1, 5, 5>(args, token),
                5 => rows::<F, 1, 5, ANY>(args, token),
                _ if F::NIBBLES => rows::<F, 2, 6, 6>(args, token),
                _ => rows::<F, 1, 6, 6>(args, token),
            }
        }
    }
}

/// Whether there are registers for two groups of rows with five tokens.
const fn two_of_five<F: PackedFormat>() -> bool {
    !matches!(F::LEVELS, Levels::Signed)
}

/// All rows of a unit times `T` tokens from `token` on, `R` groups at a time. The tokens stay in the first-level cache meanwhile.
///
/// # Safety
/// As for [`matmul`]; these tokens are in `args`, and lie together in `P` places, or any number of them.
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn rows<F: PackedFormat, const R: usize, const T: usize, const P: usize>(args: &MatmulArgs<'_>, token: usize) {
    let whole = args.rows - args.rows % (R * TILE_ROWS);
    // SAFETY: the caller's promise; all of these groups are in `args`.
    unsafe {
        for row in (0..whole).step_by(R * TILE_ROWS) {
            products::<F, R, T, P>(args, row, token);
        }
        if whole < args.rows {
            products::<F, 1, T, P>(args, whole, token);
        }
    }
}

/// `R` groups of eight rows from `row` on.
///
/// # Safety
/// As for [`rows`]; these are in `args`.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn products<F: PackedFormat, const R: usize, const T: usize, const P: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
    let (len, bytes) = (F::DTYPE.dtype().block_len(), TILE_ROWS * F::DTYPE.dtype().block_bytes());
    let group_bytes = TILE_ROWS * args.row_bytes();
    let (parts, places) = (len / 32, if P == ANY { args.x.places } else { P });
    let mut acc = [[_mm256_setzero_ps(); R]; T];
    // SAFETY: each group is `cols / len` tiles, one after the other; each token is `x.blocks` blocks of 32.
    unsafe {
        let mut tile = args.weights.as_ptr().add(row * args.row_bytes());
        // Of two groups, too few bytes are read of each for a prefetcher to follow, so it is the next two that are asked for, as they lie.
        let mut ahead = tile.wrapping_add(if R == 1 { AHEAD } else { R * group_bytes });
        for i in 0..args.cols / len {
            if token == 0 {
                for line in (0..R * bytes).step_by(64) {
                    _mm_prefetch::<_MM_HINT_T0>(ahead.wrapping_add(line).cast());
                }
                ahead = ahead.wrapping_add(R * bytes);
            }
            let mut groups = Groups::<F, R> { tiles: [tile; R], headers: [F::header(tile); R], part: 0 };
            for r in 1..R {
                groups.tiles[r] = tile.add(r * group_bytes);
                groups.headers[r] = F::header(groups.tiles[r]);
            }
            for part in 0..parts {
                groups.part = part;
                step::<F, R, T>(&groups, args.x.columns(places, token, i * parts + part), &mut acc);
            }
            tile = tile.add(bytes);
        }
        for (t, acc) in acc.iter().enumerate() {
            for (r, &acc) in acc.iter().enumerate() {
                args.store8(row + r * TILE_ROWS, token + t, |out| _mm256_storeu_ps(out, acc));
            }
        }
    }
}

/// A block of 32 columns of some groups: a part of their tiles.
struct Groups<F: PackedFormat, const R: usize> {
    tiles: [*const u8; R],
    headers: [F::Header; R],
    part: usize,
}

impl<F: PackedFormat, const R: usize> Block<R> for Groups<F, R> {
    #[inline]
    fn tiles(&self) -> [*const u8; R] {
        self.tiles
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn levels(&self, four: usize) -> [__m256i; R] {
        let mut levels = [_mm256_setzero_si256(); R];
        for (levels, &tile) in levels.iter_mut().zip(&self.tiles) {
            // SAFETY: the caller's promise.
            *levels = unsafe { F::levels(tile, self.part, four) };
        }
        levels
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn scales(&self, half: usize) -> [__m256; R] {
        let mut scales = [_mm256_setzero_ps(); R];
        for ((scales, &tile), &header) in scales.iter_mut().zip(&self.tiles).zip(&self.headers) {
            // SAFETY: the caller's promise.
            *scales = unsafe { F::scales(tile, header, self.part, half) };
        }
        scales
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn offsets(&self) -> [__m256; R] {
        let mut offsets = [_mm256_setzero_ps(); R];
        for ((offsets, &tile), &header) in offsets.iter_mut().zip(&self.tiles).zip(&self.headers) {
            // SAFETY: the caller's promise.
            *offsets = unsafe { F::offsets(tile, header, self.part) };
        }
        offsets
    }
}
