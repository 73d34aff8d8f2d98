//! The weight types, 32 weights or 8 floats at a time.

use crate::scalar::formats::IQ4_NL_LEVELS;
use std::arch::x86_64::*;

/// Weights that are plain floats.
pub(super) trait FloatFormat {
    /// Bytes of a weight.
    const BYTES: usize;
    /// Eight weights.
    ///
    /// # Safety
    /// AVX2, FMA and F16C are there, and eight weights can be read.
    unsafe fn load8(p: *const u8) -> __m256;
    /// One weight.
    ///
    /// # Safety
    /// AVX2, FMA and F16C are there, and one weight can be read.
    unsafe fn load1(p: *const u8) -> f32;
}

/// Weights in blocks that share scales: `weight = scale * (level - ZERO) + offset`.
pub(super) trait BlockFormat {
    /// Weights of a block, a multiple of 32.
    const LEN: usize;
    /// Bytes of a block.
    const BYTES: usize;
    /// Whether levels are signed bytes. Unsigned ones are below 128, so that two products with -127..=127 fit 16 bits.
    const SIGNED: bool = false;
    /// What is subtracted from the levels.
    const ZERO: i8 = 0;
    /// Whether weights have an offset.
    const OFFSET: bool = false;
    /// What is worked out once for a block.
    type Header: Copy + Default;

    /// The header of a block.
    ///
    /// # Safety
    /// AVX2, FMA and F16C are there, and `BYTES` can be read.
    unsafe fn header(block: *const u8) -> Self::Header;

    /// The `part`-th 32 weights of a block.
    ///
    /// # Safety
    /// As for `header`, and `part < LEN / 32`.
    unsafe fn unpack(block: *const u8, header: &Self::Header, part: usize) -> Weights;
}

/// 32 weights.
#[derive(Clone, Copy)]
pub(super) struct Weights {
    /// Integer part of each weight.
    pub levels: __m256i,
    /// Scale of each four weights.
    pub scale: __m256,
    /// Offset, the same in all lanes; unused where the format has none.
    pub offset: __m256,
}

impl Weights {
    /// No weights yet.
    // SAFETY: all bit patterns are values of these vector types.
    pub const ZERO: Self = unsafe { std::mem::zeroed() };
}

/// 32-bit floats.
pub(super) struct F32;
/// 16-bit floats.
pub(super) struct F16;
/// Upper halves of 32-bit floats.
pub(super) struct BF16;
/// See [`DType::Q8_0`](crate::DType).
pub(super) struct Q8_0;
/// See [`DType::Q4_0`](crate::DType).
pub(super) struct Q4_0;
/// See [`DType::Q4_1`](crate::DType).
pub(super) struct Q4_1;
/// See [`DType::Q5_0`](crate::DType).
pub(super) struct Q5_0;
/// See [`DType::Q5_1`](crate::DType).
pub(super) struct Q5_1;
/// Q4_K, and with fifth bits Q5_K.
pub(super) struct K4<const FIFTH_BITS: bool>;
/// See [`DType::Q4K`](crate::DType).
pub(super) type Q4K = K4<false>;
/// See [`DType::Q5K`](crate::DType).
pub(super) type Q5K = K4<true>;
/// See [`DType::Q6K`](crate::DType).
pub(super) struct Q6K;
/// See [`DType::IQ4NL`](crate::DType).
pub(super) struct IQ4NL;

/// Four f16 values as f32.
///
/// # Safety
/// Eight bytes can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn halves(p: *const u8) -> __m128 {
    // SAFETY: the caller's promise.
    _mm_cvtph_ps(unsafe { _mm_loadl_epi64(p.cast()) })
}

/// Eight f16 values as f32.
///
/// # Safety
/// 16 bytes can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn halves8(p: *const u8) -> __m256 {
    // SAFETY: the caller's promise.
    _mm256_cvtph_ps(unsafe { _mm_loadu_si128(p.cast()) })
}

/// The first two lanes, each in a vector of its own.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn spread2(v: __m128) -> (__m256, __m256) {
    (_mm256_broadcastss_ps(v), _mm256_broadcastss_ps(_mm_movehdup_ps(v)))
}

/// The nibbles of 16 bytes: the low ones first.
///
/// # Safety
/// 16 bytes can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn nibbles(p: *const u8) -> __m256i {
    // SAFETY: the caller's promise.
    let both = _mm256_broadcastsi128_si256(unsafe { _mm_loadu_si128(p.cast()) });
    let shifted = _mm256_srlv_epi32(both, _mm256_setr_epi32(0, 0, 0, 0, 4, 4, 4, 4));
    _mm256_and_si256(shifted, _mm256_set1_epi8(15))
}

/// 32 bits as bytes of 0 or 16.
///
/// # Safety
/// Four bytes can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn fifth_bits(p: *const u8) -> __m256i {
    // SAFETY: the caller's promise.
    let bits = _mm256_set1_epi32(unsafe { p.cast::<i32>().read_unaligned() });
    let byte_of = _mm256_setr_epi64x(0, 0x0101_0101_0101_0101, 0x0202_0202_0202_0202, 0x0303_0303_0303_0303);
    let bit_of = _mm256_set1_epi64x(0x8040_2010_0804_0201_u64 as i64);
    let bits = _mm256_and_si256(_mm256_shuffle_epi8(bits, byte_of), bit_of);
    _mm256_and_si256(_mm256_cmpeq_epi8(bits, bit_of), _mm256_set1_epi8(16))
}

/// Bytes shifted right by `count` bits, of which the lowest `mask` are kept.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn shift_and_mask(bytes: __m256i, count: usize, mask: i8) -> __m256i {
    _mm256_and_si256(_mm256_srl_epi16(bytes, _mm_cvtsi32_si128(count as i32)), _mm256_set1_epi8(mask))
}

impl FloatFormat for F32 {
    const BYTES: usize = 4;

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load8(p: *const u8) -> __m256 {
        // SAFETY: the caller's promise; no alignment is needed.
        unsafe { _mm256_loadu_ps(p.cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load1(p: *const u8) -> f32 {
        // SAFETY: the caller's promise.
        unsafe { p.cast::<f32>().read_unaligned() }
    }
}

impl FloatFormat for F16 {
    const BYTES: usize = 2;

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load8(p: *const u8) -> __m256 {
        // SAFETY: the caller's promise; no alignment is needed.
        unsafe { halves8(p) }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load1(p: *const u8) -> f32 {
        // SAFETY: the caller's promise.
        let bits = unsafe { p.cast::<u16>().read_unaligned() };
        _mm_cvtss_f32(_mm_cvtph_ps(_mm_cvtsi32_si128(i32::from(bits))))
    }
}

impl FloatFormat for BF16 {
    const BYTES: usize = 2;

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load8(p: *const u8) -> __m256 {
        // SAFETY: the caller's promise; no alignment is needed.
        let bits = _mm256_cvtepu16_epi32(unsafe { _mm_loadu_si128(p.cast()) });
        _mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn load1(p: *const u8) -> f32 {
        // SAFETY: the caller's promise.
        f32::from_bits(u32::from(unsafe { p.cast::<u16>().read_unaligned() }) << 16)
    }
}

/// A format of one scale, and maybe a minimum, for each 32 weights: all in `unpack`, no header.
macro_rules! simple_format {
    ($format:ident: $bytes:literal bytes, $($name:ident: $ty:ty = $value:expr),*; |$block:ident| $levels:expr) => {
        impl BlockFormat for $format {
            const LEN: usize = 32;
            const BYTES: usize = $bytes;
            $(const $name: $ty = $value;)*
            type Header = ();

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn header(_block: *const u8) {}

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn unpack($block: *const u8, _header: &(), _part: usize) -> Weights {
                // SAFETY: a block can be read, and it is longer than eight bytes.
                let (scale, offset) = spread2(unsafe { halves($block) });
                // SAFETY: all of the block's parts are inside its bytes.
                let levels = unsafe { $levels };
                Weights { levels, scale, offset }
            }
        }
    };
}

simple_format!(Q8_0: 34 bytes, SIGNED: bool = true; |b| _mm256_loadu_si256(b.add(2).cast()));
simple_format!(Q4_0: 18 bytes, ZERO: i8 = 8; |b| nibbles(b.add(2)));
simple_format!(Q4_1: 20 bytes, OFFSET: bool = true; |b| nibbles(b.add(4)));
simple_format!(Q5_0: 22 bytes, ZERO: i8 = 16; |b| _mm256_or_si256(nibbles(b.add(6)), fifth_bits(b.add(2))));
simple_format!(Q5_1: 24 bytes, OFFSET: bool = true; |b| _mm256_or_si256(nibbles(b.add(8)), fifth_bits(b.add(4))));
simple_format!(IQ4NL: 18 bytes, SIGNED: bool = true; |b| _mm256_shuffle_epi8(
    _mm256_broadcastsi128_si256(_mm_loadu_si128(IQ4_NL_LEVELS.as_ptr().cast())),
    nibbles(b.add(2)),
));

/// Scale and offset of each 32 weights of Q4_K and Q5_K.
#[derive(Clone, Copy, Default)]
pub(super) struct HeaderK4 {
    scales: [f32; 8],
    offsets: [f32; 8],
}

impl HeaderK4 {
    /// From the first 16 bytes of a block; see `scale_min_k4` of the reference for their layout.
    ///
    /// # Safety
    /// 16 bytes can be read.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn new(block: *const u8) -> Self {
        // SAFETY: inside the 16 bytes.
        let (d, dmin, [a, b, c]) = unsafe {
            let (d, dmin) = spread2(halves(block));
            (d, dmin, block.add(4).cast::<[u32; 3]>().read_unaligned())
        };
        let upper = |v: u32| ((v >> 6) & 0x0303_0303) << 4;
        let join = |low: u32, high: u32| _mm_cvtsi64_si128((u64::from(low) | u64::from(high) << 32) as i64);
        let scales = join(a & 0x3f3f_3f3f, (c & 0x0f0f_0f0f) | upper(a));
        let mins = join(b & 0x3f3f_3f3f, ((c >> 4) & 0x0f0f_0f0f) | upper(b));
        let scales = _mm256_mul_ps(d, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(scales)));
        let mins = _mm256_mul_ps(dmin, _mm256_cvtepi32_ps(_mm256_cvtepu8_epi32(mins)));
        let mut header = Self::default();
        // SAFETY: each array holds eight values.
        unsafe {
            _mm256_storeu_ps(header.scales.as_mut_ptr(), scales);
            _mm256_storeu_ps(header.offsets.as_mut_ptr(), _mm256_xor_ps(mins, _mm256_set1_ps(-0.0)));
        }
        header
    }

    /// The weights of these levels.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    fn weights(&self, part: usize, levels: __m256i) -> Weights {
        Weights { levels, scale: _mm256_set1_ps(self.scales[part]), offset: _mm256_set1_ps(self.offsets[part]) }
    }
}

impl<const FIFTH_BITS: bool> BlockFormat for K4<FIFTH_BITS> {
    const LEN: usize = 256;
    const BYTES: usize = if FIFTH_BITS { 176 } else { 144 };
    const OFFSET: bool = true;
    type Header = HeaderK4;

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn header(block: *const u8) -> HeaderK4 {
        // SAFETY: a block is longer than 16 bytes.
        unsafe { HeaderK4::new(block) }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn unpack(block: *const u8, header: &HeaderK4, part: usize) -> Weights {
        // SAFETY: 128 bytes of nibbles end the block, 32 bytes for each two parts.
        let low = unsafe { _mm256_loadu_si256(block.add(Self::BYTES - 128 + part / 2 * 32).cast()) };
        let low = shift_and_mask(low, part % 2 * 4, 15);
        if !FIFTH_BITS {
            return header.weights(part, low);
        }
        // SAFETY: 32 bytes of fifth bits stand between the scales and the nibbles.
        let high = unsafe { _mm256_loadu_si256(block.add(16).cast()) };
        header.weights(part, _mm256_or_si256(low, _mm256_slli_epi16::<4>(shift_and_mask(high, part, 1))))
    }
}

/// Scale of each 16 weights of Q6_K.
#[derive(Clone, Copy, Default)]
pub(super) struct HeaderQ6K {
    scales: [f32; 16],
}

impl BlockFormat for Q6K {
    const LEN: usize = 256;
    const BYTES: usize = 210;
    const ZERO: i8 = 32;
    type Header = HeaderQ6K;

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn header(block: *const u8) -> HeaderQ6K {
        let mut header = HeaderQ6K::default();
        // SAFETY: 16 scales at 192 and the f16 at 208 are inside the block of 210; the array holds 16 values.
        unsafe {
            let d = _mm256_set1_ps(F16::load1(block.add(208)));
            for i in [0, 8] {
                let scales = _mm256_cvtepi8_epi32(_mm_loadl_epi64(block.add(192 + i).cast()));
                _mm256_storeu_ps(header.scales[i..].as_mut_ptr(), _mm256_mul_ps(d, _mm256_cvtepi32_ps(scales)));
            }
        }
        header
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn unpack(block: *const u8, header: &HeaderQ6K, part: usize) -> Weights {
        let (half, quarter) = (part / 4, part % 4);
        // SAFETY: 128 bytes of nibbles at 0, 64 bytes of bit pairs at 128.
        let (low, high) = unsafe {
            (_mm256_loadu_si256(block.add(half * 64 + quarter % 2 * 32).cast()), _mm256_loadu_si256(block.add(128 + half * 32).cast()))
        };
        let high = _mm256_slli_epi16::<4>(shift_and_mask(high, quarter * 2, 3));
        let scale = _mm256_set_m128(_mm_set1_ps(header.scales[part * 2 + 1]), _mm_set1_ps(header.scales[part * 2]));
        let levels = _mm256_or_si256(shift_and_mask(low, quarter / 2 * 4, 15), high);
        Weights { levels, scale, offset: _mm256_setzero_ps() }
    }
}
