//! The tokens of a file, used where the file is mapped.

use std::hash::BuildHasher;

use byteorder::{ByteOrder, LittleEndian};
use hashbrown::{DefaultHashBuilder, HashTable};

use super::error::TokenizerError;
use super::{TokenId, byte_encoding};
use crate::gguf::{Array, Gguf};

/// Bytes before each string of an array: its length.
const STR_PREFIX: usize = 8;

/// Tokens of which the place of the first one is kept; those of the others are found from there.
const STRIDE: usize = 16;

/// Ids have 24 bits in what is kept of them: a hundred times as many tokens as any vocabulary has.
pub(super) const MAX_TOKENS: usize = 1 << 24;

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

/// Texts and types of all tokens, by id. Only where some of the texts are is kept in memory.
#[derive(Debug)]
pub(super) struct Vocabulary<'a> {
    /// Each after its length.
    texts: &'a [u8],
    /// Where the length of every sixteenth text is in `texts`.
    starts: Vec<u32>,
    len: usize,
    types: Option<&'a [u8]>,
}

/// Bytes of a token's type.
const TYPE_WIDTH: usize = size_of::<i32>();

impl<'a> Vocabulary<'a> {
    /// Reads `tokenizer.ggml.tokens` and `tokenizer.ggml.token_type`; without the latter all tokens are normal.
    pub fn from_gguf(gguf: &Gguf<'a>) -> Result<Self, TokenizerError> {
        let strs = gguf.strs("tokenizer.ggml.tokens")?;
        let texts = gguf.array("tokenizer.ggml.tokens")?.bytes();
        if u32::try_from(texts.len()).is_err() {
            return Err(TokenizerError::TooLarge { bytes: texts.len() });
        }
        if strs.len() > MAX_TOKENS {
            return Err(TokenizerError::TooMany { key: "tokenizer.ggml.tokens", count: strs.len(), most: MAX_TOKENS });
        }
        let (len, mut next) = (strs.len(), 0);
        let mut starts = Vec::with_capacity(len.div_ceil(STRIDE));
        for (id, text) in strs.enumerate() {
            if id % STRIDE == 0 {
                starts.push(next as u32);
            }
            next += STR_PREFIX + text.len();
        }
        let types = gguf.opt_array("tokenizer.ggml.token_type")?;
        let mut vocabulary = Self { texts, starts, len, types: None };
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
        self.len
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
        let id = Some(id as usize).filter(|id| *id < self.len)?;
        self.utf8_from(id / STRIDE).nth(id % STRIDE)
    }

    /// The bytes of all texts, in order.
    fn all_utf8(&self) -> impl Iterator<Item = &'a [u8]> {
        self.utf8_from(0)
    }

    /// Those from token `STRIDE * stride` on.
    fn utf8_from(&self, stride: usize) -> impl Iterator<Item = &'a [u8]> {
        let mut rest = self.starts.get(stride).and_then(|start| self.texts.get(*start as usize..)).unwrap_or_default();
        std::iter::from_fn(move || {
            let (len, texts) = rest.split_first_chunk::<STR_PREFIX>()?;
            let (text, after) = texts.split_at_checked(usize::try_from(u64::from_le_bytes(*len)).ok()?)?;
            rest = after;
            Some(text)
        })
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
pub(super) struct TokenIndex<'a> {
    texts: Vec<&'a [u8]>,
    by_text: HashTable<TokenId>,
    hasher: DefaultHashBuilder,
}

impl<'a> TokenIndex<'a> {
    /// Indexes all tokens. Of two with the same text a normal one counts, then the one of lower id.
    pub fn new(vocabulary: &Vocabulary<'a>) -> Self {
        let hasher = DefaultHashBuilder::default();
        let mut texts = Vec::with_capacity(vocabulary.len());
        texts.extend(vocabulary.all_utf8());
        let text = |id: TokenId| texts.get(id as usize).copied().unwrap_or_default();
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
        Self { texts, by_text, hasher }
    }

    /// The token of exactly this text.
    pub fn get(&self, text: &str) -> Option<TokenId> {
        let text = text.as_bytes();
        let found = self.by_text.find(self.hasher.hash_one(text), |&id| self.is_text(id, text));
        found.copied()
    }

    /// As [`get`](Self::get), where that is likely to be `guess`.
    pub fn get_guessed(&self, text: &str, guess: TokenId) -> Option<TokenId> {
        if self.is_text(guess, text.as_bytes()) { Some(guess) } else { self.get(text) }
    }

    fn is_text(&self, id: TokenId, text: &[u8]) -> bool {
        self.texts.get(id as usize) == Some(&text)
    }
}
