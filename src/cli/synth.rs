use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::args::{Common, SynthArgs};
use super::interrupt::{Interrupt, KILLED};
use super::output;
use crate::part_file::part_path;
use crate::synth::{self, SHAPES, Shape, SynthOptions};

pub(super) fn run(common: &Common, args: &SynthArgs) -> Result<()> {
    let known = || SHAPES.iter().map(|s| s.name).collect::<Vec<_>>().join(", ");
    let shape = *Shape::named(&args.shape).with_context(|| format!("shape `{}` is not known; known: {}", args.shape, known()))?;
    let options = SynthOptions {
        embd: args.embd,
        layers: args.layers,
        seed: common.seed,
        vocab: args.vocab.clone(),
        ..SynthOptions::new(shape, args.quant)
    };
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}")?;
    let bar = ProgressBar::new(0).with_style(style).with_message(format!("{}", args.out.display()));
    let part = part_path(&args.out);
    Interrupt::install(move || {
        // If it was not begun, there is none.
        let _ = std::fs::remove_file(&part);
        std::process::exit(KILLED);
    })?;
    let summary = synth::write(&options, &args.out, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })?;
    bar.finish_and_clear();
    if common.json {
        return output::json(&json!({
            "file": args.out, "bytes": summary.bytes, "tensors": summary.tensors, "parameters": summary.weights,
        }));
    }
    output::stream(&format!(
        "{}: {}, {} tensors, {:.2} billion random weights\n",
        args.out.display(),
        output::bytes(summary.bytes),
        summary.tensors,
        summary.weights as f64 / 1e9,
    ))
}
