//! What is to be answered: the frames that begin it differ, all that follows is the same.

use super::question::{AskError, Question};
use super::sentence::Sentence;
use crate::{Piece, ToRuntime};

/// What is to be answered.
#[derive(Clone, Debug)]
pub(super) enum Asked<B> {
    /// By text.
    Question(Question<B>),
    /// By commands.
    Sentence(Sentence<B>),
}

impl<B: AsRef<[u8]>> Asked<B> {
    /// Whether it fits into the protocol.
    pub(super) fn check(&self) -> Result<(), AskError> {
        match self {
            Asked::Question(question) => question.check(),
            Asked::Sentence(sentence) => sentence.check(),
        }
    }

    /// What identifies it.
    pub(super) fn key(&mut self) -> &mut u64 {
        match self {
            Asked::Question(question) => &mut question.key,
            Asked::Sentence(sentence) => &mut sentence.key,
        }
    }

    /// Bytes of the answer that may be sent ahead.
    pub(super) fn window(&self) -> u32 {
        match self {
            Asked::Question(question) => question.window,
            Asked::Sentence(sentence) => sentence.window,
        }
    }

    /// Bytes of its text.
    pub(super) fn text_len(&self) -> Result<u32, AskError> {
        match self {
            Asked::Question(question) => question.text_len(),
            Asked::Sentence(sentence) => sentence.text_len(),
        }
    }

    /// The checksum of its text.
    pub(super) fn text_crc(&self) -> u32 {
        match self {
            Asked::Question(question) => question.text_crc(),
            Asked::Sentence(sentence) => sentence.text_crc(),
        }
    }

    /// Up to `room` bytes of its text from `offset` on; perhaps fewer, but none only at its end.
    pub(super) fn piece(&self, offset: u32, room: usize) -> &[u8] {
        match self {
            Asked::Question(question) => question.piece(offset, room),
            Asked::Sentence(sentence) => sentence.piece(offset, room),
        }
    }

    /// The frame that begins it, with the first piece of its text.
    pub(super) fn opening<'a>(&'a self, text_crc: u32, piece: Piece<'a>) -> ToRuntime<'a> {
        match self {
            Asked::Question(question) => question.generate(text_crc, piece).into(),
            Asked::Sentence(sentence) => sentence.command(text_crc, piece).into(),
        }
    }
}
