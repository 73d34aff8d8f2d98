//! Tokens against Hugging Face's tokenizers, and the promises of the tokenizer: linear time, whole characters.

#[path = "golden/tokenizer/support.rs"]
mod support;

use std::path::PathBuf;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use qwark::gguf::{Gguf, Value};
use qwark::synth::Vocab;
use qwark::tokenizer::{MergeFault, Special, Tokenizer, TokenizerError, Utf8Stream};

use support::{file, golden, header, small_vocab, vocab_file};

fn with_tokenizer<T>(vocab: &Vocab, pre: &str, f: impl FnOnce(&Tokenizer<'_>) -> T) -> T {
    let bytes = vocab_file(vocab, pre);
    let gguf = Gguf::parse(&[&bytes]).unwrap();
    f(&Tokenizer::from_gguf(&gguf).unwrap())
}

fn with_small<T>(f: impl FnOnce(&Tokenizer<'_>) -> T) -> T {
    with_tokenizer(&small_vocab(), "qwen2", f)
}

/// Qwen2's vocabulary, where the data folder beside the repository is present.
fn full_vocab() -> Option<Vocab> {
    let path = shared("qwen.tiktoken")?;
    Some(Vocab::from_tiktoken(&path).unwrap())
}

fn shared(name: &str) -> Option<PathBuf> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "..", "shared", "data", name].iter().collect();
    if !path.exists() {
        println!("skipped: {} is not there", path.display());
        return None;
    }
    Some(path)
}

/// The same strings as tests/golden/tokenizer/random_strings.py, which says how they are made.
mod random_strings {
    use super::golden;

    pub const COUNT: u64 = 10_000;
    const SEED: u64 = 0x51_7a_3c;
    const MAX_SEGMENTS: u64 = 8;
    const MAX_ITEMS: u64 = 10;

    pub enum Item {
        Text(String),
        Range(char, char),
    }

    pub struct Classes(Vec<Vec<Item>>);

    struct SplitMix64(u64);

    impl SplitMix64 {
        fn below(&mut self, choices: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut z = self.0;
            z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (z ^ (z >> 31)) % choices
        }

        fn choose<'c, T>(&mut self, choices: &'c [T]) -> &'c T {
            &choices[self.below(choices.len() as u64) as usize]
        }
    }

    impl Classes {
        pub fn load() -> Self {
            let text = std::fs::read(golden("strings.json")).unwrap();
            let json: serde_json::Value = serde_json::from_slice(&text).unwrap();
            let item = |item: &serde_json::Value| match item {
                serde_json::Value::String(text) => Item::Text(text.clone()),
                range => {
                    let end = |i: usize| range[i].as_str().unwrap().chars().next().unwrap();
                    Item::Range(end(0), end(1))
                }
            };
            let classes = json["classes"].as_object().unwrap().values();
            let items = |class: &serde_json::Value| class.as_array().unwrap().iter().map(item).collect();
            Self(classes.map(items).collect())
        }

        pub fn string(&self, index: u64) -> String {
            let mut random = SplitMix64(SEED + index);
            let mut string = String::new();
            for _ in 0..1 + random.below(MAX_SEGMENTS) {
                let class = random.choose(&self.0);
                for _ in 0..1 + random.below(MAX_ITEMS) {
                    match random.choose(class) {
                        Item::Text(text) => string.push_str(text),
                        Item::Range(first, last) => {
                            let (first, last) = (*first as u64, *last as u64);
                            let code = first + random.below(last - first + 1);
                            string.push(char::from_u32(code as u32).unwrap());
                        }
                    }
                }
            }
            string
        }
    }
}

/// Six bytes as in the .ids files: number of ids and FNV-1a hash.
fn record(ids: &[u32]) -> [u8; 6] {
    let mut fnv = 0x811c_9dc5u32;
    for byte in ids.iter().flat_map(|id| id.to_le_bytes()) {
        fnv = (fnv ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    }
    let mut record = [0; 6];
    record[..2].copy_from_slice(&(ids.len() as u16).to_le_bytes());
    record[2..].copy_from_slice(&fnv.to_le_bytes());
    record
}

fn check_random_strings(name: &str, vocab: &Vocab, pre: &str) {
    let expected = std::fs::read(golden(&format!("{name}.ids"))).unwrap();
    assert_eq!(expected.len() as u64, random_strings::COUNT * 6);
    let classes = random_strings::Classes::load();
    with_tokenizer(vocab, pre, |tokenizer| {
        for (index, expected) in (0..).zip(expected.chunks_exact(6)) {
            let special = if index % 2 == 0 { Special::AsText } else { Special::Parse };
            let text = classes.string(index);
            let ids = tokenizer.encode(&text, special);
            assert_eq!(
                record(&ids),
                expected,
                "string {index} {text:?} gave {ids:?}; `make.py TIKTOKEN {name} {index}` shows what is expected"
            );
        }
    });
}

#[test]
fn random_strings_small_qwen2() {
    check_random_strings("small-qwen2", &small_vocab(), "qwen2");
}

#[test]
fn random_strings_small_qwen35() {
    check_random_strings("small-qwen35", &small_vocab(), "qwen35");
}

#[test]
fn random_strings_full_qwen2() {
    if let Some(vocab) = full_vocab() {
        check_random_strings("full-qwen2", &vocab, "qwen2");
    }
}

#[test]
fn public_vectors() {
    let (Some(vocab), Some(texts), Some(ids)) = (full_vocab(), shared("tokenizer/qwen2.inp"), shared("tokenizer/qwen2.out")) else {
        return;
    };
    let texts = std::fs::read_to_string(texts).unwrap();
    let ids = std::fs::read_to_string(ids).unwrap();
    let texts: Vec<&str> = texts.split("\n__ggml_vocab_test__\n").collect();
    let ids: Vec<Vec<u32>> = ids
        .split('\n')
        .map(|line| {
            let ids = line.split_whitespace();
            ids.map(|id| id.parse().unwrap()).collect()
        })
        .collect();
    assert_eq!(texts.len(), ids.len());
    with_tokenizer(&vocab, "qwen2", |tokenizer| {
        for (text, ids) in texts.iter().zip(&ids) {
            assert_eq!(&tokenizer.encode(text, Special::AsText), ids, "{text:?}");
        }
    });
}

#[test]
fn a_megabyte_of_anything_takes_no_time() {
    const BYTES: usize = 1 << 20;
    // Far above what any of them takes, even under an emulator; a quadratic step would take hours.
    const LIMIT: Duration = Duration::from_secs(15);
    let units = [
        " ",
        "\n",
        " \n",
        "\t ",
        "a",
        "'",
        "'s",
        "9",
        "!",
        "<",
        "<|",
        "<|im_end|>",
        "é",
        "e\u{301}",
        "\u{301}",
        "世",
        "😀",
        "\u{1100}\u{1161}",
        "\u{a0}",
        "the ",
        "ab",
    ];
    with_small(|tokenizer| {
        for unit in units {
            let text = unit.repeat(BYTES / unit.len());
            let start = Instant::now();
            let ids = tokenizer.encode(&text, Special::Parse);
            let took = start.elapsed();
            assert!(took < LIMIT, "1 MB of {unit:?} took {took:?}");
            assert!(!ids.is_empty());
        }
    });
}

#[test]
fn user_defined_tokens_are_found_in_any_text_and_control_tokens_only_when_parsed() {
    let vocab = small_vocab();
    let id = |text: &str| vocab.id(text).unwrap();
    with_small(|tokenizer| {
        let text = "<think><|im_end|>";
        let parsed = tokenizer.encode(text, Special::Parse);
        assert_eq!(parsed, [id("<think>"), id("<|im_end|>")]);
        let plain = tokenizer.encode(text, Special::AsText);
        assert_eq!(plain[0], id("<think>"));
        assert!(plain[1..].iter().all(|&id| id < 974), "{plain:?}");
        assert_eq!(tokenizer.decode(&plain), text);
        assert!(tokenizer.is_control(id("<|im_end|>")));
        assert!(!tokenizer.is_control(id("<think>")));
        assert!(!tokenizer.is_control(u32::MAX));
    });
}

#[test]
fn tokens_that_end_an_answer() {
    let vocab = small_vocab();
    let id = |text: &str| vocab.id(text).unwrap();
    let mut header = header(&vocab);
    header.put("tokenizer.ggml.eos_token_id", Value::U32(7));
    header.put("tokenizer.ggml.bos_token_id", Value::U32(id("<|endoftext|>")));
    header.put("tokenizer.ggml.add_bos_token", Value::Bool(true));
    let bytes = file(header);
    let gguf = Gguf::parse(&[&bytes]).unwrap();
    let tokenizer = Tokenizer::from_gguf(&gguf).unwrap();
    let mut expected = ["<|im_end|>", "<|endoftext|>", "<|fim_pad|>", "<|repo_name|>", "<|file_sep|>"].map(id).to_vec();
    expected.push(7);
    expected.sort_unstable();
    assert_eq!(tokenizer.eog(), expected);
    assert_eq!(tokenizer.bos(), Some(id("<|endoftext|>")));
    assert!(tokenizer.add_bos());
}

/// What reading a file says whose vocabulary and header were tampered with.
fn refusal(vocab: &Vocab, put: impl FnOnce(&mut qwark::gguf::Header)) -> TokenizerError {
    let mut header = header(vocab);
    put(&mut header);
    let bytes = file(header);
    let gguf = Gguf::parse(&[&bytes]).unwrap();
    Tokenizer::from_gguf(&gguf).unwrap_err()
}

#[test]
fn refusals_name_the_fault() {
    let good = small_vocab();
    let changed = |change: &dyn Fn(&mut Vocab)| {
        let mut vocab = good.clone();
        change(&mut vocab);
        vocab
    };

    let error = refusal(&good, |h| h.put("tokenizer.ggml.pre", Value::Str("llama-bpe")));
    assert_eq!(error, TokenizerError::UnknownPreTokenizer("llama-bpe".into()));
    assert!(error.to_string().contains("qwen2, qwen35"), "{error}");

    let vocab = changed(&|v| v.tokens[0] = "gone".into());
    assert!(matches!(refusal(&vocab, |_| ()), TokenizerError::MissingByte(b'!')));

    let vocab = changed(&|v| v.types.truncate(10));
    let error = TokenizerError::TypeCount { types: 10, tokens: 1000 };
    assert_eq!(refusal(&vocab, |_| ()), error);

    let vocab = changed(&|v| v.types[3] = 77);
    assert_eq!(refusal(&vocab, |_| ()), TokenizerError::UnknownType { id: 3, found: 77 });

    let faults = [("xy", MergeFault::NotAPair), ("Ġzzz t", MergeFault::Merged), ("the zzz", MergeFault::Merged)];
    for (merge, expected) in faults {
        let vocab = changed(&|v| v.merges[5] = merge.into());
        let error = refusal(&vocab, |_| ());
        assert!(matches!(&error, TokenizerError::Merge { rank: 5, fault, .. } if *fault == expected), "{error}");
    }
    let vocab = changed(&|v| {
        v.tokens[500] = "zzz".into();
        v.merges = vec!["zz z".into()];
    });
    let error = refusal(&vocab, |_| ());
    assert!(matches!(error, TokenizerError::Merge { rank: 0, fault: MergeFault::Left, .. }));

    let error = refusal(&good, |h| h.put("tokenizer.ggml.eos_token_id", Value::U32(1000)));
    let key = "tokenizer.ggml.eos_token_id";
    assert_eq!(error, TokenizerError::TokenId { key, id: 1000, tokens: 1000 });

    let error = refusal(&good, |h| h.put("tokenizer.ggml.add_bos_token", Value::Bool(true)));
    assert!(error.to_string().contains("tokenizer.ggml.bos_token_id"), "{error}");
}

#[test]
fn another_model_is_refused_by_name() {
    let mut header = qwark::gguf::Header::new();
    header.put("tokenizer.ggml.model", Value::Str("llama"));
    let bytes = file(header);
    let gguf = Gguf::parse(&[&bytes]).unwrap();
    let error = Tokenizer::from_gguf(&gguf).unwrap_err();
    assert_eq!(error, TokenizerError::UnknownModel("llama".into()));
}

#[test]
fn a_file_without_pre_tokenizer_is_an_old_qwen2() {
    let bytes = file(header(&small_vocab()));
    let gguf = Gguf::parse(&[&bytes]).unwrap();
    let tokenizer = Tokenizer::from_gguf(&gguf).unwrap();
    let text = "e\u{30d}a नमस्ते";
    let expected = with_small(|tokenizer| tokenizer.encode(text, Special::AsText));
    assert_eq!(tokenizer.encode(text, Special::AsText), expected);
}

proptest! {
    /// However a stream of bytes is cut, it gives the text of the whole.
    #[test]
    fn a_stream_gives_the_same_text_however_it_is_cut(
        chunks in proptest::collection::vec(broken_utf8(), 0..20)
    ) {
        let whole = String::from_utf8_lossy(&chunks.concat()).into_owned();
        let mut stream = Utf8Stream::new();
        let mut text = String::new();
        for chunk in &chunks {
            text.push_str(stream.push(chunk));
            prop_assert!(whole.starts_with(&text));
        }
        text.push_str(&stream.finish());
        prop_assert_eq!(text, whole);
    }

    /// Whatever is encoded comes back, in normal form C.
    #[test]
    fn text_comes_back(text in any::<String>()) {
        use unicode_normalization::UnicodeNormalization;
        let nfc: String = text.nfc().collect();
        with_small(|tokenizer| {
            for special in [Special::AsText, Special::Parse] {
                prop_assert_eq!(&tokenizer.decode(&tokenizer.encode(&text, special)), &nfc);
            }
            Ok(())
        })?;
    }

    /// Tokens shown one by one give the text of all of them.
    #[test]
    fn any_tokens_stream_as_they_decode(ids in proptest::collection::vec(0..1000u32, 0..40)) {
        with_small(|tokenizer| {
            let mut stream = Utf8Stream::new();
            let mut text = String::new();
            for &id in &ids {
                text.push_str(stream.push(&tokenizer.token_bytes(id).unwrap()));
            }
            text.push_str(&stream.finish());
            prop_assert_eq!(text, tokenizer.decode(&ids));
            Ok(())
        })?;
    }
}

/// A few bytes, of which many are parts of characters.
fn broken_utf8() -> impl Strategy<Value = Vec<u8>> {
    let part = prop_oneof![
        any::<char>().prop_map(|c| c.to_string().into_bytes()),
        (any::<char>(), 1..4usize).prop_map(|(c, len)| {
            let mut bytes = c.to_string().into_bytes();
            bytes.truncate(len);
            bytes
        }),
        any::<u8>().prop_map(|byte| vec![byte]),
    ];
    proptest::collection::vec(part, 0..3).prop_map(|parts| parts.concat())
}
