//! Nothing is touched past the end of an operand, as a mapped file may end with the last weight of its last tensor.
//!
//! Every operand of every row of the table is put before a page that cannot be touched. A load or store that goes too far kills the
//! test with a segmentation fault; `cargo test --test fence -- --nocapture` then says last which row it was.
#![cfg(unix)]
#![expect(unsafe_code, reason = "only the system can make a page that cannot be touched")]

mod harness;

use harness::{
    Rng,
    weights::{Scales, Weights},
};
use qwark_kernels::{Activations, DType, Entry, Job, KV_BLOCK, Kernels, KvDType, Matrix, Pool, SoftmaxState};
use rustix::mm::{MapFlags, MprotectFlags, ProtFlags, mmap_anonymous, mprotect, munmap};
use std::{
    ffi::c_void,
    ops::{Deref, DerefMut},
    ptr, slice,
};

/// Bytes of the fence, and what the memory before it is a multiple of: the largest page in use, whole pages wherever they are smaller.
const FENCE: usize = 1 << 16;

/// Numbers whose last byte is the last one before the fence.
struct Fenced<T> {
    map: *mut c_void,
    map_bytes: usize,
    start: *mut T,
    len: usize,
}

impl<T: Copy> Fenced<T> {
    fn new(values: &[T]) -> Self {
        let bytes = size_of_val(values);
        let body = bytes.next_multiple_of(FENCE);
        let map_bytes = body + FENCE;
        // SAFETY: a new mapping, placed by the system.
        let map = unsafe { mmap_anonymous(ptr::null_mut(), map_bytes, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE) };
        let map = map.expect("memory");
        // SAFETY: the end of the new mapping, of which nothing is in use yet.
        unsafe { mprotect(map.byte_add(body), FENCE, MprotectFlags::empty()) }.expect("pages can be protected");
        // SAFETY: `bytes` bytes before the fence are inside the mapping and writable; they are aligned, since the fence is and
        // `bytes` is whole values.
        let start = unsafe {
            let start = map.byte_add(body - bytes).cast::<T>();
            start.copy_from_nonoverlapping(values.as_ptr(), values.len());
            start
        };
        Self { map, map_bytes, start, len: values.len() }
    }
}

impl Fenced<f32> {
    fn random(len: usize, rng: &mut Rng) -> Self {
        Self::new(&rng.floats(len, 1.0))
    }
}

impl<T> Deref for Fenced<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: `len` values were written there, and the mapping lives as long as `self`.
        unsafe { slice::from_raw_parts(self.start, self.len) }
    }
}

impl<T> DerefMut for Fenced<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        // SAFETY: as above, and `self` is borrowed alone.
        unsafe { slice::from_raw_parts_mut(self.start, self.len) }
    }
}

impl<T> Drop for Fenced<T> {
    fn drop(&mut self) {
        // SAFETY: the whole mapping that `new` made; no slice of it outlives `self`.
        unsafe { munmap(self.map, self.map_bytes) }.expect("it was mapped");
    }
}

#[test]
fn nothing_is_touched_past_the_end_of_an_operand() {
    for kernels in Kernels::available() {
        for Entry { op, dtype, isa } in kernels.entries() {
            println!("{op} {dtype} on {isa}");
            match op {
                "matmul" => matmul(kernels, weight_type(dtype), false),
                "matmul_packed" => matmul(kernels, weight_type(dtype), true),
                "dequantize" => dequantize(kernels, weight_type(dtype)),
                "kv_store" => kv_store(kernels, cache_type(dtype)),
                "kv_dot" | "kv_axpy" => kv_block(kernels, op, cache_type(dtype)),
                // Around the vectors and the blocks of every instruction set.
                op => (1..=2 * KV_BLOCK + 2).for_each(|n| vector(kernels, op, n)),
            }
        }
    }
}

fn weight_type(name: &str) -> DType {
    DType::from_name(name).expect("a weight type")
}

fn cache_type(name: &str) -> KvDType {
    name.parse().expect("a cache type")
}

/// Random weights `[rows, cols]` before a fence.
fn weights(dtype: DType, packed: bool, rows: usize, cols: usize) -> Fenced<u8> {
    let plain = Weights::random(dtype, rows, cols, Scales::One, &mut Rng(cols as u64));
    let weights = if packed { plain.packed() } else { plain };
    Fenced::new(weights.matrix().bytes())
}

/// Blocks in a row that no unrolling divides, for single floats as well.
fn columns(dtype: DType) -> impl Iterator<Item = usize> {
    let counts: &[usize] = if dtype.is_float() { &[1, 2, 3, 7, 8, 9, 31, 33, 67] } else { &[1, 2, 3, 4, 5, 7, 9] };
    counts.iter().map(move |n| n * dtype.block_len())
}

fn matmul(kernels: Kernels, dtype: DType, packed: bool) {
    let rows: &[usize] = if packed { &[8, 16, 24] } else { &[1, 2, 3, 4, 5, 8, 9, 13] };
    let pool = Pool::new(1).expect("the caller's thread");
    for cols in columns(dtype) {
        for &rows in rows {
            let weights = weights(dtype, packed, rows, cols);
            let w = if packed { Matrix::packed(dtype, rows, cols, &weights) } else { Matrix::new(dtype, rows, cols, &weights) };
            let w = w.expect("made to this shape");
            for tokens in [1, 2, 3, 4, 5, 8, 9] {
                let x = Fenced::random(tokens * cols, &mut Rng(1));
                let mut activations = Activations::with_capacity(tokens, cols);
                let x = activations.load(kernels, &pool, &x, cols);
                let mut out = Fenced::new(&vec![f32::NAN; tokens * rows]);
                kernels.matmul(&pool, x, &mut [Job { w, out: &mut out }]);
                assert!(out.iter().all(|v| v.is_finite()), "{dtype} [{rows}, {cols}] x {tokens}");
            }
        }
    }
}

fn dequantize(kernels: Kernels, dtype: DType) {
    for cols in columns(dtype) {
        let weights = weights(dtype, false, 2, cols);
        let mut out = Fenced::new(&vec![f32::NAN; cols]);
        kernels.dequantize_row(Matrix::new(dtype, 2, cols, &weights).expect("made to this shape"), 1, &mut out);
        assert!(out.iter().all(|v| v.is_finite()), "{dtype} [{cols}]");
    }
}

fn kv_store(kernels: Kernels, dtype: KvDType) {
    for len in (1..=264).filter(|n| dtype.row_bytes(*n).is_some()) {
        let mut row = Fenced::new(&vec![0; dtype.row_bytes(len).expect("whole blocks")]);
        kernels.kv_store(dtype, &Fenced::random(len, &mut Rng(2)), &mut row);
        assert!(row.iter().any(|byte| *byte != 0), "{dtype} [{len}]");
    }
}

fn kv_block(kernels: Kernels, op: &str, dtype: KvDType) {
    for head_dim in [8, 24, 32, 64, 96, 128, 256] {
        let Some(row_bytes) = dtype.row_bytes(head_dim) else { continue };
        for (heads, count) in [1, 2, 3, 5, 7].into_iter().flat_map(|heads| [1, 2, 3, 5, 63, KV_BLOCK].map(|count| (heads, count))) {
            let rng = &mut Rng(3);
            let mut rows = Fenced::new(&vec![0; count * row_bytes]);
            rows.chunks_exact_mut(row_bytes).for_each(|row| kernels.kv_store(dtype, &rng.floats(head_dim, 1.0), row));
            let (mut heads_values, mut scores) = (Fenced::random(heads * head_dim, rng), Fenced::random(heads * KV_BLOCK, rng));
            if op == "kv_dot" {
                kernels.kv_dot(dtype, &rows, &heads_values, head_dim, heads, &mut scores);
            } else {
                kernels.kv_axpy(dtype, &rows, &scores, &Fenced::random(heads, rng), head_dim, &mut heads_values);
            }
        }
    }
}

/// An operation on vectors of `n` values.
fn vector(kernels: Kernels, op: &str, n: usize) {
    let rng = &mut Rng(n as u64);
    let (mut x, y) = (Fenced::random(n, rng), Fenced::random(n, rng));
    match op {
        "quantize_q8" => {
            let blocks = n.div_ceil(32);
            let mut q = Fenced::new(&vec![0; blocks * 32]);
            let (mut d, mut s) = (Fenced::random(blocks, rng), Fenced::random(blocks, rng));
            kernels.quantize_q8(&x, &mut q, &mut d, &mut s);
        }
        "rms_norm" => kernels.rms_norm(&x, &y, 1e-6, &mut Fenced::random(n, rng)),
        "rope" => kernels.rope(&mut Fenced::random(2 * n, rng), &x, &y),
        "silu_mul" => kernels.silu_mul(&mut x, &y),
        "add" => kernels.add(&mut x, &y),
        "softmax" if n > KV_BLOCK => {}
        "softmax" => drop(kernels.softmax(&mut x, 0.125, &mut SoftmaxState { max: f32::NEG_INFINITY, sum: 0.0 })),
        op => panic!("no operands for operation {op}"),
    }
}
