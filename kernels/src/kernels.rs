//! The safe face of the table: lengths are checked here, once, and then the entry is called.

use crate::{
    Entry, Isa, KvDType, MAX_HEAD_DIM, Matrix, Operand, Pool, UnsupportedIsa,
    activations::{BLOCK, places},
    packed::{MAX_BLOCK_BYTES, TILE_ROWS},
    pool::SyncPtr,
    table::{self, KV_BLOCK, SoftmaxState, Table},
    tile::MatmulArgs,
};

/// Most products of one call of [`Kernels::matmul`].
pub const MAX_JOBS: usize = 8;
/// Bytes of weights that a thread claims at a time: long enough to hide the claiming, short enough to end together.
const UNIT_BYTES: usize = 32 * 1024;
/// Rows of a unit are a multiple of this, the rows of the largest tile.
const UNIT_ROWS_STEP: usize = 16;
/// Rows of a unit at least where there are several tokens: what is read of these is then read for more rows.
const UNIT_ROWS_BATCH: usize = 48;
/// Most rows of a unit.
pub(crate) const UNIT_ROWS_MAX: usize = 64;

/// The operations, bound to the kernels of one instruction set. Cheap to copy.
#[derive(Clone, Copy)]
pub struct Kernels(&'static Table);

/// One product: `out[t * w.rows() + r] = sum_c w[r, c] * x[t, c]`.
pub struct Job<'a> {
    /// Weights `[rows, cols]`.
    pub w: Matrix<'a>,
    /// Products `[tokens, rows]`.
    pub out: &'a mut [f32],
}

/// A product, with its output cut loose for the threads.
#[derive(Clone, Copy)]
struct Part<'a> {
    w: Matrix<'a>,
    out: SyncPtr<'a, f32>,
    unit_rows: usize,
    units: usize,
}

/// Rows of a unit, `wanted` or more, so that the thread with most of `rows` has as few of them as possible.
fn even_unit_rows(rows: usize, wanted: usize, threads: usize) -> usize {
    let most = |unit_rows: &usize| rows.div_ceil(*unit_rows).div_ceil(threads) * unit_rows;
    (wanted..=UNIT_ROWS_MAX).step_by(UNIT_ROWS_STEP).min_by_key(most).unwrap_or(wanted)
}

impl Kernels {
    /// The best kernels of this CPU.
    pub fn detect() -> Self {
        Self::available().last().unwrap_or(Self::scalar())
    }

    /// The kernels of an instruction set.
    ///
    /// # Errors
    /// [`UnsupportedIsa`] where this CPU does not have it.
    pub fn for_isa(isa: Isa) -> Result<Self, UnsupportedIsa> {
        table::table(isa).map(Self).ok_or(UnsupportedIsa(isa))
    }

    /// The kernels of every instruction set that this CPU has, ascending.
    pub fn available() -> impl Iterator<Item = Self> {
        Isa::ALL.into_iter().filter_map(|isa| Self::for_isa(isa).ok())
    }

    /// The reference kernels, which every CPU has.
    fn scalar() -> Self {
        Self(table::scalar())
    }

    /// The instruction set.
    pub fn isa(self) -> Isa {
        self.0.isa
    }

    /// Every operation, and the instruction set whose code runs it: a lower one where this one has none of its own.
    pub fn entries(self) -> impl Iterator<Item = Entry> {
        self.0.entries()
    }

    /// All products of `jobs` with the same operand, in one parallel region.
    ///
    /// # Panics
    /// If a matrix has other columns than the operand, the operand was loaded for another instruction set, an output has another length
    /// than `x.rows() * w.rows()`, or there are more than [`MAX_JOBS`] jobs.
    pub fn matmul(self, pool: &Pool, x: Operand<'_>, jobs: &mut [Job<'_>]) {
        assert!(jobs.len() <= MAX_JOBS, "{} products in one call: at most {MAX_JOBS}", jobs.len());
        if x.rows == 0 {
            return;
        }
        let mut parts: [Option<Part<'_>>; MAX_JOBS] = [None; MAX_JOBS];
        let mut units = 0;
        for (part, job) in parts.iter_mut().zip(jobs) {
            let w = job.w;
            assert_eq!(w.cols(), x.cols, "the {} matrix has other columns than the operand", w.dtype());
            assert_eq!(places(self.isa(), x.rows), x.places, "the operand was loaded for another instruction set");
            assert_eq!(job.out.len(), x.rows * w.rows(), "the output is not [tokens, rows]");
            let least = if x.rows > 1 { UNIT_ROWS_BATCH } else { UNIT_ROWS_STEP };
            let wanted = (UNIT_BYTES / w.row_bytes()).next_multiple_of(UNIT_ROWS_STEP).clamp(least, UNIT_ROWS_MAX);
            let unit_rows = even_unit_rows(w.rows(), wanted, pool.threads());
            let count = w.rows().div_ceil(unit_rows);
            *part = Some(Part { w, out: SyncPtr::new(job.out), unit_rows, units: count });
            units += count;
        }
        pool.run(units, &|mut unit| {
            for part in parts.iter().flatten() {
                if unit < part.units {
                    let run = match part.w.packed_dtype() {
                        Some(packed) => self.0.matmul_packed[packed as usize].run,
                        None => self.0.matmul[part.w.dtype() as usize].run,
                    };
                    let first = unit * part.unit_rows;
                    let rows = part.unit_rows.min(part.w.rows() - first);
                    let args = MatmulArgs {
                        weights: part.w.row_range(first, rows),
                        rows,
                        cols: x.cols,
                        x,
                        out: part.out.at(first),
                        out_stride: part.w.rows(),
                    };
                    // SAFETY: columns and output length checked above, the weights are whole rows of their type (`Matrix::new`),
                    // each unit writes its own rows only; the table was made after detecting its instruction set.
                    return unsafe { run(&args) };
                }
                unit -= part.units;
            }
        });
    }

    /// Of the product of `w` with one token, the values of `rows`, which are ascending: `out[i]` is that of `rows[i]`, with the bits that
    /// [`Kernels::matmul`] gives it. Reads those rows only; of a packed matrix, their tiles.
    ///
    /// # Panics
    /// If the operand has more than one row or other columns than the matrix, `rows` is not ascending or has a row that `w` lacks, or
    /// `out` has another length.
    pub fn matmul_rows(self, pool: &Pool, x: Operand<'_>, w: Matrix<'_>, rows: &[u32], out: &mut [f32]) {
        assert!(x.rows == 1 && x.cols == w.cols(), "matmul_rows: the operand is not one row of {} columns", w.cols());
        assert!(rows.is_sorted() && rows.last().is_none_or(|&row| (row as usize) < w.rows()), "matmul_rows: not rows of the matrix");
        assert_eq!(out.len(), rows.len(), "matmul_rows: lengths differ");
        let (run, together) = match w.packed_dtype() {
            Some(packed) => (self.0.matmul_packed[packed as usize].run, TILE_ROWS),
            None => (self.0.matmul[w.dtype() as usize].run, 1),
        };
        let out = SyncPtr::new(out);
        pool.run(rows.len().div_ceil(UNIT_ROWS_STEP), &|unit| {
            let start = unit * UNIT_ROWS_STEP;
            let wanted = &rows[start..rows.len().min(start + UNIT_ROWS_STEP)];
            // SAFETY: the pool runs each unit once, and units do not overlap; `out` is as long as `rows`.
            let mut out = unsafe { out.slice(start, wanted.len()) };
            let mut products = [0.0; TILE_ROWS];
            for same in wanted.chunk_by(|a, b| *a as usize / together == *b as usize / together) {
                let first = same[0] as usize / together * together;
                let args = MatmulArgs {
                    weights: w.row_range(first, together),
                    rows: together,
                    cols: x.cols,
                    x,
                    out: products.as_mut_ptr(),
                    out_stride: together,
                };
                // SAFETY: columns checked above, the weights are whole rows of their type, `products` has room for `together` rows of
                // one token; the table was made after detecting its instruction set.
                unsafe { run(&args) };
                let (now, rest) = out.split_at_mut(same.len());
                now.iter_mut().zip(same).for_each(|(out, row)| *out = products[*row as usize - first]);
                out = rest;
            }
        });
    }

    /// One row of weights as f32.
    ///
    /// # Panics
    /// If there is no such row, or `out` is not `m.cols()` long.
    pub fn dequantize_row(self, m: Matrix<'_>, row: usize, out: &mut [f32]) {
        assert!(row < m.rows(), "row {row} of a matrix with {} rows", m.rows());
        assert_eq!(out.len(), m.cols(), "the output is not one row");
        let run = self.0.dequantize[m.dtype() as usize].run;
        let Some(packed) = m.packed_dtype() else {
            // SAFETY: a whole row of its type, and as many outputs; the table was made after detecting its instruction set.
            return unsafe { run(m.row_range(row, 1), out) };
        };
        let (len, bytes) = (m.dtype().block_len(), m.dtype().block_bytes());
        let tiles = m.row_range(row - row % TILE_ROWS, TILE_ROWS).chunks_exact(TILE_ROWS * bytes);
        for (tile, out) in tiles.zip(out.chunks_exact_mut(len)) {
            let mut block = [0; MAX_BLOCK_BYTES];
            packed.unpack_block(tile, row % TILE_ROWS, &mut block[..bytes]);
            // SAFETY: a whole block of its type, and as many outputs; the table was made after detecting its instruction set.
            unsafe { run(&block[..bytes], out) }
        }
    }

    /// `out = x / sqrt(mean(x^2) + eps) * weight`, for one row.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn rms_norm(self, x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]) {
        assert!(x.len() == weight.len() && x.len() == out.len(), "rms_norm: lengths differ");
        // SAFETY: equal lengths; the table was made after detecting its instruction set.
        unsafe { (self.0.rms_norm.run)(x, weight, eps, out) }
    }

    /// Rotary embedding of one head, in the order of GPT-NeoX: `(head[i], head[i + n])` turns by the angle of `cos[i]`, `sin[i]`,
    /// `n = cos.len()`.
    ///
    /// # Panics
    /// Unless `head.len() == 2 * cos.len()` and `sin.len() == cos.len()`.
    pub fn rope(self, head: &mut [f32], cos: &[f32], sin: &[f32]) {
        assert!(head.len() == 2 * cos.len() && sin.len() == cos.len(), "rope: lengths differ");
        // SAFETY: lengths checked; the table was made after detecting its instruction set.
        unsafe { (self.0.rope.run)(head, cos, sin) }
    }

    /// `gate = gate * sigmoid(gate) * up`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn silu_mul(self, gate: &mut [f32], up: &[f32]) {
        assert_eq!(gate.len(), up.len(), "silu_mul: lengths differ");
        // SAFETY: equal lengths; the table was made after detecting its instruction set.
        unsafe { (self.0.silu_mul.run)(gate, up) }
    }

    /// `x += y`.
    ///
    /// # Panics
    /// If the lengths differ.
    pub fn add(self, x: &mut [f32], y: &[f32]) {
        assert_eq!(x.len(), y.len(), "add: lengths differ");
        // SAFETY: equal lengths; the table was made after detecting its instruction set.
        unsafe { (self.0.add.run)(x, y) }
    }

    /// One row of activations to int8 blocks of 32, the last one padded with zeros: `d = max|x| / 127`, `q = x / d` rounded to
    /// nearest, `s = d * sum(q)`.
    ///
    /// # Panics
    /// Unless `q` has 32 values, and `d` and `s` one, for each block.
    pub fn quantize_q8(self, x: &[f32], q: &mut [i8], d: &mut [f32], s: &mut [f32]) {
        let blocks = x.len().div_ceil(BLOCK);
        assert!(q.len() == blocks * BLOCK && d.len() == blocks && s.len() == blocks, "quantize_q8: lengths differ");
        // SAFETY: lengths checked; the table was made after detecting its instruction set.
        unsafe { (self.0.quantize_q8.run)(x, q, d, s) }
    }

    /// One key or value of one head to the form it has in the cache.
    ///
    /// # Panics
    /// Unless `dst.len() == dtype.row_bytes(src.len())`.
    pub fn kv_store(self, dtype: KvDType, src: &[f32], dst: &mut [u8]) {
        assert_eq!(Some(dst.len()), dtype.row_bytes(src.len()), "kv_store: lengths differ");
        // SAFETY: lengths checked; the table was made after detecting its instruction set.
        unsafe { (self.0.kv_store[dtype as usize].run)(src, dst) }
    }

    /// `scores[h * KV_BLOCK + i] = q[h] . keys[i]` for the query heads of some groups, `q` being `[heads][head_dim]`, and a block
    /// of at most [`KV_BLOCK`] keys. Scores past the last key are left unspecified; the others do not depend on how many groups of
    /// `group` heads there are.
    ///
    /// # Panics
    /// If a length does not fit, the heads are no whole groups, or `head_dim` is no multiple of 8 up to [`MAX_HEAD_DIM`].
    pub fn kv_dot(self, dtype: KvDType, keys: &[u8], q: &[f32], head_dim: usize, group: usize, scores: &mut [f32]) {
        check_block(dtype, keys, q, head_dim, scores);
        assert!(group > 0 && q.len().is_multiple_of(group * head_dim), "kv_dot: the heads are not groups of {group}");
        // SAFETY: lengths checked; the table was made after detecting its instruction set.
        unsafe { (self.0.kv_dot[dtype as usize].run)(keys, q, head_dim, group, scores) }
    }

    /// `out[h] = out[h] * correction[h] + sum_i weights[h * KV_BLOCK + i] * values[i]`: shapes as for [`Kernels::kv_dot`].
    ///
    /// # Panics
    /// As [`Kernels::kv_dot`].
    pub fn kv_axpy(self, dtype: KvDType, values: &[u8], weights: &[f32], correction: &[f32], head_dim: usize, out: &mut [f32]) {
        check_block(dtype, values, out, head_dim, weights);
        assert_eq!(correction.len() * head_dim, out.len(), "kv_axpy: one correction for each head");
        // SAFETY: lengths checked; the table was made after detecting its instruction set.
        unsafe { (self.0.kv_axpy[dtype as usize].run)(values, weights, correction, head_dim, out) }
    }

    /// One block of an online softmax: `scores` becomes `exp(scores * scale - max)`, with the running maximum and sum brought up to
    /// date. Returns `exp(old max - new max)`, by which everything accumulated before is to be multiplied.
    ///
    /// # Panics
    /// Unless there are 1 to [`KV_BLOCK`] scores.
    pub fn softmax(self, scores: &mut [f32], scale: f32, state: &mut SoftmaxState) -> f32 {
        assert!((1..=KV_BLOCK).contains(&scores.len()), "softmax: a block has 1 to {KV_BLOCK} scores");
        // SAFETY: length checked; the table was made after detecting its instruction set.
        unsafe { (self.0.softmax.run)(scores, scale, state) }
    }
}

/// The lengths that `kv_dot` and `kv_axpy` rely on.
fn check_block(dtype: KvDType, rows: &[u8], heads: &[f32], head_dim: usize, scores: &[f32]) {
    assert!(head_dim > 0 && head_dim <= MAX_HEAD_DIM && head_dim.is_multiple_of(8), "heads of {head_dim} values");
    let row_bytes = dtype.row_bytes(head_dim).expect("whole blocks of the cache's type");
    let count = rows.len() / row_bytes;
    assert!(rows.len().is_multiple_of(row_bytes) && (1..=KV_BLOCK).contains(&count), "a block of {count} positions");
    assert!(heads.len().is_multiple_of(head_dim), "whole heads");
    assert_eq!(scores.len(), heads.len() / head_dim * KV_BLOCK, "a row of scores for each head");
}
