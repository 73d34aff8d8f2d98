//! The one table of kernels.
//!
//! A row is an operation (and, where it depends on one, a storage type); an entry is the function that runs it. The scalar reference
//! fills every row; each instruction set then overwrites the rows it has its own code for, in ascending order. Everything that
//! walks the kernels (the listing, the harness, the timings, `--isa`) walks this table.
//!
//! Entries are `unsafe fn` for two reasons, the same for all rows: the CPU must have the entry's instruction set, and the lengths
//! must be as its type states. [`Kernels`](crate::Kernels) is the only caller: it checks the lengths, and it owns a table only
//! after [`Isa::is_supported`] said yes.

use crate::{DType, Isa, KvDType, PackedDType, scalar, tile::MatmulArgs};

/// Positions of one block of the KV cache in [attention](crate::Kernels::attention): scores are laid out `[heads][KV_BLOCK]`.
pub const KV_BLOCK: usize = 64;

/// Running maximum and sum of an online softmax.
#[derive(Clone, Copy, Debug)]
pub struct SoftmaxState {
    /// Largest scaled score so far.
    pub max: f32,
    /// Sum of `exp(score - max)` so far.
    pub sum: f32,
}

/// `out[t * out_stride + r] = sum_c w[r, c] * x[t, c]` for the rows and tokens of the arguments.
pub(crate) type MatmulFn = unsafe fn(args: &MatmulArgs<'_>);
/// One row of weights to f32: `row.len()` is the row's bytes, `out.len()` its columns.
pub(crate) type DequantizeFn = unsafe fn(row: &[u8], out: &mut [f32]);
/// One row of activations to int8 blocks of 32: `q` is `x` padded with zeros to whole blocks, `d` and `s` have one value for each
/// block: `d = max|x| / 127`, `q = round_ties_even(x * (127 / max|x|))`, `s = d * sum(q)`; all zero where `127 / max|x|` overflows.
pub(crate) type QuantizeFn = unsafe fn(x: &[f32], q: &mut [i8], d: &mut [f32], s: &mut [f32]);
/// `out = x / sqrt(mean(x^2) + eps) * weight`; equal lengths.
pub(crate) type RmsNormFn = unsafe fn(x: &[f32], weight: &[f32], eps: f32, out: &mut [f32]);
/// Rotates `(head[i], head[i + n])` by the angle of `cos[i]`, `sin[i]`; `n = cos.len() = sin.len()`, `head.len() = 2 n`.
pub(crate) type RopeFn = unsafe fn(head: &mut [f32], cos: &[f32], sin: &[f32]);
/// `gate = gate / (1 + exp(-gate)) * up`; equal lengths.
pub(crate) type SiluMulFn = unsafe fn(gate: &mut [f32], up: &[f32]);
/// `x += y`; equal lengths.
pub(crate) type AddFn = unsafe fn(x: &mut [f32], y: &[f32]);
/// One key or value of one head into its place in the cache: `dst.len() = KvDType::row_bytes(src.len())`.
pub(crate) type KvStoreFn = unsafe fn(src: &[f32], dst: &mut [u8]);
/// `scores[h * KV_BLOCK + i] = q[h] . keys[i]`: `keys` is 1 to [`KV_BLOCK`] cache rows, `q` is `[heads][head_dim]`, `head_dim` is
/// a multiple of 8 and at most `MAX_HEAD_DIM`, `scores` is `[heads][KV_BLOCK]`; scores past the last key may be
/// overwritten. `group`, of which `heads` is a multiple, is how many heads always come together: the order of additions may depend on it.
pub(crate) type KvDotFn = unsafe fn(keys: &[u8], q: &[f32], head_dim: usize, group: usize, scores: &mut [f32]);
/// `out[h] = out[h] * correction[h] + sum_i weights[h * KV_BLOCK + i] * values[i]`: shapes as in [`KvDotFn`], `out` as `q`.
pub(crate) type KvAxpyFn = unsafe fn(values: &[u8], weights: &[f32], correction: &[f32], head_dim: usize, out: &mut [f32]);
/// Scores to weights: `scores = exp(scores * scale - max)` with the running maximum and sum brought up to date. Returns
/// `exp(old max - new max)`, by which everything accumulated before is to be multiplied. 1 to [`KV_BLOCK`] finite scores.
pub(crate) type SoftmaxFn = unsafe fn(scores: &mut [f32], scale: f32, state: &mut SoftmaxState) -> f32;

/// An entry: the function, and the instruction set it is written for.
#[derive(Clone, Copy)]
pub(crate) struct Slot<F> {
    /// Instruction set of the code.
    pub isa: Isa,
    /// The code.
    pub run: F,
}

/// One line of the listing of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Operation, such as `matmul`.
    pub op: &'static str,
    /// Storage type, such as `Q4_0`; empty where the operation has none.
    pub dtype: &'static str,
    /// Instruction set whose code runs it.
    pub isa: Isa,
}

/// Declares the rows: the struct, and the listing that goes through it.
macro_rules! table {
    ($( $op:ident $([$key:ident])? : $entry:ty; )*) => {
        /// One function for every operation and storage type.
        #[derive(Clone, Copy)]
        pub(crate) struct Table {
            /// Highest instruction set that its entries may use.
            pub isa: Isa,
            $( pub $op: table!(@slots $entry $(, $key)?), )*
        }

        impl Table {
            /// Every row, in the order of declaration.
            pub(crate) fn entries(&self) -> impl Iterator<Item = Entry> + '_ {
                std::iter::empty()$( .chain(table!(@list self, $op $(, $key)?)) )*
            }
        }
    };
    (@slots $entry:ty) => { Slot<$entry> };
    (@slots $entry:ty, $key:ident) => { [Slot<$entry>; $key::ALL.len()] };
    (@list $self:ident, $op:ident) => {
        std::iter::once(Entry { op: stringify!($op), dtype: "", isa: $self.$op.isa })
    };
    (@list $self:ident, $op:ident, $key:ident) => {
        $key::ALL.into_iter().map(|k| Entry { op: stringify!($op), dtype: k.name(), isa: $self.$op[k as usize].isa })
    };
}

table! {
    matmul[DType]: MatmulFn;
    matmul_packed[PackedDType]: MatmulFn;
    dequantize[DType]: DequantizeFn;
    quantize_q8: QuantizeFn;
    rms_norm: RmsNormFn;
    rope: RopeFn;
    silu_mul: SiluMulFn;
    add: AddFn;
    kv_store[KvDType]: KvStoreFn;
    kv_dot[KvDType]: KvDotFn;
    kv_axpy[KvDType]: KvAxpyFn;
    softmax: SoftmaxFn;
}

/// Overwrites rows of a table: `rows!(table, isa; matmul[DType::Q4_0] = f; add = g;)`.
macro_rules! rows {
    ($table:ident, $isa:expr; $( $op:ident $([$key:expr])? = $entry:expr; )*) => {{
        $table.isa = $isa;
        $( $table.$op $([$key as usize])? = $crate::table::Slot { isa: $isa, run: $entry }; )*
        $table
    }};
}
pub(crate) use rows;

static SCALAR: Table = scalar::table();
#[cfg(target_arch = "x86_64")]
static AVX2: Table = crate::avx2::overlay(scalar::table());
#[cfg(target_arch = "x86_64")]
static AVX512: Table = crate::avx512::overlay(crate::avx2::overlay(scalar::table()));
#[cfg(target_arch = "aarch64")]
static NEON: Table = crate::neon::overlay(scalar::table());
#[cfg(target_arch = "aarch64")]
static DOTPROD: Table = crate::dotprod::overlay(crate::neon::overlay(scalar::table()));
#[cfg(target_arch = "aarch64")]
static I8MM: Table = crate::i8mm::overlay(crate::dotprod::overlay(crate::neon::overlay(scalar::table())));

/// The table of an instruction set, if this CPU has it.
pub(crate) fn table(isa: Isa) -> Option<&'static Table> {
    if !isa.is_supported() {
        return None;
    }
    match isa {
        Isa::Scalar => Some(&SCALAR),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => Some(&AVX2),
        #[cfg(target_arch = "x86_64")]
        Isa::Avx512 => Some(&AVX512),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => Some(&NEON),
        #[cfg(target_arch = "aarch64")]
        Isa::Dotprod => Some(&DOTPROD),
        #[cfg(target_arch = "aarch64")]
        Isa::I8mm => Some(&I8MM),
        _ => None,
    }
}

/// The table of the reference.
pub(crate) fn scalar() -> &'static Table {
    &SCALAR
}
