//! Which rows the next step computes. A pure state machine: requests, cancellations, sampled tokens and the time are
//! its inputs, the rows of the next batch and finished requests its outputs.
//!
//! Every running request owns one sequence of the cache. A step takes one row of each decoding request, then fills the batch
//! with prompt rows, oldest request first, so that a long prompt never halts answers that are under way. Since rows do not
//! influence each other, neither do requests. A request whose client does not read gives its sequence up to one that waits.

mod job;

use std::collections::VecDeque;
use std::time::Instant;

use qwark_kernels::Position;
use qwark_wire::Reason;

use crate::engine::Row;
use job::Job;
pub use job::{ClientId, Finished, RequestKey, Timings};

/// Bounds of a scheduler.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sequences of the cache: the most requests that run at once.
    pub sequences: usize,
    /// Tokens of each, prompt and answer together.
    pub context: usize,
    /// Requests that may wait for a sequence.
    pub queue: usize,
    /// Rows of one batch.
    pub batch: usize,
}

/// Why a request is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
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
    #[error("busy: {0} requests are waiting already")]
    Busy(usize),
}

/// The state machine. `T` is what the caller keeps with each request.
#[derive(Debug)]
pub struct Scheduler<T> {
    limits: Limits,
    sequences: Vec<Sequence<T>>,
    waiting: VecDeque<Job<T>>,
    /// Sequences in the order of the step that is planned; kept between steps.
    order: Vec<usize>,
}

/// One sequence of the cache.
#[derive(Debug)]
struct Sequence<T> {
    /// Tokens whose keys and values are in the cache; kept after a request, for a later one that begins alike.
    cached: Vec<u32>,
    running: Option<Job<T>>,
}

impl<T> Scheduler<T> {
    /// A scheduler with nothing to do.
    pub fn new(limits: Limits) -> Scheduler<T> {
        let sequence = || Sequence { cached: Vec::with_capacity(limits.context), running: None };
        Scheduler {
            limits,
            sequences: (0..limits.sequences).map(|_| sequence()).collect(),
            waiting: VecDeque::with_capacity(limits.queue),
            order: Vec::with_capacity(limits.sequences),
        }
    }

    /// Whether a request of this key would be taken, as far as can be said without its prompt.
    ///
    /// # Errors
    /// The refusal.
    pub fn check(&self, key: RequestKey) -> Result<(), Refusal> {
        if self.keys().any(|known| known == key) {
            return Err(Refusal::DuplicateId(key.id));
        }
        // The next step takes as many from the line as there are free sequences.
        let free = self.sequences.iter().filter(|s| s.running.is_none()).count();
        if self.waiting.len() >= self.limits.queue + free { Err(Refusal::Busy(self.waiting.len())) } else { Ok(()) }
    }

    /// Takes a request that was received at `received`, to be started by the first step that finds a free sequence.
    ///
    /// # Errors
    /// The refusal; the request is then not known to the scheduler.
    pub fn submit(&mut self, key: RequestKey, prompt: Vec<u32>, payload: T, received: Instant) -> Result<(), Refusal> {
        self.check(key)?;
        if prompt.is_empty() {
            return Err(Refusal::EmptyPrompt);
        }
        if prompt.len() >= self.limits.context {
            return Err(Refusal::PromptTooLong { tokens: prompt.len(), context: self.limits.context });
        }
        self.waiting.push_back(Job::new(key, prompt, payload, received));
        Ok(())
    }

    /// Ends one request, wherever it is; `None` where it is not known (finished already, or never taken).
    pub fn cancel(&mut self, key: RequestKey, now: Instant) -> Option<Finished<T>> {
        if let Some(i) = self.waiting.iter().position(|job| job.key == key) {
            return self.waiting.remove(i).map(|job| job.finish(Reason::Cancelled, now));
        }
        let seq = self.sequences.iter().position(|s| s.running.as_ref().is_some_and(|job| job.key == key))?;
        self.finish(seq, Reason::Cancelled, now)
    }

    /// Ends every request of a client that is gone; nobody is there to be told.
    pub fn disconnect(&mut self, client: ClientId, now: Instant) {
        let keys: Vec<RequestKey> = self.keys().filter(|key| key.client == client).collect();
        for key in keys {
            self.cancel(key, now);
        }
    }

    /// Writes the rows of the next step, which begins at `now`; none where nothing can run. `ready` says whether a client can
    /// take more text: a request whose client can't is left out, and nobody else waits for it.
    ///
    /// The step must be computed, then [`Scheduler::sampled`] or [`Scheduler::last`] called for each row with `logits` set,
    /// before the next call.
    pub fn plan(&mut self, rows: &mut Vec<Row>, now: Instant, ready: impl Fn(ClientId) -> bool) {
        rows.clear();
        self.admit(now);
        self.make_way(now, &ready);
        let Scheduler { order, sequences, .. } = self;
        order.clear();
        order.extend((0..sequences.len()).filter(|&seq| sequences[seq].running.is_some()));
        // Decoding requests first (they have one token to feed), then prompts by age.
        order.sort_unstable_by_key(|&seq| {
            let Sequence { cached, running } = &sequences[seq];
            (running.as_ref().map(|job| (job.pending(cached) > 1, job.admitted())), seq)
        });
        for &seq in order.iter() {
            let Sequence { cached, running: Some(running) } = &mut sequences[seq] else { continue };
            if !ready(running.key.client) {
                continue;
            }
            let todo = running.pending(cached).min(self.limits.batch - rows.len());
            for _ in 0..todo {
                let pos = cached.len();
                let token = running.token(pos);
                cached.push(token);
                rows.push(Row { token, at: Position { seq, pos }, logits: running.pending(cached) == 0 });
            }
        }
    }

    /// The payload of the request that runs on `seq`.
    pub fn payload(&mut self, seq: usize) -> Option<(RequestKey, &mut T)> {
        let running = self.sequences.get_mut(seq)?.running.as_mut()?;
        Some((running.key, &mut running.payload))
    }

    /// Takes the token that was sampled for `seq`. Returns the request where the context has no room to go on.
    pub fn sampled(&mut self, seq: usize, token: u32, now: Instant) -> Option<Finished<T>> {
        let context = self.limits.context;
        let sequence = self.sequences.get_mut(seq)?;
        let running = sequence.running.as_mut()?;
        running.push(token, now);
        if running.len() > context { self.finish(seq, Reason::Context, now) } else { None }
    }

    /// Takes the last token of the request on `seq`, which ends the answer for `reason`. `counted`: whether the token is part of it.
    pub fn last(&mut self, seq: usize, token: u32, counted: bool, reason: Reason, now: Instant) -> Option<Finished<T>> {
        if let Some(running) = self.sequences.get_mut(seq)?.running.as_mut().filter(|_| counted) {
            running.push(token, now);
        }
        self.finish(seq, reason, now)
    }

    /// How many tokens of a running request's prompt are through, and how many it has; `None` where it waits or is not known.
    pub fn prompt_progress(&self, key: RequestKey) -> Option<(usize, usize)> {
        let of = |s: &Sequence<T>| {
            let job = s.running.as_ref().filter(|job| job.key == key)?;
            Some((s.cached.len().min(job.prompt_len()), job.prompt_len()))
        };
        self.sequences.iter().find_map(of)
    }

    /// Whether no request is known.
    pub fn is_idle(&self) -> bool {
        self.keys().next().is_none()
    }

    /// Every request that is known and not finished.
    pub fn keys(&self) -> impl Iterator<Item = RequestKey> + '_ {
        let running = self.sequences.iter().filter_map(|s| s.running.as_ref());
        running.chain(&self.waiting).map(|job| job.key)
    }

    fn finish(&mut self, seq: usize, reason: Reason, now: Instant) -> Option<Finished<T>> {
        self.sequences.get_mut(seq)?.running.take().map(|running| running.finish(reason, now))
    }

    /// Starts waiting requests on free sequences.
    fn admit(&mut self, now: Instant) {
        while let Some(job) = self.waiting.front() {
            let Some(seq) = self.best_for(job, |s| s.running.is_none()) else { return };
            let Some(job) = self.waiting.pop_front() else { return };
            self.start(seq, job, now);
        }
    }

    /// Gives the sequences of requests that can't go on to waiting ones that can; then the former wait. What such a request has in
    /// the cache is computed again later, which changes nothing in its answer.
    fn make_way(&mut self, now: Instant, ready: &impl Fn(ClientId) -> bool) {
        while let Some(i) = self.waiting.iter().position(|job| ready(job.key.client)) {
            let halted = |s: &Sequence<T>| s.running.as_ref().is_some_and(|job| !ready(job.key.client));
            let Some(seq) = self.best_for(&self.waiting[i], halted) else { return };
            let Some(job) = self.waiting.remove(i) else { return };
            if let Some(halted) = self.sequences[seq].running.take() {
                self.waiting.push_front(halted);
            }
            self.start(seq, job, now);
        }
    }

    /// Of the sequences that `usable` allows, the one whose cached tokens begin most like the request's.
    fn best_for(&self, job: &Job<T>, usable: impl Fn(&Sequence<T>) -> bool) -> Option<usize> {
        let usable = self.sequences.iter().enumerate().filter(|(_, s)| usable(s));
        // The last of equals by `max_by_key`; among those with nothing to share, prefer the emptiest cache.
        usable.max_by_key(|(_, s)| (job.shared(&s.cached), std::cmp::Reverse(s.cached.len()))).map(|(seq, _)| seq)
    }

    fn start(&mut self, seq: usize, mut job: Job<T>, now: Instant) {
        let Sequence { cached, running } = &mut self.sequences[seq];
        // The last token is always computed: its logits are wanted.
        let keep = job.shared(cached).min(job.len() - 1);
        cached.truncate(keep);
        job.start(keep, now);
        *running = Some(job);
    }
}

#[cfg(test)]
mod tests;
