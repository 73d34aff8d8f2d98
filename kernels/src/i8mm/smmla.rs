//! Products of packed weights by `smmla`: two tokens by two rows, eight columns at once. The intrinsic is not stable.

use crate::{
    dotprod::sdot::{float_dots, start_dots},
    neon::panel::{Eight, PanelDot, RUN_BYTES},
};
use std::arch::{aarch64::*, asm};

/// Two tokens by two rows in one instruction. A vector of sums is two rows of a token, then those of the next: of two tokens all rows, then
/// of the other two.
pub(crate) struct Smmla;

impl PanelDot for Smmla {
    /// Eight columns of two rows are a vector.
    #[inline(always)]
    unsafe fn arrange(sides: [[int8x16_t; 2]; 2]) -> [int8x16_t; 4] {
        // SAFETY: the instructions need nothing that the target has not.
        unsafe {
            let [a, b] = sides.map(|side| side.map(|levels| vreinterpretq_s32_s8(levels)));
            [vzip1q_s32(a[0], a[1]), vzip2q_s32(a[0], a[1]), vzip1q_s32(b[0], b[1]), vzip2q_s32(b[0], b[1])]
                .map(|rows| vreinterpretq_s8_s32(rows))
        }
    }

    /// Two rows, twice.
    #[inline(always)]
    unsafe fn spread_rows(sides: [float32x4_t; 2]) -> [float32x4_t; 4] {
        // SAFETY: the instructions need nothing that the target has not.
        unsafe {
            let [a, b] = sides.map(|rows| vreinterpretq_f64_f32(rows));
            [vdupq_laneq_f64::<0>(a), vdupq_laneq_f64::<1>(a), vdupq_laneq_f64::<0>(b), vdupq_laneq_f64::<1>(b)]
                .map(|rows| vreinterpretq_f32_f64(rows))
        }
    }

    /// Two tokens, each twice.
    #[inline(always)]
    unsafe fn spread_tokens(x: float32x4_t) -> Eight<float32x4_t> {
        // SAFETY: the instructions need nothing that the target has not.
        let [a, b] = unsafe { [vzip1q_f32(x, x), vzip2q_f32(x, x)] };
        [a, a, a, a, b, b, b, b]
    }

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

    #[inline(always)]
    unsafe fn store(sums: *const f32, t: usize, out: *mut f32) {
        for pair in 0..4 {
            // SAFETY: the caller's promise; the vectors of two tokens are four, and of a vector each token has a half.
            unsafe { out.add(2 * pair).copy_from_nonoverlapping(sums.add(t / 2 * 16 + pair * 4 + t % 2 * 2), 2) }
        }
    }
}

/// Adds the products of the `RUN`-th eight columns.
///
/// # Safety
/// The CPU has the matrix multiply, and 64 levels and the integers of four tokens are readable there.
#[inline(always)]
unsafe fn add_run<const RUN: usize>(dots: Eight<int32x4_t>, levels: *const i8, q: *const i8) -> Eight<int32x4_t> {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = dots;
    // SAFETY: the caller's promise; no memory is written.
    unsafe {
        asm!(
            ".arch_extension i8mm",
            "ldr {x:q}, [{q}, #{q_at}]",
            "ldr {y:q}, [{q}, #{q_at} + 16]",
            "ldr {s:q}, [{levels}, #{at}]",
            "ldr {t:q}, [{levels}, #{at} + 16]",
            "ldr {u:q}, [{levels}, #{at} + 32]",
            "ldr {v:q}, [{levels}, #{at} + 48]",
            "smmla {a:v}.4s, {x:v}.16b, {s:v}.16b",
            "smmla {b:v}.4s, {x:v}.16b, {t:v}.16b",
            "smmla {c:v}.4s, {x:v}.16b, {u:v}.16b",
            "smmla {d:v}.4s, {x:v}.16b, {v:v}.16b",
            "smmla {e:v}.4s, {y:v}.16b, {s:v}.16b",
            "smmla {f:v}.4s, {y:v}.16b, {t:v}.16b",
            "smmla {g:v}.4s, {y:v}.16b, {u:v}.16b",
            "smmla {h:v}.4s, {y:v}.16b, {v:v}.16b",
            a = inout(vreg) a, b = inout(vreg) b, c = inout(vreg) c, d = inout(vreg) d,
            e = inout(vreg) e, f = inout(vreg) f, g = inout(vreg) g, h = inout(vreg) h,
            levels = in(reg) levels, at = const RUN * 64, q = in(reg) q, q_at = const RUN * RUN_BYTES,
            x = out(vreg) _, y = out(vreg) _, s = out(vreg) _, t = out(vreg) _, u = out(vreg) _, v = out(vreg) _,
            options(readonly, nostack, preserves_flags)
        );
    }
    [a, b, c, d, e, f, g, h]
}
