//! What the benchmark asks of an engine.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

/// How an engine is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// The GGUF file.
    pub model: PathBuf,
    /// Threads, for prompts and for single tokens.
    pub threads: usize,
    /// Longest context in tokens.
    pub context: usize,
    /// The most tokens of one batch whose logits are wanted.
    pub outputs: usize,
    /// Keeps llama.cpp from its fused attention, which is its default and loses a little precision.
    #[cfg_attr(not(feature = "llama"), expect(dead_code, reason = "only the peer reads it"))]
    pub plain_attention: bool,
}

impl Setup {
    /// A setup with the attention that each engine takes by default.
    pub fn new(model: PathBuf, threads: usize, context: usize, outputs: usize) -> Self {
        Self { model, threads, context, outputs, plain_attention: false }
    }
}

/// A loaded model that evaluates tokens in one sequence.
pub trait Engine {
    /// Name, version and instruction sets, for the report.
    fn name(&self) -> String;

    /// Number of logits per token.
    fn vocab(&self) -> usize;

    /// Evaluates `prompt` at once into an empty context, then `answer` token by token.
    fn round(&mut self, prompt: &[u32], answer: &[u32]) -> Result<Round>;

    /// Evaluates `tokens` at once into an empty context and returns the logits of every position: `[tokens, vocab]`.
    fn logits(&mut self, tokens: &[u32]) -> Result<Vec<f32>>;
}

/// Times of one round.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The prompt, with the logits of its last token.
    pub prefill: Duration,
    /// All tokens after it, with the logits of each.
    pub decode: Duration,
}
