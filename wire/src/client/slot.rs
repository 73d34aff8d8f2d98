//! One request of a client, from the question to its end.

use super::answer::Answer;
use super::asked::Asked;
use super::question::NewUpload;
use super::sending::Sending;
use super::timer::{Line, Retry};
use crate::Hash;

/// Milliseconds without a word about an accepted request after which it is asked again: the runtime repeats only so often.
const ASK_AGAIN_MS: u64 = 10_000;

/// A request that has not ended.
#[derive(Clone, Debug)]
pub(super) struct Slot<B> {
    pub(super) id: u32,
    /// It was sent at least once: before that, whatever has its id is about another client's request.
    pub(super) asked: bool,
    /// Its frames do not fit into the runtime's.
    pub(super) unfit: bool,
    /// It was repeated as often as it may be, since the runtime last said anything about it.
    pub(super) unanswered: bool,
    /// The runtime has taken it: anything but an Error was said about it.
    pub(super) taken: bool,
    /// When anything was last said about it, or it was last asked.
    pub(super) heard_at: u64,
    pub(super) task: Task<B>,
}

/// What is asked.
#[allow(clippy::large_enum_variant, reason = "there is no allocator: a table has room for the largest in every place")]
#[derive(Clone, Debug)]
pub(super) enum Task<B> {
    /// An answer.
    Answer { asked: Asked<B>, text_crc: u32, sending: Sending, answer: Answer, cancel: Option<Retry> },
    /// To keep something.
    Upload { upload: NewUpload<B>, sending: Sending },
    /// What is kept.
    List { index: u16, retry: Retry },
    /// To keep something no longer.
    Delete { sha256: Hash, retry: Retry },
}

impl<B> Slot<B> {
    /// Before it is sent.
    pub(super) fn new(id: u32, task: Task<B>, now: u64) -> Self {
        Slot { id, asked: false, unfit: false, unanswered: false, taken: false, heard_at: now, task }
    }

    /// When it is asked again because nothing is heard of it, though all of it was accepted; `u64::MAX` for never. What is missing
    /// before an end that has come is asked for by itself.
    fn forgotten_at(&self) -> u64 {
        match &self.task {
            Task::Answer { sending, answer, .. } if sending.is_complete() && !answer.has_end() => {
                self.heard_at.saturating_add(ASK_AGAIN_MS)
            }
            _ => u64::MAX,
        }
    }

    /// Asks again, under the same key, if nothing was heard for long: the answer goes on from the last Ack.
    pub(super) fn remind(&mut self, now: u64, line: &Line) {
        if now < self.forgotten_at() {
            return;
        }
        self.heard_at = now;
        if let Task::Answer { sending, .. } = &mut self.task {
            sending.resume(now, line);
        }
    }

    /// In a new session it is asked again.
    pub(super) fn resume(&mut self, now: u64, line: &Line) {
        self.heard_at = now;
        match &mut self.task {
            Task::Answer { sending, answer, cancel, .. } => {
                sending.resume(now, line);
                answer.resume();
                *cancel = cancel.map(|_| Retry::now(now, line));
            }
            Task::Upload { sending, .. } => sending.resume(now, line),
            Task::List { retry, .. } | Task::Delete { retry, .. } => *retry = Retry::now(now, line),
        }
    }

    /// Whether something about it was repeated as often as it may be, without an answer.
    pub(super) fn is_exhausted(&self, now: u64) -> bool {
        match &self.task {
            Task::Answer { sending, answer, cancel, .. } => {
                (!self.is_given_up() && sending.is_exhausted(now))
                    || answer.is_exhausted(now)
                    || cancel.is_some_and(|retry| retry.is_exhausted(now))
            }
            Task::Upload { sending, .. } => sending.is_exhausted(now),
            Task::List { retry, .. } | Task::Delete { retry, .. } => retry.is_exhausted(now),
        }
    }

    /// Whether it was asked, and is only to be cancelled: a runtime that does not know it must not begin it.
    pub(super) fn is_given_up(&self) -> bool {
        self.asked && matches!(self.task, Task::Answer { cancel: Some(_), .. })
    }

    /// When there is something to do about it next.
    pub(super) fn wake(&self, line: &Line) -> u64 {
        match &self.task {
            _ if self.unfit => 0,
            Task::Answer { sending, answer, cancel, .. } => {
                let cancel = cancel.filter(|_| self.asked).map_or(u64::MAX, |retry| retry.at());
                let done = if answer.finished().is_some() { 0 } else { answer.wake() };
                let sending = if self.is_given_up() { u64::MAX } else { sending.wake(line) };
                sending.min(cancel).min(done).min(self.forgotten_at())
            }
            Task::Upload { sending, .. } => sending.wake(line),
            Task::List { retry, .. } | Task::Delete { retry, .. } => retry.at(),
        }
    }
}
