//! Answers that are always legal: a grammar says what can come next, the tokenizer how forced text is cut, and the model only chooses
//! where there is a choice.
//!
//! [llguidance](https://docs.rs/llguidance) follows the grammar byte by byte and finds the tokens that it allows. What is added here
//! is the tokenizer's side. Where the grammar forces bytes, they become the tokens that the tokenizer makes of them, in one go, and
//! nothing is computed for them alone. Where a few tokens are allowed, those are left out after which the text could only go on in
//! tokens that the tokenizer would not make of it: a model that was trained on the tokenizer's splits knows no others.

mod compiled;
mod constraint;
mod earlier;
mod explore;
mod lead;
mod odds;
mod tables;
mod texts;
mod vocabulary;
mod words;

pub use compiled::CompiledGrammar;
pub use constraint::{Choice, Constraint};
pub(crate) use odds::{Clues, FEW, Source};
pub use tables::Grammars;
pub use texts::TextPlace;

/// A grammar, in one of the forms that llguidance takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grammar {
    /// Lark, in llguidance's dialect.
    Lark(String),
    /// A JSON schema, as JSON. Answers have no blanks between their parts.
    JsonSchema(String),
    /// A regular expression, for the whole answer.
    Regex(String),
    /// Answers in lines, where what may come next depends on nothing but the text of the line so far, and on whether it is the first or the
    /// last. What was found out for a line serves later ones then.
    Lines {
        /// Lark, in llguidance's dialect.
        lark: String,
        /// The most lines.
        most: usize,
        /// Where a line has a text. It is found faster then what goes on one.
        texts: Vec<TextPlace>,
    },
    /// A text of any characters, and perhaps, after a special token, something else. What may go on the text is found once.
    Led {
        /// Lark, in llguidance's dialect.
        lark: String,
        /// What does not stand in the text, but as the special token that ends it.
        tag: String,
        /// That token.
        end: u32,
    },
}

/// Why an answer cannot be constrained, or not any further.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GrammarError {
    /// The grammar is at fault.
    #[error("grammar: {0}")]
    Grammar(String),
    /// It cannot be followed on: too many states for one token, or nothing is legal any more.
    #[error("the answer cannot go on by its grammar: {0}")]
    Stuck(String),
    /// A token that the grammar does not allow.
    #[error("token {0} is not what the grammar allows")]
    Illegal(u32),
}
