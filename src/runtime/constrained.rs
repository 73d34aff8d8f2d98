//! An answer on its way through a grammar, with what it is guessed to go on with.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::guesses::{Guesses, Place};
use crate::engine::{HEADS, Head};
use crate::grammar::{Choice, Clues, CompiledGrammar, Constraint, GrammarError};
use crate::scheduler::{GUESSED_ROWS, Guess};
use crate::tokenizer::Tokenizer;

/// A constraint that may be ahead of the answer: behind the tokens that it is guessed to go on with.
#[derive(Debug)]
pub(super) struct Constrained {
    constraint: Constraint,
    guesses: Guesses,
    tries: VecDeque<Try>,
    /// What is known about the choice behind the guesses.
    clues: Option<Clues>,
    /// A right guess spares a step the time of so many rows.
    spared: f64,
    /// Time spent on finding what is legal.
    pub time: Duration,
}

/// A guess.
#[derive(Debug)]
struct Try {
    choice: Choice,
    token: u32,
    /// What was known about the choice.
    clues: Clues,
    /// What follows from it without a choice.
    forced: Vec<u32>,
    /// Where the guesses were in the sentence before.
    place: Place,
}

/// What became of a chosen token.
pub(super) struct Taken {
    /// What follows without a choice.
    pub forced: Vec<u32>,
    /// Whether it was guessed, so that what comes next is computed already.
    pub guessed: bool,
}

impl Constrained {
    /// The beginning of an answer to `sentence`, and its tokens that need no choice. Guesses are made where they pay, a right one sparing
    /// the time of so many rows as `spared` states.
    ///
    /// # Errors
    /// Where the grammar allows no answer.
    pub fn start(
        grammar: &CompiledGrammar,
        sentence: &str,
        tokenizer: &Tokenizer<'_>,
        vocab: usize,
        spared: f64,
    ) -> Result<(Constrained, Vec<u32>), GrammarError> {
        let start = Instant::now();
        let mut constraint = grammar.start();
        let begun = constraint.advance(tokenizer)?;
        let mut constrained =
            Constrained { constraint, guesses: Guesses::new(sentence), tries: VecDeque::new(), clues: None, spared, time: Duration::ZERO };
        constrained.guess(tokenizer, vocab)?;
        constrained.time = start.elapsed();
        Ok((constrained, begun))
    }

    /// The tokens that may come next, ascending.
    pub fn legal(&self) -> &[u32] {
        self.tries.front().map_or(self.constraint.legal(), |guess| guess.choice.legal())
    }

    /// Which logits are wanted for the next choice, and for those after it, should it be as guessed.
    pub fn heads(&self) -> impl Iterator<Item = Head<'_>> {
        let legal = self.tries.iter().map(|guess| guess.choice.legal()).chain([self.constraint.legal()]);
        legal.map(Head::Among)
    }

    /// The tokens that are guessed to come next.
    pub fn guesses(&self) -> impl Iterator<Item = Guess> {
        self.tries.iter().flat_map(|guess| {
            let last = guess.forced.len();
            let tokens = [guess.token].into_iter().chain(guess.forced.iter().copied());
            tokens.enumerate().map(move |(i, token)| Guess { token, logits: i == last })
        })
    }

    /// Takes the token that was chosen out of [`Constrained::legal`], other than one that ends the answer.
    ///
    /// # Errors
    /// Where the answer cannot go on.
    pub fn take(&mut self, tokenizer: &Tokenizer<'_>, token: u32) -> Result<Taken, GrammarError> {
        let start = Instant::now();
        if let Some(clues) = self.tries.front().map(|guess| &guess.clues).or(self.clues.as_ref()) {
            self.constraint.earlier().add_choice(self.legal(), clues, token);
        }
        if let Some(right) = self.tries.pop_front_if(|guess| guess.token == token) {
            return Ok(Taken { forced: right.forced, guessed: true });
        }
        self.forget_guesses(tokenizer)?;
        self.guesses.see(tokenizer, self.constraint.tokens(), token);
        self.constraint.accept(tokenizer, token)?;
        let forced = self.constraint.advance(tokenizer)?;
        self.time += start.elapsed();
        Ok(Taken { forced, guessed: false })
    }

    /// Whether the answer is whole and nothing but its end can come next.
    pub fn is_done(&self, tokenizer: &Tokenizer<'_>) -> bool {
        // There are guesses only where there is a choice.
        self.tries.is_empty() && self.constraint.is_done(tokenizer)
    }

    /// Guesses what comes after the last choice, in place of what was guessed before.
    ///
    /// # Errors
    /// Where the answer cannot go on.
    pub fn go_on(&mut self, tokenizer: &Tokenizer<'_>, vocab: usize) -> Result<(), GrammarError> {
        let start = Instant::now();
        self.forget_guesses(tokenizer)?;
        self.guess(tokenizer, vocab)?;
        self.time += start.elapsed();
        Ok(())
    }

    /// The answer has ended: later ones may be like it.
    pub fn remember(&self) {
        self.constraint.remember(self.tries.front().map(|guess| &guess.choice));
    }

    fn forget_guesses(&mut self, tokenizer: &Tokenizer<'_>) -> Result<(), GrammarError> {
        let Some(Try { choice, place, .. }) = self.tries.drain(..).next() else { return Ok(()) };
        self.guesses.back_to(place);
        self.constraint.back_to(tokenizer, choice)
    }

    /// Makes guesses as long as they pay. There is room for as many logits as [`HEADS`] whole heads of `vocab` have.
    fn guess(&mut self, tokenizer: &Tokenizer<'_>, vocab: usize) -> Result<(), GrammarError> {
        let mut room = Room { rows: GUESSED_ROWS - 1, logits: (HEADS * vocab).saturating_sub(self.wanted(vocab)) };
        // That all guesses so far are right.
        let mut odds = 1.0;
        self.clues = None;
        while self.spared > 0.0 {
            self.clues = self.guesses.clues(tokenizer, &self.constraint);
            let guess = self.clues.as_ref().and_then(|clues| self.constraint.earlier().likeliest(self.constraint.legal(), clues));
            let Some((token, likely)) = guess else { break };
            // Where the end is guessed there is nothing to compute, but there is what comes if the guess is wrong.
            let other = match *self.constraint.legal() {
                [a, b] => Some(if a == token { b } else { a }),
                _ => None,
            };
            if self.add(tokenizer, vocab, token, odds * likely, &mut room)? {
                odds *= likely;
            } else if let Some(other) = other
                && self.add(tokenizer, vocab, other, odds * (1.0 - likely), &mut room)?
            {
                odds *= 1.0 - likely;
            } else {
                break;
            }
        }
        Ok(())
    }

    /// Adds a guess that is as likely as `odds`, with what is forced behind it. Whether it pays, there was room, and it leads to a choice.
    fn add(&mut self, tokenizer: &Tokenizer<'_>, vocab: usize, token: u32, odds: f64, room: &mut Room) -> Result<bool, GrammarError> {
        if room.rows == 0 || tokenizer.eog().contains(&token) {
            return Ok(false);
        }
        let place = self.guesses.place();
        self.guesses.see(tokenizer, self.constraint.tokens(), token);
        let Ok((choice, forced)) = self.constraint.try_out(tokenizer, token) else {
            // What cannot go on is not guessed.
            self.guesses.back_to(place);
            return Ok(false);
        };
        let (rows, logits) = (1 + forced.len(), self.wanted(vocab));
        let pays = odds * self.spared > (1.0 - odds) * rows as f64;
        if !pays || rows > room.rows || logits > room.logits || self.constraint.is_done(tokenizer) {
            self.guesses.back_to(place);
            return self.constraint.back_to(tokenizer, choice).map(|()| false);
        }
        *room = Room { rows: room.rows - rows, logits: room.logits - logits };
        let clues = self.clues.take().unwrap_or_default();
        self.tries.push_back(Try { choice, token, clues, forced, place });
        Ok(true)
    }

    /// Logits that the last choice takes room for.
    fn wanted(&self, vocab: usize) -> usize {
        Head::Among(self.constraint.legal()).room(vocab)
    }
}

/// What guesses may take.
struct Room {
    rows: usize,
    logits: usize,
}
