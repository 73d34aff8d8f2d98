//! One request's reply: what it says, how much of it the client has, and its end, until the client has that too.

use std::ops::Range;
use std::time::{Duration, Instant};

use qwark_wire::{Done, ErrorCode, FromRuntime};

use super::body::Body;
use super::retry::Retry;

/// How a request ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// With an answer.
    Done(Done),
    /// Without one.
    Error(ErrorCode, String),
}

/// What is to be sent next of a reply.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// This part of what it says.
    Piece(Range<usize>),
    /// Its end.
    End,
}

/// A reply.
#[derive(Debug)]
pub(super) struct Reply {
    body: Body,
    end: Option<End>,
    /// The client acknowledges what it gets; `limit` then moves on with every acknowledgement.
    acknowledged: bool,
    /// Bytes that may be sent before the first acknowledgement.
    window: usize,
    /// Bytes that may be sent.
    limit: usize,
    /// Bytes that were sent.
    sent: usize,
    /// Bytes that the client may have: what was ever sent, also if it is sent again now.
    reached: usize,
    /// Bytes that the client has, as far as it said.
    received: usize,
    /// What it asked for again.
    missing: Range<usize>,
    end_sent: bool,
    settled: bool,
    /// When something of it last went to the client for the first time, or came back acknowledged.
    active: Option<Instant>,
    retry: Retry,
}

impl Reply {
    /// An empty reply that may be sent `window` bytes ahead of the client's acknowledgements; 0 for no acknowledgements. What
    /// stays unanswered is sent again after `wait`.
    pub fn new(body: Body, window: u32, wait: Duration) -> Reply {
        let acknowledged = window > 0;
        let window = if acknowledged { (window as usize).max(body.longest_unit()) } else { usize::MAX };
        Reply {
            body,
            end: None,
            acknowledged,
            window,
            limit: window,
            sent: 0,
            reached: 0,
            received: 0,
            missing: 0..0,
            end_sent: false,
            settled: false,
            active: None,
            retry: Retry::new(wait),
        }
    }

    /// What it says, to be added to.
    pub fn body(&mut self) -> &mut Body {
        &mut self.body
    }

    /// Takes back what was never sent of the first `len` bytes: an end that is urgent does not wait for it. Gives where what is
    /// behind those begins now.
    pub fn withdraw(&mut self, len: usize) -> usize {
        let len = len.min(self.body.len());
        let start = self.reached.min(len);
        self.body.remove(start..len);
        start
    }

    pub fn end(&mut self, end: End) {
        self.end.get_or_insert(end);
    }

    /// The frame that brings a part of it.
    pub fn message(&self, piece: Range<usize>) -> FromRuntime<'_> {
        self.body.message(piece)
    }

    pub fn ended(&self) -> Option<&End> {
        self.end.as_ref()
    }

    /// Whether the client has everything, as far as can be known.
    pub fn is_settled(&self) -> bool {
        self.settled
    }

    /// When there was last any progress.
    pub fn active(&self) -> Option<Instant> {
        self.active
    }

    /// Bytes of all that it says.
    pub fn len(&self) -> usize {
        self.body.len()
    }

    /// Bytes that wait: to be sent, or to be acknowledged.
    pub fn waiting(&self) -> usize {
        self.body.len() - if self.acknowledged { self.received } else { self.sent }
    }

    /// The client has the first `received` bytes, takes `window` more, and has the end, if `ended`.
    pub fn ack(&mut self, received: usize, window: usize, ended: bool, now: Instant) {
        if !self.acknowledged {
            return;
        }
        // In the middle of a character or a command, which no honest client says: from its beginning on.
        let received = self.body.floor(received.min(self.sent));
        // An older one that was overtaken by a repetition takes nothing back.
        if received >= self.received {
            let window = if window == 0 { 0 } else { window.max(self.body.longest_unit()) };
            self.limit = received.saturating_add(window);
        }
        let progress = received > self.received || (ended && self.end_sent && !self.settled);
        self.received = self.received.max(received);
        self.settled |= ended && self.end.is_some();
        if progress {
            self.active = Some(now);
            self.retry.progress(now, !self.settled && self.outstanding());
        }
    }

    /// The client lacks `len` bytes from `offset` on, and has everything before.
    pub fn resend(&mut self, offset: usize, len: usize, now: Instant) {
        let until = offset.saturating_add(len).min(self.sent);
        if offset >= until || !self.acknowledged {
            return;
        }
        self.missing = self.body.floor(offset)..self.body.ceil(until);
        self.received = self.received.max(self.missing.start);
        self.retry.progress(now, true);
    }

    /// The line was interrupted, or the client asks again: everything that it has not acknowledged is sent again.
    pub fn rewind(&mut self) {
        self.sent = self.received;
        self.missing = 0..0;
        self.end_sent = false;
        self.settled = false;
        self.retry.rest();
    }

    /// The same, on a line where an acknowledgement takes as long as `wait`.
    pub fn resume(&mut self, wait: Duration) {
        self.retry = Retry::new(wait);
        self.rewind();
    }

    /// A client that has nothing of it asks for it: everything is sent again.
    pub fn restart(&mut self) {
        self.received = 0;
        self.limit = self.window;
        self.rewind();
    }

    /// What is to be sent at `now`, which is then taken as sent.
    pub fn next(&mut self, now: Instant) -> Option<Next> {
        if self.settled {
            return None;
        }
        if !self.missing.is_empty() {
            let piece = self.body.piece(self.missing.start, self.missing.end);
            self.missing.start = piece.end;
            return Some(Next::Piece(piece));
        }
        let fresh = self.body.piece(self.sent, self.limit);
        if !fresh.is_empty() {
            self.sent = fresh.end;
            self.reached = self.reached.max(self.sent);
            self.active = Some(now);
            self.await_answer(now);
            return Some(Next::Piece(fresh));
        }
        if self.may_end() && !self.end_sent {
            self.end_sent = true;
            self.active = Some(now);
            self.settled = !self.acknowledged;
            self.await_answer(now);
            return Some(Next::End);
        }
        if self.outstanding() && self.retry.again(now) {
            // Once the end was sent, it is what is repeated: a client that has less asks for it, and one that has all of it and has
            // forgotten the request would take no more of it.
            let piece = self.received < self.sent && !self.end_sent;
            return Some(if piece { Next::Piece(self.body.piece(self.received, self.sent)) } else { Next::End });
        }
        None
    }

    /// When [`Reply::next`] has something to say again, if nothing else happens; in the past if it has now.
    pub fn wake(&self, now: Instant) -> Option<Instant> {
        if self.settled {
            return None;
        }
        let ready = !self.missing.is_empty() || !self.body.piece(self.sent, self.limit).is_empty() || (self.may_end() && !self.end_sent);
        if ready { Some(now) } else { self.retry.due().filter(|_| self.outstanding()) }
    }

    fn may_end(&self) -> bool {
        self.end.is_some() && self.sent == self.body.len()
    }

    /// Whether the client owes an acknowledgement.
    fn outstanding(&self) -> bool {
        self.acknowledged && (self.received < self.sent || self.end_sent)
    }

    fn await_answer(&mut self, now: Instant) {
        if self.acknowledged {
            self.retry.start(now);
        }
    }
}
