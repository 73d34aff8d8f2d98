//! The same bits whatever the batch, the tile and the number of threads.

mod harness;

use harness::{
    Rng,
    weights::{Scales, Weights},
};
use qwark_kernels::{Activations, AttentionShape, DType, Job, Kernels, KvCache, KvDType, PackedDType, Pool, Position};

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Products of two matrices with the same activations, `[tokens, rows]` each.
fn products(kernels: Kernels, threads: usize, weights: [&Weights; 2], x: &[f32], cols: usize) -> [Vec<f32>; 2] {
    let pool = Pool::new(threads).unwrap();
    let tokens = x.len() / cols;
    let mut activations = Activations::with_capacity(tokens, cols);
    let x = activations.load(kernels, &pool, x, cols);
    let mut out = weights.map(|w| vec![f32::NAN; tokens * w.matrix().rows()]);
    let [a, b] = &mut out;
    let mut jobs = [Job { w: weights[0].matrix(), out: a }, Job { w: weights[1].matrix(), out: b }];
    kernels.matmul(&pool, x, &mut jobs);
    out
}

#[test]
fn matmul_has_the_same_bits_in_any_batch_on_any_threads() {
    for dtype in DType::ALL {
        let cols = if dtype.is_float() { 515 } else { 512 };
        let rng = &mut Rng(7);
        let weights = [Weights::random(dtype, 203, cols, Scales::Extreme, rng), Weights::random(dtype, 5, cols, Scales::Extreme, rng)];
        same_bits([&weights[0], &weights[1]], cols, rng);
    }
    for packed in PackedDType::ALL {
        let rng = &mut Rng(8);
        let weights = [208, 8].map(|rows| Weights::random(packed.dtype(), rows, 512, Scales::Extreme, rng).packed());
        same_bits([&weights[0], &weights[1]], 512, rng);
    }
}

/// Products one token after the other on one thread against those of any batch and number of threads.
fn same_bits(weights: [&Weights; 2], cols: usize, rng: &mut Rng) {
    // All ways through a product, whose choice may depend on the number of tokens, with and without whole tiles.
    let batches = (1..=11).chain([16, 17, 29, 48, 49, 67, 131]);
    let x = rng.floats(131 * cols, 3.0);
    for kernels in Kernels::available() {
        let one_by_one = x.chunks_exact(cols).map(|x| products(kernels, 1, weights, x, cols));
        let [mut first, mut second] = [Vec::new(), Vec::new()];
        for [a, b] in one_by_one {
            first.extend(a);
            second.extend(b);
        }
        for tokens in batches.clone() {
            for threads in 1..=3 {
                let [a, b] = products(kernels, threads, weights, &x[..tokens * cols], cols);
                let (w, isa) = (weights[0].matrix(), kernels.isa());
                let packed = if w.packed_dtype().is_some() { "packed " } else { "" };
                let context = format!("{packed}{} on {isa}, {tokens} tokens, {threads} threads", w.dtype());
                assert_eq!(bits(&a), bits(&first[..a.len()]), "{context}");
                assert_eq!(bits(&b), bits(&second[..b.len()]), "{context}");
            }
        }
    }
}

#[test]
fn some_rows_have_the_bits_that_all_of_them_have() {
    let rng = &mut Rng(17);
    for dtype in DType::ALL {
        for packed in [false, true] {
            if packed && !PackedDType::ALL.iter().any(|p| p.dtype() == dtype) {
                continue;
            }
            let (rows, cols) = (208, 512);
            let mut weights = Weights::random(dtype, rows, cols, Scales::Extreme, rng);
            if packed {
                weights = weights.packed();
            }
            let x = rng.floats(3 * cols, 3.0);
            for kernels in Kernels::available() {
                let pool = Pool::new(3).unwrap();
                let mut activations = Activations::with_capacity(3, cols);
                let x = activations.load(kernels, &pool, &x, cols);
                let mut all = vec![f32::NAN; 3 * rows];
                kernels.matmul(&pool, x, &mut [Job { w: weights.matrix(), out: &mut all }]);
                for (t, all) in all.chunks_exact(rows).enumerate() {
                    let mut alone = vec![f32::NAN; rows];
                    kernels.matmul(&pool, x.row(t), &mut [Job { w: weights.matrix(), out: &mut alone }]);
                    assert_eq!(bits(&alone), bits(all), "{dtype} packed: {packed}, token {t} alone");
                }
                for one_in in [1, 2, 9, 70, 1000] {
                    let wanted: Vec<u32> = (0..rows as u32).filter(|_| rng.int(1, one_in) == 1).collect();
                    for (t, all) in all.chunks_exact(rows).enumerate() {
                        let mut out = vec![f32::NAN; wanted.len()];
                        kernels.matmul_rows(&pool, x.row(t), weights.matrix(), &wanted, &mut out);
                        let expected: Vec<f32> = wanted.iter().map(|&row| all[row as usize]).collect();
                        assert_eq!(bits(&out), bits(&expected), "{dtype} packed: {packed}, {wanted:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn attention_has_the_same_bits_in_any_batch_on_any_threads() {
    // Heads in sevens and in twos, whose scores are summed in different orders by some instruction sets.
    for n_heads in [14, 4] {
        attention_of(n_heads);
    }
}

/// Attention of `n_heads` query heads that share two of 64 values.
fn attention_of(n_heads: usize) {
    let shape = AttentionShape::new(n_heads, 2, 64).unwrap();
    let (width, kv_width) = (n_heads * 64, 2 * 64);
    let rng = &mut Rng(11);
    // Two sequences whose rows mix in the batch, long enough for several blocks.
    let positions: Vec<Position> = (0..300).map(|i| Position { seq: i % 2, pos: i / 2 }).collect();
    let (keys, values) = (rng.floats(positions.len() * kv_width, 2.0), rng.floats(positions.len() * kv_width, 2.0));
    let q = rng.floats(positions.len() * width, 2.0);
    for dtype in KvDType::ALL {
        for kernels in Kernels::available() {
            let mut cache = KvCache::new(dtype, 2, 2, 2, 150, 64).unwrap();
            cache.store(kernels, 1, &positions, &keys, &values);
            let attend = |threads: usize, rows: std::ops::Range<usize>| {
                let pool = Pool::new(threads).unwrap();
                let mut out = vec![f32::NAN; rows.len() * width];
                kernels.attention(&pool, shape, &cache, 1, &positions[rows.clone()], &q[rows.start * width..rows.end * width], &mut out);
                out
            };
            let whole = attend(1, 0..positions.len());
            assert!(whole.iter().all(|v| v.is_finite()));
            for threads in 2..=3 {
                assert_eq!(bits(&attend(threads, 0..positions.len())), bits(&whole));
            }
            for row in [0, 1, 127, 128, 129, 130, 299] {
                assert_eq!(bits(&attend(1, row..row + 1)), bits(&whole[row * width..(row + 1) * width]));
            }
        }
    }
}
