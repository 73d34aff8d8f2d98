//! What a frame from the runtime changes.

use super::Event;
use super::answer::Astray;
use super::asked::Asked;
use super::machine::{Known, Machine, State};
use super::slot::Task;
use crate::{
    Accepted, CommandReply, Done, Error, ErrorCode, Frame, FromRuntime, Identify, Safety, Sequence, Token, Upload, UploadState,
    VERSION_MAX, VERSION_MIN,
};

impl<B: AsRef<[u8]>, const REQUESTS: usize> Machine<B, REQUESTS> {
    /// Takes a good frame.
    pub(super) fn frame<'f>(&mut self, frame: &Frame<'f>, now: u64) -> Option<Event<'f>> {
        let Ok(message) = FromRuntime::parse(frame) else {
            self.losses.refused = self.losses.refused.saturating_add(1);
            return None;
        };
        // In a session, the runtime seals what it says about a stop too.
        let unsealed_stop = self.state == State::Open && frame.seal.is_none() && matches!(message, FromRuntime::Safety(_));
        let doubted = unsealed_stop && self.writer.guard.is_keyed();
        if doubted || !self.writer.guard.believes(frame, &message, self.nonce) {
            self.losses.refused = self.losses.refused.saturating_add(1);
            if self.is_strange(&message) {
                self.lose(now);
            }
            return None;
        }
        self.losses.missing = self.losses.missing.saturating_add(self.arrived.note(frame.seq).into());
        self.heard(now);
        if self.state == State::Open && !matches!(message, FromRuntime::Identify(_)) {
            self.nonce = None;
        }
        match message {
            FromRuntime::Identify(identify) => self.identify(identify, now),
            // What the program did not ask it need not hear.
            FromRuntime::Pong(pong) if self.confirmed && Some(pong.nonce) == self.confirm => {
                self.confirm = None;
                None
            }
            FromRuntime::Pong(pong) => Some(Event::Pong { nonce: pong.nonce }),
            FromRuntime::Safety(safety) if self.writer.guard.is_keyed() && frame.seal.is_none() => {
                self.control.confirm(safety).then_some(Event::Safety(safety))
            }
            FromRuntime::Safety(safety) => {
                if self.state == State::Open && self.control.is_doubtful(safety) {
                    self.lose(now);
                }
                self.control.note(safety).then_some(Event::Safety(safety))
            }
            FromRuntime::Heartbeat(heartbeat) => Some(Event::Heartbeat(heartbeat)),
            FromRuntime::Mirror(mirror) => Some(Event::Mirror(mirror)),
            FromRuntime::Error(error) if error.code == ErrorCode::NoSession => {
                if self.state == State::Open {
                    self.lose(now);
                }
                None
            }
            FromRuntime::Error(error) => self.error(frame.id, &error, now),
            FromRuntime::Accepted(accepted) => self.accepted(frame.id, accepted, now),
            FromRuntime::Token(token) => self.token(frame.id, &token, now),
            FromRuntime::CommandReply(reply) => self.command(frame.id, &reply, now),
            FromRuntime::Done(done) => {
                self.done(frame.id, done, now);
                None
            }
            FromRuntime::Upload(upload) => self.upload(frame.id, upload, now),
            FromRuntime::UploadItem(item) => {
                let index = self.taken(frame.id, now).filter(|index| matches!(self.slots[*index].task, Task::List { .. }))?;
                self.end(index, false);
                Some(Event::UploadItem { id: frame.id, item })
            }
        }
    }

    /// Whether a frame without a seal that holds may come from a runtime that knows nothing of this session. To say Hello then costs
    /// little, whoever sent it.
    fn is_strange(&self, message: &FromRuntime<'_>) -> bool {
        self.state == State::Open
            && match message {
                FromRuntime::Identify(identify) => self.is_another_boot(identify),
                FromRuntime::Error(error) => matches!(error.code, ErrorCode::NoSession | ErrorCode::Denied),
                FromRuntime::Safety(_) => self.control.estop_wake() != u64::MAX,
                _ => false,
            }
    }

    fn is_another_boot(&self, identify: &Identify<'_>) -> bool {
        self.known.is_some_and(|known| known.boot_id != identify.boot_id)
    }

    fn identify<'f>(&mut self, identify: Identify<'f>, now: u64) -> Option<Event<'f>> {
        let restarted = self.is_another_boot(&identify);
        if self.nonce != Some(identify.client_nonce) {
            if restarted && self.state != State::Seeking {
                self.lose(now);
            }
            return None;
        }
        // A Hello that the line repeated is answered twice, and then the second answer begins the session that the runtime's seals have:
        // it may come until there is another frame of this one.
        self.nonce.take_if(|_| !self.writer.guard.is_keyed());
        let (before, waited) = (self.control.known(), self.control.waits());
        if restarted {
            self.arrived = Sequence::new();
            self.control.forget();
        }
        self.known = Some(Known::from(&identify));
        let safety = Safety { state: identify.safety, stop: identify.stop };
        self.control.note(safety);
        // Of a first Identify, all is news, and the program is told of it as a whole.
        if waited || before.is_some_and(|before| before != safety) {
            self.safety_news = Some(safety);
        }
        let Identify { version_min, version_max, .. } = identify;
        if version_min > VERSION_MAX || version_max < VERSION_MIN {
            self.state = State::Incompatible;
            return Some(Event::Incompatible { version_min, version_max });
        }
        self.state = State::Open;
        self.losses.sessions = self.losses.sessions.saturating_add(1);
        self.confirm = self.writer.guard.is_keyed().then(|| self.nonces.draw() as u32);
        self.confirmed = false;
        self.resume(now);
        Some(Event::Connected { identify, restarted })
    }

    /// The place of request `id` in the table, if this client has asked it. Whatever is said about it shows that the runtime has it.
    fn find(&mut self, id: u32, now: u64) -> Option<usize> {
        let index = self.slots.iter().position(|slot| slot.id == id && slot.asked)?;
        self.slots[index].unanswered = false;
        self.slots[index].heard_at = now;
        Some(index)
    }

    /// The same, where what is said shows that the runtime has taken the request.
    fn taken(&mut self, id: u32, now: u64) -> Option<usize> {
        let index = self.find(id, now)?;
        self.slots[index].taken = true;
        Some(index)
    }

    fn error<'f>(&mut self, id: u32, error: &Error<'f>, now: u64) -> Option<Event<'f>> {
        let Error { code, ends, message } = *error;
        let event = |ends| Event::Error { id, code, ends, message: message.get() };
        if id == 0 {
            return Some(event(ends));
        }
        let Some(index) = self.find(id, now) else {
            // Of a request that the runtime does not have, it need not be told anything.
            if ends && self.known.is_some() && code != ErrorCode::UnknownId {
                self.tell_ended(id, 0);
            }
            return None;
        };
        // Before anything else was said about it, it is the request itself that was refused.
        let tell = ends;
        let ends = ends || !self.slots[index].taken;
        if ends {
            // A Cancel that crossed the Done on the way: that counts.
            if let (ErrorCode::UnknownId, Task::Answer { answer, .. }) = (code, &self.slots[index].task)
                && answer.has_end()
            {
                return None;
            }
            self.end(index, tell);
        }
        Some(event(ends))
    }

    fn accepted(&mut self, id: u32, accepted: Accepted, now: u64) -> Option<Event<'static>> {
        let index = self.taken(id, now)?;
        let Task::Answer { sending, .. } = &mut self.slots[index].task else { return None };
        let before = sending.is_complete();
        sending.acknowledge(accepted.received, accepted.window, now, &self.writer.line);
        (!before && sending.is_complete()).then_some(Event::Accepted { id })
    }

    fn token<'f>(&mut self, id: u32, token: &Token<'f>, now: u64) -> Option<Event<'f>> {
        let index = self.taken(id, now)?;
        let Task::Answer { asked: Asked::Question(_), sending, answer, .. } = &mut self.slots[index].task else { return None };
        sending.complete();
        let (offset, text) = answer.text(token.offset, token.text.get(), now, &self.writer.line)?;
        Some(Event::Token { id, offset, text })
    }

    fn command<'f>(&mut self, id: u32, reply: &CommandReply<'f>, now: u64) -> Option<Event<'f>> {
        let index = self.taken(id, now)?;
        let Task::Answer { asked: Asked::Sentence(_), sending, answer, .. } = &mut self.slots[index].task else { return None };
        sending.complete();
        match answer.command(reply.offset, reply.data.len(), now, &self.writer.line) {
            Ok(offset) => Some(Event::Command { id, offset: offset?, bytes: reply.data.get() }),
            Err(Astray) => {
                self.end(index, true);
                let message = "the runtime has restarted, and its commands are not those of before";
                Some(Event::Error { id, code: ErrorCode::Integrity, ends: true, message })
            }
        }
    }

    /// The end is reported by [`Machine::poll`], as it may come before the last of the text.
    fn done(&mut self, id: u32, done: Done, now: u64) {
        match self.taken(id, now).map(|index| &mut self.slots[index].task) {
            Some(Task::Answer { sending, answer, cancel, .. }) => {
                sending.complete();
                *cancel = None;
                answer.end(done, now, &self.writer.line);
            }
            Some(_) => {}
            None if self.known.is_some() => self.tell_ended(id, done.text_len),
            None => {}
        }
    }

    fn upload(&mut self, id: u32, upload: Upload, now: u64) -> Option<Event<'static>> {
        let index = self.taken(id, now)?;
        let ends = match &mut self.slots[index].task {
            Task::Upload { sending, .. } => {
                sending.acknowledge(upload.received, upload.window, now, &self.writer.line);
                upload.state == UploadState::Stored
            }
            Task::Delete { .. } => true,
            Task::Answer { .. } | Task::List { .. } => return None,
        };
        if ends {
            self.end(index, false);
        }
        Some(Event::Upload { id, upload })
    }
}
