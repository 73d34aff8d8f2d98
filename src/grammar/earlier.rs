use std::sync::{Mutex, PoisonError};

use hashbrown::HashMap;

/// Tokens that are kept: some dozens of answers.
const MOST: usize = 4096;

/// Choices that are kept; beyond, all are forgotten.
const MOST_CHOICES: usize = 1024;

/// Up to so many legal tokens, what was chosen of them is kept. Of more, the same hardly come again.
pub(crate) const FEW: usize = 64;

/// What earlier answers by one grammar were like, for later ones to be guessed from.
#[derive(Default)]
pub(crate) struct Earlier {
    answers: Mutex<Vec<u32>>,
    choices: Mutex<HashMap<Vec<u32>, u32>>,
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
    pub(super) fn add_choice(&self, legal: &[u32], token: u32) {
        if legal.len() > FEW {
            return;
        }
        let mut choices = self.choices.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(last) = choices.get_mut(legal) {
            *last = token;
            return;
        }
        if choices.len() >= MOST_CHOICES {
            choices.clear();
        }
        choices.insert(legal.to_vec(), token);
    }

    /// The answers' tokens, one answer behind the other, the last one last.
    pub fn answers<T>(&self, look: impl FnOnce(&[u32]) -> T) -> T {
        look(&self.answers.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What was chosen out of these tokens the last time.
    pub fn chosen(&self, legal: &[u32]) -> Option<u32> {
        self.choices.lock().unwrap_or_else(PoisonError::into_inner).get(legal).copied()
    }
}
