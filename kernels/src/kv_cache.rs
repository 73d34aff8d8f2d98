//! The cache of keys and values, planned once for a context length.

use crate::{Kernels, KvPrefix, Position};
use std::{alloc, fmt, str::FromStr};
use thiserror::Error;

/// How keys and values are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KvDType {
    /// IEEE 16-bit floats.
    F16,
    /// Blocks of 32 signed bytes with an f16 scale: about half the memory and the traffic.
    Q8_0,
}

/// Values of a block of [`KvDType::Q8_0`].
pub(crate) const Q8_0_LEN: usize = 32;
/// Bytes of a block of [`KvDType::Q8_0`]: the scale, then the values.
pub(crate) const Q8_0_BYTES: usize = 2 + Q8_0_LEN;

impl KvDType {
    /// Every type, in the order of its use as an index.
    pub const ALL: [KvDType; 2] = [KvDType::F16, KvDType::Q8_0];

    /// The name as in `--kv`.
    pub const fn name(self) -> &'static str {
        match self {
            KvDType::F16 => "f16",
            KvDType::Q8_0 => "q8_0",
        }
    }

    /// Bytes of the key or the value of one head at one position; `None` where `head_dim` is not whole blocks.
    pub const fn row_bytes(self, head_dim: usize) -> Option<usize> {
        match self {
            KvDType::F16 => head_dim.checked_mul(2),
            KvDType::Q8_0 if head_dim.is_multiple_of(Q8_0_LEN) => (head_dim / Q8_0_LEN).checked_mul(Q8_0_BYTES),
            KvDType::Q8_0 => None,
        }
    }
}

impl fmt::Display for KvDType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for KvDType {
    type Err = UnknownKvDType;

    fn from_str(s: &str) -> Result<Self, UnknownKvDType> {
        Self::ALL.into_iter().find(|d| d.name() == s).ok_or_else(|| UnknownKvDType(s.to_owned()))
    }
}

/// A name that is no type of the cache.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown KV cache type `{0}`: known are f16, q8_0")]
pub struct UnknownKvDType(pub String);

/// Why there is no cache of the stated shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KvCacheError {
    /// A head is not a whole number of blocks.
    #[error("a {dtype} KV cache needs heads of a multiple of {Q8_0_LEN} values, not {head_dim}")]
    HeadDim {
        /// Type of the cache.
        dtype: KvDType,
        /// Values of a head.
        head_dim: usize,
    },
    /// A dimension is zero.
    #[error("a KV cache with no {0} holds nothing")]
    Empty(&'static str),
    /// The size does not fit the address space.
    #[error("a KV cache of this shape does not fit the address space")]
    TooLarge,
    /// A prefix of other heads, layers or positions.
    #[error("these keys and values are not a prefix for this KV cache")]
    Prefix,
    /// The system has not that much memory.
    #[error("the system refused {bytes} bytes for the KV cache")]
    Memory {
        /// Bytes asked for.
        bytes: usize,
    },
}

/// Sizes of a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Shape {
    dtype: KvDType,
    layers: usize,
    sequences: usize,
    n_kv_heads: usize,
    context: usize,
    head_dim: usize,
    row_bytes: usize,
}

impl Shape {
    fn new(
        dtype: KvDType,
        layers: usize,
        sequences: usize,
        n_kv_heads: usize,
        context: usize,
        head_dim: usize,
    ) -> Result<(Self, usize), KvCacheError> {
        let dims = [(layers, "layers"), (sequences, "sequences"), (n_kv_heads, "heads"), (context, "positions"), (head_dim, "values")];
        if let Some((_, name)) = dims.into_iter().find(|(n, _)| *n == 0) {
            return Err(KvCacheError::Empty(name));
        }
        let row_bytes = dtype.row_bytes(head_dim).ok_or(KvCacheError::HeadDim { dtype, head_dim })?;
        let half = [layers, sequences, n_kv_heads, context]
            .into_iter()
            .try_fold(row_bytes, usize::checked_mul)
            .filter(|&bytes| bytes <= isize::MAX as usize / 2)
            .ok_or(KvCacheError::TooLarge)?;
        Ok((Self { dtype, layers, sequences, n_kv_heads, context, head_dim, row_bytes }, half))
    }
}

/// Keys and values of `sequences` independent sequences, each `[layer][sequence][kv_head][position]` rows of one head.
pub struct KvCache {
    shape: Shape,
    keys: Vec<u8>,
    values: Vec<u8>,
    prefix: Option<KvPrefix>,
    /// Which sequences begin with the prefix, `[sequences]`.
    prefixed: Vec<bool>,
}

impl KvCache {
    /// A cache for `context` positions of each sequence. Its memory is taken from the system as it is first written.
    ///
    /// # Errors
    /// [`KvCacheError`] where the shape is empty, does not fit the type, or is too large.
    pub fn new(
        dtype: KvDType,
        layers: usize,
        sequences: usize,
        n_kv_heads: usize,
        context: usize,
        head_dim: usize,
    ) -> Result<Self, KvCacheError> {
        let (shape, half) = Shape::new(dtype, layers, sequences, n_kv_heads, context, head_dim)?;
        Ok(Self { shape, keys: zeroed(half)?, values: zeroed(half)?, prefix: None, prefixed: vec![false; sequences] })
    }

    /// Bytes of such a cache, keys and values together.
    ///
    /// # Errors
    /// As for [`KvCache::new`], except that no memory is asked for.
    pub fn bytes_for(
        dtype: KvDType,
        layers: usize,
        sequences: usize,
        n_kv_heads: usize,
        context: usize,
        head_dim: usize,
    ) -> Result<usize, KvCacheError> {
        Shape::new(dtype, layers, sequences, n_kv_heads, context, head_dim).map(|(_, half)| 2 * half)
    }

    /// Bytes of this cache, keys and values together.
    pub fn bytes(&self) -> usize {
        self.keys.len() + self.values.len()
    }

    /// Type of the stored values.
    pub fn dtype(&self) -> KvDType {
        self.shape.dtype
    }

    /// Number of layers.
    pub fn layers(&self) -> usize {
        self.shape.layers
    }

    /// Number of sequences.
    pub fn sequences(&self) -> usize {
        self.shape.sequences
    }

    /// Number of key-value heads.
    pub fn n_kv_heads(&self) -> usize {
        self.shape.n_kv_heads
    }

    /// Positions of each sequence.
    pub fn context(&self) -> usize {
        self.shape.context
    }

    /// Values of a head.
    pub fn head_dim(&self) -> usize {
        self.shape.head_dim
    }

    /// Sets the keys and values that sequences may begin with from now on; none does yet.
    ///
    /// # Errors
    /// [`KvCacheError::Prefix`] where they are of another shape, or longer than the cache.
    pub fn set_prefix(&mut self, prefix: KvPrefix) -> Result<(), KvCacheError> {
        if prefix.positions() > self.shape.context {
            return Err(KvCacheError::Prefix);
        }
        prefix.check(self.shape.layers * self.shape.n_kv_heads, self.shape.row_bytes)?;
        self.prefix = Some(prefix);
        self.prefixed.fill(false);
        Ok(())
    }

    /// Whether sequence `seq` begins with the prefix from now on, in place of what was stored for it. Its other positions hold anything
    /// then.
    ///
    /// # Panics
    /// If there is no such sequence, or no prefix.
    pub fn use_prefix(&mut self, seq: usize, begins: bool) {
        self.prefixed[seq] = begins;
        if !begins {
            return;
        }
        let prefix = self.prefix.clone().expect("a prefix was set");
        // Blocks are read where they lie; one that the sequence goes on in must be its own.
        let rest = prefix.in_blocks()..prefix.positions();
        for layer in 0..self.shape.layers {
            for head in 0..self.shape.n_kv_heads {
                let (keys, values) = prefix.rows(layer * self.shape.n_kv_heads + head, rest.clone(), self.shape.row_bytes);
                if keys.is_empty() {
                    return;
                }
                let at = self.offset(layer, Position { seq, pos: rest.start }, head);
                self.keys[at..at + keys.len()].copy_from_slice(keys);
                self.values[at..at + values.len()].copy_from_slice(values);
            }
        }
    }

    /// Whether this position of a sequence lies in the prefix.
    fn in_prefix(&self, row: Position) -> Option<&KvPrefix> {
        self.prefix.as_ref().filter(|prefix| self.prefixed[row.seq] && row.pos < prefix.in_blocks())
    }

    /// The stored keys and values of one head at the first `count` positions of a sequence that does not begin with a prefix, as a
    /// [`KvPrefix`] has them.
    ///
    /// # Panics
    /// If these are not all in the cache.
    pub fn stored(&self, layer: usize, seq: usize, head: usize, count: usize) -> (&[u8], &[u8]) {
        self.block(layer, Position { seq, pos: 0 }, head, count)
    }

    /// Stores the keys and values, both `[rows][n_kv_heads * head_dim]`, of a batch in one layer.
    ///
    /// # Panics
    /// If a length does not fit, or `layer` or a row's sequence or position is outside the cache or in the prefix.
    pub fn store(&mut self, kernels: Kernels, layer: usize, rows: &[Position], keys: &[f32], values: &[f32]) {
        let Shape { dtype, n_kv_heads, head_dim, row_bytes, .. } = self.shape;
        let width = n_kv_heads * head_dim;
        assert!(
            keys.len() == rows.len() * width && values.len() == keys.len(),
            "{} keys and {} values are not {} rows of {width}",
            keys.len(),
            values.len(),
            rows.len()
        );
        assert!(rows.iter().all(|row| self.in_prefix(*row).is_none()), "a row of the prefix is only read");
        for ((row, keys), values) in rows.iter().zip(keys.chunks_exact(width)).zip(values.chunks_exact(width)) {
            for head in 0..n_kv_heads {
                let at = self.offset(layer, *row, head);
                let src = head * head_dim..(head + 1) * head_dim;
                kernels.kv_store(dtype, &keys[src.clone()], &mut self.keys[at..at + row_bytes]);
                kernels.kv_store(dtype, &values[src], &mut self.values[at..at + row_bytes]);
            }
        }
    }

    /// The stored keys and values of one head at positions `start.pos..start.pos + count`.
    ///
    /// # Panics
    /// If these are not all in the cache.
    pub(crate) fn block(&self, layer: usize, start: Position, head: usize, count: usize) -> (&[u8], &[u8]) {
        assert!(count <= self.shape.context - start.pos.min(self.shape.context));
        if let Some(prefix) = self.in_prefix(start) {
            // Blocks begin at multiples of their length, as the part of the prefix that is read in place ends.
            return prefix.rows(layer * self.shape.n_kv_heads + head, start.pos..start.pos + count, self.shape.row_bytes);
        }
        let at = self.offset(layer, start, head);
        let range = at..at + count * self.shape.row_bytes;
        (&self.keys[range.clone()], &self.values[range])
    }

    /// Where the row of a head at a position begins, in keys and values alike.
    fn offset(&self, layer: usize, row: Position, head: usize) -> usize {
        let s = &self.shape;
        assert!(
            layer < s.layers && row.seq < s.sequences && row.pos < s.context && head < s.n_kv_heads,
            "layer {layer}, sequence {}, position {}, head {head} are outside a KV cache of {} layers, {} sequences, {} positions, {} heads",
            row.seq,
            row.pos,
            s.layers,
            s.sequences,
            s.context,
            s.n_kv_heads
        );
        (((layer * s.sequences + row.seq) * s.n_kv_heads + head) * s.context + row.pos) * s.row_bytes
    }
}

/// `len` zero bytes, which the system backs with memory on first use; an error, not an abort, where it refuses.
fn zeroed(len: usize) -> Result<Vec<u8>, KvCacheError> {
    let refused = KvCacheError::Memory { bytes: len };
    let layout = alloc::Layout::array::<u8>(len).map_err(|_| refused)?;
    // SAFETY: `Shape::new` refuses a size of zero.
    let ptr = unsafe { alloc::alloc_zeroed(layout) };
    if ptr.is_null() {
        return Err(refused);
    }
    // SAFETY: just allocated by the global allocator with the layout of `len` bytes, all of them initialised.
    Ok(unsafe { Vec::from_raw_parts(ptr, len, len) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_are_checked() {
        let size = |dtype, head_dim| KvCache::bytes_for(dtype, 2, 3, 4, 5, head_dim);
        assert_eq!(size(KvDType::F16, 64), Ok(2 * 2 * 3 * 4 * 5 * 128));
        assert_eq!(size(KvDType::Q8_0, 64), Ok(2 * 2 * 3 * 4 * 5 * 68));
        assert_eq!(size(KvDType::Q8_0, 48), Err(KvCacheError::HeadDim { dtype: KvDType::Q8_0, head_dim: 48 }));
        assert_eq!(size(KvDType::F16, 0), Err(KvCacheError::Empty("values")));
        assert_eq!(KvCache::bytes_for(KvDType::F16, 2, 3, 4, usize::MAX, 64), Err(KvCacheError::TooLarge));
        let cache = KvCache::new(KvDType::F16, 2, 3, 4, 5, 64).unwrap();
        assert_eq!(Ok(cache.bytes()), size(KvDType::F16, 64));
    }

    #[test]
    fn a_size_the_system_refuses_is_an_error() {
        let result = KvCache::new(KvDType::F16, 1 << 20, 1 << 10, 1, 1 << 20, 64);
        assert!(matches!(result, Err(KvCacheError::Memory { .. })));
    }

    #[test]
    #[should_panic(expected = "position 5")]
    fn a_position_past_the_context_panics() {
        let mut cache = KvCache::new(KvDType::F16, 1, 1, 1, 5, 8).unwrap();
        cache.store(Kernels::detect(), 0, &[Position { seq: 0, pos: 5 }], &[0.0; 8], &[0.0; 8]);
    }
}
