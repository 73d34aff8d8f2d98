//! Whose turn it is, and on which sequence.

use std::cmp::Reverse;
use std::time::Instant;

use super::job::Job;
use super::{ClientId, Scheduler, Sequence};

impl<T> Scheduler<T> {
    /// Chooses the requests of the next step: of those whose client is ready, the highest class only, and each gets a sequence.
    pub(super) fn take_turns(&mut self, now: Instant, ready: impl Fn(ClientId) -> bool) {
        // Asked once for each: a client's answer may change at any moment.
        for job in self.jobs_mut() {
            job.ready = ready(job.key.client);
        }
        let class = self.jobs().filter(|job| job.ready).map(Job::class).max();
        let has_turn = |job: &Job<T>| job.ready && Some(job.class()) == class;
        let mut turns = std::mem::take(&mut self.turns);
        turns.clear();
        turns.extend(self.jobs().filter(|job| has_turn(job)).map(Job::turn));
        turns.sort_unstable();
        turns.truncate(self.limits.parallel);
        for job in self.jobs_mut() {
            job.running = has_turn(job) && turns.last().is_some_and(|last| job.turn() <= *last);
        }
        self.turns = turns;
        while let Some((i, seq)) = self.next_start() {
            let job = self.waiting.swap_remove(i);
            self.start(seq, job, now);
        }
    }

    /// The oldest request that is to run and has no sequence, and the sequence for it.
    fn next_start(&self) -> Option<(usize, usize)> {
        let starting = self.waiting.iter().enumerate().filter(|(_, job)| job.running);
        let (i, job) = starting.min_by_key(|(_, job)| job.age)?;
        Some((i, self.best_free(job).or_else(|| self.last_in_turn())?))
    }

    /// Of the free sequences, the one whose cached tokens begin most like the request's.
    fn best_free(&self, job: &Job<T>) -> Option<usize> {
        let free = self.sequences.iter().enumerate().filter(|(_, s)| s.job.is_none());
        // The last of equals by `max_by_key`; among those with nothing to share, prefer the emptiest cache.
        free.max_by_key(|(_, s)| (job.shared(&s.cached), Reverse(s.cached.len()))).map(|(seq, _)| seq)
    }

    /// The sequence of the parked request whose turn comes last: of the lowest class, of those whose client isn't ready, the youngest.
    fn last_in_turn(&self) -> Option<usize> {
        let parked = |(seq, s): (usize, &Sequence<T>)| {
            let job = s.job.as_ref().filter(|job| !job.running)?;
            Some(((job.class(), job.ready, Reverse(job.age)), seq))
        };
        self.sequences.iter().enumerate().filter_map(parked).min().map(|(_, seq)| seq)
    }

    /// Puts a request on a sequence. One that is parked there waits; what it had in the cache is computed again later, which changes
    /// nothing in its answer.
    fn start(&mut self, seq: usize, mut job: Job<T>, now: Instant) {
        let (sequence, prefix) = (&mut self.sequences[seq], &self.prefix);
        // The last token is always computed: its logits are wanted.
        let most = job.len() - 1;
        let mut keep = job.shared(&sequence.cached).min(most);
        let begins = !prefix.is_empty() && prefix.len() <= most && job.shared(prefix) == prefix.len();
        if keep < prefix.len() && (begins || sequence.prefixed) {
            // What the sequence has of the prefix is not its own, so nothing of it can stay without the rest.
            sequence.prefixed = begins;
            self.begins.push((seq, begins));
            sequence.cached.clear();
            sequence.cached.extend_from_slice(if begins { prefix } else { &[] });
            keep = sequence.cached.len();
        }
        sequence.cached.truncate(keep);
        job.start(keep, now);
        self.waiting.extend(sequence.job.replace(job));
    }
}
