//! One answer in the making: what the scheduler keeps with a request.

use std::time::{Duration, Instant};

use qwark_wire::Reason;

use super::Reply;
use crate::engine::Head;
use crate::generation::{Accepted, Generation};
use crate::grammar::{Constraint, GrammarError};
use crate::scheduler::{Finished, RequestKey};
use crate::tokenizer::Tokenizer;

/// Where the tokens of an answer came from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Those that the model chose.
    pub chosen: usize,
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
    pub constraint: Option<Constraint>,
    pub fallback: Option<String>,
    /// Text of its beginning that was known before the first step, until that is done.
    pub begun: String,
    pub text_bytes: usize,
    pub work: Work,
}

impl Answer {
    /// Which logits its next token is chosen from.
    pub fn head(&self) -> Head<'_> {
        self.constraint.as_ref().map_or(Head::All, |constraint| Head::Among(constraint.legal()))
    }

    /// Chooses the next token from the logits of [`Answer::head`] and takes it, with those after it that need no choice, to `accepted`;
    /// the last says whether the answer ends.
    pub fn next(&mut self, tokenizer: &Tokenizer<'_>, logits: &mut [f32], accepted: &mut Vec<Accepted>) {
        let Answer { generation, constraint, work, .. } = self;
        work.chosen += 1;
        let Some(constraint) = constraint else {
            work.head_rows += logits.len() as u64;
            return accepted.push(generation.next(tokenizer, logits));
        };
        let legal = constraint.legal();
        work.head_rows += legal.len() as u64;
        let chosen = generation.next_among(tokenizer, legal, &mut logits[..legal.len()]);
        let (token, done) = (chosen.token, chosen.done.is_some());
        accepted.push(chosen);
        if !done {
            let start = Instant::now();
            let forced = constraint.accept(tokenizer, token).and_then(|()| constraint.advance(tokenizer));
            work.grammar += start.elapsed();
            self.go_on(tokenizer, forced, accepted);
        }
    }

    /// Takes tokens that the grammar forces to `accepted`, of which one at least is there already, and ends the answer there if it is
    /// whole, or cannot go on.
    fn go_on(&mut self, tokenizer: &Tokenizer<'_>, forced: Result<Vec<u32>, GrammarError>, accepted: &mut Vec<Accepted>) {
        let end = match forced {
            Ok(tokens) => {
                self.work.forced += tokens.len();
                for token in tokens {
                    let taken = self.generation.forced(tokenizer, token);
                    let done = taken.done.is_some();
                    accepted.push(taken);
                    if done {
                        return;
                    }
                }
                self.constraint.as_ref().is_some_and(|c| c.is_done(tokenizer)).then_some(Reason::Stop)
            }
            Err(error) => {
                log::warn!("{error}");
                Some(Reason::Grammar)
            }
        };
        if let Some(last) = accepted.last_mut() {
            last.done = end;
        }
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

/// Releases the text that was held back, then the fallback where the deadline came before the answer, then the end itself.
pub(super) fn finish(finished: Finished<Answer>, emit: &mut dyn FnMut(Reply)) {
    let key = finished.key;
    let (mut answer, mut finished) = finished.split();
    // A stop string cut the answer where it begins: nothing behind it is part of the answer.
    if finished.reason != Reason::StopString {
        let rest = answer.generation.finish();
        say(key, &mut answer, rest, emit);
    }
    let mut answer_at = 0;
    if let Some(fallback) = answer.fallback.take_if(|_| finished.reason == Reason::Deadline) {
        finished.reason = Reason::Fallback;
        answer_at = answer.text_bytes;
        say(key, &mut answer, fallback, emit);
    }
    emit(Reply::Done { finished, text_bytes: answer.text_bytes, answer_at, work: answer.work });
}
