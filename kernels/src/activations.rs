//! A batch of activations: the f32 rows, and the same as int8 blocks for quantised weights.

use crate::{Kernels, Pool, pool::SyncPtr};

/// Values that share one scale.
pub(crate) const BLOCK: usize = 32;

/// Rows `[rows, cols]` ready to be multiplied, with buffers planned once for the largest batch.
///
/// Float weights meet the f32 rows. Quantised weights meet int8 blocks of 32 values with an f32 scale, one format for all of
/// them: finer than ggml's blocks of 256 for the K types, and its scale is not rounded to f16.
pub struct Activations {
    max_rows: usize,
    max_cols: usize,
    rows: usize,
    cols: usize,
    values: Vec<f32>,
    q: Vec<i8>,
    d: Vec<f32>,
    s: Vec<f32>,
    minus8: Vec<[i32; 3]>,
    together: Vec<TokenBlock>,
}

/// Tokens of a [`TokenBlock`].
pub(crate) const BLOCK_TOKENS: usize = 16;

/// Columns of a token that lie together in a [`TokenBlock`], as the instruction set's widest multiplication takes them.
const RUN: usize = if cfg!(target_arch = "x86_64") { 4 } else { 8 };

/// Blocks that a thread brings together at a time.
const TOGETHER: usize = 8;

/// A block of 32 columns of sixteen tokens side by side, so that a product with many tokens reads one stream of memory, at distances
/// that are known beforehand. Places of tokens that are not there hold anything.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct TokenBlock {
    /// Of each [`RUN`] columns, those integers of each token.
    pub q: [[[i8; RUN]; BLOCK_TOKENS]; BLOCK / RUN],
    /// As in [`ActivationsView`].
    pub d: [f32; BLOCK_TOKENS],
    /// As in [`ActivationsView`].
    pub s: [f32; BLOCK_TOKENS],
    /// As in [`ActivationsView`]: first 16, last 16, all.
    pub minus8: [[i32; BLOCK_TOKENS]; 3],
}

impl TokenBlock {
    const EMPTY: Self = Self { q: [[[0; _]; _]; _], d: [0.0; _], s: [0.0; _], minus8: [[0; _]; _] };

    /// Sets token `t` of the sixteen.
    fn put(&mut self, t: usize, q: &[i8; BLOCK], d: f32, s: f32, minus8: [i32; 3]) {
        for (out, q) in self.q.iter_mut().zip(q.as_chunks::<RUN>().0) {
            out[t] = *q;
        }
        (self.d[t], self.s[t]) = (d, s);
        for (out, minus8) in self.minus8.iter_mut().zip(minus8) {
            out[t] = minus8;
        }
    }

    /// Blocks for `rows` tokens of `blocks` blocks each.
    const fn count(rows: usize, blocks: usize) -> usize {
        // No kernel reads them of one row.
        if cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) && rows > 1 { rows.div_ceil(BLOCK_TOKENS) * blocks } else { 0 }
    }
}

/// What a kernel sees of [`Activations`].
#[derive(Clone, Copy)]
pub(crate) struct ActivationsView<'a> {
    /// Tokens.
    pub rows: usize,
    /// Values of a token.
    pub cols: usize,
    /// Blocks of a token, `cols` rounded up to whole blocks of 32.
    pub blocks: usize,
    /// `[rows][cols]`.
    pub values: &'a [f32],
    /// `[rows][blocks * 32]`, -127 to 127; zero past `cols`.
    pub q: &'a [i8],
    /// Scale of each block, `[rows][blocks]`.
    pub d: &'a [f32],
    /// Scale times sum of each block, `[rows][blocks]`: what a constant offset of the weights is multiplied with.
    pub s: &'a [f32],
    /// Minus eight times the sums of the first 16, the last 16 and all integers of each block, `[rows][blocks]`: what is taken off
    /// for levels that count from 0 where the weights' zero is 8, or a sixteenth of it where that is 128.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "elsewhere levels are multiplied with their sign"))]
    pub minus8: &'a [[i32; 3]],
    /// The same for products with several tokens, `[rows rounded up / 16][blocks]`; empty for one row.
    #[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), expect(dead_code, reason = "empty elsewhere"))]
    pub together: &'a [TokenBlock],
}

impl Activations {
    /// Empty buffers for at most `max_rows` rows of at most `max_cols` values.
    pub fn with_capacity(max_rows: usize, max_cols: usize) -> Self {
        let blocks = max_cols.div_ceil(BLOCK);
        Self {
            max_rows,
            max_cols,
            rows: 0,
            cols: 0,
            values: vec![0.0; max_rows * max_cols],
            q: vec![0; max_rows * blocks * BLOCK],
            d: vec![0.0; max_rows * blocks],
            s: vec![0.0; max_rows * blocks],
            minus8: vec![[0; 3]; max_rows * blocks],
            together: vec![TokenBlock::EMPTY; TokenBlock::count(max_rows, blocks)],
        }
    }

    /// Bytes of the buffers of [`Activations::with_capacity`].
    pub fn bytes_for(max_rows: usize, max_cols: usize) -> usize {
        let blocks = max_cols.div_ceil(BLOCK);
        max_rows * (max_cols * size_of::<f32>() + blocks * (BLOCK + 2 * size_of::<f32>() + size_of::<[i32; 3]>()))
            + TokenBlock::count(max_rows, blocks) * size_of::<TokenBlock>()
    }

    /// Takes `x`, `[rows, cols]`, and quantises it. Values that are not finite give unspecified products, never undefined behaviour.
    ///
    /// # Panics
    /// If `x` is not whole rows of `cols`, or is larger than the capacity.
    pub fn load(&mut self, kernels: Kernels, pool: &Pool, x: &[f32], cols: usize) {
        assert!(cols > 0 && x.len().is_multiple_of(cols), "{} activations are not rows of {cols}", x.len());
        self.load_with(kernels, pool, x.len() / cols, cols, &|row, values| values.copy_from_slice(&x[row * cols..][..cols]));
    }

    /// As [`Activations::load`], of rows that `fill(row, values)` works out on the way, so that they are still in the cache when they
    /// are quantised. `values` holds anything before.
    ///
    /// # Panics
    /// If rows and columns exceed the capacity, or there are no columns.
    pub fn load_with(&mut self, kernels: Kernels, pool: &Pool, rows: usize, cols: usize, fill: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        assert!(
            cols > 0 && rows <= self.max_rows && cols <= self.max_cols,
            "activations [{rows}, {cols}] exceed the capacity [{}, {}]",
            self.max_rows,
            self.max_cols
        );
        (self.rows, self.cols) = (rows, cols);
        let blocks = cols.div_ceil(BLOCK);
        let values = SyncPtr::new(&mut self.values[..rows * cols]);
        let q = SyncPtr::new(&mut self.q[..rows * blocks * BLOCK]);
        let d = SyncPtr::new(&mut self.d[..rows * blocks]);
        let s = SyncPtr::new(&mut self.s[..rows * blocks]);
        let minus8 = SyncPtr::new(&mut self.minus8[..rows * blocks]);
        pool.run(rows, &|row| {
            let at = row * blocks;
            // SAFETY: the pool runs each row once, and rows do not overlap; the slices are inside those borrowed above.
            let (values, q) = unsafe { (values.slice(row * cols, cols), q.slice(at * BLOCK, blocks * BLOCK)) };
            // SAFETY: as above.
            let (d, s, minus8) = unsafe { (d.slice(at, blocks), s.slice(at, blocks), minus8.slice(at, blocks)) };
            fill(row, values);
            kernels.quantize_q8(values, q, d, s);
            for (minus8, q) in minus8.iter_mut().zip(q.as_chunks::<BLOCK>().0) {
                let sum = |half: &[i8]| half.iter().map(|&q| i32::from(q)).sum::<i32>();
                let [first, last] = [sum(&q[..BLOCK / 2]), sum(&q[BLOCK / 2..])];
                *minus8 = [-8 * first, -8 * last, -8 * (first + last)];
            }
        });
        self.bring_together(pool);
    }

    /// Fills the [`TokenBlock`]s from the rows.
    fn bring_together(&mut self, pool: &Pool) {
        let (rows, blocks) = (self.rows, self.cols.div_ceil(BLOCK));
        let (q, _) = self.q.as_chunks::<BLOCK>();
        let (d, s, minus8) = (&self.d, &self.s, &self.minus8);
        let count = TokenBlock::count(rows, blocks);
        let together = SyncPtr::new(&mut self.together[..count]);
        pool.run(count.div_ceil(TOGETHER), &|unit| {
            let first = unit * TOGETHER;
            // SAFETY: the pool runs each unit once, and units do not overlap; the slice is inside the one borrowed above.
            let together = unsafe { together.slice(first, TOGETHER.min(count - first)) };
            for (at, out) in (first..).zip(together) {
                let (tile, block) = (at / blocks, at % blocks);
                for t in 0..BLOCK_TOKENS.min(rows - tile * BLOCK_TOKENS) {
                    let at = (tile * BLOCK_TOKENS + t) * blocks + block;
                    out.put(t, &q[at], d[at], s[at], minus8[at]);
                }
            }
        });
    }

    /// Rows loaded.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Values of each row loaded.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// What a kernel sees: exactly the rows loaded.
    pub(crate) fn view(&self) -> ActivationsView<'_> {
        let (rows, cols, blocks) = (self.rows, self.cols, self.cols.div_ceil(BLOCK));
        ActivationsView {
            rows,
            cols,
            blocks,
            values: &self.values[..rows * cols],
            q: &self.q[..rows * blocks * BLOCK],
            d: &self.d[..rows * blocks],
            s: &self.s[..rows * blocks],
            minus8: &self.minus8[..rows * blocks],
            together: &self.together[..TokenBlock::count(rows, blocks)],
        }
    }
}
