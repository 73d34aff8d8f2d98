//! Sending a long body in pieces, as far as the other end allows, and again from where it says.

use super::timer::{Line, Retry};

/// What is to be sent next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The frame that announces the body.
    First,
    /// The piece that begins at `offset`, of at most `room` bytes; an empty one asks for more room.
    Piece { offset: u32, room: u32 },
}

/// How far a body has been sent and acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sending {
    total: u32,
    /// The first frame was answered.
    opened: bool,
    acknowledged: u32,
    sent: u32,
    /// As far as may be sent.
    limit: u32,
    /// Where it went back to last: an acknowledgement that is repeated for every piece behind a lost one counts once.
    went_back: Option<u32>,
    retry: Retry,
}

impl Sending {
    /// A body of `total` bytes, to be announced at once.
    pub(super) fn new(total: u32, now: u64, line: &Line) -> Self {
        Sending { total, opened: false, acknowledged: 0, sent: 0, limit: 0, went_back: None, retry: Retry::now(now, line) }
    }

    /// In a new session it is announced again, and the answer says where it goes on.
    pub(super) fn resume(&mut self, now: u64, line: &Line) {
        *self = Sending::new(self.total, now, line);
    }

    /// Nothing more is to be sent, whatever was acknowledged: the other end has shown that it has everything.
    pub(super) fn complete(&mut self) {
        self.opened = true;
        self.acknowledged = self.total;
    }

    /// Whether all of it was acknowledged.
    pub(super) fn is_complete(&self) -> bool {
        self.opened && self.acknowledged >= self.total
    }

    /// Whether it was sent as often as it may be, without an answer.
    pub(super) fn is_exhausted(&self, now: u64) -> bool {
        !self.is_complete() && self.retry.is_exhausted(now)
    }

    /// How far pieces may be sent now.
    fn end(&self) -> u32 {
        self.limit.min(self.total)
    }

    /// What is to be sent now, if anything is.
    pub(super) fn next(&self, now: u64, line: &Line) -> Option<Part> {
        let waiting = self.opened && self.sent < self.end() && line.ready_at() <= now;
        match (self.is_complete(), self.retry.is_due(now)) {
            (true, _) => None,
            (false, true) if !self.opened => Some(Part::First),
            (false, true) => Some(Part::Piece { offset: self.acknowledged, room: self.end().saturating_sub(self.acknowledged) }),
            (false, false) if waiting => Some(Part::Piece { offset: self.sent, room: self.end() - self.sent }),
            (false, false) => None,
        }
    }

    /// Notes that `part` was sent, with `len` bytes of the body. True if it had been before.
    pub(super) fn sent(&mut self, part: Part, len: usize, now: u64, line: &Line) -> bool {
        let offset = match part {
            Part::First => 0,
            Part::Piece { offset, .. } => offset,
        };
        self.sent = offset.saturating_add(len as u32);
        if self.retry.is_due(now) {
            return self.retry.sent(now, line);
        }
        self.retry.postpone(now, line);
        false
    }

    /// Notes that `received` bytes have arrived and that `window` more may be sent.
    pub(super) fn acknowledge(&mut self, received: u32, window: u32, now: u64, line: &Line) {
        let received = received.min(self.total);
        if !self.opened || received > self.acknowledged {
            self.sent = if self.opened { self.sent.max(received) } else { received };
            self.opened = true;
            self.acknowledged = received;
            self.went_back = None;
            self.retry.progress(now, line);
        } else if received == self.acknowledged {
            self.retry.heard();
            // It took nothing of what came since: a piece is missing.
            if received < self.sent && self.went_back != Some(received) {
                self.went_back = Some(received);
                self.sent = received;
            }
        } else {
            return;
        }
        self.limit = received.saturating_add(window);
    }

    /// When there is something to do next.
    pub(super) fn wake(&self, line: &Line) -> u64 {
        match self.is_complete() {
            true => u64::MAX,
            false if self.opened && self.sent < self.end() => line.ready_at().min(self.retry.at()),
            false => self.retry.at(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: fn() -> Line = || Line::new(0);

    fn opened(total: u32, window: u32) -> Sending {
        let mut sending = Sending::new(total, 0, &LINE());
        assert_eq!(sending.next(0, &LINE()), Some(Part::First));
        sending.sent(Part::First, 10, 0, &LINE());
        assert_eq!(sending.next(0, &LINE()), None, "how much may follow is not known yet");
        sending.acknowledge(10, window, 1, &LINE());
        sending
    }

    /// Sends pieces of up to 10 bytes until no more may be sent, and gives their offsets.
    fn pieces(sending: &mut Sending, now: u64) -> heapless::Vec<u32, 16> {
        let mut offsets = heapless::Vec::new();
        while let Some(part @ Part::Piece { offset, room }) = sending.next(now, &LINE()) {
            offsets.push(offset).expect("few pieces");
            sending.sent(part, room.min(10) as usize, now, &LINE());
        }
        offsets
    }

    #[test]
    fn no_more_is_sent_than_the_window_allows() {
        let mut sending = opened(100, 25);
        assert_eq!(pieces(&mut sending, 1), [10, 20, 30]);
        sending.acknowledge(30, 25, 2, &LINE());
        assert_eq!(pieces(&mut sending, 2), [35, 45]);
        sending.acknowledge(100, 0, 3, &LINE());
        assert_eq!((sending.next(3, &LINE()), sending.wake(&LINE())), (None, u64::MAX));
    }

    #[test]
    fn a_lost_piece_is_sent_again_once_for_all_the_answers_that_miss_it() {
        let mut sending = opened(100, 40);
        assert_eq!(pieces(&mut sending, 1), [10, 20, 30, 40]);
        // The first was lost, so the other three were not taken.
        sending.acknowledge(10, 40, 2, &LINE());
        assert_eq!(pieces(&mut sending, 2), [10, 20, 30, 40]);
        sending.acknowledge(10, 40, 3, &LINE());
        sending.acknowledge(10, 40, 4, &LINE());
        assert_eq!(pieces(&mut sending, 4), []);
        // What is old changes nothing.
        sending.acknowledge(20, 40, 5, &LINE());
        sending.acknowledge(10, 4000, 6, &LINE());
        assert_eq!(pieces(&mut sending, 6), [50]);
    }

    #[test]
    fn the_timer_goes_back_to_what_was_acknowledged() {
        let mut sending = opened(100, 20);
        assert_eq!(pieces(&mut sending, 1), [10, 20]);
        assert_eq!(sending.wake(&LINE()), 301);
        assert_eq!(pieces(&mut sending, 301), [10, 20]);
    }

    #[test]
    fn without_room_it_asks_now_and_then() {
        let mut sending = opened(100, 0);
        assert_eq!(pieces(&mut sending, 1), []);
        assert_eq!(sending.next(301, &LINE()), Some(Part::Piece { offset: 10, room: 0 }));
        sending.sent(Part::Piece { offset: 10, room: 0 }, 0, 301, &LINE());
        assert_eq!(sending.next(301, &LINE()), None);
        sending.acknowledge(10, 10, 302, &LINE());
        assert_eq!(pieces(&mut sending, 302), [10]);
    }
}
