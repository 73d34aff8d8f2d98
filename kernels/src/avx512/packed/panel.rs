//! Many tokens: sixteen rows are unpacked once for all of them. See [`panel`](crate::panel).

use super::{Block, ROWS, halves, lanes, step, unsigned};
use crate::{
    activations::BLOCK_TOKENS,
    avx2::packed::PackedFormat,
    packed::TILE_ROWS,
    panel::{PANEL_BLOCKS, Panels},
    tile::MatmulArgs,
};
use std::{arch::x86_64::*, marker::PhantomData, ops::Range};

/// Panels of a weight type.
pub(super) struct Tiles<F>(PhantomData<F>);

/// Some blocks of sixteen rows, unpacked once for all tokens.
pub(super) type Panel = [PanelBlock; PANEL_BLOCKS];

/// A block of sixteen rows, unpacked.
#[derive(Clone, Copy)]
#[repr(align(64))]
pub(super) struct PanelBlock {
    levels: [[u8; ROWS * 4]; 8],
    scales: [[f32; ROWS]; 2],
    offsets: [f32; ROWS],
}

impl PanelBlock {
    const EMPTY: Self = Self { levels: [[0; _]; _], scales: [[0.0; _]; _], offsets: [0.0; _] };
}

impl Block for PanelBlock {
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn levels(&self, four: usize) -> __m512i {
        // SAFETY: 64 bytes, aligned.
        unsafe { _mm512_load_si512(self.levels[four].as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn scales(&self, half: usize) -> __m512 {
        // SAFETY: sixteen floats.
        unsafe { _mm512_loadu_ps(self.scales[half].as_ptr()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn offsets(&self) -> __m512 {
        // SAFETY: sixteen floats.
        unsafe { _mm512_loadu_ps(self.offsets.as_ptr()) }
    }
}

impl<F: PackedFormat> Panels for Tiles<F> {
    const ROWS: usize = ROWS;
    type Panel = Panel;
    const EMPTY: Panel = [PanelBlock::EMPTY; PANEL_BLOCKS];

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn unpack(args: &MatmulArgs<'_>, rows: Range<usize>, blocks: Range<usize>, panel: &mut Panel) {
        for (group, row) in rows.step_by(TILE_ROWS).enumerate() {
            // SAFETY: the caller's promise.
            unsafe { unpack::<F>(args, row, blocks.clone(), group, panel) };
        }
    }

    /// Both groups of rows of the next panel.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn prefetch(args: &MatmulArgs<'_>, row: usize, block: usize) {
        let len = F::DTYPE.dtype().block_len();
        let bytes = TILE_ROWS * F::DTYPE.dtype().block_bytes();
        for group in [row, row + TILE_ROWS] {
            let tiles = args.weights.as_ptr().wrapping_add(group * args.row_bytes() + block * 32 / len * bytes);
            for line in (0..PANEL_BLOCKS * 32 / len * bytes).step_by(64) {
                _mm_prefetch::<_MM_HINT_T0>(tiles.wrapping_add(line).cast());
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn add_products(args: &MatmulArgs<'_>, panel: &Panel, blocks: Range<usize>, tokens: Range<usize>, sums: *mut f32) -> usize {
        let (token, sums) = (tokens.start, sums.cast());
        // SAFETY: the caller's promise; a tile of sixteen tokens begins at a multiple of sixteen, and has sums for all of them.
        unsafe {
            match tokens.len() {
                9.. => add_products::<F, BLOCK_TOKENS>(args, panel, blocks, token, sums),
                5.. => add_products::<F, 8>(args, panel, blocks, token, sums),
                _ => add_products::<F, 4>(args, panel, blocks, token, sums),
            }
        }
        BLOCK_TOKENS.min(tokens.len())
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn store(sums: *const f32, t: usize, rows: usize, out: *mut f32) {
        // SAFETY: the caller's promise; lanes stand for the rows.
        unsafe { _mm512_mask_storeu_ps(out, lanes(rows), *sums.cast::<__m512>().add(t)) };
    }
}

/// Unpacks some blocks of eight rows from `row` into the first or second half of the panel's lanes.
///
/// # Safety
/// These are in `args`; the blocks fit the panel, and are those of whole tiles.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn unpack<F: PackedFormat>(args: &MatmulArgs<'_>, row: usize, blocks: Range<usize>, group: usize, panel: &mut Panel) {
    let parts = F::DTYPE.dtype().block_len() / 32;
    let bytes = TILE_ROWS * F::DTYPE.dtype().block_bytes();
    // SAFETY: the caller's promise; half of a vector's lanes begin at `group * TILE_ROWS`.
    unsafe {
        let tiles = args.weights.as_ptr().add(row * args.row_bytes() + blocks.start / parts * bytes);
        for i in 0..blocks.len() / parts {
            let tile = tiles.add(i * bytes);
            let header = F::header(tile);
            for part in 0..parts {
                let block = i * parts + part;
                for (four, levels) in panel[block].levels.iter_mut().enumerate() {
                    let out = levels.as_mut_ptr().add(group * TILE_ROWS * 4);
                    _mm256_storeu_si256(out.cast(), unsigned::<F>(tile, part, four));
                }
                for half in 0..halves::<F>() {
                    let out = panel[block].scales[half].as_mut_ptr().add(group * TILE_ROWS);
                    _mm256_storeu_ps(out, F::scales(tile, header, part, half));
                }
                if F::OFFSET {
                    _mm256_storeu_ps(panel[block].offsets.as_mut_ptr().add(group * TILE_ROWS), F::offsets(tile, header, part));
                }
            }
        }
    }
}

/// Adds the products of a panel, which holds the rows' `blocks`, with `T` tokens from `token` to their sums, which begin with the first
/// block.
///
/// # Safety
/// The panel is filled; `token` is a multiple of 16 and in `args`; there are `T` sums, initialised unless `blocks` begins with 0.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn add_products<F: PackedFormat, const T: usize>(
    args: &MatmulArgs<'_>,
    panel: &Panel,
    blocks: Range<usize>,
    token: usize,
    sums: *mut __m512,
) {
    let mut acc = [_mm512_setzero_ps(); T];
    // SAFETY: the caller's promise; sums are aligned.
    unsafe {
        if blocks.start > 0 {
            for (t, acc) in acc.iter_mut().enumerate() {
                *acc = *sums.add(t);
            }
        }
        let x = args.x.token_blocks(token, blocks.start);
        for (i, block) in panel[..blocks.len()].iter().enumerate() {
            step::<F, T, BLOCK_TOKENS>(block, &*x.add(i), &mut acc);
        }
        for (t, &acc) in acc.iter().enumerate() {
            *sums.add(t) = acc;
        }
    }
}
