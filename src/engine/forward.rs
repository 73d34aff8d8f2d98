use std::time::Instant;

use qwark_kernels::{AttentionShape, Job, Kernels, KvCache, MAX_HEAD_DIM, Operand, Pool};

use super::{Buffers, Engine, Head, Row};
use crate::model::{Config, Layer, Model, Proj};

/// The decoder's equations for one batch:
///
/// ```text
/// x = embedding[token]
/// per layer:
///     y = rms_norm(x);  q, k, v = Wq y + bq, Wk y + bk, Wv y + bv
///     q, k = rope(norm(q)), rope(norm(k))                 norms: Qwen3 only
///     x += Wo attention(q, K, V)
///     y = rms_norm(x);  x += Wdown (silu(Wgate y) * Wup y)
/// logits = Whead rms_norm(x)
/// ```
///
/// What is to be added to `x` waits in `y` until the next norm. Rows whose logits are not wanted leave the batch as soon as their
/// keys and values of the last layer are stored, since nothing reads more of them.
///
/// `None` where an interrupt ended it: a region may then have left out units anywhere, so nothing is used of it.
pub(super) fn forward<'e>(engine: &'e mut Engine<'_>, rows: &[Row], heads: &[Head<'_>]) -> Option<&'e mut [f32]> {
    let Engine { model, options, shape, pool, cache, buffers: b, head_time, .. } = engine;
    let pass = Pass { kernels: options.kernels, pool, c: &model.config, shape: *shape };

    pass.embed(model, rows, b);
    let mut n = rows.len();
    for (i, layer) in model.layers.iter().enumerate() {
        if pool.interrupt().is_raised() {
            return None;
        }
        let last = i + 1 == model.layers.len();
        n = pass.project(layer, i, last, cache, b, n);
        if n > 0 {
            pass.attend(layer, i, cache, b, n);
            pass.feed_forward(layer, b, n);
        }
    }
    let start = Instant::now();
    let count = pass.head(model, heads, b, n);
    *head_time += start.elapsed();
    (!pool.interrupt().is_raised()).then_some(&mut b.logits[..count])
}

/// What all steps of a batch have in common. `n` is the number of rows that are still in it.
struct Pass<'a> {
    kernels: Kernels,
    pool: &'a Pool,
    c: &'a Config,
    shape: AttentionShape,
}

impl Pass<'_> {
    /// y = the tokens' rows of the embedding, which an empty stream begins with; sine and cosine of their positions.
    fn embed(&self, model: &Model<'_>, rows: &[Row], b: &mut Buffers) {
        let (hidden, half) = (self.c.hidden, self.c.head_dim / 2);
        b.at.clear();
        b.x[..rows.len() * hidden].fill(0.0);
        for (t, row) in rows.iter().enumerate() {
            self.kernels.dequantize_row(model.embedding, row.token as usize, &mut b.y[t * hidden..][..hidden]);
            model.rope.at(row.at.pos, &mut b.cos[t * half..][..half], &mut b.sin[t * half..][..half]);
            b.at.push(row.at);
        }
        b.outputs.clear();
        b.outputs.extend((0..rows.len()).filter(|&t| rows[t].logits));
    }

    /// Queries into `b.q`, keys and values into the cache. Returns the number of rows that go on from here.
    fn project(&self, layer: &Layer<'_>, index: usize, last: bool, cache: &mut KvCache, b: &mut Buffers, mut n: usize) -> usize {
        let &Pass { kernels, pool, c, .. } = self;
        let (x, y) = (&mut b.x[..n * c.hidden], &mut b.y[..n * c.hidden]);
        let y = b.acts.load_norm(kernels, pool, x, y, &layer.attn_norm, c.norm_eps);
        let (k, v) = (&mut b.k[..n * c.kv_width()], &mut b.v[..n * c.kv_width()]);
        let (kv, q) =
            ([Job { w: layer.k.w, out: k }, Job { w: layer.v.w, out: v }], Job { w: layer.q.w, out: &mut b.q[..n * c.q_width()] });
        let leave = last && b.outputs.len() < n;
        if leave {
            kernels.matmul(pool, y, &mut { kv });
        } else {
            let [k, v] = kv;
            kernels.matmul(pool, y, &mut [q, k, v]);
        }
        self.finish(&layer.k, layer.k_norm.as_deref(), &b.cos, &b.sin, &mut b.k[..n * c.kv_width()]);
        b.v[..n * c.kv_width()].chunks_exact_mut(c.kv_width()).for_each(|row| self.add_bias(&layer.v, row));
        cache.store(kernels, index, &b.at, &b.k[..n * c.kv_width()], &b.v[..n * c.kv_width()]);
        if leave {
            n = self.keep_outputs(b);
            let y = b.acts.load(kernels, pool, &b.y[..n * c.hidden], c.hidden);
            kernels.matmul(pool, y, &mut [Job { w: layer.q.w, out: &mut b.q[..n * c.q_width()] }]);
        }
        self.finish(&layer.q, layer.q_norm.as_deref(), &b.cos, &b.sin, &mut b.q[..n * c.q_width()]);
        n
    }

    /// Leaves in the batch only the rows whose logits are wanted, and returns their number.
    fn keep_outputs(&self, b: &mut Buffers) -> usize {
        let (hidden, half) = (self.c.hidden, self.c.head_dim / 2);
        for (to, &from) in b.outputs.iter().enumerate() {
            for (rows, width) in [(&mut b.x, hidden), (&mut b.y, hidden), (&mut b.cos, half), (&mut b.sin, half)] {
                rows.copy_within(from * width..(from + 1) * width, to * width);
            }
            b.at[to] = b.at[from];
        }
        b.at.truncate(b.outputs.len());
        b.outputs.len()
    }

    /// Bias, norm of each head, and rotary embedding of one projection, `[rows, proj.w.rows()]`.
    fn finish(&self, proj: &Proj<'_>, norm: Option<&[f32]>, cos: &[f32], sin: &[f32], out: &mut [f32]) {
        let &Pass { kernels, c, .. } = self;
        let half = c.head_dim / 2;
        self.pool.for_rows(out, proj.w.rows(), &|t, row| {
            self.add_bias(proj, row);
            for head in row.chunks_exact_mut(c.head_dim) {
                if let Some(weight) = norm {
                    let mut raw = [0.0; MAX_HEAD_DIM];
                    raw[..c.head_dim].copy_from_slice(head);
                    kernels.rms_norm(&raw[..c.head_dim], weight, c.norm_eps, head);
                }
                kernels.rope(head, &cos[t * half..][..half], &sin[t * half..][..half]);
            }
        });
    }

    fn add_bias(&self, proj: &Proj<'_>, row: &mut [f32]) {
        if let Some(bias) = &proj.bias {
            self.kernels.add(row, bias);
        }
    }

    /// y = Wo attention(q, K, V)
    fn attend(&self, layer: &Layer<'_>, index: usize, cache: &KvCache, b: &mut Buffers, n: usize) {
        let &Pass { kernels, pool, c, shape } = self;
        let attn = &mut b.attn[..n * c.q_width()];
        kernels.attention(pool, shape, cache, index, &b.at, &b.q[..n * c.q_width()], attn);
        let attn = b.acts.load(kernels, pool, attn, c.q_width());
        kernels.matmul(pool, attn, &mut [Job { w: layer.attn_out, out: &mut b.y[..n * c.hidden] }]);
    }

    /// x += y;  y = Wdown (silu(Wgate norm(x)) * Wup norm(x))
    fn feed_forward(&self, layer: &Layer<'_>, b: &mut Buffers, n: usize) {
        let &Pass { kernels, pool, c, .. } = self;
        let (x, y) = (&mut b.x[..n * c.hidden], &mut b.y[..n * c.hidden]);
        let (gate, up) = (&mut b.gate[..n * c.ffn], &mut b.up[..n * c.ffn]);
        let y = b.acts.load_norm(kernels, pool, x, y, &layer.ffn_norm, c.norm_eps);
        kernels.matmul(pool, y, &mut [Job { w: layer.gate, out: gate }, Job { w: layer.up, out: up }]);
        let gated = b.acts.load_gated(kernels, pool, gate, up, c.ffn);
        kernels.matmul(pool, gated, &mut [Job { w: layer.down, out: &mut b.y[..n * c.hidden] }]);
    }

    /// logits = Whead rms_norm(x + y), one row's behind the other's. Returns how many there are.
    fn head(&self, model: &Model<'_>, heads: &[Head<'_>], b: &mut Buffers, n: usize) -> usize {
        let &Pass { kernels, pool, c, .. } = self;
        if n == 0 {
            return 0;
        }
        let (x, y) = (&mut b.x[..n * c.hidden], &mut b.y[..n * c.hidden]);
        let y = b.acts.load_norm(kernels, pool, x, y, &model.output_norm, c.norm_eps);
        let all = |y: Operand<'_>, logits: &mut [f32]| kernels.matmul(pool, y, &mut [Job { w: model.head(), out: logits }]);
        if heads.iter().all(|head| head.room(c.vocab) == c.vocab) {
            let logits = &mut b.logits[..n * c.vocab];
            all(y, logits);
            return if heads.is_empty() { logits.len() } else { keep_wanted(heads, logits, c.vocab) };
        }
        let mut end = 0;
        for (t, head) in heads.iter().enumerate() {
            let logits = &mut b.logits[end..end + head.room(c.vocab)];
            end += match head {
                Head::Among(tokens) if tokens.len() == logits.len() => {
                    kernels.matmul_rows(pool, y.row(t), model.head(), tokens, logits);
                    logits.len()
                }
                _ => {
                    all(y.row(t), logits);
                    keep_wanted(&[*head], logits, c.vocab)
                }
            };
        }
        end
    }
}

/// Moves what `heads` want of `logits`, `[heads, vocab]`, to the beginning. Returns how many that are.
fn keep_wanted(heads: &[Head<'_>], logits: &mut [f32], vocab: usize) -> usize {
    let mut end = 0;
    for (t, head) in heads.iter().enumerate() {
        match head {
            Head::All => logits.copy_within(t * vocab..(t + 1) * vocab, end),
            Head::Among(tokens) => {
                // Ascending, and never ahead of what is read, so nothing is overwritten before.
                for (i, &token) in tokens.iter().enumerate() {
                    logits[end + i] = logits[t * vocab + token as usize];
                }
            }
        }
        end += head.count(vocab);
    }
    end
}
