//! The text side of one answer: sampled tokens become text that is safe to send, until something ends it.

mod stop;

use qwark_wire::Reason;

use crate::sampler::{Sampler, SamplingError, SamplingParams};
use crate::tokenizer::{Tokenizer, Utf8Stream};
use stop::StopMatcher;

/// What one answer is to be.
#[derive(Clone, Debug, PartialEq)]
pub struct GenerationParams {
    /// How tokens are chosen.
    pub sampling: SamplingParams,
    /// The most tokens to answer.
    pub max_tokens: usize,
    /// The answer ends before the first of these; they are not part of it.
    pub stops: Vec<String>,
    /// Whether an end-of-answer token is ignored, so that the answer always has `max_tokens`: for timing.
    pub ignore_eos: bool,
    /// Tokens that the answer begins with, whichever are chosen: for timing models whose weights are random.
    pub script: Vec<u32>,
}

impl Default for GenerationParams {
    fn default() -> GenerationParams {
        GenerationParams { sampling: SamplingParams::default(), max_tokens: 512, stops: Vec::new(), ignore_eos: false, script: Vec::new() }
    }
}

/// One answer in the making.
#[derive(Debug)]
pub struct Generation {
    sampler: Sampler,
    utf8: Utf8Stream,
    stops: StopMatcher,
    left: usize,
    ignore_eos: bool,
    script: std::vec::IntoIter<u32>,
    /// Bytes of the token at hand; kept between tokens.
    bytes: Vec<u8>,
}

/// What became of one token.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The token itself, for the next step.
    pub token: u32,
    /// Text that can be sent now: whole characters, and no beginning of a stop string.
    pub text: String,
    /// Why the answer ends here, if it does; what was held back is then [`Generation::finish`]'s.
    pub done: Option<Reason>,
}

impl Generation {
    /// An answer to `prompt`.
    ///
    /// # Errors
    /// Names the sampling parameter that is out of range.
    pub fn new(params: &GenerationParams, prompt: &[u32]) -> Result<Generation, SamplingError> {
        Ok(Generation {
            sampler: Sampler::new(params.sampling, prompt)?,
            utf8: Utf8Stream::default(),
            stops: StopMatcher::new(&params.stops),
            left: params.max_tokens,
            ignore_eos: params.ignore_eos,
            script: params.script.clone().into_iter(),
            bytes: Vec::new(),
        })
    }

    /// Samples the next token from `logits` (changed in place by the penalties) and takes it into the answer.
    pub fn next(&mut self, tokenizer: &Tokenizer<'_>, logits: &mut [f32]) -> Accepted {
        let token = self.sampler.sample(logits);
        self.take(tokenizer, token)
    }

    /// As [`Generation::next`], of `tokens`, which are ascending, and whose logits these are.
    pub fn next_among(&mut self, tokenizer: &Tokenizer<'_>, tokens: &[u32], logits: &mut [f32]) -> Accepted {
        let token = self.sampler.sample_among(tokens, logits);
        self.take(tokenizer, token)
    }

    /// Takes a token into the answer that there was no choice about.
    pub fn forced(&mut self, tokenizer: &Tokenizer<'_>, token: u32) -> Accepted {
        self.sampler.count(token);
        self.take(tokenizer, token)
    }

    fn take(&mut self, tokenizer: &Tokenizer<'_>, token: u32) -> Accepted {
        let token = self.script.next().unwrap_or(token);
        if !self.ignore_eos && tokenizer.eog().contains(&token) {
            return Accepted { token, text: String::new(), done: Some(Reason::Stop) };
        }
        self.left = self.left.saturating_sub(1);
        let mut text = String::new();
        // A control token inside an answer has no text of its own.
        self.bytes.clear();
        if !tokenizer.is_control(token) && tokenizer.append_token_bytes(token, &mut self.bytes) {
            let stopped = self.stops.push(self.utf8.push(&self.bytes), &mut text);
            if stopped {
                return Accepted { token, text, done: Some(Reason::StopString) };
            }
        }
        Accepted { token, text, done: (self.left == 0).then_some(Reason::Length) }
    }

    /// What was held back, for an answer that ends here: half characters (as U+FFFD) and beginnings of stop strings.
    pub fn finish(&mut self) -> String {
        let mut text = String::new();
        let rest = self.utf8.finish();
        if !self.stops.push(&rest, &mut text) {
            text += &self.stops.finish();
        }
        text
    }
}
