use std::sync::Arc;

use llguidance::JsonCompileOptions;
use llguidance::api::TopLevelGrammar;

use super::compiled::{Lines, Shortcut};
use super::constraint::caught;
use super::lead::Lead;
use super::texts::Texts;
use super::vocabulary::Vocabulary;
use super::{CompiledGrammar, Grammar, GrammarError};
use crate::tokenizer::Tokenizer;

/// Tables over a vocabulary, which all grammars share. They are made when the first grammar comes.
pub struct Grammars(Arc<Vocabulary>);

impl Grammars {
    /// The tables of a tokenizer.
    ///
    /// # Errors
    /// Where llguidance refuses the vocabulary.
    pub fn new(tokenizer: &Tokenizer<'_>) -> Result<Grammars, GrammarError> {
        Ok(Grammars(Arc::new(Vocabulary::new(tokenizer).map_err(grammar_error)?)))
    }

    /// A grammar, made ready for answers.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(&self, grammar: &Grammar) -> Result<CompiledGrammar, GrammarError> {
        let top = grammar.top_level()?;
        let parser = caught(|| self.0.parser(top)).map_err(grammar_error)?;
        let shortcut = match grammar {
            Grammar::Lines { texts, .. } => Shortcut::Lines(Lines::new(Texts::new(texts.clone()))),
            Grammar::Led { tag, end, .. } => Shortcut::Lead(Lead::new(tag.clone(), *end)),
            Grammar::Lark(_) | Grammar::JsonSchema(_) | Grammar::Regex(_) => Shortcut::None,
        };
        Ok(CompiledGrammar::new(parser, self.0.clone(), shortcut))
    }
}

impl Grammar {
    /// As llguidance takes it.
    ///
    /// # Errors
    /// Where it is no JSON that is to be a JSON schema.
    pub fn top_level(&self) -> Result<TopLevelGrammar, GrammarError> {
        Ok(match self {
            Grammar::Lark(lark) | Grammar::Lines { lark, .. } | Grammar::Led { lark, .. } => TopLevelGrammar::from_lark(lark.clone()),
            Grammar::Regex(regex) => TopLevelGrammar::from_regex(regex),
            Grammar::JsonSchema(json) => {
                let mut schema = serde_json::from_str(json).map_err(|error| GrammarError::Grammar(format!("not JSON: {error}")))?;
                let options = JsonCompileOptions { whitespace_flexible: false, ..JsonCompileOptions::default() };
                options.apply_to(&mut schema);
                TopLevelGrammar::from_json_schema(schema)
            }
        })
    }
}

fn grammar_error(error: impl std::fmt::Display) -> GrammarError {
    // Its messages have several lines; the first says what, the rest quote the grammar.
    GrammarError::Grammar(error.to_string().lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; "))
}
