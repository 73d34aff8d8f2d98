//! Both engines on one file, turn by turn.

use std::fs::File;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use qwark::bench::{ReadProbe, bytes_read, median};
use qwark::gguf::{Gguf, Mapping};
use qwark::model::Model;
use qwark_kernels::KvDType;
use serde::Serialize;

use crate::engine::Setup;
use crate::worker::{Kind, Memory, Times, Worker};

/// Pause between two turns, so that the threads of the engine that just ran have gone to sleep.
const SETTLE: Duration = Duration::from_millis(50);

/// Tokens whose logits are compared.
pub const LOGITS_TOKENS: usize = 32;

/// What one comparison does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Model, threads and context.
    pub setup: Setup,
    /// The file that Qwark runs: the model, or its packed form.
    pub qwark_model: PathBuf,
    /// Tokens of the prompt.
    pub prompt: usize,
    /// Tokens decoded after it.
    pub answer: usize,
    /// Timed rounds.
    pub rounds: usize,
}

/// One engine's results.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    name: String,
    prefill_tok_s: f64,
    decode_tok_s: f64,
    /// Weights, keys and values read per second while decoding, as a share of what a plain read reaches.
    decode_share: f64,
    load_ms: f64,
    #[serde(flatten)]
    memory: Memory,
}

/// Both engines' results; a ratio above 1 means that Qwark is faster.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    model: String,
    model_bytes: u64,
    threads: usize,
    prompt_tokens: usize,
    answer_tokens: usize,
    rounds: usize,
    read_gb_s: f64,
    qwark: Figures,
    llama_cpp: Figures,
    prefill_ratio: f64,
    decode_ratio: f64,
    nmse: f64,
}

/// Runs the comparison.
pub fn run(plan: &Plan) -> Result<Report> {
    let model_bytes = warm_page_cache(plan)?;
    let qwark_setup = Setup { model: plan.qwark_model.clone(), ..plan.setup.clone() };
    let mut workers = [Worker::start(Kind::Qwark, &qwark_setup)?, Worker::start(Kind::Llama, &plan.setup)?];
    let mut times = [Vec::new(), Vec::new()];
    let (probe, mut reads) = (ReadProbe::new(plan.setup.threads)?, Vec::new());
    // Round 0 touches every page and is not counted. Who goes first changes from round to round.
    for round in 0..=plan.rounds {
        for turn in 0..2 {
            let who = (round + turn) % 2;
            thread::sleep(SETTLE);
            let result = workers[who].round(plan.prompt, plan.answer)?;
            if round > 0 {
                times[who].push(result);
            }
        }
        thread::sleep(SETTLE);
        reads.push(probe.gb_per_second());
    }
    let read = Read { gb_s: median(&mut reads), bytes_per_token: bytes_per_token(plan)? };
    let [qwark_times, llama_times] = times;
    let [qwark, llama] = &mut workers;
    // Memory first: handing over the logits allocates.
    let [qwark_figures, llama_figures] = [Figures::new(plan, qwark, &qwark_times, read)?, Figures::new(plan, llama, &llama_times, read)?];
    let error = nmse(&qwark.logits(LOGITS_TOKENS)?, &llama.logits(LOGITS_TOKENS)?)?;
    Ok(Report {
        model: plan.setup.model.display().to_string(),
        model_bytes,
        threads: plan.setup.threads,
        prompt_tokens: plan.prompt,
        answer_tokens: plan.answer,
        rounds: plan.rounds,
        read_gb_s: read.gb_s,
        prefill_ratio: qwark_figures.prefill_tok_s / llama_figures.prefill_tok_s,
        decode_ratio: qwark_figures.decode_tok_s / llama_figures.decode_tok_s,
        qwark: qwark_figures,
        llama_cpp: llama_figures,
        nmse: error,
    })
}

/// Reads the files once, so that neither engine's load time has the disk in it. Returns the model's length.
fn warm_page_cache(plan: &Plan) -> Result<u64> {
    let read = |path: &Path| -> Result<u64> {
        let mut file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
        Ok(io::copy(&mut file, &mut io::sink())?)
    };
    read(&plan.qwark_model)?;
    read(&plan.setup.model)
}

/// Weights, keys and values that decoding one token reads. Both engines keep keys and values as f16.
fn bytes_per_token(plan: &Plan) -> Result<f64> {
    let mapping = Mapping::open(&plan.qwark_model)?;
    let (weights, kv) = bytes_read(&Model::load(&Gguf::parse(&mapping.parts())?)?, KvDType::F16, plan.prompt, plan.answer)?;
    Ok((weights + kv) as f64)
}

/// What decoding reads, and how fast it could.
#[derive(Clone, Copy)]
struct Read {
    gb_s: f64,
    bytes_per_token: f64,
}

impl Figures {
    fn new(plan: &Plan, worker: &mut Worker, times: &[Times], read: Read) -> Result<Self> {
        let rate = |tokens: usize, seconds: fn(&Times) -> f64| {
            let mut all: Vec<f64> = times.iter().map(seconds).collect();
            tokens as f64 / median(&mut all)
        };
        let decode_tok_s = rate(plan.answer, |t| t.decode_s);
        Ok(Self {
            name: worker.ready.name.clone(),
            prefill_tok_s: rate(plan.prompt, |t| t.prefill_s),
            decode_tok_s,
            decode_share: decode_tok_s * read.bytes_per_token / 1e9 / read.gb_s,
            load_ms: 1e3 * worker.ready.load_s,
            memory: worker.memory()?,
        })
    }
}

impl Report {
    /// Writes the report for people.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        const MB: f64 = 1e6;
        let (q, l) = (&self.qwark, &self.llama_cpp);
        writeln!(
            out,
            "{} ({:.1} MB), {} threads, median of {} rounds",
            self.model,
            self.model_bytes as f64 / MB,
            self.threads,
            self.rounds
        )?;
        writeln!(out, "{}\n{}\n", q.name, l.name)?;
        writeln!(out, "{:24}{:>12}{:>12}{:>9}", "", "Qwark", "llama.cpp", "ratio")?;
        let mut line = |what: String, q: f64, l: f64| writeln!(out, "{what:24}{q:12.1}{l:12.1}{:9.2}", q / l);
        line(format!("prefill {}, tokens/s", self.prompt_tokens), q.prefill_tok_s, l.prefill_tok_s)?;
        line(format!("decode {}, tokens/s", self.answer_tokens), q.decode_tok_s, l.decode_tok_s)?;
        line(format!("of {:.1} GB/s read, %", self.read_gb_s), q.decode_share * 100.0, l.decode_share * 100.0)?;
        line("load, ms".into(), q.load_ms, l.load_ms)?;
        line("resident, MB".into(), q.memory.rss_bytes as f64 / MB, l.memory.rss_bytes as f64 / MB)?;
        line("anonymous, MB".into(), q.memory.anon_bytes as f64 / MB, l.memory.anon_bytes as f64 / MB)?;
        writeln!(out, "\nNMSE between the logits of {LOGITS_TOKENS} tokens: {:.2e}", self.nmse)
    }
}

/// Normalised mean squared error of `found` against `wanted`: sum (found - wanted)² / sum wanted².
fn nmse(found: &[f32], wanted: &[f32]) -> Result<f64> {
    ensure!(found.len() == wanted.len(), "{} logits against {}", found.len(), wanted.len());
    let square = |x: f64| x * x;
    let error: f64 = found.iter().zip(wanted).map(|(&a, &b)| square(f64::from(a) - f64::from(b))).sum();
    Ok(error / wanted.iter().map(|&b| square(f64::from(b))).sum::<f64>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nmse_is_relative_to_the_wanted_values() {
        assert_eq!(nmse(&[1.0, 2.0], &[1.0, 2.0]).unwrap(), 0.0);
        assert_eq!(nmse(&[0.0, 0.0], &[3.0, 4.0]).unwrap(), 1.0);
        assert_eq!(nmse(&[2.0], &[1.0]).unwrap(), 1.0);
        assert!(nmse(&[1.0], &[]).is_err());
    }
}
