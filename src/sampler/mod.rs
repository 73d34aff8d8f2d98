//! From logits to a token: penalties, temperature, top-k, top-p, min-p, and a seeded draw.
//!
//! The order is that of Hugging Face transformers: repetition penalty over prompt and answer, presence and frequency
//! penalties over the answer alone (as the OpenAI interface defines them), temperature, top-k, top-p, min-p.

mod candidates;
mod params;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use candidates::Candidates;
pub use params::{SamplingError, SamplingParams};

/// The sampler of one request: same logits and same seed, same tokens, on every machine.
#[derive(Debug)]
pub struct Sampler {
    params: SamplingParams,
    rng: ChaCha8Rng,
    /// Distinct tokens of prompt and answer, with how often the answer has them.
    seen: hashbrown::HashMap<u32, u32>,
    candidates: Candidates,
}

impl Sampler {
    /// A sampler for an answer to `prompt`.
    ///
    /// # Errors
    /// Names the parameter that is out of range.
    pub fn new(params: SamplingParams, prompt: &[u32]) -> Result<Sampler, SamplingError> {
        params.check()?;
        Ok(Sampler {
            rng: ChaCha8Rng::seed_from_u64(params.seed),
            seen: prompt.iter().map(|&token| (token, 0)).collect(),
            params,
            candidates: Candidates::default(),
        })
    }

    /// Chooses the next token from `logits`, `[vocab]`, and counts it. Penalties are applied to `logits` in place.
    pub fn sample(&mut self, logits: &mut [f32]) -> u32 {
        self.penalise(logits, |token| Some(token as usize));
        let token = self.choose(logits) as u32;
        self.count(token);
        token
    }

    /// Chooses one of `tokens`, which are ascending, from their `logits`, and counts it: the one that [`Sampler::sample`] chooses where
    /// all other logits are minus infinity.
    pub fn sample_among(&mut self, tokens: &[u32], logits: &mut [f32]) -> u32 {
        self.penalise(logits, |token| tokens.binary_search(&token).ok());
        let token = tokens[self.choose(logits)];
        self.count(token);
        token
    }

    /// Counts a token that the answer has without being sampled.
    pub fn count(&mut self, token: u32) {
        *self.seen.entry(token).or_insert(0) += 1;
    }

    /// The place of the logit that is chosen.
    fn choose(&mut self, logits: &[f32]) -> usize {
        if self.params.temperature == 0.0 { argmax(logits) } else { self.draw(logits) }
    }

    /// `place` says where a token's logit is, if it is there.
    fn penalise(&self, logits: &mut [f32], place: impl Fn(u32) -> Option<usize>) {
        let SamplingParams { repetition_penalty, presence_penalty, frequency_penalty, .. } = self.params;
        if repetition_penalty == 1.0 && presence_penalty == 0.0 && frequency_penalty == 0.0 {
            return;
        }
        for (&token, &count) in &self.seen {
            let Some(logit) = place(token).and_then(|i| logits.get_mut(i)) else { continue };
            *logit = if *logit > 0.0 { *logit / repetition_penalty } else { *logit * repetition_penalty };
            if count > 0 {
                *logit -= presence_penalty + frequency_penalty * count as f32;
            }
        }
    }

    fn draw(&mut self, logits: &[f32]) -> usize {
        let kept = self.candidates.keep(logits, &self.params);
        // In f64: summed in f32, 150,000 small weights drift by more than a rare token's share.
        let total: f64 = kept.iter().map(|c| f64::from(c.weight)).sum();
        // 53 random bits, the precision of an f64: uniform in [0, 1).
        let uniform = (self.rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64;
        let mut left = uniform * total;
        for candidate in kept {
            left -= f64::from(candidate.weight);
            if left < 0.0 {
                return candidate.place as usize;
            }
        }
        // Rounding can leave a crumb after the last candidate; no candidate at all means that every logit was NaN.
        kept.last().map_or_else(|| argmax(logits), |c| c.place as usize)
    }
}

/// The place of the largest logit, the first among equals; NaN counts as the smallest.
pub fn argmax(logits: &[f32]) -> usize {
    let mut best = (0, f32::NEG_INFINITY);
    for (place, &logit) in logits.iter().enumerate() {
        if logit > best.1 {
            best = (place, logit);
        }
    }
    best.0
}

#[cfg(test)]
mod tests;
