//! One answer in the making: what the scheduler keeps with a request.

use std::time::Duration;

use qwark_wire::Reason;

use super::Reply;
use super::constrained::Constrained;
use crate::engine::Head;
use crate::generation::{Accepted, Generation};
use crate::grammar::GrammarError;
use crate::scheduler::{Finished, Guess, RequestKey};
use crate::tokenizer::Tokenizer;

/// Where the tokens of an answer came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Those that the model chose.
    pub chosen: usize,
    /// Of these, those that were guessed, so that no step was needed for the next.
    pub guessed: usize,
    /// Those that a grammar left no choice about.
    pub forced: usize,
    /// Rows of the output head that the choices were made from.
    pub head_rows: u64,
    /// Time spent on finding what a grammar allows.
    pub grammar: Duration,
}

/// What the scheduler keeps with each request.
#[derive(Debug)]
pub(super) struct Answer {
    pub generation: Generation,
    pub constrained: Option<Constrained>,
    pub fallback: Option<String>,
    /// Text of its beginning that was known before the first step, until that is done.
    pub begun: String,
    pub text_bytes: usize,
    pub work: Work,
}

impl Answer {
    /// Which logits its next token is chosen from, and those after it that are guessed.
    pub fn heads(&self) -> impl Iterator<Item = Head<'_>> {
        let free = self.constrained.is_none().then_some(Head::All);
        free.into_iter().chain(self.constrained.iter().flat_map(Constrained::heads))
    }

    /// Tokens that its guesses are for, as the scheduler takes them.
    pub fn guesses(&self) -> impl Iterator<Item = Guess> {
        self.constrained.iter().flat_map(Constrained::guesses)
    }

    /// Chooses the next token from the first of `logits`, which are those of as many of [`Answer::heads`] as were computed, and takes
    /// it, with those after it that need no choice, to `accepted`; then the next from the rest of the logits, while the choice is as
    /// guessed. The last token says whether the answer ends.
    pub fn next(&mut self, tokenizer: &Tokenizer<'_>, vocab: usize, mut logits: &mut [f32], accepted: &mut Vec<Accepted>) {
        let Answer { generation, constrained: Some(constrained), work, .. } = self else {
            self.work.chosen += 1;
            self.work.head_rows += logits.len() as u64;
            return accepted.push(self.generation.next(tokenizer, logits));
        };
        loop {
            let legal = constrained.legal();
            let (mine, rest) = logits.split_at_mut(legal.len());
            work.chosen += 1;
            work.head_rows += legal.len() as u64;
            let chosen = generation.next_among(tokenizer, legal, mine);
            let (token, done) = (chosen.token, chosen.done.is_some());
            accepted.push(chosen);
            if done {
                return;
            }
            let taken = match constrained.take(tokenizer, token) {
                Ok(taken) => taken,
                Err(error) => return stuck(&error, accepted),
            };
            work.guessed += usize::from(taken.guessed);
            work.forced += taken.forced.len();
            for token in taken.forced {
                accepted.push(generation.forced(tokenizer, token));
                if accepted.last().is_some_and(|last| last.done.is_some()) {
                    return;
                }
            }
            if constrained.is_done(tokenizer) {
                return end(Reason::Stop, accepted);
            }
            if !taken.guessed || rest.is_empty() {
                return constrained.go_on(tokenizer, vocab).unwrap_or_else(|error| stuck(&error, accepted));
            }
            logits = rest;
        }
    }
}

/// Ends an answer where its grammar does not lead on.
fn stuck(error: &GrammarError, accepted: &mut [Accepted]) {
    log::warn!("{error}");
    end(Reason::Grammar, accepted);
}

fn end(reason: Reason, accepted: &mut [Accepted]) {
    if let Some(last) = accepted.last_mut() {
        last.done = Some(reason);
    }
}

/// Hands on more text of an answer.
pub(super) fn say(key: RequestKey, answer: &mut Answer, text: String, emit: &mut dyn FnMut(Reply)) {
    if !text.is_empty() {
        let offset = answer.text_bytes;
        answer.text_bytes += text.len();
        emit(Reply::Text { key, offset, text });
    }
}

/// Remembers a constrained answer, releases the text that was held back, then the fallback where the deadline came before the answer, then the end itself.
pub(super) fn finish(finished: Finished<Answer>, emit: &mut dyn FnMut(Reply)) {
    let key = finished.key;
    let (mut answer, mut finished) = finished.split();
    // A stop string cut the answer where it begins: nothing behind it is part of the answer.
    if finished.reason != Reason::StopString {
        let rest = answer.generation.finish();
        say(key, &mut answer, rest, emit);
    }
    if let Some(constrained) = &answer.constrained {
        constrained.remember();
        answer.work.grammar = constrained.time;
    }
    let mut answer_at = 0;
    if let Some(fallback) = answer.fallback.take_if(|_| finished.reason == Reason::Deadline) {
        finished.reason = Reason::Fallback;
        answer_at = answer.text_bytes;
        say(key, &mut answer, fallback, emit);
    }
    emit(Reply::Done { finished, text_bytes: answer.text_bytes, answer_at, work: answer.work });
}
