use qwark_kernels::{KvCache, KvCacheError, KvDType};
use serde::Serialize;

use super::Buffers;
use crate::model::{Config, Model};

/// What running a model takes, known before anything is allocated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct MemoryPlan {
    /// Weights, mapped and shared, not allocated.
    pub weights_bytes: u64,
    /// Keys and values of all sequences at the full context.
    pub kv_bytes: u64,
    /// Buffers of the forward pass.
    pub scratch_bytes: u64,
    /// Keys and values of one token.
    pub kv_bytes_per_token: u64,
    /// Weights read to decode one token.
    pub bytes_per_token: u64,
}

impl MemoryPlan {
    /// The plan for `sequences` of `context` tokens each.
    ///
    /// # Errors
    /// Where the cache can't be laid out: its size overflows, or the head does not fit `kv`.
    pub fn new(model: &Model<'_>, kv: KvDType, context: usize, sequences: usize, outputs: usize) -> Result<MemoryPlan, KvCacheError> {
        let Config { layers, kv_heads, head_dim, .. } = model.config;
        let cache = |context, sequences| KvCache::bytes_for(kv, layers, sequences, kv_heads, context, head_dim).map(|n| n as u64);
        let embedding = model.own_head.map_or(0, |_| model.embedding.bytes().len() as u64);
        Ok(MemoryPlan {
            weights_bytes: model.bytes_per_token() + embedding,
            kv_bytes: cache(context, sequences)?,
            scratch_bytes: Buffers::bytes(&model.config, outputs),
            kv_bytes_per_token: cache(1, 1)?,
            bytes_per_token: model.bytes_per_token(),
        })
    }
}
