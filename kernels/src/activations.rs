//! Batches of activations as int8 blocks, and the operand of a matrix product that is made of them.

use crate::{Kernels, Pool, pool::SyncPtr};
use std::slice;

/// Values that share one scale.
pub(crate) const BLOCK: usize = 32;

/// Buffers for quantised rows, planned once for the largest batch.
///
/// Quantised weights meet int8 blocks of 32 values with an f32 scale, one format for all of them: finer than ggml's blocks of 256
/// for the K types, and its scale is not rounded to f16. Float weights meet the f32 rows, which stay where they are: see [`Operand`].
pub struct Activations {
    max_rows: usize,
    max_cols: usize,
    q: Vec<i8>,
    d: Vec<f32>,
    s: Vec<f32>,
    minus8: Vec<[i32; 3]>,
    together: Vec<Line>,
}

/// Most tokens of a [`TokenBlock`].
pub(crate) const BLOCK_TOKENS: usize = 16;

/// Up to this many tokens, a [`TokenBlock`] has places for no more than there are, so that a few tokens stay in the first-level cache.
pub(crate) const FEW_TOKENS: usize = if cfg!(target_arch = "x86_64") { 8 } else { 0 };

/// Up to this many, tokens are shared out among as few blocks as sixteens would be, an even number of places each: a tile of sixteen and
/// one of a few take longer than two of ten.
pub(crate) const SOME_TOKENS: usize = if cfg!(target_arch = "x86_64") { 48 } else { 0 };

/// Columns of a token that lie together in a [`TokenBlock`], as the instruction set's widest multiplication takes them.
const RUN: usize = if cfg!(target_arch = "x86_64") { 4 } else { 8 };

/// Blocks that a thread brings together at a time.
const TOGETHER: usize = 8;

/// A block of 32 columns of `T` tokens side by side, so that a product with many tokens reads one stream of memory, at distances
/// that are known beforehand. Places of tokens that are not there hold anything.
#[derive(Clone, Copy)]
#[repr(C)]
pub(crate) struct TokenBlock<const T: usize> {
    /// Of each [`RUN`] columns, those integers of each token.
    pub q: [[[i8; RUN]; T]; BLOCK / RUN],
    /// As in [`Operand`].
    pub d: [f32; T],
    /// As in [`Operand`].
    pub s: [f32; T],
    /// As in [`Operand`]: first 16, last 16, all.
    pub minus8: [[i32; T]; 3],
}

/// What [`TokenBlock`]s lie in.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
struct Line([i32; LINE]);

/// Words of a [`Line`].
const LINE: usize = 16;

/// The words of some lines.
fn words(lines: &mut [Line]) -> &mut [i32] {
    // SAFETY: a line is so many words, and nothing else.
    unsafe { slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), lines.len() * LINE) }
}

/// Words of a token in a [`TokenBlock`].
const TOKEN_WORDS: usize = size_of::<TokenBlock<1>>() / size_of::<i32>();

/// Places of each [`TokenBlock`] where there are `rows` tokens.
pub(crate) const fn places(rows: usize) -> usize {
    if rows > SOME_TOKENS {
        BLOCK_TOKENS
    } else if rows > FEW_TOKENS {
        rows.div_ceil(rows.div_ceil(BLOCK_TOKENS)).next_multiple_of(2)
    } else if rows > 0 {
        rows
    } else {
        1
    }
}

/// All words of so many blocks of `rows` tokens.
const fn all_words(rows: usize, blocks: usize) -> usize {
    // No kernel reads them of one row.
    let several = cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) && rows > 1;
    if several { rows.next_multiple_of(places(rows)) * TOKEN_WORDS * blocks } else { 0 }
}

/// Sets token `t` of a [`TokenBlock`] of `tokens`, given as words.
fn put(block: &mut [i32], tokens: usize, t: usize, q: &[i8; BLOCK], d: f32, s: f32, minus8: [i32; 3]) {
    let (levels, rest) = block.split_at_mut(tokens * BLOCK / 4);
    for (run, q) in levels.chunks_exact_mut(tokens * RUN / 4).zip(q.as_chunks::<RUN>().0) {
        for (word, q) in run[t * RUN / 4..].iter_mut().zip(q.as_chunks::<4>().0) {
            *word = i32::from_ne_bytes(q.map(i8::cast_unsigned));
        }
    }
    let [first, last, all] = minus8;
    for (place, word) in rest.chunks_exact_mut(tokens).zip([d.to_bits().cast_signed(), s.to_bits().cast_signed(), first, last, all]) {
        place[t] = word;
    }
}

/// What matrices are multiplied with: rows of f32 `[rows, cols]`, and the same quantised.
#[derive(Clone, Copy)]
pub struct Operand<'a> {
    /// Tokens.
    pub(crate) rows: usize,
    /// Values of a token.
    pub(crate) cols: usize,
    /// Blocks of a token, `cols` rounded up to whole blocks of 32.
    pub(crate) blocks: usize,
    /// `[rows][cols]`.
    pub(crate) values: &'a [f32],
    /// `[rows][blocks * 32]`, -127 to 127; zero past `cols`.
    pub(crate) q: &'a [i8],
    /// Scale of each block, `[rows][blocks]`.
    pub(crate) d: &'a [f32],
    /// Scale times sum of each block, `[rows][blocks]`: what a constant offset of the weights is multiplied with.
    pub(crate) s: &'a [f32],
    /// Minus eight times the sums of the first 16, the last 16 and all integers of each block, `[rows][blocks]`: what is taken off
    /// for levels that count from 0 where the weights' zero is 8, or a sixteenth of it where that is 128.
    pub(crate) minus8: &'a [[i32; 3]],
    /// The same for products with several tokens, as [`TokenBlock`]s `[rows rounded up / T][blocks]`; empty for one row.
    #[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), expect(dead_code, reason = "empty elsewhere"))]
    together: &'a [Line],
}

impl<'a> Operand<'a> {
    /// Tokens.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values of each.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// The blocks of 32 columns, from the `block`-th on, of the tokens that the `token`-th lies beside.
    ///
    /// # Safety
    /// There are several tokens, for which `T` is the number of [`places`], and so many tokens and blocks.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[inline]
    pub(crate) unsafe fn token_blocks<const T: usize>(&self, token: usize, block: usize) -> *const TokenBlock<T> {
        // SAFETY: the caller's promise; the lines hold such blocks, one after the other.
        unsafe { self.together.as_ptr().cast::<TokenBlock<T>>().add(token / T * self.blocks + block) }
    }

    /// One of its rows.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> Operand<'a> {
        let (values, blocks) = (row * self.cols..(row + 1) * self.cols, row * self.blocks..(row + 1) * self.blocks);
        Operand {
            rows: 1,
            values: &self.values[values],
            q: &self.q[blocks.start * BLOCK..blocks.end * BLOCK],
            d: &self.d[blocks.clone()],
            s: &self.s[blocks.clone()],
            minus8: &self.minus8[blocks],
            together: &[],
            ..*self
        }
    }
}

impl Activations {
    /// Empty buffers for at most `max_rows` rows of at most `max_cols` values.
    pub fn with_capacity(max_rows: usize, max_cols: usize) -> Self {
        let blocks = max_cols.div_ceil(BLOCK);
        Self {
            max_rows,
            max_cols,
            q: vec![0; max_rows * blocks * BLOCK],
            d: vec![0.0; max_rows * blocks],
            s: vec![0.0; max_rows * blocks],
            minus8: vec![[0; 3]; max_rows * blocks],
            together: vec![Line([0; _]); Self::lines(max_rows, blocks)],
        }
    }

    /// Bytes of the buffers of [`Activations::with_capacity`].
    pub fn bytes_for(max_rows: usize, max_cols: usize) -> usize {
        let blocks = max_cols.div_ceil(BLOCK);
        max_rows * blocks * (BLOCK + 2 * size_of::<f32>() + size_of::<[i32; 3]>()) + Self::lines(max_rows, blocks) * size_of::<Line>()
    }

    /// Lines for as many rows, or fewer, whose blocks may have more places than there are tokens.
    fn lines(max_rows: usize, blocks: usize) -> usize {
        if max_rows > 1 { all_words(max_rows.next_multiple_of(BLOCK_TOKENS), blocks).div_ceil(LINE) } else { 0 }
    }

    /// `x`, `[rows, cols]`, as an operand. Values that are not finite give unspecified products, never undefined behaviour.
    ///
    /// # Panics
    /// If `x` is not whole rows of `cols`, or is larger than the capacity.
    pub fn load<'a>(&'a mut self, kernels: Kernels, pool: &Pool, x: &'a [f32], cols: usize) -> Operand<'a> {
        self.quantize(kernels, pool, whole_rows(x, cols), cols, &|row| &x[row * cols..][..cols]);
        self.operand(x, cols)
    }

    /// `x += y`, then `y = rms_norm(x)`, which is the operand: what a block of the network ends and the next one begins with.
    /// `x` and `y` are `[rows, weight.len()]`.
    ///
    /// # Panics
    /// If `x` is not as long as `y`, or as [`Activations::load`].
    pub fn load_norm<'a>(
        &'a mut self,
        kernels: Kernels,
        pool: &Pool,
        x: &mut [f32],
        y: &'a mut [f32],
        weight: &[f32],
        eps: f32,
    ) -> Operand<'a> {
        assert_eq!(x.len(), y.len(), "load_norm: lengths differ");
        let cols = weight.len();
        let rows = whole_rows(y, cols);
        let (x, out) = (SyncPtr::new(x), SyncPtr::new(y));
        self.quantize(kernels, pool, rows, cols, &|row| {
            // SAFETY: each row is asked for once, so these slices are the only ones; both are as long as `rows * cols`.
            let (x, y) = unsafe { (x.slice(row * cols, cols), out.slice(row * cols, cols)) };
            kernels.add(x, y);
            kernels.rms_norm(x, weight, eps, y);
            y
        });
        self.operand(y, cols)
    }

    /// `gate = silu(gate) * up`, which is the operand. Both are `[rows, cols]`.
    ///
    /// # Panics
    /// If `gate` is not as long as `up`, or as [`Activations::load`].
    pub fn load_gated<'a>(&'a mut self, kernels: Kernels, pool: &Pool, gate: &'a mut [f32], up: &[f32], cols: usize) -> Operand<'a> {
        assert_eq!(gate.len(), up.len(), "load_gated: lengths differ");
        let rows = whole_rows(gate, cols);
        let out = SyncPtr::new(gate);
        self.quantize(kernels, pool, rows, cols, &|row| {
            // SAFETY: each row is asked for once, so this slice is the only one; `gate` has `rows * cols` values.
            let gate = unsafe { out.slice(row * cols, cols) };
            kernels.silu_mul(gate, &up[row * cols..][..cols]);
            gate
        });
        self.operand(gate, cols)
    }

    /// Quantises `rows` rows of `cols` values. `values(row)` is called once for each, on the thread that then quantises it, so that
    /// what is worked out there is still in the cache.
    fn quantize<'v>(&mut self, kernels: Kernels, pool: &Pool, rows: usize, cols: usize, values: &(dyn Fn(usize) -> &'v [f32] + Sync)) {
        assert!(
            rows <= self.max_rows && cols <= self.max_cols,
            "activations [{rows}, {cols}] exceed the capacity [{}, {}]",
            self.max_rows,
            self.max_cols
        );
        let blocks = cols.div_ceil(BLOCK);
        let q = SyncPtr::new(&mut self.q[..rows * blocks * BLOCK]);
        let d = SyncPtr::new(&mut self.d[..rows * blocks]);
        let s = SyncPtr::new(&mut self.s[..rows * blocks]);
        let minus8 = SyncPtr::new(&mut self.minus8[..rows * blocks]);
        pool.run(rows, &|row| {
            let at = row * blocks;
            // SAFETY: the pool runs each row once, and rows do not overlap; the slices are inside those borrowed above.
            let (q, d) = unsafe { (q.slice(at * BLOCK, blocks * BLOCK), d.slice(at, blocks)) };
            // SAFETY: as above.
            let (s, minus8) = unsafe { (s.slice(at, blocks), minus8.slice(at, blocks)) };
            kernels.quantize_q8(values(row), q, d, s);
            for (minus8, q) in minus8.iter_mut().zip(q.as_chunks::<BLOCK>().0) {
                let sum = |half: &[i8]| half.iter().map(|&q| i32::from(q)).sum::<i32>();
                let [first, last] = [sum(&q[..BLOCK / 2]), sum(&q[BLOCK / 2..])];
                *minus8 = [-8 * first, -8 * last, -8 * (first + last)];
            }
        });
        self.bring_together(pool, rows, blocks);
    }

    /// Fills the [`TokenBlock`]s from the rows.
    fn bring_together(&mut self, pool: &Pool, rows: usize, blocks: usize) {
        let (q, _) = self.q.as_chunks::<BLOCK>();
        let (d, s, minus8) = (&self.d, &self.s, &self.minus8);
        let tokens = places(rows);
        let per_block = tokens * TOKEN_WORDS;
        let count = all_words(rows, blocks) / per_block;
        let together = SyncPtr::new(&mut words(&mut self.together)[..count * per_block]);
        pool.run(count.div_ceil(TOGETHER), &|unit| {
            let first = unit * TOGETHER;
            // SAFETY: the pool runs each unit once, and units do not overlap; the slice is inside the one borrowed above.
            let together = unsafe { together.slice(first * per_block, TOGETHER.min(count - first) * per_block) };
            for (at, out) in (first..).zip(together.chunks_exact_mut(per_block)) {
                let (tile, block) = (at / blocks, at % blocks);
                for t in 0..tokens.min(rows - tile * tokens) {
                    let at = (tile * tokens + t) * blocks + block;
                    put(out, tokens, t, &q[at], d[at], s[at], minus8[at]);
                }
            }
        });
    }

    /// `values`, which have been quantised, as an operand.
    fn operand<'a>(&'a self, values: &'a [f32], cols: usize) -> Operand<'a> {
        let (rows, blocks) = (values.len() / cols, cols.div_ceil(BLOCK));
        Operand {
            rows,
            cols,
            blocks,
            values,
            q: &self.q[..rows * blocks * BLOCK],
            d: &self.d[..rows * blocks],
            s: &self.s[..rows * blocks],
            minus8: &self.minus8[..rows * blocks],
            together: &self.together[..all_words(rows, blocks).div_ceil(LINE)],
        }
    }
}

/// The number of rows of `cols` values in `x`.
fn whole_rows(x: &[f32], cols: usize) -> usize {
    assert!(cols > 0 && x.len().is_multiple_of(cols), "{} activations are not rows of {cols}", x.len());
    x.len() / cols
}
