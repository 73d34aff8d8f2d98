//! The demo from outside: the session that is printed, and the one in a terminal.
#![cfg(feature = "demo")]

#[path = "../common/mod.rs"]
mod common;
mod lines;
mod screen;
mod terminal;

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// A small model whose random weights choose commands that move the rover.
fn model() -> &'static Path {
    static MODEL: LazyLock<PathBuf> = LazyLock::new(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("demo.gguf");
        common::write_model(&path, |options| options.seed = SEED);
        path
    });
    &MODEL
}

/// Of the first seeds, one whose model says something else than "stop" to a sentence.
const SEED: u64 = 14;
