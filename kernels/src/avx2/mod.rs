//! x86-64 with AVX2, FMA and F16C.

use crate::{
    DType, Isa, KvDType, PackedDType,
    table::{Table, rows},
};
use formats::{BF16, F16, F32, IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};

mod formats;
pub(crate) mod kv;
mod math;
mod matmul;
pub(crate) mod packed;
mod quantize_q8;
mod rms_norm;
mod rope;
mod silu_mul;
mod softmax;

/// Its rows over those of `table`.
pub(crate) const fn overlay(mut table: Table) -> Table {
    rows!(table, Isa::Avx2;
        matmul[DType::F32] = matmul::floats::<F32>;
        matmul[DType::F16] = matmul::floats::<F16>;
        matmul[DType::BF16] = matmul::floats::<BF16>;
        matmul[DType::Q8_0] = matmul::blocks::<Q8_0>;
        matmul[DType::Q4_0] = matmul::blocks::<Q4_0>;
        matmul[DType::Q4_1] = matmul::blocks::<Q4_1>;
        matmul[DType::Q5_0] = matmul::blocks::<Q5_0>;
        matmul[DType::Q5_1] = matmul::blocks::<Q5_1>;
        matmul[DType::Q4K] = matmul::blocks::<Q4K>;
        matmul[DType::Q5K] = matmul::blocks::<Q5K>;
        matmul[DType::Q6K] = matmul::blocks::<Q6K>;
        matmul[DType::IQ4NL] = matmul::blocks::<IQ4NL>;
        matmul_packed[PackedDType::Q4_0] = packed::matmul::<packed::Q4_0>;
        matmul_packed[PackedDType::Q4_1] = packed::matmul::<packed::Q4_1>;
        matmul_packed[PackedDType::Q5_0] = packed::matmul::<packed::Q5_0>;
        matmul_packed[PackedDType::Q8_0] = packed::matmul::<packed::Q8_0>;
        matmul_packed[PackedDType::IQ4NL] = packed::matmul::<packed::IQ4NL>;
        matmul_packed[PackedDType::Q4K] = packed::matmul::<packed::Q4K>;
        matmul_packed[PackedDType::Q6K] = packed::matmul::<packed::Q6K>;
        quantize_q8 = quantize_q8::quantize_q8;
        rms_norm = rms_norm::rms_norm;
        rope = rope::rope;
        silu_mul = silu_mul::silu_mul;
        kv_store[KvDType::F16] = kv::store_f16;
        kv_dot[KvDType::F16] = kv::dot::<kv::F16>;
        kv_dot[KvDType::Q8_0] = kv::dot::<kv::Q8_0>;
        kv_axpy[KvDType::F16] = kv::axpy::<kv::F16>;
        kv_axpy[KvDType::Q8_0] = kv::axpy::<kv::Q8_0>;
        softmax = softmax::softmax;
    )
}
