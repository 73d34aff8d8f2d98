//! Rotary position embedding (Su et al., "RoFormer", 2021), pairs half a head apart.

/// Rotates each pair `(head[i], head[i + n])`.
#[inline]
pub(crate) fn rope(head: &mut [f32], cos: &[f32], sin: &[f32]) {
    let (first, second) = head.split_at_mut(cos.len());
    for (((a, b), cos), sin) in first.iter_mut().zip(second).zip(cos).zip(sin) {
        (*a, *b) = (*a * cos - *b * sin, *a * sin + *b * cos);
    }
}
