//! Qwark's wire protocol, for the board and for the microcontroller that talks to it.
//!
//! The crate needs neither `std` nor an allocator. Bytes from a serial line go one at a time into a [`Decoder`], which
//! hands out [`Frame`]s whose checksum holds; [`ToRuntime::parse`] or [`FromRuntime::parse`] turns a frame into a
//! message that borrows from it; [`encode`] writes a message as a frame that is ready to send.
//!
//! `docs/WIRE.md` is the specification. Its tables are generated from the ones in this crate (see [`TO_RUNTIME`] and
//! [`FROM_RUNTIME`]).
//!
//! ```
//! use qwark_wire::{encode, Decoder, Ping, ToRuntime, SMALL_FRAME};
//!
//! let mut buffer = [0; 64];
//! let sent = encode(&Ping { nonce: 7 }, 0, 0, &mut buffer)?;
//!
//! let mut decoder = Decoder::<SMALL_FRAME>::new();
//! for &byte in sent {
//!     if let Some(Ok(frame)) = decoder.push(byte) {
//!         assert_eq!(ToRuntime::parse(&frame), Ok(ToRuntime::Ping(Ping { nonce: 7 })));
//!     }
//! }
//! assert_eq!(decoder.counters().frames, 1);
//! # Ok::<(), qwark_wire::EncodeError>(())
//! ```
#![no_std]
#![forbid(unsafe_code)]

#[cfg(feature = "host")]
extern crate std;

pub mod client;
mod cobs;
mod crc;
mod decoder;
mod field;
mod frame;
#[cfg(feature = "host")]
pub mod host;
mod message;
mod schema;
#[cfg(feature = "seal")]
mod seal;
mod sequence;

pub use crc::Crc32c;
pub use decoder::{Counters, Decoder, Loss};
pub use field::{Bytes, Encoded, FieldFault, Hash, Piece, Str};
pub use frame::{
    CRC, DELIMITER, EncodeError, Frame, FrameWriter, HEADER, MAX_FRAME, OVERHEAD, SEAL, SMALL_FRAME, Seal, SmallFrame, encode,
    encode_small, max_encoded, payload_len,
};
pub use message::*;
pub use schema::{Kind, Message, Row, Scope, Type, Value, schema_hash};
#[cfg(feature = "seal")]
pub use seal::{KEY, Key, Seals, Session, Side};
pub use sequence::Sequence;

/// Lowest protocol version that this crate speaks.
pub const VERSION_MIN: u8 = 1;

/// Highest protocol version that this crate speaks, and the one it writes into every header.
pub const VERSION_MAX: u8 = 1;

/// Fingerprint of every kind, field, type and limit below: equal on both ends of a line exactly when both were built
/// from the same tables. Computed at compile time.
pub const SCHEMA: u64 = schema_hash(VERSION_MAX, &[TO_RUNTIME, FROM_RUNTIME]);

/// Who has to act when something went wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The line: bytes were damaged, lost or added. Sending again may help.
    Line,
    /// The other end: it sent something that the protocol does not allow. Sending it again will not help.
    Peer,
    /// Neither end alone: they were built from different versions of the protocol.
    Versions,
    /// This end: its buffer is too small, or it gave up.
    Local,
}
