//! Products with packed weights: `vpdpbusd` multiplies unsigned bytes with signed ones and sums four products into each 32-bit lane.
//!
//! So weights count from a level below all of theirs, and what that adds to a sum of products, a multiple of the sum of the
//! activations, is taken off beforehand: sums of integers begin with it. How types are unpacked is AVX2's; see
//! [`packed`](crate::packed) for the layout.

use crate::{
    activations::BLOCK_TOKENS,
    avx2::packed::{Levels, PackedFormat},
    packed::TILE_ROWS,
    panel::{self, PANEL_BLOCKS, Panels},
    tile::MatmulArgs,
};
use std::{
    arch::{asm, x86_64::*},
    marker::PhantomData,
    ops::Range,
};

/// Rows of a panel, the lanes of a vector.
const PANEL_ROWS: usize = 2 * TILE_ROWS;

/// Sixteen rows of weights, unpacked.
#[repr(align(64))]
pub(crate) struct Panel {
    /// Levels from 0: of each block and four columns, four bytes of each row.
    levels: [[[u8; PANEL_ROWS * 4]; 8]; PANEL_BLOCKS],
    /// Scales of the first and the last 16 columns of each block, which differ for some types only.
    scales: [[[f32; PANEL_ROWS]; 2]; PANEL_BLOCKS],
    /// Offsets of each block, for types that have any.
    offsets: [[f32; PANEL_ROWS]; PANEL_BLOCKS],
}

/// Whether the first and the last 16 columns of a block have scales of their own.
const fn halves<F: PackedFormat>() -> usize {
    if matches!(F::LEVELS, Levels::Small) { 2 } else { 1 }
}

/// Columns of a block that share a scale, in fours.
const fn fours<F: PackedFormat>() -> usize {
    8 / halves::<F>()
}

/// Quantised weights in tiles times int8 activations.
///
/// # Safety
/// As for [`MatmulFn`](crate::table::MatmulFn), with whole tiles of this type.
pub(super) unsafe fn matmul<F: PackedFormat>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe {
        match args.x.rows {
            1 => gemv::<F>(args),
            _ => panel::matmul::<Packed<F>>(args),
        }
    }
}

/// The levels of eight rows in four columns, as unsigned bytes.
///
/// # Safety
/// As for [`PackedFormat::levels`].
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn unsigned<F: PackedFormat>(tile: *const u8, part: usize, four: usize) -> __m256i {
    // SAFETY: the caller's promise.
    let levels = unsafe { F::levels(tile, part, four) };
    match F::LEVELS {
        Levels::Nibbles { .. } => levels,
        Levels::Fives | Levels::Small | Levels::Bytes => _mm256_xor_si256(levels, _mm256_set1_epi8(-128)),
    }
}

/// What the sums of a block begin with, in all lanes: minus the zero's level times the sum of the activations.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn zero<F: PackedFormat>(minus8: i32) -> __m512i {
    match F::LEVELS {
        Levels::Nibbles { signed: false } => _mm512_setzero_si512(),
        Levels::Nibbles { signed: true } => _mm512_set1_epi32(minus8),
        Levels::Fives | Levels::Small | Levels::Bytes => _mm512_slli_epi32::<4>(_mm512_set1_epi32(minus8)),
    }
}

/// Which of the sums of a block's activations stands for the columns of `half`.
const fn sum_of<F: PackedFormat>(half: usize) -> usize {
    if halves::<F>() == 2 { half } else { 2 }
}

/// One token: eight rows at a time, so that memory is read from one end to the other, which is what prefetchers are made for.
///
/// # Safety
/// As for [`matmul`], with one token.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn gemv<F: PackedFormat>(args: &MatmulArgs<'_>) {
    let (len, bytes) = (F::DTYPE.dtype().block_len(), TILE_ROWS * F::DTYPE.dtype().block_bytes());
    let parts = len / 32;
    let mut tile = args.weights.as_ptr();
    for row in (0..args.rows).step_by(TILE_ROWS) {
        let mut acc = _mm256_setzero_ps();
        // SAFETY: each group of eight rows is `cols / len` tiles, one after the other; a token is `x.blocks` blocks of 32.
        unsafe {
            for i in 0..args.cols / len {
                let header = F::header(tile);
                for part in 0..parts {
                    let block = i * parts + part;
                    let q = args.x.q.as_ptr().add(block * 32);
                    let d = _mm256_set1_ps(*args.x.d.as_ptr().add(block));
                    for half in 0..halves::<F>() {
                        // Two sums, as each multiplication waits for the one before.
                        let minus8 = args.x.minus8.get_unchecked(block)[sum_of::<F>(half)];
                        let mut dots = [_mm512_castsi512_si256(zero::<F>(minus8)), _mm256_setzero_si256()];
                        for four in half * fours::<F>()..(half + 1) * fours::<F>() {
                            let x = _mm256_set1_epi32(q.add(four * 4).cast::<i32>().read_unaligned());
                            dots[four % 2] = _mm256_dpbusd_epi32(dots[four % 2], unsigned::<F>(tile, part, four), x);
                        }
                        let dot = _mm256_cvtepi32_ps(_mm256_add_epi32(dots[0], dots[1]));
                        acc = _mm256_fmadd_ps(F::scales(tile, header, part, half), _mm256_mul_ps(d, dot), acc);
                    }
                    if F::OFFSET {
                        acc = _mm256_fmadd_ps(F::offsets(tile, header, part), _mm256_set1_ps(*args.x.s.as_ptr().add(block)), acc);
                    }
                }
                tile = tile.add(bytes);
            }
            args.store8(row, 0, |out| _mm256_storeu_ps(out, acc));
        }
    }
}

struct Packed<F>(PhantomData<F>);

impl<F: PackedFormat> Panels for Packed<F> {
    const ROWS: usize = PANEL_ROWS;
    type Panel = Panel;
    const EMPTY: Panel = Panel { levels: [[[0; _]; _]; _], scales: [[[0.0; _]; _]; _], offsets: [[0.0; _]; _] };

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn unpack(args: &MatmulArgs<'_>, rows: Range<usize>, blocks: Range<usize>, panel: &mut Panel) {
        for (group, row) in rows.step_by(TILE_ROWS).enumerate() {
            // SAFETY: the caller's promise.
            unsafe { unpack::<F>(args, row, blocks.clone(), group, panel) };
        }
    }

    /// Both groups of rows of the next panel.
    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn prefetch(args: &MatmulArgs<'_>, row: usize, block: usize) {
        let len = F::DTYPE.dtype().block_len();
        let bytes = TILE_ROWS * F::DTYPE.dtype().block_bytes();
        for group in [row, row + TILE_ROWS] {
            let tiles = args.weights.as_ptr().wrapping_add(group * args.row_bytes() + block * 32 / len * bytes);
            for line in (0..PANEL_BLOCKS * 32 / len * bytes).step_by(64) {
                _mm_prefetch::<_MM_HINT_T0>(tiles.wrapping_add(line).cast());
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn add_products(args: &MatmulArgs<'_>, panel: &Panel, blocks: Range<usize>, tokens: Range<usize>, sums: *mut f32) -> usize {
        let (token, sums) = (tokens.start, sums.cast());
        // SAFETY: the caller's promise; a tile of tokens begins at a multiple of its size.
        unsafe {
            match tokens.len() {
                BLOCK_TOKENS.. => add_products::<F, BLOCK_TOKENS>(args, panel, blocks, token, sums),
                8.. => add_products::<F, 8>(args, panel, blocks, token, sums),
                4.. => add_products::<F, 4>(args, panel, blocks, token, sums),
                2.. => add_products::<F, 2>(args, panel, blocks, token, sums),
                _ => add_products::<F, 1>(args, panel, blocks, token, sums),
            }
        }
    }

    #[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
    unsafe fn store(sums: *const f32, t: usize, rows: usize, out: *mut f32) {
        let lanes: __mmask16 = if rows == PANEL_ROWS { 0xffff } else { 0x00ff };
        // SAFETY: the caller's promise; lanes stand for the rows.
        unsafe { _mm512_mask_storeu_ps(out, lanes, *sums.cast::<__m512>().add(t)) };
    }
}

/// Unpacks some blocks of eight rows from `row` into the first or second half of the panel's lanes.
///
/// # Safety
/// These are in `args`; the blocks fit the panel, and are those of whole tiles.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn unpack<F: PackedFormat>(args: &MatmulArgs<'_>, row: usize, blocks: Range<usize>, group: usize, panel: &mut Panel) {
    let parts = F::DTYPE.dtype().block_len() / 32;
    let bytes = TILE_ROWS * F::DTYPE.dtype().block_bytes();
    // SAFETY: the caller's promise; half of a vector's lanes begin at `group * TILE_ROWS`.
    unsafe {
        let tiles = args.weights.as_ptr().add(row * args.row_bytes() + blocks.start / parts * bytes);
        for i in 0..blocks.len() / parts {
            let tile = tiles.add(i * bytes);
            let header = F::header(tile);
            for part in 0..parts {
                let block = i * parts + part;
                for (four, levels) in panel.levels[block].iter_mut().enumerate() {
                    let out = levels.as_mut_ptr().add(group * TILE_ROWS * 4);
                    _mm256_storeu_si256(out.cast(), unsigned::<F>(tile, part, four));
                }
                for half in 0..halves::<F>() {
                    let out = panel.scales[block][half].as_mut_ptr().add(group * TILE_ROWS);
                    _mm256_storeu_ps(out, F::scales(tile, header, part, half));
                }
                if F::OFFSET {
                    _mm256_storeu_ps(panel.offsets[block].as_mut_ptr().add(group * TILE_ROWS), F::offsets(tile, header, part));
                }
            }
        }
    }
}

/// Adds the products of a panel, which holds the rows' `blocks`, with `T` tokens from `token` to their sums, which begin with the first
/// block; returns `T`.
///
/// # Safety
/// The panel is filled, the tokens are in `args` and all in the same [`TokenBlock`](crate::activations::TokenBlock)s, and there are `T`
/// sums, initialised unless `blocks` begins with 0.
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn add_products<F: PackedFormat, const T: usize>(
    args: &MatmulArgs<'_>,
    panel: &Panel,
    blocks: Range<usize>,
    token: usize,
    sums: *mut __m512,
) -> usize {
    let from = token % BLOCK_TOKENS;
    let mut acc = [_mm512_setzero_ps(); T];
    // SAFETY: the caller's promise; sums are aligned.
    unsafe {
        if blocks.start > 0 {
            for (t, acc) in acc.iter_mut().enumerate() {
                *acc = *sums.add(t);
            }
        }
        let tile = args.x.together.as_ptr().add(token / BLOCK_TOKENS * args.x.blocks + blocks.start);
        for (i, levels) in panel.levels[..blocks.len()].iter().enumerate() {
            let x = &*tile.add(i);
            for half in 0..halves::<F>() {
                // No closures in these loops: what they call would not be inlined for these instructions.
                let mut dots = [_mm512_setzero_si512(); T];
                for (t, dot) in dots.iter_mut().enumerate() {
                    *dot = zero::<F>(x.minus8[sum_of::<F>(half)][from + t]);
                }
                for quarter in half * 2 / halves::<F>()..(half + 1) * 2 / halves::<F>() {
                    let (levels, q) = (levels.as_ptr().add(quarter * 4).cast(), x.q[quarter * 4].as_ptr().add(from).cast());
                    sixteen_columns(&mut dots, levels, q);
                }
                let scales = _mm512_loadu_ps(panel.scales[i][half].as_ptr());
                for (t, acc) in acc.iter_mut().enumerate() {
                    let t = _mm512_mul_ps(_mm512_set1_ps(x.d[from + t]), _mm512_cvtepi32_ps(dots[t]));
                    *acc = _mm512_fmadd_ps(scales, t, *acc);
                }
            }
            if F::OFFSET {
                let offsets = _mm512_loadu_ps(panel.offsets[i].as_ptr());
                for (t, acc) in acc.iter_mut().enumerate() {
                    *acc = _mm512_fmadd_ps(offsets, _mm512_set1_ps(x.s[from + t]), *acc);
                }
            }
        }
        for (t, &acc) in acc.iter().enumerate() {
            *sums.add(t) = acc;
        }
    }
    T
}

/// Adds the products of sixteen columns of a panel with `T` tokens: `levels` and `q` are four times 64 bytes, of four columns each.
///
/// # Safety
/// AVX-512 is there; these bytes can be read, those of `levels` being aligned.
#[inline]
#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
unsafe fn sixteen_columns<const T: usize>(dots: &mut [__m512i; T], levels: *const u8, q: *const i8) {
    if let Some(dots) = dots.first_chunk_mut::<16>() {
        let _w: __m512i;
        // Left to the compiler, some of the sixteen sums go through memory, and there is a loop whose end is mispredicted.
        // SAFETY: reads what the caller promises, and writes registers only.
        unsafe {
            asm!(
                ".irp four, 0, 64, 128, 192",
                "vmovdqa64 {w}, zmmword ptr [{levels} + \\four]",
                "vpdpbusd {d0}, {w}, dword ptr [{q} + \\four + 0]{{1to16}}",
                "vpdpbusd {d1}, {w}, dword ptr [{q} + \\four + 4]{{1to16}}",
                "vpdpbusd {d2}, {w}, dword ptr [{q} + \\four + 8]{{1to16}}",
                "vpdpbusd {d3}, {w}, dword ptr [{q} + \\four + 12]{{1to16}}",
                "vpdpbusd {d4}, {w}, dword ptr [{q} + \\four + 16]{{1to16}}",
                "vpdpbusd {d5}, {w}, dword ptr [{q} + \\four + 20]{{1to16}}",
                "vpdpbusd {d6}, {w}, dword ptr [{q} + \\four + 24]{{1to16}}",
                "vpdpbusd {d7}, {w}, dword ptr [{q} + \\four + 28]{{1to16}}",
                "vpdpbusd {d8}, {w}, dword ptr [{q} + \\four + 32]{{1to16}}",
                "vpdpbusd {d9}, {w}, dword ptr [{q} + \\four + 36]{{1to16}}",
                "vpdpbusd {d10}, {w}, dword ptr [{q} + \\four + 40]{{1to16}}",
                "vpdpbusd {d11}, {w}, dword ptr [{q} + \\four + 44]{{1to16}}",
                "vpdpbusd {d12}, {w}, dword ptr [{q} + \\four + 48]{{1to16}}",
                "vpdpbusd {d13}, {w}, dword ptr [{q} + \\four + 52]{{1to16}}",
                "vpdpbusd {d14}, {w}, dword ptr [{q} + \\four + 56]{{1to16}}",
                "vpdpbusd {d15}, {w}, dword ptr [{q} + \\four + 60]{{1to16}}",
                ".endr",
                w = out(zmm_reg) _w,
                levels = in(reg) levels,
                q = in(reg) q,
                d0 = inout(zmm_reg) dots[0],
                d1 = inout(zmm_reg) dots[1],
                d2 = inout(zmm_reg) dots[2],
                d3 = inout(zmm_reg) dots[3],
                d4 = inout(zmm_reg) dots[4],
                d5 = inout(zmm_reg) dots[5],
                d6 = inout(zmm_reg) dots[6],
                d7 = inout(zmm_reg) dots[7],
                d8 = inout(zmm_reg) dots[8],
                d9 = inout(zmm_reg) dots[9],
                d10 = inout(zmm_reg) dots[10],
                d11 = inout(zmm_reg) dots[11],
                d12 = inout(zmm_reg) dots[12],
                d13 = inout(zmm_reg) dots[13],
                d14 = inout(zmm_reg) dots[14],
                d15 = inout(zmm_reg) dots[15],
                options(pure, readonly, nostack, preserves_flags),
            );
        }
        return;
    }
    for four in 0..4 {
        // SAFETY: the caller's promise.
        let w = unsafe { _mm512_load_si512(levels.add(four * 64).cast()) };
        for (t, dot) in dots.iter_mut().enumerate() {
            // SAFETY: the caller's promise; `T` is at most 16.
            let x = unsafe { q.add(four * 64 + t * 4).cast::<i32>().read() };
            *dot = _mm512_dpbusd_epi32(*dot, w, _mm512_set1_epi32(x));
        }
    }
}
