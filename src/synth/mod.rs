//! Model files of real shape with random weights, to time a board before a model is downloaded.
//!
//! Shapes, tensor names and types, metadata and vocabulary size are those of the published models; the weights are noise
//! of the right magnitude, so that the numbers stay in the usual range and what is said is nonsense.

mod blocks;
mod quant;
mod shapes;
mod vocab;

pub use quant::{Quant, UnknownQuant};
pub use shapes::{SHAPES, Shape};
pub use vocab::{Vocab, VocabError};

use std::path::{Path, PathBuf};

use qwark_kernels::DType;
use thiserror::Error;

use crate::gguf::{Header, Value, WriteError};
use crate::model::Arch;
use crate::part_file::{PartFile, SaveError};
use blocks::{Filler, Rng};
use quant::Role;

/// Bytes that are made and written at a time.
const CHUNK_BYTES: usize = 1 << 20;
/// Standard deviation of the values of norms (around 1) and biases (around 0).
const VECTOR_STD: f32 = 0.1;
/// Most layers of a model; the deepest published ones have about 100.
pub const MAX_LAYERS: usize = 1024;
/// What keeps the norms from dividing by zero, in every Qwen model.
const RMS_EPSILON: f32 = 1e-6;

/// What to write.
#[derive(Debug, Clone)]
pub struct SynthOptions {
    /// Dimensions of the model.
    pub shape: Shape,
    /// Type of the layers' matrices; where rows are not whole blocks of a K type, the type that llama.cpp falls back to.
    pub quant: Quant,
    /// Type of the embedding, which is the output head too; `None` takes what llama.cpp's users get with `quant`.
    pub embd: Option<DType>,
    /// Number of layers, if not the shape's.
    pub layers: Option<usize>,
    /// The same seed gives the same file.
    pub seed: u64,
    /// A `.tiktoken` file with Qwen's vocabulary, in place of a made-up one.
    pub vocab: Option<PathBuf>,
}

impl SynthOptions {
    /// This shape with all matrices of one type, and defaults for the rest.
    pub fn new(shape: Shape, quant: Quant) -> Self {
        Self { shape, quant, embd: None, layers: None, seed: 1, vocab: None }
    }
}

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Summary {
    /// Bytes of the file.
    pub bytes: u64,
    /// Number of tensors.
    pub tensors: usize,
    /// Number of weights.
    pub weights: u64,
}

/// Why a file could not be written.
#[derive(Debug, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum SynthError {
    #[error(transparent)]
    Vocab(#[from] VocabError),
    #[error("{0} layers: 1 to {MAX_LAYERS} are possible")]
    Layers(usize),
    #[error(transparent)]
    Save(#[from] SaveError),
}

/// Writes a model to `out`, replacing it only when the whole file is on disk.
///
/// `progress` is told the bytes done and the bytes in all. Beside `out`, a file of that name with `.part` at its end
/// exists meanwhile ([`part_path`](crate::part_file::part_path)); it is removed when writing fails.
///
/// # Errors
///
/// [`SynthError`]; `out` is then as it was.
pub fn write(options: &SynthOptions, out: &Path, progress: impl FnMut(u64, u64)) -> Result<Summary, SynthError> {
    let vocab = match &options.vocab {
        None => Vocab::made_up(),
        Some(path) => Vocab::from_tiktoken(path)?,
    };
    write_with_vocab(options, &vocab, out, progress)
}

/// As [`write()`], with this vocabulary in place of `options.vocab`; the embedding has a row for each of its tokens.
///
/// # Errors
///
/// As [`write()`].
pub fn write_with_vocab(
    options: &SynthOptions,
    vocab: &Vocab,
    out: &Path,
    mut progress: impl FnMut(u64, u64),
) -> Result<Summary, SynthError> {
    let tensors = tensors(options, vocab.tokens.len())?;
    let header = header(options, vocab, &tensors).map_err(SaveError::Layout)?;
    let total = header.file_bytes();
    let failed = |error: WriteError| SaveError::new(out, total, error);

    let mut file = PartFile::create(out, total).map_err(|error| failed(error.into()))?;
    let mut data = header.begin(&mut file).map_err(failed)?;
    let mut seeds = Rng::new(options.seed);
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut left = tensors.iter().map(TensorPlan::bytes).sum::<usize>();
    for tensor in &tensors {
        let mut filler = Filler::new(tensor.dtype, tensor.std, tensor.mean, seeds.next());
        let whole_blocks = CHUNK_BYTES / tensor.dtype.block_bytes() * tensor.dtype.block_bytes();
        let mut missing = tensor.bytes();
        while missing > 0 {
            let chunk = &mut chunk[..missing.min(whole_blocks)];
            filler.fill(chunk);
            data.write(chunk).map_err(failed)?;
            missing -= chunk.len();
            left -= chunk.len();
            progress(total - left as u64, total);
        }
    }
    data.finish().map_err(failed)?;
    file.commit().map_err(|error| failed(error.into()))?;
    Ok(Summary { bytes: total, tensors: tensors.len(), weights: tensors.iter().map(|tensor| tensor.weights() as u64).sum() })
}

/// A tensor to write.
#[derive(Debug)]
struct TensorPlan {
    name: String,
    rows: usize,
    cols: usize,
    dtype: DType,
    mean: f32,
    std: f32,
}

impl TensorPlan {
    fn matrix(name: String, rows: usize, cols: usize, dtype: DType) -> Self {
        // Keeps the variance of what goes through the layer.
        let std = 1.0 / (cols as f32).sqrt();
        Self { name, rows, cols, dtype, mean: 0.0, std }
    }

    fn vector(name: String, cols: usize, mean: f32) -> Self {
        Self { name, rows: 1, cols, dtype: DType::F32, mean, std: VECTOR_STD }
    }

    fn weights(&self) -> usize {
        self.rows * self.cols
    }

    fn bytes(&self) -> usize {
        self.weights() / self.dtype.block_len() * self.dtype.block_bytes()
    }
}

/// The tensors of the model in the order of the file.
fn tensors(options: &SynthOptions, vocab: usize) -> Result<Vec<TensorPlan>, SynthError> {
    let SynthOptions { shape, quant, embd, .. } = options;
    let Shape { hidden, heads, kv_heads, head_dim, ffn, .. } = *shape;
    let layers = options.layers.unwrap_or(shape.layers);
    if layers == 0 || layers > MAX_LAYERS {
        return Err(SynthError::Layers(layers));
    }
    let (q, kv) = (heads * head_dim, kv_heads * head_dim);
    let embd = match embd {
        Some(dtype) => quant::fitting(*dtype, hidden),
        None => quant.dtype(Role::Embedding, layers, hidden),
    };
    let mut tensors = vec![
        TensorPlan::matrix("token_embd.weight".to_owned(), vocab, hidden, embd),
        TensorPlan::vector("output_norm.weight".to_owned(), hidden, 1.0),
    ];
    for layer in 0..layers {
        let name = |tensor: &str| format!("blk.{layer}.{tensor}");
        let matrix = |tensor, rows, cols, role| TensorPlan::matrix(name(tensor), rows, cols, quant.dtype(role, layers, cols));
        let norm = |tensor, width| TensorPlan::vector(name(tensor), width, 1.0);
        let bias = |tensor, width| TensorPlan::vector(name(tensor), width, 0.0);
        tensors.extend([
            norm("attn_norm.weight", hidden),
            matrix("attn_q.weight", q, hidden, Role::Plain),
            matrix("attn_k.weight", kv, hidden, Role::Plain),
            matrix("attn_v.weight", kv, hidden, Role::Sensitive(layer)),
            matrix("attn_output.weight", hidden, q, Role::Plain),
        ]);
        match shape.arch {
            Arch::Qwen2 => tensors.extend([bias("attn_q.bias", q), bias("attn_k.bias", kv), bias("attn_v.bias", kv)]),
            Arch::Qwen3 => tensors.extend([norm("attn_q_norm.weight", head_dim), norm("attn_k_norm.weight", head_dim)]),
        }
        tensors.extend([
            norm("ffn_norm.weight", hidden),
            matrix("ffn_gate.weight", ffn, hidden, Role::Plain),
            matrix("ffn_up.weight", ffn, hidden, Role::Plain),
            matrix("ffn_down.weight", hidden, ffn, Role::Sensitive(layer)),
        ]);
    }
    Ok(tensors)
}

/// Metadata and tensor list.
fn header(options: &SynthOptions, vocab: &Vocab, tensors: &[TensorPlan]) -> Result<Header, WriteError> {
    let SynthOptions { shape, quant, .. } = options;
    let architecture = shape.arch.name();
    let layers = options.layers.unwrap_or(shape.layers);
    let mut header = Header::new();
    header.put("general.architecture", Value::Str(architecture));
    header.put("general.name", Value::Str(&format!("{}-random", shape.name)));
    header.put("general.file_type", Value::U32(quant.file_type()));
    let mut number = |key: &str, value: usize| header.put(&format!("{architecture}.{key}"), Value::U32(value as u32));
    number("context_length", shape.context);
    number("embedding_length", shape.hidden);
    number("block_count", layers);
    number("feed_forward_length", shape.ffn);
    number("attention.head_count", shape.heads);
    number("attention.head_count_kv", shape.kv_heads);
    if shape.arch == Arch::Qwen3 {
        number("attention.key_length", shape.head_dim);
        number("attention.value_length", shape.head_dim);
    }
    header.put(&format!("{architecture}.rope.freq_base"), Value::F32(shape.rope_theta));
    header.put(&format!("{architecture}.attention.layer_norm_rms_epsilon"), Value::F32(RMS_EPSILON));
    header.put("tokenizer.ggml.model", Value::Str("gpt2"));
    header.put("tokenizer.ggml.pre", Value::Str("qwen2"));
    header.put_strs("tokenizer.ggml.tokens", &vocab.tokens);
    header.put_i32s("tokenizer.ggml.token_type", &vocab.types);
    header.put_strs("tokenizer.ggml.merges", &vocab.merges);
    for (key, token) in [("eos", "<|im_end|>"), ("padding", "<|endoftext|>")] {
        if let Some(id) = vocab.id(token) {
            header.put(&format!("tokenizer.ggml.{key}_token_id"), Value::U32(id));
        }
    }
    header.put("tokenizer.ggml.add_bos_token", Value::Bool(false));
    for tensor in tensors {
        let dims = [tensor.cols as u64, tensor.rows as u64];
        let dims = if tensor.rows == 1 { &dims[..1] } else { &dims };
        header.tensor(&tensor.name, dims, tensor.dtype)?;
    }
    Ok(header)
}
