//! Vectors to and from memory, and loops over slices in fours.

use std::arch::aarch64::*;

/// Four floats.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn load(x: &[f32; 4]) -> float32x4_t {
    // SAFETY: reads the four floats of the array.
    unsafe { vld1q_f32(x.as_ptr()) }
}

/// Four floats to memory.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn store(x: &mut [f32; 4], v: float32x4_t) {
    // SAFETY: writes the four floats of the array.
    unsafe { vst1q_f32(x.as_mut_ptr(), v) }
}

/// Up to four floats, zeros after them.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn load_padded(x: &[f32]) -> float32x4_t {
    let mut four = [0.0; 4];
    four[..x.len()].copy_from_slice(x);
    load(&four)
}

/// As many floats as `x` has, at most four, to memory.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn store_padded(x: &mut [f32], v: float32x4_t) {
    let mut four = [0.0; 4];
    store(&mut four, v);
    x.copy_from_slice(&four[..x.len()]);
}

/// `x = f(x, y)`; the last vector is padded with zeros, so that a value does not depend on where it stands.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn zip_with(x: &mut [f32], y: &[f32], f: impl Fn(float32x4_t, float32x4_t) -> float32x4_t) {
    let (x, x_rest) = x.as_chunks_mut::<4>();
    let (y, y_rest) = y.as_chunks::<4>();
    for (x, y) in x.iter_mut().zip(y) {
        store(x, f(load(x), load(y)));
    }
    if !x_rest.is_empty() {
        store_padded(x_rest, f(load_padded(x_rest), load_padded(y_rest)));
    }
}

/// 16 bytes as they lie in memory.
///
/// # Safety
/// 16 bytes are readable at `p`.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) unsafe fn bytes(p: *const u8) -> uint8x16_t {
    // SAFETY: the caller's promise.
    unsafe { vld1q_u8(p) }
}

/// 32 signed bytes as they lie in memory.
///
/// # Safety
/// 32 bytes are readable at `p`.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) unsafe fn signed32(p: *const i8) -> [int8x16_t; 2] {
    // SAFETY: the caller's promise.
    unsafe { [vld1q_s8(p), vld1q_s8(p.add(16))] }
}

/// Eight f16 to f32.
///
/// # Safety
/// 16 bytes are readable at `p`.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) unsafe fn f16x8(p: *const u8) -> [float32x4_t; 2] {
    // SAFETY: the caller's promise.
    let v = vreinterpretq_f16_u8(unsafe { bytes(p) });
    [vcvt_f32_f16(vget_low_f16(v)), vcvt_high_f32_f16(v)]
}

/// One f16 to f32.
///
/// # Safety
/// Two bytes are readable at `p`.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) unsafe fn f16x1(p: *const u8) -> f32 {
    // SAFETY: the caller's promise; a byte array needs no alignment.
    let bits = u16::from_le_bytes(unsafe { p.cast::<[u8; 2]>().read() });
    vgetq_lane_f32::<0>(vcvt_f32_f16(vreinterpret_f16_u16(vdup_n_u16(bits))))
}

/// The nearest f16 of a float, as its bits.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn to_f16(x: f32) -> u16 {
    vget_lane_u16::<0>(vreinterpret_u16_f16(vcvt_f16_f32(vdupq_n_f32(x))))
}

/// Four f16 to f32.
///
/// # Safety
/// Eight bytes are readable at `p`.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) unsafe fn f16x4(p: *const u8) -> float32x4_t {
    // SAFETY: the caller's promise.
    vcvt_f32_f16(vreinterpret_f16_u8(unsafe { vld1_u8(p) }))
}
