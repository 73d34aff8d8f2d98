use std::path::PathBuf;
use std::time::Duration;

#[cfg(feature = "nano")]
use anyhow::ensure;
use anyhow::{Context, Result};
use clap::{Args, Parser, Subcommand};
use qwark_kernels::{DType, Isa, KvDType};
use qwark_wire::{Key, Priority};

use super::conversation::{ConversationArgs, ToolArgs};
use crate::cache::parse_size;
use crate::chat::{Message, Role};
use crate::commands::{CommandSet, Lang};
use crate::generation::GenerationParams;
use crate::gguf::Mapping;
use crate::grammar::Grammar;
use crate::links::{LinkAddr, read_key};
use crate::runtime::{Guessing, OpenOptions};
use crate::sampler::SamplingParams;
use crate::synth::Quant;

/// A language module for robots: small int4 Qwen models, mapped from disk, answering over a serial line or a local socket.
#[derive(Debug, Parser)]
#[cfg_attr(feature = "demo", doc = "")]
#[cfg_attr(feature = "demo", doc = "Without a command, it plays the demo.")]
#[command(name = "qwark", version, after_help = "Example: qwark synth qwen2.5-0.5b model.gguf && qwark run -m model.gguf \"Hello\"")]
pub(super) struct Cli {
    #[command(flatten)]
    pub common: Common,
    #[cfg(feature = "demo")]
    #[command(subcommand)]
    command: Option<Command>,
    #[cfg(not(feature = "demo"))]
    #[command(subcommand)]
    command: Command,
}

impl Cli {
    /// What is to be done.
    #[cfg(feature = "demo")]
    pub fn split(self) -> (Common, Command) {
        (self.common, self.command.unwrap_or(Command::Demo(DemoArgs::default())))
    }

    /// What is to be done.
    #[cfg(not(feature = "demo"))]
    pub fn split(self) -> (Common, Command) {
        (self.common, self.command)
    }
}

/// Options of every command; they may stand before or after it.
#[derive(Debug, Args)]
#[command(next_help_heading = "Common options")]
pub(super) struct Common {
    /// The model, a GGUF file (any part of a split one)
    #[cfg_attr(feature = "nano", doc = " [default: qwark-nano, which is built in and knows the commands of commands/rover.toml]")]
    #[arg(short, long, global = true, value_name = "FILE")]
    pub model: Option<PathBuf>,
    /// Threads that compute [default: as many as a measurement finds worth it, of half of the cores, 2 to 4]
    #[arg(short, long, global = true, value_name = "N", value_parser = positive)]
    pub threads: Option<usize>,
    /// Tokens of context, prompt and answer together [default: 4096, or what the model has]
    #[arg(short, long, global = true, value_name = "N", value_parser = positive)]
    pub context: Option<usize>,
    /// The most tokens to answer [default: 512, or 64 in a bench]
    #[arg(short = 'n', long, global = true, value_name = "N", value_parser = positive)]
    pub max_tokens: Option<usize>,
    /// Start of the random sequence: same seed, same text
    #[arg(long, global = true, value_name = "N", default_value_t = 0)]
    pub seed: u64,
    /// Use a lower instruction set than the CPU's best: scalar, avx2, avx512, neon, dotprod, i8mm
    #[arg(long, global = true, value_name = "ISA")]
    pub isa: Option<Isa>,
    /// Storage of keys and values: f16, q8_0
    #[arg(long, global = true, value_name = "TYPE", default_value = "f16")]
    pub kv: KvDType,
    /// Guess what constrained answers go on with, and compute it in the same step: on, off, or auto, where a measurement finds that it pays
    #[arg(long, global = true, value_name = "WHEN", default_value = "auto")]
    pub guess: Guessing,
    /// Run a plain model file as it is, in place of packing it once into the cache (see `qwark help cache`)
    #[arg(long, global = true)]
    pub no_cache: bool,
    /// The most that the cache of packed files may take, as in 500M or 4G [default: $QWARK_CACHE_LIMIT, or 4G]
    #[arg(long, global = true, value_name = "SIZE", value_parser = parse_size)]
    pub cache_limit: Option<u64>,
    /// Report as JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// Log to stderr; twice for more
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

impl Common {
    /// Maps the file of `-m`, or the built-in model, to look into it or to run it as it is.
    pub fn map(&self) -> Result<Mapping> {
        match &self.model {
            Some(path) => Ok(Mapping::open(path)?),
            None => built_in().context("which model? Name a GGUF file with -m FILE"),
        }
    }

    /// The model's name for error messages.
    pub fn model_name(&self) -> String {
        self.model.as_deref().map_or_else(|| "the built-in model".to_owned(), |path| path.display().to_string())
    }

    /// Checks that the model can be asked for commands of `set`: the built-in one would answer by legal nonsense for any set but its own.
    #[cfg(feature = "nano")]
    pub fn check_set(&self, set: &CommandSet) -> Result<()> {
        let knows = self.model.is_some() || set.id() == crate::nano::SET_ID;
        ensure!(
            knows,
            "the built-in model knows the commands of commands/rover.toml only: name another with -m FILE for those of {}",
            set.name()
        );
        Ok(())
    }

    /// Any model that is named may know any set.
    #[cfg(not(feature = "nano"))]
    pub fn check_set(&self, _: &CommandSet) -> Result<()> {
        Ok(())
    }

    pub fn open_options(&self) -> OpenOptions {
        OpenOptions {
            threads: self.threads,
            context: self.context,
            kv: self.kv,
            isa: self.isa,
            guessing: self.guess,
            ..OpenOptions::default()
        }
    }
}

#[cfg(feature = "nano")]
fn built_in() -> Option<Mapping> {
    Some(crate::nano::mapping())
}

#[cfg(not(feature = "nano"))]
fn built_in() -> Option<Mapping> {
    None
}

fn positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("must be at least 1".to_owned()),
        Ok(n) => Ok(n),
        Err(error) => Err(format!("{error}")),
    }
}

fn dtype(text: &str) -> Result<DType, String> {
    let known = || DType::ALL.map(DType::name).join(", ");
    DType::from_name(text).ok_or_else(|| format!("not a weight type; known: {}", known()))
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// A simulated rover in the terminal, that does what you say; without a terminal, a session that is played and printed
    ///
    /// The runtime serves a pseudo-terminal, and a simulated rover at its other end sends what you type and does the commands that
    /// come back. Ctrl-E is the emergency stop. With --link, a real rover can ask besides: what it asks and is told, and its frames,
    /// are shown too.
    #[cfg(feature = "demo")]
    #[command(
        after_help = "Example: qwark demo\n         qwark demo -m model.gguf --link serial:/dev/ttyUSB0:115200\n         qwark demo | cat"
    )]
    Demo(DemoArgs),
    /// One answer, streamed
    #[command(
        after_help = "Example: qwark run -m model.gguf \"Name three colours\"\n         echo \"Name three colours\" | qwark run -m model.gguf --json\n         qwark run -m model.gguf --regex \"(yes|no)\" \"Is the sky blue?\"\n         qwark run -m model.gguf --tools tools.json --json \"Is it raining in Paris?\""
    )]
    Run(RunArgs),
    /// A conversation; Ctrl-C cancels the answer, Ctrl-D ends
    #[command(after_help = "Example: qwark chat -m model.gguf --system \"You are a rover.\"")]
    Chat(ChatArgs),
    /// The runtime: answers clients over links until Ctrl-C
    #[command(
        after_help = "Example: qwark serve -m model.gguf --link unix:/tmp/qwark.sock --link serial:/dev/ttyAMA0:115200\n         qwark serve -m model.gguf --link serial:/dev/ttyAMA0:115200 --commands commands/rover.toml"
    )]
    Serve(ServeArgs),
    /// A client: one answer from a running `qwark serve`
    #[command(
        after_help = "Example: qwark ask --link unix:/tmp/qwark.sock \"Name three colours\"\n         qwark ask --link unix:/tmp/qwark.sock --set commands/rover.toml \"go forward two metres\""
    )]
    Ask(AskArgs),
    /// Emergency stop of a running `qwark serve`, for all of its clients. It does not replace a hardware stop
    #[command(after_help = "Example: qwark stop --link unix:/tmp/qwark.sock\n         qwark stop --link unix:/tmp/qwark.sock --reset")]
    Stop(StopArgs),
    /// The wire protocol: what a capture holds, or what goes over a line now
    #[command(subcommand, after_help = "Example: qwark wire monitor --link unix:/tmp/qwark.sock")]
    Wire(WireCommand),
    /// Ask everything that a capture has again, and compare the answers
    #[command(
        after_help = "Example: qwark serve -m model.gguf --link unix:/tmp/qwark.sock --record capture.jsonl\n         qwark replay capture.jsonl -m model.gguf"
    )]
    Replay(ReplayArgs),
    /// A sentence to a robot's commands: one JSON object for each, on a line of its own, as soon as it is whole
    #[command(
        name = "command",
        after_help = "Example: qwark command -m model.gguf --set commands/rover.toml \"go forward two metres\"\n         echo \"turn left\" | qwark command -m model.gguf --set commands/rover.toml --timings"
    )]
    Sentence(CommandArgs),
    /// Command sets: a robot's commands as a file describes them, and what follows from it
    ///
    /// docs/COMMANDS.md says how such a file is written; commands/rover.toml is one.
    #[command(
        subcommand,
        after_help = "Example: qwark commands check commands/rover.toml\n         qwark commands codegen commands/rover.toml --lang c > rover.h"
    )]
    Commands(CommandsCommand),
    /// What a file holds and what running it takes
    #[command(after_help = "Example: qwark inspect -m model.gguf -c 8192")]
    Inspect(InspectArgs),
    /// Text on stdin to a JSON array of token ids, and back
    #[command(after_help = "Example: echo -n \"Hello\" | qwark tokenize -m model.gguf | qwark tokenize -m model.gguf --decode")]
    Tokenize(TokenizeArgs),
    /// The logits of every position, as little-endian f32 [tokens, vocab]
    #[command(after_help = "Example: qwark logits -m model.gguf --tokens 9707,11,1879 --out logits.f32")]
    Logits(LogitsArgs),
    /// Speed, bandwidth and memory of a model on this machine
    #[command(after_help = "Example: qwark bench -m model.gguf -p 512 -n 64 -t 2")]
    Bench(BenchArgs),
    /// A file of real shape with random weights, to time a board before downloading a model
    #[command(after_help = "Example: qwark synth qwen2.5-0.5b model.gguf --quant Q4_0")]
    Synth(SynthArgs),
    /// Write a model file anew with its matrices laid out for the kernels: faster, and nothing is lost
    #[command(
        after_help = "Example: qwark pack model.gguf model.packed.gguf && qwark run -m model.packed.gguf \"Hello\"\n         qwark pack model.gguf model.packed.gguf --check"
    )]
    Pack(PackArgs),
    /// The cache of packed files: what is in it, and `clear`
    ///
    /// A command that runs a plain model file packs it once, into $XDG_CACHE_HOME/qwark (~/.cache/qwark by default), and maps it
    /// from there from then on. A file is found again by its content, whatever its name. Where the limit is reached, the files that
    /// were used longest ago are removed.
    #[command(after_help = "Example: qwark cache\n         qwark cache clear\n         qwark run -m model.gguf --no-cache \"Hello\"")]
    Cache(CacheArgs),
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Sampling")]
pub(super) struct SamplingArgs {
    /// Always take the likeliest token
    #[arg(long, conflicts_with_all = ["temp", "top_k", "top_p", "min_p"])]
    greedy: bool,
    /// Temperature; 0 is greedy [default: 0.7]
    #[arg(long, value_name = "T")]
    temp: Option<f32>,
    /// Keep the K likeliest tokens; 0 keeps all [default: 20]
    #[arg(long, value_name = "K")]
    top_k: Option<u32>,
    /// Keep the likeliest tokens up to this probability [default: 0.8]
    #[arg(long, value_name = "P")]
    top_p: Option<f32>,
    /// Drop tokens less likely than P times the likeliest [default: 0]
    #[arg(long, value_name = "P")]
    min_p: Option<f32>,
    /// Penalty on every token of prompt and answer; 1 does nothing [default: 1]
    #[arg(long, value_name = "X")]
    repeat_penalty: Option<f32>,
    /// Penalty on every token that the answer has [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    presence_penalty: Option<f32>,
    /// Penalty on a token for each time that the answer has it [default: 0]
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    frequency_penalty: Option<f32>,
    /// End the answer before this text; may be given several times
    #[arg(long, value_name = "TEXT")]
    stop: Vec<String>,
}

impl SamplingArgs {
    pub fn params(&self, common: &Common) -> Result<GenerationParams> {
        let base = if self.greedy { SamplingParams::greedy() } else { SamplingParams::default() };
        let sampling = SamplingParams {
            temperature: self.temp.unwrap_or(base.temperature),
            top_k: self.top_k.unwrap_or(base.top_k),
            top_p: self.top_p.unwrap_or(base.top_p),
            min_p: self.min_p.unwrap_or(base.min_p),
            repetition_penalty: self.repeat_penalty.unwrap_or(base.repetition_penalty),
            presence_penalty: self.presence_penalty.unwrap_or(base.presence_penalty),
            frequency_penalty: self.frequency_penalty.unwrap_or(base.frequency_penalty),
            seed: common.seed,
        };
        sampling.check()?;
        let default = GenerationParams::default();
        Ok(GenerationParams { sampling, max_tokens: common.max_tokens.unwrap_or(default.max_tokens), stops: self.stop.clone(), ..default })
    }
}

/// What stands around the user's text.
#[derive(Debug, Args)]
pub(super) struct PromptArgs {
    /// A system prompt
    #[arg(long, value_name = "TEXT")]
    pub system: Option<String>,
    /// Whether the model thinks before it answers, where its template knows the choice
    #[arg(long, value_name = "BOOL", num_args = 0..=1, require_equals = true, default_missing_value = "true")]
    pub think: Option<bool>,
}

impl PromptArgs {
    pub fn system_message(&self) -> Option<Message> {
        self.system.as_ref().map(|text| Message::new(Role::System, text))
    }
}

#[derive(Debug, Args)]
pub(super) struct RunArgs {
    /// The text to answer; stdin where absent
    pub prompt: Option<String>,
    #[command(flatten)]
    pub around: PromptArgs,
    #[command(flatten)]
    pub conversation: ConversationArgs,
    /// The prompt as it is, with no chat template
    #[arg(long, conflicts_with_all = ["system", "think", "tools", "messages"])]
    pub raw: bool,
    #[command(flatten)]
    pub grammar: GrammarArgs,
    #[command(flatten)]
    pub sampling: SamplingArgs,
}

/// What the answer has to follow.
#[derive(Debug, Args)]
#[command(next_help_heading = "Form of the answer")]
#[group(multiple = false, conflicts_with = "tool_choice")]
pub(super) struct GrammarArgs {
    /// The answer is JSON that meets this schema
    #[arg(long, value_name = "FILE")]
    json_schema: Option<PathBuf>,
    /// The answer matches this regular expression as a whole
    #[arg(long, value_name = "REGEX")]
    regex: Option<String>,
    /// The answer follows this Lark grammar, in the dialect of llguidance
    #[arg(long, value_name = "FILE")]
    lark: Option<PathBuf>,
}

impl GrammarArgs {
    pub fn grammar(&self) -> Result<Option<Grammar>> {
        let read = |path: &PathBuf| std::fs::read_to_string(path).with_context(|| path.display().to_string());
        Ok(match self {
            GrammarArgs { json_schema: Some(path), .. } => Some(Grammar::JsonSchema(read(path)?)),
            GrammarArgs { regex: Some(regex), .. } => Some(Grammar::Regex(regex.clone())),
            GrammarArgs { lark: Some(path), .. } => Some(Grammar::Lark(read(path)?)),
            _ => None,
        })
    }

    /// The file, or the option, that it comes from.
    pub fn name(&self) -> String {
        self.json_schema.as_ref().or(self.lark.as_ref()).map_or_else(|| "--regex".to_owned(), |path| path.display().to_string())
    }
}

#[derive(Debug, Args)]
pub(super) struct ChatArgs {
    #[command(flatten)]
    pub around: PromptArgs,
    #[command(flatten)]
    pub tools: ToolArgs,
    #[command(flatten)]
    pub sampling: SamplingArgs,
}

/// A link and the file of its key.
#[derive(Clone, Debug)]
pub(super) struct KeyOf {
    pub link: LinkAddr,
    pub file: PathBuf,
}

impl std::str::FromStr for KeyOf {
    type Err = String;

    fn from_str(text: &str) -> Result<KeyOf, String> {
        let (link, file) = text.rsplit_once('=').ok_or("write LINK=FILE, as in serial:/dev/ttyAMA0=/etc/qwark.key")?;
        Ok(KeyOf { link: link.parse().map_err(|error| format!("{error}"))?, file: file.into() })
    }
}

fn octal(text: &str) -> Result<u32, String> {
    match u32::from_str_radix(text, 8) {
        Ok(mode) if mode <= 0o777 => Ok(mode),
        _ => Err("must be a file mode, as in 660".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(super) struct ServeArgs {
    /// Where clients come from: unix:PATH, serial:DEV[:BAUD], pty, stdio; may be given several times
    #[arg(long, value_name = "LINK", required = true)]
    pub link: Vec<LinkAddr>,
    /// Let only those use LINK who have the key in FILE, 64 hexadecimal digits; an emergency stop needs none
    #[arg(long, value_name = "LINK=FILE")]
    pub key: Vec<KeyOf>,
    /// Mode of Unix sockets
    #[arg(long, value_name = "MODE", default_value = "660", value_parser = octal)]
    pub socket_mode: u32,
    /// Let only this user connect to Unix sockets, by number; may be given several times
    #[arg(long, value_name = "UID")]
    pub allow_user: Vec<u32>,
    /// Write every frame into FILE, for `qwark replay` and `qwark wire decode`; into FILE.1 and so on where it is there already
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Requests that run at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = positive)]
    pub parallel: usize,
    /// Answer sentences by commands of the set in FILE; see `qwark help commands`
    #[arg(long, value_name = "FILE")]
    pub commands: Option<PathBuf>,
}

#[cfg(feature = "demo")]
#[derive(Debug, Default, Args)]
pub(super) struct DemoArgs {
    /// Serve this link too, for a real rover that asks by itself: unix:PATH, serial:DEV[:BAUD], pty; may be given several times
    #[arg(long, value_name = "LINK")]
    pub link: Vec<LinkAddr>,
    /// A command set with other texts and examples for the model, and the same commands [default: commands/rover.toml]
    #[arg(long, value_name = "FILE")]
    pub set: Option<PathBuf>,
}

/// Where a running runtime is.
#[derive(Debug, Args)]
pub(super) struct RuntimeArgs {
    /// The runtime: unix:PATH or serial:DEV[:BAUD] (also for a pty's name)
    #[arg(long, value_name = "LINK")]
    pub link: LinkAddr,
    /// The link's key, 64 hexadecimal digits in a file that nobody else may read
    #[arg(long, value_name = "FILE")]
    key: Option<PathBuf>,
    /// Seconds to wait for each sign of life
    #[arg(long, value_name = "SECONDS", default_value_t = 60.0)]
    timeout: f32,
}

impl RuntimeArgs {
    pub fn timeout(&self) -> Result<Duration> {
        Duration::try_from_secs_f32(self.timeout).map_err(|error| anyhow::anyhow!("--timeout: {error}"))
    }

    pub fn key(&self) -> Result<Option<Key>> {
        Ok(self.key.as_deref().map(read_key).transpose()?)
    }
}

fn priority(text: &str) -> Result<Priority, String> {
    match text {
        "low" => Ok(Priority::Low),
        "normal" => Ok(Priority::Normal),
        "high" => Ok(Priority::High),
        "urgent" => Ok(Priority::Urgent),
        _ => Err("write low, normal, high or urgent".to_owned()),
    }
}

#[derive(Debug, Args)]
pub(super) struct StopArgs {
    #[command(flatten)]
    pub at: RuntimeArgs,
    /// End an emergency stop; the runtime is disarmed then
    #[arg(long, conflicts_with = "arm")]
    pub reset: bool,
    /// Let a disarmed runtime generate again
    #[arg(long)]
    pub arm: bool,
}

#[derive(Debug, Args)]
pub(super) struct AskArgs {
    #[command(flatten)]
    pub at: RuntimeArgs,
    /// The text to answer; stdin where absent
    pub prompt: Option<String>,
    /// The text is a sentence: print its commands, one JSON object on a line of its own for each, as soon as it comes. FILE is the command
    /// set that the runtime serves
    #[arg(long, value_name = "FILE", conflicts_with_all = ["PromptArgs", "tools", "messages", "raw", "GrammarArgs", "SamplingArgs"])]
    pub set: Option<PathBuf>,
    #[command(flatten)]
    pub around: PromptArgs,
    #[command(flatten)]
    pub conversation: ConversationArgs,
    /// The prompt as it is, with no chat template
    #[arg(long, conflicts_with_all = ["system", "think", "tools", "messages"])]
    pub raw: bool,
    /// Whose work is done first: low, normal, high, urgent
    #[arg(long, value_name = "CLASS", default_value = "normal", value_parser = priority)]
    pub priority: Priority,
    /// Milliseconds to the latest end of the answer, which is then what there is
    #[arg(long, value_name = "MS")]
    pub deadline: Option<u32>,
    /// What the answer is to be if the deadline comes first; with --set, the line of the command that is to come then
    #[arg(long, value_name = "TEXT", requires = "deadline")]
    pub fallback: Option<String>,
    #[command(flatten)]
    pub grammar: GrammarArgs,
    #[command(flatten)]
    pub sampling: SamplingArgs,
}

#[derive(Debug, Subcommand)]
pub(super) enum WireCommand {
    /// Print a capture, one line for each frame
    #[command(after_help = "Example: qwark wire decode capture.jsonl\n         qwark wire decode --raw dump.bin --json")]
    Decode(DecodeArgs),
    /// Print the frames that go over a running runtime's links, or over a serial line, until Ctrl-C
    #[command(
        after_help = "Example: qwark wire monitor --link unix:/tmp/qwark.sock\n         qwark wire monitor --listen serial:/dev/ttyUSB1:115200"
    )]
    Monitor(MonitorArgs),
}

#[derive(Debug, Args)]
pub(super) struct DecodeArgs {
    /// The capture, as `qwark serve --record` writes it; stdin where absent or -
    pub file: Option<PathBuf>,
    /// The file holds the bytes of a line as they were sent
    #[arg(long)]
    pub raw: bool,
}

#[derive(Debug, Args)]
pub(super) struct MonitorArgs {
    /// A socket of a running `qwark serve`, unix:PATH: shows the frames of all its links. Only for the runtime's own user and root
    #[arg(long, value_name = "LINK", required_unless_present = "listen")]
    pub link: Option<LinkAddr>,
    /// A file with the link's key, if it has one
    #[arg(long, value_name = "FILE", requires = "link")]
    pub key: Option<PathBuf>,
    /// A serial line, serial:DEV[:BAUD]: shows what is heard there, and sends nothing
    #[arg(long, value_name = "LINK", conflicts_with = "link")]
    pub listen: Option<LinkAddr>,
}

#[derive(Debug, Args)]
pub(super) struct CommandArgs {
    /// The sentence; stdin where absent
    pub sentence: Option<String>,
    /// The command set, a TOML file; see `qwark help commands`
    #[arg(long, value_name = "FILE")]
    pub set: PathBuf,
    /// Say on stderr where tokens and time went
    #[arg(long)]
    pub timings: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum CommandsCommand {
    /// Check a command set, and print its name, version, number of commands and id
    #[command(after_help = "Example: qwark commands check commands/rover.toml")]
    Check(SetArgs),
    /// Print the system prompt of a command set
    #[command(after_help = "Example: qwark commands prompt commands/rover.toml | qwark tokenize -m model.gguf")]
    Prompt(SetArgs),
    /// Print a JSON Schema of a command set's answers
    #[command(after_help = "Example: qwark commands schema commands/rover.toml > rover.schema.json")]
    Schema(SetArgs),
    /// Print the grammar of a command set's answers, in llguidance's dialect of Lark
    #[command(after_help = "Example: qwark commands grammar commands/rover.toml > rover.lark")]
    Grammar(SetGrammarArgs),
    /// Print code that decodes and encodes a command set's commands
    #[command(
        after_help = "Example: qwark commands codegen commands/rover.toml --lang c > rover.h\n         qwark commands codegen commands/rover.toml --lang python > rover.py"
    )]
    Codegen(CodegenArgs),
}

#[derive(Debug, Args)]
pub(super) struct SetGrammarArgs {
    #[command(flatten)]
    pub set: SetArgs,
    /// In GBNF, llama.cpp's notation
    #[arg(long)]
    pub gbnf: bool,
}

#[derive(Debug, Args)]
pub(super) struct SetArgs {
    /// The command set, a TOML file
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct CodegenArgs {
    #[command(flatten)]
    pub set: SetArgs,
    /// The language: c (C99 and C++), python (3.9), rust (no_std)
    #[arg(long, value_name = "LANG")]
    pub lang: Lang,
}

#[derive(Debug, Args)]
pub(super) struct ReplayArgs {
    /// The capture, as `qwark serve --record` writes it; it says the context and the type of keys and values
    #[arg(value_name = "FILE")]
    pub capture: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct PackArgs {
    /// The model, a GGUF file or the first part of a split one
    #[arg(value_name = "IN")]
    pub plain: PathBuf,
    /// The packed file; it is there whole or not at all
    #[arg(value_name = "OUT")]
    pub out: PathBuf,
    /// Write nothing: prove that OUT holds what IN does, bit for bit
    #[arg(long)]
    pub check: bool,
}

#[derive(Debug, Args)]
pub(super) struct CacheArgs {
    #[command(subcommand)]
    pub action: Option<CacheAction>,
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheAction {
    /// Remove all files that no process uses
    #[command(after_help = "Example: qwark cache clear")]
    Clear,
}

#[derive(Debug, Args)]
pub(super) struct InspectArgs {
    /// List every tensor
    #[arg(long)]
    pub tensors: bool,
    /// List the kernels that would run
    #[arg(long)]
    pub kernels: bool,
    /// Plan the memory for this many requests at once, each with a context of its own; `qwark serve` keeps one more for a parked one
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = positive)]
    pub parallel: usize,
}

#[derive(Debug, Args)]
pub(super) struct TokenizeArgs {
    /// A JSON array of ids on stdin to text
    #[arg(long)]
    pub decode: bool,
}

#[derive(Debug, Args)]
pub(super) struct LogitsArgs {
    /// The tokens' ids, comma-separated
    #[arg(long, value_name = "IDS", value_delimiter = ',', required = true)]
    pub tokens: Vec<u32>,
    /// The file to write
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct BenchArgs {
    /// Tokens of the prompt
    #[arg(short, long, value_name = "N", default_value_t = 512, value_parser = positive)]
    pub prompt: usize,
    /// Runs, of which the median counts
    #[arg(short, long, value_name = "N", default_value_t = 5, value_parser = positive)]
    pub runs: usize,
}

#[derive(Debug, Args)]
pub(super) struct SynthArgs {
    /// The shape: qwen2.5-0.5b, qwen2.5-1.5b, qwen2.5-3b, qwen3-0.6b, qwen3-1.7b, qwen3-4b
    pub shape: String,
    /// The file to write
    pub out: PathBuf,
    /// Type of the layers' matrices: any weight type, or the mixtures Q4_K_M and Q5_K_M
    #[arg(long, value_name = "TYPE", default_value = "Q4_0")]
    pub quant: Quant,
    /// Type of the embedding, which is also the output head [default: Q8_0, Q6_K in mixtures]
    #[arg(long, value_name = "TYPE", value_parser = dtype)]
    pub embd: Option<DType>,
    /// Layers, where not all are wanted
    #[arg(long, value_name = "N", value_parser = positive)]
    pub layers: Option<usize>,
    /// A real vocabulary in tiktoken's format, in place of a made-up one
    #[arg(long, value_name = "FILE")]
    pub vocab: Option<PathBuf>,
}
