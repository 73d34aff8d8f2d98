//! Products of packed weights with one token by `sdot`, scheduled by hand.

use super::sdot::{ONES, START, Sdot};
use crate::{
    neon::packed::Gemv,
    packed::TILE_ROWS,
    scalar::formats::{BlockFormat, Q4_0, Q8_0},
};
use std::arch::{aarch64::*, asm};

/// What sums begin with. They are loaded, as loads have room where the vector units have none.
static ZEROS: [u32; 4] = [0; 4];

impl Gemv<Q4_0, 1> for Sdot {
    /// In an iteration:
    /// - the loads of a block: scales (v23, v22), weights (v0 to v7), activations (v16 those of low nibbles, v17 those of high ones), and
    ///   zeros for the sums (v18, v19), as loads have room where the vector units have none;
    /// - `shl` (v8 to v15) and `and` (v0 to v7): nibbles to 16 times the level, with its sign;
    /// - eight `sdot` for each four rows;
    /// - between them the float operations of the block before: t = d * sum / 16 (`scvtf`, exact, and `fmul`), acc = fma(scale, t, acc).
    ///
    /// The order is what the pipeline models of the Cortex-A55, which completes in order, and the A76 took least time for: long operations
    /// and short ones apart, a chain of `sdot` filled up with what does not depend on it.
    #[inline(always)]
    unsafe fn gemv(tiles: [*const u8; 1], blocks: usize, q: *const i8, d: *const f32) -> [[float32x4_t; 2]; 1] {
        const { assert!(TILE_ROWS * Q4_0::BYTES == 144) }
        // SAFETY: reads `blocks` tiles of 144 bytes, as many blocks of activations, which the caller promises, and the zeros; writes no memory
        // and only the registers named. The caller promises a CPU with the dot product.
        unsafe {
            let mut sums = [vdupq_n_f32(0.0); 2];
            let mut dots = [vdupq_n_s32(0); 2];
            let (mut scales, mut last) = (vdupq_n_u16(0), vdupq_n_f32(0.0));
            asm!(
                ".arch_extension dotprod",
                "2:",
                "ldr q7, [{tile}, #128]",
                "ldr q1, [{tile}, #32]",
                "ldr q3, [{tile}, #64]",
                "fcvtl v24.4s, v23.4h",
                "ldr q0, [{tile}, #16]",
                "scvtf v20.4s, v18.4s, #4",
                "ldr q6, [{tile}, #112]",
                "scvtf v21.4s, v19.4s, #4",
                "ldr q4, [{tile}, #80]",
                "ldr q2, [{tile}, #48]",
                "fcvtl2 v25.4s, v23.8h",
                "ldr q5, [{tile}, #96]",
                "fmul v20.4s, v20.4s, v22.s[0]",
                "ldr q18, [{zeros}]",
                "fmul v21.4s, v21.4s, v22.s[0]",
                "ldr q16, [{q}]",
                "shl v13.16b, v5.16b, #4",
                "shl v8.16b, v0.16b, #4",
                "shl v15.16b, v7.16b, #4",
                "ldr q19, [{zeros}]",
                "shl v12.16b, v4.16b, #4",
                "shl v11.16b, v3.16b, #4",
                "and v0.16b, v0.16b, v29.16b",
                "shl v9.16b, v1.16b, #4",
                "and v3.16b, v3.16b, v29.16b",
                "ldr q17, [{q}, #16]",
                "sdot v19.4s, v9.16b, v16.4b[0]",
                "sdot v18.4s, v8.16b, v16.4b[0]",
                "shl v10.16b, v2.16b, #4",
                "and v2.16b, v2.16b, v29.16b",
                "shl v14.16b, v6.16b, #4",
                "sdot v18.4s, v10.16b, v16.4b[1]",
                "sdot v19.4s, v11.16b, v16.4b[1]",
                "and v5.16b, v5.16b, v29.16b",
                "and v4.16b, v4.16b, v29.16b",
                "sdot v18.4s, v12.16b, v16.4b[2]",
                "sdot v19.4s, v13.16b, v16.4b[2]",
                "fmla v31.4s, v25.4s, v21.4s",
                "and v1.16b, v1.16b, v29.16b",
                "and v6.16b, v6.16b, v29.16b",
                "ldr s22, [{d}], #4",
                "sdot v19.4s, v15.16b, v16.4b[3]",
                "sdot v18.4s, v14.16b, v16.4b[3]",
                "add {q}, {q}, #32",
                "and v7.16b, v7.16b, v29.16b",
                "sdot v18.4s, v0.16b, v17.4b[0]",
                "sdot v19.4s, v1.16b, v17.4b[0]",
                "sdot v18.4s, v2.16b, v17.4b[1]",
                "sdot v19.4s, v3.16b, v17.4b[1]",
                "ldr q23, [{tile}]",
                "fmla v30.4s, v24.4s, v20.4s",
                "sdot v18.4s, v4.16b, v17.4b[2]",
                "sdot v19.4s, v5.16b, v17.4b[2]",
                "sdot v18.4s, v6.16b, v17.4b[3]",
                "sdot v19.4s, v7.16b, v17.4b[3]",
                "add {tile}, {tile}, #144",
                "subs {left}, {left}, #1",
                "b.ne 2b",
                tile = inout(reg) tiles[0] => _,
                q = inout(reg) q => _,
                d = inout(reg) d => _,
                left = inout(reg) blocks => _,
                zeros = in(reg) ZEROS.as_ptr(),
                inout("v18") dots[0], inout("v19") dots[1], inout("v22") last, inout("v23") scales,
                in("v29") vdupq_n_u8(0xf0), inout("v30") sums[0], inout("v31") sums[1],
                out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
                out("v8") _, out("v9") _, out("v10") _, out("v11") _, out("v12") _, out("v13") _, out("v14") _, out("v15") _,
                out("v16") _, out("v17") _, out("v20") _, out("v21") _, out("v24") _, out("v25") _,
                options(readonly, nostack)
            );
            let scales = vreinterpretq_f16_u16(scales);
            let scales = [vcvt_f32_f16(vget_low_f16(scales)), vcvt_high_f32_f16(scales)];
            let scaled = |i: usize| vmulq_laneq_f32::<0>(vcvtq_n_f32_s32::<4>(dots[i]), last);
            [[vfmaq_f32(sums[0], scales[0], scaled(0)), vfmaq_f32(sums[1], scales[1], scaled(1))]]
        }
    }
}

impl Gemv<Q8_0, 1> for Sdot {
    /// In an iteration:
    /// - the loads of a block in two parts: activations (v16, v17), weights (v0 to v7), what sums begin with (v18 to v21), and at the end the
    ///   activations' scale (v22) and the scales (v23);
    /// - eight `sdot` after each part, to four sums in turn;
    /// - between them the float operations of the block before: t = d * sum, acc = fma(scale, t, acc).
    #[inline(always)]
    unsafe fn gemv(tiles: [*const u8; 1], blocks: usize, q: *const i8, d: *const f32) -> [[float32x4_t; 2]; 1] {
        const { assert!(TILE_ROWS * Q8_0::BYTES == 272) }
        // SAFETY: reads `blocks` tiles of 272 bytes, as many blocks of activations, which the caller promises, and what sums begin with; writes
        // no memory and only the registers named. The caller promises a CPU with the dot product.
        unsafe {
            let mut sums = [vdupq_n_f32(0.0); 2];
            let ones = vdupq_n_f32(ONES);
            let mut dots = [ones; 2];
            let (mut scales, mut last) = (vdupq_n_u16(0), vdupq_n_f32(0.0));
            asm!(
                ".arch_extension dotprod",
                "2:",
                "fcvtl v24.4s, v23.4h",
                "fcvtl2 v25.4s, v23.8h",
                "fsub v26.4s, v18.4s, v29.4s",
                "fsub v27.4s, v19.4s, v29.4s",
                "ldr q16, [{q}]",
                "ldr q17, [{q}, #16]",
                "ldr q0, [{tile}, #16]",
                "ldr q1, [{tile}, #32]",
                "ldr q2, [{tile}, #48]",
                "ldr q3, [{tile}, #64]",
                "ldr q4, [{tile}, #80]",
                "ldr q5, [{tile}, #96]",
                "ldr q6, [{tile}, #112]",
                "ldr q7, [{tile}, #128]",
                "ldr q18, [{start}]",
                "ldr q19, [{start}]",
                "ldr q20, [{zeros}]",
                "ldr q21, [{zeros}]",
                "fmul v26.4s, v26.4s, v22.s[0]",
                "fmul v27.4s, v27.4s, v22.s[0]",
                "sdot v18.4s, v0.16b, v16.4b[0]",
                "sdot v19.4s, v1.16b, v16.4b[0]",
                "sdot v20.4s, v2.16b, v16.4b[1]",
                "sdot v21.4s, v3.16b, v16.4b[1]",
                "sdot v18.4s, v4.16b, v16.4b[2]",
                "sdot v19.4s, v5.16b, v16.4b[2]",
                "sdot v20.4s, v6.16b, v16.4b[3]",
                "sdot v21.4s, v7.16b, v16.4b[3]",
                "fmla v30.4s, v24.4s, v26.4s",
                "fmla v31.4s, v25.4s, v27.4s",
                "ldr q0, [{tile}, #144]",
                "ldr q1, [{tile}, #160]",
                "ldr q2, [{tile}, #176]",
                "ldr q3, [{tile}, #192]",
                "ldr q4, [{tile}, #208]",
                "ldr q5, [{tile}, #224]",
                "ldr q6, [{tile}, #240]",
                "ldr q7, [{tile}, #256]",
                "ldr s22, [{d}], #4",
                "ldr q23, [{tile}]",
                "sdot v18.4s, v0.16b, v17.4b[0]",
                "sdot v19.4s, v1.16b, v17.4b[0]",
                "sdot v20.4s, v2.16b, v17.4b[1]",
                "sdot v21.4s, v3.16b, v17.4b[1]",
                "sdot v18.4s, v4.16b, v17.4b[2]",
                "sdot v19.4s, v5.16b, v17.4b[2]",
                "sdot v20.4s, v6.16b, v17.4b[3]",
                "sdot v21.4s, v7.16b, v17.4b[3]",
                "add v18.4s, v18.4s, v20.4s",
                "add v19.4s, v19.4s, v21.4s",
                "add {tile}, {tile}, #272",
                "add {q}, {q}, #32",
                "subs {left}, {left}, #1",
                "b.ne 2b",
                tile = inout(reg) tiles[0] => _,
                q = inout(reg) q => _,
                d = inout(reg) d => _,
                left = inout(reg) blocks => _,
                start = in(reg) START.as_ptr(),
                zeros = in(reg) ZEROS.as_ptr(),
                inout("v18") dots[0], inout("v19") dots[1], inout("v22") last, inout("v23") scales,
                in("v29") ones, inout("v30") sums[0], inout("v31") sums[1],
                out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
                out("v16") _, out("v17") _, out("v20") _, out("v21") _, out("v24") _, out("v25") _, out("v26") _, out("v27") _,
                options(readonly, nostack)
            );
            let scales = vreinterpretq_f16_u16(scales);
            let scales = [vcvt_f32_f16(vget_low_f16(scales)), vcvt_high_f32_f16(scales)];
            let scaled = |i: usize| vmulq_laneq_f32::<0>(vsubq_f32(dots[i], ones), last);
            [[vfmaq_f32(sums[0], scales[0], scaled(0)), vfmaq_f32(sums[1], scales[1], scaled(1))]]
        }
    }
}
