//! x86-64 with AVX-512 and its int8 dot products (VNNI): AVX2's rows, but for packed products and attention.

use crate::{
    Isa, KvDType, PackedDType,
    avx2::packed::{IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q6K, Q8_0},
    table::{Table, rows},
};

mod kv;
mod packed;

/// Its rows over those of `table`.
pub(crate) const fn overlay(mut table: Table) -> Table {
    rows!(table, Isa::Avx512;
        matmul_packed[PackedDType::Q4_0] = packed::matmul::<Q4_0>;
        matmul_packed[PackedDType::Q4_1] = packed::matmul::<Q4_1>;
        matmul_packed[PackedDType::Q5_0] = packed::matmul::<Q5_0>;
        matmul_packed[PackedDType::Q8_0] = packed::matmul::<Q8_0>;
        matmul_packed[PackedDType::IQ4NL] = packed::matmul::<IQ4NL>;
        matmul_packed[PackedDType::Q4K] = packed::matmul::<Q4K>;
        matmul_packed[PackedDType::Q6K] = packed::matmul::<Q6K>;
        kv_dot[KvDType::F16] = kv::dot;
    )
}
