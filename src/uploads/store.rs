use std::time::{Duration, Instant};

use qwark_wire::{Hash, Key, Str, Upload, UploadBegin, UploadData, UploadItem, UploadKind, UploadList, UploadState};
use sha2::{Digest, Sha256};

use super::{CLIENT_QUOTA, MAX_CLIENT_UPLOADS, MAX_KEEP, MAX_UPLOADS, TOTAL_QUOTA, UploadError, WINDOW};

/// Whose an upload is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    /// The client that has this number, on links without a key.
    Client(u64),
    /// The client that has this number, on links with this key.
    Keyed(u64, Key),
    /// A session whose client has no number: nobody can come back to it.
    Session(u64),
}

/// How much a store takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one client.
    pub client_bytes: u32,
    /// Bytes of all clients.
    pub total_bytes: u32,
    /// Uploads of one client.
    pub client_uploads: u16,
    /// Uploads of all clients.
    pub total_uploads: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { client_bytes: CLIENT_QUOTA, total_bytes: TOTAL_QUOTA, client_uploads: MAX_CLIENT_UPLOADS, total_uploads: MAX_UPLOADS }
    }
}

/// The uploads of all clients.
#[derive(Debug, Default)]
pub struct Uploads {
    limits: Limits,
    /// In the order in which they were begun. There are few enough to look through all.
    entries: Vec<Entry>,
}

#[derive(Debug)]
struct Entry {
    owner: Owner,
    sha256: Hash,
    /// The id under which its client last began it, and sends its chunks.
    id: u32,
    what: UploadKind,
    name: String,
    size: u32,
    data: Vec<u8>,
    /// Of `data`, as far as it has come; nothing more to be done once all is here and right.
    hash: Option<Sha256>,
    keep: Duration,
    used: Instant,
}

impl Uploads {
    /// An empty store.
    pub fn new(limits: Limits) -> Self {
        Uploads { limits, entries: Vec::new() }
    }

    /// Begins an upload of client `owner` under `id`, or goes on with the one of the same hash. Its kind, name and time to be kept
    /// are then those of this message.
    ///
    /// # Errors
    /// There is no room, the length contradicts an earlier one, or an upload of no bytes has another hash than none.
    pub fn begin(&mut self, owner: Owner, id: u32, begin: &UploadBegin<'_>, now: Instant) -> Result<Upload, UploadError> {
        self.expire(now);
        let at = match self.position(owner, &begin.sha256) {
            Some(at) if self.entries[at].size != begin.size => {
                return Err(UploadError::Size { announced: begin.size, known: self.entries[at].size });
            }
            Some(at) => at,
            None => {
                self.check_room(owner, begin.size)?;
                let mut data = Vec::new();
                // The quota bounds what a claim can cost; all at once, so that it never needs to be moved.
                data.try_reserve_exact(begin.size as usize).map_err(|_| UploadError::Memory(begin.size))?;
                self.entries.push(Entry {
                    owner,
                    sha256: begin.sha256,
                    id,
                    what: begin.what,
                    name: String::new(),
                    size: begin.size,
                    data,
                    hash: Some(Sha256::new()),
                    keep: MAX_KEEP,
                    used: now,
                });
                self.entries.len() - 1
            }
        };
        // An id stands for one upload: the last that it began. No client uses 0, so nothing is found under it.
        self.entries.iter_mut().filter(|entry| entry.owner == owner && entry.id == id).for_each(|entry| entry.id = 0);
        let entry = &mut self.entries[at];
        entry.id = id;
        entry.what = begin.what;
        entry.name.clear();
        entry.name.push_str(&begin.name);
        entry.keep = match begin.keep_s {
            0 => MAX_KEEP,
            seconds => MAX_KEEP.min(Duration::from_secs(seconds.into())),
        };
        self.take(at, &[], now)
    }

    /// Takes a chunk of the upload that client `owner` began under `id`, if it goes on where the data ends.
    ///
    /// # Errors
    /// There is no such upload, the chunk is longer than what is missing, or the data is complete and has another hash.
    pub fn data(&mut self, owner: Owner, id: u32, chunk: &UploadData<'_>, now: Instant) -> Result<Upload, UploadError> {
        self.expire(now);
        let found = self.entries.iter().position(|entry| entry.owner == owner && entry.id == id && id != 0);
        let at = found.ok_or(UploadError::NotBegun(id))?;
        let Entry { size, ref data, .. } = self.entries[at];
        let end = u64::from(chunk.offset) + chunk.data.len() as u64;
        if end > u64::from(size) {
            return Err(UploadError::TooLong { end, size });
        }
        let goes_on = chunk.offset as usize == data.len();
        self.take(at, if goes_on { &chunk.data } else { &[] }, now)
    }

    /// One entry of the list of client `owner`'s uploads, oldest first.
    pub fn list(&mut self, owner: Owner, list: &UploadList, now: Instant) -> UploadItem<'_> {
        self.expire(now);
        let mut own = self.entries.iter().filter(|entry| entry.owner == owner);
        let count = own.clone().count() as u16;
        match own.nth(list.index.into()) {
            Some(entry) => UploadItem {
                index: list.index,
                count,
                what: entry.what,
                size: entry.size,
                received: entry.data.len() as u32,
                expires_s: entry.expires_s(now),
                sha256: entry.sha256,
                name: Str::cut(&entry.name),
            },
            None => UploadItem {
                index: list.index,
                count,
                what: UploadKind::Image,
                size: 0,
                received: 0,
                expires_s: 0,
                sha256: Hash::default(),
                name: Str::default(),
            },
        }
    }

    /// Deletes an upload of client `owner`. One that is gone already is deleted just as well: the call may be a repetition.
    pub fn delete(&mut self, owner: Owner, sha256: &Hash) -> Upload {
        self.entries.retain(|entry| entry.owner != owner || entry.sha256 != *sha256);
        Upload { state: UploadState::Deleted, received: 0, window: 0, expires_s: 0 }
    }

    /// The bytes of an upload that is complete, is `what`, and has the hash `sha256`, which this is a use of.
    pub fn get(&mut self, owner: Owner, what: UploadKind, sha256: &Hash, now: Instant) -> Option<&[u8]> {
        self.expire(now);
        let at = self.position(owner, sha256)?;
        let entry = &mut self.entries[at];
        if entry.hash.is_some() || entry.what != what {
            return None;
        }
        entry.used = now;
        Some(&entry.data)
    }

    /// Drops everything of a client that will not come back.
    pub fn forget(&mut self, owner: Owner) {
        self.entries.retain(|entry| entry.owner != owner);
    }

    /// Drops what was not used for as long as it was to be kept. Every other call that looks at uploads does so first.
    pub fn expire(&mut self, now: Instant) {
        self.entries.retain(|entry| entry.left(now) > Duration::ZERO);
    }

    /// Bytes that client `owner`'s uploads count for: unfinished ones with all that they announced.
    pub fn bytes(&self, owner: Owner) -> u32 {
        self.sizes(|entry| entry.owner == owner)
    }

    /// Bytes that the uploads of all clients count for.
    pub fn total_bytes(&self) -> u32 {
        self.sizes(|_| true)
    }

    fn sizes(&self, counts: impl Fn(&Entry) -> bool) -> u32 {
        self.entries.iter().filter(|entry| counts(entry)).map(|entry| entry.size).sum()
    }

    fn position(&self, owner: Owner, sha256: &Hash) -> Option<usize> {
        self.entries.iter().position(|entry| entry.owner == owner && entry.sha256 == *sha256)
    }

    fn check_room(&self, owner: Owner, size: u32) -> Result<(), UploadError> {
        let Limits { client_bytes, total_bytes, client_uploads, total_uploads } = self.limits;
        let used = self.bytes(owner);
        if size > client_bytes.saturating_sub(used) {
            return Err(UploadError::ClientQuota { size, used, quota: client_bytes });
        }
        let left = total_bytes.saturating_sub(self.total_bytes());
        if size > left {
            return Err(UploadError::TotalQuota { size, left });
        }
        let own = self.entries.iter().filter(|entry| entry.owner == owner).count();
        for (count, limit) in [(own, client_uploads), (self.entries.len(), total_uploads)] {
            if count >= limit.into() {
                return Err(UploadError::TooMany(limit));
            }
        }
        Ok(())
    }

    /// Appends to the entry at `at`; checks its hash if that completes it, and drops it if it is not the announced one.
    fn take(&mut self, at: usize, chunk: &[u8], now: Instant) -> Result<Upload, UploadError> {
        let entry = &mut self.entries[at];
        entry.used = now;
        if let Some(hash) = &mut entry.hash {
            hash.update(chunk);
            entry.data.extend_from_slice(chunk);
        }
        if entry.data.len() == entry.size as usize
            && let Some(hash) = entry.hash.take()
            && hash.finalize()[..] != entry.sha256
        {
            self.entries.remove(at);
            return Err(UploadError::Integrity);
        }
        Ok(entry.answer(now))
    }
}

impl Entry {
    /// How long it stays if nobody uses it.
    fn left(&self, now: Instant) -> Duration {
        self.keep.saturating_sub(now.saturating_duration_since(self.used))
    }

    /// The same in whole seconds, of which the last counts until it is over.
    fn expires_s(&self, now: Instant) -> u32 {
        // Fits: an hour at most.
        self.left(now).as_millis().div_ceil(1000) as u32
    }

    fn answer(&self, now: Instant) -> Upload {
        let received = self.data.len() as u32;
        Upload {
            state: if self.hash.is_some() { UploadState::Receiving } else { UploadState::Stored },
            received,
            window: WINDOW.min(self.size - received),
            expires_s: self.expires_s(now),
        }
    }
}
