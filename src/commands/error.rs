//! What can be wrong with a command set's file, and with a command.

use thiserror::Error;

use super::decimal::{DecimalFault, MAX_DIGITS};
use super::names::MAX_NAME;
use super::{MAX_COMMANDS, MAX_PARAMS, MAX_SPECS, MAX_TEXT, MAX_UNIT, MAX_VALUE_CHARS, MAX_VALUES};

/// A refusal of a command set: the line at fault, the thing that stands there, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("line {line}: {}", self.message())]
pub struct SetError {
    /// Line of the file, from 1.
    pub line: usize,
    /// What stands there, as in `parameter drive.distance`; empty for the file itself.
    pub place: String,
    /// What is wrong.
    pub fault: SetFault,
}

impl SetError {
    /// Place and fault without the line, for one who writes the file's name and the line in front.
    pub fn message(&self) -> String {
        prefixed(&self.place, &self.fault)
    }
}

/// What is wrong with a command set's file; see the message of each for its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum SetFault {
    #[error("{0}")]
    Toml(String),
    #[error("{0} is missing")]
    Missing(&'static str),
    #[error("unknown key \"{0}\"")]
    UnknownKey(String),
    #[error("{key} is not {expected}")]
    WrongType { key: String, expected: &'static str },
    #[error("\"{0}\" is not a name: a small letter, then small letters, digits and underscores, at most {MAX_NAME} in all")]
    Name(String),
    #[error("\"{0}\" is a reserved word of C, C++, Python or Rust")]
    Reserved(String),
    #[error("a second command has this name")]
    DuplicateCommand,
    #[error("there is no command")]
    NoCommand,
    #[error("more than {MAX_SPECS} commands")]
    TooManyCommands,
    #[error("more than {MAX_PARAMS} parameters")]
    TooManyParams,
    #[error("unknown type \"{0}\"; known: int, float, enum, bool, string")]
    Type(String),
    #[error("{key} is {fault}")]
    Decimal { key: &'static str, fault: DecimalFault },
    #[error("the version is a number from 0 to {}", i32::MAX)]
    Version,
    #[error("{key} does not fit into 32 bits")]
    Integer { key: &'static str },
    #[error("unit has a control character, or more than {MAX_UNIT} characters")]
    Unit,
    #[error("step is not above 0")]
    Step,
    #[error("min is above max")]
    Range,
    #[error("{0} is not a whole number of steps")]
    OffStep(&'static str),
    #[error("{0} is too many steps: their number must fit into 32 bits")]
    Steps(&'static str),
    #[error("{0} with all digits of a step has more than {MAX_DIGITS} digits")]
    Digits(&'static str),
    #[error("the step is too uneven for so wide a range: take a step of few digits, such as 0.05, or a narrower range")]
    Uneven,
    #[error("there is no value")]
    NoValue,
    #[error("more than {MAX_VALUES} values")]
    TooManyValues,
    #[error("value \"{0}\" is there twice")]
    DuplicateValue(String),
    #[error("value \"{0}\" does not have 1 to {MAX_VALUE_CHARS} characters")]
    ValueLen(String),
    #[error("value \"{0}\" has a control character")]
    ValueControl(String),
    #[error("max_len is not from 1 to {MAX_TEXT}")]
    MaxLen,
    #[error("it is not one command, as in {{ drive = {{ distance = 2.0 }} }}")]
    NotACommand,
    #[error("{0}")]
    Violation(Box<Violation>),
}

impl From<Violation> for SetFault {
    fn from(violation: Violation) -> SetFault {
        SetFault::Violation(Box::new(violation))
    }
}

impl SetFault {
    /// An error about what stands at `line`.
    pub(super) fn at(self, line: usize, place: &str) -> SetError {
        SetError { line, place: place.to_owned(), fault: self }
    }
}

/// Why something is no command of a set, or no answer: the command or parameter at fault, and what is wrong with it.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{}", prefixed(place, fault))]
pub struct Violation {
    /// `drive`, `drive.distance`, or nothing where no command is known yet.
    pub place: String,
    /// What is wrong.
    pub fault: Fault,
}

/// What is wrong with a command; see the message of each for its meaning.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum Fault {
    #[error("an answer has 1 to {MAX_COMMANDS} commands, not {0}")]
    Count(usize),
    #[error("it stands alone in an answer")]
    NotAlone,
    #[error("{expected} is expected at byte {at}")]
    Syntax { at: usize, expected: &'static str },
    #[error("there is no command \"{0}\"")]
    UnknownCommand(String),
    #[error("there is no command number {0}")]
    UnknownIndex(usize),
    #[error("there is no parameter \"{0}\"")]
    UnknownParam(String),
    #[error("it is there twice")]
    Duplicate,
    #[error("it is out of order")]
    Order,
    #[error("it is missing")]
    Missing,
    #[error("the values are not as many as the parameters")]
    ValueCount,
    #[error("it is not {0}")]
    WrongType(&'static str),
    #[error("{value} is not from {min} to {max}")]
    Range { value: String, min: String, max: String },
    #[error("{value} is not a multiple of {step}")]
    OffStep { value: String, step: String },
    #[error("it is {0}")]
    Decimal(DecimalFault),
    #[error("{given} is to be written {canonical}")]
    Spelling { given: String, canonical: String },
    #[error("there is no value \"{0}\"")]
    UnknownValue(String),
    #[error("there is no value number {0}")]
    UnknownValueIndex(usize),
    #[error("it is longer than {max} characters")]
    TooLong { max: usize },
    #[error("it has a control character")]
    Control,
    #[error("the bytes end too early")]
    Truncated,
    #[error("there are {0} bytes too many")]
    TrailingBytes(usize),
    #[error("it claims parameters that there are not")]
    Presence,
    #[error("{0} is neither 0 nor 1")]
    Bool(u8),
    #[error("it is not UTF-8")]
    Utf8,
}

impl Fault {
    pub(super) fn of(self, place: &str) -> Violation {
        Violation { place: place.to_owned(), fault: self }
    }
}

fn prefixed(place: &str, fault: &impl ToString) -> String {
    let separator = if place.is_empty() { "" } else { ": " };
    format!("{place}{separator}{}", fault.to_string())
}
