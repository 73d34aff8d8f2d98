//! Which frames are believed, and how those sent are sealed.

use crate::{EncodeError, Frame, FromRuntime, Identify, Key, Message, Safety, SafetyState, Seals, Session, Side, encode};

/// The link's key, if it has one, the client's number, and the seals of the session.
#[derive(Clone, Debug, Default)]
pub(super) struct Guard {
    key: Option<Key>,
    client: u64,
    session: Option<Session>,
    seals: Option<Seals>,
}

impl Guard {
    /// On a link with this key, only what has its seal is believed.
    pub(super) fn new(key: Option<Key>, client: u64) -> Self {
        Guard { key, client, ..Guard::default() }
    }

    /// Whether `frame`, which holds `message`, may be believed. `nonce` is that of the Hello which an Identify may answer. What has no
    /// seal and is believed all the same is not to be remembered.
    pub(super) fn believes(&mut self, frame: &Frame<'_>, message: &FromRuntime<'_>, nonce: Option<u64>) -> bool {
        let Some(key) = self.key else { return true };
        let Some(seal) = &frame.seal else { return needs_no_seal(message) };
        match message {
            FromRuntime::Identify(Identify { client_nonce, nonce: runtime_nonce, .. }) if Some(*client_nonce) == nonce => {
                let session = Session { key, client_nonce: *client_nonce, client: self.client, runtime_nonce: *runtime_nonce };
                let mut seals = Seals::new(session, Side::Client);
                // The same one again would begin the session again, and its counters.
                let holds = self.session != Some(session) && seals.accept(seal);
                if holds {
                    (self.seals, self.session) = (Some(seals), Some(session));
                }
                holds
            }
            _ => self.seals.as_mut().is_some_and(|seals| seals.accept(seal)),
        }
    }

    /// Whether the link has a key.
    pub(super) fn is_keyed(&self) -> bool {
        self.key.is_some()
    }

    /// Writes a frame, with the session's seal if there is one.
    ///
    /// # Errors
    /// [`EncodeError::Full`] if `out` is too small, or the session has had too many frames.
    pub(super) fn encode(&mut self, message: &impl Message, id: u32, seq: u16, out: &mut [u8]) -> Result<usize, EncodeError> {
        match &mut self.seals {
            Some(seals) => seals.encode(message, id, seq, out).map(<[u8]>::len),
            None => encode(message, id, seq, out).map(<[u8]>::len),
        }
    }
}

/// What may come without a seal: whoever can send at all can send these, and none of them lets anything go on that should not.
fn needs_no_seal(message: &FromRuntime<'_>) -> bool {
    matches!(message, FromRuntime::Pong(_) | FromRuntime::Safety(Safety { state: SafetyState::Stopped, .. }))
}
