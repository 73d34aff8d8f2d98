//! Every session of the runtime that has a number, and every line: what a client finds again when it comes back.

use std::sync::{Arc, Mutex, Weak};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use qwark_wire::{KEY, Key};

use super::handle::SessionCell;
use super::line::Line;
use super::lock;
use crate::session::Control;

/// How long a client's requests outlive its line.
pub const LINGER: Duration = Duration::from_secs(30);

/// Sessions that may wait for their clients; of more, the one that waits longest ends.
pub const MAX_LINGERING: usize = 64;

/// By what a session is found again: its client's number and the key of its link. Who has no key cannot take over the session of
/// somebody who has one.
type Name = (u64, Option<[u8; KEY]>);

/// Sessions by their clients' numbers, and open lines.
#[derive(Default)]
pub(super) struct Registry {
    sessions: Mutex<HashMap<Name, Arc<SessionCell>>>,
    lines: Mutex<Vec<Weak<Line>>>,
}

impl Registry {
    /// The session of the client with this number, on links with this key.
    pub fn find(&self, number: u64, key: Option<Key>) -> Option<Arc<SessionCell>> {
        lock(&self.sessions).get(&name(number, key)).cloned()
    }

    /// The session of the client with this number, as `make` makes it if there is none, and the line that `attach` took it from. All
    /// in one step: a client that says Hello twice at once is one client.
    pub fn claim(
        &self,
        number: u64,
        key: Option<Key>,
        make: impl FnOnce() -> SessionCell,
        attach: impl FnOnce(&SessionCell) -> Option<Arc<Line>>,
    ) -> (Arc<SessionCell>, Option<Arc<Line>>) {
        let mut sessions = lock(&self.sessions);
        // One without a number cannot be found again.
        let session = match number {
            0 => Arc::new(make()),
            _ => Arc::clone(sessions.entry(name(number, key)).or_insert_with(|| Arc::new(make()))),
        };
        let before = attach(&session);
        (session, before)
    }

    /// Forgets a session whose client left it on `line`. False if another line has it by now.
    pub fn release(&self, session: &Arc<SessionCell>, line: &Arc<Line>, now: Instant) -> bool {
        let mut sessions = lock(&self.sessions);
        let released = session.detach(line, now);
        let name = name(session.number, session.key);
        if released && sessions.get(&name).is_some_and(|kept| Arc::ptr_eq(kept, session)) {
            sessions.remove(&name);
        }
        released
    }

    /// Forgets the sessions whose clients did not come back, where `end` says that they have ended.
    pub fn expire(&self, now: Instant, mut end: impl FnMut(&SessionCell) -> bool) {
        let mut sessions = lock(&self.sessions);
        let mut waiting: Vec<_> = sessions.values().filter_map(|session| Some((session.left()?, Arc::clone(session)))).collect();
        waiting.sort_by_key(|(left, _)| *left);
        let too_many = waiting.len().saturating_sub(MAX_LINGERING);
        let late = |(n, (left, _)): &(usize, &(Instant, _))| *n < too_many || now.saturating_duration_since(*left) > LINGER;
        for (_, (_, session)) in waiting.iter().enumerate().filter(late) {
            if end(session) {
                sessions.remove(&name(session.number, session.key));
            }
        }
    }

    /// Notes an open line.
    pub fn open(&self, line: &Arc<Line>) {
        let mut lines = lock(&self.lines);
        lines.retain(|line| line.strong_count() > 0);
        lines.push(Arc::downgrade(line));
    }

    /// Sends `control` to the client on `first`, then to all others that have a session.
    pub fn tell_all(&self, first: &Arc<Line>, control: &Control) {
        first.send(0, control.clone());
        for line in lock(&self.lines).iter().filter_map(Weak::upgrade) {
            if !Arc::ptr_eq(&line, first) {
                line.send(0, control.clone());
            }
        }
    }

    /// Ends what no engine knows of yet: requests whose text is on its way.
    pub fn stop_all(&self, now: Instant) {
        let carried: Vec<_> = lock(&self.lines).iter().filter_map(Weak::upgrade).filter_map(|line| line.session()).collect();
        let kept: Vec<_> = lock(&self.sessions).values().cloned().collect();
        carried.iter().chain(&kept).for_each(|session| session.lock().stop(now));
    }
}

fn name(number: u64, key: Option<Key>) -> Name {
    (number, key.map(|key| key.0))
}
