use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use llguidance::JsonCompileOptions;
use llguidance::api::TopLevelGrammar;
use serde_json::{Map, Value};

use super::compiled::{Lines, Shortcut};
use super::constraint::caught;
use super::lead::Lead;
use super::texts::Texts;
use super::vocabulary::Vocabulary;
use super::{CompiledGrammar, Grammar, GrammarError};
use crate::tokenizer::Tokenizer;

/// Grammars that are kept ready: clients ask under the same few again and again.
const KEPT: usize = 8;

/// Tables over a vocabulary, which all grammars share. They are made when the first grammar comes.
pub struct Grammars {
    vocabulary: Arc<Vocabulary>,
    /// The last ones that were asked for, the latest last.
    kept: Mutex<VecDeque<(Grammar, CompiledGrammar)>>,
}

impl Grammars {
    /// The tables of a tokenizer.
    ///
    /// # Errors
    /// Where llguidance refuses the vocabulary.
    pub fn new(tokenizer: &Tokenizer<'_>) -> Result<Grammars, GrammarError> {
        Ok(Grammars { vocabulary: Arc::new(Vocabulary::new(tokenizer).map_err(grammar_error)?), kept: Mutex::default() })
    }

    /// A grammar, made ready for answers, or as it is kept from before, with what was found out about it.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(&self, grammar: &Grammar) -> Result<CompiledGrammar, GrammarError> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let known = kept.iter().position(|(known, _)| known == grammar).and_then(|at| kept.remove(at));
        let (grammar, compiled) = match known {
            Some(known) => known,
            None => (grammar.clone(), self.compile_anew(grammar)?),
        };
        if kept.len() == KEPT {
            kept.pop_front();
        }
        kept.push_back((grammar, compiled.clone()));
        Ok(compiled)
    }

    fn compile_anew(&self, grammar: &Grammar) -> Result<CompiledGrammar, GrammarError> {
        let top = grammar.top_level()?;
        let parser = caught(|| self.vocabulary.parser(top)).map_err(grammar_error)?;
        let shortcut = match grammar {
            Grammar::Lines { texts, most, .. } => Shortcut::Lines(Lines::new(Texts::new(texts.clone()), *most)),
            Grammar::Led { tag, end, .. } => Shortcut::Lead(Lead::new(tag.clone(), *end)),
            Grammar::Lark(_) | Grammar::JsonSchema(_) | Grammar::Regex(_) => Shortcut::None,
        };
        Ok(CompiledGrammar::new(parser, self.vocabulary.clone(), shortcut))
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
                let fault = |what: String| GrammarError::Grammar(what);
                let mut schema = match serde_json::from_str(json).map_err(|error| fault(format!("not JSON: {error}")))? {
                    Value::Bool(true) => Value::Object(Map::new()),
                    Value::Bool(false) => return Err(fault("nothing meets the schema false".to_owned())),
                    schema @ Value::Object(_) => schema,
                    _ => return Err(fault("a JSON schema is an object, true or false".to_owned())),
                };
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

#[cfg(all(test, feature = "nano"))]
mod tests {
    use super::*;
    use crate::gguf::Gguf;

    #[test]
    fn the_grammars_that_were_asked_for_last_are_kept() {
        let mapping = crate::nano::mapping();
        let gguf = Gguf::parse(&mapping.parts()).expect("sound");
        let tokenizer = Tokenizer::from_gguf(&gguf).expect("sound");
        let grammars = Grammars::new(&tokenizer).expect("tables");
        let compile = |n: usize| grammars.compile(&Grammar::Regex(format!("[a-z]{{{n}}}"))).expect("a grammar");
        let first = compile(1);
        // Asked for again and again, it outlives the others.
        for n in 2..2 * KEPT {
            compile(n);
            assert!(compile(1).is(&first));
        }
        (2..2 + KEPT).for_each(|n| drop(compile(n)));
        assert!(!compile(1).is(&first));
        assert!(grammars.compile(&Grammar::Regex("(".to_owned())).is_err(), "what is at fault is not kept");
        assert_eq!(grammars.kept.lock().expect("nobody panicked").len(), KEPT);
    }
}
