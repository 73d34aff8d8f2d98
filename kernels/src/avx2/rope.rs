//! Rotary position embedding.

/// See [`RopeFn`](crate::table::RopeFn): the reference, compiled for this instruction set.
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) fn rope(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    crate::scalar::rope::rope(head, cos, sin);
}
