//! Attention over the cache against the equation in f64.

mod harness;

use half::f16;
use harness::Rng;
use qwark_kernels::{AttentionShape, Kernels, KvCache, KvDType, Pool, Position};

/// Softmax attention of one query head over the keys and values of one key-value head.
fn attend(q: &[f32], keys: &[Vec<f64>], values: &[Vec<f64>]) -> Vec<f64> {
    let scale = 1.0 / (q.len() as f64).sqrt();
    let scores: Vec<f64> = keys.iter().map(|k| q.iter().zip(k).map(|(q, k)| f64::from(*q) * k).sum::<f64>() * scale).collect();
    let max = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights: Vec<f64> = scores.iter().map(|s| (s - max).exp()).collect();
    let sum: f64 = weights.iter().sum();
    (0..q.len()).map(|c| values.iter().zip(&weights).map(|(v, w)| v[c] * w).sum::<f64>() / sum).collect()
}

/// Keys or values of one position and head as f16 keeps them.
fn rounded(x: &[f32]) -> Vec<f64> {
    x.iter().map(|v| f64::from(f16::from_f32(*v).to_f32())).collect()
}

fn check(heads: usize, kv_heads: usize, head_dim: usize, context: usize, dtype: KvDType, bound: f64) {
    let shape = AttentionShape::new(heads, kv_heads, head_dim).unwrap();
    let rng = &mut Rng((heads * 1000 + head_dim) as u64);
    let width = kv_heads * head_dim;
    let (layers, layer, sequences, seq) = (3, 1, 2, 1);
    let (keys, values) = (rng.floats(context * width, 3.0), rng.floats(context * width, 1.0));
    let all: Vec<Position> = (0..context).map(|pos| Position { seq, pos }).collect();
    // Around the borders of the blocks of 64.
    let rows: Vec<Position> = all.iter().copied().filter(|p| p.pos < 3 || p.pos % 64 < 2 || p.pos % 64 > 61).collect();
    let q = rng.floats(rows.len() * heads * head_dim, 3.0);
    let pool = Pool::new(2).unwrap();
    for kernels in Kernels::available() {
        let mut cache = KvCache::new(dtype, layers, sequences, kv_heads, context, head_dim).unwrap();
        // Other layers and sequences hold something else, which must not be seen.
        let other = vec![9.0; keys.len()];
        let elsewhere: Vec<Position> = all.iter().map(|p| Position { seq: 0, ..*p }).collect();
        for l in 0..layers {
            cache.store(kernels, l, &elsewhere, &other, &other);
            cache.store(kernels, l, &all, &other, &other);
        }
        cache.store(kernels, layer, &all, &keys, &values);
        let mut out = vec![f32::NAN; q.len()];
        kernels.attention(&pool, shape, &cache, layer, &rows, &q, &mut out);
        for (i, (q, out)) in q.chunks_exact(head_dim).zip(out.chunks_exact(head_dim)).enumerate() {
            let (row, head) = (rows[i / heads], i % heads);
            let kv_head = head / (heads / kv_heads);
            let seen =
                |x: &[f32]| -> Vec<Vec<f64>> { (0..=row.pos).map(|p| rounded(&x[p * width + kv_head * head_dim..][..head_dim])).collect() };
            for (got, expected) in out.iter().zip(attend(q, &seen(&keys), &seen(&values))) {
                let off = (f64::from(*got) - expected).abs();
                assert!(off < bound, "{dtype} on {}: position {}, head {head}: {got}, not {expected}", kernels.isa(), row.pos);
            }
        }
    }
}

#[test]
fn attention_follows_its_equation_in_f16() {
    check(14, 2, 64, 200, KvDType::F16, 1e-5);
    check(4, 4, 32, 70, KvDType::F16, 1e-5);
    check(16, 1, 128, 130, KvDType::F16, 1e-5);
    check(2, 1, 24, 66, KvDType::F16, 1e-5);
    check(3, 3, 256, 65, KvDType::F16, 1e-5);
}

#[test]
fn attention_follows_its_equation_in_q8_0() {
    check(14, 2, 64, 200, KvDType::Q8_0, 0.05);
    check(4, 2, 96, 130, KvDType::Q8_0, 0.05);
}
