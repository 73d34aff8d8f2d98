//! Timing of one model on this machine: what `qwark bench` and the side-by-side bench report.

mod bandwidth;
mod memory;

use std::time::{Duration, Instant};

use qwark_kernels::{KvCacheError, KvDType, Position};
use serde::Serialize;
use thiserror::Error;

pub use bandwidth::ReadProbe;
pub use memory::Memory;

use crate::engine::{BatchError, Engine, MAX_BATCH, MemoryPlan, Row};
use crate::model::Model;

/// Results of [`run`]: medians over all runs.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Prompt tokens per second.
    pub prefill_tok_s: f64,
    /// Answer tokens per second, after a prompt.
    pub decode_tok_s: f64,
    /// Bytes of weights read for one decoded token.
    pub bytes_per_token: u64,
    /// Bytes of keys and values read for one decoded token, on average.
    pub kv_bytes_per_token: u64,
    /// Gigabytes (1e9) per second that a plain read of memory reaches with the same threads.
    pub read_gb_s: f64,
    /// Weights, keys and values read per second while decoding, as a share of `read_gb_s`.
    pub decode_share: f64,
    /// Tokens of the prompt.
    pub prompt_tokens: usize,
    /// Tokens decoded after it.
    pub decode_tokens: usize,
    /// The most threads that compute, and that read for `read_gb_s`.
    pub threads: usize,
    /// Those of them that decoded.
    pub decode_threads: usize,
    /// Those that the prompt took.
    pub prefill_threads: usize,
    /// Runs that the medians are over.
    pub runs: usize,
    /// Instruction set of the kernels.
    pub isa: String,
}

/// Why a model could not be timed.
#[derive(Debug, Error)]
pub enum BenchError {
    /// A batch failed.
    #[error(transparent)]
    Batch(#[from] BatchError),
    /// The bytes of the cache cannot be told.
    #[error(transparent)]
    KvCache(#[from] KvCacheError),
}

/// A stream of made-up tokens: timing does not depend on which they are, but a constant one would stay in the cache.
pub fn tokens(vocab: usize) -> impl Iterator<Item = u32> {
    (0u64..).map(move |i| (i.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33) as u32 % vocab as u32)
}

/// Feeds `prompt` to sequence 0 from position 0, as a request's prompt is fed, and returns the time it took.
///
/// # Errors
/// Where the prompt does not fit the engine.
pub fn prefill(engine: &mut Engine<'_>, prompt: &[u32]) -> Result<Duration, BatchError> {
    let rows: Vec<Row> =
        (0..).zip(prompt).map(|(pos, &token)| Row { token, at: Position { seq: 0, pos }, logits: pos + 1 == prompt.len() }).collect();
    let start = Instant::now();
    for batch in rows.chunks(MAX_BATCH) {
        engine.forward(batch)?;
    }
    Ok(start.elapsed())
}

/// Feeds `tokens` to sequence 0 from position `from`, one at a time, and returns the time it took.
///
/// # Errors
/// Where they do not fit the engine.
pub fn decode(engine: &mut Engine<'_>, from: usize, tokens: &[u32]) -> Result<Duration, BatchError> {
    let start = Instant::now();
    for (pos, &token) in (from..).zip(tokens) {
        engine.forward(&[Row { token, at: Position { seq: 0, pos }, logits: true }])?;
    }
    Ok(start.elapsed())
}

/// Bytes of weights, and of keys and values, that decoding one of `answer` tokens after `prompt` reads, on average.
///
/// # Errors
/// Where a cache of that type cannot be laid out.
pub fn bytes_read(model: &Model<'_>, kv: KvDType, prompt: usize, answer: usize) -> Result<(u64, u64), KvCacheError> {
    let plan = MemoryPlan::new(model, kv, 1, 1, 1)?;
    Ok((plan.bytes_per_token, plan.kv_bytes_per_token * (prompt + answer.div_ceil(2)) as u64))
}

/// Times `runs` rounds of prompt and answer, with a measurement of the read bandwidth in each, so that a machine whose speed drifts
/// drifts for both. `progress` is told after each round.
///
/// # Errors
/// Where prompt and answer do not fit the engine's context.
pub fn run(
    engine: &mut Engine<'_>,
    probe: &ReadProbe,
    prompt: usize,
    answer: usize,
    runs: usize,
    mut progress: impl FnMut(usize),
) -> Result<Report, BenchError> {
    let tokens: Vec<u32> = tokens(engine.model().config.vocab).take(prompt + answer).collect();
    let threads = engine.options().threads;
    let (bytes_per_token, kv_bytes_per_token) = bytes_read(engine.model(), engine.options().kv, prompt, answer)?;
    // Once unmeasured: pages of the file are mapped, caches and clocks warm.
    decode(engine, 0, &tokens[..1])?;
    let (mut prefills, mut decodes, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    for i in 0..runs {
        prefills.push(prompt as f64 / prefill(engine, &tokens[..prompt])?.as_secs_f64());
        decodes.push(answer as f64 / decode(engine, prompt, &tokens[prompt..])?.as_secs_f64());
        reads.push(probe.gb_per_second());
        progress(i + 1);
    }
    let (decode_tok_s, read_gb_s) = (median(&mut decodes), median(&mut reads));
    Ok(Report {
        prefill_tok_s: median(&mut prefills),
        decode_tok_s,
        bytes_per_token,
        kv_bytes_per_token,
        read_gb_s,
        decode_share: decode_tok_s * (bytes_per_token + kv_bytes_per_token) as f64 / 1e9 / read_gb_s,
        prompt_tokens: prompt,
        decode_tokens: answer,
        threads,
        decode_threads: engine.threads().decode,
        prefill_threads: engine.threads().prefill,
        runs,
        isa: engine.options().kernels.isa().to_string(),
    })
}

/// The median; the mean of the middle two of an even count. 0 of none.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    match values.len() {
        0 => 0.0,
        n if n % 2 == 1 => values[n / 2],
        n => (values[n / 2 - 1] + values[n / 2]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians() {
        assert_eq!(median(&mut []), 0.0);
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn tokens_stay_in_the_vocabulary_and_vary() {
        let tokens: Vec<u32> = tokens(100).take(1000).collect();
        assert!(tokens.iter().all(|&t| t < 100));
        assert!((0..100).all(|t| tokens.contains(&t)));
    }
}
