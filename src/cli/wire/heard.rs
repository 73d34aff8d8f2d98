use std::io::{ErrorKind, Read};
use std::time::Instant;

use anyhow::{Context, Result};
use qwark_wire::{Decoder, Frame, Loss, MAX_FRAME, Sequence};

use super::lines::Lines;
use crate::capture::View;

/// Bytes read at once.
const READ_BUFFER: usize = 4096;

/// The frames in the bytes of a line, whichever end sent them.
pub(super) struct Heard {
    lines: Lines,
    /// Since when, if they are heard as they come.
    start: Option<Instant>,
    decoder: Box<Decoder<MAX_FRAME>>,
    /// Of what goes to the runtime, and of what comes from it.
    sequences: [Sequence; 2],
    missing: u64,
}

impl Heard {
    pub fn new(lines: Lines, start: Option<Instant>) -> Heard {
        Heard { lines, start, decoder: Box::new(Decoder::new()), sequences: [Sequence::new(); 2], missing: 0 }
    }

    /// Reads and prints what there is, until the input's end or until `stop`, which is asked whenever nothing comes.
    pub fn read(&mut self, input: &mut impl Read, name: &str, stop: impl Fn() -> bool) -> Result<()> {
        let mut buffer = [0; READ_BUFFER];
        while !stop() {
            match input.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => self.take(&buffer[..count])?,
                Err(error) if matches!(error.kind(), ErrorKind::TimedOut | ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                Err(error) => return Err(error).with_context(|| name.to_owned()),
            }
        }
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<()> {
        let t_us = self.start.map(|start| start.elapsed().as_micros() as u64);
        let Heard { lines, decoder, sequences, missing, .. } = self;
        let mut result = Ok(());
        decoder.push_all(bytes, |outcome| {
            if result.is_ok() {
                result = print(*lines, t_us, sequences, missing, outcome);
            }
        });
        result
    }

    /// Says how good the line was.
    pub fn summary(&self) -> Result<()> {
        let counters = self.decoder.counters();
        let text = format!("{} frames, {} damaged, {} never came", counters.frames, counters.lost(), self.missing);
        let value = serde_json::json!({
            "frames": counters.frames, "crc": counters.crc, "cobs": counters.cobs, "oversize": counters.oversize,
            "short": counters.short, "length": counters.length, "missing": self.missing,
        });
        self.lines.note(None, &text, "summary", value)
    }
}

fn print(lines: Lines, t_us: Option<u64>, sequences: &mut [Sequence; 2], sum: &mut u64, outcome: Result<Frame<'_>, Loss>) -> Result<()> {
    let frame = match outcome {
        Ok(frame) => frame,
        Err(loss) => return lines.note(t_us, &loss.to_string(), "lost", loss.to_string()),
    };
    let (seq, view) = (frame.seq, View::of(frame));
    let missing = sequences[usize::from(view.is_from_runtime() == Some(true))].note(seq);
    if missing > 0 {
        *sum += u64::from(missing);
        lines.note(t_us, &format!("{missing} frames before the next one are missing"), "missing", missing)?;
    }
    lines.heard(t_us, &view)
}
