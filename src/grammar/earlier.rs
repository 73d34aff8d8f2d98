use std::sync::{Mutex, PoisonError};

use super::odds::{Clues, Odds};

/// Tokens that are kept: some dozens of answers.
const MOST: usize = 4096;

/// What earlier answers by one grammar were like, for later ones to be guessed from.
#[derive(Default)]
pub(crate) struct Earlier {
    answers: Mutex<Vec<u32>>,
    odds: Mutex<Odds>,
}

impl Earlier {
    /// Adds an answer; the oldest half of all are forgotten where they become too many.
    pub(super) fn add(&self, answer: &[u32]) {
        let mut tokens = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() + answer.len() > MOST {
            let half = tokens.len() / 2;
            tokens.drain(..half);
        }
        tokens.extend(&answer[..answer.len().min(MOST / 2)]);
    }

    /// Adds what was chosen out of the legal tokens.
    pub fn add_choice(&self, legal: &[u32], clues: &Clues, token: u32) {
        self.odds.lock().unwrap_or_else(PoisonError::into_inner).learn(legal, clues, token);
    }

    /// The likeliest of the legal tokens, with its probability; nothing where nothing is known.
    pub fn likeliest(&self, legal: &[u32], clues: &Clues) -> Option<(u32, f64)> {
        self.odds.lock().unwrap_or_else(PoisonError::into_inner).likeliest(legal, clues)
    }

    /// The answers' tokens, one answer behind the other, the last one last.
    pub fn answers<T>(&self, look: impl FnOnce(&[u32]) -> T) -> T {
        look(&self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
