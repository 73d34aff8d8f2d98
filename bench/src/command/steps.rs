//! How long Qwark takes to find what may come next.

use std::time::Instant;

use anyhow::Result;
use qwark::bench::median;
use qwark::commands::CommandSet;
use qwark::grammar::Grammars;
use qwark::tokenizer::Tokenizer;
use serde::Serialize;

use super::p99;

/// Its work besides the model's: milliseconds before the first answer, and microseconds from a choice to the next one.
#[derive(Clone, Debug, Serialize)]
pub struct Steps {
    /// Tables over the vocabulary, and those of the set.
    pub tables_ms: f64,
    pub explore_ms: f64,
    pub step_us: f64,
    pub step_p99_us: f64,
}

/// Takes `answers` through the set's grammar, one after the other.
pub fn measure<'a>(tokenizer: &Tokenizer<'_>, set: &CommandSet, answers: impl Iterator<Item = &'a [u32]>) -> Result<Steps> {
    let start = Instant::now();
    let grammar = Grammars::new(tokenizer)?.compile(&set.grammar())?;
    let tables = start.elapsed();
    grammar.explore(tokenizer);
    let explore = start.elapsed() - tables;
    let mut steps = Vec::new();
    for answer in answers {
        let mut start = Instant::now();
        let mut constraint = grammar.start();
        let mut rest = &answer[constraint.advance(tokenizer)?.len()..];
        loop {
            steps.push(1e6 * start.elapsed().as_secs_f64());
            let Some((&token, behind)) = rest.split_first().filter(|(token, _)| !tokenizer.eog().contains(token)) else { break };
            start = Instant::now();
            constraint.accept(tokenizer, token)?;
            rest = &behind[constraint.advance(tokenizer)?.len()..];
        }
    }
    let [tables_ms, explore_ms] = [tables, explore].map(|time| 1e3 * time.as_secs_f64());
    Ok(Steps { tables_ms, explore_ms, step_us: median(&mut steps), step_p99_us: p99(&mut steps) })
}
