//! Products of packed weights by the multiplications of plain Advanced SIMD, which widen to 16 bits.

use super::{
    packed::{Gemv, LaneDot},
    panel::{Eight, PanelDot, RUN_BYTES},
};
use crate::{
    packed::TILE_ROWS,
    scalar::formats::{BlockFormat, Q4_0},
};
use std::arch::{aarch64::*, asm};

/// Eight products in 16 bits.
pub(crate) struct LaneSmull;

impl LaneDot for LaneSmull {
    #[inline(always)]
    unsafe fn dot<const N: usize>(w: &[[int8x16_t; N]; 2], x: *const i8, small: bool) -> [int32x4_t; 2] {
        // SAFETY: the caller promises the activations.
        unsafe { [dot(&w[0], x, small), dot(&w[1], x, small)] }
    }
}

/// The sums of products of `4 N` columns of four rows.
///
/// # Safety
/// As many activations are readable.
#[inline(always)]
unsafe fn dot<const N: usize>(w: &[int8x16_t; N], x: *const i8, small: bool) -> int32x4_t {
    // Two products of any bytes fit 16 bits (2 * 128 * 127 < 2^15), and eight of small levels (8 * 32 * 127).
    let most = if small { 8 } else { 2 };
    // SAFETY: the caller promises the activations.
    unsafe {
        let mut sums = [vdupq_n_s32(0); 2];
        for from in (0..N).step_by(most) {
            let mut pairs = [vdupq_n_s16(0); 2];
            for (k, &w) in w.iter().enumerate().skip(from).take(most) {
                // The same four activations in both halves: eight products are four columns of two rows.
                let x = repeated(vld1q_s8(x.add(k / 4 * 16)), k % 4);
                pairs = if k == from {
                    [vmull_s8(vget_low_s8(w), vget_low_s8(x)), vmull_high_s8(w, x)]
                } else {
                    [vmlal_s8(pairs[0], vget_low_s8(w), vget_low_s8(x)), vmlal_high_s8(pairs[1], w, x)]
                };
            }
            sums = if from == 0 {
                [vpaddlq_s16(pairs[0]), vpaddlq_s16(pairs[1])]
            } else {
                [vpadalq_s16(sums[0], pairs[0]), vpadalq_s16(sums[1], pairs[1])]
            };
        }
        vpaddq_s32(sums[0], sums[1])
    }
}

/// Lane `k` of four bytes, in all lanes.
#[inline(always)]
unsafe fn repeated(x: int8x16_t, k: usize) -> int8x16_t {
    // SAFETY: the instruction needs nothing that the target has not.
    unsafe {
        let x = vreinterpretq_s32_s8(x);
        vreinterpretq_s8_s32(match k {
            0 => vdupq_laneq_s32::<0>(x),
            1 => vdupq_laneq_s32::<1>(x),
            2 => vdupq_laneq_s32::<2>(x),
            _ => vdupq_laneq_s32::<3>(x),
        })
    }
}

impl PanelDot for LaneSmull {
    #[inline(always)]
    unsafe fn dots<const RUNS: usize>(levels: *const i8, q: *const i8, small: bool) -> Eight<float32x4_t> {
        // SAFETY: the caller promises the levels, and the integers of four tokens: 16 bytes are two of them.
        unsafe {
            let [a, b, c, d] = two_tokens::<RUNS>(levels, q, small);
            let [e, f, g, h] = two_tokens::<RUNS>(levels, q.add(16), small);
            let mut floats = [vdupq_n_f32(0.0); 8];
            for (float, &dot) in floats.iter_mut().zip(&[a, b, c, d, e, f, g, h]) {
                *float = vcvtq_f32_s32(dot);
            }
            floats
        }
    }
}

/// [`PanelDot::dots`] for two tokens.
///
/// # Safety
/// As there.
#[inline(always)]
unsafe fn two_tokens<const RUNS: usize>(levels: *const i8, q: *const i8, small: bool) -> [int32x4_t; 4] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut rows = [vdupq_n_s32(0); 4];
        if small {
            // Eight products of small levels fit 16 bits (8 * 32 * 127 < 2^15).
            let mut pairs = add_run::<1>(run::<0>(levels, q), levels, q);
            if RUNS == 4 {
                pairs = add_run::<3>(add_run::<2>(pairs, levels, q), levels, q);
            }
            for (i, rows) in rows.iter_mut().enumerate() {
                *rows = vpaddlq_s16(vpaddq_s16(pairs[2 * i], pairs[2 * i + 1]));
            }
            return rows;
        }
        // Two products of any bytes do (2 * 128 * 127 < 2^15).
        let mut sums = add_pairs(add_pairs([vdupq_n_s32(0); 8], run::<0>(levels, q)), run::<1>(levels, q));
        if RUNS == 4 {
            sums = add_pairs(add_pairs(sums, run::<2>(levels, q)), run::<3>(levels, q));
        }
        for (i, rows) in rows.iter_mut().enumerate() {
            *rows = vpaddq_s32(sums[2 * i], sums[2 * i + 1]);
        }
        rows
    }
}

/// Multiplies eight columns of eight rows with two tokens: a vector holds two rows, four sums of products each, and four such vectors are
/// a token. `$first` is `smull` or `smlal`, for vectors that are `$direction`, `out` or `inout`.
macro_rules! multiply_run {
    ($first:literal, $levels:ident, $q:ident, $direction:ident $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
        asm!(
            "ldr {x:q}, [{q}, #{q_at}]",
            "ldr {u:q}, [{levels}, #{at}]",
            "ldr {v:q}, [{levels}, #{at} + 16]",
            "ldr {y:q}, [{levels}, #{at} + 32]",
            "ldr {z:q}, [{levels}, #{at} + 48]",
            // Four columns of each token, the same in both halves.
            "dup {r:v}.4s, {x:v}.s[0]",
            "dup {s:v}.4s, {x:v}.s[2]",
            "dup {t:v}.4s, {x:v}.s[1]",
            "dup {x:v}.4s, {x:v}.s[3]",
            concat!($first, " {a:v}.8h, {u:v}.8b, {r:v}.8b"),
            concat!($first, "2 {b:v}.8h, {u:v}.16b, {r:v}.16b"),
            concat!($first, " {c:v}.8h, {v:v}.8b, {r:v}.8b"),
            concat!($first, "2 {d:v}.8h, {v:v}.16b, {r:v}.16b"),
            concat!($first, " {e:v}.8h, {u:v}.8b, {s:v}.8b"),
            concat!($first, "2 {f:v}.8h, {u:v}.16b, {s:v}.16b"),
            concat!($first, " {g:v}.8h, {v:v}.8b, {s:v}.8b"),
            concat!($first, "2 {h:v}.8h, {v:v}.16b, {s:v}.16b"),
            "smlal {a:v}.8h, {y:v}.8b, {t:v}.8b",
            "smlal2 {b:v}.8h, {y:v}.16b, {t:v}.16b",
            "smlal {c:v}.8h, {z:v}.8b, {t:v}.8b",
            "smlal2 {d:v}.8h, {z:v}.16b, {t:v}.16b",
            "smlal {e:v}.8h, {y:v}.8b, {x:v}.8b",
            "smlal2 {f:v}.8h, {y:v}.16b, {x:v}.16b",
            "smlal {g:v}.8h, {z:v}.8b, {x:v}.8b",
            "smlal2 {h:v}.8h, {z:v}.16b, {x:v}.16b",
            a = $direction(vreg) $a, b = $direction(vreg) $b, c = $direction(vreg) $c, d = $direction(vreg) $d,
            e = $direction(vreg) $e, f = $direction(vreg) $f, g = $direction(vreg) $g, h = $direction(vreg) $h,
            levels = in(reg) $levels, at = const RUN * 64, q = in(reg) $q, q_at = const RUN * RUN_BYTES,
            u = out(vreg) _, v = out(vreg) _, y = out(vreg) _, z = out(vreg) _,
            r = out(vreg) _, s = out(vreg) _, t = out(vreg) _, x = out(vreg) _,
            options(readonly, nostack, preserves_flags)
        )
    };
}

/// Sums of pairs, each added to half as many sums.
#[inline(always)]
fn add_pairs(mut sums: Eight<int32x4_t>, pairs: Eight<int16x8_t>) -> Eight<int32x4_t> {
    for (sums, pairs) in sums.iter_mut().zip(pairs) {
        // SAFETY: the instruction needs nothing that the target has not.
        *sums = unsafe { vpadalq_s16(*sums, pairs) };
    }
    sums
}

/// Sums of products of the `RUN`-th eight columns.
///
/// # Safety
/// 64 levels and the integers of two tokens are readable there.
#[inline(always)]
unsafe fn run<const RUN: usize>(levels: *const i8, q: *const i8) -> Eight<int16x8_t> {
    let [a, b, c, d, e, f, g, h];
    // SAFETY: the caller's promise; no memory is written.
    unsafe { multiply_run!("smull", levels, q, out a b c d e f g h) };
    [a, b, c, d, e, f, g, h]
}

/// Adds those of the `RUN`-th eight columns.
///
/// # Safety
/// As for [`run`].
#[inline(always)]
unsafe fn add_run<const RUN: usize>(sums: Eight<int16x8_t>, levels: *const i8, q: *const i8) -> Eight<int16x8_t> {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = sums;
    // SAFETY: the caller's promise; no memory is written.
    unsafe { multiply_run!("smlal", levels, q, inout a b c d e f g h) };
    [a, b, c, d, e, f, g, h]
}

impl Gemv<Q4_0, 2> for LaneSmull {
    /// Two tiles side by side share the repeated activations. The Cortex-A53 issues in order and, by the model, completes in order too, so
    /// four to eight operations of one kind follow each other before one uses the result of the first. Left to itself the
    /// compiler puts each where its result is used.
    #[inline(always)]
    unsafe fn gemv(tiles: [*const u8; 2], blocks: usize, q: *const i8, d: *const f32) -> [[float32x4_t; 2]; 2] {
        const { assert!(TILE_ROWS * Q4_0::BYTES == 144) }
        // SAFETY: reads `blocks` tiles of 144 bytes at both pointers and as many blocks of activations, which the caller promises; writes no memory
        // and only the registers named. The target has Advanced SIMD.
        unsafe {
            let mut sums = [vdupq_n_f32(0.0); 4];
            asm!(
                "2:",
                // The activations of 32 columns: 16 whose weights are low nibbles, 16 whose are high ones.
                "ldr q26, [{q}]",
                "ldr q27, [{q}, #16]",
                // Columns 4 k..4 k + 4, whose nibbles are low, and those 16 further on, whose are high.
                ".irp k, 0, 1, 2, 3",
                // Four bytes of each row, whose activations are repeated to both halves.
                "ldr q0, [{a}, #16 + 32 * \\k]",
                "ldr q1, [{a}, #32 + 32 * \\k]",
                "ldr q2, [{b}, #16 + 32 * \\k]",
                "ldr q3, [{b}, #32 + 32 * \\k]",
                "dup v24.4s, v26.s[\\k]",
                "dup v25.4s, v27.s[\\k]",
                // Nibbles with their sign: first what waits for nothing.
                "shl v4.16b, v0.16b, #4",
                "shl v5.16b, v1.16b, #4",
                "shl v6.16b, v2.16b, #4",
                "shl v7.16b, v3.16b, #4",
                "sshr v0.16b, v0.16b, #4",
                "sshr v1.16b, v1.16b, #4",
                "sshr v2.16b, v2.16b, #4",
                "sshr v3.16b, v3.16b, #4",
                "sshr v4.16b, v4.16b, #4",
                "sshr v5.16b, v5.16b, #4",
                "sshr v6.16b, v6.16b, #4",
                "sshr v7.16b, v7.16b, #4",
                // Rows by twos, four columns of each: 16 bits hold the sum of eight such products.
                ".if \\k == 0",
                "smull v16.8h, v0.8b, v25.8b",
                "smull2 v17.8h, v0.16b, v25.16b",
                "smull v18.8h, v1.8b, v25.8b",
                "smull2 v19.8h, v1.16b, v25.16b",
                "smull v20.8h, v2.8b, v25.8b",
                "smull2 v21.8h, v2.16b, v25.16b",
                "smull v22.8h, v3.8b, v25.8b",
                "smull2 v23.8h, v3.16b, v25.16b",
                ".else",
                "smlal v16.8h, v0.8b, v25.8b",
                "smlal2 v17.8h, v0.16b, v25.16b",
                "smlal v18.8h, v1.8b, v25.8b",
                "smlal2 v19.8h, v1.16b, v25.16b",
                "smlal v20.8h, v2.8b, v25.8b",
                "smlal2 v21.8h, v2.16b, v25.16b",
                "smlal v22.8h, v3.8b, v25.8b",
                "smlal2 v23.8h, v3.16b, v25.16b",
                ".endif",
                "smlal v16.8h, v4.8b, v24.8b",
                "smlal2 v17.8h, v4.16b, v24.16b",
                "smlal v18.8h, v5.8b, v24.8b",
                "smlal2 v19.8h, v5.16b, v24.16b",
                "smlal v20.8h, v6.8b, v24.8b",
                "smlal2 v21.8h, v6.16b, v24.16b",
                "smlal v22.8h, v7.8b, v24.8b",
                "smlal2 v23.8h, v7.16b, v24.16b",
                ".endr",
                // Scales, and on to the next block before what takes long.
                "ldr q9, [{a}]",
                "ldr q10, [{b}]",
                "ldr s8, [{d}]",
                "add {a}, {a}, #144",
                "add {b}, {b}, #144",
                "add {q}, {q}, #32",
                "add {d}, {d}, #4",
                "subs {left}, {left}, #1",
                // The sums of 32 columns, of four rows in a vector.
                "addp v0.8h, v16.8h, v17.8h",
                "addp v1.8h, v18.8h, v19.8h",
                "addp v2.8h, v20.8h, v21.8h",
                "addp v3.8h, v22.8h, v23.8h",
                "fcvtl v12.4s, v9.4h",
                "fcvtl2 v13.4s, v9.8h",
                "fcvtl v14.4s, v10.4h",
                "fcvtl2 v15.4s, v10.8h",
                "saddlp v0.4s, v0.8h",
                "saddlp v1.4s, v1.8h",
                "saddlp v2.4s, v2.8h",
                "saddlp v3.4s, v3.8h",
                // t = d * sum, then acc = fma(scale, t, acc).
                "scvtf v0.4s, v0.4s",
                "scvtf v1.4s, v1.4s",
                "scvtf v2.4s, v2.4s",
                "scvtf v3.4s, v3.4s",
                "fmul v0.4s, v0.4s, v8.s[0]",
                "fmul v1.4s, v1.4s, v8.s[0]",
                "fmul v2.4s, v2.4s, v8.s[0]",
                "fmul v3.4s, v3.4s, v8.s[0]",
                "fmla v28.4s, v12.4s, v0.4s",
                "fmla v29.4s, v13.4s, v1.4s",
                "fmla v30.4s, v14.4s, v2.4s",
                "fmla v31.4s, v15.4s, v3.4s",
                "b.ne 2b",
                a = inout(reg) tiles[0] => _,
                b = inout(reg) tiles[1] => _,
                q = inout(reg) q => _,
                d = inout(reg) d => _,
                left = inout(reg) blocks => _,
                inout("v28") sums[0], inout("v29") sums[1], inout("v30") sums[2], inout("v31") sums[3],
                out("v0") _, out("v1") _, out("v2") _, out("v3") _, out("v4") _, out("v5") _, out("v6") _, out("v7") _,
                out("v8") _, out("v9") _, out("v10") _, out("v12") _, out("v13") _, out("v14") _, out("v15") _,
                out("v16") _, out("v17") _, out("v18") _, out("v19") _, out("v20") _, out("v21") _, out("v22") _, out("v23") _,
                out("v24") _, out("v25") _, out("v26") _, out("v27") _,
                options(readonly, nostack)
            );
            [[sums[0], sums[1]], [sums[2], sums[3]]]
        }
    }
}
