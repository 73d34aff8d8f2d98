//! Vocabularies for the tests, and files that hold them.

use std::path::PathBuf;

use qwark::gguf::{Header, Value};
use qwark::synth::Vocab;

/// A path below tests/golden/tokenizer.
pub fn golden(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "golden", "tokenizer", name].iter().collect()
}

/// The small vocabulary that make_vocab.py trained.
pub fn small_vocab() -> Vocab {
    let text = std::fs::read(golden("small-vocab.json")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
    let strings = |key: &str| serde_json::from_value(json[key].clone()).unwrap();
    Vocab { tokens: strings("tokens"), types: serde_json::from_value(json["types"].clone()).unwrap(), merges: strings("merges") }
}

/// A GGUF header with `vocab` and no pre-tokenizer yet.
pub fn header(vocab: &Vocab) -> Header {
    let mut header = Header::new();
    header.put("tokenizer.ggml.model", Value::Str("gpt2"));
    header.put_strs("tokenizer.ggml.tokens", &vocab.tokens);
    header.put_i32s("tokenizer.ggml.token_type", &vocab.types);
    header.put_strs("tokenizer.ggml.merges", &vocab.merges);
    header
}

/// The bytes of a file without tensors.
pub fn file(header: Header) -> Vec<u8> {
    let writer = header.begin(Vec::new()).unwrap();
    writer.finish().unwrap()
}

/// The bytes of a file with `vocab` and the pre-tokenizer `pre`.
pub fn vocab_file(vocab: &Vocab, pre: &str) -> Vec<u8> {
    let mut header = header(vocab);
    header.put("tokenizer.ggml.pre", Value::Str(pre));
    file(header)
}
