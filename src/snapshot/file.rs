use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use sha2::{Digest, Sha256};

use crate::cache::{Stamp, fletcher, lock_shared};
use crate::engine::Engine;
use crate::gguf::{MappedFile, Mapping, WriteError};
use crate::part_file::{PartFile, SaveError};

/// What a file begins with: its format, and the version of that.
const MAGIC: [u8; 8] = *b"QWARKKV1";
/// Bytes before the keys: magic, key, length and checksum of what follows, and zeros up to a page.
pub const HEADER: usize = 4096;

/// Bytes of the model's file that are looked at in each of [`SAMPLES`] places.
const SAMPLE: usize = 4096;
/// Places, spread evenly.
const SAMPLES: usize = 256;

/// A hash of all that keys and values depend on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key([u8; 32]);

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Key {
    /// The key of `tokens`, computed by `engine` with the file `model`. Of the model, its stamps and samples of its bytes are hashed:
    /// reading it all would take longer than the prompt.
    pub fn new(engine: &Engine<'_>, model: &Mapping, tokens: &[u32]) -> Key {
        let mut hash = Sha256::new();
        let options = engine.options();
        hash.update(format!("{} {} {} {}", env!("CARGO_PKG_VERSION"), options.kernels.isa(), options.kv, tokens.len()));
        tokens.iter().for_each(|token| hash.update(token.to_le_bytes()));
        for metadata in model.metadata() {
            hash.update(format!("{:?}", Stamp::of(metadata)));
        }
        for part in model.parts() {
            for sample in 0..SAMPLES {
                let at = part.len() / SAMPLES * sample;
                hash.update(&part[at..part.len().min(at + SAMPLE)]);
            }
        }
        Key(hash.finalize().into())
    }
}

/// A snapshot, mapped. While it lives, the file is not removed to make room.
pub struct Snapshot {
    file: MappedFile,
    _in_use: File,
}

impl Snapshot {
    /// Maps the file at `path`, if it is there, has this key and is as it was written.
    pub fn open(path: &Path, key: &Key) -> Option<Snapshot> {
        let in_use = lock_shared(path)?;
        let file = MappedFile::open(path).ok()?;
        let (header, content) = file.as_ref().split_at_checked(HEADER)?;
        if !header.starts_with(&Snapshot::header(key, content)) {
            log::warn!("{}: damaged, or of something else: it is made anew", path.display());
            return None;
        }
        // What was used longest ago goes first where room is short.
        if let Err(error) = in_use.set_modified(SystemTime::now()) {
            log::debug!("{}: its time cannot be set: {error}", path.display());
        }
        Some(Snapshot { file, _in_use: in_use })
    }

    /// Magic, key, and length and checksum of `content`.
    fn header(key: &Key, content: &[u8]) -> Vec<u8> {
        [&MAGIC[..], &key.0, &(content.len() as u64).to_le_bytes(), &fletcher(content).to_le_bytes()].concat()
    }
}

impl AsRef<[u8]> for Snapshot {
    fn as_ref(&self) -> &[u8] {
        self.file.as_ref()
    }
}

/// Writes a snapshot of `content`.
pub fn save(path: &Path, key: &Key, content: &[u8]) -> Result<(), SaveError> {
    let mut header = Snapshot::header(key, content);
    header.resize(HEADER, 0);
    let bytes = (HEADER + content.len()) as u64;
    let write = || {
        let mut file = PartFile::create(path, bytes)?;
        file.write_all(&header)?;
        file.write_all(content)?;
        file.commit()
    };
    write().map(drop).map_err(|error| SaveError::new(path, bytes, WriteError::Io(error)))
}
