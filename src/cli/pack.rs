use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use super::args::{Common, PackArgs};
use super::interrupt::{Interrupt, KILLED};
use super::output;
use crate::gguf::{Gguf, Mapping};
use crate::pack;
use crate::part_file::part_path;

pub(super) fn run(common: &Common, args: &PackArgs) -> Result<()> {
    let name = args.plain.display().to_string();
    let mapping = Mapping::open(&args.plain)?;
    let parts = mapping.parts();
    let plain = Gguf::parse(&parts).with_context(|| name.clone())?;
    if args.check { check(common, args, &plain) } else { write(common, args, &mapping, &plain) }
}

fn write(common: &Common, args: &PackArgs, mapping: &Mapping, plain: &Gguf<'_>) -> Result<()> {
    ensure!(!output::is_part_of(mapping, &args.out), "{}: this is the model itself", args.out.display());
    let part = part_path(&args.out);
    Interrupt::install(move || {
        if part.exists() {
            output::note(&format!("\nqwark: stopped; the same command goes on with {}\n", part.display()));
        }
        std::process::exit(KILLED);
    })?;
    let bar = bar(&args.out.display().to_string())?;
    let summary = pack::pack(plain, &args.out, |done, total| {
        bar.set_length(total);
        bar.set_position(done);
    })
    .with_context(|| args.plain.display().to_string())?;
    bar.finish_and_clear();
    if common.json {
        return output::json(&json!({
            "file": args.out, "bytes": summary.bytes, "tensors": summary.tensors, "packed": summary.packed,
            "resumed_bytes": summary.resumed_bytes,
        }));
    }
    let resumed = match summary.resumed_bytes {
        0 => String::new(),
        bytes => format!("; {} of it were there already", output::bytes(bytes)),
    };
    output::stream(&format!(
        "{}: {}, {} of {} tensors packed{resumed}\n",
        args.out.display(),
        output::bytes(summary.bytes),
        summary.packed,
        summary.tensors
    ))
}

/// Compares two files that are there, and writes nothing.
fn check(common: &Common, args: &PackArgs, plain: &Gguf<'_>) -> Result<()> {
    let name = args.out.display().to_string();
    let mapping = Mapping::open(&args.out)?;
    let parts = mapping.parts();
    let packed = Gguf::parse(&parts).with_context(|| name.clone())?;
    let bar = bar(&name)?;
    bar.set_length(plain.tensors().iter().map(|tensor| tensor.data().len() as u64).sum());
    pack::check(plain, &packed, |done| bar.set_position(done)).with_context(|| name.clone())?;
    bar.finish_and_clear();
    if common.json {
        return output::json(&json!({ "file": args.out, "lossless": true }));
    }
    output::stream(&format!("{name} holds what {} does, bit for bit\n", args.plain.display()))
}

fn bar(name: &str) -> Result<ProgressBar> {
    let style = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes} {bytes_per_sec}")?;
    Ok(ProgressBar::new(0).with_style(style).with_message(name.to_owned()))
}
