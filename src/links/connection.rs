//! One connection: a thread that reads and a thread that writes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, SendTimeoutError, Sender, TrySendError};
use qwark_wire::{
    DELIMITER, Decoder, Done, ErrorCode, Frame, Generate, Hello, Loss, MAX_FRAME, ParseError, Pong, Reason, Sequence, SmallFrame, Text,
    ToRuntime, VERSION_MAX, VERSION_MIN,
};

use super::MAX_REQUESTS;
use super::assemble::{Assembler, Complete, Refusal};
use super::io::{Duplex, Half, TICK};
use super::reply::{self, ReplySender};
use super::request::{BadFrame, ClientId, Identity, LinkEvent, What};

/// Bytes read at once.
const READ_BUFFER: usize = 4096;

/// Bytes written at once: answers that wait are written together up to here.
const WRITE_BUFFER: usize = 4096;

/// How long, after the last byte was read, the last answers may take to arise and to leave.
const GRACE: Duration = Duration::from_secs(1);

/// What every connection of the runtime shares.
#[derive(Clone)]
pub(super) struct Context {
    pub(super) identity: Arc<Identity>,
    pub(super) events: Sender<LinkEvent>,
    pub(super) stop: Arc<AtomicBool>,
    pub(super) next_client: Arc<AtomicU64>,
}

impl Context {
    pub(super) fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// How often a client's queue is looked at that has no room.
const ROOM_TICK: Duration = Duration::from_millis(5);

/// The engine takes no more events, or the client is gone: the connection is of no use any more.
struct Over;

/// Serves one connection until its other end goes or the runtime stops.
pub(super) fn serve(link: Duplex, context: &Context, name: &str) {
    let (reply, waiting) = reply::queue();
    let gone = AtomicBool::new(false);
    let closing = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = thread::Builder::new().name("link writer".to_owned()).spawn_scoped(scope, || {
            write(&link.writer, &waiting, &gone, &closing);
        });
        if let Err(error) = writer {
            log::error!("{name}: cannot start a thread: {error}");
            return;
        }
        let mut session = Session::begin(context, reply, name, &gone);
        session.read(&link.reader);
        session.end();
        closing.store(true, Ordering::Relaxed);
    });
}

/// Writes what is queued, as much as there is at a time, until nobody can queue any more or the other end is gone.
fn write(link: &Half, waiting: &Receiver<SmallFrame>, gone: &AtomicBool, closing: &AtomicBool) {
    let mut buffer = Vec::with_capacity(WRITE_BUFFER + SmallFrame::new().capacity());
    let mut deadline = None;
    while !gone.load(Ordering::Relaxed) {
        if closing.load(Ordering::Relaxed) && Instant::now() > *deadline.get_or_insert_with(|| Instant::now() + GRACE) {
            return;
        }
        if buffer.is_empty() {
            match waiting.recv_timeout(TICK) {
                Ok(frame) => {
                    // The line was silent: whatever noise it picked up is a frame of its own now.
                    buffer.push(DELIMITER);
                    buffer.extend_from_slice(&frame);
                }
                Err(RecvTimeoutError::Timeout) => continue,
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
        while buffer.len() < WRITE_BUFFER {
            let Ok(frame) = waiting.try_recv() else { break };
            buffer.extend_from_slice(&frame);
        }
        match link.write(&buffer, TICK) {
            Ok(written) => drop(buffer.drain(..written.unwrap_or(0))),
            Err(error) => {
                log::debug!("cannot write to a client: {error}");
                gone.store(true, Ordering::Relaxed);
            }
        }
    }
}

/// The reading side of a connection: one client, from its Hello (or its first byte) to its next Hello or its end.
struct Session<'c> {
    context: &'c Context,
    name: &'c str,
    /// The other end takes no more.
    gone: &'c AtomicBool,
    client: ClientId,
    reply: ReplySender,
    assembler: Assembler,
    sequence: Sequence,
}

impl<'c> Session<'c> {
    fn begin(context: &'c Context, reply: ReplySender, name: &'c str, gone: &'c AtomicBool) -> Self {
        let client = ClientId(context.next_client.fetch_add(1, Ordering::Relaxed));
        let session = Session { context, name, gone, client, reply, assembler: Assembler::default(), sequence: Sequence::new() };
        let _ = session.deliver(What::Connected(session.reply.clone()));
        session
    }

    /// Ends the session; if its other end is gone, nobody can answer it any more.
    fn end(self) {
        if self.gone.load(Ordering::Relaxed) {
            self.reply.close();
        }
        let _ = self.deliver(What::Disconnected);
    }

    /// Reads until there is nothing more to read.
    fn read(&mut self, link: &Half) {
        let mut decoder = Decoder::<MAX_FRAME>::new();
        let mut buffer = vec![0; READ_BUFFER];
        while !self.over() {
            let count = match link.read(&mut buffer, TICK) {
                Ok(Some(0)) => {
                    self.gone.store(true, Ordering::Relaxed);
                    break;
                }
                Ok(count) => count.unwrap_or(0),
                Err(error) => {
                    log::debug!("{}: cannot read: {error}", self.name);
                    self.gone.store(true, Ordering::Relaxed);
                    break;
                }
            };
            let mut outcome = self.expire(Instant::now());
            for &byte in &buffer[..count] {
                outcome = outcome.and_then(|()| match decoder.push(byte) {
                    None => Ok(()),
                    Some(Ok(frame)) => self.frame(&frame),
                    Some(Err(loss)) => self.lost(loss),
                });
            }
            if outcome.is_err() {
                break;
            }
        }
        log::debug!("{}: {:?} ended: {:?}", self.name, self.client, decoder.counters());
    }

    fn lost(&self, loss: Loss) -> Result<(), Over> {
        self.report(loss.into())
    }

    fn frame(&mut self, frame: &Frame<'_>) -> Result<(), Over> {
        let (id, now) = (frame.id, Instant::now());
        let message = ToRuntime::parse(frame);
        if matches!(message, Ok(ToRuntime::Hello(_))) {
            self.sequence = Sequence::new();
        }
        let missing = self.sequence.note(frame.seq);
        if missing > 0 {
            log::debug!("{}: {missing} frames of {:?} never arrived", self.name, self.client);
        }
        match message {
            Ok(ToRuntime::Hello(hello)) => self.hello(&hello),
            Ok(ToRuntime::Ping(ping)) => {
                // A client that does not read its answers need not hear that the runtime lives.
                let _ = self.reply.send(0, &Pong { nonce: ping.nonce });
                Ok(())
            }
            Ok(ToRuntime::Generate(generate)) => {
                self.wait_for_room()?;
                let outcome = self.assembler.begin(id, &generate, now);
                self.request(id, outcome)
            }
            Ok(ToRuntime::Text(piece)) => {
                let outcome = self.assembler.piece(id, &piece, now);
                self.request(id, outcome)
            }
            Ok(ToRuntime::Cancel(_)) if self.assembler.cancel(id) => {
                let _ = self.reply.send(id, &CANCELLED_UNSEEN);
                Ok(())
            }
            Ok(ToRuntime::Cancel(_)) => self.deliver(What::Cancel { id }),
            Err(error) => self.refused(frame, error),
        }
    }

    /// Ends what the client was before, says who the runtime is, and begins anew.
    fn hello(&mut self, hello: &Hello<'_>) -> Result<(), Over> {
        self.deliver(What::Disconnected)?;
        *self = Session { sequence: self.sequence, ..Session::begin(self.context, self.reply.next_session(), self.name, self.gone) };
        log::info!("{}: {:?} is {:?}", self.name, self.client, hello.name.get());
        let _ = self.reply.send(0, &self.context.identity.message());
        if hello.version_max < VERSION_MIN || hello.version_min > VERSION_MAX {
            self.error(0, ErrorCode::Unsupported, false, "no protocol version in common");
        }
        Ok(())
    }

    /// Hands a request on if it is complete; tells the client if it is refused.
    fn request(&self, id: u32, outcome: Result<Option<Complete>, Refusal>) -> Result<(), Over> {
        match outcome {
            Ok(None) => {}
            Ok(Some(_)) if self.reply.holding() >= MAX_REQUESTS => {
                let ends = !self.reply.holds(id);
                self.error(id, ErrorCode::Busy, ends, &format!("{MAX_REQUESTS} requests of this client are waiting"));
            }
            Ok(Some(Complete { request, received })) => {
                self.reply.hold(id);
                self.deliver(What::Generate { id, request, received })?;
            }
            Err(refusal) => {
                let ends = refusal != Refusal::Unknown && !self.reply.holds(id);
                self.error(id, refusal.code(), ends, &refusal.to_string());
            }
        }
        Ok(())
    }

    /// Answers a frame that is not understood, unless it goes the other way: two ends that answer each other's errors
    /// would never stop.
    fn refused(&mut self, frame: &Frame<'_>, error: ParseError) -> Result<(), Over> {
        if !matches!(error, ParseError::Direction(_)) {
            self.wait_for_room()?;
            // A frame that is about another matter ends no request, and what the engine works on goes on.
            let about_text = [Generate::KIND, Text::KIND].contains(&frame.kind);
            let dropped = about_text && self.assembler.cancel(frame.id);
            let ends = (dropped || frame.kind == Generate::KIND) && !self.reply.holds(frame.id);
            self.error(frame.id, error.into(), ends, &error.to_string());
        }
        self.report(BadFrame::Refused(error))
    }

    /// Tells the client about requests whose text stopped coming.
    fn expire(&mut self, now: Instant) -> Result<(), Over> {
        while let Some((id, refusal)) = self.assembler.expire(now) {
            self.request(id, Err(refusal))?;
        }
        Ok(())
    }

    /// Waits until the client has taken most of what it was told: one that only asks and does not read is not listened to, so
    /// that it can be told of everything that it asked.
    fn wait_for_room(&self) -> Result<(), Over> {
        while !self.reply.has_room() {
            if self.over() {
                return Err(Over);
            }
            thread::sleep(ROOM_TICK);
        }
        Ok(())
    }

    /// Whether there is no sense in reading on.
    fn over(&self) -> bool {
        self.context.stopping() || self.gone.load(Ordering::Relaxed)
    }

    fn error(&self, id: u32, code: ErrorCode, ends: bool, message: &str) {
        if let Err(error) = self.reply.refuse(id, code, ends, message) {
            log::debug!("{}: cannot tell {:?} that {message}: {error}", self.name, self.client);
        }
    }

    /// Tells the engine of a bad frame if it has room to spare: noise must not take the place of other clients' requests.
    fn report(&self, fault: BadFrame) -> Result<(), Over> {
        let events = &self.context.events;
        if events.capacity().is_some_and(|capacity| events.len() >= capacity / 2) {
            return Ok(());
        }
        match events.try_send(LinkEvent { client: self.client, what: What::BadFrame(fault) }) {
            Err(TrySendError::Disconnected(_)) => Err(Over),
            Ok(()) | Err(TrySendError::Full(_)) => Ok(()),
        }
    }

    /// Hands an event to the engine that it must not miss, however long that takes; unless the runtime stops.
    fn deliver(&self, what: What) -> Result<(), Over> {
        let mut event = LinkEvent { client: self.client, what };
        loop {
            match self.context.events.send_timeout(event, TICK) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Timeout(back)) if !self.context.stopping() => event = back,
                Err(_) => return Err(Over),
            }
        }
    }
}

/// The answer to a Cancel of a request that never got as far as the engine.
const CANCELLED_UNSEEN: Done = Done {
    reason: Reason::Cancelled,
    prompt_tokens: 0,
    output_tokens: 0,
    text_len: 0,
    queue_us: 0,
    prefill_us: 0,
    first_token_us: 0,
    total_us: 0,
};
