//! Room for one more file: within the limit, and on the disk.

use super::entries::Entry;
use super::{Cache, CacheError};

/// Bytes of the disk that are left to others.
const SPARE: u64 = 256_000_000;

impl Cache {
    /// Removes the files that were used longest ago until `bytes` more fit, for the file that is named after `sha256`. Nothing is removed
    /// where that would not be enough.
    pub(crate) fn make_room(&self, bytes: u64, sha256: &str) -> Result<(), CacheError> {
        let failed = |source| CacheError::Folder { path: self.dir.clone(), source };
        // One process at a time, so that two do not count on the same room. The lock goes with the file.
        let lock = self.lock_file().map_err(failed)?;
        if let Err(error) = lock.lock() {
            log::debug!("{}: no lock: {error}", self.dir.display());
        }
        let mut entries = self.entries()?;
        // What is there of the file itself will be part of it, or be replaced.
        let own: u64 = entries.iter().filter(|entry| entry.sha256 == sha256).map(|entry| entry.bytes).sum();
        entries.retain(|entry| entry.sha256 != sha256);
        let disk = rustix::fs::statvfs(&self.dir).map_err(|error| failed(error.into()))?;
        let free = (disk.f_bavail * disk.f_frsize).saturating_add(own);
        for entry in self.to_remove(entries, bytes, free)? {
            if self.remove(&entry)? {
                log::info!("{}: removed to make room", entry.path.display());
            }
        }
        Ok(())
    }

    /// What is to be removed of `entries` for a file of `bytes`, where `free` bytes of the disk are free.
    fn to_remove(&self, mut entries: Vec<Entry>, bytes: u64, free: u64) -> Result<Vec<Entry>, CacheError> {
        let mut taken: u64 = entries.iter().map(|entry| entry.bytes).sum();
        let mut free_then = free;
        let in_use = entries.iter().filter(|entry| entry.in_use).map(|entry| entry.bytes).sum();
        entries.retain(|entry| !entry.in_use);
        entries.sort_by_key(|entry| std::cmp::Reverse(entry.used));
        let mut removed = Vec::new();
        loop {
            let (over, short) = (taken.saturating_add(bytes) > self.limit, free_then < bytes.saturating_add(SPARE));
            if !over && !short {
                return Ok(removed);
            }
            let Some(oldest) = entries.pop() else {
                return Err(if over {
                    CacheError::Limit { bytes, limit: self.limit, in_use }
                } else {
                    CacheError::Space { path: self.dir.clone(), bytes, spare: SPARE, free }
                });
            };
            taken -= oldest.bytes;
            free_then = free_then.saturating_add(oldest.bytes);
            removed.push(oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::State;
    use super::*;

    const MB: u64 = 1_000_000;

    /// A file of so many MB that was used at that time.
    fn entry(megabytes: u64, used: u64, in_use: bool) -> Entry {
        let (path, sha256, used) = (PathBuf::from(format!("{used}")), String::new(), UNIX_EPOCH + Duration::from_secs(used));
        Entry { path, sha256, bytes: megabytes * MB, state: State::Ready, used, in_use, sources: Vec::new() }
    }

    /// The times of the files that are removed for one of `megabytes`.
    fn removed(entries: &[Entry], megabytes: u64, limit: u64, free: u64) -> Result<Vec<String>, CacheError> {
        let cache = Cache::new("/cache".into(), limit * MB);
        let removed = cache.to_remove(entries.to_vec(), megabytes * MB, free * MB)?;
        Ok(removed.iter().map(|entry| entry.path.display().to_string()).collect())
    }

    #[test]
    fn the_one_used_longest_ago_goes_first_and_none_in_use() {
        let entries = [entry(100, 3, false), entry(100, 1, true), entry(100, 2, false), entry(100, 4, false)];
        let removed = |megabytes, limit, free| removed(&entries, megabytes, limit, free);
        assert_eq!(removed(100, 500, 10_000).unwrap(), [""; 0]);
        assert_eq!(removed(101, 500, 10_000).unwrap(), ["2"]);
        assert_eq!(removed(201, 500, 10_000).unwrap(), ["2", "3"]);
        assert_eq!(removed(400, 500, 10_000).unwrap(), ["2", "3", "4"]);
        assert!(matches!(removed(401, 500, 10_000), Err(CacheError::Limit { in_use: 100_000_000, .. })));
        assert!(matches!(removed(501, 500, 10_000), Err(CacheError::Limit { .. })));
        // The disk is what is small.
        assert_eq!(removed(100, 10_000, 356).unwrap(), [""; 0]);
        assert_eq!(removed(100, 10_000, 355).unwrap(), ["2"]);
        assert_eq!(removed(100, 10_000, 56).unwrap(), ["2", "3", "4"]);
        assert!(matches!(removed(100, 10_000, 55), Err(CacheError::Space { free: 55_000_000, .. })));
    }
}
