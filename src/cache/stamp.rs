use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// How long a file must have been left alone for its stamp to be believed: file systems keep times as coarsely as two seconds, and
/// what is written twice within one such time looks the same after both.
const SETTLED: Duration = Duration::from_secs(2);

/// By what a file is known again without reading it. The time of the last change of its state (ctime) cannot be set to what it was
/// by those who set that of its content (mtime).
///
/// The device's number is left out: on many boards it depends on the order in which disks were found at the last start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    bytes: u64,
    inode: u64,
    modified_ns: i64,
    changed_ns: i64,
}

impl Stamp {
    pub fn of(metadata: &Metadata) -> Stamp {
        let ns = |seconds: i64, ns: i64| seconds.saturating_mul(1_000_000_000).saturating_add(ns);
        Stamp {
            bytes: metadata.len(),
            inode: metadata.ino(),
            modified_ns: ns(metadata.mtime(), metadata.mtime_nsec()),
            changed_ns: ns(metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Whether a change at or after `time` would show in the stamp.
    pub fn is_settled_at(&self, time: SystemTime) -> bool {
        let last = Duration::from_nanos(self.modified_ns.max(self.changed_ns).try_into().unwrap_or(0));
        // A clock that runs behind the file says nothing.
        time.duration_since(UNIX_EPOCH + last).is_ok_and(|since| since >= SETTLED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fresh_file_is_not_settled_and_each_write_is_seen() -> std::io::Result<()> {
        let file = tempfile::NamedTempFile::new()?;
        std::fs::write(file.path(), "one")?;
        let first = Stamp::of(&file.path().metadata()?);
        let now = SystemTime::now();
        assert!(!first.is_settled_at(now) && !first.is_settled_at(UNIX_EPOCH) && first.is_settled_at(now + SETTLED));

        // Same length, same time of its content.
        let modified = file.path().metadata()?.modified()?;
        std::thread::sleep(Duration::from_millis(50));
        std::fs::write(file.path(), "two")?;
        file.as_file().set_modified(modified)?;
        assert_ne!(Stamp::of(&file.path().metadata()?), first);
        Ok(())
    }
}
