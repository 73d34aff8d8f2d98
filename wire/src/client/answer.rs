//! Receiving an answer: each byte once and in order, with acknowledgements and requests for what is missing.

use super::timer::{Line, Retry};
use crate::{Ack, Done, Resend};

/// Milliseconds after which a Token that came alone is acknowledged.
const ACK_MS: u64 = 50;

/// A command that begins within one that has arrived: the answer is another one than before, and nobody can say what it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Astray;

/// How much of an answer has arrived.
#[derive(Clone, Copy, Debug)]
pub(super) struct Answer {
    window: u32,
    received: u32,
    /// What `received` was in the last Ack.
    reported: u32,
    ack_at: Option<u64>,
    /// As far as the answer is known to go.
    known: u32,
    /// As far as the last Resend asked.
    asked: u32,
    resend: Option<Retry>,
    /// The end has arrived, perhaps before the last of the text.
    done: Option<Done>,
}

impl Answer {
    /// Before its first byte. The runtime may send `window` bytes ahead.
    pub(super) fn new(window: u32) -> Self {
        Answer { window, received: 0, reported: 0, ack_at: None, known: 0, asked: 0, resend: None, done: None }
    }

    /// In a new session the runtime sends again from the last Ack on, the end too.
    pub(super) fn resume(&mut self) {
        *self = Answer { received: self.received, reported: self.reported, ..Answer::new(self.window) };
        self.known = self.received;
    }

    /// Takes the Token of `text` at `offset`: gives what is new of it, with its offset.
    pub(super) fn text<'a>(&mut self, offset: u32, text: &'a str, now: u64, line: &Line) -> Option<(u32, &'a str)> {
        let known = self.received.saturating_sub(offset);
        let new = text.get(known as usize..).unwrap_or_default();
        self.take(offset.max(self.received), new.len(), now, line).map(|at| (at, new))
    }

    /// Takes the command of `len` bytes at `offset`: gives the offset if it is new.
    pub(super) fn command(&mut self, offset: u32, len: usize, now: u64, line: &Line) -> Result<Option<u32>, Astray> {
        let known = self.received.saturating_sub(offset) as usize;
        match known {
            0 => Ok(self.take(offset, len, now, line)),
            _ if known < len => Err(Astray),
            _ => Ok(self.take(self.received, 0, now, line)),
        }
    }

    /// Takes a piece of `len` bytes that begins at or behind what has arrived: gives its offset if it goes on there.
    fn take(&mut self, at: u32, len: usize, now: u64, line: &Line) -> Option<u32> {
        let end = u32::try_from(len).ok().and_then(|len| at.checked_add(len))?;
        if at > self.received {
            self.miss(end, now, line);
            self.ack_by(now);
            return None;
        }
        if len == 0 {
            self.ack_by(now);
            return None;
        }
        self.received = end;
        self.known = self.known.max(end);
        let arrived = end.saturating_sub(self.reported);
        self.ack_by(if arrived >= self.window / 2 { now } else { now.saturating_add(ACK_MS) });
        self.refilled(now, line);
        Some(at)
    }

    /// Takes the end.
    pub(super) fn end(&mut self, done: Done, now: u64, line: &Line) {
        if self.done.is_none() {
            self.done = Some(done);
            self.miss(done.text_len, now, line);
        }
    }

    /// The end has arrived, though not all of the text may have.
    pub(super) fn has_end(&self) -> bool {
        self.done.is_some()
    }

    /// The end, once everything before it has arrived too.
    pub(super) fn finished(&self) -> Option<Done> {
        self.done.filter(|done| done.text_len <= self.received)
    }

    /// The Ack that ends the exchange about this answer; `None` if the runtime expects none.
    pub(super) fn last_ack(&self) -> Option<u32> {
        (self.window > 0).then_some(self.received)
    }

    /// Whether what is missing was asked for as often as it may be.
    pub(super) fn is_exhausted(&self, now: u64) -> bool {
        self.resend.is_some_and(|retry| retry.is_exhausted(now))
    }

    /// The Ack that is due.
    pub(super) fn ack(&mut self, now: u64) -> Option<Ack> {
        self.ack_at.take_if(|at| *at <= now)?;
        self.reported = self.received;
        Some(Ack { received: self.received, window: self.window, ended: false })
    }

    /// The Resend that is due. True if it was sent before.
    pub(super) fn resend(&mut self, now: u64, line: &Line) -> Option<(Resend, bool)> {
        let retry = self.resend.as_mut().filter(|retry| retry.is_due(now))?;
        let again = retry.sent(now, line);
        // All that the window allows: the Tokens behind the gap were not kept.
        self.asked = self.known.max(self.reported.saturating_add(self.window));
        Some((Resend { offset: self.received, len: self.asked - self.received }, again))
    }

    /// When there is something to do next.
    pub(super) fn wake(&self) -> u64 {
        let resend = self.resend.map_or(u64::MAX, |retry| retry.at());
        self.ack_at.unwrap_or(u64::MAX).min(resend)
    }

    fn ack_by(&mut self, at: u64) {
        if self.window > 0 {
            self.ack_at = Some(self.ack_at.map_or(at, |earlier| earlier.min(at)));
        }
    }

    /// The answer is known to go on to `end`.
    fn miss(&mut self, end: u32, now: u64, line: &Line) {
        self.known = self.known.max(end);
        if self.known > self.received && self.resend.is_none() {
            self.resend = Some(Retry::now(now, line));
        }
    }

    /// Some of what was missing has come.
    fn refilled(&mut self, now: u64, line: &Line) {
        if self.known <= self.received {
            self.resend = None;
        } else if let Some(retry) = &mut self.resend {
            if self.received >= self.asked {
                *retry = Retry::now(now, line);
            } else {
                retry.progress(now, line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reason;

    fn line() -> Line {
        Line::new(0)
    }

    fn done(text_len: u32) -> Done {
        let (prompt_tokens, output_tokens, answer_at) = (1, 1, 0);
        let (queue_us, prefill_us, first_token_us, total_us) = (0, 0, 0, 0);
        Done { reason: Reason::Stop, prompt_tokens, output_tokens, text_len, answer_at, queue_us, prefill_us, first_token_us, total_us }
    }

    #[test]
    fn tokens_are_taken_once_and_in_order() {
        let mut answer = Answer::new(100);
        assert_eq!(answer.text(0, "ab", 0, &line()), Some((0, "ab")));
        assert_eq!(answer.text(0, "ab", 0, &line()), None);
        assert_eq!(answer.text(4, "ef", 0, &line()), None);
        assert_eq!(answer.text(1, "bcd", 0, &line()), Some((2, "cd")), "what is new of it");
        assert_eq!(answer.text(u32::MAX, "ef", 0, &line()), None, "no answer is that long");
        assert_eq!(answer.text(3, "€", 0, &line()), None, "it would begin within a character");
    }

    #[test]
    fn commands_are_taken_whole_or_not_at_all() {
        let mut answer = Answer::new(100);
        assert_eq!(answer.command(0, 4, 0, &line()), Ok(Some(0)));
        assert_eq!(answer.command(0, 4, 0, &line()), Ok(None), "it came before");
        assert_eq!(answer.command(6, 1, 0, &line()), Ok(None), "something is missing before it");
        assert_eq!(answer.command(3, 2, 0, &line()), Err(Astray));
        assert_eq!(answer.command(4, 0, 0, &line()), Ok(None), "there is no command of no bytes");
        assert_eq!(answer.command(4, 2, 0, &line()), Ok(Some(4)));
    }

    #[test]
    fn acknowledgements_come_late_or_at_once() {
        let mut answer = Answer::new(8);
        answer.text(0, "ab", 10, &line());
        assert_eq!((answer.ack(59), answer.wake()), (None, 60));
        assert_eq!(answer.ack(60), Some(Ack { received: 2, window: 8, ended: false }));
        answer.text(2, "cdef", 70, &line());
        assert_eq!(answer.ack(70).map(|ack| ack.received), Some(6), "half of the window");
        answer.text(0, "ab", 80, &line());
        assert!(answer.ack(80).is_some(), "the runtime does not know that it came");
        let mut without = Answer::new(0);
        without.text(0, "ab", 0, &line());
        assert_eq!((without.ack(1000), without.last_ack()), (None, None));
    }

    #[test]
    fn a_gap_is_asked_for_until_it_is_filled() {
        let mut answer = Answer::new(16);
        answer.text(4, "ef", 0, &line());
        assert_eq!(answer.resend(0, &line()), Some((Resend { offset: 0, len: 16 }, false)));
        answer.text(6, "gh", 1, &line());
        assert_eq!(answer.resend(1, &line()), None, "it has been asked for");
        assert_eq!(answer.resend(300, &line()), Some((Resend { offset: 0, len: 16 }, true)));
        answer.text(0, "abcd", 301, &line());
        answer.text(4, "efgh", 301, &line());
        assert_eq!(answer.resend(5000, &line()), None);
    }

    #[test]
    fn the_end_waits_for_the_text() {
        let mut answer = Answer::new(0);
        answer.text(0, "ab", 0, &line());
        answer.end(done(4), 0, &line());
        assert!(answer.has_end() && answer.finished().is_none());
        assert_eq!(answer.resend(0, &line()), Some((Resend { offset: 2, len: 2 }, false)));
        answer.text(2, "cd", 0, &line());
        assert_eq!(answer.finished(), Some(done(4)));
    }
}
