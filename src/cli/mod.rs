//! The command line: one file per command.

mod args;
mod ask;
mod bench;
mod chat;
mod inspect;
mod interrupt;
mod logits;
mod output;
mod run;
mod serve;
mod synth;
mod tokenize;

use std::process::ExitCode;

use clap::Parser;

use args::{Cli, Command};

/// Runs the program on its own arguments.
///
/// Errors go to stderr as one line. A reader that closes its end of stdout, and Ctrl-C, end the program without an error.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let level = ["warn", "info", "debug", "trace"][usize::from(cli.common.verbose).min(3)];
    env_logger::Builder::from_env(env_logger::Env::default().default_filter_or(level)).format_timestamp_millis().init();

    let common = &cli.common;
    let result = match &cli.command {
        Command::Run(args) => run::run(common, args),
        Command::Chat(args) => chat::run(common, args),
        Command::Serve(args) => serve::run(common, args),
        Command::Ask(args) => ask::run(common, args),
        Command::Inspect(args) => inspect::run(common, args),
        Command::Tokenize(args) => tokenize::run(common, args),
        Command::Logits(args) => logits::run(common, args),
        Command::Bench(args) => bench::run(common, args),
        Command::Synth(args) => synth::run(common, args),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if output::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("qwark: {}", output::one_line(&error));
            ExitCode::FAILURE
        }
    }
}
