//! Matrix products.

use super::{
    Case, EPS, Rng, Sizes,
    weights::{Scales, Weights},
};
use qwark_kernels::{Activations, DType, Isa, Job, Kernels, Operand, Pool};

/// What the activations of a case are like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Inputs {
    /// Any floats, in blocks of different size.
    Any,
    /// Integers whose largest in each block is 127, so that their int8 form is exact with scale 1; weights have scale 1 too.
    Integers,
}

/// Columns whose sums are checked, in whole blocks.
fn columns(dtype: DType) -> &'static [usize] {
    match dtype {
        DType::F32 | DType::F16 | DType::BF16 => &[1, 7, 8, 33, 96, 261],
        DType::Q4K | DType::Q5K | DType::Q6K => &[256, 768],
        _ => &[32, 64, 96, 288],
    }
}

/// How the weights of a case lie.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    Plain,
    Packed,
}

/// All small shapes, and one that is cut into several units.
pub fn cases(dtype: &str, layout: Layout, sizes: Sizes) -> Vec<Case> {
    let dtype = DType::from_name(dtype).expect("a weight type");
    if sizes == Sizes::Time {
        // More weights than the caches hold, one token; then a prompt.
        return vec![case(dtype, layout, 24 * 1024, 4096, 1, Inputs::Any, sizes), case(dtype, layout, 1024, 1024, 128, Inputs::Any, sizes)];
    }
    let mut cases = Vec::new();
    for &cols in columns(dtype) {
        for inputs in [Inputs::Any, Inputs::Integers] {
            let (small, large): (&[usize], usize) = match layout {
                Layout::Plain => (&[1, 2, 3, 4, 5, 7, 9], 133),
                Layout::Packed => (&[8, 16, 24], 136),
            };
            for &rows in small {
                for tokens in (1..=20).chain([25, 33, 37, 43, 48, 49]) {
                    cases.push(case(dtype, layout, rows, cols, tokens, inputs, sizes));
                }
            }
            cases.push(case(dtype, layout, large, cols, 2, inputs, sizes));
        }
    }
    cases
}

fn case(dtype: DType, layout: Layout, rows: usize, cols: usize, tokens: usize, inputs: Inputs, sizes: Sizes) -> Case {
    let rng = &mut Rng((rows * 1_000_003 + cols * 1009 + tokens) as u64);
    let scales = if inputs == Inputs::Integers { Scales::One } else { Scales::Extreme };
    // Large matrices repeat a few rows: random bytes are slow to make.
    let mut weights = Weights::random(dtype, rows, cols, scales, rng);
    let x = activations(tokens, cols, inputs, rng);
    let (expected, bound) = match sizes {
        Sizes::Check => expected(dtype, &weights.dequantized(), &x, cols, inputs),
        Sizes::Time => (vec![0.0; rows * tokens], vec![f64::NAN; rows * tokens]),
    };
    if layout == Layout::Packed {
        weights = weights.packed();
    }
    let pool = Pool::new(if rows > 100 && sizes == Sizes::Check { 3 } else { 1 }).expect("threads");
    let x: &'static [f32] = x.leak();
    let mut loaded: Option<(Isa, Operand<'static>)> = None;
    let bytes = weights.matrix().bytes().len();
    let run = move |kernels: Kernels, out: &mut [f32]| {
        let operand = match loaded {
            Some((isa, operand)) if isa == kernels.isa() => operand,
            // Loaded once for all runs, whose time does not count it, so it lives as long as the program.
            _ => Box::leak(Box::new(Activations::with_capacity(tokens, cols))).load(kernels, &pool, x, cols),
        };
        loaded = Some((kernels.isa(), operand));
        kernels.matmul(&pool, operand, &mut [Job { w: weights.matrix(), out }]);
    };
    Case {
        name: format!(
            "matmul{} {dtype} [{rows}, {cols}] x {tokens}{}",
            if layout == Layout::Packed { " packed" } else { "" },
            if inputs == Inputs::Integers { " integers" } else { "" }
        ),
        run: Box::new(run),
        expected,
        bound,
        // Packed weights are multiplied in the same order everywhere.
        exact: inputs == Inputs::Integers || layout == Layout::Packed,
        bytes,
        macs: rows * cols * tokens,
    }
}

fn activations(tokens: usize, cols: usize, inputs: Inputs, rng: &mut Rng) -> Vec<f32> {
    let mut x = Vec::with_capacity(tokens * cols);
    for _ in 0..tokens {
        for block in (0..cols).step_by(32) {
            let n = 32.min(cols - block);
            let start = x.len();
            match inputs {
                Inputs::Any => {
                    let scale = [1.0, 1e-3, 300.0, 0.0][rng.int(0, 3) as usize];
                    x.extend(rng.floats(n, scale));
                }
                Inputs::Integers => {
                    x.extend((0..n).map(|_| rng.int(-127, 127) as f32));
                    x[start + rng.int(0, n as i64 - 1) as usize] = [127.0, -127.0][rng.int(0, 1) as usize];
                    if rng.int(0, 7) == 0 {
                        x[start..].fill(-127.0);
                    }
                }
            }
        }
    }
    x
}

/// Products in f64 of the dequantised weights with the activations as the row sees them (int8 blocks for quantised weights), and a
/// bound: one rounding for each term of the sum, relative to the largest weight of each block, since an offset can cancel.
fn expected(dtype: DType, w: &[f32], x: &[f32], cols: usize, inputs: Inputs) -> (Vec<f64>, Vec<f64>) {
    let x: Vec<f64> = match dtype.is_float() {
        true => x.iter().map(|v| f64::from(*v)).collect(),
        false => x.chunks(32).flat_map(int8).collect(),
    };
    let terms = if dtype.is_float() { cols } else { cols / 32 } as f64;
    let (mut expected, mut bound) = (Vec::new(), Vec::new());
    for x in x.chunks_exact(cols) {
        for w in w.chunks_exact(cols) {
            let (mut sum, mut size) = (0.0, 0.0);
            for (w, x) in w.chunks(32).zip(x.chunks(32)) {
                sum += w.iter().zip(x).map(|(w, x)| f64::from(*w) * x).sum::<f64>();
                let largest = w.iter().fold(0.0, |m, w| f64::max(m, f64::from(w.abs())));
                size += largest * x.iter().map(|x| x.abs()).sum::<f64>();
            }
            expected.push(sum);
            bound.push(if inputs == Inputs::Integers { 0.0 } else { (terms + 16.0) * EPS * size });
        }
    }
    (expected, bound)
}

/// A block as its int8 form says it.
fn int8(x: &[f32]) -> Vec<f64> {
    let largest = x.iter().fold(0.0f32, |m, x| m.max(x.abs()));
    if largest == 0.0 {
        return vec![0.0; x.len()];
    }
    x.iter().map(|x| f64::from((x * (127.0 / largest)).round_ties_even()) * f64::from(largest / 127.0)).collect()
}
