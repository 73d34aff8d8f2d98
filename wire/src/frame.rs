//! The frame: header, payload, checksum; stuffed and delimited on the line.

use core::ops::{Range, RangeFrom};

use thiserror::Error;

use crate::cobs::{Stuffer, max_stuffed};
use crate::crc::Crc32c;
use crate::schema::Message;
use crate::{Fault, VERSION_MAX};

/// Ends every frame on the line, and occurs nowhere else.
pub const DELIMITER: u8 = 0;

/// Bytes before the payload.
pub const HEADER: usize = layout::PAYLOAD.start;

/// Bytes of checksum after the payload.
pub const CRC: usize = 4;

/// Bytes that a frame adds to its payload.
pub const OVERHEAD: usize = HEADER + CRC;

/// Longest frame (header, payload and checksum, before stuffing) that a client has to take.
pub const SMALL_FRAME: usize = 256;

/// Longest frame that the runtime takes, and that any message of this version can fill.
pub const MAX_FRAME: usize = 4096;

/// Where each header field lies.
mod layout {
    use super::{Range, RangeFrom};

    pub(super) const VERSION: usize = 0;
    pub(super) const KIND: usize = 1;
    pub(super) const SEQ: Range<usize> = 2..4;
    pub(super) const ID: Range<usize> = 4..8;
    pub(super) const PAYLOAD: RangeFrom<usize> = 8..;
}

/// Longest form on the line of a frame of `len` bytes, its delimiter included.
pub const fn max_encoded(len: usize) -> usize {
    max_stuffed(len) + 1
}

/// A frame whose checksum held. What is in it is still only what the other end claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Protocol version that the frame is written in.
    pub version: u8,
    /// Which message the payload holds.
    pub kind: u8,
    /// Position among the sender's frames, modulo 2^16.
    pub seq: u16,
    /// The request that the frame belongs to; 0 for none.
    pub id: u32,
    /// The message's fields.
    pub payload: &'a [u8],
}

impl<'a> Frame<'a> {
    /// Reads the header of `bytes`, a frame without its checksum. `None` if it is shorter than a header.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        Some(Frame {
            version: *bytes.get(layout::VERSION)?,
            kind: *bytes.get(layout::KIND)?,
            seq: u16::from_le_bytes(bytes.get(layout::SEQ)?.try_into().ok()?),
            id: u32::from_le_bytes(bytes.get(layout::ID)?.try_into().ok()?),
            payload: bytes.get(layout::PAYLOAD)?,
        })
    }

    /// Writes the header: the reverse of [`Frame::parse`].
    fn emit_header(&self, out: &mut FrameWriter<'_>) {
        let mut header = [0; HEADER];
        header[layout::VERSION] = self.version;
        header[layout::KIND] = self.kind;
        header[layout::SEQ].copy_from_slice(&self.seq.to_le_bytes());
        header[layout::ID].copy_from_slice(&self.id.to_le_bytes());
        out.put(&header);
    }
}

/// Takes a message's bytes on their way into a frame: checksummed and stuffed as they come, without a second buffer.
pub struct FrameWriter<'o> {
    stuffer: Stuffer<'o>,
    crc: Crc32c,
}

impl FrameWriter<'_> {
    /// Adds `bytes` to the frame.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.crc.update(bytes);
        bytes.iter().for_each(|&byte| self.stuffer.push(byte));
    }
}

/// Why a message could not be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// The frame does not fit into the buffer: see [`max_encoded`].
    #[error("the frame does not fit into its buffer")]
    Full,
}

impl EncodeError {
    /// Whose fault it is: always the caller's.
    pub fn fault(self) -> Fault {
        Fault::Local
    }
}

/// Writes `message` for request `id` (0: none) as frame number `seq` into `out`, stuffed and with its delimiter.
///
/// A sender that has been silent for a while sends one more [`DELIMITER`] first, so that noise which came in between is
/// taken for a frame of its own.
///
/// # Errors
/// [`EncodeError::Full`] if `out` is too small.
pub fn encode<'o>(message: &impl Message, id: u32, seq: u16, out: &'o mut [u8]) -> Result<&'o [u8], EncodeError> {
    let mut writer = FrameWriter { stuffer: Stuffer::new(out), crc: Crc32c::new() };
    let header = Frame { version: VERSION_MAX, kind: message.kind(), seq, id, payload: &[] };
    header.emit_header(&mut writer);
    message.emit(&mut writer);
    let FrameWriter { mut stuffer, crc } = writer;
    crc.to_bytes().iter().for_each(|&byte| stuffer.push(byte));
    stuffer.finish().ok_or(EncodeError::Full)
}

/// An encoded frame of at most [`SMALL_FRAME`] bytes, with its delimiter: every message from the runtime is one.
pub type SmallFrame = heapless::Vec<u8, { max_encoded(SMALL_FRAME) }>;

/// Like [`encode`], into a buffer of its own.
///
/// # Errors
/// [`EncodeError::Full`] if the frame is longer than [`SMALL_FRAME`].
pub fn encode_small(message: &impl Message, id: u32, seq: u16) -> Result<SmallFrame, EncodeError> {
    let mut buffer = [0; max_encoded(SMALL_FRAME)];
    let encoded = encode(message, id, seq, &mut buffer)?;
    SmallFrame::from_slice(encoded).map_err(|_| EncodeError::Full)
}
