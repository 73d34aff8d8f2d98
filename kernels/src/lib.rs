//! Checked kernels for small quantised language models: products with the weight types of GGUF files, norms, rotary embedding,
//! attention over a KV cache, and the thread pool they run on.
//!
//! [`Kernels`] is a table of functions chosen at run time for the CPU at hand. Its methods check all lengths, so they are safe;
//! what they compute has the same bits on any number of threads and in any batch.
//!
//! ```
//! use qwark_kernels::{Activations, DType, Job, Kernels, Matrix, Pool};
//!
//! let kernels = Kernels::detect();
//! let pool = Pool::new(2)?;
//! let weights: Vec<u8> = [1.0f32, 2.0, 3.0, 4.0].iter().flat_map(|w| w.to_le_bytes()).collect();
//! let w = Matrix::new(DType::F32, 2, 2, &weights)?;
//! let mut activations = Activations::with_capacity(1, 2);
//! let x = activations.load(kernels, &pool, &[10.0, 1.0], 2);
//! let mut out = [0.0; 2];
//! kernels.matmul(&pool, x, &mut [Job { w, out: &mut out }]);
//! assert_eq!(out, [12.0, 34.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
#![expect(unsafe_code, reason = "vector instructions, and slices shared between threads")]

mod activations;
mod attention;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod dotprod;
mod dtype;
#[cfg(target_arch = "aarch64")]
mod i8mm;
mod interrupt;
mod isa;
mod kernels;
mod kv_cache;
mod kv_prefix;
mod matrix;
#[cfg(target_arch = "aarch64")]
mod neon;
mod packed;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
mod panel;
mod pool;
mod scalar;
mod table;
mod tile;

pub use activations::{Activations, Operand};
pub use attention::{AttentionShape, AttentionShapeError, MAX_GROUP, MAX_HEAD_DIM, Position};
pub use dtype::DType;
pub use interrupt::Interrupt;
pub use isa::{Isa, UnknownIsa, UnsupportedIsa};
pub use kernels::{Job, Kernels, MAX_JOBS};
pub use kv_cache::{KvCache, KvCacheError, KvDType, UnknownKvDType};
pub use kv_prefix::KvPrefix;
pub use matrix::{Matrix, MatrixError};
pub use packed::{PackedDType, TILE_ROWS};
pub use pool::{MAX_THREADS, Pool, PoolError};
pub use scalar::formats::IQ4_NL_LEVELS;
pub use table::{Entry, KV_BLOCK, SoftmaxState};
