//! 64-bit ARM with the int8 dot product: Cortex-A55, A76 and later. The products are those of NEON with another multiplication.

use crate::{
    DType, Isa, PackedDType,
    neon::{
        matmul::{self, Dot},
        packed,
    },
    scalar::formats::{IQ4NL, Q4_0, Q4_1, Q4K, Q5_0, Q5_1, Q5K, Q6K, Q8_0},
    table::{Table, rows},
};
use std::arch::{
    aarch64::{int8x16_t, int32x4_t},
    asm,
};

mod gemv;
pub(crate) mod sdot;

use sdot::Sdot;

/// Its rows over those of `table`.
pub(crate) const fn overlay(mut table: Table) -> Table {
    rows!(table, Isa::Dotprod;
        matmul[DType::Q8_0] = matmul::blocks::<Q8_0, Sdot>;
        matmul[DType::Q4_0] = matmul::blocks::<Q4_0, Sdot>;
        matmul[DType::Q4_1] = matmul::blocks::<Q4_1, Sdot>;
        matmul[DType::Q5_0] = matmul::blocks::<Q5_0, Sdot>;
        matmul[DType::Q5_1] = matmul::blocks::<Q5_1, Sdot>;
        matmul[DType::Q4K] = matmul::blocks::<Q4K, Sdot>;
        matmul[DType::Q5K] = matmul::blocks::<Q5K, Sdot>;
        matmul[DType::Q6K] = matmul::blocks::<Q6K, Sdot>;
        matmul[DType::IQ4NL] = matmul::blocks::<IQ4NL, Sdot>;
        matmul_packed[PackedDType::Q4_0] = packed::matmul_gemv::<Q4_0, Sdot, Sdot, 1>;
        matmul_packed[PackedDType::Q4_1] = packed::matmul::<Q4_1, Sdot, Sdot>;
        matmul_packed[PackedDType::Q5_0] = packed::matmul::<Q5_0, Sdot, Sdot>;
        matmul_packed[PackedDType::Q8_0] = packed::matmul_gemv::<Q8_0, Sdot, Sdot, 1>;
        matmul_packed[PackedDType::IQ4NL] = packed::matmul::<IQ4NL, Sdot, Sdot>;
        matmul_packed[PackedDType::Q4K] = packed::matmul::<Q4K, Sdot, Sdot>;
        matmul_packed[PackedDType::Q6K] = packed::matmul::<Q6K, Sdot, Sdot>;
    )
}

impl Dot for Sdot {
    #[inline(always)]
    unsafe fn dot16(mut sums: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t {
        // The intrinsic, `vdotq_s32`, is not stable.
        // SAFETY: the caller promises a CPU with the dot product; the instruction changes one register only.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {sums:v}.4s, {w:v}.16b, {x:v}.16b",
                sums = inout(vreg) sums,
                w = in(vreg) w,
                x = in(vreg) x,
                options(pure, nomem, nostack, preserves_flags)
            );
        }
        sums
    }
}
