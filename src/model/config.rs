use super::{ModelError, RopeScaling};
use crate::gguf::{Gguf, PACKED_ARCH_KEY};

/// The decoder architectures that Qwark runs, by their GGUF names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arch {
    /// Qwen2, Qwen2.5, Qwen2.5-Coder and their distillations: bias on Q, K and V.
    Qwen2,
    /// Dense Qwen3: RMS norm on every query and key head, explicit head size.
    Qwen3,
}

impl Arch {
    /// Every architecture.
    pub const ALL: [Arch; 2] = [Arch::Qwen2, Arch::Qwen3];

    /// The name in `general.architecture`, also the prefix of its metadata keys.
    pub fn name(self) -> &'static str {
        match self {
            Arch::Qwen2 => "qwen2",
            Arch::Qwen3 => "qwen3",
        }
    }

    fn from_gguf(gguf: &Gguf<'_>) -> Result<Arch, ModelError> {
        let key = if gguf.is_packed() { PACKED_ARCH_KEY } else { "general.architecture" };
        let found = gguf.str(key)?;
        Arch::ALL
            .into_iter()
            .find(|arch| arch.name() == found)
            .ok_or_else(|| ModelError::UnknownArch { found: found.to_owned(), known: Arch::ALL.map(Arch::name).join(", ") })
    }
}

/// The hyperparameters of one model.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Which equations.
    pub arch: Arch,
    /// `general.name`, or the architecture's name.
    pub name: String,
    /// Rows of the embedding and of the output head.
    pub vocab: usize,
    /// Width of the residual stream.
    pub hidden: usize,
    /// Decoder blocks.
    pub layers: usize,
    /// Query heads.
    pub heads: usize,
    /// Key and value heads; a divisor of `heads`.
    pub kv_heads: usize,
    /// Width of one head.
    pub head_dim: usize,
    /// Width of the gated feed-forward layer.
    pub ffn: usize,
    /// The longest context that the model was made for, in tokens.
    pub context_length: usize,
    /// Epsilon of every RMS norm.
    pub norm_eps: f32,
    /// Base of the rotary embedding.
    pub rope_theta: f32,
    /// Scaling of the rotary embedding.
    pub rope_scaling: RopeScaling,
}

impl Config {
    /// Reads and checks the metadata.
    ///
    /// # Errors
    /// Names the key that is missing, of the wrong type, or out of range.
    pub fn from_gguf(gguf: &Gguf<'_>) -> Result<Config, ModelError> {
        let arch = Arch::from_gguf(gguf)?;
        let keys = Keys { gguf, arch };
        let hidden = keys.size("embedding_length")?;
        let heads = keys.size("attention.head_count")?;
        let kv_heads = keys.opt_size("attention.head_count_kv")?.unwrap_or(heads);
        if heads % kv_heads != 0 {
            return Err(keys.bad("attention.head_count_kv", format!("{kv_heads} does not divide the {heads} heads")));
        }
        let head_dim = match keys.opt_size("attention.key_length")? {
            Some(n) => n,
            None if hidden % heads == 0 => hidden / heads,
            None => {
                return Err(keys.bad("attention.head_count", format!("{heads} heads do not divide the width {hidden}")));
            }
        };
        for same in ["attention.value_length", "rope.dimension_count"] {
            if let Some(n) = keys.opt_size(same)?
                && n != head_dim
            {
                return Err(keys.bad(same, format!("{n} differs from the head size {head_dim}")));
            }
        }
        let embedding = gguf.tensor("token_embd.weight").ok_or_else(|| ModelError::MissingTensor("token_embd.weight".into()))?;
        Ok(Config {
            arch,
            name: shown(gguf.opt_str("general.name")?.unwrap_or(arch.name())),
            vocab: embedding.rows(),
            hidden,
            layers: keys.size("block_count")?,
            heads,
            kv_heads,
            head_dim,
            ffn: keys.size("feed_forward_length")?,
            context_length: keys.size("context_length")?,
            norm_eps: keys.positive("attention.layer_norm_rms_epsilon")?,
            rope_theta: keys.rope_theta()?,
            rope_scaling: keys.rope_scaling()?,
        })
    }

    /// Width of all query heads together.
    pub fn q_width(&self) -> usize {
        self.heads * self.head_dim
    }

    /// Width of all key (or value) heads together.
    pub fn kv_width(&self) -> usize {
        self.kv_heads * self.head_dim
    }
}

/// The longest name of a model, in characters.
const MAX_NAME: usize = 128;

/// A name as it can be shown on a terminal, whatever the file holds.
fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(MAX_NAME).collect()
}

/// The architecture's own keys, with their range checks.
struct Keys<'g, 'a> {
    gguf: &'g Gguf<'a>,
    arch: Arch,
}

/// No dimension or count of a model may pass this; keeps every product of two inside `usize`.
const MAX_SIZE: u32 = 1 << 24;

impl Keys<'_, '_> {
    fn key(&self, name: &str) -> String {
        format!("{}.{name}", self.arch.name())
    }

    fn bad(&self, name: &str, fault: String) -> ModelError {
        ModelError::BadValue { key: self.key(name), fault }
    }

    fn opt_size(&self, name: &str) -> Result<Option<usize>, ModelError> {
        match self.gguf.opt_u32(&self.key(name))? {
            Some(n) if n == 0 || n > MAX_SIZE => Err(self.bad(name, format!("{n} is not in 1..={MAX_SIZE}"))),
            n => Ok(n.map(|n| n as usize)),
        }
    }

    fn size(&self, name: &str) -> Result<usize, ModelError> {
        self.gguf.u32(&self.key(name))?;
        Ok(self.opt_size(name)?.unwrap_or_default())
    }

    fn opt_f32(&self, name: &str) -> Result<Option<f32>, ModelError> {
        Ok(self.gguf.opt_f32(&self.key(name))?)
    }

    fn positive(&self, name: &str) -> Result<f32, ModelError> {
        self.gguf.f32(&self.key(name))?;
        self.positive_or(name, f32::NAN)
    }

    fn positive_or(&self, name: &str, default: f32) -> Result<f32, ModelError> {
        let x = self.opt_f32(name)?.unwrap_or(default);
        // Smaller ones are no number of a model's, and their reciprocals are infinite.
        if x.is_finite() && x >= f32::MIN_POSITIVE { Ok(x) } else { Err(self.bad(name, format!("{x} is not a positive number"))) }
    }

    fn rope_theta(&self) -> Result<f32, ModelError> {
        let theta = self.positive_or("rope.freq_base", 10_000.0)?;
        // Frequencies fall from one dimension to the next; YaRN divides by the base's logarithm.
        if theta > 1.0 { Ok(theta) } else { Err(self.bad("rope.freq_base", format!("{theta} is not above 1"))) }
    }

    fn rope_scaling(&self) -> Result<RopeScaling, ModelError> {
        let kind = self.gguf.opt_str(&self.key("rope.scaling.type"))?.unwrap_or("none");
        match kind {
            "none" => Ok(RopeScaling::None),
            "linear" => Ok(RopeScaling::Linear { factor: self.positive("rope.scaling.factor")? }),
            "yarn" => {
                // Only this one may be 0: no mixing.
                let ext_factor = match self.opt_f32("rope.scaling.yarn_ext_factor")? {
                    Some(0.0) => 0.0,
                    _ => self.positive_or("rope.scaling.yarn_ext_factor", 1.0)?,
                };
                Ok(RopeScaling::Yarn {
                    factor: self.positive("rope.scaling.factor")?,
                    original_context: match self.opt_size("rope.scaling.original_context_length")? {
                        Some(n) => n,
                        None => self.size("context_length")?,
                    },
                    beta_fast: self.positive_or("rope.scaling.yarn_beta_fast", 32.0)?,
                    beta_slow: self.positive_or("rope.scaling.yarn_beta_slow", 1.0)?,
                    ext_factor,
                    attn_factor: self.positive_or("rope.scaling.attn_factor", 1.0)?,
                })
            }
            other => Err(self.bad("rope.scaling.type", format!("`{other}` is not one of none, linear, yarn"))),
        }
    }
}
