//! Whole blocks of 32 columns whose levels are nibbles of two's complement, with one scale: all instructions between the loads of weights
//! and sums and the stores of sums. Left to the compiler, levels are unpacked far ahead and wait in memory.

use crate::activations::{AVX2_TOKENS, TokenColumns};
use std::arch::{asm, x86_64::*};

/// What nibbles are masked with, and flipped with to count from 0, and what sums up pairs.
#[repr(C, align(32))]
struct Constants {
    mask: [u8; 32],
    flip: [u8; 32],
    ones: [i16; 16],
}

static CONSTANTS: Constants = Constants { mask: [0x0f; 32], flip: [0x88; 32], ones: [1; 16] };

/// 32 bytes of each of `$groups`, `$at` bytes on from the scales' end, flipped; for `again`, which are two without registers to keep them,
/// in the place of levels.
macro_rules! load {
    (1, $at:literal) => {
        concat!("vmovdqu {a}, [{constants} + 32]\n", "vpxor {r}, {a}, [{tile} + 16 + ", $at, "]")
    };
    (2, $at:literal) => {
        concat!(load!(1, $at), "\nvpxor {r2}, {a}, [{tile2} + 16 + ", $at, "]")
    };
    (again, $at:literal) => {
        concat!(
            "vmovdqu {a}, [{constants} + 32]\n",
            "vpxor {w}, {a}, [{tile} + 16 + ",
            $at,
            "]\n",
            "vpxor {w2}, {a}, [{tile2} + 16 + ",
            $at,
            "]"
        )
    };
}

/// Their low nibbles: four of columns 0 to 15.
macro_rules! low {
    (1) => {
        "vmovdqu {a}, [{constants}]\nvpand {w}, {r}, {a}"
    };
    (2) => {
        concat!(low!(1), "\nvpand {w2}, {r2}, {a}")
    };
    (again) => {
        "vmovdqu {a}, [{constants}]\nvpand {w}, {w}, {a}\nvpand {w2}, {w2}, {a}"
    };
}

/// Their high nibbles, of the columns 16 further on, to which `x` goes.
macro_rules! high {
    (1, $at:literal) => {
        "add {x}, {there}\nvmovdqu {a}, [{constants}]\nvpsrlw {w}, {r}, 4\nvpand {w}, {w}, {a}"
    };
    (2, $at:literal) => {
        concat!(high!(1, $at), "\nvpsrlw {w2}, {r2}, 4\nvpand {w2}, {w2}, {a}")
    };
    (again, $at:literal) => {
        concat!("add {x}, {there}\n", load!(again, $at), "\nvpsrlw {w}, {w}, 4\nvpsrlw {w2}, {w2}, 4\n", low!(again))
    };
}

/// The scales.
macro_rules! scales {
    (1) => {
        "vcvtph2ps {a}, [{tile}]"
    };
    ($two:tt) => {
        concat!(scales!(1), "\nvcvtph2ps {b}, [{tile2}]")
    };
}

/// The integers of a token, without what flipping added, times its scale and those of the rows, added to its sums.
macro_rules! scale {
    ($t:literal, $sum:literal) => {
        concat!(scale!(@token $t), scale!(@sum $sum, "a"))
    };
    ($t:literal, $first:literal, $second:literal) => {
        concat!(scale!(@token $t), scale!(@sum $first, "a"), scale!(@sum $second, "b"))
    };
    (@token $t:literal) => {
        concat!("vpbroadcastd {w}, dword ptr [{zero} + 4 * ", $t, "]\n", "vbroadcastss {w2}, dword ptr [{d} + 4 * ", $t, "]\n")
    };
    (@sum $sum:literal, $scales:literal) => {
        concat!(
            "vpmaddwd {", $sum, "}, {", $sum, "}, [{constants} + 64]\n",
            "vpaddd {", $sum, "}, {", $sum, "}, {w}\n",
            "vcvtdq2ps {", $sum, "}, {", $sum, "}\n",
            "vmulps {", $sum, "}, {w2}, {", $sum, "}\n",
            "vfmadd213ps {", $sum, "}, {", $scales, "}, [{acc} + 32 * ", $sum, "]\n",
            "vmovups [{acc} + 32 * ", $sum, "], {", $sum, "}\n",
        )
    };
}

/// All of it, for the tokens of which the numbers and those of the sums are given.
macro_rules! block {
    ($sums:ident, $groups:tt, ($($operands:tt)*); $($t:literal: $($sum:literal)+),*) => {
        asm!(
            load!($groups, 0), low!($groups), $(multiply!($t, $($sum),+),)* high!($groups, 0), $(add!($t, $($sum),+),)*
            "sub {x}, {back}",
            load!($groups, 32), low!($groups), $(add!($t, $($sum),+),)* high!($groups, 32), $(add!($t, $($sum),+),)*
            "sub {x}, {back}",
            load!($groups, 64), low!($groups), $(add!($t, $($sum),+),)* high!($groups, 64), $(add!($t, $($sum),+),)*
            "sub {x}, {back}",
            load!($groups, 96), low!($groups), $(add!($t, $($sum),+),)* high!($groups, 96), $(add!($t, $($sum),+),)*
            scales!($groups), $(scale!($t, $($sum),+),)*
            $($(out(ymm_reg) $sums[$sum],)+)*
            $($operands)*
            options(nostack),
        )
    };
}

/// Six tokens, whose sums leave four registers.
macro_rules! two_groups_of_six {
    ($n:expr, $with:ident, $($args:tt)*) => {
        $with!($($args)*; 0: 0 1, 1: 2 3, 2: 4 5, 3: 6 7, 4: 8 9, 5: 10 11)
    };
}

/// Adds the products of a block of `R` groups of eight rows with `T` tokens to their sums. A tile of each group is its scales and four
/// chunks of nibbles.
///
/// # Safety
/// AVX2, FMA and F16C are there, the tiles can be read, and `T` tokens, at most 6.
#[inline]
#[target_feature(enable = "avx2,fma,f16c")]
#[expect(unused_assignments, reason = "the sums of integers are only used inside")]
pub(super) unsafe fn add_block<const R: usize, const T: usize>(tiles: [*const u8; R], x: TokenColumns, acc: &mut [[__m256; R]; T]) {
    let acc = acc.as_mut_ptr();
    let stride = x.places() * size_of::<i32>();
    let mut sums = [_mm256_setzero_si256(); 12];
    macro_rules! with {
        ($groups:ident, $n:tt, $($more:tt)*) => {
            $groups!(T, block, sums, $n, (
                tile = in(reg) tiles[0], w = out(ymm_reg) _, w2 = out(ymm_reg) _, a = out(ymm_reg) _, $($more)*
                x = inout(reg) x.four(0) => _, there = in(reg) 4 * stride, back = in(reg) 3 * stride,
                d = in(reg) x.scales(), zero = in(reg) x.zeros(), acc = in(reg) acc, constants = in(reg) &raw const CONSTANTS,
            ))
        };
    }
    // SAFETY: reads what the caller promises, and writes these sums and registers.
    unsafe {
        match (R, T) {
            (1, _) => with!(one_group, 1, r = out(ymm_reg) _,),
            (_, AVX2_TOKENS) => with!(two_groups_of_six, again, tile2 = in(reg) tiles[R - 1], b = out(ymm_reg) _,),
            _ => {
                with!(two_groups_of_more, 2, tile2 = in(reg) tiles[R - 1], r = out(ymm_reg) _, r2 = out(ymm_reg) _, b = out(ymm_reg) _,);
            }
        }
    }
}
