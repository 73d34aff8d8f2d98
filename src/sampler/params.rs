use serde::{Deserialize, Serialize};

/// How tokens are chosen.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct SamplingParams {
    /// Divides the logits; 0 always takes the likeliest token.
    pub temperature: f32,
    /// Keep the `top_k` likeliest tokens; 0 keeps all.
    pub top_k: u32,
    /// Keep the fewest likeliest tokens that together reach this probability; 1 keeps all.
    pub top_p: f32,
    /// Drop tokens less likely than `min_p` times the likeliest; 0 keeps all.
    pub min_p: f32,
    /// Divides positive and multiplies negative logits of every token of prompt and answer; 1 does nothing.
    pub repetition_penalty: f32,
    /// Subtracted once from the logit of every token that the answer has.
    pub presence_penalty: f32,
    /// Subtracted from the logit of a token for each time that the answer has it.
    pub frequency_penalty: f32,
    /// Start of the random sequence.
    pub seed: u64,
}

impl Default for SamplingParams {
    /// What Qwen recommends for answers without thinking.
    fn default() -> SamplingParams {
        SamplingParams { temperature: 0.7, top_k: 20, top_p: 0.8, ..SamplingParams::greedy() }
    }
}

/// A sampling parameter outside its range.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{name} = {value} is not {range}")]
pub struct SamplingError {
    /// The parameter.
    pub name: &'static str,
    /// Its value.
    pub value: f32,
    /// What it may be.
    pub range: &'static str,
}

/// A parameter's name, its value, what it may be in words, and the check.
type Rule = (&'static str, f32, &'static str, fn(f32) -> bool);

impl SamplingParams {
    /// Always the likeliest token.
    pub const fn greedy() -> SamplingParams {
        SamplingParams {
            temperature: 0.0,
            top_k: 0,
            top_p: 1.0,
            min_p: 0.0,
            repetition_penalty: 1.0,
            presence_penalty: 0.0,
            frequency_penalty: 0.0,
            seed: 0,
        }
    }

    /// Checks every range.
    ///
    /// # Errors
    /// The first parameter that is out of range.
    pub fn check(&self) -> Result<(), SamplingError> {
        let rules: [Rule; 6] = [
            ("temperature", self.temperature, "0 or a positive number", |x| x >= 0.0),
            ("top_p", self.top_p, "above 0 and at most 1", |x| x > 0.0 && x <= 1.0),
            ("min_p", self.min_p, "from 0 to 1", |x| (0.0..=1.0).contains(&x)),
            ("repetition_penalty", self.repetition_penalty, "a positive number", |x| x > 0.0),
            ("presence_penalty", self.presence_penalty, "a finite number", |_| true),
            ("frequency_penalty", self.frequency_penalty, "a finite number", |_| true),
        ];
        match rules.into_iter().find(|(_, value, _, ok)| !value.is_finite() || !ok(*value)) {
            Some((name, value, range, _)) => Err(SamplingError { name, value, range }),
            None => Ok(()),
        }
    }
}
