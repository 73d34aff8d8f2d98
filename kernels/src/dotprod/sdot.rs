//! Products of packed weights by `sdot`: four products and their sum in each of four lanes. The intrinsic is not stable.

use crate::{
    neon::packed::{Gemv, LaneDot, Token},
    packed::TILE_ROWS,
    scalar::formats::{BlockFormat, Q4_0},
};
use std::arch::{aarch64::*, asm};

/// Four products and their sum in one instruction.
pub(crate) struct Sdot;

/// What sums begin with. They are loaded, as loads have room where the vector units have none.
static ZEROS: [u32; 4] = [0; 4];

impl LaneDot for Sdot {
    #[inline(always)]
    unsafe fn add<const N: usize>(sums: float32x4_t, w: &[int8x16_t; N], scales: float32x4_t, x: Token, _small: bool) -> float32x4_t {
        // SAFETY: the caller promises the activations and their scale, and a CPU with the dot product.
        unsafe {
            let mut dot = vdupq_n_s32(0);
            for (i, w) in w.as_chunks::<4>().0.iter().enumerate() {
                dot = dot16(dot, *w, vld1q_s8(x.q.add(16 * i)));
            }
            vfmaq_f32(sums, scales, vmulq_n_f32(vcvtq_f32_s32(dot), *x.d))
        }
    }

    #[inline(always)]
    unsafe fn add_four<const N: usize>(
        sums: [float32x4_t; 4],
        w: &[int8x16_t; N],
        scales: float32x4_t,
        x: [Token; 4],
        _small: bool,
    ) -> [float32x4_t; 4] {
        // SAFETY: the caller promises the activations and their scales, and a CPU with the dot product.
        unsafe {
            let mut dots = zeros();
            for (i, w) in w.as_chunks::<4>().0.iter().enumerate() {
                dots = dot16_four(dots, *w, x.map(|x| x.q.wrapping_add(16 * i)));
            }
            scale_four(sums, dots, scales, x)
        }
    }
}

/// Adds the products of 16 columns with one token.
///
/// # Safety
/// The CPU has the dot product.
#[inline(always)]
unsafe fn dot16(mut sums: int32x4_t, w: [int8x16_t; 4], x: int8x16_t) -> int32x4_t {
    // SAFETY: the caller's promise; the instructions change one register only.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {sums:v}.4s, {w0:v}.16b, {x:v}.4b[0]",
            "sdot {sums:v}.4s, {w1:v}.16b, {x:v}.4b[1]",
            "sdot {sums:v}.4s, {w2:v}.16b, {x:v}.4b[2]",
            "sdot {sums:v}.4s, {w3:v}.16b, {x:v}.4b[3]",
            sums = inout(vreg) sums, x = in(vreg) x,
            w0 = in(vreg) w[0], w1 = in(vreg) w[1], w2 = in(vreg) w[2], w3 = in(vreg) w[3],
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    sums
}

// The next three are not `pure`, so that they stay in the order they are written in: of eight tokens the compiler would begin all before
// it ends one, and run out of registers.

/// Four times zero.
#[inline(always)]
fn zeros() -> [int32x4_t; 4] {
    let [a, b, c, d];
    // SAFETY: reads the 16 bytes of `ZEROS`.
    unsafe {
        asm!(
            "ldr {a:q}, [{zeros}]",
            "ldr {b:q}, [{zeros}]",
            "ldr {c:q}, [{zeros}]",
            "ldr {d:q}, [{zeros}]",
            zeros = in(reg) ZEROS.as_ptr(), a = out(vreg) a, b = out(vreg) b, c = out(vreg) c, d = out(vreg) d,
            options(readonly, nostack, preserves_flags)
        );
    }
    [a, b, c, d]
}

/// Adds the products of 16 columns with four tokens, two and two: chains of `sdot` hide each other's latency.
///
/// # Safety
/// The CPU has the dot product, and 16 activations are readable at each pointer.
#[inline(always)]
unsafe fn dot16_four(dots: [int32x4_t; 4], w: [int8x16_t; 4], q: [*const i8; 4]) -> [int32x4_t; 4] {
    let [mut a, mut b, mut c, mut d] = dots;
    // SAFETY: the caller's promise; no memory is written.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "ldr {x:q}, [{q0}]",
            "ldr {y:q}, [{q1}]",
            "sdot {a:v}.4s, {w0:v}.16b, {x:v}.4b[0]",
            "sdot {b:v}.4s, {w0:v}.16b, {y:v}.4b[0]",
            "sdot {a:v}.4s, {w1:v}.16b, {x:v}.4b[1]",
            "sdot {b:v}.4s, {w1:v}.16b, {y:v}.4b[1]",
            "sdot {a:v}.4s, {w2:v}.16b, {x:v}.4b[2]",
            "sdot {b:v}.4s, {w2:v}.16b, {y:v}.4b[2]",
            "sdot {a:v}.4s, {w3:v}.16b, {x:v}.4b[3]",
            "sdot {b:v}.4s, {w3:v}.16b, {y:v}.4b[3]",
            "ldr {x:q}, [{q2}]",
            "ldr {y:q}, [{q3}]",
            "sdot {c:v}.4s, {w0:v}.16b, {x:v}.4b[0]",
            "sdot {d:v}.4s, {w0:v}.16b, {y:v}.4b[0]",
            "sdot {c:v}.4s, {w1:v}.16b, {x:v}.4b[1]",
            "sdot {d:v}.4s, {w1:v}.16b, {y:v}.4b[1]",
            "sdot {c:v}.4s, {w2:v}.16b, {x:v}.4b[2]",
            "sdot {d:v}.4s, {w2:v}.16b, {y:v}.4b[2]",
            "sdot {c:v}.4s, {w3:v}.16b, {x:v}.4b[3]",
            "sdot {d:v}.4s, {w3:v}.16b, {y:v}.4b[3]",
            a = inout(vreg) a, b = inout(vreg) b, c = inout(vreg) c, d = inout(vreg) d,
            w0 = in(vreg) w[0], w1 = in(vreg) w[1], w2 = in(vreg) w[2], w3 = in(vreg) w[3],
            q0 = in(reg) q[0], q1 = in(reg) q[1], q2 = in(reg) q[2], q3 = in(reg) q[3],
            x = out(vreg) _, y = out(vreg) _,
            options(readonly, nostack, preserves_flags)
        );
    }
    [a, b, c, d]
}

/// For four tokens: t = d * dot, then sum = fma(scale, t, sum).
///
/// # Safety
/// The scales of the activations are readable.
#[inline(always)]
unsafe fn scale_four(sums: [float32x4_t; 4], dots: [int32x4_t; 4], scales: float32x4_t, x: [Token; 4]) -> [float32x4_t; 4] {
    let [mut a, mut b, mut c, mut d] = sums;
    // SAFETY: the caller's promise; no memory is written.
    unsafe {
        asm!(
            "ldr {x:s}, [{d0}]",
            "ldr {y:s}, [{d1}]",
            "scvtf {ta:v}.4s, {ta:v}.4s",
            "scvtf {tb:v}.4s, {tb:v}.4s",
            "scvtf {tc:v}.4s, {tc:v}.4s",
            "scvtf {td:v}.4s, {td:v}.4s",
            "fmul {ta:v}.4s, {ta:v}.4s, {x:v}.s[0]",
            "fmul {tb:v}.4s, {tb:v}.4s, {y:v}.s[0]",
            "ldr {x:s}, [{d2}]",
            "ldr {y:s}, [{d3}]",
            "fmul {tc:v}.4s, {tc:v}.4s, {x:v}.s[0]",
            "fmul {td:v}.4s, {td:v}.4s, {y:v}.s[0]",
            "fmla {a:v}.4s, {scales:v}.4s, {ta:v}.4s",
            "fmla {b:v}.4s, {scales:v}.4s, {tb:v}.4s",
            "fmla {c:v}.4s, {scales:v}.4s, {tc:v}.4s",
            "fmla {d:v}.4s, {scales:v}.4s, {td:v}.4s",
            a = inout(vreg) a, b = inout(vreg) b, c = inout(vreg) c, d = inout(vreg) d,
            ta = inout(vreg) dots[0] => _, tb = inout(vreg) dots[1] => _, tc = inout(vreg) dots[2] => _, td = inout(vreg) dots[3] => _,
            d0 = in(reg) x[0].d, d1 = in(reg) x[1].d, d2 = in(reg) x[2].d, d3 = in(reg) x[3].d,
            x = out(vreg) _, y = out(vreg) _, scales = in(vreg) scales,
            options(readonly, nostack, preserves_flags)
        );
    }
    [a, b, c, d]
}

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
