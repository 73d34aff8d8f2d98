use std::fmt;
use std::fs;
use std::io::Write;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cache::{Stamp, fletcher};
use crate::engine::Engine;
use crate::gguf::{MappedFile, Mapping, WriteError};
use crate::part_file::{PartFile, SaveError};

/// What a file begins with: its format, and the version of that.
const MAGIC: [u8; 8] = *b"QWARKKV1";
/// Bytes before the keys: magic, key, length and checksum of what follows, and nothing up to a page.
pub const HEADER: usize = 4096;

/// Snapshots that are kept in a folder.
const MOST: usize = 8;

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

/// Maps a snapshot, if it is there, has this key and is as it was written.
pub fn open(path: &Path, key: &Key) -> Option<MappedFile> {
    let file = MappedFile::open(path).ok()?;
    let bytes = file.as_ref();
    let (header, content) = bytes.split_at_checked(HEADER)?;
    let sound = header.starts_with(&MAGIC)
        && header[8..40] == key.0
        && header[40..48] == (content.len() as u64).to_le_bytes()
        && header[48..56] == fletcher(content).to_le_bytes();
    if !sound {
        log::warn!("{}: damaged, or of something else: it is made anew", path.display());
    }
    sound.then_some(file)
}

/// Removes all but the [`MOST`] snapshots that were written last. Who has one mapped keeps it.
pub fn remove_oldest(dir: &Path) {
    let Ok(entries) = fs::read_dir(dir) else { return };
    let paths = entries.flatten().map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|extension| extension == "kv"));
    let mut snapshots: Vec<_> = paths.filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path))).collect();
    snapshots.sort();
    for (_, path) in snapshots.iter().rev().skip(MOST) {
        if let Err(error) = fs::remove_file(path) {
            log::warn!("{}: cannot be removed: {error}", path.display());
        }
    }
}

/// Writes a snapshot of `content`.
pub fn save<'a>(path: &Path, key: &Key, content: impl Iterator<Item = &'a [u8]>) -> Result<(), SaveError> {
    let content: Vec<u8> = content.flatten().copied().collect();
    let mut header = Vec::with_capacity(HEADER);
    header.extend_from_slice(&MAGIC);
    header.extend_from_slice(&key.0);
    header.extend_from_slice(&(content.len() as u64).to_le_bytes());
    header.extend_from_slice(&fletcher(&content).to_le_bytes());
    header.resize(HEADER, 0);
    let bytes = (HEADER + content.len()) as u64;
    let write = || {
        let mut file = PartFile::create(path, bytes)?;
        file.write_all(&header)?;
        file.write_all(&content)?;
        file.commit()
    };
    write().map(drop).map_err(|error| SaveError::new(path, bytes, WriteError::Io(error)))
}
