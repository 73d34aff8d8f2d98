//! Which rows the next step computes. A pure state machine: requests, cancellations, sampled tokens and the time are
//! its inputs, the rows of the next batch and finished requests its outputs.
//!
//! A step takes one row of each request that decodes, then fills the batch with prompt rows, oldest request first, so that a long
//! prompt never halts answers that are under way. Since rows do not influence each other, neither do requests.
//!
//! Only the highest class that can run is computed, and at most [`Limits::parallel`] requests of it. A request that ran and has no
//! place now is *parked*: it keeps its sequence of the cache and goes on from there, or, where others need the sequence, from its
//! first tokens. A request whose client does not read is parked too. None of this changes an answer.
//!
//! Tokens that a request is guessed to go on with are computed behind its last one, where that takes little longer. Those that turn out
//! wrong are taken out of the cache again.
//!
//! An emergency stop is looked at wherever something could begin: see [`Latch`].

mod job;
mod safety;
mod turns;

use std::time::Instant;

use qwark_kernels::Position;
use qwark_wire::{Reason, SafetyState};

use crate::engine::Row;
pub use job::{ClientId, Finished, Guess, RequestKey, Terms, Timings};
use job::{Job, Turn};
pub use safety::{Latch, Safety};

/// Most rows of a step with guesses. Behind a prompt they spare no more time than they take.
pub const GUESSED_ROWS: usize = 10;

/// Bounds of a scheduler.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests that run at once.
    pub parallel: usize,
    /// Sequences of the cache, at least `parallel`; those beyond keep what parked requests have there.
    pub sequences: usize,
    /// Tokens of each, prompt and answer together.
    pub context: usize,
    /// Requests of one class and higher ones that may wait for their turn.
    pub queue: usize,
    /// Rows of one batch, at least `parallel`.
    pub batch: usize,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// An emergency stop is latched, or came after the request.
    #[error("an emergency stop is latched")]
    Stopped,
    /// Nothing is generated between reset and arming.
    #[error("the runtime is not armed")]
    Disarmed,
    /// The client has a request of this number that is not finished.
    #[error("request {0} is still running")]
    DuplicateId(u32),
    /// There is nothing to answer.
    #[error("the prompt is empty")]
    EmptyPrompt,
    /// No room for even one token of an answer.
    #[error("the prompt has {tokens} tokens, the context holds {context} with the answer")]
    PromptTooLong {
        /// Tokens of the prompt.
        tokens: usize,
        /// Tokens of prompt and answer that a sequence holds.
        context: usize,
    },
    /// The waiting line is full.
    #[error("busy with {0} requests already")]
    Busy(usize),
}

/// How many requests there are of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the last step.
    pub running: usize,
    /// Never begun.
    pub queued: usize,
    /// Begun, and not in the last step.
    pub parked: usize,
}

/// The state machine. `T` is what the caller keeps with each request.
#[derive(Debug)]
pub struct Scheduler<T> {
    limits: Limits,
    latch: Latch,
    /// The last emergency stop whose requests have all ended, and when they had.
    settled: u32,
    settled_at: Option<Instant>,
    sequences: Vec<Sequence<T>>,
    /// Requests without a sequence, in no order.
    waiting: Vec<Job<T>>,
    /// Requests taken so far.
    taken: u64,
    /// Turns of the step that is planned; kept between steps.
    turns: Vec<Turn>,
    /// Sequences in the order of the step that is planned; kept between steps.
    order: Vec<usize>,
    /// Tokens whose keys and values sequences may begin with, without computing them.
    prefix: Vec<u32>,
    /// Sequences that begin with the prefix from the next step on, or no longer do.
    begins: Vec<(usize, bool)>,
}

/// One sequence of the cache.
#[derive(Debug)]
struct Sequence<T> {
    /// Tokens whose keys and values are in the cache; kept after a request, for a later one that begins alike.
    cached: Vec<u32>,
    /// Whether the first of these are in the prefix, and not in the sequence's own part of the cache.
    prefixed: bool,
    job: Option<Job<T>>,
}

impl<T> Scheduler<T> {
    /// A scheduler with nothing to do, armed.
    pub fn new(limits: Limits) -> Scheduler<T> {
        let sequence = || Sequence { cached: Vec::with_capacity(limits.context), prefixed: false, job: None };
        Scheduler {
            limits,
            latch: Latch::default(),
            settled: Safety::ARMED.stop,
            settled_at: None,
            sequences: (0..limits.sequences).map(|_| sequence()).collect(),
            waiting: Vec::with_capacity(limits.queue),
            taken: 0,
            turns: Vec::with_capacity(limits.queue),
            order: Vec::with_capacity(limits.sequences),
            prefix: Vec::new(),
            begins: Vec::new(),
        }
    }

    /// Its bounds.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Says whose keys and values sequences may begin with from now on; nothing is known of what they have any more. To be called while
    /// no request is known.
    pub fn set_prefix(&mut self, tokens: Vec<u32>) {
        self.prefix = tokens;
        self.begins.clear();
        for sequence in &mut self.sequences {
            sequence.cached.clear();
            sequence.prefixed = false;
        }
    }

    /// The sequences that begin with the prefix in the step that was just planned, or no longer do, to be told to the cache before it is
    /// computed.
    pub fn begins(&mut self) -> impl Iterator<Item = (usize, bool)> + '_ {
        self.begins.drain(..)
    }

    /// The emergency stop, for any thread to set.
    pub fn latch(&self) -> &Latch {
        &self.latch
    }

    /// Resets an emergency stop; see [`Safety::reset`]. Does nothing while [`Scheduler::due`] has requests that it ended.
    pub fn reset(&mut self, stop: u32) -> Safety {
        if self.settled == stop { self.latch.reset(stop) } else { self.latch.get() }
    }

    /// Arms after a reset; see [`Safety::armed`].
    pub fn arm(&mut self, stop: u32) -> Safety {
        self.latch.arm(stop)
    }

    /// Whether a request on these terms would be taken, as far as can be said without its prompt.
    ///
    /// # Errors
    /// The refusal.
    pub fn check(&self, key: RequestKey, terms: &Terms) -> Result<(), Refusal> {
        match self.latch.get().state {
            SafetyState::Armed if self.settled_at.is_none_or(|settled| settled <= terms.received) => {}
            SafetyState::Disarmed => return Err(Refusal::Disarmed),
            _ => return Err(Refusal::Stopped),
        }
        if self.keys().any(|known| known == key) {
            return Err(Refusal::DuplicateId(key.id));
        }
        // Requests of lower classes are in nobody's way.
        let before = self.jobs().filter(|job| job.class() >= terms.priority.number()).count();
        if before >= self.limits.queue + self.limits.parallel { Err(Refusal::Busy(before)) } else { Ok(()) }
    }

    /// Takes a request, to be started by the first step in which it is its turn. Its answer begins with `begun`.
    ///
    /// # Errors
    /// The refusal; the request is then not known to the scheduler.
    pub fn submit(&mut self, key: RequestKey, prompt: Vec<u32>, begun: Vec<u32>, payload: T, terms: Terms) -> Result<(), Refusal> {
        self.check(key, &terms)?;
        if prompt.is_empty() {
            return Err(Refusal::EmptyPrompt);
        }
        let tokens = prompt.len() + begun.len();
        if tokens >= self.limits.context {
            return Err(Refusal::PromptTooLong { tokens, context: self.limits.context });
        }
        self.waiting.push(Job::new(key, prompt, begun, payload, terms, self.taken));
        self.taken += 1;
        Ok(())
    }

    /// Ends one request, wherever it is; `None` where it is not known (finished already, or never taken).
    pub fn cancel(&mut self, key: RequestKey, now: Instant) -> Option<Finished<T>> {
        self.end(key, Reason::Cancelled, now)
    }

    /// Ends every request of a client that is gone; nobody is there to be told.
    pub fn disconnect(&mut self, client: ClientId, now: Instant) {
        let keys: Vec<RequestKey> = self.keys().filter(|key| key.client == client).collect();
        for key in keys {
            self.cancel(key, now);
        }
    }

    /// Ends a request that must not go on at `now`: every one after an emergency stop, else one whose deadline has come. To be
    /// called until it returns none, before each step.
    pub fn due(&mut self, now: Instant) -> Option<Finished<T>> {
        let stop = self.latch.get().stop;
        if stop != self.settled {
            let left = self.keys().next();
            if let Some(key) = left {
                return self.end(key, Reason::Stopped, now);
            }
            (self.settled, self.settled_at) = (stop, Some(now));
        }
        let overdue = self.jobs().find(|job| job.terms.deadline.is_some_and(|deadline| deadline <= now))?.key;
        self.end(overdue, Reason::Deadline, now)
    }

    /// When the next deadline comes.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.jobs().filter_map(|job| job.terms.deadline).min()
    }

    /// Writes the rows of the next step, which begins at `now`; none where nothing can run. At most `prompt_rows` of them are of
    /// prompts, or a third more where a prompt ends with them. `ready` says whether a client can take more text: a request whose client
    /// can't is left out, and nobody else waits for it. Returns whether an interrupt took some of these rows back before: they should
    /// not be interrupted again.
    ///
    /// The step must be computed, then [`Scheduler::sampled`] or [`Scheduler::last`] called for each request that has rows with `logits`
    /// set, until it has a token that is not computed yet or its end, or [`Scheduler::undo`] for all rows, before the next call.
    pub fn plan(&mut self, rows: &mut Vec<Row>, prompt_rows: usize, now: Instant, ready: impl Fn(ClientId) -> bool) -> bool {
        rows.clear();
        if self.latch.get() != (Safety { state: SafetyState::Armed, stop: self.settled }) {
            return false;
        }
        self.take_turns(now, ready);
        let Scheduler { order, sequences, .. } = self;
        order.clear();
        order.extend((0..sequences.len()).filter(|&seq| sequences[seq].job.as_ref().is_some_and(|job| job.running)));
        // Decoding requests first (they have one token to feed), then prompts by age.
        order.sort_unstable_by_key(|&seq| {
            let Sequence { cached, job, .. } = &sequences[seq];
            job.as_ref().map(|job| (job.pending(cached) > 1, job.age))
        });
        let (mut prompt_rows, mut again) = (prompt_rows, false);
        for &seq in order.iter() {
            let Sequence { cached, job: Some(job), .. } = &mut sequences[seq] else { continue };
            let pending = job.pending(cached);
            let room = self.limits.batch - rows.len();
            let todo = if pending > 1 { prompt_part(pending, prompt_rows).min(room) } else { pending.min(room) };
            if pending > 1 {
                prompt_rows = prompt_rows.saturating_sub(todo);
            }
            for _ in 0..todo {
                let pos = cached.len();
                let token = job.token(pos);
                cached.push(token);
                rows.push(Row { token, at: Position { seq, pos }, logits: job.pending(cached) == 0 });
            }
            again |= todo > 0 && std::mem::take(&mut job.undone);
            if todo > 0 && job.pending(cached) == 0 {
                let room = GUESSED_ROWS.saturating_sub(rows.len()).min(self.limits.context - cached.len());
                // The others of this step need rows too.
                let room = room.min(self.limits.batch.saturating_sub(rows.len() + order.len()));
                for &Guess { token, logits } in job.fitting_guesses(room) {
                    rows.push(Row { token, at: Position { seq, pos: cached.len() }, logits });
                    cached.push(token);
                }
            }
        }
        again
    }

    /// Takes back the rows of a step that was not computed to its end.
    pub fn undo(&mut self, rows: &[Row]) {
        for &Row { at: Position { seq, pos }, .. } in rows {
            let Some(Sequence { cached, job, .. }) = self.sequences.get_mut(seq) else { continue };
            cached.truncate(pos);
            if let Some(job) = job {
                job.undone = true;
            }
        }
    }

    /// The payload of the request that runs on `seq`.
    pub fn payload(&mut self, seq: usize) -> Option<(RequestKey, &mut T)> {
        let job = self.sequences.get_mut(seq)?.job.as_mut()?;
        Some((job.key, &mut job.payload))
    }

    /// As [`Scheduler::payload`], to look at.
    pub fn look(&self, seq: usize) -> Option<&T> {
        Some(&self.sequences.get(seq)?.job.as_ref()?.payload)
    }

    /// Takes the token that was sampled for `seq`, or one after it that needs no sampling. Returns the request where the context has no room to go on.
    pub fn sampled(&mut self, seq: usize, token: u32, now: Instant) -> Option<Finished<T>> {
        let context = self.limits.context;
        let Sequence { cached, job: slot, .. } = self.sequences.get_mut(seq)?;
        let job = slot.as_mut()?;
        let pos = job.len();
        job.push(token, now);
        if cached.get(pos).is_some_and(|&guessed| guessed != token) {
            cached.truncate(pos);
        }
        slot.take_if(|job| job.len() > context).map(|job| job.finish(Reason::Context, now))
    }

    /// Says what a request may go on with after the tokens that it has. The next step that computes the last of those computes
    /// as many of these as there is room for, up to one that wants logits; they are forgotten when a token is taken.
    pub fn guess(&mut self, key: RequestKey, guesses: impl Iterator<Item = Guess>) {
        if let Some(job) = self.jobs_mut().find(|job| job.key == key) {
            job.guesses.clear();
            job.guesses.extend(guesses);
        }
    }

    /// Takes the last token of the request on `seq`, which ends the answer for `reason`. `counted`: whether the token is part of it.
    pub fn last(&mut self, seq: usize, token: u32, counted: bool, reason: Reason, now: Instant) -> Option<Finished<T>> {
        let mut job = self.sequences.get_mut(seq)?.job.take()?;
        if counted {
            job.push(token, now);
        }
        Some(job.finish(reason, now))
    }

    /// How many tokens of a request's prompt are through, and how many it has; `None` where it waits or is not known.
    pub fn prompt_progress(&self, key: RequestKey) -> Option<(usize, usize)> {
        let of = |s: &Sequence<T>| {
            let job = s.job.as_ref().filter(|job| job.key == key)?;
            Some((s.cached.len().min(job.prompt_len()), job.prompt_len()))
        };
        self.sequences.iter().find_map(of)
    }

    /// Whether no request is known.
    pub fn is_idle(&self) -> bool {
        self.jobs().next().is_none()
    }

    /// Every request that is known and not finished.
    pub fn keys(&self) -> impl Iterator<Item = RequestKey> + '_ {
        self.jobs().map(|job| job.key)
    }

    /// How many requests there are, as the last step left them.
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for job in self.jobs() {
            *match (job.running, job.started()) {
                (true, _) => &mut counts.running,
                (false, true) => &mut counts.parked,
                (false, false) => &mut counts.queued,
            } += 1;
        }
        counts
    }

    fn jobs(&self) -> impl Iterator<Item = &Job<T>> {
        self.sequences.iter().filter_map(|s| s.job.as_ref()).chain(&self.waiting)
    }

    fn jobs_mut(&mut self) -> impl Iterator<Item = &mut Job<T>> {
        self.sequences.iter_mut().filter_map(|s| s.job.as_mut()).chain(&mut self.waiting)
    }

    fn end(&mut self, key: RequestKey, reason: Reason, now: Instant) -> Option<Finished<T>> {
        let job = match self.waiting.iter().position(|job| job.key == key) {
            Some(i) => self.waiting.swap_remove(i),
            None => self.sequences.iter_mut().find_map(|s| s.job.take_if(|job| job.key == key))?,
        };
        Some(job.finish(reason, now))
    }
}

/// How many of the `pending` rows of a prompt a step takes that is to have at most `rows`. A rest of up to a third comes along: in a
/// step of its own, the weights would be read again for few rows.
fn prompt_part(pending: usize, rows: usize) -> usize {
    if pending <= rows.saturating_add(rows / 3) { pending } else { rows }
}

#[cfg(test)]
mod tests;
