//! Text to tokens and back: byte-level byte-pair encoding with the vocabulary of a GGUF file.
//!
//! Text passes through the steps of Hugging Face's tokenizers, and gives the same ids:
//!
//! 1. Special tokens in it are set apart.
//! 2. The text between them is brought into Unicode's normal form C.
//! 3. A [`PreTokenizer`] splits it into words.
//! 4. The bytes of each word are merged into tokens.
//!
//! Every step takes time linear in the length of the text, but for the last one, which takes O(n log n) for a word of n
//! bytes.
//!
//! ```
//! # fn ids(gguf: &qwark::gguf::Gguf<'_>) -> Result<Vec<u32>, qwark::tokenizer::TokenizerError> {
//! use qwark::tokenizer::{Special, Tokenizer};
//!
//! let tokenizer = Tokenizer::from_gguf(gguf)?;
//! Ok(tokenizer.encode("Drive forward!", Special::AsText))
//! # }
//! ```

mod bpe;
mod byte_encoding;
mod error;
mod load;
mod merges;
mod pre_tokenizer;
mod special;
mod utf8_stream;
mod vocabulary;

use std::borrow::Cow;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick};

pub(crate) use byte_encoding::char_of;
pub use error::{MergeFault, TokenizerError};
pub use pre_tokenizer::PreTokenizer;
pub(crate) use special::{Piece, SpecialToken};
pub use utf8_stream::Utf8Stream;

use bpe::Scratch;
use merges::MergeTable;
use special::SpecialTokens;
use vocabulary::{TokenType, Vocabulary};

/// Index of a token in the vocabulary.
pub type TokenId = u32;

/// What control tokens in a text are. User-defined tokens, such as `<think>`, are found either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Special {
    /// Text like any other: right for whatever comes from outside.
    AsText,
    /// Themselves: right for what a chat template makes.
    Parse,
}

/// The tokenizer of a file. Texts of tokens stay in the file.
#[derive(Debug)]
pub struct Tokenizer<'a> {
    vocabulary: Vocabulary<'a>,
    byte_ids: [TokenId; 256],
    merges: MergeTable,
    specials: SpecialTokens<'a>,
    pre_tokenizer: PreTokenizer,
    eog: Vec<TokenId>,
    bos: Option<TokenId>,
    add_bos: bool,
}

impl<'a> Tokenizer<'a> {
    /// The tokens of `text`. Nothing is added: see [`bos`](Self::bos) and [`add_bos`](Self::add_bos).
    pub fn encode(&self, text: &str, special: Special) -> Vec<TokenId> {
        let mut encoder = Encoder::new(self);
        for piece in self.split_special(text, special) {
            match piece {
                Piece::Text(text) => encoder.text(text),
                Piece::Token(id) => encoder.token(id),
            }
        }
        encoder.finish()
    }

    /// The tokens that stand for `text` as it is: names of special tokens are text, and it is not brought to form NFC.
    pub(crate) fn encode_exactly(&self, text: &str) -> Vec<TokenId> {
        let mut encoder = Encoder::new(self);
        encoder.exactly(text);
        encoder.finish()
    }

    /// Sets the special tokens in `text` apart.
    pub(crate) fn split_special<'t>(&self, text: &'t str, special: Special) -> impl Iterator<Item = Piece<'t>> {
        self.specials.split(text, special)
    }

    /// All control and user-defined tokens, sorted by text.
    pub(crate) fn special_tokens(&self) -> &[SpecialToken<'a>] {
        self.specials.tokens()
    }

    /// The bytes that a token stands for, which need not be whole characters: see [`Utf8Stream`]. Special tokens stand
    /// for their names, unused ones for nothing. None for an id outside the vocabulary.
    pub fn token_bytes(&self, id: TokenId) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        self.append_token_bytes(id, &mut bytes).then_some(bytes)
    }

    /// Appends to `out` what [`token_bytes`](Self::token_bytes) gives; false for an id outside the vocabulary.
    pub fn append_token_bytes(&self, id: TokenId, out: &mut Vec<u8>) -> bool {
        self.vocabulary.decode(id, out)
    }

    /// The text of `ids`, special tokens included. Ids outside the vocabulary are passed over, and bytes that are not
    /// UTF-8 become U+FFFD.
    pub fn decode(&self, ids: &[TokenId]) -> String {
        let mut bytes = Vec::new();
        for &id in ids {
            self.append_token_bytes(id, &mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Whether a token is one that only templates and the model write, such as `<|im_end|>`.
    pub fn is_control(&self, id: TokenId) -> bool {
        self.vocabulary.token_type(id) == Some(TokenType::Control)
    }

    /// Every token that ends an answer, sorted: those of the file's keys and those known by name.
    pub fn eog(&self) -> &[TokenId] {
        &self.eog
    }

    /// The token that begins a text, where the file names one.
    pub fn bos(&self) -> Option<TokenId> {
        self.bos
    }

    /// Whether texts begin with [`bos`](Self::bos), which is there then.
    pub fn add_bos(&self) -> bool {
        self.add_bos
    }

    /// Number of tokens.
    pub fn vocab_size(&self) -> usize {
        self.vocabulary.len()
    }
}

/// Puts a sequence of tokens together.
#[derive(Debug)]
pub(crate) struct Encoder<'t, 'a> {
    tokenizer: &'t Tokenizer<'a>,
    scratch: Scratch,
    ids: Vec<TokenId>,
}

impl<'t, 'a> Encoder<'t, 'a> {
    /// An empty sequence.
    pub fn new(tokenizer: &'t Tokenizer<'a>) -> Self {
        Self { tokenizer, scratch: Scratch::default(), ids: Vec::new() }
    }

    /// Appends one token.
    pub fn token(&mut self, id: TokenId) {
        self.ids.push(id);
    }

    /// Appends the tokens of `text`, in which names of special tokens are text.
    pub fn text(&mut self, text: &str) {
        self.exactly(&nfc(text));
    }

    /// The same, of `text` as it is, which may not be in form NFC.
    fn exactly(&mut self, text: &str) {
        let tokenizer = self.tokenizer;
        for word in tokenizer.pre_tokenizer.words(text) {
            tokenizer.merges.encode(word.as_bytes(), &tokenizer.byte_ids, &mut self.scratch, &mut self.ids);
        }
    }

    /// The sequence.
    pub fn finish(self) -> Vec<TokenId> {
        self.ids
    }
}

/// `text` in Unicode's normal form C, in which most texts are already.
fn nfc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || is_nfc_quick(text.chars()) == IsNormalized::Yes { Cow::Borrowed(text) } else { Cow::Owned(text.nfc().collect()) }
}
