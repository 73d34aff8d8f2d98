//! 64-bit ARM with Advanced SIMD and nothing more: Cortex-A53, A72.
//!
//! Every 64-bit ARM target of Rust has Advanced SIMD compiled in, so what is `unsafe` here is reading and writing memory, and being
//! called through the table.

use crate::{
    DType, Isa, KvDType, PackedDType,
    scalar::formats::{BF16, F16, F32, IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0},
    table::{Table, rows},
};
use lane_smull::LaneSmull;
use matmul::Smull;

mod add;
mod exp;
mod formats;
mod kv;
mod lane_smull;
pub(crate) mod matmul;
pub(crate) mod packed;
mod packed_formats;
pub(crate) mod panel;
mod quantize_q8;
mod rms_norm;
mod rope;
mod silu_mul;
mod softmax;
mod vector;

/// Its rows over those of `table`.
pub(crate) const fn overlay(mut table: Table) -> Table {
    rows!(table, Isa::Neon;
        matmul[DType::F32] = matmul::floats::<F32>;
        matmul[DType::F16] = matmul::floats::<F16>;
        matmul[DType::BF16] = matmul::floats::<BF16>;
        matmul[DType::Q8_0] = matmul::blocks::<Q8_0, Smull>;
        matmul[DType::Q4_0] = matmul::blocks::<Q4_0, Smull>;
        matmul[DType::Q4_1] = matmul::blocks::<Q4_1, Smull>;
        matmul[DType::Q5_0] = matmul::blocks::<Q5_0, Smull>;
        matmul[DType::Q5_1] = matmul::blocks::<Q5_1, Smull>;
        matmul[DType::Q4K] = matmul::blocks::<Q4K, Smull>;
        matmul[DType::Q5K] = matmul::blocks::<Q5K, Smull>;
        matmul[DType::Q6K] = matmul::blocks::<Q6K, Smull>;
        matmul[DType::IQ4NL] = matmul::blocks::<IQ4NL, Smull>;
        matmul_packed[PackedDType::Q4_0] = packed::matmul_gemv::<Q4_0, LaneSmull, LaneSmull, 2>;
        matmul_packed[PackedDType::Q4_1] = packed::matmul::<Q4_1, LaneSmull, LaneSmull>;
        matmul_packed[PackedDType::Q5_0] = packed::matmul::<Q5_0, LaneSmull, LaneSmull>;
        matmul_packed[PackedDType::Q8_0] = packed::matmul::<Q8_0, LaneSmull, LaneSmull>;
        matmul_packed[PackedDType::IQ4NL] = packed::matmul::<IQ4NL, LaneSmull, LaneSmull>;
        matmul_packed[PackedDType::Q4K] = packed::matmul::<Q4K, LaneSmull, LaneSmull>;
        matmul_packed[PackedDType::Q6K] = packed::matmul::<Q6K, LaneSmull, LaneSmull>;
        quantize_q8 = quantize_q8::quantize_q8;
        rms_norm = rms_norm::rms_norm;
        rope = rope::rope;
        silu_mul = silu_mul::silu_mul;
        add = add::add;
        kv_store[KvDType::F16] = kv::store::<kv::F16>;
        kv_store[KvDType::Q8_0] = kv::store::<kv::Q8_0>;
        kv_dot[KvDType::F16] = kv::dot::<kv::F16>;
        kv_dot[KvDType::Q8_0] = kv::dot::<kv::Q8_0>;
        kv_axpy[KvDType::F16] = kv::axpy::<kv::F16>;
        kv_axpy[KvDType::Q8_0] = kv::axpy::<kv::Q8_0>;
        softmax = softmax::softmax;
    )
}

#[cfg(test)]
mod tests {
    use crate::Kernels;

    /// A run on an emulated core says in `QWARK_EXPECT_ISA` what must be found there.
    #[test]
    fn the_expected_instruction_set_is_detected() {
        match std::env::var("QWARK_EXPECT_ISA") {
            Ok(isa) if !isa.is_empty() => assert_eq!(Kernels::detect().isa().name(), isa),
            _ => println!("QWARK_EXPECT_ISA is not set: {} detected", Kernels::detect().isa()),
        }
    }
}
