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
    sums: Vec<[f32; 3]>,
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
    /// Sums of the first 16, the last 16 and all integers of each block, `[rows][blocks]`: what levels that count from 0, and not
    /// from the weights' zero, have too much is a multiple of them. They are floats because all of that is exact there.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "elsewhere levels are multiplied with their sign"))]
    pub sums: &'a [[f32; 3]],
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
            sums: vec![[0.0; 3]; max_rows * blocks],
        }
    }

    /// Bytes of the buffers of [`Activations::with_capacity`].
    pub fn bytes_for(max_rows: usize, max_cols: usize) -> usize {
        let blocks = max_cols.div_ceil(BLOCK);
        max_rows * (max_cols * size_of::<f32>() + blocks * (BLOCK + 2 * size_of::<f32>() + size_of::<[f32; 3]>()))
    }

    /// Takes `x`, `[rows, cols]`, and quantises it. Values that are not finite give unspecified products, never undefined behaviour.
    ///
    /// # Panics
    /// If `x` is not whole rows of `cols`, or is larger than the capacity.
    pub fn load(&mut self, kernels: Kernels, pool: &Pool, x: &[f32], cols: usize) {
        assert!(cols > 0 && x.len().is_multiple_of(cols), "{} activations are not rows of {cols}", x.len());
        let rows = x.len() / cols;
        assert!(
            rows <= self.max_rows && cols <= self.max_cols,
            "activations [{rows}, {cols}] exceed the capacity [{}, {}]",
            self.max_rows,
            self.max_cols
        );
        (self.rows, self.cols) = (rows, cols);
        self.values[..x.len()].copy_from_slice(x);
        let blocks = cols.div_ceil(BLOCK);
        let q = SyncPtr::new(&mut self.q[..rows * blocks * BLOCK]);
        let d = SyncPtr::new(&mut self.d[..rows * blocks]);
        let s = SyncPtr::new(&mut self.s[..rows * blocks]);
        let sums = SyncPtr::new(&mut self.sums[..rows * blocks]);
        pool.run(rows, &|row| {
            let at = row * blocks;
            // SAFETY: the pool runs each row once, and rows do not overlap; the slices are inside those borrowed above.
            let (q, d, s) = unsafe { (q.slice(at * BLOCK, blocks * BLOCK), d.slice(at, blocks), s.slice(at, blocks)) };
            kernels.quantize_q8(&x[row * cols..(row + 1) * cols], q, d, s);
            // SAFETY: as above.
            let sums = unsafe { sums.slice(at, blocks) };
            for (sums, q) in sums.iter_mut().zip(q.as_chunks::<BLOCK>().0) {
                let sum = |half: &[i8]| half.iter().map(|&q| i32::from(q)).sum::<i32>() as f32;
                let [first, last] = [sum(&q[..BLOCK / 2]), sum(&q[BLOCK / 2..])];
                *sums = [first, last, first + last];
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
            sums: &self.sums[..rows * blocks],
        }
    }
}
