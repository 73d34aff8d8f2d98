//! The thread that reads a connection: frames to the session and the engine. It waits for neither, so that it hears an emergency
//! stop whatever else goes on.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::TrySendError;
use qwark_wire::{
    Ack, CRC, Cancel, Command, Decoder, EStop, ErrorCode, Frame, Generate, Hello, Loss, MAX_FRAME, ParseError, Ping, Pong, Resend,
    SafetyState, Sequence, ToRuntime, VERSION_MAX, VERSION_MIN,
};

use super::commands;
use super::connection::{Context, Over, Terms, random};
use super::handle::{SessionCell, SessionHandle, count};
use super::io::{Half, TICK};
use super::line::{Line, Sealed, patience};
use super::request::{ClientId, LinkEvent, What};
use crate::scheduler::Safety;
use crate::session::{Action, Asked, Control as Frames, End};

/// Bytes read at once.
const READ_BUFFER: usize = 4096;

/// Bytes of frames that may wait because their client does not read what it is answered; those behind are dropped.
const MAX_HELD: usize = 256 * 1024;

/// Events that may wait for the engine before no further session is begun on this line.
const MAX_UNDELIVERED: usize = 64;

/// How often a client that does not read is looked at.
const ROOM_TICK: Duration = Duration::from_millis(5);

/// How long a client that is one too many is heard.
const ONLY_STOP: Duration = Duration::from_secs(2);

/// What a Hello said, until it counts.
#[derive(Clone, Debug)]
struct Greeting {
    number: u64,
    heartbeat_ms: u16,
    name: String,
}

/// The reading side of a connection.
pub(super) struct Reader<'c> {
    context: &'c Context,
    terms: &'c Terms<'c>,
    line: &'c Arc<Line>,
    session: Option<Arc<SessionCell>>,
    /// The last Hello, where a sealed frame has to confirm it.
    greeting: Option<Greeting>,
    /// The nonces of the last Hello and of the Identify that answered it.
    nonces: Option<(u64, u64)>,
    sequence: Sequence,
    /// Frames of a client that asks on without reading its answers, in order. An emergency stop does not wait among them.
    held: VecDeque<Held>,
    held_bytes: usize,
    /// Events for which the engine had no room. This thread never waits for it: an emergency stop may come next.
    undelivered: VecDeque<LinkEvent>,
}

/// A frame that waits. Its number and its seal were looked at when it arrived.
struct Held {
    arrived: Instant,
    sealed: Sealed,
    bytes: Box<[u8]>,
}

impl Held {
    fn frame(&self) -> Option<Frame<'_>> {
        Frame::parse(&self.bytes[..self.bytes.len() - CRC])
    }
}

impl Drop for Reader<'_> {
    /// The session waits for its client, if that has a number; else it ends.
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            if session.number == 0 {
                let _ = self.end(&session);
            } else if session.detach(self.line, Instant::now()) {
                log::info!("{}: {:?} has lost its link", self.terms.name, session.client);
            }
        }
        for event in self.undelivered.drain(..) {
            let _ = self.context.deliver(event);
        }
    }
}

impl<'c> Reader<'c> {
    pub fn new(context: &'c Context, terms: &'c Terms<'c>, line: &'c Arc<Line>) -> Self {
        Reader {
            context,
            terms,
            line,
            session: None,
            greeting: None,
            nonces: None,
            sequence: Sequence::new(),
            held: VecDeque::new(),
            held_bytes: 0,
            undelivered: VecDeque::new(),
        }
    }

    /// Reads until there is nothing more to read.
    pub fn run(mut self, link: &Half) {
        if self.terms.exclusive {
            // Whoever is there learns at once that this is another runtime than before.
            self.identify(0, None);
        }
        let end = self.terms.only_stop.then(|| Instant::now() + ONLY_STOP);
        let mut decoder = Box::new(Decoder::<MAX_FRAME>::new());
        let mut buffer = vec![0; READ_BUFFER];
        let mut next_expiry = Instant::now() + TICK;
        while !self.context.stopping() && !self.line.is_gone() && end.is_none_or(|end| Instant::now() < end) {
            if self.catch_up().is_err() {
                return;
            }
            let waiting = !self.held.is_empty() || !self.undelivered.is_empty();
            let count = match link.read(&mut buffer, if waiting { ROOM_TICK } else { TICK }) {
                Ok(Some(0)) => {
                    self.line.close();
                    break;
                }
                Ok(count) => count.unwrap_or(0),
                Err(error) => {
                    log::debug!("{}: cannot read: {error}", self.terms.name);
                    self.line.close();
                    break;
                }
            };
            let now = Instant::now();
            if now >= next_expiry {
                next_expiry = now + TICK;
                self.expire(now);
            }
            for &byte in &buffer[..count] {
                let outcome = match decoder.push(byte) {
                    None => continue,
                    Some(Err(loss)) => self.lost(loss),
                    Some(Ok(_)) => self.crossed(decoder.last_frame(), now),
                };
                if outcome.is_err() {
                    return;
                }
            }
        }
        log::debug!("{}: connection {} ended: {:?}", self.terms.name, self.line.number, decoder.counters());
    }

    fn lost(&self, loss: Loss) -> Result<(), Over> {
        log::debug!("{}: {loss}", self.terms.name);
        count(&self.line.lost, 1);
        Ok(())
    }

    /// A good frame has arrived.
    fn crossed(&mut self, bytes: &[u8], arrived: Instant) -> Result<(), Over> {
        let Some(frame) = bytes.len().checked_sub(CRC).and_then(|len| Frame::parse(&bytes[..len])) else { return Ok(()) };
        // Latched before anything else is looked at.
        let stopped = (frame.kind == EStop::KIND).then(|| self.stop());
        let sealed = self.arrived(&frame)?;
        // Before anything is said about it, and after the session began that it may begin.
        if self.context.tap.is_open() {
            let client = self.session.as_ref().map_or(0, |session| session.client.0);
            self.context.tap.frame(self.line.number, client, false, bytes);
        }
        if let Some(safety) = stopped {
            log::warn!("{}: emergency stop {}", self.terms.name, safety.stop);
            return Ok(());
        }
        if self.terms.only_stop {
            self.line.error(frame.id, ErrorCode::Busy, true, "too many clients are connected: only an emergency stop is heard");
            return Ok(());
        }
        if sealed == Sealed::Repeated && ![Hello::KIND, Ping::KIND].contains(&frame.kind) {
            count(&self.line.lost, 1);
            return Ok(());
        }
        if frame.kind == Cancel::KIND && sealed != Sealed::No {
            // What it cancels must not come after it.
            self.held.retain(|held| held.frame().is_none_or(|held| held.id != frame.id));
            self.held_bytes = self.held.iter().map(|held| held.bytes.len()).sum();
        }
        // What makes room, needs none, or comes from a client that begins anew and has nothing to acknowledge.
        let at_once = [Ack::KIND, Resend::KIND, Ping::KIND, Cancel::KIND, Hello::KIND].contains(&frame.kind);
        if at_once || (self.held.is_empty() && self.has_room()) {
            return self.frame(&frame, sealed, arrived);
        }
        if self.held_bytes + bytes.len() > MAX_HELD {
            // As if the line had lost it: its client sends it again. An emergency stop behind it is heard.
            count(&self.line.lost, 1);
            return Ok(());
        }
        self.held_bytes += bytes.len();
        self.held.push_back(Held { arrived, sealed, bytes: bytes.into() });
        Ok(())
    }

    /// What counts in the order in which frames arrive, whether or not they are held then: their numbers and their seals.
    fn arrived(&mut self, frame: &Frame<'_>) -> Result<Sealed, Over> {
        if let Err(ParseError::Direction(_)) = ToRuntime::parse(frame) {
            // An echo has the runtime's numbers.
            return Ok(Sealed::No);
        }
        if frame.kind == Hello::KIND {
            self.sequence = Sequence::new();
        }
        count(&self.line.lost, self.sequence.note(frame.seq).into());
        let sealed = self.line.check_seal(frame);
        if sealed == Sealed::Begins
            && let Some(greeting) = self.greeting.take()
        {
            self.begin(&greeting)?;
        }
        Ok(sealed)
    }

    /// Whether the client reads what it is answered, and the engine keeps up with it.
    fn has_room(&self) -> bool {
        self.undelivered.is_empty() && self.line.takes_frames()
    }

    /// Takes the frames that were held, as far as there is room.
    fn catch_up(&mut self) -> Result<(), Over> {
        self.flush()?;
        while self.has_room()
            && let Some(held) = self.held.pop_front()
        {
            self.held_bytes -= held.bytes.len();
            if let Some(frame) = held.frame() {
                self.frame(&frame, held.sealed, held.arrived)?;
            }
        }
        Ok(())
    }

    /// Hands an event to the engine, as soon as that has room for it.
    fn deliver(&mut self, client: ClientId, what: What) -> Result<(), Over> {
        self.undelivered.push_back(LinkEvent { client, what });
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Over> {
        while let Some(event) = self.undelivered.pop_front() {
            match self.context.events.try_send(event) {
                Ok(()) => {}
                Err(TrySendError::Full(event)) => {
                    self.undelivered.push_front(event);
                    break;
                }
                Err(TrySendError::Disconnected(_)) => return Err(Over),
            }
        }
        Ok(())
    }

    fn frame(&mut self, frame: &Frame<'_>, sealed: Sealed, arrived: Instant) -> Result<(), Over> {
        let message = ToRuntime::parse(frame);
        match message {
            Ok(ToRuntime::Hello(hello)) => self.hello(&hello),
            Ok(ToRuntime::Ping(ping)) => {
                self.line.send(0, Frames::Pong(Pong { nonce: ping.nonce }));
                Ok(())
            }
            // An echo, most likely: two ends that answer each other's errors would never stop.
            Err(error @ ParseError::Direction(_)) => {
                log::debug!("{}: {error}", self.terms.name);
                count(&self.line.lost, 1);
                Ok(())
            }
            _ if sealed == Sealed::No => {
                count(&self.line.lost, 1);
                self.line.send(frame.id, Frames::Unsealed);
                Ok(())
            }
            Err(error) => {
                let begins = [Generate::KIND, Command::KIND].contains(&frame.kind);
                match &self.session {
                    Some(session) => session.lock().bad_frame(frame.id, begins, error.into(), &error.to_string()),
                    None if frame.kind == Hello::KIND => self.line.error(frame.id, error.into(), false, &error.to_string()),
                    None => self.no_session(frame.id),
                }
                self.line.wake();
                Ok(())
            }
            Ok(message) => match self.session.clone() {
                Some(session) => self.request(&session, frame, &message, arrived),
                None => {
                    self.no_session(frame.id);
                    Ok(())
                }
            },
        }
    }

    fn no_session(&self, id: u32) {
        self.line.error(id, ErrorCode::NoSession, false, "say Hello first");
    }

    /// A message of a session. Its time is that of its arrival, however long it was held: what was asked before an emergency stop
    /// stays so.
    fn request(&mut self, session: &Arc<SessionCell>, frame: &Frame<'_>, message: &ToRuntime<'_>, now: Instant) -> Result<(), Over> {
        let (id, client) = (frame.id, session.client);
        let action = match message {
            ToRuntime::Reset(reset) => return self.advance(session, Safety::reset, reset.stop, What::Reset { stop: reset.stop }),
            ToRuntime::Arm(arm) => return self.advance(session, Safety::armed, arm.stop, What::Arm { stop: arm.stop }),
            ToRuntime::Monitor(monitor) => {
                if self.terms.may_monitor || !monitor.on {
                    self.line.monitor(monitor.on);
                } else {
                    self.line.error(0, ErrorCode::Denied, false, "only the runtime's own user may watch, over a Unix socket");
                }
                None
            }
            ToRuntime::UploadBegin(_) | ToRuntime::UploadData(_) | ToRuntime::UploadList(_) | ToRuntime::UploadDelete(_) => {
                let answer = self.context.uploads.answer(session, id, message, now);
                session.lock().answer(id, answer);
                None
            }
            about => {
                let refusal = self.refusal(about);
                let refusal = refusal.as_ref().map(|(code, message)| (*code, &**message));
                session.lock().take(id, about, frame.payload, refusal, now)
            }
        };
        self.line.wake();
        match action {
            None => Ok(()),
            Some(Action::Submit { serial, asked, received }) => self.submit(session, serial, *asked, received, now),
            Some(Action::Cancel { serial }) => {
                self.deliver(client, What::Cancel { serial })?;
                // After the event: the engine looks for it when the step ends.
                self.context.control.interrupt();
                Ok(())
            }
        }
    }

    /// Hands a request to the engine, with the grammar that it names.
    fn submit(&mut self, session: &SessionCell, serial: u32, asked: Asked, received: Instant, now: Instant) -> Result<(), Over> {
        let request = match asked {
            Asked::Text(request) => request,
            Asked::Commands(sentence) => {
                return self.deliver(session.client, What::Command { serial, sentence: Box::new(sentence), received });
            }
        };
        let named = request.grammar.map(|(form, sha256)| self.context.uploads.grammar(session, form, &sha256, now));
        let grammar = match named.transpose() {
            Ok(grammar) => grammar,
            Err(fault) => {
                session.lock().end(serial, End::Error(ErrorCode::Parameter, fault.to_string()), now);
                self.line.wake();
                return Ok(());
            }
        };
        self.deliver(session.client, What::Generate { serial, request: Box::new(request), grammar, received })
    }

    /// A Reset or an Arm. One that changes nothing is answered here: a flood of them must not take the engine's time.
    fn advance(&mut self, session: &SessionCell, next: fn(Safety, u32) -> Safety, stop: u32, what: What) -> Result<(), Over> {
        let safety = self.context.control.safety();
        if next(safety, stop) != safety {
            return self.deliver(session.client, what);
        }
        session.lock().answer(0, Frames::Safety(safety.into()));
        self.line.wake();
        Ok(())
    }

    /// Why what `message` asks cannot be taken, if it cannot. About the safety state the engine asks again: this spares the way to it.
    fn refusal(&self, message: &ToRuntime<'_>) -> Option<(ErrorCode, Cow<'static, str>)> {
        match (self.context.control.safety().state, message) {
            (SafetyState::Stopped, _) => Some((ErrorCode::Stopped, "an emergency stop is latched: Reset it, then Arm".into())),
            (SafetyState::Disarmed, _) => Some((ErrorCode::Disarmed, "the runtime is disarmed after an emergency stop: Arm it".into())),
            (_, ToRuntime::Command(command)) => {
                let (code, message) = commands::refusal(self.context.identity.commands.as_deref(), command)?;
                Some((code, message.into()))
            }
            _ => None,
        }
    }

    /// Emergency stop: latched here.
    fn stop(&self) -> Safety {
        let before = self.context.control.safety();
        let safety = self.context.control.stop();
        let told = Frames::Safety(safety.into());
        if safety == before {
            // Whoever latched it tells the others: one that is sent over and over must not fill their lines.
            self.line.send(0, told);
        } else {
            self.context.registry.tell_all(self.line, &told);
            self.context.registry.stop_all(Instant::now());
        }
        safety
    }

    /// Says who the runtime is. The session begins now, or with the first sealed frame where there is a key.
    fn hello(&mut self, hello: &Hello<'_>) -> Result<(), Over> {
        let greeting = Greeting { number: hello.client, heartbeat_ms: hello.heartbeat_ms, name: hello.name.get().to_owned() };
        let known = self.context.registry.find(hello.client, self.terms.key).map(|session| session.lock().kept());
        // One that the line repeated, or somebody without the key, begins nothing.
        let is_new = self.nonces.is_none_or(|(nonce, _)| nonce != hello.nonce);
        let goes_on = self.session.as_ref().is_some_and(|session| session.number == hello.client && hello.client != 0);
        if is_new && !goes_on && self.undelivered.len() >= MAX_UNDELIVERED {
            // As if the line had lost it: its client says it again.
            count(&self.line.lost, 1);
            return Ok(());
        }
        if is_new && self.line.has_key() {
            self.greeting = Some(greeting);
        } else if is_new {
            self.begin(&greeting)?;
        }
        self.identify(known.unwrap_or(0), Some(hello));
        if hello.version_max < VERSION_MIN || hello.version_min > VERSION_MAX {
            self.line.error(0, ErrorCode::Unsupported, false, "no protocol version in common");
        }
        Ok(())
    }

    /// Answers `hello`, if it is one that asks.
    fn identify(&mut self, kept: usize, hello: Option<&Hello<'_>>) {
        let nonce = match (hello, self.nonces) {
            // The line repeated the Hello: two answers that differ would leave the ends with two sessions.
            (Some(again), Some((known, nonce))) if again.nonce == known => nonce,
            (Some(hello), _) => {
                let nonce = random();
                self.line.begin_seals(hello.client, hello.nonce, nonce);
                self.nonces = Some((hello.nonce, nonce));
                nonce
            }
            (None, _) => random(),
        };
        let client_nonce = hello.map_or(0, |hello| hello.nonce);
        let identity = self.context.identity.identify(kept, client_nonce, nonce, self.context.control.safety(), self.line.has_key());
        self.line.send(0, Frames::Identify(Box::new(identity)));
    }

    /// The client that said Hello is there, anew or again.
    fn begin(&mut self, greeting: &Greeting) -> Result<(), Over> {
        let (context, now) = (self.context, Instant::now());
        if let Some(before) = self.session.take_if(|before| before.number != greeting.number || before.number == 0) {
            self.end(&before)?;
        }
        // What its client asked before and was not answered, it asks again.
        self.held.clear();
        self.held_bytes = 0;
        let wait = patience(self.terms.baud);
        let new = || {
            let client = ClientId(context.next_client.fetch_add(1, Ordering::Relaxed));
            SessionCell::new(client, greeting.number, self.terms.key, wait, now)
        };
        let (session, other) =
            context.registry.claim(greeting.number, self.terms.key, new, |session| session.attach(self.line, greeting.heartbeat_ms, now));
        if let Some(other) = other {
            // Before the session begins again: what that line takes from it now reaches nobody.
            other.carry(None);
            other.close();
        }
        let is_new = session.lock().begin(wait);
        self.line.monitor(false);
        self.line.carry(Some(Arc::clone(&session)));
        log::info!("{}: {:?} is {:?}", self.terms.name, session.client, greeting.name);
        self.session = Some(Arc::clone(&session));
        if is_new { self.deliver(session.client, What::Connected(SessionHandle(session))) } else { Ok(()) }
    }

    /// The session's client is gone for good; unless it is there on another line by now.
    fn end(&mut self, session: &Arc<SessionCell>) -> Result<(), Over> {
        self.line.carry(None);
        if !self.context.registry.release(session, self.line, Instant::now()) {
            return Ok(());
        }
        self.context.uploads.forget(session);
        self.deliver(session.client, What::Disconnected)
    }

    /// Ends what came too late, here and of clients that did not come back.
    fn expire(&self, now: Instant) {
        if let Some(session) = &self.session {
            session.lock().expire(now);
        }
        self.context.uploads.expire(now);
        self.context.end_expired();
    }
}
