//! Why a conversation could not be made a prompt.

use std::error::Error;
use std::fmt;

use thiserror::Error;

use super::guard;
use crate::gguf::GgufError;

/// A fault of a chat template, or of a conversation that it refuses.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ChatError {
    /// A key of the file is of the wrong type.
    #[error(transparent)]
    Gguf(#[from] GgufError),
    /// The template cannot be read, or fails for this conversation.
    #[error("chat template{}: {message}", AtLine(*line))]
    Template {
        /// Line of the template, from 1.
        line: Option<usize>,
        /// What is wrong there.
        message: String,
    },
    /// The template says that it cannot render this conversation.
    #[error("the chat template refuses the conversation: {0}")]
    Refused(String),
    /// A text is no conversation in JSON.
    #[error("not a conversation in JSON: {0}")]
    Conversation(String),
}

impl From<minijinja::Error> for ChatError {
    fn from(error: minijinja::Error) -> Self {
        if let Some(Raised(message)) = error.source().and_then(|source| source.downcast_ref()) {
            return Self::Refused(guard::remove_marks(message));
        }
        let message = match error.detail() {
            Some(detail) => format!("{}: {detail}", error.kind()),
            None => error.kind().to_string(),
        };
        Self::Template { line: error.line(), message: guard::remove_marks(&message) }
    }
}

/// What a template gave to `raise_exception`.
#[derive(Debug, Error)]
#[error("{0}")]
pub(super) struct Raised(pub String);

struct AtLine(Option<usize>);

impl fmt::Display for AtLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |line| write!(f, ", line {line}"))
    }
}
