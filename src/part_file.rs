//! Files that are there whole or not at all.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use thiserror::Error;

use crate::gguf::WriteError;

/// Why a model file could not be written.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum SaveError {
    #[error("{}: cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{}: {bytes} bytes do not fit on the disk", path.display())]
    DiskFull { path: PathBuf, bytes: u64 },
    #[error(transparent)]
    Layout(WriteError),
}

impl SaveError {
    /// What went wrong with the file `out`, which was to be `bytes` long.
    pub(crate) fn new(out: &Path, bytes: u64, error: WriteError) -> SaveError {
        match error {
            WriteError::Io(source) => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SaveError::DiskFull { path: out.to_owned(), bytes },
                _ => SaveError::Write { path: out.to_owned(), source },
            },
            layout => SaveError::Layout(layout),
        }
    }
}

/// Where the file that is to be called `out` is meanwhile.
pub fn part_path(out: &Path) -> PathBuf {
    let mut part = out.as_os_str().to_owned();
    part.push(".part");
    part.into()
}

/// A file that is written under a name ending in `.part`, and removed unless it is committed.
#[derive(Debug)]
pub(crate) struct PartFile {
    file: File,
    part: PathBuf,
    out: PathBuf,
    committed: bool,
}

impl PartFile {
    /// Begins a file that will be `bytes` long and be called `out`; the space is reserved where the file system can.
    pub fn create(out: &Path, bytes: u64) -> io::Result<Self> {
        match out.metadata() {
            Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            // A device such as /dev/null would be replaced, not written to.
            Ok(there) if !there.is_file() => return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
            _ => {}
        }
        let part = part_path(out);
        let this = Self { file: File::create(&part)?, part, out: out.to_owned(), committed: false };
        reserve(&this.file, bytes)?;
        Ok(this)
    }

    /// Gives the file its name once its bytes are on disk.
    pub fn commit(mut self) -> io::Result<()> {
        self.file.sync_all()?;
        fs::rename(&self.part, &self.out)?;
        self.committed = true;
        Ok(())
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        if let Err(error) = fs::remove_file(&self.part) {
            log::warn!("{}: cannot be removed: {error}", self.part.display());
        }
    }
}

/// Takes the space for a file before it is written, so that a full disk is known at once.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::empty(), 0, bytes) {
        // Not every file system can; there a full disk shows when it is full.
        Ok(()) | Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => {}
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_there_whole_or_not_at_all() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let out = dir.path().join("model.gguf");
        fs::write(&out, "old")?;

        let mut file = PartFile::create(&out, 3)?;
        file.write_all(b"n")?;
        drop(file);
        assert_eq!(fs::read(&out)?, b"old");
        assert_eq!(fs::read_dir(dir.path())?.count(), 1);

        let mut file = PartFile::create(&out, 3)?;
        file.write_all(b"new")?;
        assert_eq!(fs::read(&out)?, b"old");
        file.commit()?;
        assert_eq!(fs::read(&out)?, b"new");
        assert_eq!(fs::read_dir(dir.path())?.count(), 1);
        Ok(())
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_known_before_writing() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let error = PartFile::create(&dir.path().join("model.gguf"), 1 << 60).map(drop).unwrap_err();
        assert!(matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::FileTooLarge), "{error}");
        assert_eq!(fs::read_dir(dir.path())?.count(), 0);
        Ok(())
    }
}
