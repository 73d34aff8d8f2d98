//! Logits of small models against Hugging Face transformers. `golden/README.md` says how models and logits were made.

use std::fs;
use std::path::PathBuf;

use half::f16;
use qwark::engine::{Engine, EngineError, EngineOptions, MAX_BATCH, Row};
use qwark::gguf::{Gguf, Mapping};
use qwark::model::{Arch, Model};
use qwark_kernels::{DType, Kernels, KvCacheError, KvDType, Position};
use serde::Deserialize;

/// What a q8_0 KV cache may add to the error of a model: twice what it was seen to add to the worst of them.
const KV_Q8_0_NMSE: f64 = 3e-4;

/// One entry of `index.json`.
#[derive(Deserialize)]
struct Golden {
    model: PathBuf,
    logits: PathBuf,
    arch: String,
    types: Vec<String>,
    rope: String,
    vocab: usize,
    tokens: Vec<u32>,
    /// The largest normalised mean squared error of the logits.
    limit: f64,
}

impl Golden {
    fn all() -> Vec<Golden> {
        serde_json::from_str(&fs::read_to_string(file("index.json")).unwrap()).unwrap()
    }

    /// transformers' logits, `[tokens, vocab]`.
    fn wanted(&self) -> Vec<f32> {
        let bytes = fs::read(file(&self.logits)).unwrap();
        let wanted: Vec<f32> = bytes.as_chunks().0.iter().map(|&b| f16::from_le_bytes(b).to_f32()).collect();
        assert_eq!(wanted.len(), self.tokens.len() * self.vocab, "{}", self.logits.display());
        wanted
    }

    fn with_model<T>(&self, f: impl FnOnce(&Model<'_>) -> T) -> T {
        let mapping = Mapping::open(&file(&self.model)).unwrap();
        let gguf = Gguf::parse(&mapping.parts()).unwrap();
        f(&Model::load(&gguf).unwrap())
    }
}

fn file(name: impl Into<PathBuf>) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/models")).join(name.into())
}

fn options(kernels: Kernels, context: usize) -> EngineOptions {
    EngineOptions { kernels, threads: 2, kv: KvDType::F16, context, sequences: 2, outputs: MAX_BATCH }
}

fn row(seq: usize, pos: usize, token: u32) -> Row {
    Row { token, at: Position { seq, pos }, logits: true }
}

/// Logits of every row of `batches`, one after the other.
fn run(model: &Model<'_>, options: EngineOptions, batches: &[&[Row]]) -> Vec<f32> {
    let mut engine = Engine::new(model, options).unwrap();
    batches.iter().flat_map(|batch| engine.forward(batch).unwrap().to_vec()).collect()
}

/// The whole text in one batch of sequence 0.
fn rows(tokens: &[u32]) -> Vec<Row> {
    tokens.iter().enumerate().map(|(pos, &token)| row(0, pos, token)).collect()
}

/// Normalised mean squared error: sum (found - wanted)² / sum wanted².
fn nmse(found: &[f32], wanted: &[f32]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let error: f64 = found.iter().zip(wanted).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum();
    error / wanted.iter().map(|&b| f64::from(b).powi(2)).sum::<f64>()
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|v| v.to_bits()).collect()
}

/// Calls `check` for every golden model and every instruction set of this CPU.
fn for_each(mut check: impl FnMut(&Golden, &Model<'_>, Kernels)) {
    for golden in Golden::all() {
        golden.with_model(|model| Kernels::available().for_each(|kernels| check(&golden, model, kernels)));
    }
}

#[test]
fn the_golden_models_cover_what_is_supported() {
    let all = Golden::all();
    for dtype in DType::ALL {
        assert!(all.iter().any(|g| g.types == [dtype.name()]), "no model of {dtype} alone");
        assert!(all.iter().any(|g| g.types.len() > 2 && g.types.iter().any(|t| t == dtype.name())), "{dtype} is never mixed");
    }
    for arch in Arch::ALL {
        for rope in ["none", "yarn"] {
            assert!(all.iter().any(|g| g.arch == arch.name() && g.rope == rope), "no {} with rope scaling {rope}", arch.name());
        }
    }
    assert!(all.iter().any(|g| g.rope == "linear"));
}

#[test]
fn logits_are_those_of_transformers() {
    let mut worse = Vec::new();
    for_each(|golden, model, kernels| {
        let found = run(model, options(kernels, golden.tokens.len()), &[&rows(&golden.tokens)]);
        let error = nmse(&found, &golden.wanted());
        let line = format!("{:24}{:8} NMSE {error:.2e}, limit {:.2e}", golden.model.display(), kernels.isa(), golden.limit);
        println!("{line}");
        if error.is_nan() || error > golden.limit {
            worse.push(line);
        }
    });
    assert!(worse.is_empty(), "worse than the limit:\n{}", worse.join("\n"));
}

#[test]
fn an_int8_kv_cache_costs_little() {
    for_each(|golden, model, kernels| {
        let name = golden.model.display();
        let options = EngineOptions { kv: KvDType::Q8_0, ..options(kernels, golden.tokens.len()) };
        if model.config.head_dim % 32 != 0 {
            let refused = Engine::new(model, options).err();
            assert!(matches!(refused, Some(EngineError::KvCache(KvCacheError::HeadDim { .. }))), "{name}: {refused:?}");
            return;
        }
        let error = nmse(&run(model, options, &[&rows(&golden.tokens)]), &golden.wanted());
        println!("{name:24}{:8} NMSE {error:.2e}", kernels.isa());
        assert!(error <= golden.limit + KV_Q8_0_NMSE, "{name}, {}: NMSE {error:.2e}", kernels.isa());
    });
}

#[test]
fn the_thread_count_changes_no_bit() {
    for_each(|golden, model, kernels| {
        let batch = rows(&golden.tokens);
        let run_on = |threads| bits(&run(model, EngineOptions { threads, ..options(kernels, batch.len()) }, &[&batch]));
        let one = run_on(1);
        for threads in [2, 3] {
            assert!(run_on(threads) == one, "{}, {}: {threads} threads differ from 1", golden.model.display(), kernels.isa());
        }
    });
}

#[test]
fn the_split_of_a_prompt_changes_no_bit() {
    for_each(|golden, model, kernels| {
        let batch = rows(&golden.tokens);
        let options = options(kernels, batch.len());
        let whole = bits(&run(model, options, &[&batch]));
        for size in [1, 3, 8, 17] {
            let split: Vec<&[Row]> = batch.chunks(size).collect();
            assert!(bits(&run(model, options, &split)) == whole, "{}, {}: batches of {size} differ", golden.model.display(), kernels.isa());
        }
    });
}

#[test]
fn a_neighbour_in_the_batch_changes_no_bit() {
    for_each(|golden, model, kernels| {
        let tokens = &golden.tokens[..golden.tokens.len().min(MAX_BATCH / 2)];
        let options = options(kernels, tokens.len());
        let alone = bits(&run(model, options, &[&rows(tokens)]));
        // Sequence 1 is the same text backwards; the rows of the two alternate.
        let both: Vec<Row> =
            (0..).zip(tokens.iter().zip(tokens.iter().rev())).flat_map(|(pos, (&a, &b))| [row(0, pos, a), row(1, pos, b)]).collect();
        let found = run(model, options, &[&both]);
        let first: Vec<f32> = found.chunks_exact(golden.vocab).step_by(2).flatten().copied().collect();
        assert!(bits(&first) == alone, "{}, {}", golden.model.display(), kernels.isa());
    });
}
