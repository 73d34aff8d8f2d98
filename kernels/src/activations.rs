//! Batches of activations as int8 blocks, and the operand of a matrix product that is made of them.

use crate::{Isa, Kernels, Pool, pool::SyncPtr};
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
    /// Of each [`TokenBlock`].
    places: usize,
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

/// The words that a run of integers is.
fn words_of(q: &[i8; RUN]) -> [i32; RUN / 4] {
    let mut words = [0; RUN / 4];
    for (word, q) in words.iter_mut().zip(q.as_chunks().0) {
        *word = i32::from_ne_bytes(q.map(i8::cast_unsigned));
    }
    words
}

/// A block of 32 columns of one or more tokens, wherever these lie.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(crate) struct TokenColumns {
    q: *const i32,
    d: *const f32,
    s: *const f32,
    minus8: *const i32,
    places: usize,
    next: usize,
}

#[cfg(target_arch = "x86_64")]
impl TokenColumns {
    /// The `four`-th four activations of each token, token beside token.
    ///
    /// # Safety
    /// `four` is below 8.
    #[inline]
    pub unsafe fn four(self, four: usize) -> *const i32 {
        // SAFETY: the caller's promise: there are eight times four activations of each place.
        unsafe { self.q.add(four * self.places) }
    }

    /// Words from four activations of each token to the next four.
    #[inline]
    pub fn places(self) -> usize {
        self.places
    }

    /// Bytes to the same columns of the tokens that lie together behind these.
    #[inline]
    pub fn next_bytes(self) -> usize {
        self.next * size_of::<i32>()
    }

    /// Those.
    #[inline]
    pub fn next_tile(self) -> Self {
        let Self { q, d, s, minus8, places, next } = self;
        Self { q: q.wrapping_add(next), d: d.wrapping_add(next), s: s.wrapping_add(next), minus8: minus8.wrapping_add(next), places, next }
    }

    /// The scales of all tokens.
    #[inline]
    pub fn scales(self) -> *const f32 {
        self.d
    }

    /// Minus eight times the sums of all tokens.
    #[inline]
    pub fn zeros(self) -> *const i32 {
        self.minus8.wrapping_add(2 * self.places)
    }

    /// The scale of token `t`.
    ///
    /// # Safety
    /// There is such a token.
    #[inline]
    pub unsafe fn d(self, t: usize) -> f32 {
        // SAFETY: the caller's promise.
        unsafe { *self.d.add(t) }
    }

    /// The scale times the sum, of token `t`.
    ///
    /// # Safety
    /// As for `d`.
    #[inline]
    pub unsafe fn s(self, t: usize) -> f32 {
        // SAFETY: the caller's promise.
        unsafe { *self.s.add(t) }
    }

    /// Minus eight times the `sum`-th sum of token `t`.
    ///
    /// # Safety
    /// As for `d`; `sum` is below 3.
    #[inline]
    pub unsafe fn minus8(self, sum: usize, t: usize) -> i32 {
        // SAFETY: the caller's promise.
        unsafe { *self.minus8.add(sum * self.places + t) }
    }
}

/// Words of a token in a [`TokenBlock`].
const TOKEN_WORDS: usize = size_of::<TokenBlock<1>>() / size_of::<i32>();

/// Tokens of one of AVX2's tiles, at most: as many as leave registers for twice the rows.
pub(crate) const AVX2_TOKENS: usize = 6;
/// Tiles that may have as many. Where there are more, those of five hardly differ, and suit all types.
const AVX2_TILES_OF_SIX: usize = 3;

/// Places of each [`TokenBlock`] where there are `rows` tokens for kernels of `isa`: with AVX2 those of a tile.
pub(crate) const fn places(isa: Isa, rows: usize) -> usize {
    if rows <= 1 {
        // It is read where it was quantised, and may be one row of more.
        1
    } else if matches!(isa, Isa::Avx2) {
        let most = if rows <= AVX2_TILES_OF_SIX * AVX2_TOKENS { AVX2_TOKENS } else { AVX2_TOKENS - 1 };
        rows.div_ceil(rows.div_ceil(most))
    } else if rows <= FEW_TOKENS {
        rows
    } else if rows <= SOME_TOKENS {
        rows.div_ceil(rows.div_ceil(BLOCK_TOKENS)).next_multiple_of(2)
    } else {
        BLOCK_TOKENS
    }
}

/// All words of so many blocks of `rows` tokens, in `places` each.
const fn all_words(rows: usize, places: usize, blocks: usize) -> usize {
    // No kernel reads them of one row.
    let several = cfg!(any(target_arch = "x86_64", target_arch = "aarch64")) && rows > 1;
    if several { rows.next_multiple_of(places) * TOKEN_WORDS * blocks } else { 0 }
}

/// Minus eight times the sums of the first 16, the last 16 and all of a block's integers.
fn minus8_of(q: &[i8; BLOCK]) -> [i32; 3] {
    let sum = |half: &[i8]| half.iter().map(|&q| i32::from(q)).sum::<i32>();
    let [first, last] = [sum(&q[..BLOCK / 2]), sum(&q[BLOCK / 2..])];
    [-8 * first, -8 * last, -8 * (first + last)]
}

/// Quantised rows, `[rows][blocks]` each.
#[derive(Clone, Copy)]
struct Rows<'a> {
    blocks: usize,
    q: &'a [[i8; BLOCK]],
    d: &'a [f32],
    s: &'a [f32],
    minus8: &'a [[i32; 3]],
}

impl Rows<'_> {
    /// Those from the `row`-th on.
    fn from(self, row: usize) -> Self {
        let at = row * self.blocks;
        Self { q: &self.q[at..], d: &self.d[at..], s: &self.s[at..], minus8: &self.minus8[at..], ..self }
    }

    /// Fills a [`TokenBlock`] of `places`, given as words, from the `block`-th blocks of the first rows, as many as there are.
    fn bring_together(self, block: usize, places: usize, out: &mut [i32]) {
        // Distances that the compiler knows: quantising a token of 896 columns takes 436 ns in place of 622, this included.
        match places {
            2 => self.bring_into(2, block, out),
            3 => self.bring_into(3, block, out),
            4 => self.bring_into(4, block, out),
            5 => self.bring_into(5, block, out),
            6 => self.bring_into(6, block, out),
            BLOCK_TOKENS => self.bring_into(BLOCK_TOKENS, block, out),
            _ => self.bring_into(places, block, out),
        }
    }

    /// [`Rows::bring_together`], to be made for each number of places.
    #[inline(always)]
    fn bring_into(self, places: usize, block: usize, out: &mut [i32]) {
        let (levels, rest) = out.split_at_mut(places * BLOCK / 4);
        for (t, at) in (block..self.q.len()).step_by(self.blocks).take(places).enumerate() {
            for (run, q) in levels.chunks_exact_mut(places * RUN / 4).zip(self.q[at].as_chunks::<RUN>().0) {
                run.as_chunks_mut().0[t] = words_of(q);
            }
            let [first, last, all] = self.minus8[at];
            let floats = [self.d[at], self.s[at]].map(|v| v.to_bits().cast_signed());
            for (place, word) in rest.chunks_exact_mut(places).zip([floats[0], floats[1], first, last, all]) {
                place[t] = word;
            }
        }
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
    /// Tokens of a [`TokenBlock`].
    pub(crate) places: usize,
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
    /// There are several tokens, in `T` places, and so many tokens and blocks.
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
    #[inline]
    pub(crate) unsafe fn token_blocks<const T: usize>(&self, token: usize, block: usize) -> *const TokenBlock<T> {
        // SAFETY: the caller's promise; the lines hold such blocks, one after the other.
        unsafe { self.together.as_ptr().cast::<TokenBlock<T>>().add(token / T * self.blocks + block) }
    }

    /// The `block`-th 32 columns of the tokens from `token` on, as far as they lie together, which are in `places` places.
    ///
    /// # Safety
    /// There are so many places, and such tokens and blocks.
    #[cfg(target_arch = "x86_64")]
    #[inline]
    pub(crate) unsafe fn columns(&self, places: usize, token: usize, block: usize) -> TokenColumns {
        debug_assert_eq!(self.places, places);
        // SAFETY: the caller's promise. One token's activations are bytes in a row; those of several are words of a `TokenBlock`.
        unsafe {
            if places == 1 {
                let q = self.q.as_ptr().add(block * BLOCK).cast();
                let (d, s) = (self.d.as_ptr().add(block), self.s.as_ptr().add(block));
                return TokenColumns { q, d, s, minus8: self.minus8.as_ptr().add(block).cast(), places: 1, next: 0 };
            }
            let per_block = places * TOKEN_WORDS;
            let at = (token / places * self.blocks + block) * per_block + token % places;
            let q = self.together.as_ptr().cast::<i32>().add(at);
            let d = q.add(places * BLOCK / 4);
            TokenColumns { q, d: d.cast(), s: d.add(places).cast(), minus8: d.add(2 * places), places, next: self.blocks * per_block }
        }
    }

    /// One of its rows.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn row(&self, row: usize) -> Operand<'a> {
        let (values, blocks) = (row * self.cols..(row + 1) * self.cols, row * self.blocks..(row + 1) * self.blocks);
        Operand {
            rows: 1,
            places: 1,
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
            places: 1,
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
        if max_rows > 1 { all_words(max_rows + BLOCK_TOKENS - 1, 1, blocks).div_ceil(LINE) } else { 0 }
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
        let (blocks, places) = (cols.div_ceil(BLOCK), places(kernels.isa(), rows));
        self.places = places;
        let tiles = rows.div_ceil(places);
        let several = all_words(rows, places, blocks) > 0;
        // What a thread has quantised it brings together as well, if there are enough tokens for all threads to do so.
        let at_once = several && (pool.threads() == 1 || tiles >= 2 * pool.threads());
        let step = if at_once { places } else { 1 };
        let q = SyncPtr::new(&mut self.q.as_chunks_mut().0[..rows * blocks]);
        let d = SyncPtr::new(&mut self.d[..rows * blocks]);
        let s = SyncPtr::new(&mut self.s[..rows * blocks]);
        let minus8 = SyncPtr::new(&mut self.minus8[..rows * blocks]);
        let together = SyncPtr::new(&mut words(&mut self.together)[..all_words(rows, places, blocks)]);
        let per_block = places * TOKEN_WORDS;
        pool.run(rows.div_ceil(step), &|unit| {
            let first = unit * step;
            let (at, count) = (first * blocks, step.min(rows - first) * blocks);
            // SAFETY: the pool runs each unit once, and their rows do not overlap; the slices are inside those borrowed above.
            let (q, d) = unsafe { (q.slice(at, count), d.slice(at, count)) };
            // SAFETY: as above.
            let (s, minus8) = unsafe { (s.slice(at, count), minus8.slice(at, count)) };
            for (row, at) in (first..).zip((0..count).step_by(blocks)) {
                let row_blocks = at..at + blocks;
                kernels.quantize_q8(values(row), q[row_blocks.clone()].as_flattened_mut(), &mut d[row_blocks.clone()], &mut s[row_blocks]);
            }
            for (minus8, q) in minus8.iter_mut().zip(&*q) {
                *minus8 = minus8_of(q);
            }
            if at_once {
                // SAFETY: as above, of the tile of these rows.
                let together = unsafe { together.slice(unit * blocks * per_block, blocks * per_block) };
                let rows = Rows { blocks, q, d, s, minus8 };
                for (block, out) in together.chunks_exact_mut(per_block).enumerate() {
                    rows.bring_together(block, places, out);
                }
            }
        });
        if !several || at_once {
            return;
        }
        let rows = Rows { blocks, q: &self.q.as_chunks().0[..rows * blocks], d: &self.d, s: &self.s, minus8: &self.minus8 };
        let count = tiles * blocks;
        pool.run(count.div_ceil(TOGETHER), &|unit| {
            let first = unit * TOGETHER;
            // SAFETY: the pool runs each unit once, and units do not overlap; the slice is inside the one borrowed above.
            let together = unsafe { together.slice(first * per_block, TOGETHER.min(count - first) * per_block) };
            for (at, out) in (first..).zip(together.chunks_exact_mut(per_block)) {
                rows.from(at / blocks * places).bring_together(at % blocks, places, out);
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
            places: self.places,
            values,
            q: &self.q[..rows * blocks * BLOCK],
            d: &self.d[..rows * blocks],
            s: &self.s[..rows * blocks],
            minus8: &self.minus8[..rows * blocks],
            together: &self.together[..all_words(rows, self.places, blocks).div_ceil(LINE)],
        }
    }
}

/// The number of rows of `cols` values in `x`.
fn whole_rows(x: &[f32], cols: usize) -> usize {
    assert!(cols > 0 && x.len().is_multiple_of(cols), "{} activations are not rows of {cols}", x.len());
    x.len() / cols
}
