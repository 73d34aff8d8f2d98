//! Matrix products, for every instruction set that has Advanced SIMD: they differ in how int8 is multiplied, which is [`Dot`].
//!
//! Blocks are taken four at a time. Their integer sums become the four lanes of one vector, so that one conversion and one
//! multiply-add serve four blocks, their scales are used as they come, and nothing is summed across lanes until a row ends.

use super::{
    formats::{FloatLanes, Quad, QuadFormat},
    vector::signed32,
};
use crate::{
    activations::BLOCK,
    scalar::formats::{BlockFormat, Q8_0},
    tile::{self, MatmulArgs, MatmulTile},
};
use std::{arch::aarch64::*, array, marker::PhantomData, slice};

/// Weights of a step of a float product.
const FLOAT_STEP: usize = 8;
/// Bytes of the largest block of 32 weights, that of Q8_0.
const MAX_BLOCK_BYTES: usize = Q8_0::BYTES;

/// Float weights times f32 activations.
///
/// # Safety
/// The arguments are as [`MatmulArgs`] states, with weights of this type.
pub(crate) unsafe fn floats<F: FloatLanes>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise; Advanced SIMD is part of the target.
    unsafe { tile::matmul::<Floats<F>, 4, 4, 2>(args) }
}

/// Quantised weights times int8 activations: within a block of 32 the sums are of integers, exact in any order.
///
/// # Safety
/// The arguments are as [`MatmulArgs`] states, with weights of this type; the CPU has the instructions of `D`.
pub(crate) unsafe fn blocks<F: QuadFormat, D: Dot>(args: &MatmulArgs<'_>) {
    // SAFETY: the caller's promise.
    unsafe { tile::matmul::<Blocks<F, D>, 4, 2, 4>(args) }
}

/// 32 signed bytes: a block of levels or of activations.
pub(crate) type Block = [int8x16_t; 2];

/// Products of int8 with int8. Activations are -127 to 127; a weight may be -128.
pub(crate) trait Dot {
    /// Adds to each of four lanes the sum of four products.
    ///
    /// # Safety
    /// The CPU has the instructions.
    unsafe fn dot16(sums: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t;

    /// The sums of four blocks of products, no weight being greater than 16 in magnitude: for instruction sets that gain by it.
    ///
    /// # Safety
    /// The CPU has the instructions.
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn dot_small(w: &[Block; 4], x: &[Block; 4]) -> int32x4_t {
        // SAFETY: the caller's promise.
        unsafe { dot_quad::<Self>(w, x) }
    }
}

/// The sums of four blocks of products.
///
/// # Safety
/// The CPU has the instructions of `D`.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) unsafe fn dot_quad<D: Dot + ?Sized>(w: &[Block; 4], x: &[Block; 4]) -> int32x4_t {
    add_lanes(array::from_fn(|j| {
        // SAFETY: the caller's promise.
        unsafe { D::dot16(D::dot16(vdupq_n_s32(0), w[j][0], x[j][0]), w[j][1], x[j][1]) }
    }))
}

/// The sum of the lanes of each vector, as lanes.
#[inline]
#[target_feature(enable = "neon")]
pub(crate) fn add_lanes(v: [int32x4_t; 4]) -> int32x4_t {
    vpaddq_s32(vpaddq_s32(v[0], v[1]), vpaddq_s32(v[2], v[3]))
}

/// The multiplications of plain Advanced SIMD, which widen to 16 bits.
pub(crate) struct Smull;

impl Dot for Smull {
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn dot16(sums: int32x4_t, w: int8x16_t, x: int8x16_t) -> int32x4_t {
        // Two products fit 16 bits: 2 * 128 * 127 < 2^15.
        let pairs = vmull_s8(vget_low_s8(w), vget_low_s8(x));
        vpadalq_s16(sums, vmlal_high_s8(pairs, w, x))
    }

    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn dot_small(w: &[Block; 4], x: &[Block; 4]) -> int32x4_t {
        // Sixteen products fit 16 bits, 16 * 16 * 127 < 2^15, so the blocks are brought together at that width.
        let fours = |j: usize| {
            let first = vmlal_high_s8(vmull_s8(vget_low_s8(w[j][0]), vget_low_s8(x[j][0])), w[j][0], x[j][0]);
            vmlal_high_s8(vmlal_s8(first, vget_low_s8(w[j][1]), vget_low_s8(x[j][1])), w[j][1], x[j][1])
        };
        let sixteens = vpaddq_s16(vpaddq_s16(fours(0), fours(1)), vpaddq_s16(fours(2), fours(3)));
        vpaddlq_s16(sixteens)
    }
}

struct Blocks<F, D>(PhantomData<(F, D)>);

impl<F: QuadFormat, D: Dot> MatmulTile for Blocks<F, D> {
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let mut sums = [[vdupq_n_f32(0.0); T]; R];
        let whole = args.x.blocks / 4;
        // SAFETY: the rows and the tokens are of this tile.
        let mut operands = unsafe { Operands::new(args, row, token) };
        let mut padded: Padded<R, T>;
        for quad in 0..args.x.blocks.div_ceil(4) {
            let mut index = quad;
            if F::LEN == 32 && quad == whole {
                // SAFETY: fewer than four blocks follow the whole quads.
                padded = unsafe { Padded::new::<F>(&operands, quad, args.x.blocks % 4) };
                operands = padded.operands();
                index = 0;
            }
            // SAFETY: the CPU has the instructions of `D`; this quad is in the operands.
            unsafe { step::<F, D, R, T>(&operands, index, &mut sums) }
        }
        for (r, sums) in sums.iter().enumerate() {
            for (t, &sum) in sums.iter().enumerate() {
                // SAFETY: the row and the token are of this tile.
                unsafe { args.store(row + r, token + t, vaddvq_f32(sum)) }
            }
        }
    }
}

/// Where the rows and the tokens of a tile begin: weights, and levels, scales and scaled sums of the activations.
struct Operands<const R: usize, const T: usize> {
    rows: [*const u8; R],
    q: [*const i8; T],
    d: [*const f32; T],
    s: [*const f32; T],
}

impl<const R: usize, const T: usize> Operands<R, T> {
    /// Those of a tile.
    ///
    /// # Safety
    /// The rows and tokens are inside `args`.
    #[inline]
    unsafe fn new(args: &MatmulArgs<'_>, row: usize, token: usize) -> Self {
        let row_bytes = args.row_bytes();
        let block = |t: usize| (token + t) * args.x.blocks;
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                rows: array::from_fn(|r| args.weights.as_ptr().add((row + r) * row_bytes)),
                q: array::from_fn(|t| args.x.q.as_ptr().add(block(t) * BLOCK)),
                d: array::from_fn(|t| args.x.d.as_ptr().add(block(t))),
                s: array::from_fn(|t| args.x.s.as_ptr().add(block(t))),
            }
        }
    }
}

/// The last blocks of rows that are no multiple of four, made four by blocks of zeros.
struct Padded<const R: usize, const T: usize> {
    rows: [[u8; 4 * MAX_BLOCK_BYTES]; R],
    q: [[i8; 4 * BLOCK]; T],
    d: [[f32; 4]; T],
    s: [[f32; 4]; T],
}

impl<const R: usize, const T: usize> Padded<R, T> {
    /// A copy of the `n` blocks from the `quad`-th four on.
    ///
    /// # Safety
    /// These blocks are in the operands; `F` has blocks of 32; `n <= 4`.
    #[inline]
    unsafe fn new<F: QuadFormat>(from: &Operands<R, T>, quad: usize, n: usize) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            Self {
                rows: from.rows.map(|p| copy_padded(p.add(4 * quad * F::BYTES), n * F::BYTES)),
                q: from.q.map(|p| copy_padded(p.add(4 * quad * BLOCK), n * BLOCK)),
                d: from.d.map(|p| copy_padded(p.add(4 * quad), n)),
                s: from.s.map(|p| copy_padded(p.add(4 * quad), n)),
            }
        }
    }

    /// Where they are.
    #[inline]
    fn operands(&self) -> Operands<R, T> {
        Operands {
            rows: self.rows.each_ref().map(|v| v.as_ptr()),
            q: self.q.each_ref().map(|v| v.as_ptr()),
            d: self.d.each_ref().map(|v| v.as_ptr()),
            s: self.s.each_ref().map(|v| v.as_ptr()),
        }
    }
}

/// `n` values, then zeros.
///
/// # Safety
/// `n` values are readable at `p`.
#[inline]
unsafe fn copy_padded<V: Copy + Default, const N: usize>(p: *const V, n: usize) -> [V; N] {
    let mut out = [V::default(); N];
    // SAFETY: the caller's promise.
    out[..n].copy_from_slice(unsafe { slice::from_raw_parts(p, n) });
    out
}

/// Adds the products of the `quad`-th four blocks to the lanes of `sums`.
///
/// # Safety
/// These blocks are in the operands; the CPU has the instructions of `D`.
#[inline]
#[target_feature(enable = "neon")]
unsafe fn step<F: QuadFormat, D: Dot, const R: usize, const T: usize>(
    operands: &Operands<R, T>,
    quad: usize,
    sums: &mut [[float32x4_t; T]; R],
) {
    for (row, sums) in operands.rows.iter().zip(sums) {
        // SAFETY: the caller promises these blocks of the row.
        let (at, levels, scales, offsets) = unsafe {
            let at = Quad::new::<F>(*row, quad);
            (at, array::from_fn(|j| F::levels(at, j)), F::scales(at), F::offsets(at))
        };
        for (t, sum) in sums.iter_mut().enumerate() {
            // SAFETY: the caller promises these blocks of the token, and the instructions.
            unsafe {
                let q = operands.q[t].add(4 * quad * BLOCK);
                let x = array::from_fn(|j| signed32(q.add(j * BLOCK)));
                let scale = vmulq_f32(scales, vld1q_f32(operands.d[t].add(4 * quad)));
                *sum = vfmaq_f32(*sum, vcvtq_f32_s32(F::dot::<D>(at, &levels, &x)), scale);
                if F::HAS_OFFSETS {
                    *sum = vfmaq_f32(*sum, offsets, vld1q_f32(operands.s[t].add(4 * quad)));
                }
            }
        }
    }
}

struct Floats<F>(PhantomData<F>);

impl<F: FloatLanes> MatmulTile for Floats<F> {
    #[inline]
    #[target_feature(enable = "neon")]
    unsafe fn tile<const R: usize, const T: usize>(args: &MatmulArgs<'_>, row: usize, token: usize) {
        let rows: [&[u8]; R] = array::from_fn(|r| &args.weights[(row + r) * args.row_bytes()..][..args.row_bytes()]);
        let tokens: [&[f32]; T] = array::from_fn(|t| &args.x.values[(token + t) * args.cols..][..args.cols]);
        let mut sums = [[[vdupq_n_f32(0.0); 2]; T]; R];
        let whole = args.cols - args.cols % FLOAT_STEP;
        for col in (0..whole).step_by(FLOAT_STEP) {
            // SAFETY: eight columns from `col` are in each row and each token.
            let x: [[float32x4_t; 2]; T] = array::from_fn(|t| unsafe {
                let p = tokens[t].as_ptr().add(col);
                [vld1q_f32(p), vld1q_f32(p.add(4))]
            });
            for (row, sums) in rows.iter().zip(&mut sums) {
                // SAFETY: as above.
                let w = unsafe { F::lanes(row.as_ptr().add(col * F::BYTES)) };
                for (x, sum) in x.iter().zip(sums) {
                    *sum = [vfmaq_f32(sum[0], w[0], x[0]), vfmaq_f32(sum[1], w[1], x[1])];
                }
            }
        }
        for r in 0..R {
            let rest = rows[r][whole * F::BYTES..].chunks_exact(F::BYTES);
            for t in 0..T {
                let sum = vaddvq_f32(vaddq_f32(sums[r][t][0], sums[r][t][1]));
                let sum = rest.clone().zip(&tokens[t][whole..]).fold(sum, |sum, (w, x)| F::to_f32(w).mul_add(*x, sum));
                // SAFETY: the row and the token are of this tile.
                unsafe { args.store(row + r, token + t, sum) }
            }
        }
    }
}
