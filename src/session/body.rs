//! What a reply says: text, which may be cut between any two characters, or commands, which are not cut.

use std::ops::Range;

use qwark_wire::{CommandReply, Encoded, FromRuntime, MAX_COMMAND, MAX_TOKEN_TEXT, Str, Token};

/// Bytes of the longest character.
const LONGEST_CHAR: usize = 4;

/// What a reply says, as far as it is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// Text.
    Text(String),
    /// Encoded commands, one after the other, and where each ends.
    Commands { bytes: Vec<u8>, ends: Vec<usize> },
}

impl Body {
    /// A text that is still to come.
    pub fn text() -> Body {
        Body::Text(String::new())
    }

    /// Commands that are still to come.
    pub fn commands() -> Body {
        Body::Commands { bytes: Vec::new(), ends: Vec::new() }
    }

    /// Its bytes.
    pub fn len(&self) -> usize {
        match self {
            Body::Text(text) => text.len(),
            Body::Commands { bytes, .. } => bytes.len(),
        }
    }

    /// Most bytes that are sent together or not at all: a window must hold them, or nothing could ever be sent.
    pub fn longest_unit(&self) -> usize {
        match self {
            Body::Text(_) => LONGEST_CHAR,
            Body::Commands { .. } => MAX_COMMAND,
        }
    }

    /// Adds more text; nothing to commands.
    pub fn push_text(&mut self, more: &str) {
        if let Body::Text(text) = self {
            *text += more;
        }
    }

    /// Adds a command; nothing to a text.
    pub fn push_command(&mut self, command: &[u8]) {
        if let Body::Commands { bytes, ends } = self {
            bytes.extend_from_slice(command);
            ends.push(bytes.len());
        }
    }

    /// Takes `range` out, which begins and ends where something may be cut.
    pub fn remove(&mut self, range: Range<usize>) {
        match self {
            Body::Text(text) => drop(text.drain(range)),
            Body::Commands { bytes, ends } => {
                ends.retain(|end| *end <= range.start || *end > range.end);
                ends.iter_mut().filter(|end| **end > range.end).for_each(|end| *end -= range.len());
                bytes.drain(range);
            }
        }
    }

    /// The last place up to `at` where it may be cut.
    pub fn floor(&self, at: usize) -> usize {
        match self {
            Body::Text(text) => text.floor_char_boundary(at),
            Body::Commands { ends, .. } => ends.iter().copied().rfind(|end| *end <= at).unwrap_or(0),
        }
    }

    /// The first place from `at` on where it may be cut; its end, if there is none.
    pub fn ceil(&self, at: usize) -> usize {
        match self {
            Body::Text(text) => text.ceil_char_boundary(at),
            Body::Commands { bytes, ends } => [0].iter().chain(ends).copied().find(|end| *end >= at).unwrap_or(bytes.len()),
        }
    }

    /// As much from `start` on, before `limit`, as one frame takes: whole characters, or one command.
    pub fn piece(&self, start: usize, limit: usize) -> Range<usize> {
        let end = match self {
            Body::Text(text) => text.floor_char_boundary(text.len().min(limit).min(start.saturating_add(MAX_TOKEN_TEXT))),
            Body::Commands { ends, .. } => ends.iter().copied().find(|end| *end > start).filter(|end| *end <= limit).unwrap_or(start),
        };
        start..end.max(start)
    }

    /// The frame that brings a [`piece`](Body::piece).
    pub fn message(&self, piece: Range<usize>) -> FromRuntime<'_> {
        let offset = piece.start as u32;
        match self {
            Body::Text(text) => Token { offset, text: Str::cut(&text[piece]) }.into(),
            // Sets with longer commands are not served.
            Body::Commands { bytes, .. } => CommandReply { offset, data: Encoded::new(&bytes[piece]).unwrap_or_default() }.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(all: &[&[u8]]) -> Body {
        let mut body = Body::commands();
        all.iter().for_each(|command| body.push_command(command));
        body
    }

    #[test]
    fn commands_are_cut_between_each_other() {
        let body = commands(&[&[1, 2, 3], &[4], &[5, 6]]);
        assert_eq!([0, 2, 3, 5, 9].map(|at| body.floor(at)), [0, 0, 3, 4, 6]);
        assert_eq!([0, 1, 3, 5, 9].map(|at| body.ceil(at)), [0, 3, 3, 6, 6]);
        assert_eq!([(0, 9), (3, 9), (4, 5), (6, 9)].map(|(start, limit)| body.piece(start, limit)), [0..3, 3..4, 4..4, 6..6]);
        assert_eq!(body.message(3..4), CommandReply { offset: 3, data: Encoded::new(&[4]).unwrap() }.into());
    }

    #[test]
    fn what_is_taken_out_leaves_whole_commands() {
        let mut body = commands(&[&[1, 2, 3], &[4], &[5, 6]]);
        body.remove(3..4);
        assert_eq!(body, commands(&[&[1, 2, 3], &[5, 6]]));
        body.remove(0..5);
        assert_eq!(body, commands(&[]));
    }
}
