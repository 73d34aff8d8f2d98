use anyhow::{Context, Result};

use super::args::{Common, TokenizeArgs};
use super::output;
use crate::gguf::Gguf;
use crate::tokenizer::{Special, Tokenizer};

pub(super) fn run(common: &Common, args: &TokenizeArgs) -> Result<()> {
    let mapping = common.map()?;
    let tokenizer = Gguf::parse(&mapping.parts()).map_err(anyhow::Error::from).and_then(|gguf| Ok(Tokenizer::from_gguf(&gguf)?));
    let tokenizer = tokenizer.with_context(|| common.model_name())?;
    let text = output::stdin_text()?;
    if !args.decode {
        return output::json(&tokenizer.encode(&text, Special::AsText));
    }
    let ids: Vec<u32> = serde_json::from_str(&text).context("stdin is not a JSON array of token ids")?;
    let mut bytes = Vec::new();
    for id in ids {
        let token = tokenizer.token_bytes(id);
        bytes.extend_from_slice(&token.with_context(|| format!("token {id} is outside the vocabulary of {}", tokenizer.vocab_size()))?);
    }
    output::stream_bytes(&bytes)
}
