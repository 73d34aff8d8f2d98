//! What the reader and the writer of one connection share: the frames that are to be sent, and how they are sealed.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, bounded};
use qwark_wire::{
    DELIMITER, Decoder, ErrorCode, Frame, FromRuntime, Identify, Key, Message, SMALL_FRAME, Seals, Session as Salt, Side, max_encoded,
};

use super::handle::SessionCell;
use super::lock;
use super::tap::{Mirror, Tap};
use crate::session::{Control, Controls};

/// One connection, seen from both of its threads.
pub(super) struct Line {
    /// Counted from 1 since the runtime started.
    pub number: u32,
    /// The other end is gone, or has no business here any more.
    gone: AtomicBool,
    /// Frames that arrived damaged or never.
    pub lost: AtomicU32,
    outbox: Mutex<Outbox>,
    wake: Sender<()>,
    tap: Arc<Tap>,
}

/// What waits for the line.
struct Outbox {
    controls: Controls,
    session: Option<Arc<SessionCell>>,
    mirror: Mirror,
    /// The next frame's number.
    seq: u16,
    seals: Option<Sealing>,
    /// Takes sent frames apart again for whoever watches.
    watcher: Box<Decoder<SMALL_FRAME>>,
}

/// Seals of a link that has a key.
struct Sealing {
    key: Key,
    /// Of the session that goes on.
    active: Option<Seals>,
    /// Of the one that a Hello began, and no sealed frame has confirmed.
    pending: Option<Seals>,
}

/// What a received frame's seal says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sealed {
    /// The link has no key, or the seal holds in the session that goes on.
    Yes,
    /// It holds in the session that the last Hello began: that one goes on from here.
    Begins,
    /// It holds, but in a frame that came before: the line repeated it, or brought it late.
    Repeated,
    /// There is none that holds.
    No,
}

impl Line {
    /// A line with nothing to send, and the signal that its writer waits for.
    pub fn new(number: u32, key: Option<Key>, tap: Arc<Tap>) -> (Arc<Line>, Receiver<()>) {
        let (wake, woken) = bounded(1);
        let outbox = Outbox {
            controls: Controls::default(),
            session: None,
            mirror: Mirror::default(),
            seq: 0,
            seals: key.map(|key| Sealing { key, active: None, pending: None }),
            watcher: Box::new(Decoder::new()),
        };
        (Arc::new(Line { number, gone: AtomicBool::new(false), lost: AtomicU32::new(0), outbox: Mutex::new(outbox), wake, tap }), woken)
    }

    /// Sends `control` before everything else.
    pub fn send(&self, id: u32, control: Control) {
        self.lock().controls.push(id, control);
        self.wake();
    }

    /// Sends an error that is about no request.
    pub fn error(&self, id: u32, code: ErrorCode, ends: bool, message: &str) {
        self.send(id, Control::Error { code, ends, message: message.to_owned() });
    }

    /// There may be something to send.
    pub fn wake(&self) {
        // A signal that waits already is as good.
        let _ = self.wake.try_send(());
    }

    /// Ends the connection.
    pub fn close(&self) {
        self.gone.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Whether the connection is over.
    pub fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Relaxed)
    }

    /// Whether the client reads what its frames are answered with.
    pub fn takes_frames(&self) -> bool {
        let outbox = self.lock();
        outbox.controls.has_room() && outbox.session.as_ref().is_none_or(|session| session.lock().takes_frames())
    }

    /// From now on, `session` is what this line carries.
    pub fn carry(&self, session: Option<Arc<SessionCell>>) {
        self.lock().session = session;
        self.wake();
    }

    /// What this line carries.
    pub fn session(&self) -> Option<Arc<SessionCell>> {
        self.lock().session.clone()
    }

    /// Begins or ends the copying of all frames to this client.
    pub fn monitor(&self, on: bool) {
        self.lock().mirror.set(on, self.number, &self.tap, &self.wake);
    }

    /// A client's number and nonce and the runtime's nonce begin a session, which a sealed frame is to confirm.
    pub fn begin_seals(&self, client: u64, client_nonce: u64, runtime_nonce: u64) {
        if let Some(sealing) = &mut self.lock().seals {
            let salt = Salt { key: sealing.key, client_nonce, client, runtime_nonce };
            sealing.pending = Some(Seals::new(salt, Side::Runtime));
        }
    }

    /// Looks at the seal of a received frame.
    pub fn check_seal(&self, frame: &Frame<'_>) -> Sealed {
        let mut outbox = self.lock();
        let Some(sealing) = &mut outbox.seals else { return Sealed::Yes };
        let Some(seal) = frame.seal else { return Sealed::No };
        if sealing.active.as_mut().is_some_and(|seals| seals.accept(&seal)) {
            return Sealed::Yes;
        }
        if sealing.pending.as_mut().is_some_and(|seals| seals.accept(&seal)) {
            sealing.active = sealing.pending.take();
            return Sealed::Begins;
        }
        match &sealing.active {
            Some(seals) if seals.is_repeated(&seal) => Sealed::Repeated,
            _ => Sealed::No,
        }
    }

    /// Whether frames have to be sealed here.
    pub fn has_key(&self) -> bool {
        self.lock().seals.is_some()
    }

    /// Waits until there may be something to send, at most until `until`.
    pub fn sleep(&self, woken: &Receiver<()>, until: Instant) {
        match woken.recv_deadline(until) {
            Ok(()) | Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => self.close(),
        }
    }

    /// Adds the next frames to `buffer`, until it has `budget` bytes or there are none. Says when there may be more by themselves.
    pub fn fill(&self, buffer: &mut Vec<u8>, budget: usize, now: Instant) -> Option<Instant> {
        let mut outbox = self.lock();
        let outbox = &mut *outbox;
        let client = outbox.session.as_ref().map_or(0, |session| session.client.0);
        let watched = Some(Watched { tap: &self.tap, connection: self.number, client }).filter(|_| self.tap.is_open());
        while buffer.len() < budget {
            if let Some((id, control)) = outbox.controls.pop() {
                let sealer = outbox.sealer();
                let sealer = if control == Control::Unsealed { sealer.unsealed() } else { sealer };
                sealer.put(buffer, id, &control.message(), watched);
                continue;
            }
            let session = outbox.session.clone();
            let sent = session.as_ref().is_some_and(|session| {
                session.lock().transmit(now, &mut |id, message| {
                    outbox.sealer().put(buffer, id, message, watched);
                })
            });
            if sent {
                continue;
            }
            let Some(mirror) = outbox.mirror.next() else { break };
            outbox.sealer().put(buffer, 0, &mirror.message().into(), None);
        }
        outbox.session.as_ref().and_then(|session| session.lock().wake(now))
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        lock(&self.outbox)
    }
}

/// Those who watch, and what they are told of a frame's whereabouts.
#[derive(Clone, Copy)]
struct Watched<'t> {
    tap: &'t Tap,
    connection: u32,
    client: u64,
}

/// The part of an outbox that makes frames.
struct Sealer<'o> {
    seq: &'o mut u16,
    seals: Option<&'o mut Sealing>,
    watcher: &'o mut Decoder<SMALL_FRAME>,
}

impl Outbox {
    fn sealer(&mut self) -> Sealer<'_> {
        Sealer { seq: &mut self.seq, seals: self.seals.as_mut(), watcher: &mut self.watcher }
    }
}

impl Sealer<'_> {
    /// The same, without seals.
    fn unsealed(self) -> Self {
        Sealer { seals: None, ..self }
    }

    /// Writes `message` as a frame, and shows it to whoever watches.
    fn put(self, buffer: &mut Vec<u8>, id: u32, message: &FromRuntime<'_>, watched: Option<Watched<'_>>) {
        let mut frame = [0; max_encoded(SMALL_FRAME)];
        let seq = *self.seq;
        let seals = self.seals.and_then(|sealing| match message.kind() {
            Identify::KIND => sealing.pending.as_mut().or(sealing.active.as_mut()),
            _ => sealing.active.as_mut(),
        });
        let encoded = match seals {
            Some(seals) => seals.encode(message, id, seq, &mut frame),
            None => qwark_wire::encode(message, id, seq, &mut frame),
        };
        // Every message of the runtime fits into a small frame: checked where the messages are defined.
        let Ok(encoded) = encoded else { return };
        *self.seq = seq.wrapping_add(1);
        if buffer.is_empty() {
            // The line was silent: whatever noise it picked up is a frame of its own now.
            buffer.push(DELIMITER);
        }
        buffer.extend_from_slice(encoded);
        if let Some(Watched { tap, connection, client }) = watched {
            self.watcher.push_all(encoded, |_| ());
            tap.frame(connection, client, true, self.watcher.last_frame());
        }
    }
}

/// How long an answer may take on a line of this many bits per second: two long frames, and the time to think.
pub(super) fn patience(baud: Option<u32>) -> Duration {
    /// Time to think.
    const THINK: Duration = Duration::from_millis(300);
    /// Bits on the line for each byte of a frame, start and stop bit included.
    const BITS: u64 = 10;
    /// From here on, the frames' own time counts little.
    const QUICK: u32 = 19_200;
    match baud {
        Some(baud) if baud < QUICK => {
            THINK + Duration::from_micros(2 * max_encoded(SMALL_FRAME) as u64 * BITS * 1_000_000 / u64::from(baud.max(1)))
        }
        _ => THINK,
    }
}
