//! One engine in a process of its own, driven over its standard input and output.
//!
//! Two engines in one process would share thread pools, allocator and memory figures. The parent writes one [`Command`]
//! per line; the worker answers each with one JSON line, [`Command::Logits`] with raw little-endian floats after it.

use std::env;
use std::io::{BufRead, BufReader, Read, Write, stdin, stdout};
use std::process::{Child, ChildStdin, ChildStdout, Command as Process, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use qwark::bench;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::command::{Commander, Opening, Said, Sentence};
use crate::engine::{Engine, Setup};

/// Which engine a worker loads.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Kind {
    /// Qwark.
    Qwark,
    /// llama.cpp.
    Llama,
}

/// What a worker is told to do.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub enum Command {
    /// Evaluate a prompt and decode after it; answered by [`Times`].
    Round {
        /// Tokens of the prompt.
        prompt: usize,
        /// Tokens decoded after it.
        answer: usize,
    },
    /// Answered by [`Memory`].
    Memory,
    /// Evaluate this many tokens; answered by the number of logits, then the logits.
    Logits(usize),
}

/// A worker's first line, when its model is loaded.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Ready {
    /// See [`Engine::name`].
    pub name: String,
    /// Seconds from opening the file until the first token could be evaluated.
    pub load_s: f64,
}

/// Resident memory of a worker; the fields of [`bench::Memory`].
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Memory {
    /// All of it, mapped files included.
    pub rss_bytes: u64,
    /// The part that belongs to no file.
    pub anon_bytes: u64,
}

/// Seconds of one round.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Times {
    /// Evaluating the prompt.
    pub prefill_s: f64,
    /// Decoding all tokens after it.
    pub decode_s: f64,
}

/// The worker's side: obeys until the parent closes the pipe.
pub fn serve(engine: &mut dyn Engine, load_s: f64) -> Result<()> {
    answer(&Ready { name: engine.name(), load_s })?;
    for line in stdin().lines() {
        match serde_json::from_str(&line?)? {
            Command::Round { prompt, answer: n } => {
                let tokens = tokens(engine, prompt + n);
                let round = engine.round(&tokens[..prompt], &tokens[prompt..])?;
                answer(&Times { prefill_s: round.prefill.as_secs_f64(), decode_s: round.decode.as_secs_f64() })?;
            }
            Command::Memory => answer(&bench::Memory::now())?,
            Command::Logits(n) => {
                let logits = engine.logits(&tokens(engine, n))?;
                answer(&logits.len())?;
                write_floats(&mut stdout().lock(), &logits)?;
            }
        }
    }
    Ok(())
}

/// The same, for sentences: the first line is the opening, from which `begin` makes the engine.
pub fn serve_sentences<'e>(begin: impl FnOnce(&Opening) -> Result<Box<dyn Commander + 'e>>) -> Result<()> {
    let mut lines = stdin().lines();
    let opening = lines.next().context("no opening came")??;
    let start = Instant::now();
    let mut engine = begin(&serde_json::from_str(&opening)?)?;
    answer(&Ready { name: engine.name(), load_s: start.elapsed().as_secs_f64() })?;
    for line in lines {
        answer(&engine.answer(&serde_json::from_str(&line?)?)?)?;
    }
    Ok(())
}

/// The first `n` tokens of the workload: the same for every engine.
fn tokens(engine: &dyn Engine, n: usize) -> Vec<u32> {
    bench::tokens(engine.vocab()).take(n).collect()
}

fn answer(value: &impl Serialize) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "{}", serde_json::to_string(value)?)?;
    Ok(out.flush()?)
}

/// Writes `values` as little-endian floats.
pub fn write_floats(out: &mut impl Write, values: &[f32]) -> Result<()> {
    let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
    out.write_all(&bytes)?;
    Ok(out.flush()?)
}

/// The parent's side: a running worker.
pub struct Worker {
    child: Child,
    // `None` once closed.
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
    /// What it said when it had loaded.
    pub ready: Ready,
}

impl Worker {
    /// Starts this program again as a worker and waits until its model is loaded.
    pub fn start(kind: Kind, setup: &Setup) -> Result<Self> {
        let mut worker = Self::launch("worker", kind, setup)?;
        worker.ready = worker.read().with_context(|| format!("loading the model in the {kind:?} worker"))?;
        Ok(worker)
    }

    /// The same, for sentences.
    pub fn start_commander(kind: Kind, setup: &Setup, opening: &Opening) -> Result<Self> {
        let mut worker = Self::launch("commander", kind, setup)?;
        worker.ready = worker.ask(opening).with_context(|| format!("beginning in the {kind:?} worker"))?;
        Ok(worker)
    }

    fn launch(command: &str, kind: Kind, setup: &Setup) -> Result<Self> {
        let mut child = Process::new(env::current_exe()?)
            .arg(command)
            .arg(match kind {
                Kind::Qwark => "qwark",
                Kind::Llama => "llama",
            })
            .arg(&setup.model)
            .args(["--threads", &setup.threads.to_string()])
            .args(["--context", &setup.context.to_string()])
            .args(["--outputs", &setup.outputs.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let commands = child.stdin.take();
        let answers = BufReader::new(child.stdout.take().context("the worker has no standard output")?);
        Ok(Self { child, commands, answers, ready: Ready { name: String::new(), load_s: 0.0 } })
    }

    /// Answers a sentence.
    pub fn say(&mut self, sentence: &Sentence) -> Result<Said> {
        self.ask(sentence)
    }

    /// One timed round.
    pub fn round(&mut self, prompt: usize, answer: usize) -> Result<Times> {
        self.ask(&Command::Round { prompt, answer })
    }

    /// The worker's memory now.
    pub fn memory(&mut self) -> Result<Memory> {
        self.ask(&Command::Memory)
    }

    /// Logits of the first `n` tokens of the workload.
    pub fn logits(&mut self, n: usize) -> Result<Vec<f32>> {
        let count: usize = self.ask(&Command::Logits(n))?;
        let mut bytes = vec![0; 4 * count];
        self.answers.read_exact(&mut bytes)?;
        Ok(bytes.as_chunks().0.iter().map(|&b| f32::from_le_bytes(b)).collect())
    }

    fn ask<T: DeserializeOwned>(&mut self, command: &impl Serialize) -> Result<T> {
        let pipe = self.commands.as_mut().context("the worker has no standard input")?;
        writeln!(pipe, "{}", serde_json::to_string(command)?)?;
        pipe.flush()?;
        self.read()
    }

    fn read<T: DeserializeOwned>(&mut self) -> Result<T> {
        let mut line = String::new();
        ensure!(self.answers.read_line(&mut line)? > 0, "the worker ended; its message is above");
        Ok(serde_json::from_str(&line)?)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // Closing the pipe ends the worker's loop. A worker that failed has said why on standard error.
        self.commands = None;
        let _ = self.child.wait();
    }
}
