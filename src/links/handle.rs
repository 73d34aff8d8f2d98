//! A client's session, as its line and the engine share it.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

use qwark_wire::{ErrorCode, Heartbeat, Key};

use super::line::Line;
use super::lock;
use crate::scheduler::{ClientId, Safety};
use crate::session::{Control, End, Session};

/// Shortest time between two heartbeats.
const MIN_HEARTBEAT: Duration = Duration::from_millis(100);

/// A session and the line that carries it, if one does.
pub(super) struct SessionCell {
    /// The runtime's own name for it.
    pub client: ClientId,
    /// The client's number for itself; 0 if it has none.
    pub number: u64,
    /// The key of the link that it began on.
    pub key: Option<Key>,
    session: Mutex<Session>,
    carrier: Mutex<Carrier>,
}

/// Who carries a session.
struct Carrier {
    line: Weak<Line>,
    /// When the last line went; `None` while there is one.
    left: Option<Instant>,
    heartbeat: Option<Duration>,
    next_beat: Instant,
}

impl SessionCell {
    /// A session that no line carries yet.
    pub fn new(client: ClientId, number: u64, key: Option<Key>, wait: Duration, now: Instant) -> SessionCell {
        let carrier = Carrier { line: Weak::new(), left: Some(now), heartbeat: None, next_beat: now };
        SessionCell { client, number, key, session: Mutex::new(Session::new(wait)), carrier: Mutex::new(carrier) }
    }

    /// The session itself.
    pub fn lock(&self) -> MutexGuard<'_, Session> {
        lock(&self.session)
    }

    /// From now on `line` carries it, and its client wants to hear every `heartbeat_ms` how the runtime is; 0 for never. Gives
    /// the line before, if that is another.
    pub fn attach(&self, line: &Arc<Line>, heartbeat_ms: u16, now: Instant) -> Option<Arc<Line>> {
        let mut carrier = self.carrier();
        let before = carrier.line.upgrade().filter(|before| !Arc::ptr_eq(before, line));
        let heartbeat = (heartbeat_ms > 0).then(|| MIN_HEARTBEAT.max(Duration::from_millis(heartbeat_ms.into())));
        *carrier = Carrier { line: Arc::downgrade(line), left: None, heartbeat, next_beat: now };
        before
    }

    /// `line` carries it no more. False if another one does by now.
    pub fn detach(&self, line: &Arc<Line>, now: Instant) -> bool {
        let mut carrier = self.carrier();
        let mine = carrier.line.upgrade().is_some_and(|carrying| Arc::ptr_eq(&carrying, line));
        if mine {
            *carrier = Carrier { line: Weak::new(), left: Some(now), heartbeat: None, next_beat: now };
        }
        mine
    }

    /// Since when no line carries it.
    pub fn left(&self) -> Option<Instant> {
        self.carrier().left
    }

    fn carrier(&self) -> MutexGuard<'_, Carrier> {
        lock(&self.carrier)
    }

    fn wake(&self) {
        if let Some(line) = self.carrier().line.upgrade() {
            line.wake();
        }
    }
}

/// The engine's end of a client's session. It stays the same while the client comes and goes.
#[derive(Clone)]
pub struct SessionHandle(pub(super) Arc<SessionCell>);

impl SessionHandle {
    /// Whether the client's requests may go on: not if too much of what they say waits for its line.
    pub fn has_room(&self) -> bool {
        self.0.lock().has_room()
    }

    /// More text of the answer to request `serial`.
    pub fn say(&self, serial: u32, text: &str) {
        self.0.lock().say(serial, text);
        self.0.wake();
    }

    /// The next command of the answer to request `serial`, encoded.
    pub fn command(&self, serial: u32, command: &[u8]) {
        self.0.lock().command(serial, command);
        self.0.wake();
    }

    /// Request `serial` has ended, which is said once, however often the line needs to hear it.
    pub fn end(&self, serial: u32, end: End) {
        self.0.lock().end(serial, end, Instant::now());
        self.0.wake();
    }

    /// Ends every request that has not ended.
    pub fn end_all(&self, code: ErrorCode, message: &str) {
        self.0.lock().end_all(code, message, Instant::now());
        self.0.wake();
    }

    /// Request `serial` was not begun: an emergency stop came while it was on its way.
    pub fn stop(&self, serial: u32) {
        self.0.lock().stop_one(serial, Instant::now());
        self.0.wake();
    }

    /// Tells the client what the runtime may do.
    pub fn tell(&self, safety: Safety) {
        self.0.lock().answer(0, Control::Safety(safety.into()));
        self.0.wake();
    }

    /// Sends the client a heartbeat if it wants one now. `lost` is filled in here.
    pub fn beat(&self, now: Instant, heartbeat: impl FnOnce() -> Heartbeat) {
        let line = {
            let mut carrier = self.0.carrier();
            let Some(every) = carrier.heartbeat.filter(|_| now >= carrier.next_beat) else { return };
            carrier.next_beat = now + every;
            carrier.line.upgrade()
        };
        let Some(line) = line else { return };
        // Before the session is locked: reading the board's sensors takes its time.
        let heartbeat = Heartbeat { lost: line.lost.load(Ordering::Relaxed), ..heartbeat() };
        self.0.lock().beat(heartbeat);
        line.wake();
    }
}

impl fmt::Debug for SessionHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionHandle").field(&self.0.client).finish()
    }
}

/// Adds to a count that stops at its maximum.
pub(super) fn count(counter: &AtomicU32, more: u32) {
    let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |n| Some(n.saturating_add(more)));
}
