//! Qwark and llama.cpp side by side on one file: speed, memory and the difference of their logits.

mod answers;
mod command;
mod compare;
mod engine;
#[cfg(feature = "llama")]
mod llama;
mod peer;
mod qwark_engine;
mod worker;

use std::fs::{self, File};
use std::io::{Write, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::{Args, Parser, Subcommand};
use qwark::gguf::{Gguf, Mapping};
use qwark::model::Model;
use qwark::runtime::Opened;
use qwark::tokenizer::Tokenizer;
use serde::Serialize;
use tempfile::NamedTempFile;

use engine::Setup;
use qwark_engine::QwarkEngine;
use worker::Kind;

/// Times Qwark and llama.cpp alternately on one GGUF file.
#[derive(Parser)]
#[command(version, args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
struct Cli {
    #[command(flatten)]
    compare: Option<CompareArgs>,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Args)]
struct CompareArgs {
    /// The GGUF file
    model: PathBuf,
    /// Threads of each engine
    #[arg(short, long, default_value_t = 2)]
    threads: usize,
    /// Tokens of the prompt
    #[arg(short, long, default_value_t = 512)]
    prompt: usize,
    /// Tokens decoded after it
    #[arg(short = 'n', long, default_value_t = 64)]
    tokens: usize,
    /// Timed rounds
    #[arg(short, long, default_value_t = 5)]
    rounds: usize,
    /// Let Qwark run the file as it is; without, it runs what `qwark pack` makes of it, as llama.cpp runs what it repacks at load
    #[arg(long)]
    plain: bool,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct CommandArgs {
    /// The GGUF file
    model: PathBuf,
    /// The command set
    #[arg(long, default_value = "commands/rover.toml")]
    set: PathBuf,
    /// Sentences with their right answers: lines of JSON, {"text":"stop","commands":[{"stop":{}}]}
    #[arg(long, default_value = "bench/sentences/rover.jsonl")]
    sentences: PathBuf,
    /// Let the models choose their answers; without, what is chosen is replaced by the right answer, so that a model with random weights
    /// answers as a trained one does
    #[arg(long)]
    free: bool,
    /// Threads of each engine
    #[arg(short, long, default_value_t = 2)]
    threads: usize,
    /// Rounds through all sentences, each with new engines that have seen none of them
    #[arg(short, long, default_value_t = 3)]
    rounds: usize,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct AnswersArgs {
    /// The GGUF file
    model: PathBuf,
    /// Sentences: lines of JSON with a `text`
    #[arg(long, default_value = "bench/sentences/rover.jsonl")]
    sentences: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Args)]
struct WorkerArgs {
    kind: Kind,
    model: PathBuf,
    #[arg(long)]
    threads: usize,
    #[arg(long)]
    context: usize,
    #[arg(long)]
    outputs: usize,
}

impl WorkerArgs {
    fn setup(&self) -> Setup {
        Setup::new(self.model.clone(), self.threads, self.context, self.outputs)
    }
}

#[derive(Subcommand)]
enum Command {
    /// Writes llama.cpp's logits of every position: little-endian f32, [tokens, vocab]
    PeerLogits {
        /// The GGUF file
        model: PathBuf,
        /// Token ids
        #[arg(long, value_delimiter = ',', required = true)]
        tokens: Vec<u32>,
        /// The file to write
        #[arg(long)]
        out: PathBuf,
    },
    /// Sentences to a robot's commands: llama.cpp with the same prompt cached and an equivalent grammar
    #[command(name = "command")]
    Sentences(CommandArgs),
    /// Whether both engines give the same likeliest answers, token by token
    Answers(AnswersArgs),
    /// One engine, driven over standard input and output by the comparison
    #[command(hide = true)]
    Worker(WorkerArgs),
    /// The same, for sentences
    #[command(hide = true)]
    Commander(WorkerArgs),
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Some(Command::PeerLogits { model, tokens, out }) => peer_logits(model, &tokens, out),
        Some(Command::Sentences(args)) => compare_commands(&args),
        Some(Command::Answers(args)) => compare_answers(&args),
        Some(Command::Worker(args)) => serve(args.kind, &args.setup()),
        Some(Command::Commander(args)) => serve_sentences(args.kind, &args.setup()),
        None => compare(cli.compare.context("no model was named; see --help")?),
    }
}

fn compare(args: CompareArgs) -> Result<()> {
    ensure!(cfg!(feature = "llama"), peer::MISSING);
    for (option, value) in [("threads", args.threads), ("prompt", args.prompt), ("tokens", args.tokens), ("rounds", args.rounds)] {
        ensure!(value > 0, "--{option} must be at least 1");
    }
    let context = (args.prompt + args.tokens).max(compare::LOGITS_TOKENS);
    let setup = Setup::new(args.model, args.threads, context, compare::LOGITS_TOKENS);
    let packed = if args.plain { None } else { Some(pack(&setup.model)?) };
    let qwark_model = packed.as_ref().map_or_else(|| setup.model.clone(), |file| file.path().to_owned());
    let plan = compare::Plan { setup, qwark_model, prompt: args.prompt, answer: args.tokens, rounds: args.rounds };
    let report = compare::run(&plan)?;
    if args.json { print_json(&report) } else { Ok(report.print(&mut stdout().lock())?) }
}

/// Context for a command set's prompt, a sentence and its answer.
const COMMAND_CONTEXT: usize = 2048;

fn compare_commands(args: &CommandArgs) -> Result<()> {
    ensure!(cfg!(feature = "llama"), peer::MISSING);
    for (option, value) in [("threads", args.threads), ("rounds", args.rounds)] {
        ensure!(value > 0, "--{option} must be at least 1");
    }
    let spoken = spoken(&args.sentences)?;
    let packed = pack(&args.model)?;
    let setup = Setup::new(args.model.clone(), args.threads, COMMAND_CONTEXT, 1);
    let (set, qwark_model) = (read(&args.set)?, packed.path().to_owned());
    let plan = command::Plan { setup, qwark_model, set, spoken, free: args.free, rounds: args.rounds };
    let report = command::run(&plan)?;
    if args.json { print_json(&report) } else { Ok(report.print(&mut stdout().lock())?) }
}

fn compare_answers(args: &AnswersArgs) -> Result<()> {
    ensure!(cfg!(feature = "llama"), peer::MISSING);
    let spoken = spoken(&args.sentences)?;
    let setup = Setup::new(args.model.clone(), 1, answers::CONTEXT, answers::CONTEXT);
    let mapping = Mapping::open(&args.model)?;
    let opened = Opened::new(&mapping)?;
    let (mut qwark, mut peer) = (QwarkEngine::new(&opened.model, &setup)?, peer::load(&setup)?);
    let report = answers::compare(&opened, [&mut qwark, peer.as_mut()], spoken.iter().map(|spoken| spoken.text.as_str()))?;
    if args.json { print_json(&report) } else { Ok(report.print(&mut stdout().lock())?) }
}

fn read(path: &Path) -> Result<String> {
    fs::read_to_string(path).with_context(|| path.display().to_string())
}

/// Reads sentences with their answers.
fn spoken(path: &Path) -> Result<Vec<command::Spoken>> {
    let one = |(i, line): (usize, &str)| serde_json::from_str(line).with_context(|| format!("{}:{}", path.display(), i + 1));
    let spoken = read(path)?.lines().enumerate().map(one).collect::<Result<Vec<_>>>()?;
    ensure!(!spoken.is_empty(), "{}: no sentence", path.display());
    Ok(spoken)
}

fn print_json(report: &impl Serialize) -> Result<()> {
    Ok(writeln!(stdout(), "{}", serde_json::to_string(report)?)?)
}

/// Begins with one engine and answers the parent's sentences.
fn serve_sentences(kind: Kind, setup: &Setup) -> Result<()> {
    match kind {
        Kind::Qwark => {
            let mapping = Mapping::open(&setup.model)?;
            let opened = Opened::new(&mapping)?;
            let cache = tempfile::tempdir()?;
            worker::serve_sentences(|opening| Ok(Box::new(command::Qwark::new(&opened, &mapping, setup, opening, cache.path())?)))
        }
        Kind::Llama => worker::serve_sentences(|opening| peer::commander(setup, opening)),
    }
}

/// The model packed, in a file that goes with the comparison.
fn pack(model: &Path) -> Result<NamedTempFile> {
    let mapping = Mapping::open(model)?;
    let file = NamedTempFile::new()?;
    qwark::pack::pack(&Gguf::parse(&mapping.parts())?, file.path(), |_, _| ())?;
    Ok(file)
}

/// Loads one engine and obeys the parent.
fn serve(kind: Kind, setup: &Setup) -> Result<()> {
    let start = Instant::now();
    match kind {
        Kind::Qwark => {
            let mapping = Mapping::open(&setup.model)?;
            let gguf = Gguf::parse(&mapping.parts())?;
            let model = Model::load(&gguf)?;
            // llama.cpp loads its vocabulary with the model, so time and memory count it here too.
            let _tokenizer = Tokenizer::from_gguf(&gguf)?;
            mapping.release();
            let mut engine = QwarkEngine::new(&model, setup)?;
            worker::serve(&mut engine, start.elapsed().as_secs_f64())
        }
        Kind::Llama => {
            let mut engine = peer::load(setup)?;
            worker::serve(engine.as_mut(), start.elapsed().as_secs_f64())
        }
    }
}

/// The reference's figures want llama.cpp at its most exact: one thread, plain attention.
fn peer_logits(model: PathBuf, tokens: &[u32], out: PathBuf) -> Result<()> {
    let setup = Setup { plain_attention: true, ..Setup::new(model, 1, tokens.len(), tokens.len()) };
    let logits = peer::load(&setup)?.logits(tokens)?;
    let mut file = File::create(&out).with_context(|| format!("creating {}", out.display()))?;
    worker::write_floats(&mut file, &logits)
}
