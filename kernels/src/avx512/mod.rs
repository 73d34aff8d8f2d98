//! x86-64 with AVX-512 and its int8 dot products (VNNI): AVX2's rows, but for packed products.

use crate::{
    Isa, PackedDType,
    table::{Table, rows},
};

mod packed;

/// Its rows over those of `table`.
pub(crate) const fn overlay(mut table: Table) -> Table {
    rows!(table, Isa::Avx512;
        matmul_packed[PackedDType::Q4_0] = packed::matmul::<packed::Q4_0>;
        matmul_packed[PackedDType::Q4_1] = packed::matmul::<packed::Q4_1>;
        matmul_packed[PackedDType::Q5_0] = packed::matmul::<packed::Q5_0>;
        matmul_packed[PackedDType::Q8_0] = packed::matmul::<packed::Q8_0>;
        matmul_packed[PackedDType::IQ4NL] = packed::matmul::<packed::IQ4NL>;
        matmul_packed[PackedDType::Q4K] = packed::matmul::<packed::Q4K>;
        matmul_packed[PackedDType::Q6K] = packed::matmul::<packed::Q6K>;
    )
}
