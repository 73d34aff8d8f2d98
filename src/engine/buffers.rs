use qwark_kernels::{Activations, Position};

use super::{HEADS, MAX_BATCH};
use crate::model::Config;

/// Scratch of one forward pass, for up to [`MAX_BATCH`] rows. Shapes are `[rows, width]`, row-major.
pub(super) struct Buffers {
    /// Places of the batch's rows.
    pub at: Vec<Position>,
    /// The rows whose logits are wanted.
    pub outputs: Vec<usize>,
    /// The residual stream, `[rows, hidden]`.
    pub x: Vec<f32>,
    /// What a block adds to the stream, `[rows, hidden]`.
    pub y: Vec<f32>,
    /// Queries, `[rows, heads * head_dim]`.
    pub q: Vec<f32>,
    /// Keys, `[rows, kv_heads * head_dim]`.
    pub k: Vec<f32>,
    /// Values, `[rows, kv_heads * head_dim]`.
    pub v: Vec<f32>,
    /// Attention's result, `[rows, heads * head_dim]`.
    pub attn: Vec<f32>,
    /// `[rows, ffn]`
    pub gate: Vec<f32>,
    /// `[rows, ffn]`
    pub up: Vec<f32>,
    /// Rotary cosines, `[rows, head_dim / 2]`.
    pub cos: Vec<f32>,
    /// Rotary sines, `[rows, head_dim / 2]`.
    pub sin: Vec<f32>,
    /// `[outputs, vocab]`, and as many for guesses.
    pub logits: Vec<f32>,
    /// The operand of the matrix products, quantised once per matrix group.
    pub acts: Activations,
}

impl Buffers {
    pub fn new(c: &Config, outputs: usize) -> Buffers {
        let rows = |width: usize| vec![0.0; MAX_BATCH * width];
        Buffers {
            at: Vec::with_capacity(MAX_BATCH),
            outputs: Vec::with_capacity(MAX_BATCH),
            x: rows(c.hidden),
            y: rows(c.hidden),
            q: rows(c.q_width()),
            k: rows(c.kv_width()),
            v: rows(c.kv_width()),
            attn: rows(c.q_width()),
            gate: rows(c.ffn),
            up: rows(c.ffn),
            cos: rows(c.head_dim / 2),
            sin: rows(c.head_dim / 2),
            logits: vec![0.0; HEADS * outputs * c.vocab],
            acts: Activations::with_capacity(MAX_BATCH, widest(c)),
        }
    }

    /// Bytes that [`Buffers::new`] allocates.
    pub fn bytes(c: &Config, outputs: usize) -> u64 {
        let row = 2 * c.hidden + 2 * c.q_width() + 2 * c.kv_width() + 2 * c.ffn + c.head_dim;
        (4 * (MAX_BATCH * row + HEADS * outputs * c.vocab) + Activations::bytes_for(MAX_BATCH, widest(c))) as u64
    }
}

/// The widest operand of a matrix product.
fn widest(c: &Config) -> usize {
    c.hidden.max(c.q_width()).max(c.ffn)
}
