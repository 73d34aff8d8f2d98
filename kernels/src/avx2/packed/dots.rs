//! Products of four columns with some tokens in turn. Left to the compiler, all products of a token come before those of the next, each
//! waiting for the one before it, and some of the sums go through memory.
//!
//! `R` is one or two groups of eight rows, for which activations are read once. `sums` has, for each token, those of each group; `w` has
//! four levels of each row, and `x` points to four activations of each token, for more than six tokens of the first half of them: those of
//! the second are `next` bytes further on.

use crate::activations::AVX2_TOKENS;
use std::arch::{asm, x86_64::*};

/// `$lines` for each token, given its number and those of its sums among the operands.
macro_rules! in_turn {
    ($sums:ident, $way:ident, $lines:ident, ($($operands:tt)*); $($t:literal: $($sum:literal)+),*) => {
        if let Some(sums) = $sums.first_chunk_mut::<{ [$($($sum),+),*].len() }>() {
            asm!(
                $($lines!($t, $($sum),+),)*
                $($($way(ymm_reg) sums[$sum],)+)*
                $($operands)*
                options(pure, readonly, nostack, preserves_flags),
            );
        }
    };
}

/// `$with` for `$n` tokens and one group of rows: its arguments, then for each token its number and those of its sums.
macro_rules! one_group {
    ($n:expr, $with:ident, $($args:tt)*) => {
        match $n {
            1 => $with!($($args)*; 0: 0),
            2 => $with!($($args)*; 0: 0, 1: 1),
            3 => $with!($($args)*; 0: 0, 1: 1, 2: 2),
            4 => $with!($($args)*; 0: 0, 1: 1, 2: 2, 3: 3),
            5 => $with!($($args)*; 0: 0, 1: 1, 2: 2, 3: 3, 4: 4),
            6 => $with!($($args)*; 0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5),
            _ => unreachable!("no products of so many tokens"),
        }
    };
}

/// As [`one_group`], for more tokens, half of which lie `next` bytes further on.
macro_rules! one_group_of_more {
    ($n:expr, $with:ident, $($args:tt)*) => {
        match $n {
            7 => $with!($($args)*; 0: 0, 1: 1, 2: 2, 3: 3, "0 + {next}": 4, "1 + {next}": 5, "2 + {next}": 6),
            8 => $with!($($args)*; 0: 0, 1: 1, 2: 2, 3: 3, "0 + {next}": 4, "1 + {next}": 5, "2 + {next}": 6, "3 + {next}": 7),
            _ => unreachable!("no products of so many tokens"),
        }
    };
}

/// As [`one_group`], for two.
macro_rules! two_groups {
    ($n:expr, $with:ident, $($args:tt)*) => {
        match $n {
            1 => $with!($($args)*; 0: 0 1),
            2 => $with!($($args)*; 0: 0 1, 1: 2 3),
            3 => $with!($($args)*; 0: 0 1, 1: 2 3, 2: 4 5),
            4 => $with!($($args)*; 0: 0 1, 1: 2 3, 2: 4 5, 3: 6 7),
            _ => unreachable!("no products of so many tokens"),
        }
    };
}

/// As [`two_groups`], where there are registers for more tokens.
macro_rules! two_groups_of_more {
    ($n:expr, $with:ident, $($args:tt)*) => {
        match $n {
            5 => $with!($($args)*; 0: 0 1, 1: 2 3, 2: 4 5, 3: 6 7, 4: 8 9),
            n => two_groups!(n, $with, $($args)*),
        }
    };
}

/// The activations of a token in each lane, times the levels, in place of its sums.
macro_rules! multiply {
    ($t:literal, $sum:literal) => {
        concat!("vpbroadcastd {", $sum, "}, dword ptr [{x} + 4 * ", $t, "]\n", "vpmaddubsw {", $sum, "}, {w}, {", $sum, "}",)
    };
    ($t:literal, $first:literal, $second:literal) => {
        concat!(
            "vpbroadcastd {",
            $second,
            "}, dword ptr [{x} + 4 * ",
            $t,
            "]\n",
            "vpmaddubsw {",
            $first,
            "}, {w}, {",
            $second,
            "}\n",
            "vpmaddubsw {",
            $second,
            "}, {w2}, {",
            $second,
            "}",
        )
    };
}

/// The same, added to its sums.
macro_rules! add {
    ($t:literal, $sum:literal) => {
        concat!(
            "vpbroadcastd {a}, dword ptr [{x} + 4 * ",
            $t,
            "]\n",
            "vpmaddubsw {a}, {w}, {a}\n",
            "vpaddw {",
            $sum,
            "}, {",
            $sum,
            "}, {a}",
        )
    };
    ($t:literal, $first:literal, $second:literal) => {
        concat!(
            "vpbroadcastd {b}, dword ptr [{x} + 4 * ",
            $t,
            "]\n",
            "vpmaddubsw {a}, {w}, {b}\n",
            "vpmaddubsw {b}, {w2}, {b}\n",
            "vpaddw {",
            $first,
            "}, {",
            $first,
            "}, {a}\n",
            "vpaddw {",
            $second,
            "}, {",
            $second,
            "}, {b}",
        )
    };
}

/// The same with levels of either sign, whose signs go to the activations, and sums of 32 bits.
macro_rules! add_signed {
    ($t:literal, $sum:literal) => {
        concat!(
            "vpbroadcastd {a}, dword ptr [{x} + 4 * ",
            $t,
            "]\n",
            "vpsignb {a}, {a}, {w}\n",
            "vpmaddubsw {a}, {m}, {a}\n",
            "vpmaddwd {a}, {a}, {ones}\n",
            "vpaddd {",
            $sum,
            "}, {",
            $sum,
            "}, {a}",
        )
    };
    ($t:literal, $first:literal, $second:literal) => {
        concat!(
            "vpbroadcastd {b}, dword ptr [{x} + 4 * ",
            $t,
            "]\n",
            "vpsignb {a}, {b}, {w}\n",
            "vpsignb {b}, {b}, {w2}\n",
            "vpmaddubsw {a}, {m}, {a}\n",
            "vpmaddubsw {b}, {m2}, {b}\n",
            "vpmaddwd {a}, {a}, {ones}\n",
            "vpmaddwd {b}, {b}, {ones}\n",
            "vpaddd {",
            $first,
            "}, {",
            $first,
            "}, {a}\n",
            "vpaddd {",
            $second,
            "}, {",
            $second,
            "}, {b}",
        )
    };
}

/// Sums of pairs of products, 16 of 16 bits.
///
/// # Safety
/// AVX2 is there, and `T` tokens, at most 8, or 5 with two groups.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn multiply<const R: usize, const T: usize>(w: [__m256i; R], x: *const i32, next: usize) -> [[__m256i; R]; T] {
    let mut products = [[_mm256_setzero_si256(); R]; T];
    let sums = products.as_flattened_mut();
    // SAFETY: reads `T` tokens' activations, and writes registers only.
    unsafe {
        match (R, T) {
            (1, ..=AVX2_TOKENS) => one_group!(T, in_turn, sums, out, multiply, (w = in(ymm_reg) w[0], x = in(reg) x,)),
            (1, _) => one_group_of_more!(T, in_turn, sums, out, multiply, (w = in(ymm_reg) w[0], x = in(reg) x, next = in(reg) next,)),
            _ => two_groups_of_more!(T, in_turn, sums, out, multiply, (w = in(ymm_reg) w[0], w2 = in(ymm_reg) w[R - 1], x = in(reg) x,)),
        }
    }
    products
}

/// Adds these to `sums`.
///
/// # Safety
/// As for [`multiply`].
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn add<const R: usize, const T: usize>(sums: &mut [[__m256i; R]; T], w: [__m256i; R], x: *const i32, next: usize) {
    let sums = sums.as_flattened_mut();
    // SAFETY: as above.
    unsafe {
        match (R, T) {
            (1, ..=AVX2_TOKENS) => one_group!(T, in_turn, sums, inout, add, (w = in(ymm_reg) w[0], x = in(reg) x, a = out(ymm_reg) _,)),
            (1, _) => one_group_of_more!(T, in_turn, sums, inout, add, (
                w = in(ymm_reg) w[0], x = in(reg) x, next = in(reg) next, a = out(ymm_reg) _,
            )),
            _ => two_groups_of_more!(T, in_turn, sums, inout, add, (
                w = in(ymm_reg) w[0], w2 = in(ymm_reg) w[R - 1], x = in(reg) x, a = out(ymm_reg) _, b = out(ymm_reg) _,
            )),
        }
    }
}

/// Adds sums of four products to `sums`, eight of 32 bits.
///
/// # Safety
/// As for [`multiply`], but at most 4 tokens with two groups.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
pub(super) unsafe fn add_signed<const R: usize, const T: usize>(sums: &mut [[__m256i; R]; T], w: [__m256i; R], x: *const i32, next: usize) {
    let sums = sums.as_flattened_mut();
    let ones = _mm256_set1_epi16(1);
    let mut magnitudes = w;
    for magnitudes in &mut magnitudes {
        *magnitudes = _mm256_abs_epi8(*magnitudes);
    }
    macro_rules! with {
        ($groups:ident, $($more:tt)*) => {
            $groups!(T, in_turn, sums, inout, add_signed, (
                w = in(ymm_reg) w[0], m = in(ymm_reg) magnitudes[0], ones = in(ymm_reg) ones, x = in(reg) x, a = out(ymm_reg) _, $($more)*
            ))
        };
    }
    // SAFETY: as above.
    unsafe {
        match (R, T) {
            (1, ..=AVX2_TOKENS) => with!(one_group,),
            (1, _) => with!(one_group_of_more, next = in(reg) next,),
            _ => with!(two_groups, w2 = in(ymm_reg) w[R - 1], m2 = in(ymm_reg) magnitudes[R - 1], b = out(ymm_reg) _,),
        }
    }
}
