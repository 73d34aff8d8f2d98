//! `vpdpbusd` for some tokens in turn. Left to the compiler, all products of a token come before those of the next, each waiting for the
//! one before it, and with many tokens some of the sums go through memory.

use std::arch::{asm, x86_64::*};

/// One instruction for each token, numbered from 0, whose sums are in registers: vectors of type `$vector`, which `$width` names.
macro_rules! in_turn {
    ($dots:ident, $w:ident, $x:ident, $vector:literal, $width:literal, $($t:literal)*) => {
        if let Some(dots) = $dots.first_chunk_mut::<{ [$($t),*].len() }>() {
            asm!(
                $(concat!("vpdpbusd {", $t, ":", $vector, "}, {w:", $vector, "}, dword ptr [{x} + 4 * ", $t, "]{{", $width, "}}"),)*
                $(inout(zmm_reg) dots[$t],)*
                w = in(zmm_reg) $w,
                x = in(reg) $x.as_ptr(),
                options(pure, readonly, nostack, preserves_flags),
            );
        }
    };
}

/// As [`in_turn`], for as many tokens as there are.
macro_rules! for_tokens {
    ($n:expr, $dots:ident, $w:ident, $x:ident, $vector:literal, $width:literal) => {
        match $n {
            1 => in_turn!($dots, $w, $x, $vector, $width, 0),
            2 => in_turn!($dots, $w, $x, $vector, $width, 0 1),
            3 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2),
            4 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2 3),
            5 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2 3 4),
            6 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2 3 4 5),
            7 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2 3 4 5 6),
            8 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2 3 4 5 6 7),
            10 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2 3 4 5 6 7 8 9),
            12 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2 3 4 5 6 7 8 9 10 11),
            14 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2 3 4 5 6 7 8 9 10 11 12 13),
            16 => in_turn!($dots, $w, $x, $vector, $width, 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15),
            _ => unreachable!("no products of so many tokens"),
        }
    };
}

/// Adds the products of four columns of eight rows with `T` tokens: `w` has four levels of each row, `x` four activations of each
/// token.
///
/// # Safety
/// AVX-512 is there; `T` is one of the numbers above.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn add_eight<const T: usize>(dots: &mut [__m256i; T], w: __m256i, x: &[[i8; 4]; T]) {
    // SAFETY: reads `T` tokens' activations, and writes registers only.
    unsafe { for_tokens!(T, dots, w, x, "y", "1to8") }
}

/// As [`add_eight`], of sixteen rows, and `x` may have more tokens.
///
/// # Safety
/// As for [`add_eight`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
pub(super) unsafe fn add_sixteen<const T: usize>(dots: &mut [__m512i; T], w: __m512i, x: &[[i8; 4]]) {
    debug_assert!(x.len() >= T);
    // SAFETY: as above.
    unsafe { for_tokens!(T, dots, w, x, "z", "1to16") }
}
