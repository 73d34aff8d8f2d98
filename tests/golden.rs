//! Logits and greedy answers of small models against Hugging Face transformers. `golden/README.md` says how they were made.

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use half::f16;
use qwark::engine::{BatchError, Engine, EngineError, EngineOptions, Head, MAX_BATCH, Row};
use qwark::generation::GenerationParams;
use qwark::gguf::Mapping;
use qwark::model::{Arch, Model};
use qwark::pack::pack;
use qwark::runtime::{OpenOptions, Opened, Prompt, Reply, Request};
use qwark::sampler::{Sampler, SamplingParams};
use qwark::scheduler::{ClientId, RequestKey};
use qwark_kernels::{DType, Kernels, KvCacheError, KvDType, Position};
use qwark_wire::Reason;
use serde::Deserialize;

/// What a q8_0 KV cache may add to the error of a model: twice what it was seen to add to the worst of them.
const KV_Q8_0_NMSE: f64 = 3e-4;

/// Size of the small vocabulary, which most of the models have cut down.
const WHOLE_VOCAB: usize = 1000;

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
    /// Of the models that are F32 throughout.
    #[serde(default)]
    greedy: Vec<Continuation>,
}

/// What follows a prompt where transformers takes the likeliest token each time, cut before the first near-tie.
#[derive(Deserialize)]
struct Continuation {
    prompt: Vec<u32>,
    tokens: Vec<u32>,
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

    /// Calls `f` with the model, plain and packed.
    fn with_opened(&self, mut f: impl FnMut(&Opened<'_>)) {
        let plain = Mapping::open(&file(&self.model)).unwrap();
        let opened = Opened::new(&plain).unwrap();
        f(&opened);
        let packed = tempfile::NamedTempFile::new().unwrap();
        pack(&opened.gguf, packed.path(), |_, _| ()).unwrap();
        f(&Opened::new(&Mapping::open(packed.path()).unwrap()).unwrap());
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
        golden.with_opened(|opened| Kernels::available().for_each(|kernels| check(&golden, &opened.model, kernels)));
    }
}

/// Calls `check` for every greedy continuation and every instruction set of this CPU.
fn for_each_continuation(mut check: impl FnMut(&Golden, &Continuation, &Opened<'_>, Kernels)) {
    for golden in Golden::all() {
        golden.with_opened(|opened| {
            for kernels in Kernels::available() {
                golden.greedy.iter().for_each(|continuation| check(&golden, continuation, opened, kernels));
            }
        });
    }
}

#[test]
fn the_golden_models_cover_types_and_scalings() {
    let all = Golden::all();
    for arch in Arch::ALL {
        let of_arch: Vec<&Golden> = all.iter().filter(|g| g.arch == arch.name()).collect();
        for dtype in DType::ALL {
            assert!(of_arch.iter().any(|g| g.types == [dtype.name()]), "no {} of {dtype} alone", arch.name());
        }
        for rope in ["none", "linear", "yarn"] {
            assert!(of_arch.iter().any(|g| g.rope == rope), "no {} with rope scaling {rope}", arch.name());
        }
        let longest = of_arch.iter().flat_map(|g| &g.greedy).map(|c| c.tokens.len()).max();
        assert!(longest >= Some(24), "{}: the longest greedy answer has {longest:?} tokens", arch.name());
    }
    for dtype in DType::ALL {
        assert!(all.iter().any(|g| g.types.len() > 2 && g.types.iter().any(|t| t == dtype.name())), "{dtype} is never mixed");
    }
    assert!(all.iter().any(|g| g.vocab == WHOLE_VOCAB && !g.greedy.is_empty()), "no greedy answer with the whole vocabulary");
}

#[test]
fn the_golden_models_cover_awkward_shapes() {
    /// What a shape is, and whether a model has it.
    type Shape = (&'static str, fn(&Model<'_>) -> bool);
    const SHAPES: [Shape; 8] = [
        ("a tied head", |m| m.own_head.is_none()),
        ("a head of its own", |m| m.own_head.is_some()),
        ("several heads on 1 KV head", |m| m.config.kv_heads == 1 && m.config.heads > 1),
        ("14 heads on 2 KV heads", |m| (m.config.heads, m.config.kv_heads) == (14, 2)),
        ("as many KV heads as heads", |m| m.config.kv_heads == m.config.heads),
        // Qwen2's are: its files need not state the head size.
        ("heads that are not as wide as the model", |m| m.config.arch == Arch::Qwen2 || m.config.q_width() != m.config.hidden),
        ("a width that is no multiple of 32", |m| !m.config.hidden.is_multiple_of(32)),
        ("an odd vocabulary", |m| !m.config.vocab.is_multiple_of(2)),
    ];
    let mut missing: Vec<(Arch, Shape)> = Arch::ALL.into_iter().flat_map(|arch| SHAPES.map(|shape| (arch, shape))).collect();
    for golden in Golden::all() {
        golden.with_opened(|Opened { model, .. }| missing.retain(|(arch, (_, has))| *arch != model.config.arch || !has(model)));
    }
    let missing: Vec<_> = missing.iter().map(|(arch, (what, _))| format!("{}: {what}", arch.name())).collect();
    assert!(missing.is_empty(), "no golden model has {missing:?}");
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
fn logits_among_some_tokens_are_those_among_all() {
    for_each(|golden, model, kernels| {
        let batch = rows(&golden.tokens);
        let options = options(kernels, batch.len());
        let whole = run(model, options, &[&batch]);
        // Every share of the vocabulary from nothing to all, on both sides of where everything is computed.
        let among: Vec<Vec<u32>> =
            (0..batch.len()).map(|i| (0..golden.vocab as u32).filter(|&token| token as usize % (1 + i * i) == i).collect()).collect();
        let heads: Vec<Head<'_>> = among.iter().enumerate().map(|(i, t)| if i % 5 == 4 { Head::All } else { Head::Among(t) }).collect();
        let mut engine = Engine::new(model, options).unwrap();
        // Few and many of them, and many only, which are computed together.
        let many: Vec<Head<'_>> =
            heads.iter().map(|head| if head.room(golden.vocab) == golden.vocab { *head } else { Head::All }).collect();
        for heads in [&heads, &many] {
            let found = engine.forward_among(&batch, heads).unwrap();
            let wanted = heads.iter().zip(whole.chunks_exact(golden.vocab)).flat_map(|(head, whole)| match head {
                Head::All => whole.to_vec(),
                Head::Among(tokens) => tokens.iter().map(|&token| whole[token as usize]).collect(),
            });
            assert!(bits(found) == bits(&wanted.collect::<Vec<f32>>()), "{}, {}", golden.model.display(), kernels.isa());
        }
        assert_eq!(
            engine.forward_among(&batch, &heads[1..]).unwrap_err().to_string(),
            format!("{0} rows want logits, and it is told of {1} which", heads.len(), heads.len() - 1)
        );
        for bad in [&[3, 2][..], &[2, 2], &[golden.vocab as u32]] {
            let heads = vec![Head::Among(bad); batch.len()];
            assert_eq!(engine.forward_among(&batch, &heads), Err(BatchError::Among));
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

#[test]
fn greedy_decoding_is_that_of_transformers() {
    for_each_continuation(|golden, Continuation { prompt, tokens }, opened, kernels| {
        let options = EngineOptions { outputs: 1, ..options(kernels, prompt.len() + tokens.len()) };
        let mut engine = Engine::new(&opened.model, options).unwrap();
        let mut sampler = Sampler::new(SamplingParams::greedy(), prompt).unwrap();
        let mut batch = rows(prompt);
        for row in batch.iter_mut().rev().skip(1) {
            row.logits = false;
        }
        let mut found = Vec::new();
        while found.len() < tokens.len() {
            let token = sampler.sample(engine.forward(&batch).unwrap());
            batch = vec![row(0, prompt.len() + found.len(), token)];
            found.push(token);
        }
        assert_eq!(&found, tokens, "{}, {}, after {prompt:?}", golden.model.display(), kernels.isa());
    });
}

#[test]
fn the_runtime_answers_as_transformers() {
    for_each_continuation(|golden, Continuation { prompt, tokens }, opened, kernels| {
        let mut runtime = opened.runtime(&OpenOptions { isa: Some(kernels.isa()), ..OpenOptions::default() }).unwrap();
        let params = GenerationParams {
            sampling: SamplingParams::greedy(),
            max_tokens: tokens.len(),
            ignore_eos: true,
            ..GenerationParams::default()
        };
        let request = Request::new(Prompt::Tokens(prompt.clone()), params);
        runtime.submit(RequestKey { client: ClientId(1), id: 1 }, &request, Instant::now()).unwrap();
        let (mut answer, mut end) = (String::new(), None);
        while end.is_none() {
            let mut emit = |reply| match reply {
                Reply::Text { text, .. } => answer += &text,
                Reply::Done { finished, .. } => end = Some((finished.reason, finished.output_tokens)),
            };
            assert!(runtime.step(|_| true, &mut emit).unwrap(), "nothing to do before the end");
        }
        let wanted: Vec<u32> = tokens.iter().copied().filter(|&token| !opened.tokenizer.is_control(token)).collect();
        assert_eq!(answer, opened.tokenizer.decode(&wanted), "{}, {}, after {prompt:?}", golden.model.display(), kernels.isa());
        assert_eq!(end, Some((Reason::Length, tokens.len())));
    });
}
