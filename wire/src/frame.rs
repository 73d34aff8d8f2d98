//! The frame: header, payload, perhaps a seal, checksum; stuffed and delimited on the line.

use core::ops::{Range, RangeFrom};

use thiserror::Error;

use crate::cobs::{Stuffer, max_stuffed};
use crate::crc::Crc32c;
use crate::schema::Message;
#[cfg(feature = "seal")]
use crate::seal::Sealer;
use crate::{Fault, VERSION_MAX};

/// Ends every frame on the line, and occurs nowhere else.
pub const DELIMITER: u8 = 0;

/// Bytes before the payload.
pub const HEADER: usize = layout::PAYLOAD.start;

/// Bytes of a seal, between the payload and the checksum: a counter and a tag.
pub const SEAL: usize = COUNTER + TAG;

/// Bytes of the seal's counter.
const COUNTER: usize = 4;

/// Bytes of the seal's tag.
const TAG: usize = 8;

/// The tag of a seal.
pub(crate) type Tag = [u8; TAG];

/// Bytes of checksum, at the end.
pub const CRC: usize = 4;

/// Bytes that an unsealed frame adds to its payload.
pub const OVERHEAD: usize = HEADER + CRC;

/// Longest frame (header, payload, seal and checksum, before stuffing) that a client has to take: the longest command fits.
pub const SMALL_FRAME: usize = 320;

/// Longest frame that the runtime takes, and that any message of this version can fill.
pub const MAX_FRAME: usize = 4096;

/// Where each header field lies.
mod layout {
    use super::{Range, RangeFrom};

    pub(super) const VERSION: usize = 0;
    pub(super) const KIND: usize = 1;
    pub(super) const LEN: Range<usize> = 2..4;
    pub(super) const SEQ: Range<usize> = 4..6;
    pub(super) const ID: Range<usize> = 6..10;
    pub(super) const PAYLOAD: RangeFrom<usize> = 10..;
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
    /// The seal, if there is one. Nobody has looked yet whether it holds.
    pub seal: Option<Seal<'a>>,
}

/// A seal as it was received: [`Seals::accept`](crate::Seals::accept) says whether it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seal<'a> {
    /// Counts the sender's sealed frames of this session, from 1.
    pub counter: u32,
    /// Header and payload, which it covers.
    pub(crate) covered: &'a [u8],
    pub(crate) tag: Tag,
}

impl<'a> Frame<'a> {
    /// Reads `bytes`, a frame before stuffing and without its checksum. `None` if its parts do not add up to its length.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let len = u16::from_le_bytes(bytes.get(layout::LEN)?.try_into().ok()?);
        let (payload, rest) = bytes.get(layout::PAYLOAD)?.split_at_checked(usize::from(len))?;
        let seal = match rest.split_first_chunk::<COUNTER>() {
            None if rest.is_empty() => None,
            Some((counter, tag)) => Some(Seal {
                counter: u32::from_le_bytes(*counter),
                covered: bytes.get(..HEADER + payload.len())?,
                tag: tag.try_into().ok()?,
            }),
            None => return None,
        };
        Some(Frame {
            version: *bytes.get(layout::VERSION)?,
            kind: *bytes.get(layout::KIND)?,
            seq: u16::from_le_bytes(bytes.get(layout::SEQ)?.try_into().ok()?),
            id: u32::from_le_bytes(bytes.get(layout::ID)?.try_into().ok()?),
            payload,
            seal,
        })
    }
}

/// Without the feature `seal`, there is nothing that makes one.
#[cfg(not(feature = "seal"))]
pub(crate) enum Sealer {}

#[cfg(not(feature = "seal"))]
impl Sealer {
    fn update(&mut self, _: &[u8]) {
        match *self {}
    }

    fn tag(self) -> Tag {
        match self {}
    }
}

/// Takes a message's bytes on their way into a frame: checksummed, sealed and stuffed as they come, without a second buffer.
pub struct FrameWriter<'o> {
    /// Bytes taken.
    len: usize,
    /// Where they go; nowhere while they are only counted.
    out: Option<Stuffer<'o>>,
    crc: Crc32c,
    sealer: Option<Sealer>,
}

impl FrameWriter<'_> {
    /// Adds `bytes` to the frame.
    pub(crate) fn put(&mut self, bytes: &[u8]) {
        self.len += bytes.len();
        let Some(stuffer) = &mut self.out else { return };
        self.crc.update(bytes);
        if let Some(sealer) = &mut self.sealer {
            sealer.update(bytes);
        }
        bytes.iter().for_each(|&byte| stuffer.push(byte));
    }
}

/// Bytes of `message`'s payload.
pub fn payload_len(message: &impl Message) -> usize {
    let mut counter = FrameWriter { len: 0, out: None, crc: Crc32c::new(), sealer: None };
    message.emit(&mut counter);
    counter.len
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
    encode_with(message, id, seq, None, out)
}

/// Like [`encode`], with the seal that `sealer` makes, if there is one.
pub(crate) fn encode_with<'o>(
    message: &impl Message,
    id: u32,
    seq: u16,
    sealer: Option<(u32, Sealer)>,
    out: &'o mut [u8],
) -> Result<&'o [u8], EncodeError> {
    let (counter, sealer) = sealer.unzip();
    let mut writer = FrameWriter { len: 0, out: Some(Stuffer::new(out)), crc: Crc32c::new(), sealer };
    let mut header = [0; HEADER];
    header[layout::VERSION] = VERSION_MAX;
    header[layout::KIND] = message.kind();
    // Fits: every message's longest form is far below 2^16, checked where the tables are.
    header[layout::LEN].copy_from_slice(&(payload_len(message) as u16).to_le_bytes());
    header[layout::SEQ].copy_from_slice(&seq.to_le_bytes());
    header[layout::ID].copy_from_slice(&id.to_le_bytes());
    writer.put(&header);
    message.emit(&mut writer);
    if let (Some(counter), Some(sealer)) = (counter, writer.sealer.take()) {
        writer.put(&counter.to_le_bytes());
        writer.put(&sealer.tag());
    }
    let crc = writer.crc.to_bytes();
    let mut stuffer = writer.out.ok_or(EncodeError::Full)?;
    crc.iter().for_each(|&byte| stuffer.push(byte));
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
