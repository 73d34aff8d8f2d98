//! When a frame is sent again, when to give up, and how long a serial line is busy with what it was given.

use crate::SMALL_FRAME;

/// Milliseconds after which a frame without an answer is sent again for the first time.
const FIRST_MS: u64 = 300;

/// Most milliseconds between two repetitions.
const LONGEST_MS: u64 = 4000;

/// Repetitions without any answer after which it ends.
const REPETITIONS: u8 = 10;

/// On lines slower than this, the first wait also allows for the time that two frames take.
const SLOW_BAUD: u32 = 19_200;

/// Longest that one frame of text or data keeps a serial line busy, so that nothing urgent waits for long behind it.
const PIECE_MS: u64 = 50;

/// Text and data are handed out when the line has at most this much left to send.
const AHEAD_MS: u64 = 10;

/// Bits that a byte takes on a serial line: eight, start and stop.
const BITS: u64 = 10;

/// What is known about the line's speed, and how long it will be busy.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    baud: u32,
    free_at: u64,
}

impl Line {
    /// A line of `baud` bits per second; 0 for one that is so fast that it need not be waited for.
    pub(super) fn new(baud: u32) -> Self {
        Line { baud, free_at: 0 }
    }

    /// The same line, with nothing on its way.
    pub(super) fn idle(self) -> Self {
        Line { free_at: 0, ..self }
    }

    /// Milliseconds that `bytes` take, rounded up.
    fn time(&self, bytes: usize) -> u64 {
        match self.baud {
            0 => 0,
            baud => (bytes as u64 * BITS * 1000).div_ceil(baud.into()),
        }
    }

    /// Notes that `bytes` are on their way.
    pub(super) fn sent(&mut self, bytes: usize, now: u64) {
        self.free_at = self.end(now).saturating_add(self.time(bytes));
    }

    /// When everything that was handed out has been sent.
    pub(super) fn end(&self, now: u64) -> u64 {
        self.free_at.max(now)
    }

    /// When the next piece of text or data may be handed out.
    pub(super) fn ready_at(&self) -> u64 {
        self.free_at.saturating_sub(AHEAD_MS)
    }

    /// Longest frame of text or data that does not block the line for too long.
    pub(super) fn longest_frame(&self) -> usize {
        match self.baud {
            0 => usize::MAX,
            baud => SMALL_FRAME.max((u64::from(baud) * PIECE_MS / (BITS * 1000)) as usize),
        }
    }

    /// Milliseconds that a question and its answer take on a slow line; 0 on others.
    pub(super) fn slowness(&self) -> u64 {
        if self.baud < SLOW_BAUD { self.time(2 * SMALL_FRAME) } else { 0 }
    }

    fn first_wait(&self) -> u64 {
        FIRST_MS + self.slowness()
    }
}

/// The timer of one frame that needs an answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    due: u64,
    wait: u64,
    sent: u8,
}

impl Retry {
    /// For a frame that is to be sent at once.
    pub(super) fn now(now: u64, line: &Line) -> Self {
        Retry { due: now, wait: line.first_wait(), sent: 0 }
    }

    /// When the frame is to be sent next, or given up.
    pub(super) fn at(&self) -> u64 {
        self.due
    }

    /// Whether the frame is to be sent.
    pub(super) fn is_due(&self, now: u64) -> bool {
        self.due <= now && self.sent <= REPETITIONS
    }

    /// Whether it was repeated as often as it may be, and still has no answer.
    pub(super) fn is_exhausted(&self, now: u64) -> bool {
        self.due <= now && self.sent > REPETITIONS
    }

    /// Notes that the frame was sent. True if it had been before.
    pub(super) fn sent(&mut self, now: u64, line: &Line) -> bool {
        self.postpone(now, line);
        self.wait = (2 * self.wait).min(LONGEST_MS.max(line.first_wait()));
        self.sent += 1;
        self.sent > 1
    }

    /// Counts the wait from now on: more was sent, whose answer comes later.
    pub(super) fn postpone(&mut self, now: u64, line: &Line) {
        self.due = line.end(now).saturating_add(self.wait);
    }

    /// The other end lives, but things are as they were.
    pub(super) fn heard(&mut self) {
        self.sent = self.sent.min(1);
    }

    /// An answer showed progress; the next one is waited for.
    pub(super) fn progress(&mut self, now: u64, line: &Line) {
        *self = Retry { sent: 1, ..Retry::now(now, line) };
        self.postpone(now, line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// When a frame goes out that is never answered, and when it is given up.
    fn schedule(line: Line) -> (heapless::Vec<u64, 16>, u64) {
        let (mut retry, mut times, mut now) = (Retry::now(0, &line), heapless::Vec::new(), 0);
        while !retry.is_exhausted(now) {
            assert!(retry.is_due(now));
            times.push(now).expect("eleven times");
            retry.sent(now, &line);
            now = retry.at();
        }
        (times, now)
    }

    #[test]
    fn the_wait_doubles_up_to_its_limit_and_ends() {
        let (times, end) = schedule(Line::new(0));
        assert_eq!(times, [0, 300, 900, 2100, 4500, 8500, 12_500, 16_500, 20_500, 24_500, 28_500]);
        assert_eq!(end, 32_500);
    }

    #[test]
    fn slow_lines_are_given_the_time_that_they_need() {
        let (times, _) = schedule(Line::new(9600));
        assert_eq!(times[1], 300 + 667, "640 bytes of 10 bits");
        assert_eq!(schedule(Line::new(19_200)).0[1], 300);
    }

    #[test]
    fn the_wait_counts_from_the_last_byte() {
        let mut line = Line::new(10_000);
        line.sent(1000, 5);
        assert_eq!((line.end(5), line.end(2000)), (1005, 2000));
        let mut retry = Retry::now(5, &line);
        retry.sent(5, &line);
        assert_eq!(retry.at(), 1005 + 300 + 640);
    }
}
