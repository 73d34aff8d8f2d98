//! Products with packed weights, for every instruction set that has Advanced SIMD: four rows are the lanes of a vector, and nothing is
//! summed across lanes. Instruction sets differ in how int8 is multiplied, which is [`LaneDot`] for one token and [`PanelDot`] for
//! several. See [`packed`](crate::packed) for the layout.

use super::panel::{PanelDot, TOKENS, Tiles};
use crate::{packed::TILE_ROWS, panel, scalar::packed::PackedFormat, tile::MatmulArgs};
use std::{arch::aarch64::*, array};

/// Quantised weights in tiles times int8 activations: by `V` with one token, or with so few that unpacking them for four would take longer, and
/// by `M` with several.
///
/// # Safety
/// The arguments are as [`MatmulArgs`] states, with whole tiles of this type; the CPU has the instructions of `V` and `M`.
pub(crate) unsafe fn matmul<F: TileFormat, V: LaneDot, M: PanelDot>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise; the rows are whole tiles.
    unsafe {
        if args.x.rows >= TOKENS {
            return panel::matmul::<Tiles<F, M>>(args);
        }
        for row in (0..args.rows).step_by(TILE_ROWS) {
            for token in 0..args.x.rows {
                gemv::<F, V>(args, row, token);
            }
        }
    }
}

/// The same, where one token with `GROUPS` tiles of rows has a loop of its own.
///
/// # Safety
/// As for [`matmul`].
pub(crate) unsafe fn matmul_gemv<F: TileFormat, V: Gemv<F, GROUPS>, M: PanelDot, const GROUPS: usize>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise; the rows are whole tiles.
    unsafe {
        if args.x.rows >= TOKENS {
            return panel::matmul::<Tiles<F, M>>(args);
        }
        let mut row = 0;
        while row + GROUPS * TILE_ROWS <= args.rows {
            for token in 0..args.x.rows {
                scheduled_gemv::<F, V, GROUPS>(args, row, token);
            }
            row += GROUPS * TILE_ROWS;
        }
        for row in (row..args.rows).step_by(TILE_ROWS) {
            for token in 0..args.x.rows {
                gemv::<F, V>(args, row, token);
            }
        }
    }
}

/// Rows in a vector, of which two make a tile.
const SIDE_ROWS: usize = TILE_ROWS / 2;

/// Products of eight rows, a lane for each: `w[side][k]` has columns `4 k..4 k + 4` of four of them, `N` is 4 or 8.
pub(crate) trait LaneDot {
    /// Sums of products of `4 N` columns. `small`: no level is greater than 32 in magnitude.
    ///
    /// # Safety
    /// The CPU has the instructions, and as many activations are readable.
    unsafe fn dot<const N: usize>(w: &[[int8x16_t; N]; 2], x: *const i8, small: bool) -> [int32x4_t; 2];
}

/// A loop for one token, scheduled by hand.
pub(crate) trait Gemv<F: TileFormat, const GROUPS: usize>: LaneDot {
    /// The products of `GROUPS * 8` rows with one token.
    ///
    /// # Safety
    /// `tiles` are `blocks` tiles for each eight rows, at least one; `q` and `d` are as many blocks of activations.
    unsafe fn gemv(tiles: [*const u8; GROUPS], blocks: usize, q: *const i8, d: *const f32) -> [[float32x4_t; 2]; GROUPS];
}

/// A packed weight type as vectors. `side` is 0 for the first four rows of a tile and 1 for the others; `PART` counts 32 columns.
pub(crate) trait TileFormat: PackedFormat {
    /// Whether no level is greater than 32 in magnitude.
    const SMALL: bool;

    /// The levels of four rows in columns `4 * four..4 * four + 4` of a part.
    ///
    /// # Safety
    /// A tile is readable; `PART` is below the tile's columns / 32, `four` below 8, `side` below 2.
    unsafe fn levels<const PART: usize>(tile: *const u8, four: usize, side: usize) -> int8x16_t;

    /// The scales of four rows, of the `half`-th 16 columns of a part.
    ///
    /// # Safety
    /// As for `levels`; `half` is below 2.
    unsafe fn scales<const PART: usize>(tile: *const u8, half: usize, side: usize) -> float32x4_t;

    /// The offsets of four rows in a part, where there are any.
    ///
    /// # Safety
    /// As for `levels`.
    unsafe fn offsets<const PART: usize>(tile: *const u8, side: usize) -> float32x4_t;
}

/// The products of eight rows with one token. Not inlined, so that `mca.sh` finds it by its name; a call is nothing beside it.
///
/// # Safety
/// As for [`matmul`]; the rows and the token are in `args`.
#[inline(never)]
unsafe fn gemv<F: TileFormat, D: LaneDot>(args: &MatmulArgs<'_>, row: usize, token: usize) {
    let parts = F::LEN / 32;
    // SAFETY: the instruction needs nothing that the target has not.
    let mut sums = [unsafe { vdupq_n_f32(0.0) }; 2];
    for i in 0..args.cols / F::LEN {
        // SAFETY: these rows are in `args`, and are `cols / LEN` tiles; the token is `x.blocks` blocks of 32.
        unsafe {
            let tile = args.weights.as_ptr().add(row * args.row_bytes() + i * TILE_ROWS * F::BYTES);
            let at = token * args.x.blocks + i * parts;
            step::<F, D, 0>(args, tile, at, &mut sums);
            if parts > 1 {
                step::<F, D, 1>(args, tile, at + 1, &mut sums);
                step::<F, D, 2>(args, tile, at + 2, &mut sums);
                step::<F, D, 3>(args, tile, at + 3, &mut sums);
                step::<F, D, 4>(args, tile, at + 4, &mut sums);
                step::<F, D, 5>(args, tile, at + 5, &mut sums);
                step::<F, D, 6>(args, tile, at + 6, &mut sums);
                step::<F, D, 7>(args, tile, at + 7, &mut sums);
            }
        }
    }
    // SAFETY: the rows and the token are in `args`.
    unsafe { store(args, row, token, sums) }
}

/// [`gemv`] of `GROUPS` tiles of rows, by their own loop.
///
/// # Safety
/// As for `gemv`, for all of the rows.
#[inline(never)]
unsafe fn scheduled_gemv<F: TileFormat, D: Gemv<F, GROUPS>, const GROUPS: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
    // SAFETY: the caller promises the rows and the token; columns are whole blocks, at least one.
    unsafe {
        let tiles = array::from_fn(|group| args.weights.as_ptr().add((row + group * TILE_ROWS) * args.row_bytes()));
        let at = token * args.x.blocks;
        let sums = D::gemv(tiles, args.cols / F::LEN, args.x.q.as_ptr().add(at * 32), args.x.d.as_ptr().add(at));
        for (group, sums) in sums.into_iter().enumerate() {
            store(args, row + group * TILE_ROWS, token, sums);
        }
    }
}

/// Writes the products of eight rows with a token.
///
/// # Safety
/// As for [`MatmulArgs::store8`].
#[inline(always)]
unsafe fn store(args: &MatmulArgs<'_>, row: usize, token: usize, sums: [float32x4_t; 2]) {
    // SAFETY: the caller's promise; eight floats go there.
    unsafe {
        args.store8(row, token, |out| {
            vst1q_f32(out, sums[0]);
            vst1q_f32(out.add(SIDE_ROWS), sums[1]);
        });
    }
}

/// Adds the products of 32 columns of eight rows with a token, whose block `at` it is.
///
/// # Safety
/// As for [`TileFormat::levels`]; the block is in `args`; the CPU has the instructions of `D`.
#[inline(always)]
unsafe fn step<F: TileFormat, D: LaneDot, const PART: usize>(
    args: &MatmulArgs<'_>,
    tile: *const u8,
    at: usize,
    sums: &mut [float32x4_t; 2],
) {
    // SAFETY: the caller promises the tile and the block.
    unsafe {
        let (x, d) = (args.x.q.as_ptr().add(at * 32), *args.x.d.as_ptr().add(at));
        // Either each half has its scale, or both have one.
        if F::PACKED.scales_halves() {
            add_products::<F, D, PART, 4>(tile, 0, x, d, sums);
            add_products::<F, D, PART, 4>(tile, 1, x.add(16), d, sums);
        } else {
            add_products::<F, D, PART, 8>(tile, 0, x, d, sums);
        }
        if F::PACKED.has_offsets() {
            let s = *args.x.s.as_ptr().add(at);
            for (side, sums) in sums.iter_mut().enumerate() {
                *sums = vfmaq_n_f32(*sums, F::offsets::<PART>(tile, side), s);
            }
        }
    }
}

/// Adds the products of the `4 N` columns that share a scale, the `half`-th of a part: for each row one multiplication of the sum of integers
/// by the activations' scale, then one fused multiply-add with the weights' scale, on every instruction set.
///
/// # Safety
/// As for [`step`]; as many activations are at `x`.
#[inline(always)]
unsafe fn add_products<F: TileFormat, D: LaneDot, const PART: usize, const N: usize>(
    tile: *const u8,
    half: usize,
    x: *const i8,
    d: f32,
    sums: &mut [float32x4_t; 2],
) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut w = [[vdupq_n_s8(0); N]; 2];
        for (side, w) in w.iter_mut().enumerate() {
            for (four, w) in w.iter_mut().enumerate() {
                *w = F::levels::<PART>(tile, N * half + four, side);
            }
        }
        let dots = D::dot(&w, x, F::SMALL);
        for (side, sums) in sums.iter_mut().enumerate() {
            *sums = vfmaq_f32(*sums, F::scales::<PART>(tile, half, side), vmulq_n_f32(vcvtq_f32_s32(dots[side]), d));
        }
    }
}
