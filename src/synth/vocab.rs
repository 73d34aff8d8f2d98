//! Vocabularies of the size of Qwen's: made up, or derived from a `.tiktoken` file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use hashbrown::HashMap;
use thiserror::Error;

use crate::tokenizer::char_of;

/// Number of ids, as the published models have them: the embedding's rows.
pub const SIZE: usize = 151_936;
/// Tokens that text is made of; the special ones follow.
const ORDINARY: usize = 151_643;
/// Special tokens from id [`ORDINARY`] on that only control the model.
const CONTROL: [&str; 14] = [
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|object_ref_start|>",
    "<|object_ref_end|>",
    "<|box_start|>",
    "<|box_end|>",
    "<|quad_start|>",
    "<|quad_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
];
/// Special tokens after those that are part of what the model says.
const USER_DEFINED: [&str; 12] = [
    "<tool_call>",
    "</tool_call>",
    "<|fim_prefix|>",
    "<|fim_middle|>",
    "<|fim_suffix|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
    "<tool_response>",
    "</tool_response>",
    "<think>",
    "</think>",
];
/// Letters of the made-up vocabulary, the commonest in English first.
const LETTERS: &[u8; 26] = b"etaoinshrdlcumwfgypbvkjxqz";

/// The kinds of token, by their numbers in `tokenizer.ggml.token_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
enum TokenType {
    Normal = 1,
    Control = 3,
    UserDefined = 4,
    Unused = 5,
}

/// A byte-level BPE vocabulary, as a GGUF holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocab {
    /// Each token's text by id; the bytes of ordinary ones are written as GPT-2's printable characters.
    pub tokens: Vec<String>,
    /// Each token's kind by id: 1 ordinary, 3 control, 4 user-defined, 5 unused.
    pub types: Vec<i32>,
    /// Pairs of tokens that are joined, the first rank first: `"LEFT RIGHT"`.
    pub merges: Vec<String>,
}

/// Why a vocabulary could not be derived.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum VocabError {
    #[error("{}: cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: line {line}: {fault}", path.display())]
    Line { path: PathBuf, line: usize, fault: &'static str },
    #[error("{}: {found} tokens; the vocabulary of Qwen2 has {ORDINARY}", path.display())]
    Count { path: PathBuf, found: usize },
    #[error("{}: the token of rank {rank} is not made by joining two tokens of lower rank", path.display())]
    Unreachable { path: PathBuf, rank: usize },
}

impl Vocab {
    /// A vocabulary of Qwen's size whose tokens are the bytes, and runs of two to four letters, some after a space.
    ///
    /// Qwen's special tokens have their real ids, but of the ordinary ones only the bytes do.
    pub fn made_up() -> Self {
        let mut ranks: Vec<Vec<u8>> = byte_order().map(|byte| vec![byte]).into();
        // All runs of each length before the longer ones: every run is then made of two shorter ones.
        let mut shorter: Vec<Vec<u8>> = std::iter::once(b' ').chain(*LETTERS).map(|byte| vec![byte]).collect();
        while ranks.len() < ORDINARY {
            let longer = shorter.iter().flat_map(|run| LETTERS.map(|letter| [run, &[letter][..]].concat()));
            shorter = longer.take(ORDINARY - ranks.len()).collect();
            ranks.extend_from_slice(&shorter);
        }
        // Never the default: each run of letters is made of two shorter ones, all of which are tokens.
        let merges = merges(&ranks).unwrap_or_default();
        Self::with_specials(&ranks, merges)
    }

    /// The vocabulary of a `.tiktoken` file, each line of which is a token in base64 and its rank.
    ///
    /// tiktoken joins whatever makes the token of the lowest rank; the pairs that a GGUF lists follow from the ranks:
    /// each token's is what is left of its bytes when all lower ranks have been joined.
    ///
    /// # Errors
    ///
    /// [`VocabError`] where the file cannot be read, or is not Qwen2's size, or holds a token that no pair makes.
    pub fn from_tiktoken(path: &Path) -> Result<Self, VocabError> {
        let text = fs::read_to_string(path).map_err(|source| VocabError::Read { path: path.to_owned(), source })?;
        let mut ranks = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let token = ranked_token(line, index).map_err(|fault| VocabError::Line { path: path.to_owned(), line: index + 1, fault })?;
            ranks.push(token);
        }
        if ranks.len() != ORDINARY {
            return Err(VocabError::Count { path: path.to_owned(), found: ranks.len() });
        }
        let merges = merges(&ranks).map_err(|rank| VocabError::Unreachable { path: path.to_owned(), rank })?;
        Ok(Self::with_specials(&ranks, merges))
    }

    /// The id of a token.
    pub fn id(&self, token: &str) -> Option<u32> {
        let index = self.tokens.iter().position(|known| known == token)?;
        u32::try_from(index).ok()
    }

    fn with_specials(ranks: &[Vec<u8>], merges: Vec<String>) -> Self {
        let mut vocab = Self { tokens: Vec::with_capacity(SIZE), types: Vec::with_capacity(SIZE), merges };
        for bytes in ranks {
            vocab.push(printable(bytes), TokenType::Normal);
        }
        for token in CONTROL {
            vocab.push(token.to_owned(), TokenType::Control);
        }
        for token in USER_DEFINED {
            vocab.push(token.to_owned(), TokenType::UserDefined);
        }
        for id in vocab.tokens.len()..SIZE {
            vocab.push(format!("[PAD{id}]"), TokenType::Unused);
        }
        vocab
    }

    fn push(&mut self, token: String, kind: TokenType) {
        self.tokens.push(token);
        self.types.push(kind as i32);
    }
}

/// The pair that makes each token of more than one byte, in the order of ranks; or the first rank that no pair makes.
fn merges(ranks: &[Vec<u8>]) -> Result<Vec<String>, usize> {
    let by_bytes: HashMap<&[u8], usize> = ranks.iter().enumerate().map(|(rank, bytes)| (bytes.as_slice(), rank)).collect();
    let mut merges = Vec::with_capacity(ranks.len());
    for (rank, token) in ranks.iter().enumerate().filter(|(_, token)| token.len() > 1) {
        let split = last_split(&by_bytes, token, rank).ok_or(rank)?;
        let (left, right) = token.split_at(split);
        merges.push(format!("{} {}", printable(left), printable(right)));
    }
    Ok(merges)
}

/// Joins the bytes of `token` by ranks below `rank` while any pair can be; where two parts are left, the border between
/// them.
fn last_split(ranks: &HashMap<&[u8], usize>, token: &[u8], rank: usize) -> Option<usize> {
    let mut borders: Vec<usize> = (0..=token.len()).collect();
    loop {
        let lowest = borders
            .windows(3)
            .enumerate()
            .filter_map(|(index, three)| Some((*ranks.get(&token[three[0]..three[2]])?, index)))
            .filter(|(joined, _)| *joined < rank)
            .min();
        match lowest {
            Some((_, index)) => borders.remove(index + 1),
            None => return (borders.len() == 3).then(|| borders[1]),
        };
    }
}

/// The token on a line of a `.tiktoken` file, which must have the rank `index`.
fn ranked_token(line: &str, index: usize) -> Result<Vec<u8>, &'static str> {
    let (token, rank) = line.split_once(' ').ok_or("a token in base64, a space and a rank are expected")?;
    if rank.parse() != Ok(index) {
        return Err("the ranks do not count up from 0, one per line");
    }
    let bytes = base64(token).ok_or("the token is not valid base64")?;
    if bytes.is_empty() {
        return Err("the token is empty");
    }
    Ok(bytes)
}

/// Decodes base64 (RFC 4648, section 4).
fn base64(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let digits = text.trim_end_matches('=');
    if text.len() - digits.len() > 2 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut n_bits) = (0u32, 0);
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(value);
        n_bits += 6;
        if n_bits >= 8 {
            n_bits -= 8;
            out.push((bits >> n_bits) as u8);
        }
    }
    Some(out)
}

fn printable(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| char_of(byte)).collect()
}

/// All bytes in the order of their ranks, which is that of their characters.
fn byte_order() -> [u8; 256] {
    let mut order = std::array::from_fn(|byte| byte as u8);
    order.sort_unstable_by_key(|&byte| char_of(byte));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_decoded() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("+/+/", "\u{0}")] {
            let expected = if text == "+/+/" { &[0xfb, 0xff, 0xbf][..] } else { bytes.as_bytes() };
            assert_eq!(base64(text).as_deref(), Some(expected), "{text}");
        }
        for text in ["Z", "Zg=", "Z===", "Zm9v!AAA", "Z=9v"] {
            assert_eq!(base64(text), None, "{text}");
        }
    }

    #[test]
    fn bytes_are_written_as_gpt2_does() {
        assert_eq!(printable(b" a\n\xad\xff"), "\u{120}a\u{10a}\u{143}\u{ff}");
        let order = byte_order();
        assert_eq!((&order[..2], &order[187..190]), (&b"!\""[..], &b"\xff\0\x01"[..]));
    }

    #[test]
    fn each_token_is_made_by_its_last_merge() {
        let ranks = |tokens: &[&str]| tokens.iter().map(|token| token.as_bytes().to_vec()).collect::<Vec<_>>();
        let found = merges(&ranks(&["a", "b", "c", "bc", "ab", "abc", "abab"]));
        // "bc" comes before "ab", so "abc" is "a" and "bc".
        assert_eq!(found.as_deref(), Ok(&["b c", "a b", "a bc", "ab ab"].map(str::to_owned)[..]));
        assert_eq!(merges(&ranks(&["a", "b", "abb"])), Err(2));
    }

    #[test]
    fn a_made_up_vocabulary_is_sound() {
        let vocab = Vocab::made_up();
        assert_eq!((vocab.tokens.len(), vocab.types.len()), (SIZE, SIZE));
        assert_eq!(vocab.merges.len(), ORDINARY - 256);
        assert_eq!(vocab.id("<|im_end|>"), Some(151_645));
        assert_eq!(vocab.id("<tool_call>"), Some(151_657));
        assert_eq!(vocab.tokens[SIZE - 1], "[PAD151935]");
        let mut ids = HashMap::new();
        for (id, token) in vocab.tokens.iter().enumerate() {
            assert_eq!(ids.insert(token.as_str(), id), None, "{token} is there twice");
        }
        for (index, merge) in vocab.merges.iter().enumerate() {
            let (left, right) = merge.split_once(' ').unwrap();
            let joined = 256 + index;
            assert_eq!(ids[format!("{left}{right}").as_str()], joined);
            assert!(ids[left] < joined && ids[right] < joined, "{merge}");
        }
    }
}
