use qwark_kernels::{Job, Kernels, MAX_HEAD_DIM, Matrix, Pool};

use super::{Buffers, Engine, Row};
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
/// `None` where an interrupt ended it: a region may then have left out units anywhere, so nothing is used of it.
pub(super) fn forward<'e>(engine: &'e mut Engine<'_>, rows: &[Row]) -> Option<&'e mut [f32]> {
    let Engine { model, options, shape, pool, cache, buffers: b } = engine;
    let (kernels, c, n) = (options.kernels, &model.config, rows.len());

    embed(kernels, model, b, rows);
    for (i, layer) in model.layers.iter().enumerate() {
        if pool.interrupt().is_raised() {
            return None;
        }
        norm_into_acts(kernels, pool, c, b, &layer.attn_norm, n);
        qkv(kernels, pool, c, b, layer, n);
        cache.store(kernels, i, &b.at, &b.k[..n * c.kv_width()], &b.v[..n * c.kv_width()]);
        let attn = &mut b.attn[..n * c.q_width()];
        kernels.attention(pool, *shape, cache, i, &b.at, &b.q[..n * c.q_width()], attn);
        b.acts.load(kernels, pool, attn, c.q_width());
        add_product(kernels, pool, c, b, layer.attn_out, n);

        norm_into_acts(kernels, pool, c, b, &layer.ffn_norm, n);
        let (gate, up) = (&mut b.gate[..n * c.ffn], &mut b.up[..n * c.ffn]);
        kernels.matmul(pool, &b.acts, &mut [Job { w: layer.gate, out: gate }, Job { w: layer.up, out: up }]);
        b.acts.load_with(kernels, pool, n, c.ffn, &|t, y| {
            y.copy_from_slice(&gate[t * c.ffn..][..c.ffn]);
            kernels.silu_mul(y, &up[t * c.ffn..][..c.ffn]);
        });
        add_product(kernels, pool, c, b, layer.down, n);
    }

    // Only the rows whose logits are wanted pass through the head.
    b.outputs.clear();
    b.outputs.extend((0..n).filter(|&t| rows[t].logits));
    let logits = &mut b.logits[..b.outputs.len() * c.vocab];
    if !b.outputs.is_empty() {
        let (x, outputs) = (&b.x, &b.outputs);
        b.acts.load_with(kernels, pool, outputs.len(), c.hidden, &|i, y| {
            kernels.rms_norm(&x[outputs[i] * c.hidden..][..c.hidden], &model.output_norm, c.norm_eps, y);
        });
        kernels.matmul(pool, &b.acts, &mut [Job { w: model.head(), out: logits }]);
    }
    (!pool.interrupt().is_raised()).then_some(logits)
}

/// x = the tokens' rows of the embedding; sine and cosine of their positions.
fn embed(kernels: Kernels, model: &Model<'_>, b: &mut Buffers, rows: &[Row]) {
    let (hidden, half) = (model.config.hidden, model.config.head_dim / 2);
    b.at.clear();
    for (t, row) in rows.iter().enumerate() {
        kernels.dequantize_row(model.embedding, row.token as usize, &mut b.x[t * hidden..][..hidden]);
        model.rope.at(row.at.pos, &mut b.cos[t * half..][..half], &mut b.sin[t * half..][..half]);
        b.at.push(row.at);
    }
}

/// rms_norm(x), made the operand of the next products.
fn norm_into_acts(kernels: Kernels, pool: &Pool, c: &Config, b: &mut Buffers, weight: &[f32], n: usize) {
    let x = &b.x;
    b.acts.load_with(kernels, pool, n, c.hidden, &|t, y| kernels.rms_norm(&x[t * c.hidden..][..c.hidden], weight, c.norm_eps, y));
}

/// x += w acts
fn add_product(kernels: Kernels, pool: &Pool, c: &Config, b: &mut Buffers, w: Matrix<'_>, n: usize) {
    let y = &mut b.y[..n * c.hidden];
    kernels.matmul(pool, &b.acts, &mut [Job { w, out: y }]);
    kernels.add(&mut b.x[..n * c.hidden], y);
}

/// q, k and v with bias, per-head norm and rotary embedding.
fn qkv(kernels: Kernels, pool: &Pool, c: &Config, b: &mut Buffers, layer: &Layer<'_>, n: usize) {
    let Buffers { q, k, v, cos, sin, acts, .. } = b;
    let (q, k, v) = (&mut q[..n * c.q_width()], &mut k[..n * c.kv_width()], &mut v[..n * c.kv_width()]);
    let mut jobs = [Job { w: layer.q.w, out: q }, Job { w: layer.k.w, out: k }, Job { w: layer.v.w, out: v }];
    kernels.matmul(pool, acts, &mut jobs);

    let half = c.head_dim / 2;
    let head = |t: usize, head: &mut [f32], norm: Option<&[f32]>| {
        if let Some(weight) = norm {
            let mut raw = [0.0; MAX_HEAD_DIM];
            raw[..c.head_dim].copy_from_slice(head);
            kernels.rms_norm(&raw[..c.head_dim], weight, c.norm_eps, head);
        }
        kernels.rope(head, &cos[t * half..][..half], &sin[t * half..][..half]);
    };
    for (out, proj, norm) in [(q, &layer.q, &layer.q_norm), (k, &layer.k, &layer.k_norm)] {
        pool.for_rows(out, proj.w.rows(), &|t, row| {
            add_bias(kernels, proj, row);
            row.chunks_exact_mut(c.head_dim).for_each(|h| head(t, h, norm.as_deref()));
        });
    }
    v.chunks_exact_mut(c.kv_width()).for_each(|row| add_bias(kernels, &layer.v, row));
}

fn add_bias(kernels: Kernels, proj: &Proj<'_>, row: &mut [f32]) {
    if let Some(bias) = &proj.bias {
        kernels.add(row, bias);
    }
}
