//! Where the peer comes from: the feature `llama`.

use anyhow::Result;

use crate::command::{Commander, Opening};
use crate::engine::{Engine, Setup};

/// How to get a build that has the peer.
pub const MISSING: &str = "this build has no llama.cpp to compare with. With cmake, a C++ compiler and libclang installed:\n  \
    RUSTFLAGS=\"-C target-cpu=native\" cargo run --release -p qwark-bench --features llama -- MODEL";

/// Loads the model in llama.cpp.
#[cfg(feature = "llama")]
pub fn load(setup: &Setup) -> Result<Box<dyn Engine>> {
    Ok(Box::new(crate::llama::Llama::load(setup)?))
}

/// Loads the model in llama.cpp, for sentences.
#[cfg(feature = "llama")]
pub fn commander(setup: &Setup, opening: &Opening) -> Result<Box<dyn Commander>> {
    Ok(Box::new(crate::command::LlamaCommander::load(setup, opening)?))
}

/// Says that there is no peer.
#[cfg(not(feature = "llama"))]
pub fn commander(_: &Setup, _: &Opening) -> Result<Box<dyn Commander>> {
    anyhow::bail!(MISSING)
}

/// Says that there is no peer.
#[cfg(not(feature = "llama"))]
pub fn load(_: &Setup) -> Result<Box<dyn Engine>> {
    anyhow::bail!(MISSING)
}
