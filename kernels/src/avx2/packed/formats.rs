//! How each packed type is unpacked.

use super::{Levels, PackedFormat};
use crate::{
    avx2::formats::halves8,
    packed::{PackedDType, TILE_ROWS},
    scalar::formats::IQ4_NL_LEVELS,
};
use std::arch::x86_64::*;

/// The nibbles of 32 bytes: the low ones for `high` false.
///
/// # Safety
/// 32 bytes can be read.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn nibbles(p: *const u8, high: bool) -> __m256i {
    // SAFETY: the caller's promise.
    let bytes = unsafe { _mm256_loadu_si256(p.cast()) };
    let bytes = if high { _mm256_srli_epi16::<4>(bytes) } else { bytes };
    _mm256_and_si256(bytes, _mm256_set1_epi8(15))
}

/// Bytes of a chunk of eight rows that is no f16, and of one that is.
const WORDS: usize = TILE_ROWS * 4;
const HALVES: usize = TILE_ROWS * 2;

/// The nibbles of column group `four` where those of a block of 32 columns lie in 16 bytes of each row from `at` on.
///
/// # Safety
/// As for [`PackedFormat::levels`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn block_nibbles(at: *const u8, four: usize) -> __m256i {
    // SAFETY: four chunks of words follow each other from `at` on.
    unsafe { nibbles(at.add(four % 4 * WORDS), four >= 4) }
}

/// A type of one scale, and maybe an offset, for each 32 weights.
macro_rules! simple_format {
    ($format:ident, $levels_of:expr, offset: $offset:literal; |$tile:ident, $four:ident| $levels:expr) => {
        /// See the type of that name.
        pub(crate) struct $format;

        impl PackedFormat for $format {
            const DTYPE: PackedDType = PackedDType::$format;
            const LEVELS: Levels = $levels_of;
            const OFFSET: bool = $offset;
            const NIBBLES: bool = matches!($levels_of, Levels::Unsigned { zero: 8 });
            type Header = ();

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn header(_tile: *const u8) {}

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn levels($tile: *const u8, _part: usize, $four: usize) -> __m256i {
                // SAFETY: all chunks are inside the tile.
                unsafe { $levels }
            }

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn scales(tile: *const u8, _header: (), _part: usize, _half: usize) -> __m256 {
                // SAFETY: a tile begins with the scales of eight rows.
                unsafe { halves8(tile) }
            }

            #[inline]
            #[target_feature(enable = "avx2,fma,f16c")]
            unsafe fn offsets(tile: *const u8, _header: (), _part: usize) -> __m256 {
                // SAFETY: where there are offsets, those of eight rows follow the scales.
                unsafe { halves8(tile.add(HALVES)) }
            }
        }
    };
}

simple_format!(Q4_0, Levels::Unsigned { zero: 8 }, offset: false; |tile, four| {
    // Stored as two's complement: turned over again, they count from 0.
    _mm256_xor_si256(block_nibbles(tile.add(HALVES), four), _mm256_set1_epi8(8))
});
simple_format!(Q4_1, Levels::Unsigned { zero: 0 }, offset: true; |tile, four| block_nibbles(tile.add(2 * HALVES), four));
simple_format!(Q5_0, Levels::Unsigned { zero: 16 }, offset: false; |tile, four| {
    // The fifth bits of each row are four bytes: those of these columns to the bottom, and the byte with them to all four.
    let bits = _mm256_srl_epi32(_mm256_loadu_si256(tile.add(HALVES).cast()), _mm_cvtsi32_si128(4 * four as i32));
    let first = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12));
    let one_each = _mm256_set1_epi32(0x0804_0201);
    let bits = _mm256_and_si256(_mm256_shuffle_epi8(bits, first), one_each);
    let fifth = _mm256_and_si256(_mm256_cmpeq_epi8(bits, one_each), _mm256_set1_epi8(16));
    _mm256_or_si256(block_nibbles(tile.add(HALVES + WORDS), four), fifth)
});
simple_format!(Q8_0, Levels::Signed, offset: false; |tile, four| _mm256_loadu_si256(tile.add(HALVES + four * WORDS).cast()));
simple_format!(IQ4NL, Levels::Signed, offset: false; |tile, four| _mm256_shuffle_epi8(
    _mm256_broadcastsi128_si256(_mm_loadu_si128(IQ4_NL_LEVELS.as_ptr().cast())),
    block_nibbles(tile.add(HALVES), four),
));

/// See the type of that name.
pub(crate) struct Q4K;

/// The 12 bytes of 6-bit scales and minima of eight rows, and what they are multiplied with.
#[derive(Clone, Copy)]
pub(crate) struct HeaderQ4K {
    d: __m256,
    dmin: __m256,
    /// Bytes 0 to 3, 4 to 7 and 8 to 11 of each row.
    packed: [__m256i; 3],
}

/// Byte `at` of each of eight lanes of four, of which the bits above `shift` are kept that `mask` has.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn bits(words: __m256i, at: usize, shift: usize, mask: i32) -> __m256i {
    let count = _mm_cvtsi32_si128((8 * at + shift) as i32);
    _mm256_and_si256(_mm256_srl_epi32(words, count), _mm256_set1_epi32(mask))
}

impl HeaderQ4K {
    /// The 6-bit numbers of `part`: scales for `which` 0, minima for 1. See `scale_min_k4` of the reference for their layout.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    fn six_bits(&self, part: usize, which: usize) -> __m256 {
        let [a, b, c] = self.packed;
        let first = if which == 0 { a } else { b };
        let number = if part < 4 {
            bits(first, part, 0, 63)
        } else {
            _mm256_or_si256(bits(c, part - 4, 4 * which, 15), _mm256_slli_epi32::<4>(bits(first, part - 4, 6, 3)))
        };
        _mm256_cvtepi32_ps(number)
    }
}

impl PackedFormat for Q4K {
    const DTYPE: PackedDType = PackedDType::Q4K;
    const LEVELS: Levels = Levels::Unsigned { zero: 0 };
    const OFFSET: bool = true;
    type Header = HeaderQ4K;

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn header(tile: *const u8) -> HeaderQ4K {
        // SAFETY: a tile begins with two chunks of halves and three of words.
        unsafe {
            let words = |n: usize| _mm256_loadu_si256(tile.add(2 * HALVES + n * WORDS).cast());
            HeaderQ4K { d: halves8(tile), dmin: halves8(tile.add(HALVES)), packed: [words(0), words(1), words(2)] }
        }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn levels(tile: *const u8, part: usize, four: usize) -> __m256i {
        // SAFETY: the nibbles of two parts share 32 bytes of each row, after the header.
        unsafe { nibbles(tile.add(2 * HALVES + (3 + part / 2 * 8 + four) * WORDS), part % 2 == 1) }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn scales(_tile: *const u8, header: HeaderQ4K, part: usize, _half: usize) -> __m256 {
        _mm256_mul_ps(header.d, header.six_bits(part, 0))
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn offsets(_tile: *const u8, header: HeaderQ4K, part: usize) -> __m256 {
        let minima = _mm256_mul_ps(header.dmin, header.six_bits(part, 1));
        _mm256_xor_ps(minima, _mm256_set1_ps(-0.0))
    }
}

/// See the type of that name.
pub(crate) struct Q6K;

impl PackedFormat for Q6K {
    const DTYPE: PackedDType = PackedDType::Q6K;
    const LEVELS: Levels = Levels::Unsigned { zero: 32 };
    type Header = __m256;

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn header(tile: *const u8) -> __m256 {
        // SAFETY: a tile ends with the f16 scales of eight rows, after 52 chunks of words.
        unsafe { halves8(tile.add(52 * WORDS)) }
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn levels(tile: *const u8, part: usize, four: usize) -> __m256i {
        let (half, quarter) = (part / 4, part % 4);
        // SAFETY: 32 chunks of nibbles come first, then 16 of bit pairs.
        let (low, high) = unsafe {
            let low = nibbles(tile.add((half * 16 + quarter % 2 * 8 + four) * WORDS), quarter / 2 == 1);
            (low, _mm256_loadu_si256(tile.add((32 + half * 8 + four) * WORDS).cast()))
        };
        let high = _mm256_srl_epi16(high, _mm_cvtsi32_si128(2 * quarter as i32));
        let high = _mm256_slli_epi16::<4>(_mm256_and_si256(high, _mm256_set1_epi8(3)));
        _mm256_or_si256(low, high)
    }

    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn scales(tile: *const u8, header: __m256, part: usize, half: usize) -> __m256 {
        let n = 2 * part + half;
        // SAFETY: four chunks of scales, a byte for each 16 columns, come before the f16.
        let words = unsafe { _mm256_loadu_si256(tile.add((48 + n / 4) * WORDS).cast()) };
        // The byte goes to the top of its lane, and comes down with its sign.
        let count = _mm_cvtsi32_si128(24 - 8 * (n % 4) as i32);
        let scales = _mm256_srai_epi32::<24>(_mm256_sll_epi32(words, count));
        _mm256_mul_ps(header, _mm256_cvtepi32_ps(scales))
    }
}
