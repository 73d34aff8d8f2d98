//! The weight types of a GGUF file that these kernels multiply.

use std::fmt;

/// How the weights of a matrix are stored.
///
/// The block types are bit for bit those of ggml; [`DType::block_len`] weights share one block of [`DType::block_bytes`] bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DType {
    /// 32-bit float.
    F32,
    /// IEEE 16-bit float.
    F16,
    /// The upper half of a 32-bit float.
    BF16,
    /// 32 signed bytes and one f16 scale.
    Q8_0,
    /// 32 nibbles around 8 and one f16 scale.
    Q4_0,
    /// 32 nibbles, f16 scale and f16 minimum.
    Q4_1,
    /// 32 five-bit values around 16 and one f16 scale.
    Q5_0,
    /// 32 five-bit values, f16 scale and f16 minimum.
    Q5_1,
    /// 256 nibbles; a 6-bit scale and a 6-bit minimum for each 32.
    Q4K,
    /// 256 five-bit values; a 6-bit scale and a 6-bit minimum for each 32.
    Q5K,
    /// 256 six-bit values around 32; an 8-bit scale for each 16.
    Q6K,
    /// 32 nibbles that index a table of 16 unevenly spaced levels, one f16 scale.
    IQ4NL,
}

impl DType {
    /// Every type, in the order of its use as an index.
    pub const ALL: [DType; 12] = [
        DType::F32,
        DType::F16,
        DType::BF16,
        DType::Q8_0,
        DType::Q4_0,
        DType::Q4_1,
        DType::Q5_0,
        DType::Q5_1,
        DType::Q4K,
        DType::Q5K,
        DType::Q6K,
        DType::IQ4NL,
    ];

    /// Name, ggml number, weights in a block, bytes in a block.
    const fn facts(self) -> (&'static str, u32, usize, usize) {
        match self {
            DType::F32 => ("F32", 0, 1, 4),
            DType::F16 => ("F16", 1, 1, 2),
            DType::BF16 => ("BF16", 30, 1, 2),
            DType::Q8_0 => ("Q8_0", 8, 32, 34),
            DType::Q4_0 => ("Q4_0", 2, 32, 18),
            DType::Q4_1 => ("Q4_1", 3, 32, 20),
            DType::Q5_0 => ("Q5_0", 6, 32, 22),
            DType::Q5_1 => ("Q5_1", 7, 32, 24),
            DType::Q4K => ("Q4_K", 12, 256, 144),
            DType::Q5K => ("Q5_K", 13, 256, 176),
            DType::Q6K => ("Q6_K", 14, 256, 210),
            DType::IQ4NL => ("IQ4_NL", 20, 32, 18),
        }
    }

    /// The name ggml gives it, such as `Q4_K`.
    pub const fn name(self) -> &'static str {
        self.facts().0
    }

    /// The type of that ggml name, if it is one of these.
    pub fn from_name(name: &str) -> Option<DType> {
        Self::ALL.into_iter().find(|d| d.name() == name)
    }

    /// The number that stands for it in a GGUF file.
    pub const fn ggml_id(self) -> u32 {
        self.facts().1
    }

    /// The type of that number in a GGUF file, if it is one of these.
    pub fn from_ggml_id(id: u32) -> Option<DType> {
        Self::ALL.into_iter().find(|d| d.ggml_id() == id)
    }

    /// Weights in one block.
    pub const fn block_len(self) -> usize {
        self.facts().2
    }

    /// Bytes of one block.
    pub const fn block_bytes(self) -> usize {
        self.facts().3
    }

    /// Whether the weights are plain floats, which are multiplied with f32 activations; all others meet int8 activations.
    pub const fn is_float(self) -> bool {
        matches!(self, DType::F32 | DType::F16 | DType::BF16)
    }

    /// Bytes of a row of `cols` weights; `None` where `cols` is not a whole number of blocks or the size overflows.
    pub fn row_bytes(self, cols: usize) -> Option<usize> {
        if !cols.is_multiple_of(self.block_len()) {
            return None;
        }
        (cols / self.block_len()).checked_mul(self.block_bytes())
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_lead_back() {
        for (i, d) in DType::ALL.into_iter().enumerate() {
            assert_eq!(d as usize, i);
            assert_eq!(DType::from_name(d.name()), Some(d));
            assert_eq!(DType::from_ggml_id(d.ggml_id()), Some(d));
        }
        assert_eq!(DType::from_name("q4_0"), None);
        assert_eq!(DType::from_ggml_id(4), None);
    }

    #[test]
    fn row_bytes_counts_whole_blocks_only() {
        assert_eq!(DType::Q4_0.row_bytes(64), Some(36));
        assert_eq!(DType::Q4_0.row_bytes(48), None);
        assert_eq!(DType::Q4K.row_bytes(512), Some(288));
        assert_eq!(DType::F32.row_bytes(3), Some(12));
        assert_eq!(DType::F32.row_bytes(usize::MAX), None);
    }
}
