//! Causal attention over the cache, with grouped query heads and an online softmax.
//!
//! Positions are taken in blocks of 64 at fixed places, each block's keys and values read once for all query heads that share
//! them (Milakov and Gimelshein, "Online normalizer calculation for softmax", 2018; Dao et al., "FlashAttention", 2022). A unit
//! of work is one row of the batch and one key-value head, so a result depends neither on the batch nor on the threads.

use crate::{
    Kernels, KvCache, Pool,
    pool::SyncPtr,
    table::{KV_BLOCK, SoftmaxState},
};
use thiserror::Error;

/// Largest head.
pub const MAX_HEAD_DIM: usize = 256;
/// Most query heads that share one key-value head.
pub const MAX_GROUP: usize = 16;
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
        pool.run(rows.len() * shape.n_kv_heads, &|unit| {
            let (row, kv_head) = (rows[unit / shape.n_kv_heads], unit % shape.n_kv_heads);
            // SAFETY: unit `i` alone uses the `i`-th `width` values: heads of a group are neighbours, and so are groups and rows.
            let out = unsafe { out.slice(unit * width, width) };
            self.attend(shape, cache, layer, row, kv_head, &q[unit * width..(unit + 1) * width], out);
        });
    }

    /// One row's query heads of one key-value head, `q` and `out` being `[group][head_dim]`.
    #[expect(clippy::too_many_arguments, reason = "the operands of one equation")]
    fn attend(self, shape: AttentionShape, cache: &KvCache, layer: usize, row: Position, kv_head: usize, q: &[f32], out: &mut [f32]) {
        let (group, head_dim) = (shape.group(), shape.head_dim);
        let scale = 1.0 / (head_dim as f32).sqrt();
        let mut states = [SoftmaxState { max: f32::NEG_INFINITY, sum: 0.0 }; MAX_GROUP];
        let mut scores = [0.0f32; MAX_GROUP * KV_BLOCK];
        let scores = &mut scores[..group * KV_BLOCK];
        let mut correction = [0.0f32; MAX_GROUP];
        out.fill(0.0);
        for pos in (0..=row.pos).step_by(KV_BLOCK) {
            let count = KV_BLOCK.min(row.pos + 1 - pos);
            let (keys, values) = cache.block(layer, Position { pos, ..row }, kv_head, count);
            self.kv_dot(cache.dtype(), keys, q, head_dim, scores);
            for h in 0..group {
                correction[h] = self.softmax(&mut scores[h * KV_BLOCK..][..count], scale, &mut states[h]);
            }
            self.kv_axpy(cache.dtype(), values, scores, &correction[..group], head_dim, out);
        }
        for (head, state) in out.chunks_exact_mut(head_dim).zip(states) {
            let inverse = 1.0 / state.sum;
            head.iter_mut().for_each(|v| *v *= inverse);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
