//! Why a file's tokenizer cannot be used.

use thiserror::Error;

use super::{PreTokenizer, TokenId};
use crate::gguf::GgufError;

/// Most characters of a file's text that a message repeats.
const SHOWN_CHARS: usize = 64;

/// A refusal of the tokenizer in a file.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum TokenizerError {
    #[error(transparent)]
    Gguf(#[from] GgufError),
    #[error("tokenizer.ggml.model \"{0}\" is not known; known models: gpt2 (byte-level BPE)")]
    UnknownModel(String),
    #[error("tokenizer.ggml.pre \"{0}\" is not known; known pre-tokenizers: {known}", known = known_names())]
    UnknownPreTokenizer(String),
    #[error("tokenizer.ggml.tokens has {bytes} bytes; at most {} are allowed", u32::MAX)]
    TooLarge { bytes: usize },
    #[error("{key} has {count} entries; at most {most} are allowed")]
    TooMany { key: &'static str, count: usize, most: usize },
    #[error("tokenizer.ggml.tokens has no token for the byte {0:#04x}")]
    MissingByte(u8),
    #[error("tokenizer.ggml.token_type has {types} entries for {tokens} tokens")]
    TypeCount { types: usize, tokens: usize },
    #[error("tokenizer.ggml.token_type of token {id} is {found}; known types: 1 to 6")]
    UnknownType { id: TokenId, found: i32 },
    #[error("tokenizer.ggml.merges: merge {rank} \"{merge}\" {fault}")]
    Merge { rank: usize, merge: String, fault: MergeFault },
    #[error("{key} is {id}, but there are only {tokens} tokens")]
    TokenId { key: &'static str, id: TokenId, tokens: usize },
}

/// What is wrong with a merge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum MergeFault {
    #[error("is not two tokens with a blank between them")]
    NotAPair,
    #[error("begins with what is not a token")]
    Left,
    #[error("ends with what is not a token")]
    Right,
    #[error("makes what is not a token")]
    Merged,
}

/// `text` fit for a message: on one line and short, whatever the file holds.
pub(super) fn shown(text: &str) -> String {
    let short: String = text.chars().take(SHOWN_CHARS).collect();
    let ellipsis = if short.len() < text.len() { "…" } else { "" };
    format!("{}{ellipsis}", short.escape_debug())
}

fn known_names() -> String {
    PreTokenizer::NAMES.map(|(name, _)| name).join(", ")
}
