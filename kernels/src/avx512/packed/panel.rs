//! Many tokens: rows are unpacked once for all of them.

use super::{Block, ROWS, halves, lanes, step, unsigned};
use crate::{activations::BLOCK_TOKENS, avx2::packed::PackedFormat, packed::TILE_ROWS, tile::MatmulArgs};
use std::{arch::x86_64::*, mem::MaybeUninit, ops::Range};

/// Blocks of 32 columns that a [`Panel`] holds: together with the activations of a tile of tokens they fit the first-level cache.
const PANEL_BLOCKS: usize = 8;
/// Most panels whose sums are kept until they are complete: the rows of a unit.
const MOST_PANELS: usize = 4;
/// Most tokens of these sums.
const MOST_TOKENS: usize = 128;

/// Sums of the rows of a panel.
type Sums = [__m512; MOST_TOKENS];

/// Some blocks of sixteen rows, unpacked once for all tokens.
type Panel = [PanelBlock; PANEL_BLOCKS];

/// A block of sixteen rows, unpacked.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct PanelBlock {
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

/// All tokens.
///
/// # Safety
/// As for [`matmul`](super::matmul), with several tokens.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn matmul<F: PackedFormat>(args: &MatmulArgs<'_>) {
    for token in (0..args.x.rows).step_by(MOST_TOKENS) {
        for row in (0..args.rows).step_by(MOST_PANELS * ROWS) {
            let rows = row..args.rows.min(row + MOST_PANELS * ROWS);
            let tokens = token..args.x.rows.min(token + MOST_TOKENS);
            // SAFETY: these rows and tokens are in `args`; the rest is the caller's promise.
            unsafe { section::<F>(args, rows, tokens) };
        }
    }
}

/// Some rows and tokens: sixteen rows are unpacked, some columns at a time, and all tokens pass by. Sums are kept apart until they are
/// complete: where they are to go, the tokens' lines may share one set of the cache.
/// Other rows follow before other columns, so that the activations of these columns stay in the second-level cache.
///
/// # Safety
/// As for [`matmul`]; the rows and tokens are in `args` and at most `MOST_PANELS * ROWS` and `MOST_TOKENS`, the first of them
/// being a multiple of these.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn section<F: PackedFormat>(args: &MatmulArgs<'_>, rows: Range<usize>, tokens: Range<usize>) {
    let mut panel = [PanelBlock::EMPTY; PANEL_BLOCKS];
    let mut sums = [const { MaybeUninit::<Sums>::uninit() }; MOST_PANELS];
    for first in (0..args.x.blocks).step_by(PANEL_BLOCKS) {
        let blocks = first..args.x.blocks.min(first + PANEL_BLOCKS);
        for (row, sums) in rows.clone().step_by(ROWS).zip(&mut sums) {
            // SAFETY: the rows, blocks and tokens are in `args`; the sums of a tile of tokens are written with the first block and read
            // with later ones.
            unsafe {
                for group in 0..ROWS.min(rows.end - row) / TILE_ROWS {
                    unpack::<F>(args, row + group * TILE_ROWS, blocks.clone(), group, &mut panel);
                }
                let next = row + ROWS;
                let (next, first) = if next < rows.end { (next, first) } else { (rows.start, first + PANEL_BLOCKS) };
                prefetch::<F>(args, next, first);
                for token in tokens.clone().step_by(BLOCK_TOKENS) {
                    let sums = sums.as_mut_ptr().cast::<__m512>().add(token - tokens.start);
                    match tokens.end - token {
                        9.. => add_products::<F, BLOCK_TOKENS>(args, &panel, blocks.clone(), token, sums),
                        5.. => add_products::<F, 8>(args, &panel, blocks.clone(), token, sums),
                        _ => add_products::<F, 4>(args, &panel, blocks.clone(), token, sums),
                    }
                }
            }
        }
    }
    for (row, sums) in rows.clone().step_by(ROWS).zip(&sums) {
        let sums: *const __m512 = sums.as_ptr().cast();
        for (i, token) in tokens.clone().enumerate() {
            // SAFETY: the sums of each token were written above; lanes stand for rows that are in `args`, and so are the tokens.
            unsafe { _mm512_mask_storeu_ps(args.out.add(token * args.out_stride + row), lanes(args, row), *sums.add(i)) };
        }
    }
}

/// Asks for what is unpacked next, sixteen rows from `row` and the blocks of a panel from `first`, which need not exist.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn prefetch<F: PackedFormat>(args: &MatmulArgs<'_>, row: usize, first: usize) {
    let len = F::DTYPE.dtype().block_len();
    let bytes = TILE_ROWS * F::DTYPE.dtype().block_bytes();
    for group in [row, row + TILE_ROWS] {
        let tiles = args.weights.as_ptr().wrapping_add(group * args.row_bytes() + first * 32 / len * bytes);
        for line in (0..PANEL_BLOCKS * 32 / len * bytes).step_by(64) {
            _mm_prefetch::<_MM_HINT_T0>(tiles.wrapping_add(line).cast());
        }
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
        let x = args.x.together.as_ptr().add(token / BLOCK_TOKENS * args.x.blocks + blocks.start);
        for (i, block) in panel[..blocks.len()].iter().enumerate() {
            step::<F, T>(block, &*x.add(i), &mut acc);
        }
        for (t, &acc) in acc.iter().enumerate() {
            *sums.add(t) = acc;
        }
    }
}
