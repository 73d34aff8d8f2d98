//! Qwen2 and dense Qwen3 decoders over mapped weights.
//!
//! [`Config`] is read from the file's metadata, [`Model`] binds the tensors where they are mapped,
//! and [`forward`](crate::engine) runs them.

mod config;
mod error;
mod rope;
mod weights;

pub use config::{Arch, Config};
pub use error::ModelError;
pub use rope::{Rope, RopeScaling};
pub use weights::{Layer, Model, Proj, dtype_totals};
