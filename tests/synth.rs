//! Made-up models: what is written is a sound model file of the right shape, types and size.

use std::error::Error;
use std::fs;
use std::path::Path;

use qwark::gguf::{Gguf, Mapping};
use qwark::model::Arch;
use qwark::synth::{self, Quant, SHAPES, Shape, SynthOptions, Vocab};
use qwark_kernels::DType;

type TestResult = Result<(), Box<dyn Error>>;

/// Wide enough for the K types, and else as small as can be.
const TINY: Shape = Shape {
    name: "tiny",
    arch: Arch::Qwen2,
    hidden: 256,
    layers: 2,
    heads: 4,
    kv_heads: 1,
    head_dim: 64,
    ffn: 512,
    context: 1024,
    rope_theta: 1e6,
};

/// The head and the special tokens of a vocabulary.
fn small_vocab() -> Vocab {
    let mut vocab = Vocab::made_up();
    let keep = |id: usize| id < 300 || (151_643..151_669).contains(&id);
    let mut ids = 0..vocab.tokens.len();
    vocab.tokens.retain(|_| ids.next().is_some_and(keep));
    let mut ids = 0..vocab.types.len();
    vocab.types.retain(|_| ids.next().is_some_and(keep));
    vocab.merges.truncate(300 - 256);
    vocab
}

fn write(options: &SynthOptions, path: &Path) -> Result<synth::Summary, synth::SynthError> {
    synth::write_with_vocab(options, &small_vocab(), path, |_, _| {})
}

#[test]
fn every_type_is_written_as_asked() -> TestResult {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("model.gguf");
    for dtype in DType::ALL {
        let options = SynthOptions { embd: Some(dtype), ..SynthOptions::new(TINY, Quant::Uniform(dtype)) };
        let summary = write(&options, &path)?;
        let mapping = Mapping::open(&path)?;
        let gguf = Gguf::parse(&mapping.parts())?;
        assert_eq!((summary.bytes, summary.tensors), (mapping.len_bytes(), gguf.tensors().len()));
        assert_eq!(gguf.tensors().len(), 2 + 2 * 12);
        for tensor in gguf.tensors() {
            let matrix = tensor.dims().len() == 2;
            assert_eq!(tensor.dtype(), if matrix { dtype } else { DType::F32 }, "{}", tensor.name());
        }
        let down = gguf.tensor("blk.1.ffn_down.weight").ok_or("missing")?;
        assert_eq!(down.dims(), [512, 256]);
        // Noise, not zeros or one block over and over.
        let (first, second) = down.data().split_at(down.data().len() / 2);
        assert_ne!(first, second);
        assert!(first.iter().any(|byte| *byte != 0));
    }
    Ok(())
}

#[test]
fn metadata_says_what_is_there() -> TestResult {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("model.gguf");
    for (arch, name) in [(Arch::Qwen2, "qwen2"), (Arch::Qwen3, "qwen3")] {
        let options = SynthOptions { layers: Some(3), ..SynthOptions::new(Shape { arch, ..TINY }, Quant::Q4KM) };
        write(&options, &path)?;
        let mapping = Mapping::open(&path)?;
        let gguf = Gguf::parse(&mapping.parts())?;
        assert_eq!(gguf.str("general.architecture")?, name);
        for (key, value) in [
            ("context_length", 1024),
            ("embedding_length", 256),
            ("block_count", 3),
            ("feed_forward_length", 512),
            ("attention.head_count", 4),
            ("attention.head_count_kv", 1),
        ] {
            assert_eq!(gguf.u32(&format!("{name}.{key}"))?, value, "{key}");
        }
        assert_eq!(gguf.f32(&format!("{name}.rope.freq_base"))?, 1e6);
        let qwen3 = arch == Arch::Qwen3;
        assert_eq!(gguf.opt_u32(&format!("{name}.attention.key_length"))?, qwen3.then_some(64));
        assert_eq!(gguf.tensor("blk.2.attn_q_norm.weight").map(|norm| norm.cols()), qwen3.then_some(64));
        assert_eq!(gguf.tensor("blk.2.attn_k.bias").map(|bias| bias.cols()), (!qwen3).then_some(64));
        assert_eq!(gguf.str("tokenizer.ggml.model")?, "gpt2");
        assert_eq!(gguf.strs("tokenizer.ggml.tokens")?.len(), 326);
        assert_eq!(gguf.i32s("tokenizer.ggml.token_type")?.len(), 326);
        assert_eq!(gguf.u32("tokenizer.ggml.eos_token_id")?, 302);
        assert!(gguf.get("tokenizer.chat_template").is_none());
        // Half of Q4_K_M's sensitive matrices, and the head, have more bits.
        let dtype = |name: &str| gguf.tensor(name).map(|tensor| tensor.dtype());
        assert_eq!(dtype("token_embd.weight"), Some(DType::Q6K));
        assert_eq!(dtype("blk.0.ffn_up.weight"), Some(DType::Q4K));
        assert_eq!(dtype("blk.0.ffn_down.weight"), Some(DType::Q4K));
        assert_eq!(dtype("blk.2.ffn_down.weight"), Some(DType::Q6K));
        assert!(gguf.tensor("output.weight").is_none());
    }
    Ok(())
}

#[test]
fn one_seed_gives_one_file() -> TestResult {
    let dir = tempfile::tempdir()?;
    let file = |seed: u64| -> Result<Vec<u8>, Box<dyn Error>> {
        let path = dir.path().join(seed.to_string());
        let options = SynthOptions { seed, ..SynthOptions::new(TINY, Quant::Uniform(DType::Q4_0)) };
        write(&options, &path)?;
        Ok(fs::read(path)?)
    };
    let first = file(1)?;
    assert_eq!(first, file(1)?);
    assert_ne!(first, file(2)?);
    Ok(())
}

#[test]
fn progress_goes_from_header_to_end() -> TestResult {
    let dir = tempfile::tempdir()?;
    let mut seen = Vec::new();
    let options = SynthOptions::new(TINY, Quant::Uniform(DType::F32));
    let summary =
        synth::write_with_vocab(&options, &small_vocab(), &dir.path().join("model.gguf"), |done, total| seen.push((done, total)))?;
    assert!(seen.is_sorted());
    assert!(seen.iter().all(|(_, total)| *total == summary.bytes));
    assert_eq!(seen.last(), Some(&(summary.bytes, summary.bytes)));
    Ok(())
}

#[test]
fn a_failure_leaves_nothing_behind() -> TestResult {
    let dir = tempfile::tempdir()?;
    let options = SynthOptions::new(TINY, Quant::Uniform(DType::Q4_0));
    let nowhere = dir.path().join("missing/model.gguf");
    let message = |path: &Path| write(&options, path).unwrap_err().to_string();
    assert_eq!(message(&nowhere), format!("{}: cannot be written: No such file or directory (os error 2)", nowhere.display()));
    assert_eq!(message(dir.path()), format!("{}: cannot be written: is a directory", dir.path().display()));
    let none = SynthOptions { layers: Some(0), ..options };
    let path = dir.path().join("model.gguf");
    assert_eq!(write(&none, &path).unwrap_err().to_string(), "0 layers: 1 to 1024 are possible");
    let unread = SynthOptions { vocab: Some(nowhere.clone()), ..SynthOptions::new(TINY, Quant::Q5KM) };
    let error = synth::write(&unread, &path, |_, _| {}).unwrap_err();
    assert_eq!(error.to_string(), format!("{}: cannot be read: No such file or directory (os error 2)", nowhere.display()));
    assert_eq!(fs::read_dir(dir.path())?.count(), 0);
    Ok(())
}

#[test]
fn faulty_vocabularies_are_refused() -> TestResult {
    let dir = tempfile::tempdir()?;
    let path = dir.path().join("vocab.tiktoken");
    for (text, fault) in [
        ("IQ== 0\nIg==\n", "line 2: a token in base64, a space and a rank are expected"),
        ("IQ== 0\nIg== 2\n", "line 2: the ranks do not count up from 0, one per line"),
        ("I!== 0\n", "line 1: the token is not valid base64"),
        (" 0\n", "line 1: the token is empty"),
        ("IQ== 0\n", "1 tokens; the vocabulary of Qwen2 has 151643"),
    ] {
        fs::write(&path, text)?;
        let error = Vocab::from_tiktoken(&path).unwrap_err();
        assert_eq!(error.to_string(), format!("{}: {fault}", path.display()));
    }
    Ok(())
}

/// The real vocabulary, where it is at hand.
#[test]
fn the_real_vocabulary_is_derived() -> TestResult {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/qwen.tiktoken");
    if !path.exists() {
        eprintln!("skipped: {} is not there", path.display());
        return Ok(());
    }
    let vocab = Vocab::from_tiktoken(&path)?;
    assert_eq!((vocab.tokens.len(), vocab.merges.len()), (151_936, 151_643 - 256));
    // The first merges of Qwen2's merges.txt, and two ids that its tokenizer gives.
    assert_eq!(vocab.merges[..3], ["Ġ Ġ", "ĠĠ ĠĠ", "i n"]);
    assert_eq!((vocab.id("Hello"), vocab.id("Ġworld")), (Some(9707), Some(1879)));
    Ok(())
}

#[test]
fn shapes_are_found_by_name() {
    for shape in SHAPES {
        assert_eq!(Shape::named(shape.name), Some(&shape));
        assert!(shape.heads.is_multiple_of(shape.kv_heads), "{}", shape.name);
    }
    assert_eq!(Shape::named("qwen3-8b"), None);
}
