//! The vocabularies that grammars are tested on, and choices among what is legal.

use std::path::PathBuf;

use qwark::gguf::Gguf;
use qwark::synth::Vocab;
use qwark::tokenizer::Tokenizer;

use super::support::{small_vocab, vocab_file};

/// Calls `f` with the small vocabulary, and with Qwen2's where the data folder beside the repository is present.
pub fn with_tokenizers(f: impl Fn(&Tokenizer<'_>)) {
    with_vocabularies(|_, tokenizer| f(tokenizer));
}

/// The same.
pub fn with_vocabularies(f: impl Fn(&Vocab, &Tokenizer<'_>)) {
    with_changed_vocabularies(|_| (), f);
}

/// The same, of vocabularies that `change` changes.
pub fn with_changed_vocabularies(change: impl Fn(&mut Vocab), f: impl Fn(&Vocab, &Tokenizer<'_>)) {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "shared", "data", "qwen.tiktoken"].iter().collect();
    let full = path.exists().then(|| Vocab::from_tiktoken(&path).expect("a vocabulary"));
    if full.is_none() {
        println!("skipped: {} is not there", path.display());
    }
    for mut vocab in [Some(small_vocab()), full].into_iter().flatten() {
        change(&mut vocab);
        let bytes = vocab_file(&vocab, "qwen2");
        let gguf = Gguf::parse(&[&bytes]).expect("sound");
        f(&vocab, &Tokenizer::from_gguf(&gguf).expect("sound"));
    }
}

/// Pseudo-random choices.
pub fn random(seed: u64) -> impl FnMut(&[u32]) -> u32 {
    let mut state = seed;
    move |legal| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        legal[(state >> 33) as usize % legal.len()]
    }
}
