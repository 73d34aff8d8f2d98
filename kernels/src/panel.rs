//! Products of packed weights with several tokens: some rows and columns are unpacked once, into a panel that stays in the first-level
//! cache, and all tokens pass by. Instruction sets differ in what a panel looks like and how it is multiplied, which is [`Panels`].

use crate::{activations::BLOCK_TOKENS, kernels::UNIT_ROWS_MAX, tile::MatmulArgs};
use std::{mem::MaybeUninit, ops::Range};

/// Blocks of 32 columns that a panel holds: together with the activations of a tile of tokens they fit the first-level cache.
pub(crate) const PANEL_BLOCKS: usize = 8;
/// Most tokens whose sums are kept until they are complete.
const MOST_TOKENS: usize = 128;
/// Up to this many tokens, the activations of all columns stay in the second-level cache.
const FEW_TOKENS: usize = 2 * BLOCK_TOKENS;

/// Sums of all rows of a unit: of each panel, all tokens; of each token, or of tokens that lie together, the rows of the panel.
#[repr(align(64))]
struct Sums([MaybeUninit<f32>; UNIT_ROWS_MAX * MOST_TOKENS]);

/// Panels of one weight type on one instruction set.
pub(crate) trait Panels {
    /// Rows of a panel, a multiple of 8.
    const ROWS: usize;
    /// Unpacked weights.
    type Panel;
    /// A panel without any.
    const EMPTY: Self::Panel;

    /// Unpacks some blocks of at most `ROWS` rows.
    ///
    /// # Safety
    /// The CPU has the instruction set. These are in `args`, which is as [`MatmulArgs`] states, with whole tiles of this type;
    /// the blocks are at most [`PANEL_BLOCKS`], those of whole tiles.
    unsafe fn unpack(args: &MatmulArgs<'_>, rows: Range<usize>, blocks: Range<usize>, panel: &mut Self::Panel);

    /// Asks for what is unpacked next, rows from `row` and blocks from `block`, which need not exist.
    ///
    /// # Safety
    /// The CPU has the instruction set.
    unsafe fn prefetch(_args: &MatmulArgs<'_>, _row: usize, _block: usize) {}

    /// Adds the products of a panel with the first one or more of some tokens to their sums; returns how many these are.
    ///
    /// Of each block: one multiplication of the sum of integers by the activations' scale, then one fused multiply-add with the weights'
    /// scale, on every instruction set.
    ///
    /// # Safety
    /// The CPU has the instruction set; the panel holds these blocks; the tokens are in `args`; `sums` are those of the panel and
    /// of the first of these tokens, initialised unless `blocks` begins with 0.
    unsafe fn add_products(args: &MatmulArgs<'_>, panel: &Self::Panel, blocks: Range<usize>, tokens: Range<usize>, sums: *mut f32)
    -> usize;

    /// Copies the complete sums of token `t`, counted from the first of a panel's, to `rows` places from `out` on.
    ///
    /// # Safety
    /// The CPU has the instruction set; `sums` are those of the panel; so many floats go to `out`.
    unsafe fn store(sums: *const f32, t: usize, rows: usize, out: *mut f32);
}

/// All products of a unit.
///
/// # Safety
/// The CPU has the instruction set of `P`; `args` is as [`MatmulArgs`] states, with whole tiles of its type and several tokens.
pub(crate) unsafe fn matmul<P: Panels>(args: &MatmulArgs<'_>) {
    for token in (0..args.x.rows).step_by(MOST_TOKENS) {
        for row in (0..args.rows).step_by(UNIT_ROWS_MAX) {
            let rows = row..args.rows.min(row + UNIT_ROWS_MAX);
            let tokens = token..args.x.rows.min(token + MOST_TOKENS);
            // SAFETY: these rows and tokens are in `args`; the rest is the caller's promise.
            unsafe { section::<P>(args, rows, tokens) };
        }
    }
}

/// Some rows and tokens. Sums are kept apart until they are complete: where they are to go, the tokens' lines may share one set of the
/// cache.
///
/// With many tokens, other rows follow before other columns, so that the activations of these columns stay in the second-level cache.
/// With few, whose activations all stay there, columns follow first, so that weights are read as they lie.
///
/// # Safety
/// As for [`matmul`]; the rows and tokens are in `args` and at most `UNIT_ROWS_MAX` and `MOST_TOKENS`, the first of them being a
/// multiple of these.
unsafe fn section<P: Panels>(args: &MatmulArgs<'_>, rows: Range<usize>, tokens: Range<usize>) {
    let mut panel = P::EMPTY;
    let mut sums = Sums([MaybeUninit::uninit(); _]);
    let (down, across) = (rows.len().div_ceil(P::ROWS), args.x.blocks.div_ceil(PANEL_BLOCKS));
    let place = |i: usize| if tokens.len() > FEW_TOKENS { (i % down, i / down) } else { (i / across, i % across) };
    let sums_of = |p: usize| p * P::ROWS * MOST_TOKENS;
    for i in 0..down * across {
        let (p, column) = place(i);
        let row = rows.start + p * P::ROWS;
        let first = column * PANEL_BLOCKS;
        let blocks = first..args.x.blocks.min(first + PANEL_BLOCKS);
        // SAFETY: the rows, blocks and tokens are in `args`; the sums of a token are written with the first block and read with
        // later ones.
        unsafe {
            P::unpack(args, row..rows.end.min(row + P::ROWS), blocks.clone(), &mut panel);
            let (p_next, column_next) = place(i + 1);
            P::prefetch(args, rows.start + p_next * P::ROWS, column_next * PANEL_BLOCKS);
            let mut token = tokens.start;
            while token < tokens.end {
                let sums = sums.0[sums_of(p) + (token - tokens.start) * P::ROWS..].as_mut_ptr().cast();
                token += P::add_products(args, &panel, blocks.clone(), token..tokens.end, sums);
            }
        }
    }
    for (p, row) in rows.clone().step_by(P::ROWS).enumerate() {
        let sums = sums.0[sums_of(p)..].as_ptr().cast();
        for (t, token) in tokens.clone().enumerate() {
            // SAFETY: the sums of each token were written above; the rows and the token are in `args`.
            unsafe { P::store(sums, t, P::ROWS.min(rows.end - row), args.out.add(token * args.out_stride + row)) }
        }
    }
}
