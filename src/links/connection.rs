//! One connection: a thread that reads and a thread that writes.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, SendTimeoutError, Sender, TrySendError};
use qwark_wire::{Key, MAX_FRAME};

use super::io::{Duplex, Half, TICK};
use super::line::Line;
use super::reader::Reader;
use super::registry::Registry;
use super::request::{Identity, LinkEvent, What};
use super::tap::Tap;
use super::uploads::Store;
use crate::runtime::Control;

/// Bytes written at once: answers that wait are written together up to here.
const WRITE_BUFFER: usize = 4096;

/// How much of a slow line's time may be handed to its driver in advance: what is urgent waits behind that.
const AHEAD: Duration = Duration::from_millis(20);

/// How long, after the last byte was read, the last answers may take to arise and to leave.
const GRACE: Duration = Duration::from_secs(1);

/// What every connection of the runtime shares.
#[derive(Clone)]
pub(super) struct Context {
    pub identity: Arc<Identity>,
    pub events: Sender<LinkEvent>,
    pub stop: Arc<AtomicBool>,
    pub control: Control,
    pub registry: Arc<Registry>,
    pub uploads: Arc<Store>,
    pub tap: Arc<Tap>,
    pub next_client: Arc<AtomicU64>,
    pub next_line: Arc<AtomicU32>,
}

impl Context {
    pub fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }

    /// Ends the sessions whose clients did not come back. Never waits: those that the engine has no room to hear of end later.
    pub fn end_expired(&self) {
        self.registry.expire(Instant::now(), |session| {
            let event = LinkEvent { client: session.client, what: What::Disconnected };
            let told = !matches!(self.events.try_send(event), Err(TrySendError::Full(_)));
            if told {
                log::info!("{:?} did not come back: its requests end", session.client);
                self.uploads.forget(session);
            }
            told
        });
    }

    /// Hands an event to the engine that it must not miss, however long that takes; unless the runtime stops.
    pub fn deliver(&self, mut event: LinkEvent) -> Result<(), Over> {
        loop {
            match self.events.send_timeout(event, TICK) {
                Ok(()) => return Ok(()),
                Err(SendTimeoutError::Timeout(back)) if !self.stopping() => event = back,
                Err(_) => return Err(Over),
            }
        }
    }
}

/// What is special about one connection.
#[derive(Clone, Debug)]
pub(super) struct Terms<'n> {
    /// The link's name, for the log.
    pub name: &'n str,
    /// Its speed, if it has one.
    pub baud: Option<u32>,
    /// One client for good: whoever is there is told at once that the runtime has started.
    pub exclusive: bool,
    /// The link's key, if its frames are sealed.
    pub key: Option<Key>,
    /// Whether the client may watch all frames.
    pub may_monitor: bool,
    /// There are too many clients: this one is only heard if it wants to stop everything.
    pub only_stop: bool,
}

/// The engine takes no more events, or the client is gone: the connection is of no use any more.
pub(super) struct Over;

/// Serves one connection until its other end goes or the runtime stops.
pub(super) fn serve(link: &Duplex, context: &Context, terms: &Terms<'_>) {
    let number = context.next_line.fetch_add(1, Ordering::Relaxed);
    let (line, woken) = Line::new(number, terms.key, Arc::clone(&context.tap));
    context.registry.open(&line);
    let closing = AtomicBool::new(false);
    thread::scope(|scope| {
        let writer = thread::Builder::new().name("link writer".to_owned()).spawn_scoped(scope, || {
            guarded(terms.name, || write(&link.writer, &line, &woken, terms.baud, &closing));
            // Nothing more is said here: who listens on would wait for nothing.
            line.close();
        });
        if let Err(error) = writer {
            log::error!("{}: cannot start a thread: {error}", terms.name);
            return;
        }
        // Also when reading panics: its client's requests must not go on for nobody, nor the writer wait for ever.
        let _ended = Ended { closing: &closing, line: &line };
        guarded(terms.name, || Reader::new(context, terms, &line).run(&link.reader));
    });
}

/// Runs one half of a connection. A panic in it ends the connection, and not the link, which hears the next client's emergency stop.
fn guarded(name: &str, half: impl FnOnce()) {
    // What it leaves behind are a session, a line and a decoder: the first two are whole after every call, the last is dropped.
    if catch_unwind(AssertUnwindSafe(half)).is_err() {
        log::error!("{name}: a thread of a connection panicked; the connection ends");
    }
}

/// Lets the writer end when the reader has.
struct Ended<'l> {
    closing: &'l AtomicBool,
    line: &'l Line,
}

impl Drop for Ended<'_> {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        self.line.wake();
    }
}

/// Writes what there is to send, until the reader has ended and all is sent, or the other end is gone.
fn write(link: &Half, line: &Line, woken: &Receiver<()>, baud: Option<u32>, closing: &AtomicBool) {
    // Bytes on a line have a start and a stop bit.
    let ahead = baud.map(|baud| (u64::from(baud) / 10 * AHEAD.as_millis() as u64 / 1000).max(1) as usize);
    let budget = ahead.unwrap_or(WRITE_BUFFER).min(WRITE_BUFFER);
    let mut buffer = Vec::with_capacity(WRITE_BUFFER + MAX_FRAME);
    let mut deadline = None;
    while !line.is_gone() {
        let now = Instant::now();
        let ending = closing.load(Ordering::Relaxed);
        if ending && now > *deadline.get_or_insert(now + GRACE) {
            return;
        }
        if buffer.is_empty() {
            if ahead.is_some_and(|ahead| link.queued() > ahead) {
                thread::sleep(AHEAD / 4);
                continue;
            }
            let wake = line.fill(&mut buffer, budget, now);
            if buffer.is_empty() {
                if ending {
                    return;
                }
                line.sleep(woken, wake.unwrap_or(now + TICK).min(now + TICK));
                continue;
            }
        }
        match link.write(&buffer, TICK) {
            Ok(written) => drop(buffer.drain(..written.unwrap_or(0))),
            Err(error) => {
                log::debug!("cannot write to a client: {error}");
                line.close();
            }
        }
    }
}

/// A number that nobody can guess.
pub fn random() -> u64 {
    let mut bytes = [0; 8];
    let mut filled = 0;
    while filled < bytes.len() {
        match rustix::rand::getrandom(&mut bytes[filled..], rustix::rand::GetRandomFlags::empty()) {
            Ok(count) => filled += count,
            Err(rustix::io::Errno::INTR) => {}
            // No kernel that this runs on lacks it; a hasher's keys are random too.
            Err(_) => return std::hash::BuildHasher::hash_one(&std::hash::RandomState::new(), bytes),
        }
    }
    u64::from_ne_bytes(bytes)
}
