use anyhow::{Context, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::args::{BenchArgs, Common};
use super::output::{self, bytes};
use crate::bench::{self, Memory, ReadProbe, Report};
use crate::runtime::{OpenOptions, Opened};

/// Tokens decoded where `-n` does not say.
const DEFAULT_DECODE: usize = 64;

#[derive(Serialize)]
struct Output {
    #[serde(flatten)]
    report: Report,
    load_ms: f64,
    #[serde(flatten)]
    memory: Memory,
    file_bytes: u64,
}

pub(super) fn run(common: &Common, args: &BenchArgs) -> Result<()> {
    let file = common.map_to_run()?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let answer = common.max_tokens.unwrap_or(DEFAULT_DECODE);
    let needed = args.prompt.saturating_add(answer);
    let context = common.context.unwrap_or(needed);
    ensure!(needed <= context, "-p {} and -n {answer} do not fit the context of {context}", args.prompt);
    let mut engine = opened.engine(&OpenOptions { context: Some(context), ..common.open_options() }, 1)?;
    let load_ms = file.opened_since.elapsed().as_secs_f64() * 1e3;

    // One round before the bandwidth probe takes memory of its own, which is no part of what a model needs.
    let tokens: Vec<u32> = bench::tokens(opened.model.config.vocab).take(needed).collect();
    bench::prefill(&mut engine, &tokens[..args.prompt])?;
    bench::decode(&mut engine, args.prompt, &tokens[args.prompt..])?;
    let memory = Memory::now();

    let bar =
        ProgressBar::new(args.runs as u64).with_style(ProgressStyle::with_template("{msg} {bar:30} {pos}/{len}")?).with_message("timing");
    let probe = ReadProbe::new(engine.options().threads).context("memory for the read bandwidth")?;
    let report = bench::run(&mut engine, &probe, args.prompt, answer, args.runs, |done| bar.set_position(done as u64))?;
    bar.finish_and_clear();
    let output = Output { report, load_ms, memory, file_bytes: file.mapping().len_bytes() };
    if common.json {
        return output::json(&output);
    }
    let Output { report: r, memory: m, .. } = &output;
    output::stream(&format!(
        "prefill   {:8.1} tokens/s  ({} tokens, {})\n\
         decode    {:8.1} tokens/s  ({} tokens, {}, {} of weights and {} of keys and values each)\n\
         bandwidth {:8.1} GB/s read by {}, {:.0} % of it reached while decoding\n\
         load      {:8.1} ms\n\
         memory    {:>8} resident, {} of it anonymous (file: {})\n\
         medians of {} runs, {} kernels\n",
        r.prefill_tok_s,
        r.prompt_tokens,
        threads(r.prefill_threads),
        r.decode_tok_s,
        r.decode_tokens,
        threads(r.decode_threads),
        bytes(r.bytes_per_token),
        bytes(r.kv_bytes_per_token),
        r.read_gb_s,
        threads(r.threads),
        r.decode_share * 100.0,
        output.load_ms,
        bytes(m.rss_bytes),
        bytes(m.anon_bytes),
        bytes(output.file_bytes),
        r.runs,
        r.isa,
    ))
}

fn threads(count: usize) -> String {
    if count == 1 { "1 thread".to_owned() } else { format!("{count} threads") }
}
