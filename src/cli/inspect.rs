use anyhow::{Context, Result};
use qwark_kernels::Kernels;
use serde_json::json;

use super::args::{Common, InspectArgs};
use super::output::{self, bytes};
use crate::engine::MemoryPlan;
use crate::model::dtype_totals;
use crate::runtime::{OpenOptions, Opened};

pub(super) fn run(common: &Common, args: &InspectArgs) -> Result<()> {
    let mapping = common.map()?;
    let opened = Opened::new(&mapping).with_context(|| common.model_name())?;
    let kernels = common.isa.map_or_else(|| Ok(Kernels::detect()), Kernels::for_isa)?;
    let options = OpenOptions { parallel: args.parallel, ..common.open_options() };
    let context = opened.context(&options);
    let plan = MemoryPlan::new(&opened.model, common.kv, context, options.sequences(), options.parallel)?;
    let c = &opened.model.config;
    let parameters: u64 = opened.gguf.tensors().iter().map(|t| (t.rows() * t.cols()) as u64).sum();
    let types = dtype_totals(&opened.gguf);

    if common.json {
        let tensors =
            opened.gguf.tensors().iter().map(|t| json!({ "name": t.name(), "type": t.dtype().name(), "rows": t.rows(), "cols": t.cols() }));
        let kernel_list = kernels.entries().map(|e| json!({ "op": e.op, "type": e.dtype, "isa": e.isa.to_string() }));
        return output::json(&json!({
            "name": c.name,
            "architecture": c.arch.name(),
            "parameters": parameters,
            "file_bytes": mapping.len_bytes(),
            "packed": opened.gguf.is_packed(),
            "vocab": c.vocab, "hidden": c.hidden, "layers": c.layers, "heads": c.heads, "kv_heads": c.kv_heads,
            "head_dim": c.head_dim, "ffn": c.ffn, "context_length": c.context_length,
            "rope_theta": c.rope_theta, "rope_scaling": format!("{:?}", c.rope_scaling), "tied_head": opened.model.own_head.is_none(),
            "types": types.iter().map(|(dtype, count, bytes)| json!({ "type": dtype.name(), "tensors": count, "bytes": bytes })).collect::<Vec<_>>(),
            "context": context,
            "parallel": args.parallel,
            "memory": plan,
            "isa": kernels.isa().to_string(),
            "tensors": args.tensors.then(|| tensors.collect::<Vec<_>>()),
            "kernels": args.kernels.then(|| kernel_list.collect::<Vec<_>>()),
        }));
    }

    let mut text = format!(
        "{} ({}), {:.2} billion parameters, {}file {}\n\
         {} layers of width {}, {} query heads and {} key/value heads of {}, feed-forward {}\n\
         vocabulary {}, {} head; made for {} tokens of context, rope base {} with scaling {:?}\n\n",
        c.name,
        c.arch.name(),
        parameters as f64 / 1e9,
        if opened.gguf.is_packed() { "packed " } else { "" },
        bytes(mapping.len_bytes()),
        c.layers,
        c.hidden,
        c.heads,
        c.kv_heads,
        c.head_dim,
        c.ffn,
        c.vocab,
        if opened.model.own_head.is_none() { "tied" } else { "own" },
        c.context_length,
        c.rope_theta,
        c.rope_scaling,
    );
    for (dtype, count, n) in types {
        text += &format!("{:8} {count:4} tensors {:>10}\n", dtype.name(), bytes(n));
    }
    text += &format!("\none token reads {} of weights", bytes(plan.bytes_per_token));
    text += &format!(
        "\nmemory for {} x {context} tokens of context: {} of weights (mapped, shared), {} of {} cache ({} a token), {} of buffers\n",
        args.parallel,
        bytes(plan.weights_bytes),
        bytes(plan.kv_bytes),
        common.kv,
        bytes(plan.kv_bytes_per_token),
        bytes(plan.scratch_bytes),
    );
    text += &format!("kernels: {}\n", kernels.isa());
    if args.kernels {
        for e in kernels.entries() {
            text += &format!("  {:14} {:8} {}\n", e.op, e.dtype, e.isa);
        }
    }
    if args.tensors {
        for t in opened.gguf.tensors() {
            text += &format!("  {:32} {:8} {:>7} x {}\n", t.name(), t.dtype().name(), t.cols(), t.rows());
        }
    }
    output::stream(&text)
}
