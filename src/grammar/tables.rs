use std::collections::HashSet;
use std::sync::Arc;

use llguidance::api::TopLevelGrammar;
use llguidance::toktrie::{InferenceCapabilities, TokEnv, TokRxInfo, TokTrie, TokenizerEnv};
use llguidance::{JsonCompileOptions, ParserFactory};

use super::{CompiledGrammar, Grammar, GrammarError};
use crate::tokenizer::Tokenizer;

/// Tokens that are legal inside most strings while there is room for ten characters more: they are taken together then, without a look
/// at each. Measured with 150,000 tokens: 17 us in place of 600 for such a step, and 8 MB.
const SLICES: [&str; 1] = [r#"[^"\\\x00-\x1F\x7F]{1,10}"#];

/// Tables over a vocabulary, which all grammars share. With 150,000 tokens they take some 110 ms to make, and 23 MB, so they are made
/// when the first grammar comes.
pub struct Grammars {
    factory: ParserFactory,
}

impl Grammars {
    /// The tables of a tokenizer.
    ///
    /// # Errors
    /// Where llguidance refuses the vocabulary.
    pub fn new(tokenizer: &Tokenizer<'_>) -> Result<Grammars, GrammarError> {
        let tokens = tokenizer.vocab_size();
        // Not part of any text, whatever their names: where one is legal, it is as itself.
        let special: HashSet<u32> =
            tokenizer.special_tokens().iter().map(|token| token.id).chain(tokenizer.eog().iter().copied()).collect();
        let word = |id: u32| {
            // A marker that no text has.
            let mut bytes = if special.contains(&id) { vec![TokTrie::SPECIAL_TOKEN_MARKER] } else { Vec::new() };
            tokenizer.append_token_bytes(id, &mut bytes);
            bytes
        };
        let words: Vec<Vec<u8>> = (0..tokens as u32).map(word).collect();
        let end = tokenizer.eog().first().copied().unwrap_or(0);
        let trie = TokTrie::from(&TokRxInfo::new(tokens as u32, end), &words).with_eos_tokens(tokenizer.eog());
        drop(words);
        let env: TokEnv = Arc::new(Vocabulary(trie));
        let slices = SLICES.map(str::to_owned);
        let mut factory = ParserFactory::new(&env, InferenceCapabilities::default(), &slices).map_err(grammar_error)?;
        factory.quiet();
        Ok(Grammars { factory })
    }

    /// A grammar, made ready for answers.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn compile(&self, grammar: &Grammar) -> Result<CompiledGrammar, GrammarError> {
        let top = match grammar {
            Grammar::Lark(lark) | Grammar::Lines(lark) => TopLevelGrammar::from_lark(lark.clone()),
            Grammar::Regex(regex) => TopLevelGrammar::from_regex(regex),
            Grammar::JsonSchema(json) => {
                let mut schema = serde_json::from_str(json).map_err(|error| GrammarError::Grammar(format!("not JSON: {error}")))?;
                let options = JsonCompileOptions { whitespace_flexible: false, ..JsonCompileOptions::default() };
                options.apply_to(&mut schema);
                TopLevelGrammar::from_json_schema(schema)
            }
        };
        let parser = self.factory.create_parser(top).map_err(grammar_error)?;
        Ok(CompiledGrammar::new(parser, matches!(grammar, Grammar::Lines(_))))
    }
}

/// The vocabulary, as llguidance asks for it. It borrows nothing, so it cannot have the tokenizer: forced bytes are cut in
/// [`Constraint`](super::Constraint).
struct Vocabulary(TokTrie);

impl TokenizerEnv for Vocabulary {
    fn tok_trie(&self) -> &TokTrie {
        &self.0
    }

    fn tokenize_bytes(&self, text: &[u8]) -> Vec<u32> {
        self.0.greedy_tokenize(text)
    }

    fn tokenize_is_canonical(&self) -> bool {
        false
    }
}

fn grammar_error(error: impl std::fmt::Display) -> GrammarError {
    // Its messages have several lines; the first says what, the rest quote the grammar.
    GrammarError::Grammar(error.to_string().lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("; "))
}
