//! Causal attention over the cache, with grouped query heads and an online softmax.
//!
//! Positions are taken in blocks of 64 at fixed places, each block's keys and values read once for all query heads that share
//! them (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al., "FlashAttention", 2022). A unit
//! of work is one key-value head and some neighbouring rows of the batch, but what is done for a row does not depend on its
//! neighbours, so a result depends neither on the batch nor on the threads.

use crate::{
    Kernels, KvCache, Pool,
    pool::SyncPtr,
    table::{KV_BLOCK, SoftmaxState},
};
use std::{iter, ops::Range};
use thiserror::Error;

/// Largest head.
pub const MAX_HEAD_DIM: usize = 256;
/// Most query heads that share one key-value head.
pub const MAX_GROUP: usize = 16;
/// Most query heads that are taken together: with enough of them, turning keys and values to f32 costs little.
const MAX_QUERIES: usize = 48;
/// Most values of these, for which there is room on the stack; enough for the largest group of the largest heads.
const MAX_QUERY_VALUES: usize = MAX_GROUP * MAX_HEAD_DIM;
/// Heads are whole vectors of this many values.
const HEAD_DIM_STEP: usize = 8;

/// Where one row of a batch belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// Sequence of the cache.
    pub seq: usize,
    /// Position in the sequence, from 0.
    pub pos: usize,
}

/// The heads of an attention layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttentionShape {
    n_heads: usize,
    n_kv_heads: usize,
    head_dim: usize,
}

/// Why heads do not fit together, or are beyond what the kernels plan for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AttentionShapeError {
    /// The heads of a group must be equally many.
    #[error("{n_heads} heads cannot share {n_kv_heads} key-value heads evenly")]
    Group {
        /// Query heads.
        n_heads: usize,
        /// Key-value heads.
        n_kv_heads: usize,
    },
    /// Too many query heads for each key-value head.
    #[error("{group} heads to a key-value head: at most {MAX_GROUP} are supported")]
    LargeGroup {
        /// Query heads to a key-value head.
        group: usize,
    },
    /// Head size out of range.
    #[error("heads of {0} values: a multiple of {HEAD_DIM_STEP} up to {MAX_HEAD_DIM} is supported")]
    HeadDim(usize),
}

impl AttentionShape {
    /// `n_heads` query heads that share `n_kv_heads` key-value heads, of `head_dim` values each.
    ///
    /// # Errors
    /// [`AttentionShapeError`] where the heads cannot be grouped, or exceed [`MAX_GROUP`] or [`MAX_HEAD_DIM`].
    pub fn new(n_heads: usize, n_kv_heads: usize, head_dim: usize) -> Result<Self, AttentionShapeError> {
        if n_heads == 0 || n_kv_heads == 0 || !n_heads.is_multiple_of(n_kv_heads) {
            return Err(AttentionShapeError::Group { n_heads, n_kv_heads });
        }
        let group = n_heads / n_kv_heads;
        if group > MAX_GROUP {
            return Err(AttentionShapeError::LargeGroup { group });
        }
        if head_dim == 0 || head_dim > MAX_HEAD_DIM || !head_dim.is_multiple_of(HEAD_DIM_STEP) {
            return Err(AttentionShapeError::HeadDim(head_dim));
        }
        Ok(Self { n_heads, n_kv_heads, head_dim })
    }

    /// Query heads.
    pub fn n_heads(&self) -> usize {
        self.n_heads
    }

    /// Key-value heads.
    pub fn n_kv_heads(&self) -> usize {
        self.n_kv_heads
    }

    /// Values of a head.
    pub fn head_dim(&self) -> usize {
        self.head_dim
    }

    /// Query heads to a key-value head.
    pub fn group(&self) -> usize {
        self.n_heads / self.n_kv_heads
    }

    /// Into how many groups, which are then taken together, the rows of a batch are cut.
    fn groups_of(&self, rows: usize, threads: usize) -> usize {
        let most = (MAX_QUERIES.min(MAX_QUERY_VALUES / self.head_dim) / self.group()).max(1);
        rows.div_ceil(most).max(threads.div_ceil(self.n_kv_heads)).min(rows)
    }
}

impl Kernels {
    /// `out[row][head] = softmax(q[row][head] . K / sqrt(head_dim)) . V` over positions `0..=rows[row].pos` of the row's sequence,
    /// whose keys and values, the row's own included, are in the cache. `q` and `out` are `[rows][n_heads * head_dim]`.
    ///
    /// # Panics
    /// If a length does not fit, the cache has other heads, or a row is outside the cache.
    #[expect(clippy::too_many_arguments, reason = "the operands of one equation")]
    pub fn attention(
        self,
        pool: &Pool,
        shape: AttentionShape,
        cache: &KvCache,
        layer: usize,
        rows: &[Position],
        q: &[f32],
        out: &mut [f32],
    ) {
        assert!(
            cache.n_kv_heads() == shape.n_kv_heads && cache.head_dim() == shape.head_dim,
            "a KV cache of {} heads of {} does not serve attention with {} of {}",
            cache.n_kv_heads(),
            cache.head_dim(),
            shape.n_kv_heads,
            shape.head_dim
        );
        // Checked: lengths that wrap around would let the units below leave `q` and `out`.
        let need = rows.len().checked_mul(shape.n_heads).and_then(|heads| heads.checked_mul(shape.head_dim));
        assert!(
            need == Some(q.len()) && out.len() == q.len(),
            "q has {} and out {} values, not {} rows of {} heads of {}",
            q.len(),
            out.len(),
            rows.len(),
            shape.n_heads,
            shape.head_dim
        );
        let width = shape.group() * shape.head_dim;
        let out = SyncPtr::new(out);
        let groups = shape.groups_of(rows.len(), pool.threads());
        pool.run(groups * shape.n_kv_heads, &|unit| {
            let (group, kv_head) = (unit / shape.n_kv_heads, unit % shape.n_kv_heads);
            // About as many rows in each.
            let (first, end) = (rows.len() * group / groups, rows.len() * (group + 1) / groups);
            for run in runs(&rows[first..end]) {
                let place = |row: usize| ((first + row) * shape.n_kv_heads + kv_head) * width;
                let run_rows = &rows[first..end][run.clone()];
                let mut queries = Queries::new(shape, run_rows);
                for (i, row) in run.clone().enumerate() {
                    queries.q[i * width..][..width].copy_from_slice(&q[place(row)..][..width]);
                }
                queries.attend(self, cache, layer, kv_head);
                for (i, row) in run.enumerate() {
                    // SAFETY: a row's group of heads belongs to one unit, and those of rows and groups do not overlap.
                    let out = unsafe { out.slice(place(row), width) };
                    out.copy_from_slice(&queries.out[i * width..][..width]);
                }
            }
        });
    }
}

/// Cuts rows where the next one is not the next position of the same sequence.
fn runs(rows: &[Position]) -> impl Iterator<Item = Range<usize>> {
    let mut start = 0;
    iter::from_fn(move || {
        let first = rows.get(start)?;
        let len = rows[start..].iter().enumerate().take_while(|(i, row)| row.seq == first.seq && row.pos == first.pos + i).count();
        let run = start..start + len;
        start = run.end;
        Some(run)
    })
}

/// The query heads of one key-value head, of neighbouring rows: each block of keys and values is read once for all of them.
struct Queries<'a> {
    shape: AttentionShape,
    /// Neighbours in one sequence.
    rows: &'a [Position],
    /// `[rows][group][head_dim]`.
    q: [f32; MAX_QUERY_VALUES],
    /// As `q`.
    out: [f32; MAX_QUERY_VALUES],
    /// `[rows][group]`.
    states: [SoftmaxState; MAX_QUERIES],
}

impl<'a> Queries<'a> {
    fn new(shape: AttentionShape, rows: &'a [Position]) -> Self {
        let state = SoftmaxState { max: f32::NEG_INFINITY, sum: 0.0 };
        Self { shape, rows, q: [0.0; _], out: [0.0; _], states: [state; _] }
    }

    /// `out = softmax(q . K / sqrt(head_dim)) . V`, of each row over the positions up to its own.
    ///
    /// What is done for a row is the same as if it were alone.
    fn attend(&mut self, kernels: Kernels, cache: &KvCache, layer: usize, kv_head: usize) {
        let (group, head_dim, dtype) = (self.shape.group(), self.shape.head_dim, cache.dtype());
        let scale = 1.0 / (head_dim as f32).sqrt();
        let (Some(&first), Some(last)) = (self.rows.first(), self.rows.last()) else { return };
        // One more, since scores of the last positions are read as if they were the first.
        let mut all_scores = [0.0f32; (MAX_QUERIES + 1) * KV_BLOCK];
        let mut correction = [0.0f32; MAX_QUERIES];
        for start in (0..=last.pos).step_by(KV_BLOCK) {
            // Of the rows that see this block, each sees one position more than the one before, up to the whole block.
            let begin = start.saturating_sub(first.pos);
            let seen = |row: usize| KV_BLOCK.min(first.pos + row + 1 - start);
            let heads = begin * group..self.rows.len() * group;
            let (keys, values) = cache.block(layer, Position { pos: start, ..first }, kv_head, seen(self.rows.len() - 1));
            let row_bytes = keys.len() / seen(self.rows.len() - 1);

            let values_of = |heads: &Range<usize>| heads.start * head_dim..heads.end * head_dim;
            let scores = &mut all_scores[..heads.len() * KV_BLOCK];
            kernels.kv_dot(dtype, keys, &self.q[values_of(&heads)], head_dim, group, scores);
            for (i, h) in heads.clone().enumerate() {
                correction[i] = kernels.softmax(&mut scores[i * KV_BLOCK..][..seen(h / group)], scale, &mut self.states[h]);
            }
            // What all rows see goes together, the rest row by row.
            let common = seen(begin);
            let out = &mut self.out[values_of(&heads)];
            kernels.kv_axpy(dtype, &values[..common * row_bytes], scores, &correction[..heads.len()], head_dim, out);
            for row in begin + 1..self.rows.len() {
                if seen(row) > common {
                    let heads = (row - begin) * group..(row - begin + 1) * group;
                    let out = &mut out[values_of(&heads)];
                    let rest = &values[common * row_bytes..seen(row) * row_bytes];
                    let weights = &all_scores[heads.start * KV_BLOCK + common..][..group * KV_BLOCK];
                    kernels.kv_axpy(dtype, rest, weights, &[1.0; MAX_GROUP][..group], head_dim, out);
                }
            }
        }
        let heads = self.rows.len() * group;
        for (head, state) in self.out.chunks_exact_mut(head_dim).zip(&self.states[..heads]) {
            let inverse = 1.0 / state.sum;
            head.iter_mut().for_each(|v| *v *= inverse);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_cut_for_the_cache_and_for_all_threads() {
        let shape = AttentionShape::new(14, 2, 64).unwrap();
        let groups = [1, 2, 6, 7, 26].map(|rows| [1, 2, 3, 4, 9].map(|threads| shape.groups_of(rows, threads)));
        assert_eq!(groups, [[1, 1, 1, 1, 1], [1, 1, 2, 2, 2], [1, 1, 2, 2, 5], [2, 2, 2, 2, 5], [5, 5, 5, 5, 5]]);
        assert_eq!(AttentionShape::new(16, 1, 256).unwrap().groups_of(9, 1), 9);
        assert_eq!(shape.groups_of(0, 4), 0);
    }

    #[test]
    fn shapes_are_checked() {
        assert_eq!(AttentionShape::new(14, 2, 64).unwrap().group(), 7);
        assert_eq!(AttentionShape::new(14, 4, 64), Err(AttentionShapeError::Group { n_heads: 14, n_kv_heads: 4 }));
        assert_eq!(AttentionShape::new(0, 0, 64), Err(AttentionShapeError::Group { n_heads: 0, n_kv_heads: 0 }));
        assert_eq!(AttentionShape::new(34, 2, 64), Err(AttentionShapeError::LargeGroup { group: 17 }));
        assert_eq!(AttentionShape::new(2, 2, 264), Err(AttentionShapeError::HeadDim(264)));
        assert_eq!(AttentionShape::new(2, 2, 20), Err(AttentionShapeError::HeadDim(20)));
    }
}
