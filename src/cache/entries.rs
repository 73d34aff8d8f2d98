//! What lies in the cache: the list, and how it is removed.

use std::fs::{self, File, TryLockError};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use super::record::{Record, record_path};
use super::{Cache, CacheError};

/// Bytes of a block of [`MetadataExt::blocks`].
const BLOCK: u64 = 512;

/// Digits of a SHA-256.
const DIGITS: usize = 64;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A packed model.
    Ready,
    /// Keys and values of a prompt's beginning: see [`snapshot`](crate::snapshot).
    Prompt,
    /// One that is being written, or was when its process was killed: it is gone on with.
    Unfinished,
    /// One without a record that this version can read: it is packed anew when it is wanted.
    Unknown,
}

impl State {
    /// The name, for reports.
    pub fn name(self) -> &'static str {
        match self {
            State::Ready => "ready",
            State::Prompt => "prompt",
            State::Unfinished => "unfinished",
            State::Unknown => "unknown",
        }
    }
}

/// A file of the cache.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Where it is.
    pub path: PathBuf,
    /// SHA-256 of the plain model; of a prompt, that of all it depends on.
    pub sha256: String,
    /// What it takes of the disk.
    pub bytes: u64,
    /// What it is.
    pub state: State,
    /// When it was mapped for the last time.
    pub used: SystemTime,
    /// Whether a process runs or writes it now.
    pub in_use: bool,
    /// Where the plain model was, the last place last.
    pub sources: Vec<String>,
}

impl Entry {
    /// The file `path`, if it is one of the cache's.
    fn of(dir: &Path, path: PathBuf) -> Option<Entry> {
        let name = path.file_name()?.to_str()?;
        let (sha256, kind) = name.split_at_checked(DIGITS)?;
        let sha256 = sha256.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| sha256.to_owned())?;
        let metadata = path.metadata().ok()?;
        let mut used = metadata.modified().unwrap_or(UNIX_EPOCH);
        let (mut state, mut sources) = (State::Unfinished, Vec::new());
        match kind {
            ".gguf.part" | ".kv.part" => {}
            ".kv" => state = State::Prompt,
            ".gguf" => {
                let record_path = record_path(dir, &sha256);
                let record = Record::read(&record_path).filter(Record::is_of_this_version);
                state = if record.is_some() { State::Ready } else { State::Unknown };
                sources = record.map_or(Vec::new(), |record| record.sources.into_iter().map(|source| source.path).collect());
                used = record_path.metadata().and_then(|record| record.modified()).unwrap_or(used);
            }
            _ => return None,
        }
        let in_use = lock_alone(&path).is_err();
        // Space that is reserved counts, too.
        Some(Entry { sha256, bytes: metadata.len().max(metadata.blocks() * BLOCK), state, used, in_use, sources, path })
    }
}

impl Cache {
    /// All files, the one used last first.
    ///
    /// # Errors
    /// [`CacheError::Read`]
    pub fn entries(&self) -> Result<Vec<Entry>, CacheError> {
        let failed = |source| CacheError::Read { path: self.dir.clone(), source };
        let files = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files.map_err(failed)?,
        };
        let mut entries: Vec<Entry> = files.flatten().filter_map(|file| Entry::of(&self.dir, file.path())).collect();
        entries.sort_by_key(|entry| (std::cmp::Reverse(entry.used), entry.path.clone()));
        Ok(entries)
    }

    /// Removes all files that no process uses, and returns them.
    ///
    /// # Errors
    /// The first file that cannot be removed.
    pub fn clear(&self) -> Result<Vec<Entry>, CacheError> {
        let mut removed = Vec::new();
        for entry in self.entries()? {
            if self.remove(&entry)? {
                removed.push(entry);
            }
        }
        Ok(removed)
    }

    /// Removes a file and its record, unless a process uses it; says whether it did.
    pub(super) fn remove(&self, entry: &Entry) -> Result<bool, CacheError> {
        let failed = |path: &Path, source| CacheError::Remove { path: path.to_owned(), source };
        // Held until it is gone: nobody begins to use it meanwhile.
        let Ok(_alone) = lock_alone(&entry.path) else { return Ok(false) };
        if entry.state != State::Unfinished {
            let record = record_path(&self.dir, &entry.sha256);
            match fs::remove_file(&record) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(&record, error)),
                _ => {}
            }
        }
        fs::remove_file(&entry.path).map_err(|error| failed(&entry.path, error))?;
        Ok(true)
    }
}

/// Locks a file that no other process has locked.
fn lock_alone(path: &Path) -> io::Result<File> {
    let file = super::open_file(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(io::ErrorKind::WouldBlock.into()),
        // Where files cannot be locked, one that is removed in use stays there for its process.
        Err(TryLockError::Error(_)) | Ok(()) => Ok(file),
    }
}
