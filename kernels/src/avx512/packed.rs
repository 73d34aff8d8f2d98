//! Products with packed weights: two tiles side by side are sixteen rows in the sixteen lanes of a vector. See
//! [`packed`](crate::packed) for the layout.
//!
//! `vpdpbusd` multiplies unsigned bytes with signed ones. So weights count from their lowest level, and what that adds to a sum of
//! products, a multiple of the sum of the activations, is taken off again.

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
    // SAFETY: the caller's promise.
    unsafe { tile::matmul::<Packed<F>, 2, 2, 16>(args) }
}

/// Two tiles of the same columns: rows 0 to 7, and rows 8 to 15.
#[derive(Clone, Copy)]
pub(super) struct Pair(*const u8, *const u8);

/// Bytes of a chunk of eight rows that is no f16, and of one that is.
const WORDS: usize = TILE_ROWS * 4;
const HALVES: usize = TILE_ROWS * 2;

impl Pair {
    /// Four bytes of each row, at byte `at` of the tiles.
    ///
    /// # Safety
    /// AVX-512 is there; 32 bytes can be read there.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn words(self, at: usize) -> __m512i {
        // SAFETY: the caller's promise; no alignment is needed.
        let (a, b) = unsafe { (_mm256_loadu_si256(self.0.add(at).cast()), _mm256_loadu_si256(self.1.add(at).cast())) };
        _mm512_inserti64x4::<1>(_mm512_castsi256_si512(a), b)
    }

    /// The nibbles of [`Pair::words`]: the low ones for `high` false.
    ///
    /// # Safety
    /// As for [`Pair::words`].
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn nibbles(self, at: usize, high: bool) -> __m512i {
        // SAFETY: the caller's promise.
        let words = unsafe { self.words(at) };
        let words = if high { _mm512_srli_epi16::<4>(words) } else { words };
        _mm512_and_si512(words, _mm512_set1_epi8(15))
    }

    /// The nibbles of column group `four` where those of a block of 32 columns lie in 16 bytes of each row from `at` on.
    ///
    /// # Safety
    /// As for [`Pair::words`], for four chunks.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn block_nibbles(self, at: usize, four: usize) -> __m512i {
        // SAFETY: the caller's promise.
        unsafe { self.nibbles(at + four % 4 * WORDS, four >= 4) }
    }

    /// An f16 of each row, at byte `at` of the tiles.
    ///
    /// # Safety
    /// AVX-512 is there; 16 bytes can be read there.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn halves(self, at: usize) -> __m512 {
        // SAFETY: the caller's promise; no alignment is needed.
        let (a, b) = unsafe { (_mm_loadu_si128(self.0.add(at).cast()), _mm_loadu_si128(self.1.add(at).cast())) };
        _mm512_cvtph_ps(_mm256_set_m128i(b, a))
    }
}

/// Which level is the weights' zero.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Zero {
    /// 0.
    Lowest,
    /// 8.
    Eight,
    /// 16.
    Sixteen,
    /// 128.
    Middle,
    /// 32, and every 16 columns have a scale of their own.
    Halves,
}

impl Zero {
    const fn level(self) -> Option<f32> {
        match self {
            Zero::Lowest => None,
            Zero::Eight => Some(8.0),
            Zero::Sixteen => Some(16.0),
            Zero::Middle => Some(128.0),
            Zero::Halves => Some(32.0),
        }
    }
}

/// A packed weight type.
pub(super) trait PackedFormat {
    /// Which one.
    const DTYPE: PackedDType;
    /// Its zero.
    const ZERO: Zero = Zero::Lowest;
    /// What is worked out once for a tile.
    type Header: Copy;

    /// The header of two tiles.
    ///
    /// # Safety
    /// AVX-512 is there, and two tiles can be read.
    unsafe fn header(tiles: Pair) -> Self::Header;

    /// The levels, from 0, of sixteen rows in columns `4 * four..4 * four + 4` of the `part`-th 32: four bytes for each row.
    ///
    /// # Safety
    /// As for `header`, and `part` is below the tile's columns / 32, `four` below 8.
    unsafe fn levels(tiles: Pair, part: usize, four: usize) -> __m512i;

    /// The scales of sixteen rows, of the `half`-th 16 columns of the `part`-th 32.
    ///
    /// # Safety
    /// As for `levels`, and `half` is below 2.
    unsafe fn scales(tiles: Pair, header: Self::Header, part: usize, half: usize) -> __m512;

    /// The offsets of sixteen rows in the `part`-th 32 columns, where there are any.
    ///
    /// # Safety
    /// As for `levels`.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn offsets(_tiles: Pair, _header: Self::Header, _part: usize) -> __m512 {
        _mm512_setzero_ps()
    }
}

struct Packed<F>(PhantomData<F>);

impl<F: PackedFormat> MatmulTile for Packed<F> {
    const ROWS: usize = TILE_ROWS;

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let (len, bytes) = (F::DTYPE.dtype().block_len(), TILE_ROWS * F::DTYPE.dtype().block_bytes());
        let parts = len / 32;
        let ahead = tile::prefetch_distance(TILE_ROWS * args.row_bytes(), R);
        let mut acc = [_mm512_setzero_ps(); T];
        // SAFETY: one or two groups of eight rows from `row` and `T` tokens from `token` are in `args`: each group is `cols / len`
        // tiles, each token `x.blocks` blocks of 32. Where there is one group only, it stands for the second one too.
        unsafe {
            let first = args.weights.as_ptr().add(row * args.row_bytes());
            let second = first.add((R - 1) * TILE_ROWS * args.row_bytes());
            for i in 0..args.cols / len {
                let tiles = Pair(first.add(i * bytes), second.add(i * bytes));
                let header = F::header(tiles);
                for part in 0..parts {
                    if T == 1 {
                        prefetch::<F>(tiles, part, ahead);
                    }
                    step::<F, T>(args, tiles, header, part, token * args.x.blocks + i * parts + part, &mut acc);
                }
            }
            for (t, &sums) in acc.iter().enumerate() {
                args.store8(row, token + t, |out| _mm256_storeu_ps(out, _mm512_castps512_ps256(sums)));
                if R == 2 {
                    let upper = _mm512_castpd_ps(_mm512_castpd256_pd512(_mm512_extractf64x4_pd::<1>(_mm512_castps_pd(sums))));
                    args.store8(row + TILE_ROWS, token + t, |out| _mm256_storeu_ps(out, _mm512_castps512_ps256(upper)));
                }
            }
        }
    }
}

/// Adds the products of 32 columns of sixteen rows with `T` tokens, of the first of which this is block `at`: for each row and token one
/// multiplication of the sum of integers by the activations' scale, then one fused multiply-add with the weights' scale, on every
/// instruction set.
///
/// # Safety
/// As for [`PackedFormat::levels`]; the tokens are in `args`.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn step<F: PackedFormat, const T: usize>(
    args: &MatmulArgs<'_>,
    tiles: Pair,
    header: F::Header,
    part: usize,
    at: usize,
    acc: &mut [__m512; T],
) {
    let halves = if F::ZERO == Zero::Halves { 2 } else { 1 };
    let stride = args.x.blocks;
    // SAFETY: the caller's promise; loads need no alignment.
    unsafe {
        let q = args.x.q.as_ptr().add(at * 32);
        for half in 0..halves {
            // No closures in these loops: what they call would not be inlined for these instructions.
            let mut dots = [_mm512_setzero_si512(); T];
            for four in 8 / halves * half..8 / halves * (half + 1) {
                let w = F::levels(tiles, part, four);
                for (t, dot) in dots.iter_mut().enumerate() {
                    let x = q.add(t * stride * 32 + four * 4).cast::<i32>().read_unaligned();
                    *dot = _mm512_dpbusd_epi32(*dot, w, _mm512_set1_epi32(x));
                }
            }
            let scales = F::scales(tiles, header, part, half);
            for (t, acc) in acc.iter_mut().enumerate() {
                let mut dot = _mm512_cvtepi32_ps(dots[t]);
                if let Some(zero) = F::ZERO.level() {
                    // Exact: integers that f32 holds.
                    let sums = &*args.x.sums.as_ptr().add(at + t * stride);
                    let sum = if halves == 2 { sums[half] } else { sums[2] };
                    dot = _mm512_fnmadd_ps(_mm512_set1_ps(zero), _mm512_set1_ps(sum), dot);
                }
                let d = _mm512_set1_ps(*args.x.d.as_ptr().add(at + t * stride));
                *acc = _mm512_fmadd_ps(scales, _mm512_mul_ps(d, dot), *acc);
            }
        }
        if F::DTYPE.has_offsets() {
            let offsets = F::offsets(tiles, header, part);
            for (t, acc) in acc.iter_mut().enumerate() {
                *acc = _mm512_fmadd_ps(offsets, _mm512_set1_ps(*args.x.s.as_ptr().add(at + t * stride)), *acc);
            }
        }
    }
}

/// Asks for the cache lines of the `part`-th part of the tiles `ahead` bytes on, which need not exist.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn prefetch<F: PackedFormat>(tiles: Pair, part: usize, ahead: usize) {
    let bytes = TILE_ROWS * F::DTYPE.dtype().block_bytes() * 32 / F::DTYPE.dtype().block_len();
    for tile in [tiles.0, tiles.1] {
        for line in (0..bytes).step_by(64) {
            _mm_prefetch::<_MM_HINT_T0>(tile.wrapping_add(ahead + part * bytes + line).cast());
        }
    }
}

/// A type of one scale, and maybe an offset, for each 32 weights.
macro_rules! simple_format {
    ($format:ident, $zero:expr; |$tiles:ident, $four:ident| $levels:expr) => {
        /// See the type of that name.
        pub(super) struct $format;

        impl PackedFormat for $format {
            const DTYPE: PackedDType = PackedDType::$format;
            const ZERO: Zero = $zero;
            type Header = ();

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
            unsafe fn header(_tiles: Pair) {}

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
            unsafe fn levels($tiles: Pair, _part: usize, $four: usize) -> __m512i {
                // SAFETY: all chunks are inside the tiles.
                unsafe { $levels }
            }

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
            unsafe fn scales(tiles: Pair, _header: (), _part: usize, _half: usize) -> __m512 {
                // SAFETY: a tile begins with the scales of eight rows.
                unsafe { tiles.halves(0) }
            }

            #[inline]
            #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
            unsafe fn offsets(tiles: Pair, _header: (), _part: usize) -> __m512 {
                // SAFETY: where there are offsets, those of eight rows follow the scales.
                unsafe { tiles.halves(HALVES) }
            }
        }
    };
}

simple_format!(Q4_0, Zero::Eight; |tiles, four| _mm512_xor_si512(tiles.block_nibbles(HALVES, four), _mm512_set1_epi8(8)));
simple_format!(Q4_1, Zero::Lowest; |tiles, four| tiles.block_nibbles(2 * HALVES, four));
simple_format!(Q5_0, Zero::Sixteen; |tiles, four| {
    // The fifth bits of each row are four bytes: those of these columns to the bottom, and the byte with them to all four.
    let bits = _mm512_srl_epi32(tiles.words(HALVES), _mm_cvtsi32_si128(4 * four as i32));
    let first = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 0, 0, 0, 4, 4, 4, 4, 8, 8, 8, 8, 12, 12, 12, 12));
    let set = _mm512_test_epi8_mask(_mm512_shuffle_epi8(bits, first), _mm512_set1_epi32(0x0804_0201));
    let nibbles = tiles.block_nibbles(HALVES + WORDS, four);
    _mm512_mask_add_epi8(nibbles, set, nibbles, _mm512_set1_epi8(16))
});
simple_format!(Q8_0, Zero::Middle; |tiles, four| _mm512_xor_si512(tiles.words(HALVES + four * WORDS), _mm512_set1_epi8(-128)));
simple_format!(IQ4NL, Zero::Middle; |tiles, four| {
    let table = _mm512_broadcast_i32x4(_mm_loadu_si128(IQ4_NL_LEVELS.as_ptr().cast()));
    _mm512_shuffle_epi8(_mm512_xor_si512(table, _mm512_set1_epi8(-128)), tiles.block_nibbles(HALVES, four))
});

/// See the type of that name.
pub(super) struct Q4K;

/// The 12 bytes of 6-bit scales and minima of sixteen rows, and what they are multiplied with.
#[derive(Clone, Copy)]
pub(super) struct HeaderQ4K {
    d: __m512,
    dmin: __m512,
    /// Bytes 0 to 3, 4 to 7 and 8 to 11 of each row.
    packed: [__m512i; 3],
}

/// Byte `at` of each lane of four bytes, of which the bits above `shift` are kept that `mask` has.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn bits(words: __m512i, at: usize, shift: usize, mask: i32) -> __m512i {
    let count = _mm_cvtsi32_si128((8 * at + shift) as i32);
    _mm512_and_si512(_mm512_srl_epi32(words, count), _mm512_set1_epi32(mask))
}

impl HeaderQ4K {
    /// The 6-bit numbers of `part`: scales for `which` 0, minima for 1. See `scale_min_k4` of the reference for their layout.
    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    fn six_bits(&self, part: usize, which: usize) -> __m512 {
        let [a, b, c] = self.packed;
        let first = if which == 0 { a } else { b };
        let number = if part < 4 {
            bits(first, part, 0, 63)
        } else {
            _mm512_or_si512(bits(c, part - 4, 4 * which, 15), _mm512_slli_epi32::<4>(bits(first, part - 4, 6, 3)))
        };
        _mm512_cvtepi32_ps(number)
    }
}

impl PackedFormat for Q4K {
    const DTYPE: PackedDType = PackedDType::Q4K;
    type Header = HeaderQ4K;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn header(tiles: Pair) -> HeaderQ4K {
        // SAFETY: a tile begins with two chunks of halves and three of words.
        unsafe {
            let [a, b, c] = [2 * HALVES, 2 * HALVES + WORDS, 2 * HALVES + 2 * WORDS];
            HeaderQ4K { d: tiles.halves(0), dmin: tiles.halves(HALVES), packed: [tiles.words(a), tiles.words(b), tiles.words(c)] }
        }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn levels(tiles: Pair, part: usize, four: usize) -> __m512i {
        // SAFETY: the nibbles of two parts share 32 bytes of each row, after the header.
        unsafe { tiles.nibbles(2 * HALVES + (3 + part / 2 * 8 + four) * WORDS, part % 2 == 1) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn scales(_tiles: Pair, header: HeaderQ4K, part: usize, _half: usize) -> __m512 {
        _mm512_mul_ps(header.d, header.six_bits(part, 0))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn offsets(_tiles: Pair, header: HeaderQ4K, part: usize) -> __m512 {
        let minima = _mm512_mul_ps(header.dmin, header.six_bits(part, 1));
        _mm512_castsi512_ps(_mm512_xor_si512(_mm512_castps_si512(minima), _mm512_set1_epi32(i32::MIN)))
    }
}

/// See the type of that name.
pub(super) struct Q6K;

impl PackedFormat for Q6K {
    const DTYPE: PackedDType = PackedDType::Q6K;
    const ZERO: Zero = Zero::Halves;
    type Header = __m512;

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn header(tiles: Pair) -> __m512 {
        // SAFETY: a tile ends with the f16 scales of eight rows, after 52 chunks of words.
        unsafe { tiles.halves(52 * WORDS) }
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn levels(tiles: Pair, part: usize, four: usize) -> __m512i {
        let (half, quarter) = (part / 4, part % 4);
        // SAFETY: 32 chunks of nibbles come first, then 16 of bit pairs.
        let (low, high) = unsafe {
            let low = tiles.nibbles((half * 16 + quarter % 2 * 8 + four) * WORDS, quarter / 2 == 1);
            (low, tiles.words((32 + half * 8 + four) * WORDS))
        };
        let high = _mm512_srl_epi16(high, _mm_cvtsi32_si128(2 * quarter as i32));
        _mm512_or_si512(low, _mm512_slli_epi16::<4>(_mm512_and_si512(high, _mm512_set1_epi8(3))))
    }

    #[inline]
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn scales(tiles: Pair, header: __m512, part: usize, half: usize) -> __m512 {
        let n = 2 * part + half;
        // SAFETY: four chunks of scales, a byte for each 16 columns, come before the f16.
        let words = unsafe { tiles.words((48 + n / 4) * WORDS) };
        // The byte goes to the top of its lane, and comes down with its sign.
        let count = _mm_cvtsi32_si128(24 - 8 * (n % 4) as i32);
        let scales = _mm512_srai_epi32::<24>(_mm512_sll_epi32(words, count));
        _mm512_mul_ps(header, _mm512_cvtepi32_ps(scales))
    }
}
