//! Scores of many heads: keys are turned over once for all of them, so that each lane is a key of its own, and no sum goes across lanes.

use super::{KvFormat, prefetch_next};
use crate::{attention::MAX_HEAD_DIM, avx2::math::LANES, table::KV_BLOCK};
use std::{arch::x86_64::*, mem::MaybeUninit};

/// Vectors of keys that are turned over at a time.
const VECTORS: usize = 2;
/// Keys of these.
const KEYS: usize = VECTORS * LANES;
/// Most heads of a tile: twelve sums, two vectors of keys, and a value of a head.
const HEADS: usize = 6;

/// Of each column, the values of some keys.
#[repr(align(64))]
struct Columns([[MaybeUninit<f32>; KEYS]; MAX_HEAD_DIM]);

/// See [`KvDotFn`](crate::table::KvDotFn). Each score is summed from the first column to the last.
///
/// # Safety
/// As stated there.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn dot<K: KvFormat>(keys: &[u8], q: &[f32], head_dim: usize, scores: &mut [f32]) {
    let row_bytes = K::row_bytes(head_dim);
    let count = q.len() / head_dim;
    let tiles = count.div_ceil(HEADS);
    let mut columns = Columns([[MaybeUninit::uninit(); _]; _]);
    for (i, keys) in keys.chunks(KEYS * row_bytes).enumerate() {
        let first = i * KEYS;
        // SAFETY: whole rows of `head_dim` values, a multiple of 8 and at most `MAX_HEAD_DIM`; whole heads of as many.
        unsafe {
            let vectors = keys.len().div_ceil(LANES * row_bytes);
            for v in 0..vectors {
                turn_over::<K>(&keys[v * LANES * row_bytes..], row_bytes, head_dim, v, &mut columns);
            }
            // As few tiles as hold all heads, of about as many each.
            for tile in 0..tiles {
                let share = count * tile / tiles..count * (tile + 1) / tiles;
                let q = &q[share.start * head_dim..share.end * head_dim];
                let scores = &mut scores[share.start * KV_BLOCK..share.end * KV_BLOCK];
                if vectors == 1 {
                    heads::<1>(&columns, q, head_dim, share.len(), first, scores);
                } else {
                    heads::<VECTORS>(&columns, q, head_dim, share.len(), first, scores);
                }
            }
        }
    }
}

/// Eight keys, or the last one for those that are not there, as the `v`-th vector of each column.
///
/// # Safety
/// AVX2, FMA and F16C are there; `keys` is at least one row of `head_dim` values, a multiple of 8; `v` is below [`VECTORS`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn turn_over<K: KvFormat>(keys: &[u8], row_bytes: usize, head_dim: usize, v: usize, columns: &mut Columns) {
    let last = keys.len() / row_bytes - 1;
    let mut rows = [keys.as_ptr(); LANES];
    for (k, row) in rows.iter_mut().enumerate() {
        *row = keys[k.min(last) * row_bytes..].as_ptr();
        prefetch_next(*row, row_bytes);
    }
    for at in (0..head_dim).step_by(LANES) {
        let mut values = [_mm256_setzero_ps(); LANES];
        for (values, &row) in values.iter_mut().zip(&rows) {
            // SAFETY: each row has these values.
            *values = unsafe { K::load8(row, at) };
        }
        for (column, values) in columns.0[at..at + LANES].iter_mut().zip(transposed(values)) {
            // SAFETY: eight values, which is checked; no alignment is needed.
            unsafe { _mm256_storeu_ps(column[v * LANES..][..LANES].as_mut_ptr().cast(), values) };
        }
    }
}

/// The columns of eight rows.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn transposed(rows: [__m256; LANES]) -> [__m256; LANES] {
    let [a, b, c, d, e, f, g, h] = rows;
    // Of two rows each: columns 0, 1, 4, 5 side by side, and 2, 3, 6, 7.
    let (ab, ab2) = (_mm256_unpacklo_ps(a, b), _mm256_unpackhi_ps(a, b));
    let (cd, cd2) = (_mm256_unpacklo_ps(c, d), _mm256_unpackhi_ps(c, d));
    let (ef, ef2) = (_mm256_unpacklo_ps(e, f), _mm256_unpackhi_ps(e, f));
    let (gh, gh2) = (_mm256_unpacklo_ps(g, h), _mm256_unpackhi_ps(g, h));
    // Of four rows each: a column of the lower half, and the one four further on.
    let upper = [
        _mm256_shuffle_ps::<0x44>(ab, cd),
        _mm256_shuffle_ps::<0xee>(ab, cd),
        _mm256_shuffle_ps::<0x44>(ab2, cd2),
        _mm256_shuffle_ps::<0xee>(ab2, cd2),
    ];
    let lower = [
        _mm256_shuffle_ps::<0x44>(ef, gh),
        _mm256_shuffle_ps::<0xee>(ef, gh),
        _mm256_shuffle_ps::<0x44>(ef2, gh2),
        _mm256_shuffle_ps::<0xee>(ef2, gh2),
    ];
    let mut columns = [_mm256_setzero_ps(); LANES];
    for i in 0..LANES / 2 {
        columns[i] = _mm256_permute2f128_ps::<0x20>(upper[i], lower[i]);
        columns[i + LANES / 2] = _mm256_permute2f128_ps::<0x31>(upper[i], lower[i]);
    }
    columns
}

/// Scores of `V` vectors of keys, which begin with position `first`, for at most [`HEADS`] heads.
///
/// # Safety
/// AVX2, FMA and F16C are there; `q` is `count` heads of `head_dim` values, and as many columns have their first `V` vectors.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn heads<const V: usize>(columns: &Columns, q: &[f32], head_dim: usize, count: usize, first: usize, scores: &mut [f32]) {
    // SAFETY: the caller's promise.
    unsafe {
        match count {
            1 => tile::<1, V>(columns, q, head_dim, first, scores),
            2 => tile::<2, V>(columns, q, head_dim, first, scores),
            3 => tile::<3, V>(columns, q, head_dim, first, scores),
            4 => tile::<4, V>(columns, q, head_dim, first, scores),
            5 => tile::<5, V>(columns, q, head_dim, first, scores),
            _ => tile::<HEADS, V>(columns, q, head_dim, first, scores),
        }
    }
}

/// [`heads`] for `H` heads.
///
/// # Safety
/// As stated there, with `H` heads.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn tile<const H: usize, const V: usize>(columns: &Columns, q: &[f32], head_dim: usize, first: usize, scores: &mut [f32]) {
    let mut acc = [[_mm256_setzero_ps(); V]; H];
    for (at, column) in columns.0[..head_dim].iter().enumerate() {
        let mut keys = [_mm256_setzero_ps(); V];
        for (v, keys) in keys.iter_mut().enumerate() {
            // SAFETY: so many vectors of this column were written.
            *keys = unsafe { _mm256_loadu_ps(column.as_ptr().add(v * LANES).cast()) };
        }
        for (h, acc) in acc.iter_mut().enumerate() {
            // SAFETY: `H` heads of `head_dim` values.
            let q = unsafe { _mm256_broadcast_ss(q.get_unchecked(h * head_dim + at)) };
            for (acc, &keys) in acc.iter_mut().zip(&keys) {
                *acc = _mm256_fmadd_ps(q, keys, *acc);
            }
        }
    }
    for h in 0..H {
        for v in 0..V {
            // In a loop over slices, the compiler would call `memcpy` for each head.
            // SAFETY: eight scores, which is checked.
            unsafe { _mm256_storeu_ps(scores[h * KV_BLOCK + first + v * LANES..][..LANES].as_mut_ptr(), acc[h][v]) };
        }
    }
}
