//! Snapshots of a prompt's beginning: the same bits as without, and never those of a damaged file or of another prompt.

mod common;

use std::fs;
use std::process::Command;
use std::time::Instant;

use qwark::cache::{Cache, State};
use qwark::engine::{Engine, EngineOptions, Row};
use qwark::generation::GenerationParams;
use qwark::gguf::Mapping;
use qwark::runtime::{OpenOptions, Opened, Prompt, Reply, Request, Runtime};
use qwark::sampler::SamplingParams;
use qwark::scheduler::{ClientId, RequestKey};
use qwark::snapshot::{Came, attach};
use qwark_kernels::{Kernels, KvDType, Position};

fn tokens(seed: u32, count: usize) -> Vec<u32> {
    (0..count as u32).map(|i| (seed + i).wrapping_mul(2_654_435_761) >> 16).map(|token| token % 900).collect()
}

fn options(kv: KvDType) -> EngineOptions {
    EngineOptions { kernels: Kernels::detect(), threads: 2, kv, context: 300, sequences: 2, outputs: 8 }
}

/// The logits behind the last of `tokens`, of which the first `from` are in the cache.
fn logits(engine: &mut Engine<'_>, seq: usize, tokens: &[u32], from: usize) -> Vec<u32> {
    let last = tokens.len() - 1;
    let rows: Vec<Row> =
        (from..tokens.len()).map(|pos| Row { token: tokens[pos], at: Position { seq, pos }, logits: pos == last }).collect();
    let mut found = Vec::new();
    for batch in rows.chunks(100) {
        found = engine.forward(batch).expect("sound").iter().map(|logit| logit.to_bits()).collect();
    }
    found
}

#[test]
fn what_follows_a_snapshot_has_the_same_bits() {
    let mapping = Mapping::open(common::model()).expect("a model");
    let opened = Opened::new(&mapping).expect("sound");
    let dir = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(dir.path().to_owned(), 4_000_000_000);
    for kv in KvDType::ALL {
        for count in [1, 63, 64, 65, 130, 256] {
            let beginning = tokens(count as u32, count);
            let whole: Vec<u32> = beginning.iter().copied().chain(tokens(7, 20)).collect();
            let wanted = logits(&mut Engine::new(&opened.model, options(kv)).expect("it fits"), 0, &whole, 0);
            for came in [Came::Computed, Came::Mapped] {
                let mut engine = Engine::new(&opened.model, options(kv)).expect("it fits");
                assert_eq!(attach(&mut engine, &mapping, &cache, &beginning, |_| ()).expect("a snapshot"), came);
                for seq in [0, 1] {
                    engine.begin_with_prefix(seq, true);
                    assert!(logits(&mut engine, seq, &whole, count) == wanted, "{kv}, {count} tokens, sequence {seq}, {came:?}");
                }
                // And a sequence that no longer begins so.
                engine.begin_with_prefix(1, false);
                let other = tokens(99, 150);
                let plain = logits(&mut Engine::new(&opened.model, options(kv)).expect("it fits"), 1, &other, 0);
                assert!(logits(&mut engine, 1, &other, 0) == plain);
                assert!(logits(&mut engine, 0, &whole, count) == wanted);
            }
        }
    }
}

#[test]
fn a_damaged_snapshot_is_made_anew() {
    let mapping = Mapping::open(common::model()).expect("a model");
    let opened = Opened::new(&mapping).expect("sound");
    let dir = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(dir.path().to_owned(), 4_000_000_000);
    let beginning = tokens(1, 70);
    let try_to = || {
        let mut engine = Engine::new(&opened.model, options(KvDType::F16)).expect("it fits");
        attach(&mut engine, &mapping, &cache, &beginning, |_| ())
    };
    let refused = || try_to().expect_err("no snapshot").to_string();
    let attach = || try_to().expect("a snapshot");
    assert_eq!(attach(), Came::Computed);
    let path = cache.entries().expect("readable").pop().expect("a file").path;
    let sound = fs::read(&path).expect("readable");
    let end = sound.len() - 1;
    let flipped = [0, 8, 39, 40, 47, 48, 55, 4096, 5000, 4096 + end / 2, end].map(|at| {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        bytes
    });
    let cut = [0, 1, 55, 4095, 4096, end].map(|length| sound[..length].to_vec());
    let longer = [sound.iter().copied().chain([0]).collect::<Vec<u8>>()];
    for (i, damaged) in flipped.into_iter().chain(cut).chain(longer).enumerate() {
        // Renamed over it, as the old one may be mapped.
        let new = dir.path().join("new");
        fs::write(&new, damaged).expect("writable");
        fs::rename(&new, &path).expect("writable");
        assert_eq!(attach(), Came::Computed, "damage {i}");
        assert!(fs::read(&path).expect("readable") == sound, "damage {i}");
        assert_eq!(attach(), Came::Mapped);
    }
    // Nobody writes into this pipe: it is not waited for.
    fs::remove_file(&path).expect("there");
    assert!(Command::new("mkfifo").arg(&path).status().expect("a program").success());
    assert!(refused().ends_with("it is not a regular file"), "{}", refused());
}

#[test]
fn other_tokens_and_settings_have_other_snapshots_within_the_cache_s_limit() {
    let mapping = Mapping::open(common::model()).expect("a model");
    let opened = Opened::new(&mapping).expect("sound");
    let dir = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(dir.path().to_owned(), 4_000_000_000);
    let come = |kv, seed| {
        let mut engine = Engine::new(&opened.model, options(kv)).expect("it fits");
        attach(&mut engine, &mapping, &cache, &tokens(seed, 10), |_| ()).expect("a snapshot")
    };
    assert_eq!([come(KvDType::F16, 1), come(KvDType::F16, 2), come(KvDType::Q8_0, 1)], [Came::Computed; 3]);
    assert_eq!([come(KvDType::F16, 1), come(KvDType::F16, 2), come(KvDType::Q8_0, 1)], [Came::Mapped; 3]);
    let entries = cache.entries().expect("readable");
    assert_eq!(entries.iter().map(|entry| entry.state).collect::<Vec<_>>(), [State::Prompt; 3]);
    // Of three that fit, a fourth takes the place of the one used longest ago.
    let small = Cache::new(dir.path().to_owned(), entries.iter().map(|entry| entry.bytes).sum());
    std::thread::sleep(std::time::Duration::from_millis(20));
    assert_eq!(come(KvDType::F16, 1), Came::Mapped);
    let mut engine = Engine::new(&opened.model, options(KvDType::F16)).expect("it fits");
    assert_eq!(attach(&mut engine, &mapping, &small, &tokens(3, 10), |_| ()).expect("a snapshot"), Came::Computed);
    assert_eq!([come(KvDType::F16, 1), come(KvDType::F16, 3), come(KvDType::F16, 2)], [Came::Mapped, Came::Mapped, Came::Computed]);
    drop(engine);
    assert!(!cache.clear().expect("writable").is_empty());
    assert_eq!(come(KvDType::F16, 1), Came::Computed);
}

/// Answers of `prompts`, several at once, with the tokens of each prompt that were in the cache.
fn answers(runtime: &mut Runtime<'_>, prompts: &[Vec<u32>]) -> Vec<(String, usize)> {
    let mut found = vec![(String::new(), usize::MAX); prompts.len()];
    for (id, prompt) in (0..).zip(prompts) {
        let params =
            GenerationParams { sampling: SamplingParams::greedy(), max_tokens: 6, ignore_eos: true, ..GenerationParams::default() };
        let key = RequestKey { client: ClientId(1), id };
        runtime.submit(key, &Request::new(Prompt::Tokens(prompt.clone()), params), Instant::now()).expect("room");
    }
    while !runtime.is_idle() {
        let mut emit = |reply| match reply {
            Reply::Text { key, text, .. } => found[key.id as usize].0 += &text,
            Reply::Done { finished, .. } => found[finished.key.id as usize].1 = finished.cached_tokens,
        };
        runtime.step(|_| true, &mut emit).expect("sound");
    }
    found
}

#[test]
fn requests_that_begin_alike_answer_as_without_a_snapshot() {
    let mapping = Mapping::open(common::model()).expect("a model");
    let opened = Opened::new(&mapping).expect("sound");
    let dir = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(dir.path().to_owned(), 4_000_000_000);
    let open = || opened.runtime(&OpenOptions { context: Some(300), parallel: 2, spare: 1, ..OpenOptions::default() }).expect("it fits");
    let beginning = tokens(5, 100);
    let with = |extra: &[u32], keep: usize| beginning[..keep].iter().copied().chain(extra.iter().copied()).collect::<Vec<u32>>();
    // Whole and partial beginnings, others, and the beginning alone, in an order that has sequences change between them.
    let prompts: Vec<Vec<u32>> = (0..40u32)
        .map(|i| match i % 6 {
            0 | 3 => with(&tokens(i, 5), 100),
            1 => with(&tokens(i, 9), 70),
            2 => tokens(1000 + i, 30),
            4 => with(&[], 100),
            _ => with(&tokens(3, 60), 100),
        })
        .collect();

    let mut plain = open();
    let mut fast = open();
    let came = fast.begin_with(&beginning, &mapping, &cache, |_| ()).expect("a snapshot");
    assert_eq!(came, Some(Came::Computed));
    for some in prompts.chunks(8) {
        let (wanted, found) = (answers(&mut plain, some), answers(&mut fast, some));
        for ((prompt, (wanted, _)), (found, cached)) in some.iter().zip(&wanted).zip(&found) {
            assert_eq!(found, wanted, "{prompt:?}");
            if prompt.len() > 100 && prompt.starts_with(&beginning) {
                assert!(*cached >= 100, "{cached} tokens of {} were in the cache", prompt.len());
            }
        }
    }
    let mut again = open();
    assert_eq!(again.begin_with(&beginning, &mapping, &cache, |_| ()).expect("a snapshot"), Some(Came::Mapped));
    assert_eq!(answers(&mut again, &prompts[..1])[0].1, 100);
}
