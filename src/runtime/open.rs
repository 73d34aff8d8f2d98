use qwark_kernels::{Isa, Kernels, KvDType, UnsupportedIsa};

use super::{Guessing, Runtime};
use crate::chat::{ChatError, ChatTemplate};
use crate::cores::{default_threads, stay_on_big_cores};
use crate::engine::{Engine, EngineError, EngineOptions, Threads};
use crate::gguf::{Gguf, GgufError, Mapping};
use crate::model::{Model, ModelError};
use crate::tokenizer::{Tokenizer, TokenizerError};

/// The context where none is asked for, in tokens, if the model has as much: enough for a robot's dialogue, small enough for a
/// board's memory.
pub const DEFAULT_CONTEXT: usize = 4096;

/// Choices that a user may leave open.
#[derive(Clone, Copy, Debug)]
pub struct OpenOptions {
    /// Threads that compute. By default as many as a measurement at the start finds worth it, of half of the cores, at least two where
    /// there are two, at most four: the robot needs the rest.
    pub threads: Option<usize>,
    /// Tokens of each sequence; by default [`DEFAULT_CONTEXT`] or what the model has, if less.
    pub context: Option<usize>,
    /// Requests that run at once.
    pub parallel: usize,
    /// Sequences of the cache beyond those: that many requests can be parked for others without being computed again afterwards.
    pub spare: usize,
    /// Storage of keys and values.
    pub kv: KvDType,
    /// A lower instruction set than the CPU's best.
    pub isa: Option<Isa>,
    /// When constrained answers are guessed ahead.
    pub guessing: Guessing,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions { threads: None, context: None, parallel: 1, spare: 0, kv: KvDType::F16, isa: None, guessing: Guessing::default() }
    }
}

impl OpenOptions {
    /// Sequences of the cache, which [`MemoryPlan`](crate::engine::MemoryPlan) is to count.
    pub fn sequences(&self) -> usize {
        self.parallel.saturating_add(self.spare)
    }
}

/// Why a model file can't be run.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// It is no sound GGUF file.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// It is no model that can be run.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Its vocabulary can't be used.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// Its chat template can't be used.
    #[error(transparent)]
    Template(#[from] ChatError),
    /// The engine can't be laid out.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// This CPU lacks the instruction set that was asked for.
    #[error(transparent)]
    Isa(#[from] UnsupportedIsa),
}

/// A mapped file, read: everything that a runtime borrows.
#[derive(Debug)]
pub struct Opened<'a> {
    /// Metadata and tensors.
    pub gguf: Gguf<'a>,
    /// The bound weights.
    pub model: Model<'a>,
    /// Text to tokens and back.
    pub tokenizer: Tokenizer<'a>,
    /// Conversations to prompts.
    pub template: ChatTemplate,
}

impl<'a> Opened<'a> {
    /// Reads a mapped file.
    ///
    /// # Errors
    /// Says which part of the file is at fault.
    pub fn new(mapping: &'a Mapping) -> Result<Opened<'a>, OpenError> {
        let gguf = Gguf::parse(&mapping.parts())?;
        let (model, tokenizer, template) = (Model::load(&gguf)?, Tokenizer::from_gguf(&gguf)?, ChatTemplate::from_gguf(&gguf)?);
        // Of the metadata, some megabytes, all was read, and little is read again.
        mapping.release();
        Ok(Opened { gguf, model, tokenizer, template })
    }

    /// Lays out an engine; `outputs` is the most rows of a batch whose logits are wanted. Where there are big and little cores, the
    /// calling thread, which should be the one to run it, and the engine's own stay on the big ones from now on.
    ///
    /// # Errors
    /// Says what can't be had.
    pub fn engine(&'a self, options: &OpenOptions, outputs: usize) -> Result<Engine<'a>, OpenError> {
        let kernels = options.isa.map_or_else(|| Ok(Kernels::detect()), Kernels::for_isa)?;
        let asked = options.threads;
        let options = EngineOptions {
            kernels,
            threads: asked.unwrap_or_else(default_threads),
            kv: options.kv,
            context: self.context(options),
            sequences: options.sequences(),
            outputs,
        };
        stay_on_big_cores();
        let mut engine = Engine::new(&self.model, options)?;
        if asked.is_none() {
            engine.probe_threads();
        }
        let Threads { decode, prefill } = engine.threads();
        let name = &self.model.config.name;
        log::info!("{name}: {} kernels, {decode} threads for a token, {prefill} for prompts, context {}", kernels.isa(), options.context);
        Ok(engine)
    }

    /// A runtime over a new engine.
    ///
    /// # Errors
    /// As [`Opened::engine`].
    pub fn runtime(&'a self, options: &OpenOptions) -> Result<Runtime<'a>, OpenError> {
        // A step samples at most one token of each request that runs.
        let engine = self.engine(options, options.parallel)?;
        Ok(Runtime::new(engine, &self.tokenizer, &self.template, options.guessing))
    }

    /// The context that `options` come to.
    pub fn context(&self, options: &OpenOptions) -> usize {
        options.context.unwrap_or(DEFAULT_CONTEXT.min(self.model.config.context_length))
    }
}
