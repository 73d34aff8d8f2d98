use std::collections::HashSet;

use super::constraint::{FEW, Line};
use super::{CompiledGrammar, Constraint, GrammarError};
use crate::tokenizer::Tokenizer;

/// Choices that are looked behind at most: a set of a dozen commands has some 400.
const MOST: usize = 1500;

impl CompiledGrammar {
    /// Finds out beforehand, in some tens of milliseconds, what comes next at most places of answers in lines, so that the first ones
    /// need not. Of a number, one way through it is looked at; of texts, how they begin.
    pub fn explore(&self, tokenizer: &Tokenizer<'_>) {
        if self.lines().is_none() {
            return;
        }
        let mut constraint = self.start();
        let mut explorer = Explorer { tokenizer, seen: HashSet::new(), left: MOST };
        let explored = constraint.advance(tokenizer).and_then(|_| explorer.look_behind(&mut constraint));
        // An answer that comes there will say the same.
        explored.unwrap_or_else(|error| log::debug!("looking ahead ended: {error}"));
    }
}

struct Explorer<'e, 'm> {
    tokenizer: &'e Tokenizer<'m>,
    /// Where it was.
    seen: HashSet<Line>,
    left: usize,
}

impl Explorer<'_, '_> {
    /// Looks behind each token that may come next, and goes on where nobody was before.
    fn look_behind(&mut self, constraint: &mut Constraint) -> Result<(), GrammarError> {
        if constraint.legal().len() > FEW {
            return Ok(());
        }
        let mut in_number = false;
        // Of a number's first digits, the last may have most behind them.
        for token in constraint.legal().to_vec().into_iter().rev() {
            let is_digit = self.tokenizer.token_bytes(token).is_some_and(|text| text.iter().all(u8::is_ascii_digit));
            let is_passed = is_digit && std::mem::replace(&mut in_number, true) || self.tokenizer.eog().contains(&token);
            if is_passed || self.left == 0 {
                continue;
            }
            self.left -= 1;
            let (choice, _) = constraint.try_out(self.tokenizer, token)?;
            if self.seen.insert(constraint.line().clone()) {
                self.look_behind(constraint)?;
            }
            constraint.back_to(self.tokenizer, choice)?;
        }
        Ok(())
    }
}
