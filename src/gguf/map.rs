//! Opening model files and mapping them into memory: the only module of this crate with unsafe code.
#![allow(unsafe_code)]

use std::fs::{self, File, Metadata};
use std::io;
use std::ops::Deref;
use std::path::{Path, PathBuf};

#[cfg(unix)]
use memmap2::UncheckedAdvice;
use memmap2::{Mmap, MmapMut};
use thiserror::Error;

/// Most parts that a split model may have.
const MAX_PARTS: usize = 1024;
/// Digits of each number in `NAME-00001-of-00003.gguf`.
const PART_DIGITS: usize = 5;

/// Why a model file could not be opened.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum OpenError {
    #[error("{}: no such file", path.display())]
    Missing { path: PathBuf },
    #[error("{}: no such file; it is part {number} of {count} of the model", path.display())]
    MissingPart { path: PathBuf, number: usize, count: usize },
    #[error("{}: permission denied", path.display())]
    Permission { path: PathBuf },
    #[error("{}: this is a directory, not a model file", path.display())]
    Directory { path: PathBuf },
    #[error("{}: this is not a regular file and cannot be mapped", path.display())]
    NotAFile { path: PathBuf },
    #[error("{}: the file is empty", path.display())]
    Empty { path: PathBuf },
    #[error("{}: there is no part {number} of {count}; models have 1 to {MAX_PARTS} parts", path.display())]
    PartName { path: PathBuf, number: usize, count: usize },
    #[error("{}: cannot be opened: {source}", path.display())]
    Open { path: PathBuf, source: io::Error },
    #[error("{}: cannot be mapped: {source}", path.display())]
    Map { path: PathBuf, source: io::Error },
}

/// A model file, or all parts of a split one, mapped read-only and shared with every other process that maps it. Or a model that is a
/// part of this program, or was made in memory, which then is as good as a file.
///
/// # The file must stay as it is
///
/// The mapping shows the file, not a copy of it. While a `Mapping` lives, nothing may write into the file or shorten
/// it: reading past the new end of a shortened file kills the process (SIGBUS), and text that was checked could cease to
/// be UTF-8. To replace a model that may be in use, write the new one beside it and rename it over the old name: the
/// mapping then keeps the old file. Qwark's own writers do so.
#[derive(Debug)]
pub struct Mapping {
    parts: Vec<Part>,
}

#[derive(Debug)]
struct Part {
    /// The file; what is in no file has a name that says so.
    path: PathBuf,
    bytes: Bytes,
}

#[derive(Debug)]
enum Bytes {
    /// A file, and what the file system said of it when it was opened.
    File(Mmap, Metadata),
    /// A part of this program, which is mapped already.
    Program(&'static [u8]),
    /// Memory that was written once.
    Memory(Mmap),
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::File(map, _) | Bytes::Memory(map) => map,
            Bytes::Program(bytes) => bytes,
        }
    }
}

/// One file of another kind, mapped read-only. It must stay as it is, as for [`Mapping`].
#[derive(Debug)]
pub(crate) struct MappedFile(Part);

impl MappedFile {
    /// Opens and maps the file at `path`.
    ///
    /// # Errors
    /// Why it cannot be used.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        Part::open(path.to_owned()).map(Self)
    }
}

impl AsRef<[u8]> for MappedFile {
    fn as_ref(&self) -> &[u8] {
        &self.0.bytes
    }
}

impl Mapping {
    /// Opens and maps the file at `path`.
    ///
    /// A name that ends in `-00002-of-00003.gguf` stands for the model of which it is a part: all parts are opened,
    /// from the first.
    ///
    /// # Errors
    ///
    /// The first file that cannot be used, by its path, and why.
    pub fn open(path: &Path) -> Result<Self, OpenError> {
        let parts = match SplitName::of(path) {
            None => vec![Part::open(path.to_owned())?],
            Some(split) => split.open_all(path)?,
        };
        Ok(Self { parts })
    }

    /// A model that is a part of this program; it is called `name`. Nothing is read or copied.
    ///
    /// The kernels like it to begin at a page, as files do when they are mapped.
    pub fn of_program(name: &str, bytes: &'static [u8]) -> Self {
        Self { parts: vec![Part { path: name.into(), bytes: Bytes::Program(bytes) }] }
    }

    /// A model of `len` bytes, called `name`, that `write` writes into memory, which is read-only afterwards.
    ///
    /// # Errors
    ///
    /// There is no such memory, or what `write` says.
    pub fn in_memory<E: From<io::Error>>(name: &str, len: usize, write: impl FnOnce(&mut [u8]) -> Result<(), E>) -> Result<Self, E> {
        let mut map = MmapMut::map_anon(len)?;
        write(&mut map)?;
        let bytes = Bytes::Memory(map.make_read_only()?);
        Ok(Self { parts: vec![Part { path: name.into(), bytes }] })
    }

    /// The bytes of each part, as [`Gguf::parse`](super::Gguf::parse) takes them.
    pub fn parts(&self) -> Vec<&[u8]> {
        self.parts.iter().map(|part| &part.bytes[..]).collect()
    }

    /// The path of each part, or what it is called where it is no file.
    pub fn paths(&self) -> impl ExactSizeIterator<Item = &Path> {
        self.parts.iter().map(|part| part.path.as_path())
    }

    /// What the file system said of each part when it was opened; nothing of a model that is in no file.
    pub fn metadata(&self) -> impl Iterator<Item = &Metadata> {
        self.files().map(|(_, _, metadata)| metadata)
    }

    fn files(&self) -> impl Iterator<Item = (&Path, &Mmap, &Metadata)> {
        self.parts.iter().filter_map(|part| match &part.bytes {
            Bytes::File(map, metadata) => Some((part.path.as_path(), map, metadata)),
            Bytes::Program(_) | Bytes::Memory(_) => None,
        })
    }

    /// Bytes of all parts together.
    pub fn len_bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes.len() as u64).sum()
    }

    /// Asks the system to read the whole model into memory, without waiting for it.
    ///
    /// Not done by [`Mapping::open`], since looking into a model takes a few of its pages only.
    pub fn prefetch(&self) {
        #[cfg(unix)]
        for (path, map, _) in self.files() {
            if let Err(error) = map.advise(memmap2::Advice::WillNeed) {
                log::debug!("{}: no read-ahead: {error}", path.display());
            }
        }
    }
}

impl Mapping {
    /// Lets go of all pages of files that were read so far. They do not count as memory of this process any more, and come back from the
    /// system's cache of the file where they are read again: right after what is read once, as most metadata is.
    pub fn release(&self) {
        #[cfg(unix)]
        for (path, map, _) in self.files() {
            // SAFETY: the mapping is a file's, shared and read-only, so nothing is lost with its pages: the next access reads them
            // from the file again, and finds the same, since the file must stay as it is (see `Mapping`).
            if let Err(error) = unsafe { map.unchecked_advise(UncheckedAdvice::DontNeed) } {
                log::debug!("{}: its pages stay: {error}", path.display());
            }
        }
    }
}

impl Part {
    fn open(path: PathBuf) -> Result<Self, OpenError> {
        let open_error = |path: PathBuf, source: io::Error| match source.kind() {
            io::ErrorKind::NotFound => OpenError::Missing { path },
            io::ErrorKind::PermissionDenied => OpenError::Permission { path },
            _ => OpenError::Open { path, source },
        };
        // Before opening, as opening a FIFO would wait for a writer.
        match fs::metadata(&path) {
            Err(source) => return Err(open_error(path, source)),
            Ok(metadata) if metadata.is_dir() => return Err(OpenError::Directory { path }),
            Ok(metadata) if !metadata.is_file() => return Err(OpenError::NotAFile { path }),
            Ok(metadata) if metadata.len() == 0 => return Err(OpenError::Empty { path }),
            Ok(_) => {}
        }
        let (file, metadata) = match File::open(&path).and_then(|file| file.metadata().map(|metadata| (file, metadata))) {
            Err(source) => return Err(open_error(path, source)),
            Ok(opened) => opened,
        };
        // SAFETY: the file must not change while it is mapped. No code of this crate writes to a file that it has
        // mapped, and its writers replace files by renaming; that other processes keep to it is asked of the user in the
        // documentation of `Mapping`. Should one shorten the file nevertheless, touching the missing pages raises SIGBUS,
        // which ends the process: no access leaves the mapping. The slices handed out borrow from `Mapping`, so none
        // outlives the mapping.
        let map = match unsafe { Mmap::map(&file) } {
            Err(source) => return Err(OpenError::Map { path, source }),
            Ok(map) => map,
        };
        // What is read from the disk then comes in large pages where the file system can, and is read faster while it is used.
        #[cfg(target_os = "linux")]
        if let Err(error) = map.advise(memmap2::Advice::HugePage) {
            log::debug!("{}: no large pages: {error}", path.display());
        }
        Ok(Self { path, bytes: Bytes::File(map, metadata) })
    }
}

/// The parts of a name like `NAME-00002-of-00003.gguf`.
#[derive(Debug, PartialEq, Eq)]
struct SplitName<'a> {
    stem: &'a str,
    number: usize,
    count: usize,
}

impl<'a> SplitName<'a> {
    /// Takes the file name apart; `None` where it is not that of a part.
    fn of(path: &'a Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let (rest, count) = digits_at_end(name.strip_suffix(".gguf")?)?;
        let (rest, number) = digits_at_end(rest.strip_suffix("-of-")?)?;
        Some(Self { stem: rest.strip_suffix('-')?, number, count })
    }

    fn open_all(&self, path: &Path) -> Result<Vec<Part>, OpenError> {
        let Self { stem, number, count } = *self;
        if !(1..=count).contains(&number) || count > MAX_PARTS {
            let path = path.to_owned();
            return Err(OpenError::PartName { path, number, count });
        }
        (1..=count)
            .map(|number| {
                let name = format!("{stem}-{number:0PART_DIGITS$}-of-{count:0PART_DIGITS$}.gguf");
                Part::open(path.with_file_name(name)).map_err(|error| match error {
                    OpenError::Missing { path } => OpenError::MissingPart { path, number, count },
                    other => other,
                })
            })
            .collect()
    }
}

/// Splits [`PART_DIGITS`] digits from the end.
fn digits_at_end(text: &str) -> Option<(&str, usize)> {
    let (rest, digits) = text.split_at_checked(text.len().checked_sub(PART_DIGITS)?)?;
    let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
    Some((rest, digits.parse().ok().filter(|_| all_digits)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_in_no_file_has_its_bytes_and_keeps_them() {
        static BYTES: [u8; 3] = [1, 2, 3];
        let built_in = Mapping::of_program("built in", &BYTES);
        let made = Mapping::in_memory::<io::Error>("made", 3, |bytes| {
            bytes.copy_from_slice(&BYTES);
            Ok(())
        });
        for model in [built_in, made.unwrap()] {
            // Pages of files can be let go of: these could not be read again.
            model.prefetch();
            model.release();
            assert_eq!(model.parts(), [&BYTES[..]]);
            assert_eq!((model.len_bytes(), model.metadata().count()), (3, 0));
        }
        let failed = Mapping::in_memory::<io::Error>("none", 3, |_| Err(io::ErrorKind::Other.into()));
        assert!(failed.is_err());
    }

    #[test]
    fn names_of_parts_are_recognised() {
        let split = |name| SplitName::of(Path::new(name)).map(|s| (s.stem, s.number, s.count));
        assert_eq!(split("/m/a-b-00002-of-00003.gguf"), Some(("a-b", 2, 3)));
        assert_eq!(split("-00001-of-00001.gguf"), Some(("", 1, 1)));
        for whole in [
            "model.gguf",
            "00001-of-00002.gguf",
            "m-0001-of-00002.gguf",
            "m-00001-of-2.gguf",
            "m-00001-of-00002.bin",
            "m-+0001-of-00002.gguf",
            "é1-of-00002.gguf",
            "/",
        ] {
            assert_eq!(split(whole), None, "{whole}");
        }
    }
}
