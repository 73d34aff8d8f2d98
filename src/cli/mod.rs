//! The command line: one file per command.

mod args;
mod ask;
mod beginning;
mod bench;
mod cache;
mod chat;
mod command;
mod commands;
mod conversation;
#[cfg(feature = "demo")]
mod demo;
mod inspect;
mod interrupt;
mod logits;
mod model;
mod output;
mod pack;
mod replay;
mod run;
mod serve;
mod stop;
mod synth;
mod tokenize;
mod wire;

use std::io::ErrorKind;
use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

/// Runs the program on its own arguments.
///
/// Errors go to stderr as one line. A reader that closes its end of stdout, and Ctrl-C, end the program without an error.
pub fn main() -> ExitCode {
    let (common, command) = match Cli::try_parse() {
        Ok(cli) => cli.split(),
        Err(usage) => return explain(&usage),
    };
    // Lines of a log would be drawn over, and what is worth one there is shown.
    let quietest = if is_demo(&command) { "off" } else { "warn" };
    let level = [quietest, "info", "debug", "trace"][usize::from(common.verbose).min(3)];
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level)).format_timestamp_millis().init();

    let common = &common;
    let result = match &command {
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(common, args),
        Command::Run(args) => run::run(common, args),
        Command::Chat(args) => chat::run(common, args),
        Command::Serve(args) => serve::run(common, args),
        Command::Ask(args) => ask::run(common, args),
        Command::Stop(args) => stop::run(common, args),
        Command::Wire(command) => wire::run(common, command),
        Command::Sentence(args) => command::run(common, args),
        Command::Commands(command) => commands::run(common, command),
        Command::Replay(args) => replay::run(common, args),
        Command::Inspect(args) => inspect::run(common, args),
        Command::Tokenize(args) => tokenize::run(common, args),
        Command::Logits(args) => logits::run(common, args),
        Command::Bench(args) => bench::run(common, args),
        Command::Synth(args) => synth::run(common, args),
        Command::Pack(args) => pack::run(common, args),
        Command::Cache(args) => cache::run(common, args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            output::note(&format!("qwark: {}\n", output::one_line(&error)));
            ExitCode::FAILURE
        }
    }
}

#[cfg(feature = "demo")]
fn is_demo(command: &Command) -> bool {
    matches!(command, Command::Demo(_))
}

#[cfg(not(feature = "demo"))]
fn is_demo(_: &Command) -> bool {
    false
}

/// Prints help and the version, which were asked for, or what is wrong with the command line.
fn explain(usage: &clap::Error) -> ExitCode {
    match usage.print() {
        Err(error) if !usage.use_stderr() && error.kind() != ErrorKind::BrokenPipe => ExitCode::FAILURE,
        _ => ExitCode::from(usage.exit_code() as u8),
    }
}
