//! Operations on vectors.

use super::{Case, EPS, Guarded, Rng, Sizes};
use qwark_kernels::{Kernels, SoftmaxState};

/// Lengths around the vectors of every instruction set.
fn lengths(sizes: Sizes, real: usize) -> Vec<usize> {
    match sizes {
        Sizes::Time => vec![real],
        Sizes::Check => vec![1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 64, 65, 200, 897],
    }
}

/// Kinds of input: all of them for a check, the first for a timing.
fn kinds<T: Copy>(sizes: Sizes, all: &[T]) -> Vec<T> {
    all[..if sizes == Sizes::Time { 1 } else { all.len() }].to_vec()
}

/// A case whose run works on a copy of `input` in the output slice, as an operation in place does.
fn in_place(name: String, input: Vec<f32>, expected: Vec<f64>, bound: Vec<f64>, op: impl Fn(Kernels, &mut [f32]) + 'static) -> Case {
    Case {
        name,
        bytes: 2 * size_of_val(&input[..]),
        run: Box::new(move |kernels, out| {
            out.copy_from_slice(&input);
            op(kernels, out);
        }),
        expected,
        bound,
        exact: false,
        macs: 0,
    }
}

pub fn quantize_cases(sizes: Sizes) -> Vec<Case> {
    let mut cases = Vec::new();
    for n in lengths(sizes, 4864) {
        // The last two are too small to have a scale, and negative only.
        for scale in kinds(sizes, &[1.0, 1e-30, 1e30, 0.0, 1e-38, -1.0]) {
            let mut rng = Rng(n as u64);
            let x: Vec<f32> = rng.floats(n, scale).into_iter().map(|v| if scale < 0.0 { -v.abs() } else { v }).collect();
            cases.push(quantize(x, format!("quantize_q8 [{n}] * {scale}")));
        }
    }
    if sizes == Sizes::Time {
        return cases;
    }
    // Every tie between two integers.
    cases.push(quantize((-127..=127).map(|i| i as f32 + if i < 127 { 0.5 } else { 0.0 }).collect(), "quantize_q8 ties".into()));
    cases
}

/// Results are `q`, then `d`, then `s`.
fn quantize(x: Vec<f32>, name: String) -> Case {
    let blocks = x.len().div_ceil(32);
    let (mut q, mut d, mut s) = (Vec::new(), Vec::new(), Vec::new());
    for block in x.chunks(32) {
        let largest = block.iter().fold(0.0f32, |m, v| m.max(v.abs()));
        let scale = if (127.0 / largest).is_finite() { f64::from(largest) / 127.0 } else { 0.0 };
        let levels = (0..32).map(|i| match block.get(i) {
            Some(v) if scale != 0.0 => f64::from(*v) / scale,
            _ => 0.0,
        });
        q.extend(levels);
        d.push(scale);
        s.push(block.iter().map(|v| f64::from(*v)).sum::<f64>() * f64::from(u8::from(scale != 0.0)));
    }
    // Half a level, and a little for a scale that is itself rounded.
    let bound = std::iter::repeat_n(0.5001, q.len()).chain(d.iter().map(|d| d * 4.0 * EPS)).chain(d.iter().map(|d| d * 32.0 * 0.51));
    let bound = bound.collect();
    let (mut levels, bytes) = (Guarded::new(blocks * 32, 99i8), size_of_val(&x[..]));
    let expected = [q, d, s].concat();
    let title = name.clone();
    let run = move |kernels: Kernels, out: &mut [f32]| {
        let (q, scales) = out.split_at_mut(blocks * 32);
        let (d, s) = scales.split_at_mut(blocks);
        kernels.quantize_q8(&x, levels.slice(), d, s);
        levels.check(&title);
        for (out, level) in q.iter_mut().zip(levels.slice()) {
            assert_ne!(*level, -128, "{title}: the levels are symmetric");
            *out = f32::from(*level);
        }
    };
    Case { name, run: Box::new(run), expected, bound, exact: true, bytes, macs: 0 }
}

pub fn rms_norm_cases(sizes: Sizes) -> Vec<Case> {
    let mut cases = Vec::new();
    for n in lengths(sizes, 896) {
        for scale in kinds(sizes, &[1.0f32, 1e-6, 1e4]) {
            let mut rng = Rng(n as u64);
            let (x, weight, eps) = (rng.floats(n, scale), rng.floats(n, 2.0), 1e-6f32);
            let mean = x.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>() / n as f64;
            let factor = 1.0 / (mean + f64::from(eps)).sqrt();
            let expected: Vec<f64> = x.iter().zip(&weight).map(|(x, w)| f64::from(*x) * factor * f64::from(*w)).collect();
            cases.push(Case {
                name: format!("rms_norm [{n}] * {scale}"),
                bytes: 2 * size_of_val(&x[..]),
                run: Box::new(move |kernels, out| kernels.rms_norm(&x, &weight, eps, out)),
                bound: expected.iter().map(|v| v.abs() * (n as f64 / 32.0 + 8.0) * EPS).collect(),
                expected,
                exact: false,
                macs: 0,
            });
        }
    }
    cases
}

pub fn rope_cases(sizes: Sizes) -> Vec<Case> {
    let case = |n: usize| {
        let mut rng = Rng(n as u64);
        let (head, angles) = (rng.floats(2 * n, 3.0), rng.floats(n, 3.0));
        let (cos, sin): (Vec<f32>, Vec<f32>) = angles.iter().map(|a| (a.cos(), a.sin())).unzip();
        let (mut expected, mut bound) = (vec![0.0; 2 * n], vec![0.0; 2 * n]);
        for i in 0..n {
            let [a, b, c, s] = [head[i], head[i + n], cos[i], sin[i]].map(f64::from);
            (expected[i], expected[i + n]) = (a * c - b * s, a * s + b * c);
            let size = 4.0 * EPS * (a.abs() + b.abs());
            (bound[i], bound[i + n]) = (size, size);
        }
        in_place(format!("rope [{}]", 2 * n), head, expected, bound, move |k, out| k.rope(out, &cos, &sin))
    };
    lengths(sizes, 64).into_iter().map(case).collect()
}

pub fn silu_mul_cases(sizes: Sizes) -> Vec<Case> {
    let mut cases = Vec::new();
    for n in lengths(sizes, 4864) {
        for scale in kinds(sizes, &[1.0, 20.0, 1000.0]) {
            let mut rng = Rng(n as u64);
            let (gate, up) = (rng.floats(n, scale), rng.floats(n, 2.0));
            let pairs = gate.iter().zip(&up);
            let expected: Vec<f64> = pairs.map(|(g, u)| f64::from(*g) / (1.0 + (-f64::from(*g)).exp()) * f64::from(*u)).collect();
            let bound = expected.iter().map(|v| 1e-6 * v.abs() + 1e-34).collect();
            cases.push(in_place(format!("silu_mul [{n}] * {scale}"), gate, expected, bound, move |k, out| k.silu_mul(out, &up)));
        }
    }
    cases
}

pub fn add_cases(sizes: Sizes) -> Vec<Case> {
    let case = |n: usize| {
        let mut rng = Rng(n as u64);
        let (x, y) = (rng.floats(n, 1.0), rng.floats(n, 100.0));
        let expected: Vec<f64> = x.iter().zip(&y).map(|(x, y)| f64::from(x + y)).collect();
        let bound = vec![0.0; n];
        in_place(format!("add [{n}]"), x, expected, bound, move |k, out| k.add(out, &y))
    };
    lengths(sizes, 896).into_iter().map(case).collect()
}

/// Results are the weights, then the new maximum, the new sum, and the correction.
pub fn softmax_cases(sizes: Sizes) -> Vec<Case> {
    let mut cases = Vec::new();
    for n in lengths(sizes, 64).into_iter().filter(|n| *n <= qwark_kernels::KV_BLOCK) {
        let states = [(4.0, f32::NEG_INFINITY, 0.0), (40.0, 1.0, 3.5), (1000.0, -7.0, 1.0), (1.0, 30.0, 1.0)];
        for (spread, max, sum) in kinds(sizes, &states) {
            let mut rng = Rng(n as u64);
            let (scores, scale) = (rng.floats(n, spread), 0.125f32);
            let scaled: Vec<f64> = scores.iter().map(|v| f64::from(*v) * f64::from(scale)).collect();
            let new_max = scaled.iter().fold(f64::from(max), |m, v| m.max(*v));
            let correction = (f64::from(max) - new_max).exp();
            let mut expected: Vec<f64> = scaled.iter().map(|v| (v - new_max).exp()).collect();
            let total = f64::from(sum) * correction + expected.iter().sum::<f64>();
            expected.extend([new_max, total, correction]);
            // The exponent is rounded before it is raised.
            let relative = 1e-6 + 2.0 * EPS * f64::from(spread);
            let bound = expected.iter().map(|v| v.abs() * relative + 1e-37).collect();
            let input = [&scores[..], &[0.0; 3]].concat();
            cases.push(in_place(format!("softmax [{n}] * {spread}"), input, expected, bound, move |k, out| {
                let mut state = SoftmaxState { max, sum };
                let correction = k.softmax(&mut out[..n], scale, &mut state);
                out[n..].copy_from_slice(&[state.max, state.sum, correction]);
            }));
        }
    }
    cases
}
