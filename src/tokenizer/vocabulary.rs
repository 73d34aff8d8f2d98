//! The tokens of a file, used where the file is mapped.

use std::hash::BuildHasher;

use byteorder::{ByteOrder, LittleEndian};
use hashbrown::{DefaultHashBuilder, HashTable};

use super::error::TokenizerError;
use super::{TokenId, byte_encoding};
use crate::gguf::{Array, Gguf};

/// Bytes between two strings of an array: the length of the second one.
const STR_PREFIX: usize = 8;

/// What a token is for: `tokenizer.ggml.token_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenType {
    /// Made of bytes by merges.
    Normal,
    /// Written by templates and the model, never found in a user's text.
    Control,
    /// Found in any text as a whole.
    UserDefined,
    /// Fills the vocabulary up.
    Unused,
}

impl TokenType {
    fn from_number(number: i32) -> Option<Self> {
        match number {
            // "Byte" tokens are an affair of other tokenizers; in this one every token is made of bytes.
            1 | 6 => Some(Self::Normal),
            // "Unknown" is what other tokenizers emit for what they cannot encode.
            2 | 3 => Some(Self::Control),
            4 => Some(Self::UserDefined),
            5 => Some(Self::Unused),
            _ => None,
        }
    }
}

/// Texts and types of all tokens, by id. Only where each text begins is kept in memory.
#[derive(Debug)]
pub(super) struct Vocabulary<'a> {
    texts: &'a [u8],
    /// Where each text begins in `texts`, and where the one after the last would.
    starts: Vec<u32>,
    types: Option<&'a [u8]>,
}

/// Bytes of a token's type.
const TYPE_WIDTH: usize = size_of::<i32>();

impl<'a> Vocabulary<'a> {
    /// Reads `tokenizer.ggml.tokens` and `tokenizer.ggml.token_type`; without the latter all tokens are normal.
    pub fn from_gguf(gguf: &Gguf<'a>) -> Result<Self, TokenizerError> {
        let strs = gguf.strs("tokenizer.ggml.tokens")?;
        let texts = gguf.array("tokenizer.ggml.tokens")?.bytes();
        if u32::try_from(texts.len() + STR_PREFIX).is_err() {
            return Err(TokenizerError::TooLarge { bytes: texts.len() });
        }
        let mut starts = Vec::with_capacity(strs.len() + 1);
        starts.push(STR_PREFIX as u32);
        let mut next = STR_PREFIX;
        starts.extend(strs.map(|text| {
            next += text.len() + STR_PREFIX;
            next as u32
        }));
        let types = gguf.opt_array("tokenizer.ggml.token_type")?;
        let mut vocabulary = Self { texts, starts, types: None };
        if let Some(types) = types {
            vocabulary.set_types(gguf, types)?;
        }
        Ok(vocabulary)
    }

    fn set_types(&mut self, gguf: &Gguf<'a>, types: Array<'a>) -> Result<(), TokenizerError> {
        let tokens = self.len();
        let numbers = gguf.i32s("tokenizer.ggml.token_type")?;
        if numbers.len() != tokens {
            return Err(TokenizerError::TypeCount { types: numbers.len(), tokens });
        }
        for (found, id) in numbers.zip(0..) {
            if TokenType::from_number(found).is_none() {
                return Err(TokenizerError::UnknownType { id, found });
            }
        }
        self.types = Some(types.bytes());
        Ok(())
    }

    /// Number of tokens.
    pub fn len(&self) -> usize {
        self.starts.len() - 1
    }

    /// All ids.
    pub fn ids(&self) -> std::ops::Range<TokenId> {
        // Texts below 4 GiB with a prefix each: far fewer than 2^32 tokens.
        0..self.len() as TokenId
    }

    /// The text of a token as it is in the file: in byte encoding for a normal one.
    pub fn text(&self, id: TokenId) -> Option<&'a str> {
        std::str::from_utf8(self.utf8(id)?).ok()
    }

    /// The bytes of [`text`](Self::text), which were checked when the file was read.
    fn utf8(&self, id: TokenId) -> Option<&'a [u8]> {
        let at = id as usize;
        let (start, next) = (*self.starts.get(at)?, *self.starts.get(at + 1)?);
        self.texts.get(start as usize..next as usize - STR_PREFIX)
    }

    /// The type of a token.
    pub fn token_type(&self, id: TokenId) -> Option<TokenType> {
        if id as usize >= self.len() {
            return None;
        }
        let Some(types) = self.types else {
            return Some(TokenType::Normal);
        };
        let number = types.get(id as usize * TYPE_WIDTH..)?.get(..TYPE_WIDTH)?;
        TokenType::from_number(LittleEndian::read_i32(number))
    }

    /// Appends the bytes that a token stands for; false for an id outside the vocabulary.
    pub fn decode(&self, id: TokenId, out: &mut Vec<u8>) -> bool {
        let (Some(text), Some(kind)) = (self.text(id), self.token_type(id)) else {
            return false;
        };
        match kind {
            TokenType::Normal => byte_encoding::decode(text, out),
            TokenType::Control | TokenType::UserDefined => out.extend_from_slice(text.as_bytes()),
            TokenType::Unused => {}
        }
        true
    }
}

/// Finds tokens by their text. Needed only while merges are read: it is not kept.
#[derive(Debug)]
pub(super) struct TokenIndex<'v, 'a> {
    vocabulary: &'v Vocabulary<'a>,
    by_text: HashTable<TokenId>,
    hasher: DefaultHashBuilder,
}

impl<'v, 'a> TokenIndex<'v, 'a> {
    /// Indexes all tokens. Of two with the same text a normal one counts, then the one of lower id.
    pub fn new(vocabulary: &'v Vocabulary<'a>) -> Self {
        let hasher = DefaultHashBuilder::default();
        let text = |id| vocabulary.utf8(id).unwrap_or_default();
        let is_normal = |id| vocabulary.token_type(id) == Some(TokenType::Normal);
        let mut by_text = HashTable::with_capacity(vocabulary.len());
        for id in vocabulary.ids() {
            let entry = by_text.entry(hasher.hash_one(text(id)), |&other| text(other) == text(id), |&other| hasher.hash_one(text(other)));
            entry
                .and_modify(|first| {
                    if is_normal(id) && !is_normal(*first) {
                        *first = id;
                    }
                })
                .or_insert(id);
        }
        Self { vocabulary, by_text, hasher }
    }

    /// The token of exactly this text.
    pub fn get(&self, text: &str) -> Option<TokenId> {
        let text = text.as_bytes();
        let hash = self.hasher.hash_one(text);
        let found = self.by_text.find(hash, |&id| self.vocabulary.utf8(id) == Some(text));
        found.copied()
    }
}
