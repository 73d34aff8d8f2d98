//! Answers on their way to one client: encoded where they arise, queued, and written by the connection's own thread, so
//! that a slow client holds up nobody else.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use qwark_wire::{Done, ErrorCode, MAX_TOKEN_TEXT, Message, SmallFrame, Str, Token, encode_small};
use thiserror::Error;

/// Frames that wait for one client at most.
const QUEUE: usize = 256;

/// Free places in the queue below which a client counts as slow: one step of every request that it may have running
/// must fit.
const ROOM: usize = 64;

/// Why an answer was not queued.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SendError {
    /// The client reads too slowly: nothing was queued, try again when [`ReplySender::has_room`].
    #[error("the client's queue is full")]
    Full,
    /// The session has ended.
    #[error("the client is gone")]
    Closed,
}

/// What both ends of one client's queue share.
struct Shared {
    waiting: Receiver<SmallFrame>,
    state: Mutex<State>,
}

struct State {
    /// The next frame's number.
    seq: u16,
    /// Sessions begun on this connection; an older one's sender is closed.
    session: u32,
    open: bool,
    /// Ids of requests that the engine was handed and has not answered to the end; a repeated one stands there twice until the
    /// second is refused.
    held: Vec<u32>,
}

impl State {
    fn release(&mut self, id: u32) {
        if let Some(at) = self.held.iter().position(|held| *held == id) {
            self.held.swap_remove(at);
        }
    }
}

/// Queues answers for one client's session.
#[derive(Clone)]
pub struct ReplySender {
    frames: Sender<SmallFrame>,
    shared: Arc<Shared>,
    session: u32,
}

/// A new connection's queue, and the end that its writer takes from.
pub(super) fn queue() -> (ReplySender, Receiver<SmallFrame>) {
    let (frames, waiting) = bounded(QUEUE);
    let state = Mutex::new(State { seq: 0, session: 0, open: true, held: Vec::new() });
    let shared = Arc::new(Shared { waiting: waiting.clone(), state });
    (ReplySender { frames, shared, session: 0 }, waiting)
}

impl ReplySender {
    /// Whether the queue has room for a step of every request; below that, requests of this client should pause.
    pub fn has_room(&self) -> bool {
        QUEUE - self.frames.len() >= ROOM
    }

    /// Queues `message` for request `id`, 0 for none.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued then.
    pub fn send(&self, id: u32, message: &impl Message) -> Result<(), SendError> {
        let mut state = self.state()?;
        self.enqueue(&mut state, id, message)?;
        if message.kind() == Done::KIND {
            state.release(id);
        }
        Ok(())
    }

    /// Queues `text`, the part of an answer that begins at byte `offset` of it, as one or more Tokens.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued then.
    pub fn send_text(&self, id: u32, offset: u32, text: &str) -> Result<(), SendError> {
        let mut state = self.state()?;
        // Cut between characters, each piece is at most three bytes short of the limit.
        if QUEUE - self.frames.len() < text.len().div_ceil(MAX_TOKEN_TEXT - 3) {
            return Err(SendError::Full);
        }
        let mut sent = 0;
        while sent < text.len() {
            let piece = Str::cut(&text[sent..]);
            let token = Token { offset: offset.wrapping_add(sent as u32), text: piece };
            self.enqueue(&mut state, id, &token)?;
            sent += piece.len();
        }
        Ok(())
    }

    /// Queues an error that ends request `id`; that ends nothing if `id` is 0 or the error is that it is in use. What does
    /// not fit of `message` is cut off.
    ///
    /// # Errors
    /// [`SendError`]; nothing was queued then.
    pub fn send_error(&self, id: u32, code: ErrorCode, message: &str) -> Result<(), SendError> {
        self.refuse(id, code, id != 0 && code != ErrorCode::IdInUse, message)?;
        self.lock().release(id);
        Ok(())
    }

    /// Notes that the engine is handed request `id`.
    pub(super) fn hold(&self, id: u32) {
        self.lock().held.push(id);
    }

    /// Whether the engine has a request `id` that is not answered to the end.
    pub(super) fn holds(&self, id: u32) -> bool {
        self.lock().held.contains(&id)
    }

    /// How many requests the engine has that are not answered to the end.
    pub(super) fn holding(&self) -> usize {
        self.lock().held.len()
    }

    /// Queues an error about a frame with this `id`, which may or may not end the request.
    pub(super) fn refuse(&self, id: u32, code: ErrorCode, ends: bool, message: &str) -> Result<(), SendError> {
        self.send(id, &qwark_wire::Error { code, ends, message: Str::cut(message) })
    }

    /// Begins the next session on the same connection. This sender closes, and what it queued is dropped.
    pub(super) fn next_session(&self) -> ReplySender {
        let mut state = self.lock();
        while self.shared.waiting.try_recv().is_ok() {}
        state.session = state.session.wrapping_add(1);
        state.held.clear();
        ReplySender { session: state.session, ..self.clone() }
    }

    /// Ends the session: nothing more is sent.
    pub fn close(&self) {
        self.lock().open = false;
    }

    fn enqueue(&self, state: &mut State, id: u32, message: &impl Message) -> Result<(), SendError> {
        // Every message of the runtime fits into a small frame: checked where the messages are defined.
        let frame = encode_small(message, id, state.seq).map_err(|_| SendError::Closed)?;
        self.frames.try_send(frame).map_err(|error| match error {
            TrySendError::Full(_) => SendError::Full,
            TrySendError::Disconnected(_) => SendError::Closed,
        })?;
        state.seq = state.seq.wrapping_add(1);
        Ok(())
    }

    /// The state, if this session still is the connection's.
    fn state(&self) -> Result<MutexGuard<'_, State>, SendError> {
        let state = self.lock();
        if state.open && state.session == self.session { Ok(state) } else { Err(SendError::Closed) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing in the state can be left half-changed.
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ReplySender {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReplySender").field("session", &self.session).field("waiting", &self.frames.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qwark_wire::{Decoder, FromRuntime, Pong, SMALL_FRAME};

    fn drain(waiting: &Receiver<SmallFrame>) -> Vec<(u16, String)> {
        let mut decoder = Decoder::<SMALL_FRAME>::new();
        let mut out = Vec::new();
        for bytes in waiting.try_iter() {
            decoder.push_all(&bytes, |frame| {
                let frame = frame.expect("a good frame");
                match FromRuntime::parse(&frame).expect("a message") {
                    FromRuntime::Token(token) => out.push((frame.seq, token.text.get().to_owned())),
                    other => out.push((frame.seq, format!("{other:?}"))),
                }
            });
        }
        out
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        let (reply, waiting) = queue();
        let text = "é".repeat(300);
        reply.send_text(1, 0, &text).expect("has room");
        let pieces = drain(&waiting);
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces.iter().map(|(seq, _)| *seq).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(pieces.into_iter().map(|(_, text)| text).collect::<String>(), text);
    }

    #[test]
    fn a_full_queue_takes_all_of_a_text_or_nothing() {
        let (reply, waiting) = queue();
        while reply.has_room() {
            reply.send(0, &Pong { nonce: 0 }).expect("has room");
        }
        assert_eq!(waiting.len(), QUEUE - ROOM + 1);
        let text = "x".repeat(ROOM * MAX_TOKEN_TEXT);
        assert_eq!(reply.send_text(1, 0, &text), Err(SendError::Full));
        assert_eq!(waiting.len(), QUEUE - ROOM + 1);
        while reply.send(0, &Pong { nonce: 0 }).is_ok() {}
        assert_eq!(waiting.len(), QUEUE);
        assert_eq!(reply.send(0, &Pong { nonce: 0 }), Err(SendError::Full));
    }

    #[test]
    fn a_new_session_drops_what_the_old_one_had_queued() {
        let (old, waiting) = queue();
        old.send_text(1, 0, "stale").expect("has room");
        let new = old.next_session();
        assert_eq!(old.send_text(1, 5, "more"), Err(SendError::Closed));
        new.send_text(1, 0, "fresh").expect("has room");
        assert_eq!(drain(&waiting), [(1, "fresh".to_owned())]);
        new.close();
        assert_eq!(new.send_text(1, 0, "late"), Err(SendError::Closed));
    }
}
