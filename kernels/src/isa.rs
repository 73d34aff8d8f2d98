//! Instruction sets: names for `--isa`, and what this CPU has.

use std::{fmt, str::FromStr};
use thiserror::Error;

/// An instruction set that kernels are written for. A later one of the same architecture includes the earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Isa {
    /// Plain Rust for any CPU: the reference for all others.
    Scalar,
    /// x86-64 with AVX2, FMA and F16C.
    Avx2,
    /// x86-64 with AVX-512 and its int8 dot products.
    Avx512,
    /// 64-bit ARM with Advanced SIMD: Cortex-A53, A72.
    Neon,
    /// 64-bit ARM with the int8 dot product: Cortex-A55, A76 and later.
    Dotprod,
    /// 64-bit ARM with the int8 matrix multiply.
    I8mm,
}

/// A name that is no instruction set.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("unknown instruction set `{0}`: known are scalar, avx2, avx512, neon, dotprod, i8mm")]
pub struct UnknownIsa(pub String);

/// An instruction set that this CPU, or this build, does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("this CPU has no {0} kernels; it can run {list}", list = Supported)]
pub struct UnsupportedIsa(pub Isa);

/// Prints the supported sets, for [`UnsupportedIsa`].
struct Supported;

impl fmt::Display for Supported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, isa) in Isa::ALL.into_iter().filter(|i| i.is_supported()).enumerate() {
            write!(f, "{}{isa}", if i == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}

impl Isa {
    /// Every instruction set, ascending.
    pub const ALL: [Isa; 6] = [Isa::Scalar, Isa::Avx2, Isa::Avx512, Isa::Neon, Isa::Dotprod, Isa::I8mm];

    /// The name as in `--isa`.
    pub const fn name(self) -> &'static str {
        match self {
            Isa::Scalar => "scalar",
            Isa::Avx2 => "avx2",
            Isa::Avx512 => "avx512",
            Isa::Neon => "neon",
            Isa::Dotprod => "dotprod",
            Isa::I8mm => "i8mm",
        }
    }

    /// Whether this CPU can run the kernels of this instruction set, asked at run time.
    pub fn is_supported(self) -> bool {
        match self {
            Isa::Scalar => true,
            #[cfg(target_arch = "x86_64")]
            Isa::Avx2 => is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") && is_x86_feature_detected!("f16c"),
            #[cfg(target_arch = "x86_64")]
            Isa::Avx512 => {
                Isa::Avx2.is_supported()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vl")
                    && is_x86_feature_detected!("avx512vnni")
            }
            #[cfg(target_arch = "aarch64")]
            Isa::Neon => std::arch::is_aarch64_feature_detected!("neon"),
            #[cfg(target_arch = "aarch64")]
            Isa::Dotprod => Isa::Neon.is_supported() && std::arch::is_aarch64_feature_detected!("dotprod"),
            #[cfg(target_arch = "aarch64")]
            Isa::I8mm => Isa::Dotprod.is_supported() && std::arch::is_aarch64_feature_detected!("i8mm"),
            _ => false,
        }
    }
}

impl fmt::Display for Isa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for Isa {
    type Err = UnknownIsa;

    fn from_str(s: &str) -> Result<Self, UnknownIsa> {
        Self::ALL.into_iter().find(|i| i.name() == s).ok_or_else(|| UnknownIsa(s.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for isa in Isa::ALL {
            assert_eq!(isa.name().parse(), Ok(isa));
        }
        assert!("avx".parse::<Isa>().is_err());
    }

    #[test]
    fn the_error_says_what_would_work() {
        let text = UnsupportedIsa(Isa::I8mm).to_string();
        assert!(text.starts_with("this CPU has no i8mm kernels; it can run scalar"), "{text}");
    }
}
