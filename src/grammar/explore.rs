use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::constraint::{FEW, Line};
use super::{CompiledGrammar, Constraint, GrammarError};
use crate::tokenizer::Tokenizer;

/// How long it may take: a set of a dozen commands needs an eighth of it on two cores of a server.
const MOST: Duration = Duration::from_millis(200);

impl CompiledGrammar {
    /// Finds out beforehand, in at most some 200 ms, what comes next at most places of answers in lines, so that the first ones need not.
    /// Of a number, one way through it is looked at; of texts, how they begin.
    pub fn explore(&self, tokenizer: &Tokenizer<'_>) {
        if self.lines().is_none() {
            return;
        }
        let mut explorer = Explorer { tokenizer, end: Instant::now() + MOST, number: 0, seen: HashSet::new(), next: Some(Vec::new()) };
        // First all ways through the first line.
        while let Some(before) = explorer.next.take() {
            if let Err(error) = explorer.look_into_line(self, &before) {
                // An answer that comes there will say the same.
                return log::debug!("looking ahead ended: {error}");
            }
        }
    }
}

struct Explorer<'e, 'm> {
    tokenizer: &'e Tokenizer<'m>,
    end: Instant,
    /// The line that is looked into.
    number: usize,
    /// Where it was in that.
    seen: HashSet<Line>,
    /// Tokens of a way into the next line.
    next: Option<Vec<u32>>,
}

impl Explorer<'_, '_> {
    /// Looks into the line behind `before`.
    fn look_into_line(&mut self, grammar: &CompiledGrammar, before: &[u32]) -> Result<(), GrammarError> {
        let mut constraint = grammar.start();
        let mut rest = before;
        loop {
            let forced = constraint.advance(self.tokenizer)?;
            let Some((&token, behind)) = rest.get(forced.len()..).and_then(<[u32]>::split_first) else { break };
            constraint.accept(self.tokenizer, token)?;
            rest = behind;
        }
        self.number = constraint.line().number();
        self.seen.clear();
        self.look_behind(&mut constraint)
    }

    /// Looks behind each token that may come next, and goes on where it was not before.
    fn look_behind(&mut self, constraint: &mut Constraint) -> Result<(), GrammarError> {
        if constraint.legal().len() > FEW {
            return Ok(());
        }
        let mut in_number = false;
        // Of a number's first digits, the last may have most behind them.
        for token in constraint.legal().to_vec().into_iter().rev() {
            let is_digit = self.tokenizer.token_bytes(token).is_some_and(|text| text.iter().all(u8::is_ascii_digit));
            let is_passed = is_digit && std::mem::replace(&mut in_number, true) || self.tokenizer.eog().contains(&token);
            if is_passed || Instant::now() > self.end {
                continue;
            }
            let (choice, _) = constraint.try_out(self.tokenizer, token)?;
            if constraint.line().number() > self.number {
                self.next.get_or_insert_with(|| constraint.tokens().to_vec());
            } else if self.seen.insert(constraint.line().clone()) {
                self.look_behind(constraint)?;
            }
            constraint.back_to(self.tokenizer, choice)?;
        }
        Ok(())
    }
}
