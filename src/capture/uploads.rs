//! What clients uploaded in a capture: answers may have had to follow it.

use std::collections::HashMap;

use qwark_wire::{Hash, UploadBegin, UploadData};
use sha2::{Digest, Sha256};

use super::requests::Owner;

/// The uploads of a capture.
#[derive(Clone, Debug, Default)]
pub(super) struct Uploads {
    /// What an id of a client stands for.
    by_id: HashMap<(Owner, u32), Hash>,
    data: HashMap<(Owner, Hash), Vec<u8>>,
}

impl Uploads {
    pub fn begin(&mut self, at: (Owner, u32), begin: &UploadBegin<'_>) {
        self.by_id.insert(at, begin.sha256);
        self.data.entry((at.0, begin.sha256)).or_default();
    }

    /// Takes a chunk, if it goes on where the data ends.
    pub fn data(&mut self, at: (Owner, u32), chunk: &UploadData<'_>) {
        let Some(sha256) = self.by_id.get(&at) else { return };
        let data = self.data.entry((at.0, *sha256)).or_default();
        if chunk.offset as usize == data.len() {
            data.extend_from_slice(&chunk.data);
        }
    }

    /// The bytes of an upload, if all of them are there.
    pub fn get(&self, owner: Owner, sha256: &Hash) -> Option<&[u8]> {
        let data = self.data.get(&(owner, *sha256))?;
        (Hash::from(Sha256::digest(data)) == *sha256).then_some(data)
    }
}
