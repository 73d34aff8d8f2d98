//! Which type each tensor of a model gets.

use std::fmt;
use std::str::FromStr;

use qwark_kernels::DType;
use thiserror::Error;

/// What the matrices of a model are quantised to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quant {
    /// All matrices of the layers to one type.
    Uniform(DType),
    /// llama.cpp's `Q4_K_M`: Q4_K, and Q6_K where it matters most.
    Q4KM,
    /// llama.cpp's `Q5_K_M`: Q5_K, and Q6_K where it matters most.
    Q5KM,
}

/// What a matrix is for, as far as its type depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// The token embedding, which is the output head too.
    Embedding,
    /// `attn_v` or `ffn_down` of this layer, which suffer most from coarse weights.
    Sensitive(usize),
    /// Any other matrix.
    Plain,
}

impl Quant {
    /// The type of a matrix of `cols` columns in a model of `layers` layers.
    pub(super) fn dtype(self, role: Role, layers: usize, cols: usize) -> DType {
        let base = match self {
            Self::Uniform(dtype) => dtype,
            Self::Q4KM => DType::Q4K,
            Self::Q5KM => DType::Q5K,
        };
        let mixed = !matches!(self, Self::Uniform(_));
        let wanted = match role {
            Role::Embedding if mixed => DType::Q6K,
            Role::Embedding => DType::Q8_0,
            Role::Sensitive(layer) if mixed && more_bits(layer, layers) => DType::Q6K,
            Role::Sensitive(_) | Role::Plain => base,
        };
        fitting(wanted, cols)
    }

    /// The number of `general.file_type`.
    pub(super) fn file_type(self) -> u32 {
        match self {
            Self::Q4KM => 15,
            Self::Q5KM => 17,
            Self::Uniform(dtype) => match dtype {
                DType::F32 => 0,
                DType::F16 => 1,
                DType::Q4_0 => 2,
                DType::Q4_1 => 3,
                DType::Q8_0 => 7,
                DType::Q5_0 => 8,
                DType::Q5_1 => 9,
                DType::Q4K => 14,
                DType::Q5K => 16,
                DType::Q6K => 18,
                DType::IQ4NL => 25,
                DType::BF16 => 32,
            },
        }
    }
}

/// The layers to which llama.cpp's `_M` mixtures give more bits: the first and last eighth, and every third between.
fn more_bits(layer: usize, layers: usize) -> bool {
    let eighth = layers / 8;
    layer < eighth || layer >= 7 * layers / 8 || (layer - eighth) % 3 == 2
}

/// `dtype`, or where rows of `cols` values are not whole blocks of it, the type with shorter blocks that llama.cpp takes.
pub(super) fn fitting(dtype: DType, cols: usize) -> DType {
    if cols.is_multiple_of(dtype.block_len()) {
        return dtype;
    }
    match dtype {
        DType::Q4K => DType::Q5_0,
        DType::Q5K => DType::Q5_1,
        DType::Q6K => DType::Q8_0,
        other => other,
    }
}

impl fmt::Display for Quant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Uniform(dtype) => dtype.fmt(f),
            Self::Q4KM => f.write_str("Q4_K_M"),
            Self::Q5KM => f.write_str("Q5_K_M"),
        }
    }
}

/// A name that stands for no quantisation.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("\"{0}\" is not known; known: {names}", names = known_names())]
pub struct UnknownQuant(pub String);

fn known_names() -> String {
    let mut names: Vec<String> = DType::ALL.iter().map(ToString::to_string).collect();
    names.extend([Quant::Q4KM, Quant::Q5KM].iter().map(ToString::to_string));
    names.join(", ")
}

impl FromStr for Quant {
    type Err = UnknownQuant;

    fn from_str(name: &str) -> Result<Self, UnknownQuant> {
        [Self::Q4KM, Self::Q5KM]
            .into_iter()
            .find(|mixture| mixture.to_string() == name)
            .or_else(|| DType::from_name(name).map(Self::Uniform))
            .ok_or_else(|| UnknownQuant(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_round_trip() {
        let mut all: Vec<Quant> = DType::ALL.into_iter().map(Quant::Uniform).collect();
        all.extend([Quant::Q4KM, Quant::Q5KM]);
        for quant in all {
            assert_eq!(quant.to_string().parse(), Ok(quant));
        }
        let error = "Q4_K_L".parse::<Quant>().unwrap_err();
        assert!(error.to_string().starts_with("\"Q4_K_L\" is not known; known: F32, "));
    }

    #[test]
    fn mixtures_follow_llama_cpp() {
        // 24 layers: 0 to 2 and 21 to 23, and 5, 8, .. 20 between.
        let more: Vec<usize> = (0..24).filter(|layer| more_bits(*layer, 24)).collect();
        assert_eq!(more, [0, 1, 2, 5, 8, 11, 14, 17, 20, 21, 22, 23]);
        let of = |role, cols| Quant::Q4KM.dtype(role, 24, cols);
        assert_eq!(of(Role::Plain, 4864), DType::Q4K);
        assert_eq!(of(Role::Plain, 896), DType::Q5_0);
        assert_eq!(of(Role::Sensitive(0), 4864), DType::Q6K);
        assert_eq!(of(Role::Sensitive(3), 4864), DType::Q4K);
        assert_eq!(of(Role::Embedding, 896), DType::Q8_0);
        assert_eq!(of(Role::Embedding, 1024), DType::Q6K);
    }
}
