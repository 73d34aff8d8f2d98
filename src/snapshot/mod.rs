//! Snapshots: the keys and values of a prompt's beginning as a file, so that nothing of it is computed again after a restart.
//!
//! A snapshot is kept under a hash of all that its bytes depend on: the model's file, the tokens, the type of the cache, the instruction
//! set and the version of the program. It is mapped, read only, and shared by all sequences and processes. One that is damaged, or of
//! something else, is made anew. docs/CACHE.md says what is checked.

mod file;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use qwark_kernels::{KvPrefix, Position};
use thiserror::Error;

use crate::engine::{BatchError, Engine, MAX_BATCH, Row};
use crate::gguf::{Mapping, OpenError};
use crate::part_file::SaveError;

/// Why there is no snapshot on the disk. The keys and values are there all the same, in memory.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum SnapshotError {
    #[error("{}: cannot be made: {source}", path.display())]
    Folder { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error(transparent)]
    Open(#[from] OpenError),
    #[error("{}: it was changed as soon as it was written", path.display())]
    Lost { path: PathBuf },
    #[error(transparent)]
    Batch(#[from] BatchError),
    #[error(transparent)]
    KvCache(#[from] qwark_kernels::KvCacheError),
}

/// Where the keys and values of a prompt's beginning came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Came {
    /// A snapshot was there.
    Mapped,
    /// They were computed, and a snapshot was written.
    Computed,
}

/// Makes `tokens` what sequences of `engine` may begin with, from the snapshot in the folder `dir`, which is made first where there is
/// none. `model` is the file that the engine runs; `progress` is told the tokens that are computed. All sequences must be free.
///
/// # Errors
/// What went wrong; the engine is then without a prefix.
pub fn attach(
    engine: &mut Engine<'_>,
    model: &Mapping,
    dir: &Path,
    tokens: &[u32],
    mut progress: impl FnMut(usize),
) -> Result<Came, SnapshotError> {
    let key = file::Key::new(engine, model, tokens);
    let path = dir.join(format!("{key}.kv"));
    if let Some(mapping) = file::open(&path, &key) {
        engine.set_prefix(KvPrefix::new(Arc::new(mapping), file::HEADER, tokens.len()))?;
        return Ok(Came::Mapped);
    }
    let rows: Vec<Row> = (0..).zip(tokens).map(|(pos, &token)| Row { token, at: Position { seq: 0, pos }, logits: false }).collect();
    engine.begin_with_prefix(0, false);
    let mut done = 0;
    for batch in rows.chunks(MAX_BATCH) {
        engine.forward(batch)?;
        done += batch.len();
        progress(done);
    }
    std::fs::create_dir_all(dir).map_err(|source| SnapshotError::Folder { path: dir.to_owned(), source })?;
    file::save(&path, &key, engine.stored(0, tokens.len()))?;
    file::remove_oldest(dir);
    let mapping = file::open(&path, &key).ok_or(SnapshotError::Lost { path })?;
    engine.set_prefix(KvPrefix::new(Arc::new(mapping), file::HEADER, tokens.len()))?;
    Ok(Came::Computed)
}
