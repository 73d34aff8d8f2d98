//! The reference: every operation in plain Rust, for any CPU. All other instruction sets are held to it.

use crate::{
    DType, Isa, KvDType, PackedDType,
    table::{DequantizeFn, KvAxpyFn, KvDotFn, KvStoreFn, MatmulFn, Slot, Table},
};
use formats::{BF16, F16, F32, IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0};

mod add;
mod dequantize;
pub(crate) mod formats;
mod kv;
mod matmul;
pub(crate) mod packed;
mod quantize_q8;
mod rms_norm;
pub(crate) mod rope;
mod silu_mul;
mod softmax;

/// A row for each storage type, in the order of `ALL`.
macro_rules! each {
    ($key:ident, $of:ident) => {{
        let mut rows = [Slot { isa: Isa::Scalar, run: $of($key::ALL[0]) }; $key::ALL.len()];
        let mut i = 0;
        while i < rows.len() {
            rows[i].run = $of($key::ALL[i]);
            i += 1;
        }
        rows
    }};
}

/// The complete table.
pub(crate) const fn table() -> Table {
    Table {
        isa: Isa::Scalar,
        matmul: each!(DType, matmul_of),
        matmul_packed: each!(PackedDType, matmul_packed_of),
        dequantize: each!(DType, dequantize_of),
        quantize_q8: Slot { isa: Isa::Scalar, run: quantize_q8::quantize_q8 },
        rms_norm: Slot { isa: Isa::Scalar, run: rms_norm::rms_norm },
        rope: Slot { isa: Isa::Scalar, run: rope::rope },
        silu_mul: Slot { isa: Isa::Scalar, run: silu_mul::silu_mul },
        add: Slot { isa: Isa::Scalar, run: add::add },
        kv_store: each!(KvDType, kv_store_of),
        kv_dot: each!(KvDType, kv_dot_of),
        kv_axpy: each!(KvDType, kv_axpy_of),
        softmax: Slot { isa: Isa::Scalar, run: softmax::softmax },
    }
}

const fn matmul_of(dtype: DType) -> MatmulFn {
    match dtype {
        DType::F32 => matmul::floats::<F32>,
        DType::F16 => matmul::floats::<F16>,
        DType::BF16 => matmul::floats::<BF16>,
        DType::Q8_0 => matmul::blocks::<Q8_0>,
        DType::Q4_0 => matmul::blocks::<Q4_0>,
        DType::Q4_1 => matmul::blocks::<Q4_1>,
        DType::Q5_0 => matmul::blocks::<Q5_0>,
        DType::Q5_1 => matmul::blocks::<Q5_1>,
        DType::Q4K => matmul::blocks::<Q4K>,
        DType::Q5K => matmul::blocks::<Q5K>,
        DType::Q6K => matmul::blocks::<Q6K>,
        DType::IQ4NL => matmul::blocks::<IQ4NL>,
    }
}

const fn matmul_packed_of(dtype: PackedDType) -> MatmulFn {
    match dtype {
        PackedDType::Q4_0 => packed::matmul::<Q4_0>,
        PackedDType::Q4_1 => packed::matmul::<Q4_1>,
        PackedDType::Q5_0 => packed::matmul::<Q5_0>,
        PackedDType::Q8_0 => packed::matmul::<Q8_0>,
        PackedDType::IQ4NL => packed::matmul::<IQ4NL>,
        PackedDType::Q4K => packed::matmul::<Q4K>,
        PackedDType::Q6K => packed::matmul::<Q6K>,
    }
}

const fn dequantize_of(dtype: DType) -> DequantizeFn {
    match dtype {
        DType::F32 => dequantize::floats::<F32>,
        DType::F16 => dequantize::floats::<F16>,
        DType::BF16 => dequantize::floats::<BF16>,
        DType::Q8_0 => dequantize::blocks::<Q8_0>,
        DType::Q4_0 => dequantize::blocks::<Q4_0>,
        DType::Q4_1 => dequantize::blocks::<Q4_1>,
        DType::Q5_0 => dequantize::blocks::<Q5_0>,
        DType::Q5_1 => dequantize::blocks::<Q5_1>,
        DType::Q4K => dequantize::blocks::<Q4K>,
        DType::Q5K => dequantize::blocks::<Q5K>,
        DType::Q6K => dequantize::blocks::<Q6K>,
        DType::IQ4NL => dequantize::blocks::<IQ4NL>,
    }
}

const fn kv_store_of(dtype: KvDType) -> KvStoreFn {
    match dtype {
        KvDType::F16 => kv::store::<kv::F16>,
        KvDType::Q8_0 => kv::store::<kv::Q8_0>,
    }
}

const fn kv_dot_of(dtype: KvDType) -> KvDotFn {
    match dtype {
        KvDType::F16 => kv::dot::<kv::F16>,
        KvDType::Q8_0 => kv::dot::<kv::Q8_0>,
    }
}

const fn kv_axpy_of(dtype: KvDType) -> KvAxpyFn {
    match dtype {
        KvDType::F16 => kv::axpy::<kv::F16>,
        KvDType::Q8_0 => kv::axpy::<kv::Q8_0>,
    }
}
