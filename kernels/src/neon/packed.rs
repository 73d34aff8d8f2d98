//! Products with packed weights, for every instruction set that has Advanced SIMD: four rows are the lanes of a vector, and nothing is
//! summed across lanes. Instruction sets differ in how int8 is multiplied, which is [`LaneDot`]. See [`packed`](crate::packed) for
//! the layout.

use crate::{
    packed::TILE_ROWS,
    scalar::packed::PackedFormat,
    tile::{self, MatmulArgs, MatmulTile},
};
use std::{arch::aarch64::*, array, marker::PhantomData};

/// Quantised weights in tiles times int8 activations, `T` tokens at a time.
///
/// # Safety
/// The arguments are as [`MatmulArgs`] states, with whole tiles of this type; the CPU has the instructions of `D`.
pub(crate) unsafe fn matmul<F: TileFormat, D: LaneDot, const T: usize>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe { tile::matmul::<Packed<F, D>, 1, 1, T>(args) }
}

/// The same, where one token with `GROUPS` tiles of rows has a loop of its own.
///
/// # Safety
/// As for [`matmul`].
pub(crate) unsafe fn matmul_gemv<F: TileFormat, D: Gemv<F, GROUPS>, const GROUPS: usize, const T: usize>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe { tile::matmul::<PackedGemv<F, D, GROUPS>, GROUPS, 1, T>(args) }
}

/// Rows in a vector, of which two make a tile.
const SIDE_ROWS: usize = TILE_ROWS / 2;

/// Products of four rows, a lane for each: `w[k]` has columns `4 k..4 k + 4` of them, `N` is 4 or 8.
pub(crate) trait LaneDot {
    /// Adds to `sums` the products of `4 N` columns with one token. `small`: no level is greater than 32 in magnitude.
    ///
    /// # Safety
    /// The CPU has the instructions, and the token's `4 N` activations and scale are readable.
    unsafe fn add<const N: usize>(sums: float32x4_t, w: &[int8x16_t; N], scales: float32x4_t, x: Token, small: bool) -> float32x4_t;

    /// Weights as [`LaneDot::add_two`] wants them.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn arrange<const N: usize>(w: [int8x16_t; N]) -> [int8x16_t; N] {
        w
    }

    /// [`LaneDot::add`] with two tokens.
    ///
    /// # Safety
    /// As for `add`, for each token.
    #[inline(always)]
    unsafe fn add_two<const N: usize>(
        sums: [float32x4_t; 2],
        w: &[int8x16_t; N],
        scales: float32x4_t,
        x: [Token; 2],
        small: bool,
    ) -> [float32x4_t; 2] {
        // SAFETY: the caller's promise.
        unsafe { [Self::add(sums[0], w, scales, x[0], small), Self::add(sums[1], w, scales, x[1], small)] }
    }

    /// [`LaneDot::add`] with four tokens; the weights are arranged.
    ///
    /// # Safety
    /// As for `add`, for each token.
    #[inline(always)]
    unsafe fn add_four<const N: usize>(
        sums: [float32x4_t; 4],
        w: &[int8x16_t; N],
        scales: float32x4_t,
        x: [Token; 4],
        small: bool,
    ) -> [float32x4_t; 4] {
        // SAFETY: the caller's promise.
        unsafe {
            let [a, b] = Self::add_two([sums[0], sums[1]], w, scales, [x[0], x[1]], small);
            let [c, d] = Self::add_two([sums[2], sums[3]], w, scales, [x[2], x[3]], small);
            [a, b, c, d]
        }
    }
}

/// Where the activations of a scale's columns are.
#[derive(Clone, Copy)]
pub(crate) struct Token {
    /// The integers.
    pub q: *const i8,
    /// Their scale.
    pub d: *const f32,
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

struct Packed<F, D>(PhantomData<(F, D)>);

impl<F: TileFormat, D: LaneDot> MatmulTile for Packed<F, D> {
    const ROWS: usize = TILE_ROWS;

    // Not inlined, so that `mca.sh` finds it by its name; a call is nothing beside a tile.
    #[inline(never)]
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let parts = F::LEN / 32;
        for group in 0..R {
            let first = row + group * TILE_ROWS;
            // SAFETY: the instruction needs nothing that the target has not.
            let mut sums = [[unsafe { vdupq_n_f32(0.0) }; 2]; T];
            for i in 0..args.cols / F::LEN {
                // SAFETY: these rows are in `args`, and are `cols / LEN` tiles; so are the tokens, `x.blocks` blocks of 32 each.
                unsafe {
                    let tile = args.weights.as_ptr().add(first * args.row_bytes() + i * TILE_ROWS * F::BYTES);
                    let at = token * args.x.blocks + i * parts;
                    step::<F, D, T, 0>(args, tile, at, &mut sums);
                    if parts > 1 {
                        step::<F, D, T, 1>(args, tile, at + 1, &mut sums);
                        step::<F, D, T, 2>(args, tile, at + 2, &mut sums);
                        step::<F, D, T, 3>(args, tile, at + 3, &mut sums);
                        step::<F, D, T, 4>(args, tile, at + 4, &mut sums);
                        step::<F, D, T, 5>(args, tile, at + 5, &mut sums);
                        step::<F, D, T, 6>(args, tile, at + 6, &mut sums);
                        step::<F, D, T, 7>(args, tile, at + 7, &mut sums);
                    }
                }
            }
            for (t, sums) in sums.into_iter().enumerate() {
                // SAFETY: the rows and the token are of this tile.
                unsafe { store(args, first, token + t, sums) }
            }
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

/// [`Packed`], but for one token with `GROUPS` tiles of rows.
struct PackedGemv<F, D, const GROUPS: usize>(PhantomData<(F, D)>);

impl<F: TileFormat, D: Gemv<F, GROUPS>, const GROUPS: usize> MatmulTile for PackedGemv<F, D, GROUPS> {
    const ROWS: usize = TILE_ROWS;

    #[inline(never)]
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        if T > 1 || R != GROUPS {
            // SAFETY: the caller's promise.
            return unsafe { Packed::<F, D>::tile::<R, T>(args, row, token) };
        }
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
}

/// Adds the products of 32 columns of eight rows with `T` tokens, whose first block is `at`: for each row and token one multiplication of
/// the sum of integers by the activations' scale, then one fused multiply-add with the weights' scale, on every instruction set.
///
/// # Safety
/// As for [`TileFormat::levels`]; the blocks are in `args`; the CPU has the instructions of `D`.
#[inline(always)]
unsafe fn step<F: TileFormat, D: LaneDot, const T: usize, const PART: usize>(
    args: &MatmulArgs<'_>,
    tile: *const u8,
    at: usize,
    sums: &mut [[float32x4_t; 2]; T],
) {
    // SAFETY: the caller's promise.
    unsafe {
        step_side::<F, D, T, PART>(args, tile, at, sums, 0);
        step_side::<F, D, T, PART>(args, tile, at, sums, 1);
    }
}

/// [`step`] for four of the rows: the registers have no room for the levels of eight beside the sums.
///
/// # Safety
/// As for `step`.
#[inline(always)]
unsafe fn step_side<F: TileFormat, D: LaneDot, const T: usize, const PART: usize>(
    args: &MatmulArgs<'_>,
    tile: *const u8,
    at: usize,
    sums: &mut [[float32x4_t; 2]; T],
    side: usize,
) {
    // SAFETY: the caller promises the tile, and the blocks of the tokens.
    unsafe {
        let mut w = [vdupq_n_s8(0); 8];
        for (four, w) in w.iter_mut().enumerate() {
            *w = F::levels::<PART>(tile, four, side);
        }
        // Either each half has its scale, or both have one.
        if F::PACKED.scales_halves() {
            for half in 0..2 {
                let w = [w[4 * half], w[4 * half + 1], w[4 * half + 2], w[4 * half + 3]];
                add_products::<F, D, 4, T>(args, w, at, half, F::scales::<PART>(tile, half, side), sums, side);
            }
        } else {
            add_products::<F, D, 8, T>(args, w, at, 0, F::scales::<PART>(tile, 0, side), sums, side);
        }
        if F::PACKED.has_offsets() {
            let offsets = F::offsets::<PART>(tile, side);
            for (t, sums) in sums.iter_mut().enumerate() {
                sums[side] = vfmaq_n_f32(sums[side], offsets, *args.x.s.as_ptr().add(at + t * args.x.blocks));
            }
        }
    }
}

/// Adds the products of one scale's columns of four rows, which begin at the `half`-th 16 of a block.
///
/// # Safety
/// As for [`step`].
#[inline(always)]
unsafe fn add_products<F: TileFormat, D: LaneDot, const N: usize, const T: usize>(
    args: &MatmulArgs<'_>,
    w: [int8x16_t; N],
    at: usize,
    half: usize,
    scales: float32x4_t,
    sums: &mut [[float32x4_t; 2]; T],
    side: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let x = |t: usize| {
            let block = at + t * args.x.blocks;
            Token { q: args.x.q.as_ptr().add(block * 32 + half * 16), d: args.x.d.as_ptr().add(block) }
        };
        if T == 1 {
            sums[0][side] = D::add(sums[0][side], &w, scales, x(0), F::SMALL);
            return;
        }
        let w = D::arrange(w);
        if T == 2 {
            [sums[0][side], sums[1][side]] = D::add_two([sums[0][side], sums[1][side]], &w, scales, [x(0), x(1)], F::SMALL);
            return;
        }
        for t in (0..T).step_by(4) {
            let four = array::from_fn(|i| sums[t + i][side]);
            let four = D::add_four(four, &w, scales, array::from_fn(|i| x(t + i)), F::SMALL);
            for (sums, new) in sums[t..t + 4].iter_mut().zip(four) {
                sums[side] = new;
            }
        }
    }
}
