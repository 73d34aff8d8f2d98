//! Keys and values of a text that sequences begin with.

use crate::{KvCacheError, table::KV_BLOCK};
use std::{fmt, ops::Range, sync::Arc};

/// Keys and values of the first positions of a sequence, in memory that is only read, usually a mapped file: `[layer][kv_head][position]`
/// rows of keys, then as many of values. See [`KvCache::set_prefix`](crate::KvCache::set_prefix).
#[derive(Clone)]
pub struct KvPrefix {
    memory: Arc<dyn AsRef<[u8]> + Send + Sync>,
    at: usize,
    positions: usize,
}

impl fmt::Debug for KvPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KvPrefix").field("positions", &self.positions).finish_non_exhaustive()
    }
}

impl KvPrefix {
    /// The keys and values of `positions` positions that lie in `memory` from byte `at` to its end. What `memory` gives must stay the
    /// same.
    pub fn new(memory: Arc<dyn AsRef<[u8]> + Send + Sync>, at: usize, positions: usize) -> KvPrefix {
        KvPrefix { memory, at, positions }
    }

    /// Positions.
    pub fn positions(&self) -> usize {
        self.positions
    }

    /// Those that whole blocks of attention read where they lie; the rest goes into the cache.
    pub(crate) fn in_blocks(&self) -> usize {
        self.positions / KV_BLOCK * KV_BLOCK
    }

    /// Refuses a prefix that has not `rows` rows of keys of `row_bytes` for each position, and as many of values.
    pub(crate) fn check(&self, rows: usize, row_bytes: usize) -> Result<(), KvCacheError> {
        let need = [rows, self.positions, row_bytes, 2].into_iter().try_fold(1usize, usize::checked_mul);
        let have = (*self.memory).as_ref().len().checked_sub(self.at);
        if self.positions > 0 && have.is_some() && have == need { Ok(()) } else { Err(KvCacheError::Prefix) }
    }

    /// Keys and values at `positions` of the `row`-th head, counted over all layers.
    pub(crate) fn rows(&self, row: usize, positions: Range<usize>, row_bytes: usize) -> (&[u8], &[u8]) {
        let (keys, values) = (*self.memory).as_ref()[self.at..].split_at(((*self.memory).as_ref().len() - self.at) / 2);
        let range = (row * self.positions + positions.start) * row_bytes..(row * self.positions + positions.end) * row_bytes;
        (&keys[range.clone()], &values[range])
    }
}
