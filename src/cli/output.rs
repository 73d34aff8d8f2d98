use std::io::{self, ErrorKind, IsTerminal, Read, Write};
use std::path::Path;

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use qwark_wire::{Done, Reason};
use serde::Serialize;

use crate::capture::model_sha256 as hash_parts;
use crate::chat::{Called, Tools};
use crate::gguf::Mapping;
use crate::scheduler::Finished;

/// Standard output can't be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write to standard output")]
struct OutputError(#[source] io::Error);

/// Writes `text` to stdout at once: whoever reads wants each token as it comes.
pub(super) fn stream(text: &str) -> Result<()> {
    stream_bytes(text.as_bytes())
}

/// As [`stream`], for what need not be text.
pub(super) fn stream_bytes(bytes: &[u8]) -> Result<()> {
    let mut out = io::stdout().lock();
    Ok(out.write_all(bytes).and_then(|()| out.flush()).map_err(OutputError)?)
}

/// Writes `text` to stderr. Where nobody can be told there is nothing to be done, least of all a panic.
pub(super) fn note(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Writes one JSON object as a line.
pub(super) fn json(value: &impl Serialize) -> Result<()> {
    stream(&(serde_json::to_string(value)? + "\n"))
}

/// One answer and what it took, as `--json` reports it.
#[derive(Debug, Serialize)]
pub(super) struct Answer<'a> {
    text: &'a str,
    #[serde(flatten)]
    called: Option<&'a Called>,
    reason: &'static str,
    prompt_tokens: u64,
    output_tokens: u64,
    queue_ms: f64,
    prefill_ms: f64,
    first_token_ms: f64,
    total_ms: f64,
}

impl<'a> Answer<'a> {
    /// An answer that was made in this process.
    pub fn local(text: &'a str, finished: &Finished<()>) -> Answer<'a> {
        let t = &finished.timings;
        let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
        Answer {
            text,
            called: None,
            reason: reason_name(finished.reason),
            prompt_tokens: finished.prompt_tokens as u64,
            output_tokens: finished.output_tokens as u64,
            queue_ms: ms(t.queue),
            prefill_ms: ms(t.prefill),
            first_token_ms: ms(t.first_token),
            total_ms: ms(t.total),
        }
    }

    /// An answer that came over a link.
    pub fn remote(text: &'a str, done: &Done) -> Answer<'a> {
        let ms = |micros: u64| micros as f64 / 1e3;
        Answer {
            text,
            called: None,
            reason: reason_name(done.reason),
            prompt_tokens: done.prompt_tokens.into(),
            output_tokens: done.output_tokens.into(),
            queue_ms: ms(done.queue_us),
            prefill_ms: ms(done.prefill_us),
            first_token_ms: ms(done.first_token_us),
            total_ms: ms(done.total_us),
        }
    }
}

/// Writes `answer`, and how it calls `tools`. One that cannot be read is written too, and then is an error.
pub(super) fn answer(answer: Answer<'_>, tools: Option<&Tools>) -> Result<()> {
    let called = tools.map(|tools| tools.read(answer.text)).transpose();
    json(&Answer { called: called.as_ref().ok().and_then(Option::as_ref), ..answer })?;
    Ok(called.map(drop)?)
}

pub(super) fn reason_name(reason: Reason) -> &'static str {
    match reason {
        Reason::Stop => "stop",
        Reason::Length => "length",
        Reason::Context => "context",
        Reason::StopString => "stop_string",
        Reason::Cancelled => "cancelled",
        Reason::Deadline => "deadline",
        Reason::Fallback => "fallback",
        Reason::Stopped => "stopped",
        Reason::Grammar => "grammar",
        Reason::Unknown(_) => "unknown",
    }
}

/// A bar on the terminal for the tokens of a long prompt; nothing is shown before the first step, nor elsewhere than on a terminal.
pub(super) fn prompt_bar() -> Result<ProgressBar> {
    Ok(ProgressBar::new(0).with_style(ProgressStyle::with_template("reading the prompt {bar:30} {pos}/{len} tokens")?))
}

/// The prompt of the command line, or all of stdin.
pub(super) fn prompt_or_stdin(prompt: Option<&str>) -> Result<String> {
    match prompt {
        Some(text) => Ok(text.to_owned()),
        None => {
            if io::stdin().is_terminal() {
                note("(type the prompt, end it with Ctrl-D)\n");
            }
            // One newline at the end is the shell's, not the prompt's.
            let text = stdin_text()?;
            Ok(text.strip_suffix('\n').unwrap_or(&text).to_owned())
        }
    }
}

/// All of stdin as text.
pub(super) fn stdin_text() -> Result<String> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes).context("reading stdin")?;
    String::from_utf8(bytes).map_err(|e| anyhow::anyhow!("stdin is not UTF-8: byte {} is the first bad one", e.utf8_error().valid_up_to()))
}

/// An error and its causes in one line, each said once: many errors name their cause themselves.
pub(super) fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    // Causes quote files and runtimes, which may hold anything.
    let plain = |c: char| if c.is_control() { ' ' } else { c };
    for cause in error.chain().map(|cause| cause.to_string().chars().map(plain).collect::<String>()) {
        if !line.contains(&cause) {
            line += if line.is_empty() { "" } else { ": " };
            line += &cause;
        }
    }
    line
}

/// Whether `path` leads to a file that is mapped, which must not be written then.
pub(super) fn is_part_of(mapping: &Mapping, path: &Path) -> bool {
    path.canonicalize().is_ok_and(|path| mapping.paths().any(|part| part.canonicalize().is_ok_and(|part| part == path)))
}

/// Whether standard output failed, for whatever cause.
pub(super) fn is_output_error(error: &anyhow::Error) -> bool {
    error.is::<OutputError>()
}

/// Whether the reader of our output has gone, which ends a program without being its fault.
pub(super) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<OutputError>().is_some_and(|OutputError(cause)| cause.kind() == ErrorKind::BrokenPipe)
}

/// Bytes in the unit that reads best.
pub(super) fn bytes(n: u64) -> String {
    match n {
        0..10_000 => format!("{n} B"),
        10_000..10_000_000 => format!("{:.1} kB", n as f64 / 1e3),
        10_000_000..10_000_000_000 => format!("{:.1} MB", n as f64 / 1e6),
        _ => format!("{:.1} GB", n as f64 / 1e9),
    }
}

/// The SHA-256 of a model, with a bar that shows how far it is.
pub(super) fn model_sha256(mapping: &Mapping) -> String {
    let bar = ProgressBar::new(mapping.len_bytes());
    if let Ok(style) = ProgressStyle::with_template("hashing the model {bar:30} {bytes}/{total_bytes}") {
        bar.set_style(style);
    }
    let sha256 = hash_parts(&mapping.parts(), |done| bar.set_position(done));
    bar.finish_and_clear();
    sha256
}
