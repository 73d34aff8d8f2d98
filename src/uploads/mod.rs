//! Uploads: pictures, sound and grammars that clients send in chunks, kept in memory under their SHA-256.
//!
//! The store does no I/O and has no clock: each call brings the time, and gives back the message that answers the client. A
//! chunk is taken only where the data ends, and every answer says where that is, so calls may be repeated and an upload that
//! was interrupted goes on.

mod error;
mod store;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use error::UploadError;
pub use store::{Limits, Owner, Uploads};

/// Bytes of uploads that one client may keep: a picture and half a minute of sound, several times.
pub const CLIENT_QUOTA: u32 = 4 << 20;

/// Bytes of uploads of all clients together.
pub const TOTAL_QUOTA: u32 = 16 << 20;

/// Uploads that one client may keep.
pub const MAX_CLIENT_UPLOADS: u16 = 16;

/// Uploads of all clients together.
pub const MAX_UPLOADS: u16 = 256;

/// Longest time for which an upload is kept that nobody uses.
pub const MAX_KEEP: Duration = Duration::from_secs(60 * 60);

/// Bytes that a client may send ahead of the last answer: enough to keep a line busy while an answer is on its way.
pub const WINDOW: u32 = 4 * qwark_wire::MAX_PIECE as u32;
