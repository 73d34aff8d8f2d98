//! One model, its caches and buffers, and the forward pass. Everything is planned before the first token.

mod buffers;
mod forward;
mod plan;
mod threads;

use std::time::Duration;

use qwark_kernels::{AttentionShape, Interrupt, Kernels, KvCache, KvCacheError, KvDType, KvPrefix, Pool, PoolError, Position};

pub use plan::MemoryPlan;
use threads::Look;
pub use threads::Threads;

use crate::cores::keep_off_the_caller;
use crate::model::Model;
use buffers::Buffers;

/// The longest prompt chunk that goes through the layers at once, in tokens. Larger chunks gain little (the matrix products are
/// bound by arithmetic long before) and cost scratch memory and cancel latency.
pub const MAX_BATCH: usize = 128;

/// Most sequences of an engine: as many as a batch has rows, and as many again whose requests are parked.
pub const MAX_SEQUENCES: usize = 2 * MAX_BATCH;

/// Batches between two measurements of the threads: some seconds of work, of which they are a hundredth.
const PROBE_AGAIN: usize = 256;

/// Rows of the output head are computed one by one where they are at most one in this many: at one in 15 that takes as long as
/// computing them all, since rows lie eight in a tile and memory is read best from one end to the other.
const FEW_OF_THE_HEAD: usize = 24;

/// Rows of all tokens' logits that there is room for, of each row of a batch that wants them: the others are of guesses. Memory that is not
/// used is never touched.
pub const HEADS: usize = 4;

/// How an engine is laid out. Fixed for its life, since it decides every allocation.
#[derive(Clone, Copy)]
pub struct EngineOptions {
    /// The kernel table.
    pub kernels: Kernels,
    /// The most threads that compute, the caller's included; see [`Engine::probe_threads`].
    pub threads: usize,
    /// Storage of keys and values.
    pub kv: KvDType,
    /// Tokens that each sequence can hold.
    pub context: usize,
    /// Sequences held at once.
    pub sequences: usize,
    /// The most rows of one batch whose logits of all tokens are wanted; there is room for [`HEADS`] times as many, the others being of guesses.
    pub outputs: usize,
}

/// One row of a batch: a token at its place in a sequence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The token's id.
    pub token: u32,
    /// Sequence and position. All earlier positions of the sequence must be in the cache, or earlier in this batch.
    pub at: Position,
    /// Whether the next token's logits are wanted.
    pub logits: bool,
}

/// Which logits of a row are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head<'a> {
    /// Of every token.
    All,
    /// Of these, ascending.
    Among(&'a [u32]),
}

impl Head<'_> {
    /// Of how many tokens, in a vocabulary of `vocab`.
    pub fn count(&self, vocab: usize) -> usize {
        match self {
            Head::All => vocab,
            Head::Among(tokens) => tokens.len(),
        }
    }

    /// How many logits there must be room for: all, where that takes no longer than those that are wanted.
    pub fn room(&self, vocab: usize) -> usize {
        let count = self.count(vocab);
        if count * FEW_OF_THE_HEAD <= vocab { count } else { vocab }
    }
}

/// Why an engine can't be made.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The cache can't be laid out.
    #[error(transparent)]
    KvCache(#[from] KvCacheError),
    /// The threads can't be started.
    #[error(transparent)]
    Pool(#[from] PoolError),
    /// The attention kernels don't take this shape.
    #[error("attention shape: {0}")]
    Attention(#[from] qwark_kernels::AttentionShapeError),
    /// A count of [`EngineOptions`] is zero.
    #[error("an engine needs at least one {0}")]
    Zero(&'static str),
    /// More sequences than [`MAX_SEQUENCES`], or more outputs than a batch has rows.
    #[error("{asked} {what}s at once: at most {most} are supported")]
    TooMany {
        /// `sequence` or `output`.
        what: &'static str,
        /// Asked for.
        asked: usize,
        /// Supported.
        most: usize,
    },
    /// The context asked for is longer than what the positions of the model mean.
    #[error("context {asked} is longer than the {trained} tokens that the model was made for")]
    Context {
        /// Tokens asked for.
        asked: usize,
        /// `context_length` of the model.
        trained: usize,
    },
}

/// Why a batch has no result. All but an interrupt are the caller's fault, and nothing was computed then.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BatchError {
    /// More rows than [`MAX_BATCH`], or none.
    #[error("a batch has 1 to {MAX_BATCH} rows, not {0}")]
    Rows(usize),
    /// More logits than [`HEADS`] times [`EngineOptions::outputs`] rows of all tokens have.
    #[error("{asked} logits were asked for, the engine was laid out for {planned}")]
    Outputs {
        /// Logits that there must be room for.
        asked: usize,
        /// The engine's limit.
        planned: usize,
    },
    /// [`Engine::forward_among`] was not told exactly once for each row with `logits` set.
    #[error("{rows} rows want logits, and it is told of {heads} which")]
    Heads {
        /// Rows with `logits` set.
        rows: usize,
        /// Heads given.
        heads: usize,
    },
    /// A [`Head::Among`] that is not ascending, or has a token outside the vocabulary.
    #[error("the tokens whose logits are wanted are not ascending ids of the vocabulary")]
    Among,
    /// A token that the model has no embedding for.
    #[error("token {token} is outside the vocabulary of {vocab}")]
    Token {
        /// The id.
        token: u32,
        /// Size of the vocabulary.
        vocab: usize,
    },
    /// A sequence or position outside the cache.
    #[error("sequence {seq}, position {pos} is outside the cache of {sequences} x {context}")]
    Position {
        /// The row's sequence.
        seq: usize,
        /// The row's position.
        pos: usize,
        /// Sequences in the cache.
        sequences: usize,
        /// Tokens of each.
        context: usize,
    },
    /// [`Engine::interrupt`] was raised. What the cache holds at the rows' own positions is unspecified.
    #[error("interrupted")]
    Interrupted,
}

/// A model that is ready to run.
pub struct Engine<'m> {
    model: &'m Model<'m>,
    options: EngineOptions,
    shape: AttentionShape,
    pool: Pool,
    threads: Threads,
    /// Batches since threads were chosen by a measurement, if they were.
    since_probe: Option<usize>,
    cache: KvCache,
    /// Positions of the prefix that sequences may begin with.
    prefix_len: usize,
    buffers: Buffers,
    head_time: Duration,
}

impl<'m> Engine<'m> {
    /// Plans and allocates everything that running `model` takes. The engine's own threads keep off the core where the calling thread, which
    /// should be the one to run it, is now.
    ///
    /// # Errors
    /// Says which count or size can't be had.
    pub fn new(model: &'m Model<'m>, options: EngineOptions) -> Result<Engine<'m>, EngineError> {
        let c = &model.config;
        let counts =
            [("thread", options.threads), ("token", options.context), ("sequence", options.sequences), ("output", options.outputs)];
        if let Some((what, _)) = counts.into_iter().find(|(_, n)| *n == 0) {
            return Err(EngineError::Zero(what));
        }
        let limited = [("sequence", options.sequences, MAX_SEQUENCES), ("output", options.outputs, MAX_BATCH)];
        if let Some((what, asked, most)) = limited.into_iter().find(|(_, n, most)| n > most) {
            return Err(EngineError::TooMany { what, asked, most });
        }
        if options.context > c.context_length {
            return Err(EngineError::Context { asked: options.context, trained: c.context_length });
        }
        Ok(Engine {
            model,
            options,
            shape: AttentionShape::new(c.heads, c.kv_heads, c.head_dim)?,
            pool: Pool::with_setup(options.threads, keep_off_the_caller())?,
            threads: Threads { decode: options.threads, prefill: options.threads },
            since_probe: None,
            cache: KvCache::new(options.kv, c.layers, options.sequences, c.kv_heads, options.context, c.head_dim)?,
            prefix_len: 0,
            head_time: Duration::ZERO,
            buffers: Buffers::new(c, options.outputs),
        })
    }

    /// The model it runs.
    pub fn model(&self) -> &'m Model<'m> {
        self.model
    }

    /// How it was laid out.
    pub fn options(&self) -> &EngineOptions {
        &self.options
    }

    /// Time that it has spent in the output head.
    pub fn head_time(&self) -> Duration {
        self.head_time
    }

    /// Threads in use: all of them, unless a probe found fewer to be enough.
    pub fn threads(&self) -> Threads {
        self.threads
    }

    /// Measures with how many threads this model is about as fast on this machine as with all, and uses no more from now on. Takes
    /// some 15 ms, several times that on a slow board, where the model's first pages are in memory.
    pub fn probe_threads(&mut self) {
        self.probe(Look::Short);
    }

    /// How long a layer's products take with so many rows, by turns, the best of some milliseconds; `None` where an interrupt cut it short.
    pub fn probe_rows(&mut self, rows: [usize; 2]) -> Option<[Duration; 2]> {
        let times = threads::times_of(rows, self.threads, self.options.kernels, &self.pool, self.model, &mut self.buffers);
        (!self.pool.interrupt().is_raised()).then_some(times)
    }

    /// To be called when there is nothing to do. Where threads were chosen by a measurement, and many batches ago, measures again, and
    /// longer: others may have been busy then, or may be now.
    pub fn idle(&mut self) {
        if self.since_probe.is_some_and(|batches| batches >= PROBE_AGAIN) {
            self.probe(Look::Long);
        }
    }

    fn probe(&mut self, look: Look) {
        if self.options.threads > 1
            && let Some(threads) = Threads::probe(look, self.options.kernels, &self.pool, self.model, &mut self.buffers)
        {
            self.threads = threads;
        }
        self.since_probe = Some(0);
    }

    /// Sets the keys and values that sequences may begin with from now on; none does yet.
    ///
    /// # Errors
    /// Where they are of another shape than the engine's cache, or longer.
    pub fn set_prefix(&mut self, prefix: KvPrefix) -> Result<(), KvCacheError> {
        self.prefix_len = 0;
        let positions = prefix.positions();
        self.cache.set_prefix(prefix)?;
        self.prefix_len = positions;
        Ok(())
    }

    /// Whether a sequence begins with the prefix from now on, in place of what it has; nothing happens where there is none, or no such
    /// sequence.
    pub fn begin_with_prefix(&mut self, seq: usize, begins: bool) {
        if self.prefix_len > 0 && seq < self.options.sequences {
            self.cache.use_prefix(seq, begins);
        }
    }

    /// The keys, then the values, of the first `count` positions of a sequence that does not begin with a prefix, as a
    /// [`KvPrefix`] has them; nothing where the cache has not as many.
    pub fn stored(&self, seq: usize, count: usize) -> impl Iterator<Item = &[u8]> {
        let c = &self.model.config;
        let there = seq < self.options.sequences && count <= self.options.context;
        let heads = move || (0..if there { c.layers } else { 0 }).flat_map(move |layer| (0..c.kv_heads).map(move |head| (layer, head)));
        let keys = heads().map(move |(layer, head)| self.cache.stored(layer, seq, head, count).0);
        keys.chain(heads().map(move |(layer, head)| self.cache.stored(layer, seq, head, count).1))
    }

    /// What ends [`Engine::forward`] early, from any thread: raised, it stays so until it is cleared.
    pub fn interrupt(&self) -> &Interrupt {
        self.pool.interrupt()
    }

    /// Runs one batch and returns the logits, `[rows with logits set, vocab]`, in the order of the rows.
    ///
    /// Rows may belong to different sequences. The result for a row depends on its sequence alone: not on what else is in
    /// the batch, on how a prompt was split, nor on the number of threads.
    ///
    /// # Errors
    /// See [`BatchError`]; except for an interrupt, the cache is then unchanged.
    pub fn forward(&mut self, rows: &[Row]) -> Result<&mut [f32], BatchError> {
        self.forward_among(rows, &[])
    }

    /// As [`Engine::forward`], of each row with `logits` set only the logits that its head wants, with the same bits, in the order of
    /// its tokens, one row's behind the other's. Reads only those rows of the output head where they are few. No heads at all stand
    /// for [`Head::All`] of each.
    ///
    /// # Errors
    /// As [`Engine::forward`].
    pub fn forward_among(&mut self, rows: &[Row], heads: &[Head<'_>]) -> Result<&mut [f32], BatchError> {
        self.check(rows)?;
        self.check_heads(rows, heads)?;
        self.pool.use_threads(self.threads.of(rows.len()));
        self.since_probe = self.since_probe.map(|batches| batches + 1);
        forward::forward(self, rows, heads).ok_or(BatchError::Interrupted)
    }

    fn check(&self, rows: &[Row]) -> Result<(), BatchError> {
        if rows.is_empty() || rows.len() > MAX_BATCH {
            return Err(BatchError::Rows(rows.len()));
        }
        let vocab = self.model.config.vocab;
        let EngineOptions { sequences, context, .. } = self.options;
        for &Row { token, at: Position { seq, pos }, .. } in rows {
            if token as usize >= vocab {
                return Err(BatchError::Token { token, vocab });
            }
            if seq >= sequences || pos >= context {
                return Err(BatchError::Position { seq, pos, sequences, context });
            }
        }
        Ok(())
    }

    fn check_heads(&self, rows: &[Row], heads: &[Head<'_>]) -> Result<(), BatchError> {
        let wanted = rows.iter().filter(|row| row.logits).count();
        if !heads.is_empty() && heads.len() != wanted {
            return Err(BatchError::Heads { rows: wanted, heads: heads.len() });
        }
        let vocab = self.model.config.vocab;
        let asked = if heads.is_empty() { wanted * vocab } else { heads.iter().map(|head| head.room(vocab)).sum() };
        if asked > self.buffers.logits.len() {
            return Err(BatchError::Outputs { asked, planned: self.buffers.logits.len() });
        }
        let sound = |head: &Head<'_>| match head {
            Head::All => true,
            Head::Among(tokens) => tokens.is_sorted_by(|a, b| a < b) && tokens.last().is_none_or(|&token| (token as usize) < vocab),
        };
        if heads.iter().all(sound) { Ok(()) } else { Err(BatchError::Among) }
    }
}
