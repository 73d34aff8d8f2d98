//! Products with packed weights: eight rows in the eight lanes of a vector. See [`packed`](crate::packed) for the layout.

use super::formats::halves8;
use crate::{
    packed::{PackedDType, TILE_ROWS},
    scalar::formats::IQ4_NL_LEVELS,
    tile::{self, MatmulArgs, MatmulTile},
};
use std::{arch::x86_64::*, marker::PhantomData};

/// Quantised weights in tiles times int8 activations.
///
/// # Safety
/// As for [`MatmulFn`](crate::table::MatmulFn), with whole tiles of this type.
pub(super) unsafe fn matmul<F: PackedFormat>(args: &MatmulArgs<'_>) {
    // One group of rows at a time, so that memory is read from one end to the other, which is what prefetchers are made for.
    // SAFETY: the caller's promise.
    unsafe { tile::matmul_by_eight::<Packed<F>>(args) }
}

/// How levels are multiplied.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Levels {
    /// 0 to 15, of which 8 is the zero if `signed`: the products of a block of 32 columns sum up in 16 bits.
    Nibbles { signed: bool },
    /// -16 to 16: so do these.
    Fives,
    /// -32 to 32: those of 16 columns do.
    Small,
    /// Any signed byte: two products do.
    Bytes,
}

/// A packed weight type.
pub(crate) trait PackedFormat {
    /// Which one.
    const DTYPE: PackedDType;
    /// Its levels.
    const LEVELS: Levels;
    /// Whether weights have an offset.
    const OFFSET: bool = false;
    /// What is worked out once for a tile.
    type Header: Copy;

    /// The header of a tile.
    ///
    /// # Safety
    /// AVX2, FMA and F16C are there, and a tile can be read.
    unsafe fn header(tile: *const u8) -> Self::Header;

    /// The levels of eight rows in columns `4 * four..4 * four + 4` of the `part`-th 32: four bytes for each row.
    ///
    /// # Safety
    /// As for `header`, and `part` is below the tile's columns / 32, `four` below 8.
    unsafe fn levels(tile: *const u8, part: usize, four: usize) -> __m256i;

    /// The scales of eight rows, of the `half`-th 16 columns of the `part`-th 32.
    ///
    /// # Safety
    /// As for `levels`, and `half` is below 2.
    unsafe fn scales(tile: *const u8, header: Self::Header, part: usize, half: usize) -> __m256;

    /// The offsets of eight rows in the `part`-th 32 columns.
    ///
    /// # Safety
    /// As for `levels`.
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn offsets(_tile: *const u8, _header: Self::Header, _part: usize) -> __m256 {
        _mm256_setzero_ps()
    }
}

struct Packed<F>(PhantomData<F>);

impl<F: PackedFormat> MatmulTile for Packed<F> {
    const ROWS: usize = TILE_ROWS;

    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let (len, bytes) = (F::DTYPE.dtype().block_len(), TILE_ROWS * F::DTYPE.dtype().block_bytes());
        let parts = len / 32;
        let group_bytes = TILE_ROWS * args.row_bytes();
        let mut acc = [[_mm256_setzero_ps(); T]; R];
        // SAFETY: `R` groups of eight rows from `row` and `T` tokens from `token` are in `args`: each group is `cols / len` tiles,
        // each token `x.blocks` blocks of 32.
        unsafe {
            let groups = args.weights.as_ptr().add(row * args.row_bytes());
            for i in 0..args.cols / len {
                for (r, acc) in acc.iter_mut().enumerate() {
                    let tile = groups.add(r * group_bytes + i * bytes);
                    let header = F::header(tile);
                    for part in 0..parts {
                        let x = Tokens::<T>::new(args, token, i * parts + part);
                        step::<F, T>(tile, header, part, &x, acc);
                    }
                }
            }
            for (r, acc) in acc.iter().enumerate() {
                for (t, &sums) in acc.iter().enumerate() {
                    args.store8(row + r * TILE_ROWS, token + t, |out| _mm256_storeu_ps(out, sums));
                }
            }
        }
    }
}

/// A block of 32 activations of each of `T` tokens.
struct Tokens<const T: usize> {
    /// Levels of the first token; those of the next are `stride * 32` bytes on.
    q: *const i8,
    d: *const f32,
    s: *const f32,
    minus8: *const [i32; 3],
    /// Blocks of a token.
    stride: usize,
}

impl<const T: usize> Tokens<T> {
    /// Block `block` of the tokens from `token` on.
    ///
    /// # Safety
    /// These are in `args`.
    #[inline]
    unsafe fn new(args: &MatmulArgs<'_>, token: usize, block: usize) -> Self {
        let at = token * args.x.blocks + block;
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                q: args.x.q.as_ptr().add(at * 32),
                d: args.x.d.as_ptr().add(at),
                s: args.x.s.as_ptr().add(at),
                minus8: args.x.minus8.as_ptr().add(at),
                stride: args.x.blocks,
            }
        }
    }

    /// Four activations of token `t`, in each of eight lanes.
    ///
    /// # Safety
    /// AVX2 is there; `t` is below `T` and `four` below 8.
    #[inline]
    #[target_feature(enable = "avx2,fma,f16c")]
    unsafe fn four(&self, t: usize, four: usize) -> __m256i {
        // SAFETY: the caller's promise; no alignment is needed.
        unsafe { _mm256_set1_epi32(self.q.add(t * self.stride * 32 + four * 4).cast::<i32>().read_unaligned()) }
    }
}

/// Adds the products of 32 columns of eight rows with `T` tokens: for each row and token one multiplication of the sum of integers by
/// the activations' scale, then one fused multiply-add with the weights' scale, on every instruction set.
///
/// # Safety
/// As for [`PackedFormat::levels`]; the tokens are there.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn step<F: PackedFormat, const T: usize>(tile: *const u8, header: F::Header, part: usize, x: &Tokens<T>, acc: &mut [__m256; T]) {
    // SAFETY: the caller's promise.
    unsafe {
        match F::LEVELS {
            Levels::Nibbles { signed } => {
                let mut sums = [_mm256_setzero_si256(); T];
                for four in 0..8 {
                    let w = F::levels(tile, part, four);
                    for (t, sums) in sums.iter_mut().enumerate() {
                        *sums = _mm256_add_epi16(*sums, _mm256_maddubs_epi16(w, x.four(t, four)));
                    }
                }
                let scales = F::scales(tile, header, part, 0);
                for (t, acc) in acc.iter_mut().enumerate() {
                    let mut dot = widen(sums[t]);
                    if signed {
                        let [.., minus8] = *x.minus8.add(t * x.stride);
                        dot = _mm256_add_epi32(dot, _mm256_set1_epi32(minus8));
                    }
                    scale(_mm256_cvtepi32_ps(dot), scales, t, x, acc);
                }
            }
            Levels::Fives | Levels::Small | Levels::Bytes => {
                // Only small levels have a scale for each 16 columns.
                let halves = if F::LEVELS == Levels::Small { 2 } else { 1 };
                for half in 0..halves {
                    let mut sums = [_mm256_setzero_si256(); T];
                    for four in 8 / halves * half..8 / halves * (half + 1) {
                        let w = F::levels(tile, part, four);
                        let magnitudes = _mm256_abs_epi8(w);
                        for (t, sums) in sums.iter_mut().enumerate() {
                            let pairs = _mm256_maddubs_epi16(magnitudes, _mm256_sign_epi8(x.four(t, four), w));
                            *sums = match F::LEVELS {
                                Levels::Bytes => _mm256_add_epi32(*sums, widen(pairs)),
                                _ => _mm256_add_epi16(*sums, pairs),
                            };
                        }
                    }
                    let scales = F::scales(tile, header, part, half);
                    for (t, acc) in acc.iter_mut().enumerate() {
                        let dot = if F::LEVELS == Levels::Bytes { sums[t] } else { widen(sums[t]) };
                        scale(_mm256_cvtepi32_ps(dot), scales, t, x, acc);
                    }
                }
            }
        }
        if F::OFFSET {
            let offsets = F::offsets(tile, header, part);
            for (t, acc) in acc.iter_mut().enumerate() {
                *acc = _mm256_fmadd_ps(offsets, _mm256_broadcast_ss(&*x.s.add(t * x.stride)), *acc);
            }
        }
    }
}

/// Sums of neighbours among sixteen 16-bit lanes.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
fn widen(sums: __m256i) -> __m256i {
    _mm256_madd_epi16(sums, _mm256_set1_epi16(1))
}

/// `acc += scales * (d * dot)` for token `t`.
///
/// # Safety
/// The token is there.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
unsafe fn scale<const T: usize>(dot: __m256, scales: __m256, t: usize, x: &Tokens<T>, acc: &mut __m256) {
    // SAFETY: the caller's promise.
    let d = unsafe { _mm256_broadcast_ss(&*x.d.add(t * x.stride)) };
    *acc = _mm256_fmadd_ps(scales, _mm256_mul_ps(d, dot), *acc);
}

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

simple_format!(Q4_0, Levels::Nibbles { signed: true }, offset: false; |tile, four| {
    // Stored as two's complement: turned over again, they count from 0.
    _mm256_xor_si256(block_nibbles(tile.add(HALVES), four), _mm256_set1_epi8(8))
});
simple_format!(Q4_1, Levels::Nibbles { signed: false }, offset: true; |tile, four| block_nibbles(tile.add(2 * HALVES), four));
simple_format!(Q5_0, Levels::Fives, offset: false; |tile, four| {
    // The fifth bits of each row are four bytes: those of these columns to the bottom, and the byte with them to all four.
    let bits = _mm256_srl_epi32(_mm256_loadu_si256(tile.add(HALVES).cast()), _mm_cvtsi32_si128(4 * four as i32));
    let first = _mm256_broadcastsi128_si256(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12));
    let one_each = _mm256_set1_epi32(0x0804_0201);
    let bits = _mm256_and_si256(_mm256_shuffle_epi8(bits, first), one_each);
    let fifth = _mm256_and_si256(_mm256_cmpeq_epi8(bits, one_each), _mm256_set1_epi8(16));
    _mm256_sub_epi8(_mm256_or_si256(block_nibbles(tile.add(HALVES + WORDS), four), fifth), _mm256_set1_epi8(16))
});
simple_format!(Q8_0, Levels::Bytes, offset: false; |tile, four| _mm256_loadu_si256(tile.add(HALVES + four * WORDS).cast()));
simple_format!(IQ4NL, Levels::Bytes, offset: false; |tile, four| _mm256_shuffle_epi8(
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
    const LEVELS: Levels = Levels::Nibbles { signed: false };
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
    const LEVELS: Levels = Levels::Small;
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
        _mm256_sub_epi8(_mm256_or_si256(low, high), _mm256_set1_epi8(32))
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
