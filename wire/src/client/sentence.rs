//! What a client asks the runtime's command set.

use core::str::from_utf8;

use super::question::{AskError, DEFAULT_WINDOW, bytes_of, slice};
use crate::crc::Crc32c;
use crate::{Command, Encoded, Piece, Priority};

/// A sentence, to be answered by commands. `B` holds its text and its fallback until it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence<B> {
    /// Whoever asks the same again under the same key gets the same reply; 0 lets the client draw one.
    pub key: u64,
    /// Whose work is done first.
    pub priority: Priority,
    /// Milliseconds from the receipt to the latest end of the answer; 0 for no limit.
    pub deadline_ms: u32,
    /// Bytes of commands that the runtime may send ahead. 0 is for lines that lose nothing.
    pub window: u32,
    /// The id of the command set that the commands are decoded by. The runtime refuses another than its own.
    pub set: u32,
    /// The sentence.
    pub text: B,
    /// The command that is to come if the deadline comes first, encoded.
    pub fallback: Option<B>,
}

impl<B: AsRef<[u8]>> Sentence<B> {
    /// A sentence for the command set with the id `set`.
    pub fn new(set: u32, text: B) -> Self {
        Sentence { key: 0, priority: Priority::Normal, deadline_ms: 0, window: DEFAULT_WINDOW, set, text, fallback: None }
    }

    /// Whether it is a text, and the fallback has the length of a command.
    pub(super) fn check(&self) -> Result<(), AskError> {
        from_utf8(self.text.as_ref()).map_err(|_| AskError::Utf8)?;
        match &self.fallback {
            Some(command) => self.encoded(command.as_ref()).map(drop).ok_or(AskError::Command),
            None => Ok(()),
        }
    }

    /// Its length in bytes.
    pub(super) fn text_len(&self) -> Result<u32, AskError> {
        u32::try_from(self.text.as_ref().len()).map_err(|_| AskError::TooLong)
    }

    /// Its checksum.
    pub(super) fn text_crc(&self) -> u32 {
        let mut crc = Crc32c::new();
        crc.update(self.text.as_ref());
        crc.value()
    }

    /// Up to `room` bytes of it from `offset` on.
    pub(super) fn piece(&self, offset: u32, room: usize) -> &[u8] {
        slice(self.text.as_ref(), offset as usize, room)
    }

    /// The frame that begins it, with its first piece. It was checked before.
    pub(super) fn command<'a>(&'a self, text_crc: u32, piece: Piece<'a>) -> Command<'a> {
        Command {
            key: self.key,
            priority: self.priority,
            deadline_ms: self.deadline_ms,
            window: self.window,
            set: self.set,
            sentence_len: self.text.as_ref().len() as u32,
            text_crc,
            has_fallback: self.fallback.is_some(),
            fallback: self.encoded(bytes_of(&self.fallback)).unwrap_or_default(),
            text: piece,
        }
    }

    fn encoded<'a>(&self, command: &'a [u8]) -> Option<Encoded<'a>> {
        Encoded::new(command).filter(|command| !command.is_empty())
    }
}
