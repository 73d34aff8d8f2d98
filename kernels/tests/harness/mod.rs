//! One description of every kernel, from which the checks and the timings are made.
//!
//! [`cases`] turns a row of the table (operation, storage type) into [`Case`]s: inputs, a way to run the row on any instruction set,
//! the expected results worked out in f64 by formulas of this harness's own, and how far each result may be off.

#![allow(dead_code, reason = "the checks and the timings each use a part")]

pub mod kv;
pub mod matmul;
pub mod vector;
pub mod weights;

use qwark_kernels::{Entry, Kernels};

/// Relative rounding error of one f32 operation.
pub const EPS: f64 = 1.0 / (1 << 24) as f64;

/// Runs one row of the table on some instruction set and leaves the results in the slice.
pub type Run = Box<dyn FnMut(Kernels, &mut [f32])>;

/// One row of the table with inputs.
pub struct Case {
    /// Operation, type and sizes.
    pub name: String,
    /// The row at work.
    pub run: Run,
    /// What it should give.
    pub expected: Vec<f64>,
    /// How far each result may be from `expected`; NaN where the result is unspecified.
    pub bound: Vec<f64>,
    /// Whether all instruction sets must give the same bits.
    pub exact: bool,
    /// Bytes of weights, cache or activations that one run reads.
    pub bytes: usize,
    /// Multiply-adds of one run; 0 for operations that are not counted that way.
    pub macs: usize,
}

/// How much of the work of a row is wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// Many awkward sizes.
    Check,
    /// One or two sizes of a real model.
    Time,
}

/// The cases of a row.
///
/// # Panics
/// For an operation that has no description here: a new row needs one.
pub fn cases(entry: &Entry, sizes: Sizes) -> Vec<Case> {
    match entry.op {
        "matmul" => matmul::cases(entry.dtype, matmul::Layout::Plain, sizes),
        "matmul_packed" => matmul::cases(entry.dtype, matmul::Layout::Packed, sizes),
        "dequantize" => weights::dequantize_cases(entry.dtype, sizes),
        "quantize_q8" => vector::quantize_cases(sizes),
        "rms_norm" => vector::rms_norm_cases(sizes),
        "rope" => vector::rope_cases(sizes),
        "silu_mul" => vector::silu_mul_cases(sizes),
        "add" => vector::add_cases(sizes),
        "kv_store" => kv::store_cases(entry.dtype, sizes),
        "kv_dot" => kv::dot_cases(entry.dtype, sizes),
        "kv_axpy" => kv::axpy_cases(entry.dtype, sizes),
        "softmax" => vector::softmax_cases(sizes),
        op => panic!("no case for operation {op}"),
    }
}

/// A buffer with a canary behind it.
pub struct Guarded<T> {
    values: Vec<T>,
    len: usize,
    canary: T,
}

impl<T: Copy + PartialEq + std::fmt::Debug> Guarded<T> {
    const CANARIES: usize = 64;

    pub fn new(len: usize, canary: T) -> Self {
        Self { values: vec![canary; len + Self::CANARIES], len, canary }
    }

    pub fn slice(&mut self) -> &mut [T] {
        &mut self.values[..self.len]
    }

    /// # Panics
    /// If something was written past the end.
    pub fn check(&self, name: &str) {
        assert!(self.values[self.len..].iter().all(|v| *v == self.canary), "{name} wrote past the end of its output");
    }
}

/// SplitMix64 (Steele, Lea and Flood, 2014).
pub struct Rng(pub u64);

impl Rng {
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An integer of `low..=high`.
    pub fn int(&mut self, low: i64, high: i64) -> i64 {
        low + (self.bits() % (high - low + 1) as u64) as i64
    }

    /// Uniform in `-scale..scale`.
    pub fn float(&mut self, scale: f32) -> f32 {
        (self.int(-(1 << 20), 1 << 20) as f32) / (1 << 20) as f32 * scale
    }

    pub fn floats(&mut self, n: usize, scale: f32) -> Vec<f32> {
        (0..n).map(|_| self.float(scale)).collect()
    }
}
