//! Files that are there whole or not at all.
//!
//! Until it is whole, a file has a name that ends in `.part`. What a process that was killed left under that name can be gone on
//! with: the bytes are made again and compared with those that are there, and only what differs or is
//! missing is written. So nothing that was left is ever trusted, be it of another model, of another version of the program or cut
//! by a power failure; what is saved is the writing, which is what takes long on a memory card.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::mem;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

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
    #[error("{}: another process is writing it", path.display())]
    Busy { path: PathBuf },
    #[error(transparent)]
    Layout(WriteError),
}

impl SaveError {
    /// What went wrong with the file `out`, which was to be `bytes` long.
    pub(crate) fn new(out: &Path, bytes: u64, error: WriteError) -> SaveError {
        match error {
            WriteError::Io(source) => match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => SaveError::DiskFull { path: out.to_owned(), bytes },
                // Only of the lock: files never make one wait.
                io::ErrorKind::WouldBlock => SaveError::Busy { path: out.to_owned() },
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

/// Bytes that are written at once, at multiples of as many: a large page of most systems. Linux keeps what was written together in
/// pages of that size where the file system can (ext4, XFS), and maps them as such: weights are then read a fifth faster.
const WRITE_BYTES: usize = 2 << 20;

/// A file that is written under a name ending in `.part`, by one process at a time, and removed unless it is committed.
#[derive(Debug)]
pub(crate) struct PartFile {
    file: File,
    part: PathBuf,
    out: PathBuf,
    /// Bytes that are as they should be.
    at: u64,
    /// Length of what was there before, of which the bytes from `at` on are to be compared.
    before: u64,
    /// Bytes of it that were as they should be.
    kept: u64,
    /// What was there, for comparing.
    found: Vec<u8>,
    /// Bytes that are not written yet, fewer than [`WRITE_BYTES`].
    waiting: Vec<u8>,
    committed: bool,
}

impl PartFile {
    /// Begins a file that will be `bytes` long and be called `out`; the space is reserved where the file system can.
    ///
    /// # Errors
    /// Of the kind `WouldBlock` where another process is writing it.
    pub fn create(out: &Path, bytes: u64) -> io::Result<Self> {
        Self::open(out, bytes, 0)
    }

    /// As [`PartFile::create`], but goes on with what is there.
    ///
    /// # Errors
    /// As [`PartFile::create`].
    pub fn resume(out: &Path, bytes: u64) -> io::Result<Self> {
        Self::open(out, bytes, bytes)
    }

    /// Keeps `keep` bytes of what is there, if there are as many.
    fn open(out: &Path, bytes: u64, keep: u64) -> io::Result<Self> {
        match out.metadata() {
            Ok(there) if there.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
            // A device such as /dev/null would be replaced, not written to.
            Ok(there) if !there.is_file() => return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file")),
            _ => {}
        }
        let part = part_path(out);
        let file = open_alone(&part)?;
        let before = file.metadata()?.len().min(keep);
        let this = Self {
            file,
            part,
            out: out.to_owned(),
            at: 0,
            before,
            kept: 0,
            found: Vec::new(),
            waiting: Vec::with_capacity(WRITE_BYTES),
            committed: false,
        };
        this.file.set_len(before)?;
        reserve(&this.file, bytes)?;
        Ok(this)
    }

    /// Gives the file its name once its bytes are on disk; returns how many of them an earlier process wrote, and were not written
    /// again.
    pub fn commit(mut self) -> io::Result<u64> {
        self.flush()?;
        self.file.sync_all()?;
        fs::rename(&self.part, &self.out)?;
        self.committed = true;
        sync_folder_of(&self.out);
        Ok(self.kept)
    }
}

/// Opens or makes a file that no other process has open in this way.
fn open_alone(part: &Path) -> io::Result<File> {
    let mut patience = 3;
    loop {
        let file = OpenOptions::new().create(true).truncate(false).read(true).write(true).open(part)?;
        match file.try_lock() {
            // Who only looks whether it is locked is done in a moment.
            Err(TryLockError::WouldBlock) if patience > 0 => {
                patience -= 1;
                std::thread::sleep(Duration::from_millis(10));
                continue;
            }
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
            // Not every file system can: there it is for the user to start one process only.
            Err(TryLockError::Error(error)) => log::debug!("{}: no lock: {error}", part.display()),
            Ok(()) => {}
        }
        // Another process may have renamed or removed it before the lock was ours.
        if is_at(&file, part) {
            return Ok(file);
        }
    }
}

/// Whether `file` is the one that is at `path`.
pub(crate) fn is_at(file: &File, path: &Path) -> bool {
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    file.metadata().is_ok_and(|open| path.metadata().is_ok_and(|there| id(open) == id(there)))
}

/// Makes a new name last through a power cut. Without it the old file may be back afterwards, whole as it was: no reason to fail.
fn sync_folder_of(path: &Path) {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
        log::debug!("{}: not synchronised: {error}", folder.display());
    }
}

impl Write for PartFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(WRITE_BYTES - self.waiting.len());
        self.waiting.extend_from_slice(&bytes[..taken]);
        if self.waiting.len() == WRITE_BYTES {
            self.flush()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        let waiting = mem::take(&mut self.waiting);
        let there = self.before.saturating_sub(self.at).min(waiting.len() as u64) as usize;
        let (compared, new) = waiting.split_at(there);
        if !compared.is_empty() {
            self.write_if_other(compared)?;
        }
        self.file.write_all(new)?;
        self.at += waiting.len() as u64;
        self.waiting = waiting;
        self.waiting.clear();
        self.file.flush()
    }
}

impl PartFile {
    /// Writes `bytes` over as many, unless they are the same.
    fn write_if_other(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.found.resize(bytes.len(), 0);
        self.file.read_exact(&mut self.found)?;
        if self.found == bytes {
            self.kept += bytes.len() as u64;
        } else {
            self.file.seek(SeekFrom::Start(self.at))?;
            self.file.write_all(bytes)?;
        }
        Ok(())
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

/// Takes the space for a file before it is written, so that a full disk is known at once. Its length stays that of what is written,
/// so that a process that goes on with it knows where there is nothing to compare.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    #[cfg(target_os = "linux")]
    match rustix::fs::fallocate(file, rustix::fs::FallocateFlags::KEEP_SIZE, 0, bytes) {
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

    /// What a killed process left under the name `.part`, which drop would have removed.
    fn left(out: &Path, bytes: &[u8]) -> io::Result<()> {
        fs::write(part_path(out), bytes)
    }

    #[test]
    fn what_was_left_is_kept_where_it_is_right_and_nowhere_else() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let out = dir.path().join("model.gguf");
        let whole = *b"aabbccdd";
        for (found, kept) in [("", 0), ("aabbcc", 6), ("aabbccd", 7), ("aaXXccdd", 6), ("aabbccddee", 8), ("XXXXXXXXXXXX", 0), ("aab", 3)] {
            left(&out, found.as_bytes())?;
            let mut file = PartFile::resume(&out, 8)?;
            for piece in whole.chunks(2) {
                file.write_all(piece)?;
                file.flush()?;
            }
            assert_eq!(file.commit()?, kept, "{found}");
            assert_eq!(fs::read(&out)?, whole, "{found}");
        }
        left(&out, &whole)?;
        let mut file = PartFile::create(&out, 8)?;
        file.write_all(&whole)?;
        assert_eq!(file.commit()?, 0, "begun anew");
        Ok(())
    }

    #[test]
    fn one_process_at_a_time() -> io::Result<()> {
        let dir = tempfile::tempdir()?;
        let out = dir.path().join("model.gguf");
        let mut first = PartFile::create(&out, 3)?;
        assert_eq!(PartFile::resume(&out, 3).map(drop).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        first.write_all(b"new")?;
        first.commit()?;
        assert_eq!(fs::read(&out)?, b"new");
        drop(PartFile::resume(&out, 3)?);
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
