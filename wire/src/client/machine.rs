//! What a client knows, and what time changes of it. [`receive`](super::receive) and [`transmit`](super::transmit) do the rest.

use heapless::{Deque, String, Vec};

use super::control::Control;
use super::guard::Guard;
use super::slot::{Slot, Task};
use super::timer::{Line, Retry};
use super::{Event, Losses, Settings};
use crate::{Done, EncodeError, ErrorCode, Identify, MAX_NAME, Message, Safety, Sequence, encode};

/// Milliseconds between two Hellos.
const HELLO_MS: u64 = 500;

/// Milliseconds of silence after which the link is taken for lost where there are no heartbeats, while something is waited for.
const SILENT_MS: u64 = 5000;

/// Heartbeats that may be missing before the link is taken for lost.
const MISSING_HEARTBEATS: u64 = 3;

/// Acks of ended requests that wait to be sent: if more do, the runtime repeats the oldest one's end, and is answered then.
const ENDED: usize = 8;

/// Whether there is a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Hello is said until it is answered.
    Seeking,
    /// The runtime has answered.
    Open,
    /// The runtime has answered, and speaks none of this client's versions.
    Incompatible,
}

/// What of an Identify is needed later.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    pub(super) boot_id: u64,
    pub(super) max_frame: u16,
    pub(super) max_text: u32,
}

impl From<&Identify<'_>> for Known {
    fn from(identify: &Identify<'_>) -> Self {
        Known { boot_id: identify.boot_id, max_frame: identify.max_frame, max_text: identify.max_text }
    }
}

/// Numbers that no two clients and no two starts share, as far as their seeds differ: SplitMix64 (Steele, Lea and Flood 2014).
#[derive(Clone, Copy, Debug)]
pub(super) struct Nonces(u64);

impl Nonces {
    /// The next number, never 0.
    pub(super) fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).max(1)
    }
}

/// Writes frames: numbered, sealed, and with a delimiter before each, so that noise since the last one is a frame of its own.
#[derive(Clone, Debug)]
pub(super) struct Writer {
    seq: u16,
    pub(super) line: Line,
    pub(super) guard: Guard,
    pub(super) repeated: u32,
    /// When the last frame was sent.
    sent_at: u64,
}

impl Writer {
    /// Writes one frame into `out`: sealed, if the link has a key. Gives its length.
    pub(super) fn sealed(&mut self, message: &impl Message, id: u32, now: u64, out: &mut [u8]) -> Option<usize> {
        let Writer { guard, seq, .. } = self;
        let seq = *seq;
        let len = with_delimiter(out, |out| guard.encode(message, id, seq, out))?;
        Some(self.count(len, now))
    }

    /// Writes one frame of those that need no seal.
    pub(super) fn unsealed(&mut self, message: &impl Message, now: u64, out: &mut [u8]) -> Option<usize> {
        let len = with_delimiter(out, |out| encode(message, 0, self.seq, out).map(<[u8]>::len))?;
        Some(self.count(len, now))
    }

    /// Notes whether a frame that is about to be sent was sent before.
    pub(super) fn note_repeated(&mut self, again: bool) {
        self.repeated = self.repeated.saturating_add(again.into());
    }

    fn count(&mut self, len: usize, now: u64) -> usize {
        self.seq = self.seq.wrapping_add(1);
        self.line.sent(len, now);
        self.sent_at = now;
        len
    }
}

fn with_delimiter(out: &mut [u8], encode: impl FnOnce(&mut [u8]) -> Result<usize, EncodeError>) -> Option<usize> {
    let (delimiter, rest) = out.split_first_mut()?;
    *delimiter = crate::DELIMITER;
    encode(rest).ok().map(|len| 1 + len)
}

/// Everything but the decoder.
#[derive(Clone, Debug)]
pub(super) struct Machine<B, const REQUESTS: usize> {
    pub(super) client: u64,
    pub(super) name: String<MAX_NAME>,
    pub(super) heartbeat_ms: u16,
    pub(super) nonces: Nonces,
    pub(super) writer: Writer,
    pub(super) state: State,
    /// The last Hello's nonce, for as long as an Identify may answer it.
    pub(super) nonce: Option<u64>,
    pub(super) hello_at: u64,
    /// A loss of the link that was not reported yet.
    lost: bool,
    pub(super) known: Option<Known>,
    heard_at: u64,
    pub(super) arrived: Sequence,
    pub(super) losses: Losses,
    pub(super) control: Control,
    /// What an Identify said about the safety state that is news, or was asked for, and was not reported yet.
    pub(super) safety_news: Option<Safety>,
    pub(super) ping: Option<u32>,
    /// The nonce of the sealed Ping that begins a session on a link with a key, and whether it was sent.
    pub(super) confirm: Option<u32>,
    pub(super) confirmed: bool,
    /// Whether other connections' frames are wanted, and whether the runtime has been told.
    pub(super) monitor: Option<bool>,
    pub(super) monitor_told: bool,
    pub(super) slots: Vec<Slot<B>, REQUESTS>,
    /// Ended requests that the runtime is to be told of, with what has arrived of their answers.
    pub(super) ended: Deque<(u32, u32), ENDED>,
    pub(super) last_id: u32,
    /// Which slot may send text next: they take turns.
    pub(super) turn: usize,
}

impl<B: AsRef<[u8]>, const REQUESTS: usize> Machine<B, REQUESTS> {
    pub(super) fn new(settings: &Settings<'_>) -> Self {
        let mut name = String::new();
        // Fits: it is cut to the string's length.
        let _ = name.push_str(crate::Str::<MAX_NAME>::cut(settings.name).get());
        let writer = Writer { seq: 0, line: Line::new(settings.baud), guard: settings.guard(), repeated: 0, sent_at: 0 };
        Machine {
            client: settings.client,
            name,
            heartbeat_ms: settings.heartbeat_ms,
            nonces: Nonces(settings.seed),
            writer,
            state: State::Seeking,
            nonce: None,
            hello_at: 0,
            lost: false,
            known: None,
            heard_at: 0,
            arrived: Sequence::new(),
            losses: Losses::default(),
            control: Control::default(),
            safety_news: None,
            ping: None,
            confirm: None,
            confirmed: false,
            monitor: None,
            monitor_told: true,
            slots: Vec::new(),
            ended: Deque::new(),
            last_id: 0,
            turn: 0,
        }
    }

    /// A connection was opened anew: everything that was on its way is gone, and frames are counted from 0.
    pub(super) fn connect(&mut self, now: u64) {
        self.lose(now);
        self.writer.seq = 0;
        self.writer.line = self.writer.line.idle();
        self.arrived = Sequence::new();
        self.hello_at = now;
    }

    /// The runtime answers no more, or does not know of this session.
    pub(super) fn lose(&mut self, now: u64) {
        if self.state == State::Open {
            self.lost = true;
            self.control.lost();
        }
        self.state = State::Seeking;
        self.nonce = None;
        self.hello_at = self.hello_at.max(now);
    }

    /// A session begins: all that has not ended is asked again.
    pub(super) fn resume(&mut self, now: u64) {
        self.monitor_told = false;
        for slot in &mut self.slots {
            slot.resume(now, &self.writer.line);
        }
    }

    /// Notes that a frame came that is believed.
    pub(super) fn heard(&mut self, now: u64) {
        self.heard_at = now;
    }

    /// The time of the next Hello, when one is sent now. Where a question and its answer take long, so does the wait.
    pub(super) fn next_hello(&self, now: u64) -> u64 {
        self.writer.line.end(now).saturating_add(HELLO_MS + self.writer.line.slowness())
    }

    /// When silence means that the link is lost.
    pub(super) fn silent_at(&self) -> u64 {
        match (self.state, self.heartbeat_ms) {
            (State::Open, 1..) => self.heard_at.saturating_add(MISSING_HEARTBEATS * u64::from(self.heartbeat_ms)),
            (State::Open, 0) if self.waits() => self.heard_at.max(self.writer.sent_at).saturating_add(SILENT_MS),
            _ => u64::MAX,
        }
    }

    /// Whether the runtime owes an answer to anything.
    fn waits(&self) -> bool {
        self.control.waits() || self.slots.iter().any(|slot| slot.asked)
    }

    /// The table's entry for a new request, or `None` if it is full.
    pub(super) fn add(&mut self, task: Task<B>, now: u64) -> Option<u32> {
        if self.slots.is_full() {
            return None;
        }
        let id = loop {
            self.last_id = self.last_id.wrapping_add(1).max(1);
            if self.slots.iter().all(|slot| slot.id != self.last_id) {
                break self.last_id;
            }
        };
        self.slots.push(Slot::new(id, task, now)).ok().map(|()| id)
    }

    /// Ends request number `index` of the table and remembers to tell the runtime, unless it expects nothing.
    pub(super) fn end(&mut self, index: usize, tell: bool) -> Slot<B> {
        let slot = self.slots.swap_remove(index);
        let received = match &slot.task {
            Task::Answer { answer, .. } => answer.last_ack(),
            _ => Some(0),
        };
        if let (true, Some(received)) = (tell, received) {
            self.tell_ended(slot.id, received);
        }
        slot
    }

    /// Remembers to tell the runtime that the end of `id` has arrived.
    pub(super) fn tell_ended(&mut self, id: u32, received: u32) {
        if self.ended.iter().any(|(told, _)| *told == id) {
            return;
        }
        if self.ended.is_full() {
            self.ended.pop_front();
        }
        // Fits: room was made.
        let _ = self.ended.push_back((id, received));
    }

    /// What time or an earlier frame has brought about.
    pub(super) fn poll(&mut self, now: u64) -> Option<Event<'static>> {
        if let Some((id, done)) = self.finished() {
            return Some(Event::Done { id, done });
        }
        if let Some(index) = self.slots.iter().position(|slot| slot.unfit) {
            let Slot { id, .. } = self.end(index, false);
            let message = "the question does not fit into the runtime's frames";
            return Some(Event::Error { id, code: ErrorCode::TooLong, ends: true, message });
        }
        if self.state == State::Open {
            if now >= self.silent_at() {
                self.lose(now);
            } else if let Some(index) = self.slots.iter().position(|slot| slot.is_exhausted(now)) {
                // Perhaps the runtime has another idea of this session: a Hello clears that up, once.
                if self.slots[index].unanswered {
                    let Slot { id, .. } = self.end(index, false);
                    return Some(Event::Unanswered { id });
                }
                self.slots[index].unanswered = true;
                self.lose(now);
            }
        }
        if let Some(safety) = self.safety_news.take() {
            return Some(Event::Safety(safety));
        }
        if let Some(wanted) = self.control.unconfirmed(now) {
            return Some(Event::Unconfirmed { wanted });
        }
        core::mem::take(&mut self.lost).then_some(Event::Disconnected)
    }

    /// Takes an answer that has come to its end out of the table.
    fn finished(&mut self) -> Option<(u32, Done)> {
        let (index, done) = self.slots.iter().enumerate().find_map(|(index, slot)| match &slot.task {
            Task::Answer { answer, .. } => answer.finished().map(|done| (index, done)),
            _ => None,
        })?;
        Some((self.end(index, true).id, done))
    }

    /// When something is to be done next.
    pub(super) fn wake(&self) -> u64 {
        let urgent = self.control.estop_wake();
        if self.lost || self.safety_news.is_some() || self.ping.is_some() || self.slots.iter().any(|slot| slot.unfit) {
            return 0;
        }
        match self.state {
            State::Incompatible => urgent,
            State::Seeking => urgent.min(self.hello_at),
            State::Open if !self.ended.is_empty() || (self.monitor.is_some() && !self.monitor_told) => 0,
            State::Open if self.confirm.is_some() && !self.confirmed => 0,
            State::Open => {
                let slots = self.slots.iter().map(|slot| slot.wake(&self.writer.line)).min().unwrap_or(u64::MAX);
                slots.min(urgent).min(self.control.wake()).min(self.silent_at())
            }
        }
    }

    /// A new timer for a frame that is to be sent at once.
    pub(super) fn retry(&self, now: u64) -> Retry {
        Retry::now(now, &self.writer.line)
    }
}

#[cfg(test)]
mod tests {
    use super::Nonces;

    #[test]
    fn split_mix_64_as_published() {
        // The first outputs for seed 1234567 of the authors' C program.
        let mut nonces = Nonces(1_234_567);
        let drawn = [nonces.draw(), nonces.draw(), nonces.draw()];
        assert_eq!(drawn, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }
}
