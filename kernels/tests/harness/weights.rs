//! Random weights of every type, and their dequantisation.

use super::{Case, Rng, Sizes};
use half::{bf16, f16};
use qwark_kernels::{DType, Kernels, Matrix, PackedDType, TILE_ROWS};

/// What the scales of random weights are like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Scales {
    /// Zero, subnormal, negative, ordinary, largest.
    Extreme,
    /// 1, so that all sums are integers that f32 holds.
    One,
}

/// A matrix with storage of its own, which begins at an odd address and ends where its allocation ends.
#[derive(Clone)]
pub struct Weights {
    dtype: DType,
    rows: usize,
    cols: usize,
    bytes: Vec<u8>,
    packed: bool,
}

impl Weights {
    /// The same weights, packed.
    pub fn packed(mut self) -> Self {
        let packed = PackedDType::of(self.dtype).expect("a type that is packed");
        let group_bytes = TILE_ROWS * self.dtype.row_bytes(self.cols).expect("whole blocks");
        let rows = self.bytes.clone();
        for (rows, tiles) in rows[1..].chunks_exact(group_bytes).zip(self.bytes[1..].chunks_exact_mut(group_bytes)) {
            packed.pack(rows, tiles);
        }
        self.packed = true;
        self
    }

    pub fn random(dtype: DType, rows: usize, cols: usize, scales: Scales, rng: &mut Rng) -> Self {
        let row_bytes = dtype.row_bytes(cols).expect("whole blocks");
        let mut bytes = Vec::with_capacity(1 + rows * row_bytes);
        bytes.push(0);
        while bytes.len() < 1 + rows * row_bytes {
            match dtype {
                DType::F32 => bytes.extend(float(scales, rng).to_le_bytes()),
                DType::F16 => bytes.extend(f16::from_f32(float(scales, rng)).to_le_bytes()),
                DType::BF16 => bytes.extend(bf16::from_f32(float(scales, rng)).to_le_bytes()),
                _ => bytes.extend(block(dtype, scales, rng)),
            }
        }
        Self { dtype, rows, cols, bytes, packed: false }
    }

    pub fn matrix(&self) -> Matrix<'_> {
        let new = if self.packed { Matrix::packed } else { Matrix::new };
        new(self.dtype, self.rows, self.cols, &self.bytes[1..]).expect("made to this shape")
    }

    /// All weights as the reference reads them, which is checked against another implementation's vectors.
    pub fn dequantized(&self) -> Vec<f32> {
        let scalar = Kernels::for_isa(qwark_kernels::Isa::Scalar).expect("always there");
        let mut out = vec![0.0; self.rows * self.cols];
        for (row, out) in out.chunks_exact_mut(self.cols).enumerate() {
            scalar.dequantize_row(self.matrix(), row, out);
        }
        out
    }
}

fn float(scales: Scales, rng: &mut Rng) -> f32 {
    match scales {
        Scales::Extreme => rng.float(1.0) * 2f32.powi(rng.int(-14, 6) as i32),
        Scales::One => rng.int(-8, 8) as f32,
    }
}

/// A block of random bits with scales as asked for.
fn block(dtype: DType, scales: Scales, rng: &mut Rng) -> Vec<u8> {
    let halves: &[usize] = match dtype {
        DType::Q4_1 | DType::Q5_1 | DType::Q4K | DType::Q5K => &[0, 2],
        DType::Q6K => &[208],
        _ => &[0],
    };
    let mut bytes: Vec<u8> = (0..dtype.block_bytes()).map(|_| rng.bits() as u8).collect();
    // Now and then all bits alike: the largest and smallest levels, among them bytes of -128.
    match rng.int(0, 7) {
        0 => bytes.fill(0x00),
        1 => bytes.fill(0xff),
        2 => bytes.fill(0x80),
        _ => {}
    }
    for &at in halves {
        let value = match scales {
            Scales::One => 1.0,
            Scales::Extreme => [0.0123, -1.75, 0.5, 0.0, 5.96e-8, 65504.0][rng.int(0, 5) as usize],
        };
        bytes[at..at + 2].copy_from_slice(&f16::from_f32(value).to_le_bytes());
    }
    match (dtype, scales) {
        (DType::Q4K | DType::Q5K, Scales::One) => {
            // Eight 6-bit scales and eight minima, all 1.
            bytes[4..12].fill(1);
            bytes[12..16].fill(0x11);
        }
        (DType::Q6K, Scales::One) => bytes[192..208].fill_with(|| rng.int(-3, 3) as u8),
        _ => {}
    }
    bytes
}

/// Dequantisation: the same bits on every instruction set.
pub fn dequantize_cases(dtype: &str, sizes: Sizes) -> Vec<Case> {
    let dtype = DType::from_name(dtype).expect("a weight type");
    let lens: &[usize] = if sizes == Sizes::Time { &[16] } else { &[1, 2, 3] };
    let case = |&blocks: &usize| {
        let cols = blocks * dtype.block_len().max(32);
        let weights = Weights::random(dtype, 3, cols, Scales::Extreme, &mut Rng(cols as u64));
        let expected = weights.dequantized().into_iter().map(f64::from).collect::<Vec<_>>();
        Case {
            name: format!("dequantize {dtype} [{cols}]"),
            bytes: weights.bytes.len(),
            run: Box::new(move |kernels, out| {
                for (row, out) in out.chunks_exact_mut(cols).enumerate() {
                    kernels.dequantize_row(weights.matrix(), row, out);
                }
            }),
            bound: vec![0.0; expected.len()],
            expected,
            exact: true,
            macs: 0,
        }
    };
    lens.iter().map(case).collect()
}
