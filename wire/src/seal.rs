//! Seals: proof that a frame comes from somebody who has the link's key, in this session, and that it is not a repetition.
//!
//! The tag is HMAC-SHA-256 (RFC 2104, FIPS 180-4), cut to its first 8 bytes, of: the client's nonce and the runtime's nonce
//! (which make the session), the client's number, the direction, the counter, the frame's header and its payload.

use core::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::EncodeError;
use crate::frame::{Seal, Tag, encode_with};
use crate::schema::Message;

/// Bytes of a link's key.
pub const KEY: usize = 32;

/// Bytes of SHA-256's block.
const BLOCK: usize = 64;

/// A link's key, which both ends keep secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Key(pub [u8; KEY]);

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(..)")
    }
}

/// Who seals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The client, whose frames go to the runtime.
    Client,
    /// The runtime.
    Runtime,
}

impl Side {
    fn other(self) -> Side {
        match self {
            Side::Client => Side::Runtime,
            Side::Runtime => Side::Client,
        }
    }
}

/// What the seals of one session have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The link's key.
    pub key: Key,
    /// The nonce of the client's Hello.
    pub client_nonce: u64,
    /// The client's number in its Hello: whose session it is cannot be changed on the way.
    pub client: u64,
    /// The nonce of the runtime's Identify.
    pub runtime_nonce: u64,
}

/// Takes the bytes that a seal covers.
pub(crate) struct Sealer(Hmac<Sha256>);

impl Sealer {
    fn new(session: &Session, side: Side, counter: u32) -> Self {
        // HMAC fills a key up with zeros to SHA-256's block.
        let mut block = [0; BLOCK];
        block[..KEY].copy_from_slice(&session.key.0);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(&session.client_nonce.to_le_bytes());
        mac.update(&session.runtime_nonce.to_le_bytes());
        mac.update(&session.client.to_le_bytes());
        mac.update(&[side as u8]);
        mac.update(&counter.to_le_bytes());
        Sealer(mac)
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(crate) fn tag(self) -> Tag {
        let full = self.0.finalize().into_bytes();
        core::array::from_fn(|i| full[i])
    }

    fn holds(self, tag: &Tag) -> bool {
        self.0.verify_truncated_left(tag).is_ok()
    }
}

/// One end of a session whose frames are sealed: makes the seals of what it sends and checks those of what it receives.
#[derive(Clone, Debug)]
pub struct Seals {
    session: Session,
    side: Side,
    sent: u32,
    received: u32,
}

impl Seals {
    /// At the beginning of a session.
    pub fn new(session: Session, side: Side) -> Self {
        Seals { session, side, sent: 0, received: 0 }
    }

    /// Like [`encode`](crate::encode), sealed.
    ///
    /// # Errors
    /// [`EncodeError::Full`] if `out` is too small, or after 2^32 frames: begin another session.
    pub fn encode<'o>(&mut self, message: &impl Message, id: u32, seq: u16, out: &'o mut [u8]) -> Result<&'o [u8], EncodeError> {
        self.sent = self.sent.checked_add(1).ok_or(EncodeError::Full)?;
        let sealer = Sealer::new(&self.session, self.side, self.sent);
        encode_with(message, id, seq, Some((self.sent, sealer)), out)
    }

    /// Whether a received seal was made by the other end, in this session, after every other one that was accepted. It is
    /// accepted then: the same frame does not pass again.
    pub fn accept(&mut self, seal: &Seal<'_>) -> bool {
        let accepted = seal.counter > self.received && self.holds(seal);
        if accepted {
            self.received = seal.counter;
        }
        accepted
    }

    /// Whether a seal that is not accepted is one of the other end's in this session all the same: the line repeated its frame, or
    /// brought it late.
    pub fn is_repeated(&self, seal: &Seal<'_>) -> bool {
        seal.counter <= self.received && self.holds(seal)
    }

    fn holds(&self, seal: &Seal<'_>) -> bool {
        let mut sealer = Sealer::new(&self.session, self.side.other(), seal.counter);
        sealer.update(seal.covered);
        sealer.holds(&seal.tag)
    }
}
