//! Products of packed weights by the multiplications of plain Advanced SIMD, which widen to 16 bits.

use super::packed::{Gemv, LaneDot, Token};
use crate::{
    packed::TILE_ROWS,
    scalar::formats::{BlockFormat, Q4_0},
};
use std::arch::{aarch64::*, asm};

/// Eight products in 16 bits.
pub(crate) struct LaneSmull;

impl LaneDot for LaneSmull {
    #[inline(always)]
    unsafe fn add<const N: usize>(sums: float32x4_t, w: &[int8x16_t; N], scales: float32x4_t, x: Token, small: bool) -> float32x4_t {
        // SAFETY: the caller promises the activations and their scale.
        unsafe { vfmaq_f32(sums, scales, vmulq_n_f32(vcvtq_f32_s32(dot(w, in_turn(x.q), small)), *x.d)) }
    }
}

/// The sums of products of `4 N` columns.
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

/// The same pointer, of which the compiler knows nothing before this place: else it loads the activations of all tokens first, and has to
/// put them aside.
#[inline(always)]
fn in_turn(mut x: *const i8) -> *const i8 {
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {x} */", x = inout(reg) x, options(nomem, nostack, preserves_flags)) };
    x
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
                // Four bytes of each row, whose activations are repeated to both halves.
                "ldr q0, [{a}, #16]",
                "ldr q1, [{a}, #32]",
                "ldr q2, [{b}, #16]",
                "ldr q3, [{b}, #32]",
                "dup v24.4s, v26.s[0]",
                "dup v25.4s, v27.s[0]",
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
                "smull v16.8h, v0.8b, v25.8b",
                "smull2 v17.8h, v0.16b, v25.16b",
                "smull v18.8h, v1.8b, v25.8b",
                "smull2 v19.8h, v1.16b, v25.16b",
                "smull v20.8h, v2.8b, v25.8b",
                "smull2 v21.8h, v2.16b, v25.16b",
                "smull v22.8h, v3.8b, v25.8b",
                "smull2 v23.8h, v3.16b, v25.16b",
                "smlal v16.8h, v4.8b, v24.8b",
                "smlal2 v17.8h, v4.16b, v24.16b",
                "smlal v18.8h, v5.8b, v24.8b",
                "smlal2 v19.8h, v5.16b, v24.16b",
                "smlal v20.8h, v6.8b, v24.8b",
                "smlal2 v21.8h, v6.16b, v24.16b",
                "smlal v22.8h, v7.8b, v24.8b",
                "smlal2 v23.8h, v7.16b, v24.16b",
                // The same for the next four columns, in other registers, and so on.
                "ldr q8, [{a}, #48]",
                "ldr q9, [{a}, #64]",
                "ldr q10, [{b}, #48]",
                "ldr q11, [{b}, #64]",
                "dup v24.4s, v26.s[1]",
                "dup v25.4s, v27.s[1]",
                "shl v12.16b, v8.16b, #4",
                "shl v13.16b, v9.16b, #4",
                "shl v14.16b, v10.16b, #4",
                "shl v15.16b, v11.16b, #4",
                "sshr v8.16b, v8.16b, #4",
                "sshr v9.16b, v9.16b, #4",
                "sshr v10.16b, v10.16b, #4",
                "sshr v11.16b, v11.16b, #4",
                "sshr v12.16b, v12.16b, #4",
                "sshr v13.16b, v13.16b, #4",
                "sshr v14.16b, v14.16b, #4",
                "sshr v15.16b, v15.16b, #4",
                "smlal v16.8h, v8.8b, v25.8b",
                "smlal2 v17.8h, v8.16b, v25.16b",
                "smlal v18.8h, v9.8b, v25.8b",
                "smlal2 v19.8h, v9.16b, v25.16b",
                "smlal v20.8h, v10.8b, v25.8b",
                "smlal2 v21.8h, v10.16b, v25.16b",
                "smlal v22.8h, v11.8b, v25.8b",
                "smlal2 v23.8h, v11.16b, v25.16b",
                "smlal v16.8h, v12.8b, v24.8b",
                "smlal2 v17.8h, v12.16b, v24.16b",
                "smlal v18.8h, v13.8b, v24.8b",
                "smlal2 v19.8h, v13.16b, v24.16b",
                "smlal v20.8h, v14.8b, v24.8b",
                "smlal2 v21.8h, v14.16b, v24.16b",
                "smlal v22.8h, v15.8b, v24.8b",
                "smlal2 v23.8h, v15.16b, v24.16b",
                "ldr q0, [{a}, #80]",
                "ldr q1, [{a}, #96]",
                "ldr q2, [{b}, #80]",
                "ldr q3, [{b}, #96]",
                "dup v24.4s, v26.s[2]",
                "dup v25.4s, v27.s[2]",
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
                "smlal v16.8h, v0.8b, v25.8b",
                "smlal2 v17.8h, v0.16b, v25.16b",
                "smlal v18.8h, v1.8b, v25.8b",
                "smlal2 v19.8h, v1.16b, v25.16b",
                "smlal v20.8h, v2.8b, v25.8b",
                "smlal2 v21.8h, v2.16b, v25.16b",
                "smlal v22.8h, v3.8b, v25.8b",
                "smlal2 v23.8h, v3.16b, v25.16b",
                "smlal v16.8h, v4.8b, v24.8b",
                "smlal2 v17.8h, v4.16b, v24.16b",
                "smlal v18.8h, v5.8b, v24.8b",
                "smlal2 v19.8h, v5.16b, v24.16b",
                "smlal v20.8h, v6.8b, v24.8b",
                "smlal2 v21.8h, v6.16b, v24.16b",
                "smlal v22.8h, v7.8b, v24.8b",
                "smlal2 v23.8h, v7.16b, v24.16b",
                "ldr q8, [{a}, #112]",
                "ldr q9, [{a}, #128]",
                "ldr q10, [{b}, #112]",
                "ldr q11, [{b}, #128]",
                "dup v24.4s, v26.s[3]",
                "dup v25.4s, v27.s[3]",
                "shl v12.16b, v8.16b, #4",
                "shl v13.16b, v9.16b, #4",
                "shl v14.16b, v10.16b, #4",
                "shl v15.16b, v11.16b, #4",
                "sshr v8.16b, v8.16b, #4",
                "sshr v9.16b, v9.16b, #4",
                "sshr v10.16b, v10.16b, #4",
                "sshr v11.16b, v11.16b, #4",
                "sshr v12.16b, v12.16b, #4",
                "sshr v13.16b, v13.16b, #4",
                "sshr v14.16b, v14.16b, #4",
                "sshr v15.16b, v15.16b, #4",
                "smlal v16.8h, v8.8b, v25.8b",
                "smlal2 v17.8h, v8.16b, v25.16b",
                "smlal v18.8h, v9.8b, v25.8b",
                "smlal2 v19.8h, v9.16b, v25.16b",
                "smlal v20.8h, v10.8b, v25.8b",
                "smlal2 v21.8h, v10.16b, v25.16b",
                "smlal v22.8h, v11.8b, v25.8b",
                "smlal2 v23.8h, v11.16b, v25.16b",
                "smlal v16.8h, v12.8b, v24.8b",
                "smlal2 v17.8h, v12.16b, v24.16b",
                "smlal v18.8h, v13.8b, v24.8b",
                "smlal2 v19.8h, v13.16b, v24.16b",
                "smlal v20.8h, v14.8b, v24.8b",
                "smlal2 v21.8h, v14.16b, v24.16b",
                "smlal v22.8h, v15.8b, v24.8b",
                "smlal2 v23.8h, v15.16b, v24.16b",
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
                out("v8") _, out("v9") _, out("v10") _, out("v11") _, out("v12") _, out("v13") _, out("v14") _, out("v15") _,
                out("v16") _, out("v17") _, out("v18") _, out("v19") _, out("v20") _, out("v21") _, out("v22") _, out("v23") _,
                out("v24") _, out("v25") _, out("v26") _, out("v27") _,
                options(readonly, nostack)
            );
            [[sums[0], sums[1]], [sums[2], sums[3]]]
        }
    }
}
