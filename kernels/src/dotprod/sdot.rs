//! Products of packed weights by `sdot`: four products and their sum in each of four lanes. The intrinsic is not stable.

use crate::neon::{
    packed::LaneDot,
    panel::{Eight, PanelDot, RUN_BYTES},
};
use std::arch::{aarch64::*, asm};

/// Four products and their sum in one instruction.
pub(crate) struct Sdot;

impl LaneDot for Sdot {
    #[inline(always)]
    unsafe fn dot<const N: usize>(w: &[[int8x16_t; N]; 2], x: *const i8, _small: bool) -> [int32x4_t; 2] {
        // SAFETY: the caller promises the activations, and a CPU with the dot product.
        unsafe {
            let mut dots = [vdupq_n_s32(0); 4];
            for i in (0..N).step_by(4) {
                let four = |side: usize| [w[side][i], w[side][i + 1], w[side][i + 2], w[side][i + 3]];
                dots = dot16(dots, [four(0), four(1)], vld1q_s8(x.add(4 * i)));
            }
            [vaddq_s32(dots[0], dots[2]), vaddq_s32(dots[1], dots[3])]
        }
    }
}

/// Adds the products of 16 columns of eight rows with one token. Every second four columns have sums of their own, since an instruction
/// waits for the sums it adds to.
///
/// # Safety
/// The CPU has the dot product.
#[inline(always)]
unsafe fn dot16([mut a, mut b, mut c, mut d]: [int32x4_t; 4], w: [[int8x16_t; 4]; 2], x: int8x16_t) -> [int32x4_t; 4] {
    // SAFETY: the caller's promise; the instructions change four registers only.
    unsafe {
        asm!(
            ".arch_extension dotprod",
            "sdot {a:v}.4s, {r:v}.16b, {x:v}.4b[0]",
            "sdot {b:v}.4s, {v:v}.16b, {x:v}.4b[0]",
            "sdot {c:v}.4s, {s:v}.16b, {x:v}.4b[1]",
            "sdot {d:v}.4s, {w:v}.16b, {x:v}.4b[1]",
            "sdot {a:v}.4s, {t:v}.16b, {x:v}.4b[2]",
            "sdot {b:v}.4s, {y:v}.16b, {x:v}.4b[2]",
            "sdot {c:v}.4s, {u:v}.16b, {x:v}.4b[3]",
            "sdot {d:v}.4s, {z:v}.16b, {x:v}.4b[3]",
            a = inout(vreg) a, b = inout(vreg) b, c = inout(vreg) c, d = inout(vreg) d, x = in(vreg) x,
            r = in(vreg) w[0][0], s = in(vreg) w[0][1], t = in(vreg) w[0][2], u = in(vreg) w[0][3],
            v = in(vreg) w[1][0], w = in(vreg) w[1][1], y = in(vreg) w[1][2], z = in(vreg) w[1][3],
            options(pure, nomem, nostack, preserves_flags)
        );
    }
    [a, b, c, d]
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
pub(super) const ONES: f32 = 1.5 * (1 << 23) as f32;

/// What sums that [`float_dots`] will end begin with. Loaded, as loads have room where the vector units have none.
pub(super) static START: [f32; 4] = [ONES; 4];

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
