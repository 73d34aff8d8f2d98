use qwark_kernels::{DType, Kernels, Matrix};

use super::{Arch, Config, ModelError, Rope};
use crate::gguf::{Gguf, Tensor};

/// A linear projection: a mapped matrix and, for Qwen2's Q, K and V, a bias.
#[derive(Debug)]
pub struct Proj<'a> {
    /// `[out, in]`, where the file is mapped.
    pub w: Matrix<'a>,
    /// `[out]`
    pub bias: Option<Vec<f32>>,
}

/// One decoder block.
#[derive(Debug)]
pub struct Layer<'a> {
    /// `[hidden]`
    pub attn_norm: Vec<f32>,
    /// `[heads * head_dim, hidden]`
    pub q: Proj<'a>,
    /// `[kv_heads * head_dim, hidden]`
    pub k: Proj<'a>,
    /// `[kv_heads * head_dim, hidden]`
    pub v: Proj<'a>,
    /// `[head_dim]`, Qwen3 only.
    pub q_norm: Option<Vec<f32>>,
    /// `[head_dim]`, Qwen3 only.
    pub k_norm: Option<Vec<f32>>,
    /// `[hidden, heads * head_dim]`
    pub attn_out: Matrix<'a>,
    /// `[hidden]`
    pub ffn_norm: Vec<f32>,
    /// `[ffn, hidden]`
    pub gate: Matrix<'a>,
    /// `[ffn, hidden]`
    pub up: Matrix<'a>,
    /// `[hidden, ffn]`
    pub down: Matrix<'a>,
}

/// A model bound to its mapped weights. Matrices stay in the file; only norms and biases, some kilobytes, are copied.
#[derive(Debug)]
pub struct Model<'a> {
    /// Its hyperparameters.
    pub config: Config,
    /// Its rotary embedding.
    pub rope: Rope,
    /// `[vocab, hidden]`
    pub embedding: Matrix<'a>,
    /// `[layers]`
    pub layers: Vec<Layer<'a>>,
    /// `[hidden]`
    pub output_norm: Vec<f32>,
    /// `[vocab, hidden]`, where the file has a head of its own.
    pub own_head: Option<Matrix<'a>>,
}

impl<'a> Model<'a> {
    /// Binds every tensor that the architecture needs and checks its shape.
    ///
    /// # Errors
    /// Names the key or tensor at fault.
    pub fn load(gguf: &Gguf<'a>) -> Result<Model<'a>, ModelError> {
        let config = Config::from_gguf(gguf)?;
        let tensors = Tensors { gguf };
        let c = &config;
        tensors.refuse_unknown(c)?;
        let embedding = tensors.matrix("token_embd.weight", c.vocab, c.hidden)?;
        // Counted before any layer is allocated: `block_count` alone is only an allegation.
        let layers = (0..c.layers).map(|i| tensors.layer(c, i)).collect::<Result<_, _>>()?;
        Ok(Model {
            rope: Rope::new(c),
            embedding,
            layers,
            output_norm: tensors.vector("output_norm.weight", c.hidden)?,
            own_head: match gguf.tensor("output.weight") {
                Some(_) => Some(tensors.matrix("output.weight", c.vocab, c.hidden)?),
                None => None,
            },
            config,
        })
    }

    /// The output head, `[vocab, hidden]`: the embedding itself where they are tied.
    pub fn head(&self) -> Matrix<'a> {
        self.own_head.unwrap_or(self.embedding)
    }

    /// Every matrix that one decoded token reads: all but the embedding, of which it reads one row.
    pub fn matrices(&self) -> impl Iterator<Item = Matrix<'a>> + '_ {
        let layers = self.layers.iter().flat_map(|l| [l.q.w, l.k.w, l.v.w, l.attn_out, l.gate, l.up, l.down]);
        layers.chain([self.head()])
    }

    /// Bytes of weights that decoding one token reads.
    pub fn bytes_per_token(&self) -> u64 {
        self.matrices().map(|m| m.bytes().len() as u64).sum()
    }
}

/// The tensors of a layer that both architectures know.
const LAYER_TENSORS: [&str; 12] = [
    "attn_norm.weight",
    "attn_q.weight",
    "attn_q.bias",
    "attn_k.weight",
    "attn_k.bias",
    "attn_v.weight",
    "attn_v.bias",
    "attn_output.weight",
    "ffn_norm.weight",
    "ffn_gate.weight",
    "ffn_up.weight",
    "ffn_down.weight",
];
/// Those that Qwen3 has besides.
const HEAD_NORMS: [&str; 2] = ["attn_q_norm.weight", "attn_k_norm.weight"];

struct Tensors<'g, 'a> {
    gguf: &'g Gguf<'a>,
}

impl<'a> Tensors<'_, 'a> {
    /// Refuses tensors within layers that would silently be left out.
    fn refuse_unknown(&self, c: &Config) -> Result<(), ModelError> {
        let known = |part| LAYER_TENSORS.contains(&part) || (c.arch == Arch::Qwen3 && HEAD_NORMS.contains(&part));
        let unknown = self.gguf.tensors().iter().map(|tensor| tensor.name()).find(|name| {
            let part = name.strip_prefix("blk.").and_then(|rest| rest.split_once('.'));
            part.is_some_and(|(_, part)| !known(part))
        });
        match unknown {
            Some(name) => Err(ModelError::UnknownTensor { name: name.to_owned(), arch: c.arch.name() }),
            None => Ok(()),
        }
    }

    fn find(&self, name: &str) -> Result<&Tensor<'a>, ModelError> {
        self.gguf.tensor(name).ok_or_else(|| ModelError::MissingTensor(name.to_owned()))
    }

    fn matrix(&self, name: &str, rows: usize, cols: usize) -> Result<Matrix<'a>, ModelError> {
        let tensor = self.find(name)?;
        if (tensor.rows(), tensor.cols()) != (rows, cols) {
            return Err(ModelError::Shape {
                name: name.to_owned(),
                found: format!("{}x{}", tensor.cols(), tensor.rows()),
                expected: format!("{cols}x{rows}"),
            });
        }
        Ok(tensor.matrix()?)
    }

    /// A small vector, as f32 whatever its type in the file.
    fn vector(&self, name: &str, len: usize) -> Result<Vec<f32>, ModelError> {
        let matrix = self.matrix(name, 1, len)?;
        let mut out = vec![0.0; len];
        Kernels::detect().dequantize_row(matrix, 0, &mut out);
        Ok(out)
    }

    fn opt_vector(&self, name: &str, len: usize) -> Result<Option<Vec<f32>>, ModelError> {
        self.gguf.tensor(name).map(|_| self.vector(name, len)).transpose()
    }

    fn proj(&self, name: &str, rows: usize, cols: usize) -> Result<Proj<'a>, ModelError> {
        Ok(Proj { w: self.matrix(&format!("{name}.weight"), rows, cols)?, bias: self.opt_vector(&format!("{name}.bias"), rows)? })
    }

    fn layer(&self, c: &Config, i: usize) -> Result<Layer<'a>, ModelError> {
        let name = |part: &str| format!("blk.{i}.{part}");
        let head_norm = |part: &str| match c.arch {
            Arch::Qwen2 => Ok(None),
            Arch::Qwen3 => self.vector(&name(part), c.head_dim).map(Some),
        };
        Ok(Layer {
            attn_norm: self.vector(&name("attn_norm.weight"), c.hidden)?,
            q: self.proj(&name("attn_q"), c.q_width(), c.hidden)?,
            k: self.proj(&name("attn_k"), c.kv_width(), c.hidden)?,
            v: self.proj(&name("attn_v"), c.kv_width(), c.hidden)?,
            q_norm: head_norm("attn_q_norm.weight")?,
            k_norm: head_norm("attn_k_norm.weight")?,
            attn_out: self.matrix(&name("attn_output.weight"), c.hidden, c.q_width())?,
            ffn_norm: self.vector(&name("ffn_norm.weight"), c.hidden)?,
            gate: self.matrix(&name("ffn_gate.weight"), c.ffn, c.hidden)?,
            up: self.matrix(&name("ffn_up.weight"), c.ffn, c.hidden)?,
            down: self.matrix(&name("ffn_down.weight"), c.hidden, c.ffn)?,
        })
    }
}

/// Tensors and bytes of each weight type that a file has, in the order of [`DType::ALL`].
pub fn dtype_totals(gguf: &Gguf<'_>) -> Vec<(DType, usize, u64)> {
    let total = |dtype| {
        let of_type = gguf.tensors().iter().filter(|t| t.dtype() == dtype);
        (dtype, of_type.clone().count(), of_type.map(|t| t.data().len() as u64).sum())
    };
    DType::ALL.into_iter().map(total).filter(|(_, count, _)| *count > 0).collect()
}
