use qwark_wire::{CRC, Crc32c, Frame, MAX_FRAME, OVERHEAD};
use thiserror::Error;

/// A frame before stuffing and what its parts are, as captures and monitors have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bare<'a> {
    /// The frame, its seal left out: who looks at a capture has no key.
    pub frame: Frame<'a>,
    /// The counter of its seal, if it has one.
    pub sealed: Option<u32>,
}

/// Why bytes are not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FrameError {
    /// Fewer than the smallest frame has, or more than the longest.
    #[error("a frame has {OVERHEAD} to {MAX_FRAME} bytes, this has {0}")]
    Size(usize),
    /// The header announces another length.
    #[error("the frame has {0} bytes, and announces another length")]
    Length(usize),
    /// The checksum does not hold.
    #[error("the frame's checksum does not hold")]
    Crc,
}

impl<'a> Bare<'a> {
    /// Reads a frame with its header and checksum, as it was before stuffing.
    ///
    /// # Errors
    /// It is not one.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FrameError> {
        let present = bytes.len();
        let (body, crc) = bytes.split_last_chunk::<CRC>().ok_or(FrameError::Size(present))?;
        if !(OVERHEAD..=MAX_FRAME).contains(&present) {
            return Err(FrameError::Size(present));
        }
        let mut checksum = Crc32c::new();
        checksum.update(body);
        if checksum.value() != u32::from_le_bytes(*crc) {
            return Err(FrameError::Crc);
        }
        Frame::parse(body).map(Bare::from).ok_or(FrameError::Length(present))
    }
}

impl<'a> From<Frame<'a>> for Bare<'a> {
    fn from(frame: Frame<'a>) -> Self {
        Bare { sealed: frame.seal.map(|seal| seal.counter), frame: Frame { seal: None, ..frame } }
    }
}
