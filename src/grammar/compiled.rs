use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use llguidance::TokenParser;

use super::{Constraint, GrammarError};

/// Steps that are remembered; beyond, all are forgotten. A set of a dozen commands has some hundreds that come up often, and numbers
/// make any number of rare ones.
const MOST_STEPS: usize = 8192;

/// A grammar that answers can be constrained to. Clones share what is found out about it.
#[derive(Clone)]
pub struct CompiledGrammar(Arc<Shared>);

struct Shared {
    /// Cloned for each answer.
    parser: Mutex<TokenParser>,
    /// Of a grammar of lines.
    steps: Option<Steps>,
}

/// What comes next after some text of a line.
pub(super) struct Steps(Mutex<HashMap<Vec<u8>, Step>>);

/// What there is no choice about, and the choice after it.
#[derive(Clone)]
pub(super) struct Step {
    pub forced: Vec<u32>,
    pub legal: Vec<u32>,
}

impl std::fmt::Debug for CompiledGrammar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompiledGrammar").field("lines", &self.0.steps.is_some()).finish_non_exhaustive()
    }
}

impl CompiledGrammar {
    pub(super) fn new(parser: TokenParser, lines: bool) -> CompiledGrammar {
        let steps = lines.then(|| Steps(Mutex::new(HashMap::new())));
        CompiledGrammar(Arc::new(Shared { parser: Mutex::new(parser), steps }))
    }

    /// An answer by it, at its beginning.
    ///
    /// # Errors
    /// [`GrammarError::Stuck`] where there is none.
    pub fn start(&self) -> Result<Constraint, GrammarError> {
        let parser = self.0.parser.lock().unwrap_or_else(PoisonError::into_inner).deep_clone();
        Constraint::new(parser, self.clone())
    }

    pub(super) fn steps(&self) -> Option<&Steps> {
        self.0.steps.as_ref()
    }
}

impl Steps {
    pub fn get(&self, line: &[u8]) -> Option<Step> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(line).cloned()
    }

    pub fn put(&self, line: Vec<u8>, step: Step) {
        let mut steps = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() >= MOST_STEPS {
            steps.clear();
        }
        steps.insert(line, step);
    }
}
