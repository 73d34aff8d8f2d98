use std::sync::{Arc, Mutex, PoisonError};

use hashbrown::HashMap;
use llguidance::earley::Parser;

use super::Constraint;
use super::constraint::caught;
use super::earlier::Earlier;
use super::lead::Lead;
use super::texts::{Open, Texts};
use super::vocabulary::{Others, Vocabulary};

/// Steps that are remembered, and texts; beyond, all are forgotten. A set of a dozen commands has some hundreds that come up often, and numbers
/// make any number of rare ones.
const MOST_STEPS: usize = 8192;

/// Bytes of a lexer that is still shared. That of a dozen commands comes to a fifth of it.
const MOST_LEXER_BYTES: usize = 4 << 20;

/// A grammar that answers can be constrained to. Clones share what is found out about it.
#[derive(Clone)]
pub struct CompiledGrammar(Arc<Shared>);

struct Shared {
    parsers: Mutex<Parsers>,
    vocabulary: Arc<Vocabulary>,
    shortcut: Shortcut,
    earlier: Earlier,
}

/// At its beginning, to be cloned for each answer. Clones share what their lexer finds out about texts, which takes most of the time.
struct Parsers {
    /// As it was made.
    new: Parser,
    /// With what answers found out.
    used: Parser,
}

/// What is known of a grammar by which it is found sooner what may come next.
pub(super) enum Shortcut {
    None,
    Lines(Lines),
    Lead(Lead),
}

/// What comes next in lines.
pub(super) struct Lines {
    steps: Mutex<Known<Step>>,
    /// What ends the text that a line's beginning goes on with, or escapes in it.
    others: Mutex<Known<Arc<Others>>>,
    most: usize,
    texts: Texts,
}

/// What is known of lines that began so.
type Known<T> = HashMap<(Which, Vec<u8>), T>;

/// Lines that may go on alike.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Which {
    First,
    Between,
    Last,
}

/// What there is no choice about, and the choice after it: [`Lines::text`] has it where it is within a text.
#[derive(Clone)]
pub(super) struct Step {
    pub forced: Vec<u32>,
    pub legal: Option<Vec<u32>>,
}

impl std::fmt::Debug for CompiledGrammar {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CompiledGrammar").finish_non_exhaustive()
    }
}

impl CompiledGrammar {
    pub(super) fn new(parser: Parser, vocabulary: Arc<Vocabulary>, shortcut: Shortcut) -> CompiledGrammar {
        let parsers = Mutex::new(Parsers { used: parser.deep_clone(), new: parser });
        CompiledGrammar(Arc::new(Shared { parsers, vocabulary, shortcut, earlier: Earlier::default() }))
    }

    /// Whether both share what is found out.
    #[cfg(all(test, feature = "nano"))]
    pub(super) fn is(&self, other: &CompiledGrammar) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// An answer by it, at its beginning.
    pub fn start(&self) -> Constraint {
        let Parsers { new, used } = &mut *self.0.parsers.lock().unwrap_or_else(PoisonError::into_inner);
        // What went wrong in one answer would stay wrong in those that share its lexer.
        let is_well = caught(|| Ok(used.lexer_stats())).is_ok_and(|lexer| !lexer.error && lexer.num_bytes <= MOST_LEXER_BYTES);
        if !is_well {
            *used = new.deep_clone();
        }
        Constraint::new(used.clone(), self.clone())
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
        Lines { steps: Mutex::default(), others: Mutex::default(), most, texts }
    }

    /// The text that is open at the end of a line, where it takes more.
    pub fn text(&self, line: &[u8]) -> Option<Open> {
        self.texts.open(line).filter(|text| text.room > 0)
    }

    /// What besides its pieces may come next in a text of the line with this number, which `beginning` leads to, with room for so many
    /// characters; `find` finds it, with as much room.
    pub fn others<E>(
        &self,
        number: usize,
        beginning: &[u8],
        room: usize,
        find: impl FnOnce() -> Result<Others, E>,
    ) -> Result<Arc<Others>, E> {
        let key = (self.which(number), beginning.to_vec());
        let mut known = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(others) = known.get(&key).filter(|others| others.room >= room) {
            return Ok(others.clone());
        }
        let others = Arc::new(find()?);
        keep(&mut known, key, others.clone());
        Ok(others)
    }

    /// What was found before to come after the text so far of a line with this number.
    pub fn get(&self, number: usize, text: &[u8]) -> Option<Step> {
        let key = (self.which(number), text.to_vec());
        self.steps.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned()
    }

    /// Keeps it.
    pub fn put(&self, number: usize, text: Vec<u8>, step: Step) {
        keep(&mut self.steps.lock().unwrap_or_else(PoisonError::into_inner), (self.which(number), text), step);
    }

    fn which(&self, number: usize) -> Which {
        match number {
            0 => Which::First,
            _ if number + 1 < self.most => Which::Between,
            _ => Which::Last,
        }
    }
}

/// Adds it to what is known.
fn keep<T>(known: &mut Known<T>, key: (Which, Vec<u8>), value: T) {
    if known.len() >= MOST_STEPS {
        known.clear();
    }
    known.insert(key, value);
}
