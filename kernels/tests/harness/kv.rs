//! Keys and values of attention.

use super::{Case, EPS, Guarded, Rng, Sizes};
use half::f16;
use qwark_kernels::{Isa, KV_BLOCK, Kernels, KvDType};

fn kv_dtype(name: &str) -> KvDType {
    name.parse().expect("a cache type")
}

/// Heads that the type can hold: all multiples of 8 for f16, of 32 for q8_0.
fn head_dims(dtype: KvDType, sizes: Sizes) -> Vec<usize> {
    let dims: &[usize] = if sizes == Sizes::Time { &[64] } else { &[8, 24, 32, 40, 64, 96, 128, 160, 256] };
    dims.iter().copied().filter(|d| dtype.row_bytes(*d).is_some()).collect()
}

/// The values of a stored row, by a formula of its own.
fn load(dtype: KvDType, row: &[u8]) -> Vec<f64> {
    let half = |b: &[u8]| f64::from(f16::from_le_bytes([b[0], b[1]]).to_f32());
    match dtype {
        KvDType::F16 => row.chunks_exact(2).map(half).collect(),
        KvDType::Q8_0 => row.chunks_exact(34).flat_map(|b| b[2..].iter().map(move |q| half(b) * f64::from(*q as i8))).collect(),
    }
}

/// Random stored rows at an odd address, and what they say.
fn rows(dtype: KvDType, count: usize, head_dim: usize, rng: &mut Rng) -> (Vec<u8>, Vec<Vec<f64>>) {
    let scalar = Kernels::for_isa(Isa::Scalar).expect("always there");
    let row_bytes = dtype.row_bytes(head_dim).expect("whole blocks");
    let mut bytes = vec![0; 1 + count * row_bytes];
    for row in bytes[1..].chunks_exact_mut(row_bytes) {
        scalar.kv_store(dtype, &rng.floats(head_dim, 2.0), row);
    }
    let values = bytes[1..].chunks_exact(row_bytes).map(|row| load(dtype, row)).collect();
    (bytes, values)
}

/// Results are the bytes, then the values that they stand for.
pub fn store_cases(dtype: &str, sizes: Sizes) -> Vec<Case> {
    let dtype = kv_dtype(dtype);
    let mut cases = Vec::new();
    let odd: &[usize] = if dtype == KvDType::F16 && sizes == Sizes::Check { &[1, 7, 9] } else { &[] };
    for head_dim in head_dims(dtype, sizes).into_iter().chain(odd.iter().copied()) {
        let scales: &[f32] = if sizes == Sizes::Time { &[1.0] } else { &[1.0, 0.0, 1e-9, 6e4] };
        for &scale in scales {
            let x = Rng(head_dim as u64).floats(head_dim, scale);
            let row_bytes = dtype.row_bytes(head_dim).expect("whole blocks");
            let step = |i: usize| match dtype {
                // Half a unit in the last place, or half the smallest subnormal.
                KvDType::F16 => f64::from(x[i].abs()) / 2048.0 + 3e-8,
                // Half a level; the scale is rounded to f16, which may cost another 127 / 2048 of a level.
                KvDType::Q8_0 => {
                    let block = &x[i / 32 * 32..][..32];
                    f64::from(block.iter().fold(0.0f32, |m, v| m.max(v.abs()))) / 127.0 * 0.57 + 4e-6
                }
            };
            let bound = std::iter::repeat_n(f64::NAN, row_bytes).chain((0..head_dim).map(step)).collect();
            let expected = std::iter::repeat_n(0.0, row_bytes).chain(x.iter().map(|v| f64::from(*v))).collect();
            let name = format!("kv_store {dtype} [{head_dim}] * {scale}");
            let (title, bytes) = (name.clone(), size_of_val(&x[..]));
            let mut row = Guarded::new(row_bytes, 0xa5u8);
            let run = move |kernels: Kernels, out: &mut [f32]| {
                kernels.kv_store(dtype, &x, row.slice());
                row.check(&title);
                let values = load(dtype, row.slice());
                let bytes = row.slice().iter().map(|b| f32::from(*b));
                out.iter_mut().zip(bytes.chain(values.into_iter().map(|v| v as f32))).for_each(|(o, v)| *o = v);
            };
            cases.push(Case { name, run: Box::new(run), expected, bound, exact: true, bytes, macs: 0 });
        }
    }
    cases
}

/// Heads of a group, positions of a block.
fn blocks(sizes: Sizes) -> Vec<(usize, usize)> {
    match sizes {
        Sizes::Time => vec![(7, KV_BLOCK), (28, KV_BLOCK)],
        Sizes::Check => {
            let counts = [1, 2, 3, 4, 5, 7, 31, 63, KV_BLOCK];
            [1, 2, 3, 4, 5, 7, 8, 16].into_iter().flat_map(|heads| counts.map(|count| (heads, count))).collect()
        }
    }
}

pub fn dot_cases(dtype: &str, sizes: Sizes) -> Vec<Case> {
    let dtype = kv_dtype(dtype);
    let mut cases = Vec::new();
    for head_dim in head_dims(dtype, sizes) {
        for (heads, count) in blocks(sizes) {
            let rng = &mut Rng((head_dim * 64 + count) as u64);
            let (bytes, keys) = rows(dtype, count, head_dim, rng);
            let q = rng.floats(heads * head_dim, 1.5);
            // Scores past the last key are unspecified.
            let (mut expected, mut bound) = (vec![0.0; heads * KV_BLOCK], vec![f64::NAN; heads * KV_BLOCK]);
            for (h, q) in q.chunks_exact(head_dim).enumerate() {
                for (i, key) in keys.iter().enumerate() {
                    let products = q.iter().zip(key).map(|(q, k)| f64::from(*q) * k);
                    expected[h * KV_BLOCK + i] = products.clone().sum();
                    bound[h * KV_BLOCK + i] = (head_dim + 4) as f64 * EPS * products.map(f64::abs).sum::<f64>();
                }
            }
            cases.push(Case {
                name: format!("kv_dot {dtype} {heads} heads of {head_dim}, {count} keys"),
                bytes: bytes.len(),
                run: Box::new(move |kernels, out| kernels.kv_dot(dtype, &bytes[1..], &q, head_dim, heads, out)),
                expected,
                bound,
                exact: false,
                macs: heads * count * head_dim,
            });
        }
    }
    cases
}

pub fn axpy_cases(dtype: &str, sizes: Sizes) -> Vec<Case> {
    let dtype = kv_dtype(dtype);
    let mut cases = Vec::new();
    for head_dim in head_dims(dtype, sizes) {
        for (heads, count) in blocks(sizes) {
            let rng = &mut Rng((head_dim * 64 + count) as u64);
            let (bytes, values) = rows(dtype, count, head_dim, rng);
            let mut weights = rng.floats(heads * KV_BLOCK, 1.0);
            // Weights past the last value must not be used.
            weights.chunks_exact_mut(KV_BLOCK).for_each(|w| w[count..].fill(f32::NAN));
            let (correction, before) = (rng.floats(heads, 1.0), rng.floats(heads * head_dim, 1.0));
            let (mut expected, mut bound) = (Vec::new(), Vec::new());
            for h in 0..heads {
                for c in 0..head_dim {
                    let first = f64::from(correction[h]) * f64::from(before[h * head_dim + c]);
                    let products = values.iter().zip(&weights[h * KV_BLOCK..]).map(|(v, w)| v[c] * f64::from(*w));
                    expected.push(first + products.clone().sum::<f64>());
                    bound.push((count + 4) as f64 * EPS * (first.abs() + products.map(f64::abs).sum::<f64>()));
                }
            }
            cases.push(Case {
                name: format!("kv_axpy {dtype} {heads} heads of {head_dim}, {count} values"),
                bytes: bytes.len(),
                run: Box::new(move |kernels, out| {
                    out.copy_from_slice(&before);
                    kernels.kv_axpy(dtype, &bytes[1..], &weights, &correction, head_dim, out);
                }),
                expected,
                bound,
                exact: false,
                macs: heads * count * head_dim,
            });
        }
    }
    cases
}
