//! Products of packed weights by `sdot`: four products and their sum in each of four lanes. The intrinsic is not stable.

use crate::{
    neon::{
        packed::{Gemv, LaneDot, Token},
        panel::{Eight, PanelDot, RUN_BYTES},
    },
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

impl PanelDot for Sdot {
    #[inline(always)]
    unsafe fn dots<const RUNS: usize>(levels: *const i8, q: *const i8, _small: bool) -> Eight<float32x4_t> {
        // SAFETY: the caller's promise.
        unsafe {
            let mut dots = add_run::<1>(add_run::<0>(start_dots(), levels, q), levels, q);
            if RUNS == 4 {
                dots = add_run::<3>(add_run::<2>(dots, levels, q), levels, q);
            }
            float_dots(dots)
        }
    }
}

/// A float whose last bit counts one: added to its bits, an integer below 2^22 in magnitude is added to its value. A subtraction then makes
/// a float of a sum of integers, exactly, in half the time of a conversion or in the same.
const ONES: f32 = 1.5 * (1 << 23) as f32;

/// What sums that [`float_dots`] will end begin with. Loaded, as loads have room where the vector units have none.
static START: [f32; 4] = [ONES; 4];

/// Sums of integers without any product.
#[inline(always)]
pub(crate) fn start_dots() -> Eight<int32x4_t> {
    let [a, b, c, d, e, f, g, h];
    // SAFETY: reads the 16 bytes of `START`. Not `pure`, so that there are as many loads as vectors.
    unsafe {
        asm!(
            "ldr {a:q}, [{start}]",
            "ldr {b:q}, [{start}]",
            "ldr {c:q}, [{start}]",
            "ldr {d:q}, [{start}]",
            "ldr {e:q}, [{start}]",
            "ldr {f:q}, [{start}]",
            "ldr {g:q}, [{start}]",
            "ldr {h:q}, [{start}]",
            start = in(reg) START.as_ptr(),
            a = out(vreg) a, b = out(vreg) b, c = out(vreg) c, d = out(vreg) d,
            e = out(vreg) e, f = out(vreg) f, g = out(vreg) g, h = out(vreg) h,
            options(readonly, nostack, preserves_flags)
        );
    }
    [a, b, c, d, e, f, g, h]
}

/// Sums as floats. Those of a block of 32 are at most 32 * 128 * 127 < 2^22.
#[inline(always)]
pub(crate) fn float_dots(dots: Eight<int32x4_t>) -> Eight<float32x4_t> {
    // SAFETY: the instructions need nothing that the target has not.
    unsafe {
        let mut floats = [vdupq_n_f32(0.0); 8];
        for (float, &dot) in floats.iter_mut().zip(&dots) {
            *float = vsubq_f32(vreinterpretq_f32_s32(dot), vdupq_n_f32(ONES));
        }
        floats
    }
}

/// Adds the products of the `RUN`-th eight columns: eight rows, in two vectors for each four columns, by four tokens, two in a vector.
///
/// # Safety
/// The CPU has the dot product, and 64 levels and the integers of four tokens are readable there.
#[inline(always)]
unsafe fn add_run<const RUN: usize>(dots: Eight<int32x4_t>, levels: *const i8, q: *const i8) -> Eight<int32x4_t> {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = dots;
    // SAFETY: the caller's promise; no memory is written.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "ldr {x:q}, [{q}, #{q_at}]",
            "ldr {y:q}, [{q}, #{q_at} + 16]",
            "ldr {s:q}, [{levels}, #{at}]",
            "ldr {t:q}, [{levels}, #{at} + 16]",
            "ldr {u:q}, [{levels}, #{at} + 32]",
            "ldr {v:q}, [{levels}, #{at} + 48]",
            "sdot {a:v}.4s, {s:v}.16b, {x:v}.4b[0]",
            "sdot {b:v}.4s, {t:v}.16b, {x:v}.4b[0]",
            "sdot {c:v}.4s, {s:v}.16b, {x:v}.4b[2]",
            "sdot {d:v}.4s, {t:v}.16b, {x:v}.4b[2]",
            "sdot {e:v}.4s, {s:v}.16b, {y:v}.4b[0]",
            "sdot {f:v}.4s, {t:v}.16b, {y:v}.4b[0]",
            "sdot {g:v}.4s, {s:v}.16b, {y:v}.4b[2]",
            "sdot {h:v}.4s, {t:v}.16b, {y:v}.4b[2]",
            "sdot {a:v}.4s, {u:v}.16b, {x:v}.4b[1]",
            "sdot {b:v}.4s, {v:v}.16b, {x:v}.4b[1]",
            "sdot {c:v}.4s, {u:v}.16b, {x:v}.4b[3]",
            "sdot {d:v}.4s, {v:v}.16b, {x:v}.4b[3]",
            "sdot {e:v}.4s, {u:v}.16b, {y:v}.4b[1]",
            "sdot {f:v}.4s, {v:v}.16b, {y:v}.4b[1]",
            "sdot {g:v}.4s, {u:v}.16b, {y:v}.4b[3]",
            "sdot {h:v}.4s, {v:v}.16b, {y:v}.4b[3]",
            a = inout(vreg) a, b = inout(vreg) b, c = inout(vreg) c, d = inout(vreg) d,
            e = inout(vreg) e, f = inout(vreg) f, g = inout(vreg) g, h = inout(vreg) h,
            levels = in(reg) levels, at = const RUN * 64, q = in(reg) q, q_at = const RUN * RUN_BYTES,
            x = out(vreg) _, y = out(vreg) _, s = out(vreg) _, t = out(vreg) _, u = out(vreg) _, v = out(vreg) _,
            options(readonly, nostack, preserves_flags)
        );
    }
    [a, b, c, d, e, f, g, h]
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
