//! What is remembered of a packed file, in a JSON file beside it.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::checksum::Head;
use super::error::CacheError;
use super::stamp::Stamp;
use crate::gguf::{Gguf, Mapping, PACKED_VERSION};
use crate::part_file::{PartFile, SaveError};

/// Of the records themselves.
const VERSION: u32 = 1;

/// Most files of one content that are remembered: copies of a model, or moves.
const MAX_SOURCES: usize = 16;

/// A plain model that was read: where it is, and by what its parts are known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Source {
    /// Of its first part. Not exact where it is no Unicode: the stamps are.
    pub path: String,
    /// None where it was too fresh to be known again.
    parts: Vec<Stamp>,
}

impl Source {
    /// The files that are mapped.
    pub fn of(plain: &Mapping) -> Source {
        let path = plain.paths().next().unwrap_or(Path::new(""));
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned()).to_string_lossy().into_owned();
        Source { path, parts: plain.metadata().map(Stamp::of).collect() }
    }

    /// The same, to be kept: if its content was read at that time, a later change must show.
    pub fn settled_at(mut self, time: SystemTime) -> Source {
        if !self.parts.iter().all(|part| part.is_settled_at(time)) {
            self.parts.clear();
        }
        self
    }
}

/// What is remembered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    record: u32,
    /// Version of the packed layout.
    layout: u32,
    /// SHA-256 of the plain model.
    pub sha256: String,
    /// Its length.
    pub source_bytes: u64,
    /// Files that had this content, the last one last.
    pub sources: Vec<Source>,
    /// The packed file.
    pub packed: Stamp,
    /// What stands before its weights.
    pub head: Head,
    /// Whether there is something that the file does not say.
    #[serde(skip)]
    pub learned: bool,
}

impl Record {
    /// Of a packed file that was just made.
    pub fn new(sha256: &str, source_bytes: u64, source: Source, packed: &Path) -> Result<Record, CacheError> {
        let mapping = Mapping::open(packed)?;
        let parts = mapping.parts();
        let gguf = Gguf::parse(&parts)?;
        let weights = gguf.tensors().iter().map(|tensor| tensor.data().as_ptr() as usize).min();
        let head = weights.map_or(0, |at| at - parts[0].as_ptr() as usize);
        let stamp = |source| CacheError::Read { path: packed.to_owned(), source };
        let stamp = Stamp::of(&packed.metadata().map_err(stamp)?);
        Ok(Record {
            record: VERSION,
            layout: PACKED_VERSION,
            sha256: sha256.to_owned(),
            source_bytes,
            sources: vec![source],
            packed: stamp,
            head: Head::of(parts[0], head),
            learned: true,
        })
    }

    /// All records in a folder. What cannot be read as one is none: it is not written by this version, or damaged.
    pub fn all(dir: &Path) -> Vec<Record> {
        let Ok(files) = fs::read_dir(dir) else { return Vec::new() };
        let paths = files.flatten().map(|file| file.path()).filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        paths.filter_map(|path| Record::read(&path)).collect()
    }

    /// The record in this file.
    pub fn read(path: &Path) -> Option<Record> {
        let record: Record = serde_json::from_slice(&fs::read(path).ok()?).ok()?;
        // Its name is that of the packed file.
        (path.file_stem()?.to_str()? == record.sha256).then_some(record)
    }

    /// Whether this program wrote it, or one that packs alike.
    pub fn is_of_this_version(&self) -> bool {
        (self.record, self.layout) == (VERSION, PACKED_VERSION)
    }

    /// Whether `source` had this content when it was last read.
    pub fn knows(&self, source: &Source) -> bool {
        !source.parts.is_empty() && self.sources.contains(source)
    }

    /// Remembers one more file.
    pub fn learn(&mut self, source: Source) {
        self.sources.retain(|known| known.path != source.path);
        self.sources.push(source);
        self.sources.drain(..self.sources.len().saturating_sub(MAX_SOURCES));
        self.learned = true;
    }

    /// The packed file, in the folder `dir`.
    pub fn packed_path(&self, dir: &Path) -> PathBuf {
        packed_path(dir, &self.sha256)
    }

    /// Notes that the packed file is used now, which may fail: then it looks older than it is, or is read anew next time.
    pub fn used(&self, dir: &Path) {
        let path = record_path(dir, &self.sha256);
        let noted = if self.learned {
            self.write(&path).map_err(|error| error.to_string())
        } else {
            let now = |file: File| file.set_modified(SystemTime::now());
            File::options().append(true).open(&path).and_then(now).map_err(|error| error.to_string())
        };
        if let Err(error) = noted {
            log::debug!("{}: not noted as used: {error}", path.display());
        }
    }

    /// Writes it into the folder `dir`.
    pub fn save(mut self, dir: &Path) -> Result<Record, CacheError> {
        self.write(&record_path(dir, &self.sha256))?;
        self.learned = false;
        Ok(self)
    }

    fn write(&self, path: &Path) -> Result<(), SaveError> {
        let failed = |bytes: usize, source: std::io::Error| SaveError::new(path, bytes as u64, source.into());
        let json = serde_json::to_vec_pretty(self).map_err(|error| failed(0, error.into()))?;
        let written = PartFile::create(path, json.len() as u64).and_then(|mut file| file.write_all(&json).and_then(|()| file.commit()));
        written.map(drop).map_err(|error| failed(json.len(), error))
    }
}

/// Where the packed form of the content `sha256` is.
pub(super) fn packed_path(dir: &Path, sha256: &str) -> PathBuf {
    dir.join(format!("{sha256}.gguf"))
}

/// Where its record is.
pub(super) fn record_path(dir: &Path, sha256: &str) -> PathBuf {
    dir.join(format!("{sha256}.json"))
}
