//! Keys in f16 with 32 registers in place of 16: AVX2's tiles, with more heads in each, so that keys are turned to f32 on the way.

use crate::{
    avx2::kv::{F16, KEYS, KvFormat, tile_dot, tile_rows},
    table::KV_BLOCK,
};

/// Most heads of a tile of scores: 24 sums.
const TILE_HEADS: usize = 6;

/// See [`KvDotFn`](crate::table::KvDotFn).
///
/// # Safety
/// As stated there.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn dot(keys: &[u8], q: &[f32], head_dim: usize, _group: usize, scores: &mut [f32]) {
    let row_bytes = F16::row_bytes(head_dim);
    for (i, keys) in keys.chunks(KEYS * row_bytes).enumerate() {
        let rows = tile_rows(keys, row_bytes);
        // As few tiles as hold all heads, of about as many each.
        let count = q.len() / head_dim;
        let tiles = count.div_ceil(TILE_HEADS);
        for tile in 0..tiles {
            let share = count * tile / tiles..count * (tile + 1) / tiles;
            let q = &q[share.start * head_dim..share.end * head_dim];
            let scores = &mut scores[share.start * KV_BLOCK..share.end * KV_BLOCK];
            // SAFETY: whole rows of `head_dim` values, a multiple of 8; so many heads of as many.
            unsafe {
                match share.len() {
                    1 => tile_dot::<F16, 1>(rows, q, head_dim, i * KEYS, scores, None),
                    2 => tile_dot::<F16, 2>(rows, q, head_dim, i * KEYS, scores, None),
                    3 => tile_dot::<F16, 3>(rows, q, head_dim, i * KEYS, scores, None),
                    4 => tile_dot::<F16, 4>(rows, q, head_dim, i * KEYS, scores, None),
                    5 => tile_dot::<F16, 5>(rows, q, head_dim, i * KEYS, scores, None),
                    _ => tile_dot::<F16, TILE_HEADS>(rows, q, head_dim, i * KEYS, scores, None),
                }
            }
        }
    }
}
