//! One client's session: its requests from their first frame until the client has their end. A pure state machine: frames, the
//! engine's words and the time are its inputs, frames and what the engine is to do its outputs.
//!
//! Nothing is queued as frames. A reply is kept as text, or as commands, with marks (what was sent, what was acknowledged), and the line asks for
//! the next frame when it has room: so what is urgent goes first, a slow line gets few long frames, and after a lost frame, a
//! pulled cable or a repeated request the same is simply sent again from a mark.

mod body;
mod control;
mod opening;
mod reply;
mod request;
mod retry;
#[cfg(test)]
mod tests;

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use qwark_wire::{Accepted, Ack, Done, ErrorCode, FromRuntime, Heartbeat, Priority, Reason, Resend, Str, Text, ToRuntime};

use body::Body;
pub use control::{Control, Controls, Identity, Item};
use opening::Opening;
pub use reply::End;
use reply::{Next, Reply};
use request::Assembly;
pub use request::{Asked, MAX_TEXT, PIECE_TIMEOUT, Request, Sentence};

/// Most requests of one client that have not ended: fewer than may wait in all, so that there is room for others.
pub const MAX_REQUESTS: usize = 32;

/// Most requests of one client whose text is still on its way.
pub const MAX_ASSEMBLING: usize = 4;

/// How long an ended reply is kept for a client that asks again, or that is still to read it.
pub const KEEP: Duration = Duration::from_secs(60);

/// Most ended replies that are kept.
pub const MAX_KEPT: usize = 32;

/// Most bytes of ended replies that are kept.
pub const MAX_KEPT_TEXT: usize = 256 * 1024;

/// Bytes of replies that may wait for the line before the client's requests pause.
pub const MAX_WAITING: usize = 64 * 1024;

/// What the engine is to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// Answer a request.
    Submit {
        /// The session's own number for it: never used twice.
        serial: u32,
        /// What is asked.
        asked: Box<Asked>,
        /// When its first frame arrived.
        received: Instant,
    },
    /// End one.
    Cancel {
        /// Its number.
        serial: u32,
    },
}

/// A request that is not forgotten yet.
#[derive(Debug)]
struct Entry {
    /// The client's number for it; 0 once the client has its end and may use the number for another.
    id: u32,
    serial: u32,
    key: u64,
    /// Hash of everything that the first frame says, but for the text that it brings.
    fingerprint: u64,
    priority: Priority,
    received: Instant,
    phase: Phase,
    reply: Reply,
}

#[derive(Debug)]
enum Phase {
    /// Some of its text is missing.
    Assembling(Box<Assembly>),
    /// The engine has it.
    Running { text_len: usize },
    /// It has ended; `keep`: its reply is of use if the client asks again.
    Ended { at: Instant, keep: bool },
}

impl Entry {
    fn is_live(&self) -> bool {
        !matches!(self.phase, Phase::Ended { .. })
    }

    fn end(&mut self, end: End, keep: bool, now: Instant) {
        if matches!(end, End::Error(..)) {
            // It was never done: its key is free.
            self.key = 0;
        }
        self.reply.end(end);
        self.phase = Phase::Ended { at: now, keep };
    }

    /// When it ends although its text is not complete.
    fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Assembling(assembly) => Some(self.received + assembly.deadline()?),
            _ => None,
        }
    }

    /// Its deadline came before its text.
    fn miss(&mut self, now: Instant) {
        let Phase::Assembling(assembly) = &self.phase else { return };
        let fell_back = assembly.asked().push_fallback(self.reply.body());
        self.unseen(if fell_back { Reason::Fallback } else { Reason::Deadline }, now);
    }

    /// It ends before the engine has seen it.
    fn unseen(&mut self, reason: Reason, now: Instant) {
        let waited = now.saturating_duration_since(self.received).as_micros() as u64;
        let done = Done {
            reason,
            prompt_tokens: 0,
            output_tokens: 0,
            text_len: self.reply.len() as u32,
            answer_at: 0,
            queue_us: waited,
            prefill_us: 0,
            first_token_us: 0,
            total_us: waited,
        };
        self.end(End::Done(done), self.key != 0, now);
    }

    fn fail(&mut self, fault: request::Fault, now: Instant) {
        self.end(End::Error(fault.code(), fault.to_string()), false, now);
    }

    /// How much of its text is here.
    fn accepted(&self) -> Accepted {
        let (received, window) = match &self.phase {
            Phase::Assembling(assembly) => (assembly.received(), assembly.window()),
            Phase::Running { text_len, .. } => (*text_len, 0),
            // The end says it.
            Phase::Ended { .. } => (0, 0),
        };
        Accepted { received: received as u32, window: window as u32 }
    }
}

/// A client's session.
#[derive(Debug)]
pub struct Session {
    entries: Vec<Entry>,
    controls: Controls,
    heartbeat: Option<Heartbeat>,
    /// The number of the next request.
    next_serial: u32,
    /// Where the search for the next reply to send begins, so that all have their turn.
    turn: usize,
    /// How long an acknowledgement may take on this line.
    wait: Duration,
    begun: bool,
    hasher: RandomState,
}

impl Session {
    /// A session with no requests, on a line where an answer is waited for as long as `wait`.
    pub fn new(wait: Duration) -> Session {
        Session {
            entries: Vec::new(),
            controls: Controls::default(),
            heartbeat: None,
            next_serial: 1,
            turn: 0,
            wait,
            begun: false,
            hasher: RandomState::new(),
        }
    }

    /// Requests that are not forgotten and whose end the client does not have.
    pub fn kept(&self) -> usize {
        self.entries.iter().filter(|entry| entry.id != 0).count()
    }

    /// The client is there: anew, or again and perhaps on another line; everything that it did not acknowledge is then sent again.
    /// Whether this is the first time.
    pub fn begin(&mut self, wait: Duration) -> bool {
        self.wait = wait;
        self.controls.clear();
        self.heartbeat = None;
        self.entries.iter_mut().filter(|entry| entry.id != 0).for_each(|entry| entry.reply.resume(wait));
        !std::mem::replace(&mut self.begun, true)
    }

    /// Takes a message about a request, which came with this `payload`. `refusal` says why no new request can be taken now, if none
    /// can. Messages about other things are not the session's.
    pub fn take(
        &mut self,
        id: u32,
        message: &ToRuntime<'_>,
        payload: &[u8],
        refusal: Option<(ErrorCode, &str)>,
        now: Instant,
    ) -> Option<Action> {
        match message {
            ToRuntime::Generate(generate) => return self.ask(id, Opening::Generate(generate), payload, refusal, now),
            ToRuntime::Command(command) => return self.ask(id, Opening::Command(command), payload, refusal, now),
            ToRuntime::Text(text) => return self.text(id, text, now),
            ToRuntime::Cancel(_) => return self.cancel(id, now),
            ToRuntime::Ack(ack) => self.ack(id, ack, now),
            ToRuntime::Resend(resend) => self.resend(id, resend, now),
            _ => {}
        }
        None
    }

    fn ask(
        &mut self,
        id: u32,
        opening: Opening<'_, '_>,
        payload: &[u8],
        refusal: Option<(ErrorCode, &str)>,
        now: Instant,
    ) -> Option<Action> {
        let (key, fingerprint) = (opening.key(), self.hasher.hash_one(opening.terms(payload)));
        if let Some(at) = self.known(id, key, fingerprint) {
            let same = self.entries[at].fingerprint == fingerprint;
            if same && self.entries[at].id != id && self.is_live(id) {
                self.error(id, ErrorCode::IdInUse, false, &format!("request {id} is still running"));
                return None;
            }
            if same {
                self.repeated(at, id, now);
                return None;
            }
            if key != 0 && self.entries[at].key == key {
                let ends = !self.is_live(id);
                self.error(id, ErrorCode::KeyReused, ends, "this key belongs to a request with other contents");
                return None;
            }
            if matches!(self.entries[at].phase, Phase::Running { .. }) {
                self.error(id, ErrorCode::IdInUse, false, &format!("request {id} is still running"));
                return None;
            }
        }
        self.release(id);
        if let Some((code, message)) = refusal {
            return self.refuse(id, opening, fingerprint, code, message, now);
        }
        if self.entries.iter().filter(|entry| entry.is_live()).count() >= MAX_REQUESTS {
            let message = format!("{MAX_REQUESTS} requests of this client are waiting");
            return self.refuse(id, opening, fingerprint, ErrorCode::Busy, &message, now);
        }
        let assembling = self.entries.iter().filter(|entry| matches!(entry.phase, Phase::Assembling(_))).count();
        if assembling >= MAX_ASSEMBLING {
            let message = format!("{MAX_ASSEMBLING} requests are already waiting for the rest of their text");
            return self.refuse(id, opening, fingerprint, ErrorCode::Busy, &message, now);
        }
        match Assembly::begin(opening, now) {
            Ok(assembly) => {
                let entry = self.entry(id, opening, fingerprint, Phase::Assembling(Box::new(assembly)), now);
                self.entries.push(entry);
                self.assembled(self.entries.len() - 1, now)
            }
            Err(fault) => self.refuse(id, opening, fingerprint, fault.code(), &fault.to_string(), now),
        }
    }

    /// Takes the next piece of a request's text.
    fn text(&mut self, id: u32, piece: &Text<'_>, now: Instant) -> Option<Action> {
        let Some(at) = self.find(id) else {
            self.unknown(id);
            return None;
        };
        let entry = &mut self.entries[at];
        if let Phase::Assembling(assembly) = &mut entry.phase
            && let Err(fault) = assembly.piece(piece, now)
        {
            entry.fail(fault, now);
        }
        self.assembled(at, now)
    }

    /// The client wants no more of an answer.
    fn cancel(&mut self, id: u32, now: Instant) -> Option<Action> {
        let Some(at) = self.find(id) else {
            self.unknown(id);
            return None;
        };
        let entry = &mut self.entries[at];
        match entry.phase {
            Phase::Assembling(_) => {
                entry.unseen(Reason::Cancelled, now);
                None
            }
            // Also once more: by another line, the first may have come before the request itself.
            Phase::Running { .. } => Some(Action::Cancel { serial: entry.serial }),
            Phase::Ended { .. } => None,
        }
    }

    /// The client says what it has.
    fn ack(&mut self, id: u32, ack: &Ack, now: Instant) {
        let Some(at) = self.find(id) else { return };
        self.entries[at].reply.ack(ack.received as usize, ack.window as usize, ack.ended, now);
        self.tidy(now);
    }

    /// The client says what it lacks.
    fn resend(&mut self, id: u32, resend: &Resend, now: Instant) {
        if let Some(at) = self.find(id) {
            self.entries[at].reply.resend(resend.offset as usize, resend.len as usize, now);
        } else {
            self.unknown(id);
        }
    }

    /// Answers a frame that is about no request, or about one in a way that does not end it.
    pub fn answer(&mut self, id: u32, control: Control) {
        self.controls.push(id, control);
    }

    /// Tells the client of an error.
    pub fn error(&mut self, id: u32, code: ErrorCode, ends: bool, message: &str) {
        self.answer(id, Control::Error { code, ends, message: message.to_owned() });
    }

    /// A frame about `id` could not be understood.
    pub fn bad_frame(&mut self, id: u32, begins: bool, code: ErrorCode, message: &str) {
        self.error(id, code, begins && !self.is_live(id), message);
    }

    /// The latest heartbeat takes the place of one that was not sent yet.
    pub fn beat(&mut self, heartbeat: Heartbeat) {
        self.heartbeat = Some(heartbeat);
    }

    /// Whether the client reads what its frames are answered with. If not, it can wait with the next.
    pub fn takes_frames(&self) -> bool {
        let ended = self.entries.iter().filter(|entry| !entry.is_live() && entry.id != 0).count();
        self.controls.has_room() && ended < MAX_REQUESTS
    }

    /// Whether its requests may go on: not if too much of what they say waits for the line.
    pub fn has_room(&self) -> bool {
        self.entries.iter().filter(|entry| entry.id != 0).map(|entry| entry.reply.waiting()).sum::<usize>() < MAX_WAITING
    }

    /// The engine has more text for request `serial`.
    pub fn say(&mut self, serial: u32, text: &str) {
        if let Some(entry) = self.running(serial) {
            entry.reply.body().push_text(text);
        }
    }

    /// The engine has another command for request `serial`, encoded.
    pub fn command(&mut self, serial: u32, command: &[u8]) {
        if let Some(entry) = self.running(serial) {
            entry.reply.body().push_command(command);
        }
    }

    /// The engine has ended request `serial`.
    pub fn end(&mut self, serial: u32, end: End, now: Instant) {
        if let Some(entry) = self.running(serial) {
            let end = match end {
                End::Done(mut done) => {
                    // These ends are urgent: a slow line may be far behind the model.
                    match done.reason {
                        Reason::Cancelled | Reason::Stopped | Reason::Deadline => drop(entry.reply.withdraw(entry.reply.len())),
                        Reason::Fallback => done.answer_at = entry.reply.withdraw(done.answer_at as usize) as u32,
                        _ => {}
                    }
                    End::Done(Done { text_len: entry.reply.len() as u32, ..done })
                }
                error => error,
            };
            let keep = entry.key != 0 && matches!(end, End::Done(_));
            entry.end(end, keep, now);
        }
    }

    /// The runtime goes down: ends every request that has not ended.
    pub fn end_all(&mut self, code: ErrorCode, message: &str, now: Instant) {
        for entry in self.entries.iter_mut().filter(|entry| entry.is_live()) {
            entry.end(End::Error(code, message.to_owned()), false, now);
        }
    }

    /// An emergency stop: ends the requests whose text is on its way. The engine ends those that it has.
    pub fn stop(&mut self, now: Instant) {
        for entry in self.entries.iter_mut().filter(|entry| matches!(entry.phase, Phase::Assembling(_))) {
            entry.unseen(Reason::Stopped, now);
        }
    }

    /// The engine did not begin request `serial`, because of an emergency stop that came while it was on its way there.
    pub fn stop_one(&mut self, serial: u32, now: Instant) {
        if let Some(entry) = self.running(serial) {
            entry.unseen(Reason::Stopped, now);
        }
    }

    /// Ends what came too late, and forgets what nobody will ask for any more.
    pub fn expire(&mut self, now: Instant) {
        for entry in &mut self.entries {
            if entry.deadline().is_some_and(|deadline| now >= deadline) {
                entry.miss(now);
            }
            if matches!(&entry.phase, Phase::Assembling(assembly) if assembly.is_late(now)) {
                entry.fail(request::Fault::Late, now);
            }
        }
        self.tidy(now);
    }

    /// Hands the next frame to `emit`, if there is one at `now`: id and message.
    pub fn transmit(&mut self, now: Instant, emit: &mut dyn FnMut(u32, &FromRuntime<'_>)) -> bool {
        if let Some((id, control)) = self.controls.pop() {
            emit(id, &control.message());
            return true;
        }
        if let Some(heartbeat) = self.heartbeat.take() {
            emit(0, &heartbeat.into());
            return true;
        }
        if self.entries.iter().any(|entry| entry.deadline().is_some_and(|deadline| now >= deadline)) {
            self.expire(now);
        }
        let count = self.entries.len();
        let ready = |at: &usize| self.entries[*at].id != 0 && self.entries[*at].reply.wake(now).is_some_and(|wake| wake <= now);
        let in_turn = (0..count).map(|n| (self.turn + n) % count).filter(ready);
        // Of equals, `max_by_key` takes the last: count backwards.
        let Some(at) = in_turn.rev().max_by_key(|at| self.entries[*at].priority.number()) else { return false };
        self.turn = at + 1;
        let Entry { id, reply, .. } = &mut self.entries[at];
        let sent = match reply.next(now) {
            Some(Next::Piece(piece)) => {
                emit(*id, &reply.message(piece));
                true
            }
            Some(Next::End) => {
                match reply.ended() {
                    Some(End::Done(done)) => emit(*id, &(*done).into()),
                    Some(End::Error(code, message)) => {
                        emit(*id, &qwark_wire::Error { code: *code, ends: true, message: Str::cut(message) }.into());
                    }
                    None => {}
                }
                true
            }
            None => false,
        };
        self.tidy(now);
        sent
    }

    /// When [`Session::transmit`] has something to send again, if nothing else happens.
    pub fn wake(&self, now: Instant) -> Option<Instant> {
        if !self.controls.is_empty() || self.heartbeat.is_some() {
            return Some(now);
        }
        let replies = self.entries.iter().filter(|entry| entry.id != 0).filter_map(|entry| entry.reply.wake(now));
        replies.chain(self.entries.iter().filter_map(Entry::deadline)).min()
    }

    /// The request that a first frame with this id and key is, or stands in the way of.
    fn known(&self, id: u32, key: u64, fingerprint: u64) -> Option<usize> {
        let by_key = self.entries.iter().position(|entry| key != 0 && entry.key == key);
        by_key.or_else(|| self.find(id).filter(|&at| key == 0 || self.entries[at].is_live() || self.entries[at].fingerprint == fingerprint))
    }

    fn find(&self, id: u32) -> Option<usize> {
        self.entries.iter().position(|entry| entry.id == id)
    }

    fn is_live(&self, id: u32) -> bool {
        self.find(id).is_some_and(|at| self.entries[at].is_live())
    }

    fn running(&mut self, serial: u32) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.serial == serial && matches!(entry.phase, Phase::Running { .. }))
    }

    /// The client asks again for what it asked before; under another id if it has forgotten the first one, and the answer with it.
    fn repeated(&mut self, at: usize, id: u32, now: Instant) {
        let serial = self.entries[at].serial;
        if self.entries[at].id != id {
            self.release(id);
        }
        // Releasing another entry may have moved this one.
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.serial == serial) else { return };
        if entry.id == id {
            entry.reply.rewind();
        } else {
            entry.id = id;
            entry.reply.restart();
        }
        if let Phase::Assembling(assembly) = &mut entry.phase {
            assembly.touch(now);
        }
        if entry.is_live() {
            let accepted = entry.accepted();
            self.controls.push(id, Control::Accepted(accepted));
        }
    }

    /// The client uses `id` for another request: it is done with the one before. One whose text never came is forgotten.
    fn release(&mut self, id: u32) {
        if let Some(at) = self.find(id) {
            self.entries[at].id = 0;
            if matches!(self.entries[at].phase, Phase::Assembling(_)) {
                self.entries.remove(at);
            }
        }
    }

    /// Acknowledges what has arrived of a request's text, and hands the request on if that is all of it.
    fn assembled(&mut self, at: usize, now: Instant) -> Option<Action> {
        let Entry { id, serial, received, phase, .. } = &mut self.entries[at];
        let (id, serial, received) = (*id, *serial, *received);
        let mut action = None;
        if let Phase::Assembling(assembly) = phase
            && assembly.is_complete()
        {
            let running = Phase::Running { text_len: assembly.received() };
            if let Phase::Assembling(assembly) = std::mem::replace(phase, running) {
                match assembly.finish() {
                    Ok(asked) => action = Some(Action::Submit { serial, asked: Box::new(asked), received }),
                    Err(fault) => self.entries[at].fail(fault, now),
                }
            }
        }
        let entry = &self.entries[at];
        if entry.is_live() {
            self.controls.push(id, Control::Accepted(entry.accepted()));
        }
        action
    }

    fn entry(&mut self, id: u32, opening: Opening<'_, '_>, fingerprint: u64, phase: Phase, now: Instant) -> Entry {
        let body = match opening {
            Opening::Generate(_) => Body::text(),
            Opening::Command(_) => Body::commands(),
        };
        let serial = self.next_serial;
        self.next_serial = serial.wrapping_add(1);
        Entry {
            id,
            serial,
            key: opening.key(),
            fingerprint,
            priority: opening.priority(),
            received: now,
            phase,
            reply: Reply::new(body, opening.window(), self.wait),
        }
    }

    /// Refuses a request. That is told like any other end, until the client has it; where there are too many, once.
    fn refuse(
        &mut self,
        id: u32,
        opening: Opening<'_, '_>,
        fingerprint: u64,
        code: ErrorCode,
        message: &str,
        now: Instant,
    ) -> Option<Action> {
        if self.entries.len() >= 2 * MAX_REQUESTS + MAX_KEPT {
            self.error(id, code, true, message);
            return None;
        }
        // The same frame once more is still refused.
        let mut entry = self.entry(id, opening, fingerprint, Phase::Ended { at: now, keep: false }, now);
        entry.end(End::Error(code, message.to_owned()), false, now);
        self.entries.push(entry);
        None
    }

    fn unknown(&mut self, id: u32) {
        self.error(id, ErrorCode::UnknownId, true, "there is no such request, or it has ended");
    }

    /// Forgets replies that are of no use any more: the client has them and cannot ask again, or they are too old or too many.
    fn tidy(&mut self, now: Instant) {
        for entry in &mut self.entries {
            if entry.reply.is_settled() {
                entry.id = 0;
            }
        }
        self.entries.retain(|entry| match entry.phase {
            Phase::Ended { at, keep } => {
                let active = entry.reply.active().map_or(at, |active| active.max(at));
                (keep || entry.id != 0) && now.saturating_duration_since(active) < KEEP
            }
            _ => true,
        });
        let kept = |entry: &&Entry| !entry.is_live() && entry.id == 0;
        let (mut count, mut text) = self.entries.iter().filter(kept).fold((0, 0), |(n, bytes), entry| (n + 1, bytes + entry.reply.len()));
        while (count > MAX_KEPT || text > MAX_KEPT_TEXT)
            && let Some(oldest) = self.entries.iter().position(|entry| kept(&entry))
        {
            text -= self.entries.remove(oldest).reply.len();
            count -= 1;
        }
    }
}
