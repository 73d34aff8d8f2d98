//! Snapshots: the keys and values of a prompt's beginning as a file, so that nothing of it is computed again after a restart.
//!
//! A snapshot is kept under a hash of all that its bytes depend on: the model's file, the tokens, the type of the cache, the instruction
//! set and the version of the program. It is mapped, read only, and shared by all sequences and processes. One that is damaged, or of
//! something else, is made anew. docs/CACHE.md says what is checked.

mod file;

use std::path::PathBuf;
use std::sync::Arc;

use qwark_kernels::{KvPrefix, Position};
use thiserror::Error;

use crate::cache::{Cache, CacheError};
use crate::engine::{BatchError, Engine, MAX_BATCH, Row};
use crate::gguf::Mapping;
use crate::part_file::SaveError;
use file::{HEADER, Key, Snapshot};

/// Why there is no snapshot.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum SnapshotError {
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Save(#[from] SaveError),
    #[error("{}: it was removed or changed as soon as it was written", path.display())]
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

/// Makes `tokens` what sequences of `engine` may begin with, from the snapshot in `cache`, which is made first where there is none. `model` is
/// the file that the engine runs; `progress` is told the tokens that are computed. All sequences must be free.
///
/// # Errors
/// What went wrong; no sequence can begin so then.
pub fn attach(
    engine: &mut Engine<'_>,
    model: &Mapping,
    cache: &Cache,
    tokens: &[u32],
    mut progress: impl FnMut(usize),
) -> Result<Came, SnapshotError> {
    let key = Key::new(engine, model, tokens);
    let path = cache.dir().join(format!("{key}.kv"));
    let prefix = |snapshot| KvPrefix::new(Arc::new(snapshot), HEADER, tokens.len());
    if let Some(snapshot) = Snapshot::open(&path, &key) {
        engine.set_prefix(prefix(snapshot))?;
        return Ok(Came::Mapped);
    }
    // First, so that nothing is computed for a place that is not there.
    let bytes: usize = engine.stored(0, tokens.len()).map(<[u8]>::len).sum();
    cache.make_dir()?;
    cache.make_room((HEADER + bytes) as u64, &key.to_string())?;
    let rows: Vec<Row> = (0..).zip(tokens).map(|(pos, &token)| Row { token, at: Position { seq: 0, pos }, logits: false }).collect();
    engine.begin_with_prefix(0, false);
    for batch in rows.chunks(MAX_BATCH) {
        engine.forward(batch)?;
        progress(batch.last().map_or(0, |row| row.at.pos + 1));
    }
    let content: Vec<u8> = engine.stored(0, tokens.len()).flatten().copied().collect();
    file::save(&path, &key, &content)?;
    let snapshot = Snapshot::open(&path, &key).ok_or(SnapshotError::Lost { path })?;
    engine.set_prefix(prefix(snapshot))?;
    Ok(Came::Computed)
}
