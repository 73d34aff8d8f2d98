//! Products of packed weights with several tokens, for every instruction set that has Advanced SIMD: eight rows by four tokens are eight
//! vectors of sums. Instruction sets differ in how int8 is multiplied, and so in what lies in a vector, which is [`PanelDot`].

use super::packed::TileFormat;
use crate::{
    activations::{BLOCK_TOKENS, TokenBlock},
    packed::TILE_ROWS,
    panel::{PANEL_BLOCKS, Panels},
    tile::MatmulArgs,
};
use std::{arch::aarch64::*, marker::PhantomData, ops::Range};

/// Tokens that are multiplied at a time. Where fewer are left, the sums of the others are anything, and are not stored.
pub(super) const TOKENS: usize = 4;

/// Bytes of the levels of eight rows in 32 columns.
pub(crate) const LEVELS_BYTES: usize = TILE_ROWS * 32;
/// Bytes of the integers of eight columns of a [`TokenBlock`].
pub(crate) const RUN_BYTES: usize = BLOCK_TOKENS * 8;

/// Eight vectors: eight rows by four tokens. Loops over them are written out or simple: `map` and `from_fn` may leave them in memory.
pub(crate) type Eight<V> = [V; 8];

/// Eight rows of weights, unpacked.
#[repr(align(64))]
pub(crate) struct Panel {
    /// Of each block, the levels as [`PanelDot::arrange`] puts them.
    levels: [[i8; LEVELS_BYTES]; PANEL_BLOCKS],
    /// Scales of the first 16 columns of each block, and of the last 16 where they have others.
    scales: [Rows; 2],
    /// Offsets of each block, for types that have any.
    offsets: Rows,
}

/// Values of eight rows for each block, spread over four vectors. Those of a block lie apart, since the compiler loads neighbours as a
/// pair, which takes a Cortex-A55 six cycles.
type Rows = [[[f32; 4]; PANEL_BLOCKS]; 4];

/// Products of eight rows with four tokens. As provided, a vector of sums is four rows of a token: of each token the first four, then the
/// others.
pub(crate) trait PanelDot {
    /// Levels of eight columns, `sides[side][four]`, in the order in which they are multiplied: of each four columns, eight rows.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn arrange([a, b]: [[int8x16_t; 2]; 2]) -> [int8x16_t; 4] {
        [a[0], b[0], a[1], b[1]]
    }

    /// Values of eight rows, as they meet the first four vectors of sums, and the last four.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn spread_rows([a, b]: [float32x4_t; 2]) -> [float32x4_t; 4] {
        [a, b, a, b]
    }

    /// Values of four tokens, as they meet the vectors of sums.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline(always)]
    unsafe fn spread_tokens(x: float32x4_t) -> Eight<float32x4_t> {
        // SAFETY: the instructions need nothing that the target has not.
        let [a, b, c, d] = unsafe { [vdupq_laneq_f32::<0>(x), vdupq_laneq_f32::<1>(x), vdupq_laneq_f32::<2>(x), vdupq_laneq_f32::<3>(x)] };
        [a, a, b, b, c, c, d, d]
    }

    /// The sums of products of `8 * RUNS` columns, which share a scale, as floats. `small`: no level is greater than 32 in magnitude.
    ///
    /// # Safety
    /// The CPU has the instructions; `RUNS` is 2 or 4; there are as many times 64 levels, and four tokens' integers at as many
    /// times [`RUN_BYTES`].
    unsafe fn dots<const RUNS: usize>(levels: *const i8, q: *const i8, small: bool) -> Eight<float32x4_t>;

    /// Copies the sums of eight rows from those of four tokens: `t` is which of them.
    ///
    /// # Safety
    /// 32 floats are at `sums`, and eight go to `out`.
    #[inline(always)]
    unsafe fn store(sums: *const f32, t: usize, out: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { out.copy_from_nonoverlapping(sums.add(t * TILE_ROWS), TILE_ROWS) }
    }
}

/// Panels of weights in tiles.
pub(super) struct Tiles<F, D>(PhantomData<(F, D)>);

impl<F: TileFormat, D: PanelDot> Panels for Tiles<F, D> {
    const ROWS: usize = TILE_ROWS;
    type Panel = Panel;
    const EMPTY: Panel = Panel { levels: [[0; _]; _], scales: [[[[0.0; _]; _]; _]; _], offsets: [[[0.0; _]; _]; _] };

    // This and the next are not inlined, so that `mca.sh` finds them by their names; a call is nothing beside a panel.
    #[inline(never)]
    unsafe fn unpack(args: &MatmulArgs<'_>, rows: Range<usize>, blocks: Range<usize>, panel: &mut Panel) {
        let parts = F::LEN / 32;
        // SAFETY: the caller promises these rows and blocks.
        unsafe {
            let tiles = args.weights.as_ptr().add(rows.start * args.row_bytes() + blocks.start / parts * TILE_ROWS * F::BYTES);
            for i in 0..blocks.len() / parts {
                let tile = tiles.add(i * TILE_ROWS * F::BYTES);
                unpack_part::<F, D, 0>(tile, i * parts, panel);
                if parts > 1 {
                    unpack_part::<F, D, 1>(tile, i * parts + 1, panel);
                    unpack_part::<F, D, 2>(tile, i * parts + 2, panel);
                    unpack_part::<F, D, 3>(tile, i * parts + 3, panel);
                    unpack_part::<F, D, 4>(tile, i * parts + 4, panel);
                    unpack_part::<F, D, 5>(tile, i * parts + 5, panel);
                    unpack_part::<F, D, 6>(tile, i * parts + 6, panel);
                    unpack_part::<F, D, 7>(tile, i * parts + 7, panel);
                }
            }
        }
    }

    #[inline(never)]
    unsafe fn add_products(args: &MatmulArgs<'_>, panel: &Panel, blocks: Range<usize>, tokens: Range<usize>, sums: *mut f32) -> usize {
        let from = tokens.start % BLOCK_TOKENS;
        // SAFETY: the caller promises the blocks and the tokens, and the sums of four of them, since a section's are whole fours.
        unsafe {
            let mut acc = if blocks.start == 0 { [vdupq_n_f32(0.0); 8] } else { load(sums) };
            let x = args.x.token_blocks(tokens.start, blocks.start);
            for i in 0..blocks.len() {
                add_block::<F, D>(panel, i, &*x.add(i), from, &mut acc);
            }
            for (i, &acc) in acc.iter().enumerate() {
                vst1q_f32(sums.add(4 * i), acc);
            }
        }
        TOKENS.min(tokens.len())
    }

    unsafe fn store(sums: *const f32, t: usize, _rows: usize, out: *mut f32) {
        // SAFETY: the caller's promise.
        unsafe { D::store(sums.add(t / TOKENS * TOKENS * TILE_ROWS), t % TOKENS, out) }
    }
}

/// Eight vectors from memory.
///
/// # Safety
/// 32 floats are there.
#[inline(always)]
unsafe fn load(sums: *const f32) -> Eight<float32x4_t> {
    // SAFETY: the caller's promise.
    unsafe {
        let mut eight = [vdupq_n_f32(0.0); 8];
        for (i, out) in eight.iter_mut().enumerate() {
            *out = vld1q_f32(sums.add(4 * i));
        }
        eight
    }
}

/// Unpacks 32 columns of a tile into a block of the panel.
///
/// # Safety
/// As for [`TileFormat::levels`]; the CPU has the instructions of `D`.
#[inline(always)]
unsafe fn unpack_part<F: TileFormat, D: PanelDot, const PART: usize>(tile: *const u8, block: usize, panel: &mut Panel) {
    // SAFETY: the caller's promise.
    unsafe {
        for (run, out) in panel.levels[block].as_chunks_mut::<64>().0.iter_mut().enumerate() {
            let four = |four: usize, side: usize| F::levels::<PART>(tile, 2 * run + four, side);
            for (i, levels) in D::arrange([[four(0, 0), four(1, 0)], [four(0, 1), four(1, 1)]]).into_iter().enumerate() {
                vst1q_s8(out.as_mut_ptr().add(16 * i), levels);
            }
        }
        for (half, scales) in panel.scales.iter_mut().enumerate() {
            if half == 0 || F::PACKED.scales_halves() {
                put::<D>(scales, block, [F::scales::<PART>(tile, half, 0), F::scales::<PART>(tile, half, 1)]);
            }
        }
        if F::PACKED.has_offsets() {
            put::<D>(&mut panel.offsets, block, [F::offsets::<PART>(tile, 0), F::offsets::<PART>(tile, 1)]);
        }
    }
}

/// Spreads the values of eight rows.
///
/// # Safety
/// The CPU has the instructions of `D`.
#[inline(always)]
unsafe fn put<D: PanelDot>(rows: &mut Rows, block: usize, sides: [float32x4_t; 2]) {
    // SAFETY: the caller promises the instructions; four floats are written.
    unsafe {
        for (out, values) in rows.iter_mut().zip(D::spread_rows(sides)) {
            vst1q_f32(out[block].as_mut_ptr(), values);
        }
    }
}

/// The values of a block, as they meet the vectors of sums.
///
/// # Safety
/// There is such a block.
#[inline(always)]
unsafe fn get(rows: &Rows, block: usize) -> Eight<float32x4_t> {
    // SAFETY: four floats are there, in each of four vectors.
    unsafe {
        let mut eight = [vdupq_n_f32(0.0); 8];
        for (i, out) in eight.iter_mut().enumerate() {
            *out = vld1q_f32(rows[i % 4].as_ptr().add(block).cast());
        }
        eight
    }
}

/// Adds the products of a block of the panel with four tokens, the first of which is `from` of the sixteen.
///
/// # Safety
/// The CPU has the instructions of `D`; the block is in the panel, `from + 4` is at most 16.
#[inline(always)]
unsafe fn add_block<F: TileFormat, D: PanelDot>(
    panel: &Panel,
    block: usize,
    x: &TokenBlock<BLOCK_TOKENS>,
    from: usize,
    acc: &mut Eight<float32x4_t>,
) {
    // SAFETY: the caller's promise.
    unsafe {
        let levels = panel.levels.as_ptr().add(block).cast::<i8>();
        let q = x.q.as_ptr().cast::<i8>().add(8 * from);
        let d = x.d.as_ptr().add(from);
        if F::PACKED.scales_halves() {
            for (half, scales) in panel.scales.iter().enumerate() {
                let dots = D::dots::<2>(levels.add(half * LEVELS_BYTES / 2), q.add(half * 2 * RUN_BYTES), F::SMALL);
                add_scaled::<D>(acc, dots, get(scales, block), d);
            }
        } else {
            add_scaled::<D>(acc, D::dots::<4>(levels, q, F::SMALL), get(&panel.scales[0], block), d);
        }
        if F::PACKED.has_offsets() {
            let (offsets, s) = (get(&panel.offsets, block), D::spread_tokens(vld1q_f32(x.s.as_ptr().add(from))));
            for i in 0..8 {
                acc[i] = vfmaq_f32(acc[i], offsets[i], s[i]);
            }
        }
    }
}

/// t = d * dot, then sum = fma(scale, t, sum).
///
/// # Safety
/// The CPU has the instructions of `D`; four `d` are readable.
#[inline(always)]
unsafe fn add_scaled<D: PanelDot>(acc: &mut Eight<float32x4_t>, dots: Eight<float32x4_t>, scales: Eight<float32x4_t>, d: *const f32) {
    // SAFETY: the caller's promise.
    unsafe {
        let d = D::spread_tokens(vld1q_f32(d));
        for i in 0..8 {
            acc[i] = vfmaq_f32(acc[i], scales[i], vmulq_f32(dots[i], d[i]));
        }
    }
}
