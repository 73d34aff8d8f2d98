//! Copies of all frames, for a recording and for clients that watch.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Instant;

use crossbeam_channel::Sender;
use qwark_wire::{Bytes, MAX_MIRROR};

use super::lock;

/// Pieces of frames that wait for one client that watches.
const MAX_PIECES: usize = 1024;

/// A frame that crossed a line.
#[derive(Clone, Copy, Debug)]
pub struct Crossed<'a> {
    /// Microseconds since the runtime started.
    pub at_us: u64,
    /// The connection, counted from 1 since the runtime started.
    pub connection: u32,
    /// The session that the connection carries; 0 for none.
    pub client: u64,
    /// It went to the client.
    pub sent: bool,
    /// The frame before stuffing, header and checksum included.
    pub frame: &'a [u8],
}

/// Who is told of every frame: usually writes it down. Called by the threads of all links.
pub type Recorder = Box<dyn Fn(Crossed<'_>) + Send + Sync>;

/// The place where all frames come by.
pub(super) struct Tap {
    start: Instant,
    recorder: Option<Recorder>,
    mirrors: Mutex<Vec<Weak<Queue>>>,
    watched: AtomicUsize,
}

impl Tap {
    pub fn new(start: Instant, recorder: Option<Recorder>) -> Tap {
        Tap { start, recorder, mirrors: Mutex::new(Vec::new()), watched: AtomicUsize::new(0) }
    }

    /// Whether anybody wants to know.
    pub fn is_open(&self) -> bool {
        self.recorder.is_some() || self.watched.load(Ordering::Relaxed) > 0
    }

    /// A frame crossed a line.
    pub fn frame(&self, connection: u32, client: u64, sent: bool, frame: &[u8]) {
        let at_us = self.start.elapsed().as_micros() as u64;
        let crossed = Crossed { at_us, connection, client, sent, frame };
        if let Some(recorder) = &self.recorder {
            recorder(crossed);
        }
        if self.watched.load(Ordering::Relaxed) > 0 {
            let mut mirrors = lock(&self.mirrors);
            mirrors.retain(|mirror| mirror.upgrade().is_some_and(|queue| queue.take(crossed)));
            self.watched.store(mirrors.len(), Ordering::Relaxed);
        }
    }

    fn watch(&self, queue: &Arc<Queue>) {
        let mut mirrors = lock(&self.mirrors);
        mirrors.push(Arc::downgrade(queue));
        self.watched.store(mirrors.len(), Ordering::Relaxed);
    }
}

/// A piece of a frame on its way to whoever watches.
#[derive(Debug)]
pub(super) struct Piece {
    at_us: u64,
    connection: u32,
    sent: bool,
    dropped: u32,
    total: u16,
    offset: u16,
    data: Box<[u8]>,
}

impl Piece {
    /// The message that brings it.
    pub fn message(&self) -> qwark_wire::Mirror<'_> {
        let Piece { at_us, connection, sent, dropped, total, offset, ref data } = *self;
        qwark_wire::Mirror { at_us, connection, sent, dropped, total, offset, data: Bytes::new(data).unwrap_or_default() }
    }
}

/// The frames that one client watches.
struct Queue {
    /// Its own connection, whose frames it is not shown: they would beget each other.
    own: u32,
    on: AtomicBool,
    waiting: Mutex<Waiting>,
    wake: Sender<()>,
}

#[derive(Default)]
struct Waiting {
    pieces: VecDeque<Piece>,
    /// Frames that found no room since the last that did.
    dropped: u32,
}

impl Queue {
    /// Takes all pieces of a frame or none. False if nobody watches any more.
    fn take(&self, crossed: Crossed<'_>) -> bool {
        if !self.on.load(Ordering::Relaxed) {
            return false;
        }
        let Crossed { at_us, connection, sent, frame, .. } = crossed;
        if connection == self.own {
            return true;
        }
        let mut waiting = lock(&self.waiting);
        if waiting.pieces.len() + frame.len().div_ceil(MAX_MIRROR) > MAX_PIECES {
            waiting.dropped = waiting.dropped.saturating_add(1);
            return true;
        }
        let dropped = std::mem::take(&mut waiting.dropped);
        let total = frame.len() as u16;
        let pieces = frame.chunks(MAX_MIRROR).enumerate().map(|(n, data)| Piece {
            at_us,
            connection,
            sent,
            dropped,
            total,
            offset: (n * MAX_MIRROR) as u16,
            data: data.into(),
        });
        waiting.pieces.extend(pieces);
        let _ = self.wake.try_send(());
        true
    }
}

/// What one connection is shown of the others.
#[derive(Default)]
pub(super) struct Mirror {
    queue: Option<Arc<Queue>>,
}

impl Mirror {
    /// Begins to show, on connection `own`, or ends it.
    pub fn set(&mut self, on: bool, own: u32, tap: &Tap, wake: &Sender<()>) {
        if let Some(queue) = self.queue.take() {
            queue.on.store(false, Ordering::Relaxed);
        }
        if on {
            let queue = Queue { own, on: AtomicBool::new(true), waiting: Mutex::default(), wake: wake.clone() };
            let queue = Arc::new(queue);
            tap.watch(&queue);
            self.queue = Some(queue);
        }
    }

    /// The next piece to send.
    pub fn next(&mut self) -> Option<Piece> {
        lock(&self.queue.as_ref()?.waiting).pieces.pop_front()
    }
}
