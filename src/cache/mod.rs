//! The cache of packed files: a plain model is packed once, and mapped packed from then on. docs/CACHE.md says it for users. Snapshots
//! of prompts ([`snapshot`](crate::snapshot)) lie in the same folder, within the same limit.
//!
//! A packed file is kept under the SHA-256 of the plain one's content, beside a record that says which files had that
//! content and by what they are known again, so that a start reads neither of them. Nothing here is needed to
//! run: whatever goes wrong is an error that says so, and the plain file runs as it is.
//!
//! Processes share the folder without waiting for each other. Who packs holds a lock on the unfinished file, who runs holds a
//! shared one on the finished file, and only what is not locked is removed.

mod checksum;
mod entries;
mod error;
mod place;
mod record;
mod room;
mod stamp;

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

pub use entries::{Entry, State};
pub use error::CacheError;
pub use place::{DEFAULT_LIMIT, LIMIT_VARIABLE, default_dir, limit_from_env, parse_size};

use crate::capture::model_sha256;
use crate::gguf::{Gguf, Mapping, looks_packed};
use crate::model::Model;
use crate::pack::{self, PackError};
use crate::part_file::is_at;
pub(crate) use checksum::fletcher;
use record::{Record, Source};
pub(crate) use stamp::Stamp;

/// A folder of packed files.
#[derive(Debug, Clone)]
pub struct Cache {
    dir: PathBuf,
    limit: u64,
}

/// What takes a while, and is reported with the bytes done and the bytes in all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The plain file is read to know its content.
    Hashing,
    /// It is packed.
    Packing,
    /// A packed file that somebody touched is compared with the plain one.
    Checking,
}

/// A packed file, mapped. While it lives, the file is not removed to make room.
#[derive(Debug)]
pub struct Cached {
    /// The file.
    pub mapping: Mapping,
    _in_use: File,
}

impl Cache {
    /// The cache in the folder `dir`, which is made when there is something to keep; `limit` is the most bytes of all its files.
    pub fn new(dir: PathBuf, limit: u64) -> Cache {
        Cache { dir, limit }
    }

    /// The folder.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The most bytes of all files.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// The packed form of a plain model, which is packed now if it was not before; `None` where packing it would change nothing, as
    /// it is packed already, or is no model that can be run.
    ///
    /// # Errors
    /// Why there is no packed form. The plain model can be run in its place.
    pub fn open(&self, plain: &Mapping, progress: &mut dyn FnMut(Step, u64, u64)) -> Result<Option<Cached>, CacheError> {
        let parts = plain.parts();
        if looks_packed(parts[0]) {
            return Ok(None);
        }
        let source = Source::of(plain);
        let mut records = Record::all(&self.dir);
        if let Some(known) = records.iter().position(|record| record.knows(&source)) {
            if let Some(cached) = self.use_packed(&mut records[known], &parts, progress) {
                return Ok(Some(cached));
            }
            records.swap_remove(known);
        }
        // Whoever runs it will say what is wrong with it.
        let Ok(gguf) = Gguf::parse(&parts) else { return Ok(None) };
        if !pack::would_change(&gguf) || Model::load(&gguf).is_err() {
            return Ok(None);
        }

        // Where nothing can be written, reading the whole file pays only if there may be a packed form.
        let mut unwritable = self.make_dir().err();
        if let Some(error) = unwritable.take_if(|_| !records.iter().any(|record| record.source_bytes == plain.len_bytes())) {
            return Err(error);
        }
        let hashed_at = SystemTime::now();
        let total = plain.len_bytes();
        let sha256 = model_sha256(&parts, |done| progress(Step::Hashing, done, total));
        let source = source.settled_at(hashed_at);
        if let Some(mut record) = records.into_iter().find(|record| record.sha256 == sha256) {
            record.learn(source.clone());
            if let Some(cached) = self.use_packed(&mut record, &parts, progress) {
                return Ok(Some(cached));
            }
        }
        if let Some(error) = unwritable {
            return Err(error);
        }
        let mut record = self.pack(&gguf, plain, &sha256, source, progress)?;
        self.use_packed(&mut record, &parts, progress).map(Some).ok_or(CacheError::Lost { path: record.packed_path(&self.dir) })
    }

    /// Maps the packed file of `record`, if it is there and as it was when it was made.
    ///
    /// What is looked at, at every start: its length, the times of its last changes and its number in the file system, and a
    /// checksum of what stands before the weights. A file that was touched is compared with the plain one as a whole.
    fn use_packed(&self, record: &mut Record, plain: &[&[u8]], progress: &mut dyn FnMut(Step, u64, u64)) -> Option<Cached> {
        let path = record.packed_path(&self.dir);
        let in_use = lock_shared(&path)?;
        let mapping = Mapping::open(&path).ok()?;
        // Mapped after it was locked: the same file, or none of ours.
        let stamp = mapping.metadata().next().map(Stamp::of).filter(|_| is_at(&in_use, &path))?;
        if !record.is_of_this_version() || !record.head.is_of(mapping.parts()[0]) {
            return None;
        }
        if stamp != record.packed {
            let total = mapping.len_bytes();
            let parts = mapping.parts();
            let (plain, packed) = (Gguf::parse(plain).ok()?, Gguf::parse(&parts).ok()?);
            pack::check(&plain, &packed, |done| progress(Step::Checking, done, total)).ok()?;
            record.packed = stamp;
            record.learned = true;
        }
        record.used(&self.dir);
        Some(Cached { mapping, _in_use: in_use })
    }

    /// Packs a plain model into the cache.
    fn pack(
        &self,
        gguf: &Gguf<'_>,
        plain: &Mapping,
        sha256: &str,
        source: Source,
        progress: &mut dyn FnMut(Step, u64, u64),
    ) -> Result<Record, CacheError> {
        let bytes = pack::packed_bytes(gguf)?;
        self.make_room(bytes, sha256)?;
        let path = record::packed_path(&self.dir, sha256);
        pack::pack(gguf, &path, |done, all| progress(Step::Packing, done, all)).map_err(|error| match error {
            PackError::Save(error) => CacheError::Save(error),
            other => CacheError::Pack(other),
        })?;
        // What was mapped may have become another file's content meanwhile, half before it was hashed and half after.
        if !is_unchanged(plain) {
            let _ = fs::remove_file(&path);
            return Err(CacheError::Changed { path: source.path });
        }
        Record::new(sha256, plain.len_bytes(), source, &path)?.save(&self.dir)
    }

    /// Makes the folder, and sees whether it can be written to.
    pub(crate) fn make_dir(&self) -> Result<(), CacheError> {
        let failed = |source| CacheError::Folder { path: self.dir.clone(), source };
        fs::create_dir_all(&self.dir).map_err(failed)?;
        self.lock_file().map(drop).map_err(failed)
    }

    /// The file that is locked while files are chosen for removal.
    fn lock_file(&self) -> io::Result<File> {
        OpenOptions::new().create(true).truncate(false).write(true).open(self.dir.join("lock"))
    }
}

/// Whether the files that are mapped are as they were when they were opened.
fn is_unchanged(mapping: &Mapping) -> bool {
    let mut parts = mapping.paths().zip(mapping.metadata());
    parts.all(|(path, then)| path.metadata().is_ok_and(|now| Stamp::of(&now) == Stamp::of(then)))
}

/// Opens a file, and nothing else: whoever opens a pipe waits for somebody at its other end.
fn open_file(path: &Path) -> io::Result<File> {
    if path.metadata()?.is_file() { File::open(path) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// Opens a file and locks it against removal; `None` where it is not there. Who is about to remove it, or looks whether it is in
/// use, is done in a moment.
pub(crate) fn lock_shared(path: &Path) -> Option<File> {
    let file = open_file(path).ok()?;
    // Not every file system can. A file that is removed while it is mapped goes on to be there for its process.
    if let Err(error) = file.lock_shared() {
        log::debug!("{}: no lock: {error}", path.display());
    }
    Some(file)
}
