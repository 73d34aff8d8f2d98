//! A file of real size, made by another program: 0.5 billion weights under the real vocabulary.
//!
//! The file comes from `../shared/tools/make_model.py`, which needs Python with numpy and gguf. Where it is absent, the test says so
//! and is skipped; `QWARK_REAL_SHAPE` may name such a file.

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use common::qwark;
use qwark::engine::{Engine, EngineOptions, Row};
use qwark::gguf::Mapping;
use qwark::runtime::Opened;
use qwark::tokenizer::Special;
use qwark_kernels::{Kernels, KvDType, Position};

const MAKER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/tools/make_model.py");

/// The file, for all tests of this process.
static FILE: LazyLock<Option<PathBuf>> = LazyLock::new(file);

/// Names the file, and makes it in the build's folder where it is not there yet.
fn file() -> Option<PathBuf> {
    if let Some(path) = std::env::var_os("QWARK_REAL_SHAPE") {
        return Some(path.into());
    }
    if !Path::new(MAKER).exists() {
        println!("skipped: there is no {MAKER}");
        return None;
    }
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("qwen2.5-0.5b.gguf");
    if !path.exists() {
        let part = path.with_extension("part");
        let made = Command::new("python3").arg(MAKER).arg("qwen2.5-0.5b").arg(&part).output().expect("python3 starts");
        let error = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "{MAKER} needs Python with numpy and gguf, or QWARK_REAL_SHAPE names such a file: {error}");
        std::fs::rename(part, &path).expect("the file can be renamed");
    }
    Some(path)
}

#[test]
fn it_is_mapped_and_answers_alike_in_one_batch_and_token_by_token() {
    let Some(path) = &*FILE else { return };
    let mapping = Mapping::open(path).expect("it can be mapped");
    let opened = Opened::new(&mapping).expect("it is sound");
    let c = &opened.model.config;
    assert_eq!((c.vocab, c.hidden, c.layers, c.heads, c.kv_heads, c.head_dim, c.ffn), (151_936, 896, 24, 14, 2, 64, 4864));
    // The published ids of a published vocabulary.
    assert_eq!(opened.tokenizer.encode("Hello world", Special::AsText), [9707, 1879]);

    let options = EngineOptions { kernels: Kernels::detect(), threads: 2, kv: KvDType::F16, context: 64, sequences: 2, outputs: 1 };
    let mut engine = Engine::new(&opened.model, options).expect("it fits");
    let tokens = opened.tokenizer.encode("The rover drives forward and turns left at the door.", Special::AsText);
    let rows = |seq: usize| -> Vec<Row> {
        let last = tokens.len() - 1;
        (0..).zip(&tokens).map(|(pos, &token)| Row { token, at: Position { seq, pos }, logits: pos == last }).collect()
    };
    let whole = engine.forward(&rows(0)).expect("in range").to_vec();
    let mut single = Vec::new();
    for row in rows(1) {
        single = engine.forward(&[row]).expect("in range").to_vec();
    }
    assert!(whole.iter().all(|x| x.is_finite()));
    assert!(whole.iter().zip(&single).all(|(a, b)| a.to_bits() == b.to_bits()));
}

#[test]
fn memory_stays_near_the_size_of_the_file() {
    let Some(path) = &*FILE else { return };
    let output =
        qwark().args(["bench", "-p", "64", "-n", "4", "-r", "1", "-t", "2", "--json", "-m"]).arg(path).output().expect("it starts");
    let report: serde_json::Value = serde_json::from_str(&common::stdout(output)).expect("one JSON object");
    let bytes = |key: &str| report[key].as_u64().expect("bytes");
    assert!(bytes("rss_bytes") <= bytes("file_bytes") + 120_000_000, "{report}");
    assert!(bytes("anon_bytes") <= 120_000_000, "{report}");
}
