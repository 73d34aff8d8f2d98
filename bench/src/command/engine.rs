//! What the comparison of commands asks of an engine.

use anyhow::Result;
use serde::{Deserialize, Serialize};

/// What an engine is told before the first sentence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Opening {
    /// The command set's file.
    pub set: String,
    /// The grammar of its answers, for llama.cpp.
    pub gbnf: String,
    /// Tokens that the prompts of all sentences begin with.
    pub beginning: Vec<u32>,
}

/// A sentence.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Sentence {
    /// Its words.
    pub text: String,
    /// Tokens of its prompt behind the beginning.
    pub tokens: Vec<u32>,
    /// Tokens of the answer, its end included, that are taken whichever are chosen; none for what the model chooses.
    pub answer: Vec<u32>,
}

/// The answer to a sentence, and where the time went, in seconds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Said {
    /// The commands, one a line.
    pub text: String,
    /// Until the first command was whole.
    pub first_s: f64,
    /// Until the last one was.
    pub total_s: f64,
    /// Of that, on the prompt behind its beginning, with the text that is forced at once.
    pub prompt_s: f64,
    /// Of that, on finding what is legal.
    pub grammar_s: f64,
    /// Of that, in the output head.
    pub head_s: f64,
    /// Tokens of the answer.
    pub tokens: usize,
    /// Of them, those that were chosen.
    pub chosen: usize,
    /// Of those, what had been guessed.
    pub guessed: usize,
}

/// An engine that has read what all prompts begin with.
pub trait Commander {
    /// Name, version and instruction sets, for the report.
    fn name(&self) -> String;

    /// Answers a sentence with commands.
    fn answer(&mut self, sentence: &Sentence) -> Result<Said>;
}
