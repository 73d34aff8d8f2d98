//! 64-bit ARM with the int8 matrix multiply: Cortex-A510, A710 and later. Products of packed weights with several tokens are its own; one
//! token would leave half of the instruction idle, and is the dot product's.

use crate::{
    Isa, PackedDType,
    dotprod::sdot::Sdot,
    neon::packed,
    scalar::formats::{IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q6K, Q8_0},
    table::{Table, rows},
};

mod smmla;

use smmla::Smmla;

/// Its rows over those of `table`.
pub(crate) const fn overlay(mut table: Table) -> Table {
    rows!(table, Isa::I8mm;
        matmul_packed[PackedDType::Q4_0] = packed::matmul_gemv::<Q4_0, Sdot, Smmla, 1>;
        matmul_packed[PackedDType::Q4_1] = packed::matmul::<Q4_1, Sdot, Smmla>;
        matmul_packed[PackedDType::Q5_0] = packed::matmul::<Q5_0, Sdot, Smmla>;
        matmul_packed[PackedDType::Q8_0] = packed::matmul_gemv::<Q8_0, Sdot, Smmla, 1>;
        matmul_packed[PackedDType::IQ4NL] = packed::matmul::<IQ4NL, Sdot, Smmla>;
        matmul_packed[PackedDType::Q4K] = packed::matmul::<Q4K, Sdot, Smmla>;
        matmul_packed[PackedDType::Q6K] = packed::matmul::<Q6K, Sdot, Smmla>;
    )
}
