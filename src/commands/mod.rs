//! Command sets: what a robot can do, as a file says it, and everything that follows from that.
//!
//! ```text
//! rover.toml -> CommandSet -> prompt, grammar, schema, code for the controller
//! a model's line -> Command -> bytes for the controller
//! ```
//!
//! [`CommandSet::parse`] checks a file once; after that a set can be trusted. A [`Command`] comes from a line of text
//! ([`CommandSet::parse_command`]) or from bytes ([`CommandSet::decode`]), both of which check everything again, and goes to either.
//! `docs/COMMANDS.md` describes the file, the text and the bytes.

mod answer;
mod binary;
mod codegen;
mod decimal;
mod error;
mod gbnf;
mod id;
mod json;
mod lark;
mod load;
mod names;
mod params;
mod prompt;
mod regex;
mod schema;
mod table;
mod terminal;
mod value;

use std::collections::HashSet;

pub use answer::{AnswerReader, NotACommand};
pub use codegen::Lang;
pub use decimal::{Decimal, DecimalFault, MAX_DECIMALS, MAX_DIGITS};
pub use error::{Fault, SetError, SetFault, Violation};
pub use names::MAX_NAME;
pub use value::{Command, Value};

/// Most commands in an answer.
pub const MAX_COMMANDS: usize = 4;
/// Most commands in a set.
pub const MAX_SPECS: usize = 255;
/// Most parameters of a command.
pub const MAX_PARAMS: usize = 16;
/// Most values of an enum.
pub const MAX_VALUES: usize = 65_535;
/// Most characters of an enum's value.
pub const MAX_VALUE_CHARS: usize = 64;
/// Most characters of a unit.
pub const MAX_UNIT: usize = 16;
/// Most characters of a string that a set may allow.
pub const MAX_TEXT: usize = 1000;

/// A set of commands, checked.
#[derive(Debug, Clone, PartialEq)]
pub struct CommandSet {
    name: String,
    version: u32,
    guidance: String,
    commands: Vec<CommandSpec>,
    examples: Vec<Example>,
}

/// One kind of command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandSpec {
    /// Its name, fit for every language that code is generated for but C, where it is written with a prefix.
    pub name: String,
    /// What it does, for people and models.
    pub doc: String,
    /// Whether no other command may stand beside it in an answer.
    pub alone: bool,
    /// Its parameters, in the file's order, [`MAX_PARAMS`] at most.
    pub params: Vec<Param>,
}

/// One parameter of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// Its name, no reserved word of any language that code is generated for.
    pub name: String,
    /// What it means, for people and models.
    pub doc: String,
    /// Whether it may be left out.
    pub optional: bool,
    /// Its values.
    pub kind: Kind,
}

/// The values that a parameter can have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Whole numbers: `min`, `max` and all multiples of `step` between them, in `unit`.
    Int {
        /// Unit of measurement, for people and models.
        unit: String,
        /// Smallest value, a multiple of `step`.
        min: i32,
        /// Largest value, a multiple of `step`.
        max: i32,
        /// Distance between values, above 0.
        step: i32,
    },
    /// Decimal numbers: all multiples of `step` from `min` to `max` times it, in `unit`.
    Float {
        /// Unit of measurement, for people and models.
        unit: String,
        /// Smallest value, in steps.
        min: i32,
        /// Largest value, in steps.
        max: i32,
        /// Distance between values, above 0.
        step: Decimal,
    },
    /// One of these texts, all different and without control characters.
    Enum(Vec<String>),
    /// True or false.
    Bool,
    /// A text of at most `max_len` characters, none of them a control character.
    Text {
        /// In Unicode characters, 1 to [`MAX_TEXT`].
        max_len: usize,
    },
}

/// A sentence and the right answer to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Example {
    /// The sentence.
    pub text: String,
    /// The answer, 1 to [`MAX_COMMANDS`].
    pub commands: Vec<Command>,
}

impl CommandSet {
    /// The set's name, which generated names begin with.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The version that its author gave it. [`CommandSet::id`] tells whether two sets mean the same.
    pub fn version(&self) -> u32 {
        self.version
    }

    /// More text for the prompt; empty if there is none.
    pub fn guidance(&self) -> &str {
        &self.guidance
    }

    /// The commands, at most [`MAX_SPECS`]; a [`Command`] names one by its index.
    pub fn commands(&self) -> &[CommandSpec] {
        &self.commands
    }

    /// Sentences with their answers.
    pub fn examples(&self) -> &[Example] {
        &self.examples
    }
}

impl Kind {
    /// Unit of a number, for people and models; empty where there is none.
    pub fn unit(&self) -> &str {
        match self {
            Kind::Int { unit, .. } | Kind::Float { unit, .. } => unit,
            _ => "",
        }
    }

    /// Smallest and largest value and step of a number.
    pub(crate) fn range(&self) -> Option<[Decimal; 3]> {
        match self {
            Kind::Int { min, max, step, .. } => Some([*min, *max, *step].map(Decimal::whole)),
            Kind::Float { min, max, step, .. } => Some([step.times(*min), step.times(*max), *step]),
            _ => None,
        }
    }
}

/// The first of `texts` that another one before it equals.
fn first_duplicate(texts: &[String]) -> Option<usize> {
    let mut seen = HashSet::new();
    texts.iter().position(|text| !seen.insert(text))
}
