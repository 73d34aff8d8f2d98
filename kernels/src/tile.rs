//! Matrix products as register tiles: what every instruction set shares.
//!
//! A kernel computes `R` rows of weights times `T` tokens at once, with the weights unpacked once for all `T`. It is generic over
//! `R` and `T`, and for each pair of row and token its sequence of float operations must be the same whatever they are, so that a
//! result has the same bits in every batch and on any number of threads.

use crate::Operand;

/// One unit of a product: some rows of one matrix times all tokens of the batch.
pub(crate) struct MatmulArgs<'a> {
    /// `rows` rows of weights, each `weights.len() / rows` bytes.
    pub weights: &'a [u8],
    /// Rows of weights, at least 1.
    pub rows: usize,
    /// Columns; equal to `x.cols`.
    pub cols: usize,
    /// The activations, `x.rows` tokens.
    pub x: Operand<'a>,
    /// Where the first row's product with the first token goes.
    pub out: *mut f32,
    /// Distance between the tokens of the output.
    pub out_stride: usize,
}

impl MatmulArgs<'_> {
    /// Bytes of one row of weights.
    pub(crate) fn row_bytes(&self) -> usize {
        self.weights.len() / self.rows
    }

    /// Writes the products of eight rows of this unit, the first being `r`, with a token: `store` is handed where they go.
    ///
    /// # Safety
    /// As for [`MatmulArgs::store`], for all eight rows.
    #[cfg_attr(not(any(target_arch = "x86_64", target_arch = "aarch64")), expect(dead_code, reason = "no instruction set to use it"))]
    pub(crate) unsafe fn store8(&self, r: usize, t: usize, store: impl FnOnce(*mut f32)) {
        debug_assert!(r + 8 <= self.rows && t < self.x.rows);
        // SAFETY: the caller's promise.
        store(unsafe { self.out.add(t * self.out_stride + r) });
    }

    /// Writes the product of a row of this unit with a token.
    ///
    /// # Safety
    /// `r < self.rows`, `t < self.x.rows`, and `out` is writable at `t * out_stride + r` for all of these.
    pub(crate) unsafe fn store(&self, r: usize, t: usize, value: f32) {
        debug_assert!(r < self.rows && t < self.x.rows);
        // SAFETY: the caller's promise.
        unsafe { self.out.add(t * self.out_stride + r).write(value) }
    }
}

/// A register tile of one weight type on one instruction set.
pub(crate) trait MatmulTile {
    /// Rows that stand for one: those of a packed tile go together.
    const ROWS: usize = 1;

    /// Stores the products of rows `row..row + R * ROWS` with tokens `token..token + T`.
    ///
    /// # Safety
    /// The CPU has the instruction set; the rows and tokens are inside `args`; `args` is as [`MatmulArgs`] states, its weights are
    /// whole rows of this type and its output is writable for all of its rows and tokens.
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize);
}

/// Covers a unit with tiles: `GEMV` rows by one token while decoding, else `R` rows by `T` tokens, and smaller ones of the same
/// code at the edges. A group of `T` tokens stays in the first-level cache while the rows of the unit pass by.
///
/// # Safety
/// As for [`MatmulTile::tile`]; the rows of the unit are a multiple of [`MatmulTile::ROWS`].
pub(crate) unsafe fn matmul<K: MatmulTile, const GEMV: usize, const R: usize, const T: usize>(args: &MatmulArgs<'_>) {
    let mut token = 0;
    while token + T <= args.x.rows {
        // SAFETY: `token + T` tokens are in `args`; the rest is the caller's promise.
        unsafe { strip::<K, R, T>(args, token) };
        token += T;
    }
    while T > 2 && token + 2 <= args.x.rows {
        // SAFETY: two more tokens are in `args`; the rest is the caller's promise.
        unsafe { strip::<K, R, 2>(args, token) };
        token += 2;
    }
    while token < args.x.rows {
        // SAFETY: one more token is in `args`; the rest is the caller's promise.
        unsafe { strip::<K, GEMV, 1>(args, token) };
        token += 1;
    }
}

/// All rows of a unit times `T` tokens.
///
/// # Safety
/// As for [`MatmulTile::tile`], with `token + T` tokens in `args`.
unsafe fn strip<K: MatmulTile, const R: usize, const T: usize>(args: &MatmulArgs<'_>, token: usize) {
    let mut row = 0;
    while row + R * K::ROWS <= args.rows {
        // SAFETY: these rows are in `args`; the rest is the caller's promise.
        unsafe { K::tile::<R, T>(args, row, token) };
        row += R * K::ROWS;
    }
    while row < args.rows {
        // SAFETY: one more, or as many as go together, are in `args`; the rest is the caller's promise.
        unsafe { K::tile::<1, T>(args, row, token) };
        row += K::ROWS;
    }
}
