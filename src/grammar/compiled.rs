use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use llguidance::earley::Parser;

use super::Constraint;
use super::earlier::Earlier;
use super::lead::Lead;
use super::texts::Texts;
use super::vocabulary::Vocabulary;

/// Steps that are remembered; beyond, all are forgotten. A set of a dozen commands has some hundreds that come up often, and numbers
/// make any number of rare ones.
const MOST_STEPS: usize = 8192;

/// A grammar that answers can be constrained to. Clones share what is found out about it.
#[derive(Clone)]
pub struct CompiledGrammar(Arc<Shared>);

struct Shared {
    /// Cloned for each answer.
    parser: Mutex<Parser>,
    vocabulary: Arc<Vocabulary>,
    shortcut: Shortcut,
    earlier: Earlier,
}

/// What is known of a grammar by which it is found sooner what may come next.
pub(super) enum Shortcut {
    None,
    Lines(Lines),
    Lead(Lead),
}

/// What comes next in lines.
pub(super) struct Lines {
    steps: Mutex<HashMap<(Which, Vec<u8>), Step>>,
    most: usize,
    pub texts: Texts,
}

/// Lines that may go on alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Which {
    First,
    Between,
    Last,
}

/// What there is no choice about, and the choice after it.
#[derive(Clone)]
pub(super) struct Step {
    pub forced: Vec<u32>,
    pub legal: Vec<u32>,
}

impl std::fmt::Debug for CompiledGrammar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompiledGrammar").finish_non_exhaustive()
    }
}

impl CompiledGrammar {
    pub(super) fn new(parser: Parser, vocabulary: Arc<Vocabulary>, shortcut: Shortcut) -> CompiledGrammar {
        CompiledGrammar(Arc::new(Shared { parser: Mutex::new(parser), vocabulary, shortcut, earlier: Earlier::default() }))
    }

    /// Whether both share what is found out.
    #[cfg(all(test, feature = "nano"))]
    pub(super) fn is(&self, other: &CompiledGrammar) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// An answer by it, at its beginning.
    pub fn start(&self) -> Constraint {
        let parser = self.0.parser.lock().unwrap_or_else(PoisonError::into_inner).deep_clone();
        Constraint::new(parser, self.clone())
    }

    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.0.vocabulary
    }

    pub(super) fn earlier(&self) -> &Earlier {
        &self.0.earlier
    }

    pub(super) fn lines(&self) -> Option<&Lines> {
        if let Shortcut::Lines(lines) = &self.0.shortcut { Some(lines) } else { None }
    }

    pub(super) fn lead(&self) -> Option<&Lead> {
        if let Shortcut::Lead(lead) = &self.0.shortcut { Some(lead) } else { None }
    }
}

impl Lines {
    /// At most `most` lines, in which texts are in these places.
    pub fn new(texts: Texts, most: usize) -> Lines {
        Lines { steps: Mutex::new(HashMap::new()), most, texts }
    }

    /// What was found before to come after the text so far of a line with this number.
    pub fn get(&self, number: usize, text: &[u8]) -> Option<Step> {
        let key = (self.which(number), text.to_vec());
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    /// Keeps it.
    pub fn put(&self, number: usize, text: Vec<u8>, step: Step) {
        let mut steps = self.steps.lock().unwrap_or_else(PoisonError::into_inner);
        if steps.len() >= MOST_STEPS {
            steps.clear();
        }
        steps.insert((self.which(number), text), step);
    }

    fn which(&self, number: usize) -> Which {
        match number {
            0 => Which::First,
            _ if number + 1 < self.most => Which::Between,
            _ => Which::Last,
        }
    }
}
