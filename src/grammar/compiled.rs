use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hashbrown::HashMap;
use llguidance::earley::Parser;

use super::Constraint;
use super::constraint::caught;
use super::earlier::Earlier;
use super::lead::Lead;
use super::texts::{Open, Texts};
use super::vocabulary::{Others, Vocabulary};

/// Steps that are remembered; beyond, all are forgotten. A set of a dozen commands has some hundreds that come up often, and numbers
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

/// At its beginning, to be cloned for each answer. Clones share what their lexer finds out about texts, which takes most of the time; where
/// it fails, it fails for those that are under way.
struct Parsers {
    /// As it was made.
    new: Parser,
    /// With what answers found out.
    used: Option<Parser>,
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
    /// What ends a text, by its number, or escapes in it.
    others: Mutex<HashMap<(Which, usize), Arc<Others>>>,
    most: usize,
    texts: Texts,
}

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
        let parsers = Mutex::new(Parsers { new: parser, used: None });
        CompiledGrammar(Arc::new(Shared { parsers, vocabulary, shortcut, earlier: Earlier::default() }))
    }

    /// Whether both share what is found out.
    #[cfg(all(test, feature = "nano"))]
    pub(super) fn is(&self, other: &CompiledGrammar) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// An answer by it, at its beginning.
    pub fn start(&self) -> Constraint {
        let Parsers { new, used } = &mut *self.parsers();
        let mut parser = used.get_or_insert_with(|| new.deep_clone()).clone();
        // What its lexer may spend is for this answer alone.
        if caught(|| self.0.vocabulary.refuel(&mut parser)).is_err() {
            parser = used.insert(new.deep_clone()).clone();
        }
        Constraint::new(parser, self.clone())
    }

    /// An answer has ended: forgets what was found out where it is too much, or went wrong, which it would in all answers from now on.
    pub(super) fn tidy(&self) {
        let used = &mut self.parsers().used;
        let is_well =
            |parser: &Parser| caught(|| Ok(parser.lexer_stats())).is_ok_and(|lexer| !lexer.error && lexer.num_bytes <= MOST_LEXER_BYTES);
        used.take_if(|parser| !is_well(parser));
    }

    fn parsers(&self) -> MutexGuard<'_, Parsers> {
        self.0.parsers.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// What besides its pieces may come next in a text of the line with this number; `find` finds it, with as much room.
    pub fn others<E>(&self, number: usize, text: Open, find: impl FnOnce() -> Result<Others, E>) -> Result<Arc<Others>, E> {
        let key = (self.which(number), text.place);
        let mut known = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(others) = known.get(&key).filter(|others| others.room >= text.room) {
            return Ok(others.clone());
        }
        let others = Arc::new(find()?);
        known.insert(key, others.clone());
        Ok(others)
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

#[cfg(all(test, feature = "nano"))]
mod tests {
    use super::*;
    use crate::gguf::Gguf;
    use crate::grammar::{Grammar, Grammars};
    use crate::tokenizer::Tokenizer;

    #[test]
    fn a_lexer_that_grows_too_large_or_fails_is_forgotten() {
        let mapping = crate::nano::mapping();
        let gguf = Gguf::parse(&mapping.parts()).expect("sound");
        let tokenizer = Tokenizer::from_gguf(&gguf).expect("sound");
        // What was said before an "a" is forgotten after so many characters: each of their orders is a state of its own.
        let regex = Grammar::Regex("[ab]*a[ab]{24}c".to_owned());
        let grammar = Grammars::new(&tokenizer).expect("tables").compile(&regex).expect("sound");
        let legal_at_first = |grammar: &CompiledGrammar| {
            let mut constraint = grammar.start();
            constraint.advance(&tokenizer).expect("it goes on");
            constraint.legal().to_vec()
        };
        let legal = legal_at_first(&grammar);
        let mut bits = 0x9e37_79b9_7f4a_7c15_u64;
        let mut answers = 0;
        while grammar.parsers().used.is_some() {
            answers += 1;
            assert!(answers < 1000, "it is kept however large it is");
            let mut constraint = grammar.start();
            for _ in 0..100 {
                if constraint.advance(&tokenizer).is_err() {
                    break;
                }
                bits ^= bits << 13;
                bits ^= bits >> 7;
                bits ^= bits << 17;
                let token = constraint.legal()[bits as usize % constraint.legal().len()];
                if tokenizer.eog().contains(&token) || constraint.accept(&tokenizer, token).is_err() {
                    break;
                }
            }
        }
        assert!(answers > 1, "a lexer serves several answers");
        assert_eq!(legal_at_first(&grammar), legal);
        assert!(grammar.parsers().used.is_some());
    }
}
