//! Putting a tokenizer together from a file's metadata.

use super::error::{MergeFault, TokenizerError, shown};
use super::merges::{MAX_MERGES, Merge, MergeTable};
use super::special::{SpecialToken, SpecialTokens};
use super::vocabulary::{TokenIndex, TokenType, Vocabulary};
use super::{PreTokenizer, TokenId, Tokenizer, byte_encoding};
use crate::gguf::Gguf;

/// Keys of tokens that end an answer.
const END_KEYS: [&str; 3] = ["tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id", "tokenizer.ggml.eom_token_id"];

/// Special tokens that end an answer by their name: files often give only one of them by a key. The last three
/// separate files and repositories in what base models for code were trained on.
const END_NAMES: [&str; 9] = [
    "<|im_end|>",
    "<|endoftext|>",
    "<｜end▁of▁sentence｜>",
    "<|end_of_text|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|fim_pad|>",
    "<|repo_name|>",
    "<|file_sep|>",
];

impl<'a> Tokenizer<'a> {
    /// The tokenizer that a file carries in its keys `tokenizer.ggml.*`.
    ///
    /// # Errors
    ///
    /// A missing key or one of the wrong type; a tokenizer or pre-tokenizer that is not known; a vocabulary that lacks
    /// a token for a byte; merges of what are not tokens.
    pub fn from_gguf(gguf: &Gguf<'a>) -> Result<Self, TokenizerError> {
        let model = gguf.str("tokenizer.ggml.model")?;
        if model != "gpt2" {
            return Err(TokenizerError::UnknownModel(shown(model)));
        }
        let pre_tokenizer = pre_tokenizer(gguf)?;
        let vocabulary = Vocabulary::from_gguf(gguf)?;
        let index = TokenIndex::new(&vocabulary);
        let byte_ids = byte_ids(&index)?;
        let merges = merges(gguf, &index)?;
        let specials = SpecialTokens::new(special_tokens(&vocabulary));
        let eog = end_tokens(gguf, &vocabulary, &specials)?;
        let bos = token_id(gguf, "tokenizer.ggml.bos_token_id", &vocabulary)?;
        let add_bos = gguf.opt_bool("tokenizer.ggml.add_bos_token")?.unwrap_or(false);
        if add_bos {
            gguf.u32("tokenizer.ggml.bos_token_id")?;
        }
        Ok(Self { vocabulary, byte_ids, merges, specials, pre_tokenizer, eog, bos, add_bos })
    }
}

fn pre_tokenizer(gguf: &Gguf<'_>) -> Result<PreTokenizer, TokenizerError> {
    let Some(name) = gguf.opt_str("tokenizer.ggml.pre")? else {
        // Files from before April 2024 lack the key, and then Qwen2's was the only Qwen split of a GGUF.
        log::warn!("tokenizer.ggml.pre is missing: taking qwen2");
        return Ok(PreTokenizer::Qwen2);
    };
    PreTokenizer::from_name(name).ok_or_else(|| TokenizerError::UnknownPreTokenizer(shown(name)))
}

/// The token of each byte.
fn byte_ids(index: &TokenIndex<'_>) -> Result<[TokenId; 256], TokenizerError> {
    let mut ids = [0; 256];
    for byte in 0..=255 {
        let text = byte_encoding::char_of(byte);
        let id = index.get(text.encode_utf8(&mut [0; 4]));
        ids[usize::from(byte)] = id.ok_or(TokenizerError::MissingByte(byte))?;
    }
    Ok(ids)
}

fn merges(gguf: &Gguf<'_>, index: &TokenIndex<'_>) -> Result<MergeTable, TokenizerError> {
    let merges = gguf.strs("tokenizer.ggml.merges")?;
    if merges.len() > MAX_MERGES {
        return Err(TokenizerError::TooMany { key: "tokenizer.ggml.merges", count: merges.len(), most: MAX_MERGES });
    }
    let mut table = MergeTable::with_capacity(merges.len());
    // Trained vocabularies list tokens in the order of the merges that make them: the next one is a good guess.
    let mut guess = 0;
    let mut joined = String::new();
    for (rank, merge) in merges.enumerate() {
        let refuse = |fault| TokenizerError::Merge { rank, merge: shown(merge), fault };
        let (left, right) = merge.split_once(' ').ok_or_else(|| refuse(MergeFault::NotAPair))?;
        joined.clear();
        joined.extend([left, right]);
        let merged = index.get_guessed(&joined, guess).ok_or_else(|| refuse(MergeFault::Merged))?;
        guess = merged + 1;
        let left = index.get(left).ok_or_else(|| refuse(MergeFault::Left))?;
        let right = index.get(right).ok_or_else(|| refuse(MergeFault::Right))?;
        table.push(Merge { left, right, merged });
    }
    Ok(table)
}

fn special_tokens<'a>(vocabulary: &Vocabulary<'a>) -> Vec<SpecialToken<'a>> {
    let specials = vocabulary.ids().filter_map(|id| {
        let is_control = match vocabulary.token_type(id)? {
            TokenType::Control => true,
            TokenType::UserDefined => false,
            TokenType::Normal | TokenType::Unused => return None,
        };
        let text = vocabulary.text(id)?;
        Some(SpecialToken { text, id, is_control })
    });
    specials.collect()
}

/// All tokens that end an answer, sorted.
fn end_tokens(gguf: &Gguf<'_>, vocabulary: &Vocabulary<'_>, specials: &SpecialTokens<'_>) -> Result<Vec<TokenId>, TokenizerError> {
    let mut ids = Vec::new();
    for key in END_KEYS {
        ids.extend(token_id(gguf, key, vocabulary)?);
    }
    let named = END_NAMES.iter().filter_map(|name| specials.get(name));
    ids.extend(named.map(|token| token.id));
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// The id under an optional key.
fn token_id(gguf: &Gguf<'_>, key: &'static str, vocabulary: &Vocabulary<'_>) -> Result<Option<TokenId>, TokenizerError> {
    let tokens = vocabulary.len();
    match gguf.opt_u32(key)? {
        Some(id) if id as usize >= tokens => Err(TokenizerError::TokenId { key, id, tokens }),
        id => Ok(id),
    }
}
