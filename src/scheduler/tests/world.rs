//! A scheduler with a simulated engine, clients and clock around it, which check at every event what must always hold.

use std::collections::{HashMap, HashSet};

use super::*;

pub(super) const LIMITS: Limits = Limits { parallel: 2, sequences: 3, context: 12, queue: 4, batch: 6 };

/// How long a step takes.
pub(super) const STEP: Duration = Duration::from_millis(10);

/// A request that the scheduler took and has not ended.
struct Open {
    prompt: Vec<u32>,
    answer: Vec<u32>,
    length: usize,
    terms: Terms,
    /// What it is guessed to go on with: a choice, what follows without one up to a row that wants logits, and so on.
    guesses: Vec<Guess>,
}

impl Open {
    fn tokens(&self) -> impl Iterator<Item = u32> {
        self.prompt.iter().chain(&self.answer).copied()
    }

    /// Guesses up to five tokens. A choice may be guessed wrong, what follows without one cannot.
    fn guess(&mut self) {
        let mut tokens: Vec<u32> = self.tokens().collect();
        self.guesses.clear();
        let mut is_choice = true;
        for _ in 0..next_token(self.tokens()) % 6 {
            let right = next_token(tokens.iter().copied());
            let token = if is_choice && right.is_multiple_of(3) { right + 1 } else { right };
            is_choice = token.is_multiple_of(2);
            tokens.push(token);
            self.guesses.push(Guess { token, logits: is_choice });
        }
        // As the scheduler is given them: up to a row that wants logits.
        let end = self.guesses.iter().rposition(|guess| guess.logits).map_or(0, |last| last + 1);
        self.guesses.truncate(end);
    }
}

/// What the simulated model says after `tokens`: something that depends on every one of them.
fn next_token(tokens: impl Iterator<Item = u32>) -> u32 {
    tokens.fold(7, |hash: u32, token| hash.wrapping_mul(31).wrapping_add(token) % 9973)
}

/// The answer to a prompt where nothing disturbs it.
fn undisturbed(prompt: &[u32], len: usize) -> Vec<u32> {
    let mut tokens = prompt.to_vec();
    for _ in 0..len {
        tokens.push(next_token(tokens.iter().copied()));
    }
    tokens.split_off(prompt.len())
}

pub(super) struct World {
    s: Scheduler<()>,
    now: Instant,
    /// What each sequence's keys and values were computed from; `None` where an interrupted step left nothing that can be used.
    cache: Vec<[Option<u32>; LIMITS.context]>,
    open: HashMap<RequestKey, Open>,
    stalled: HashSet<ClientId>,
    /// Requests with rows that were lost to an interrupt and not planned again.
    lost: HashSet<RequestKey>,
    /// As it should be.
    safety: Safety,
}

impl World {
    pub fn new() -> World {
        World {
            s: Scheduler::new(LIMITS),
            now: Instant::now(),
            cache: vec![[None; LIMITS.context]; LIMITS.sequences],
            open: HashMap::new(),
            stalled: HashSet::new(),
            lost: HashSet::new(),
            safety: Safety::ARMED,
        }
    }

    pub fn submit(&mut self, key: RequestKey, prompt: Vec<u32>, length: usize, priority: Priority, deadline: Option<Duration>) {
        let terms = Terms { received: self.now, priority, deadline: deadline.map(|after| self.now + after) };
        let before = self.open.values().filter(|o| o.terms.priority.number() >= priority.number()).count();
        let expected = match self.safety.state {
            SafetyState::Stopped => Err(Refusal::Stopped),
            SafetyState::Disarmed => Err(Refusal::Disarmed),
            _ if self.open.contains_key(&key) => Err(Refusal::DuplicateId(key.id)),
            _ if before >= LIMITS.queue + LIMITS.parallel => Err(Refusal::Busy(before)),
            _ if prompt.is_empty() => Err(Refusal::EmptyPrompt),
            _ if prompt.len() >= LIMITS.context => Err(Refusal::PromptTooLong { tokens: prompt.len(), context: LIMITS.context }),
            _ => Ok(()),
        };
        assert_eq!(self.s.submit(key, prompt.clone(), vec![], (), terms), expected);
        if expected.is_ok() {
            self.open.insert(key, Open { prompt, answer: Vec::new(), length, terms, guesses: Vec::new() });
            self.guess(key);
        }
    }

    fn guess(&mut self, key: RequestKey) {
        if let Some(open) = self.open.get_mut(&key) {
            open.guess();
            self.s.guess(key, open.guesses.iter().copied());
        }
    }

    pub fn cancel(&mut self, key: RequestKey) {
        let finished = self.s.cancel(key, self.now);
        assert_eq!(finished.is_some(), self.open.contains_key(&key));
        finished.into_iter().for_each(|finished| self.ended(finished, Reason::Cancelled));
    }

    pub fn disconnect(&mut self, client: ClientId) {
        self.s.disconnect(client, self.now);
        self.open.retain(|key, _| key.client != client);
        self.lost.retain(|key| key.client != client);
    }

    pub fn stall(&mut self, client: ClientId, stalled: bool) {
        if stalled {
            self.stalled.insert(client)
        } else {
            self.stalled.remove(&client)
        };
    }

    pub fn emergency_stop(&mut self) {
        if self.safety.state != SafetyState::Stopped {
            self.safety = Safety { state: SafetyState::Stopped, stop: self.safety.stop + 1 };
        }
        assert_eq!(self.s.latch().clone().stop(), self.safety);
    }

    pub fn reset(&mut self, stop: u32) {
        self.end_due();
        if self.safety == (Safety { state: SafetyState::Stopped, stop }) {
            self.safety.state = SafetyState::Disarmed;
        }
        assert_eq!(self.s.reset(stop), self.safety);
    }

    pub fn arm(&mut self, stop: u32) {
        if self.safety == (Safety { state: SafetyState::Disarmed, stop }) {
            self.safety.state = SafetyState::Armed;
        }
        assert_eq!(self.s.arm(stop), self.safety);
    }

    pub fn last_stop(&self) -> u32 {
        self.safety.stop
    }

    /// Nothing is computed for `time`, but deadlines are woken up for.
    pub fn wait(&mut self, time: Duration) {
        let end = self.now + time;
        while let Some(deadline) = self.s.next_deadline().filter(|&deadline| deadline <= end) {
            self.now = self.now.max(deadline);
            self.end_due();
        }
        self.now = self.now.max(end);
    }

    /// One step; `interrupted` by a cancel before its end, or `stopped` when it was about to begin.
    pub fn step(&mut self, prompt_rows: usize, interrupted: bool, stopped: bool) {
        self.end_due();
        if stopped {
            self.emergency_stop();
        }
        let before: HashSet<RequestKey> = self.running();
        let (mut rows, stalled) = (Vec::new(), self.stalled.clone());
        let again = self.s.plan(&mut rows, prompt_rows, self.now, |client| !stalled.contains(&client));
        if self.safety.state != SafetyState::Armed {
            assert!(rows.is_empty(), "nothing is computed after a stop");
            return;
        }
        self.check_turns(&rows, &before);
        let keys = self.compute(&rows, prompt_rows);
        let lost = keys.iter().filter(|&key| self.lost.remove(key)).count();
        assert_eq!(again, lost > 0, "exactly the steps with lost rows are not to be interrupted");
        self.now += STEP;
        if interrupted && !again {
            for row in &rows {
                self.cache[row.at.seq][row.at.pos] = None;
            }
            self.s.undo(&rows);
            self.lost.extend(keys);
        } else {
            self.sample(&rows);
        }
    }

    /// After all that happened, everything goes on to its end.
    pub fn drain(&mut self) {
        self.stalled.clear();
        self.reset(self.safety.stop);
        self.arm(self.safety.stop);
        for _ in 0..100 {
            self.step(LIMITS.batch, false, false);
            self.check_known();
        }
        assert!(self.s.is_idle() && self.open.is_empty());
    }

    /// Everyone who was not told of an end is known, once.
    pub fn check_known(&self) {
        let keys: Vec<RequestKey> = self.s.keys().collect();
        assert!(keys.len() == self.open.len() && keys.iter().all(|key| self.open.contains_key(key)));
        let Counts { running, queued, parked } = self.s.counts();
        assert!(running + queued + parked == keys.len() && running <= LIMITS.parallel);
    }

    fn end_due(&mut self) {
        while let Some(finished) = self.s.due(self.now) {
            let reason = if self.safety.state == SafetyState::Stopped { Reason::Stopped } else { Reason::Deadline };
            if reason == Reason::Deadline {
                let deadline = self.open[&finished.key].terms.deadline.expect("it has one");
                assert!(deadline <= self.now && self.now - deadline <= STEP, "at the deadline, or after one step");
            }
            self.ended(finished, reason);
        }
        assert!(self.open.values().all(|o| o.terms.deadline.is_none_or(|deadline| deadline > self.now)));
        assert!(self.safety.state == SafetyState::Armed || self.open.is_empty());
    }

    fn running(&self) -> HashSet<RequestKey> {
        self.s.jobs().filter(|job| job.running).map(|job| job.key).collect()
    }

    /// The highest class that can run has the step, and a place that is given anew goes to the oldest.
    fn check_turns(&self, rows: &[Row], before: &HashSet<RequestKey>) {
        let can_run = |key: &RequestKey| !self.stalled.contains(&key.client);
        let class = self.open.iter().filter(|(key, _)| can_run(key)).map(|(_, o)| o.terms.priority.number()).max();
        assert_eq!(class.is_some(), !rows.is_empty(), "there are rows where there is work");
        let running = self.running();
        for job in self.s.jobs().filter(|job| can_run(&job.key) && Some(job.class()) == class && !job.running) {
            assert_eq!(running.len(), LIMITS.parallel, "no place is left empty");
            let younger = |new: &Job<()>| new.running && !before.contains(&new.key) && new.age > job.age;
            assert!(!self.s.jobs().any(younger), "it waits longer than one that got a place");
        }
        assert!(self.s.jobs().filter(|job| job.running).all(|job| can_run(&job.key) && Some(job.class()) == class));
    }

    /// Puts the rows into the cache and checks that they are what the requests need there. Returns whose they are.
    fn compute(&mut self, rows: &[Row], prompt_rows: usize) -> HashSet<RequestKey> {
        assert!(rows.len() <= LIMITS.batch);
        let (mut keys, mut others) = (HashSet::new(), 0);
        for &Row { token, at: Position { seq, pos }, logits } in rows {
            let (key, ()) = self.s.payload(seq).expect("someone runs there");
            let open = &self.open[&key];
            let mut tokens: Vec<u32> = open.tokens().collect();
            assert!(self.running().contains(&key));
            let known = tokens.len();
            tokens.extend(open.guesses.iter().map(|guess| guess.token));
            let wanted = if pos < known { pos + 1 == known } else { open.guesses[pos - known].logits };
            assert_eq!((token, logits), (tokens[pos], wanted));
            others += usize::from(pos + 1 < known);
            let cached = self.cache[seq][..pos].iter().zip(&tokens);
            assert!(cached.into_iter().all(|(cached, token)| *cached == Some(*token)), "what comes before is in the cache");
            self.cache[seq][pos] = Some(token);
            keys.insert(key);
        }
        assert!(others <= prompt_rows + prompt_rows / 3);
        keys
    }

    fn sample(&mut self, rows: &[Row]) {
        for rows in rows.chunk_by(|a, b| a.at.seq == b.at.seq) {
            let seq = rows[0].at.seq;
            let (key, ()) = self.s.payload(seq).expect("someone runs there");
            let mut guesses = std::mem::take(&mut self.open.get_mut(&key).expect("it is open").guesses).into_iter().peekable();
            let mut sampled = 0;
            'rows: for row in rows.iter().filter(|row| row.logits) {
                sampled += 1;
                let token = next_token(self.cache[seq][..=row.at.pos].iter().flatten().copied());
                if self.push(seq, key, token) {
                    break;
                }
                let Some(mut guess) = guesses.next_if(|guess| guess.token == token) else { break };
                while !guess.logits {
                    guess = guesses.next().expect("it ends with a row that wants logits");
                    if self.push(seq, key, guess.token) {
                        break 'rows;
                    }
                }
            }
            if sampled > 0 {
                self.guess(key);
            } else if let Some(open) = self.open.get_mut(&key) {
                open.guesses = guesses.collect();
            }
        }
    }

    /// A token of an answer. Whether it is the last.
    fn push(&mut self, seq: usize, key: RequestKey, token: u32) -> bool {
        let open = self.open.get_mut(&key).expect("it is open");
        open.answer.push(token);
        let (reason, finished) = if open.answer.len() == open.length {
            (Reason::Length, self.s.last(seq, token, true, Reason::Length, self.now))
        } else {
            (Reason::Context, self.s.sampled(seq, token, self.now))
        };
        let ends = finished.is_some();
        finished.into_iter().for_each(|finished| self.ended(finished, reason));
        ends
    }

    /// A request ends: for the first time, and with what an undisturbed one would have said so far.
    fn ended(&mut self, finished: Finished<()>, reason: Reason) {
        let open = self.open.remove(&finished.key).expect("it ends once");
        self.lost.remove(&finished.key);
        assert_eq!((finished.reason, finished.output_tokens), (reason, open.answer.len()));
        assert_eq!(finished.timings.total, self.now - open.terms.received);
        assert_eq!(open.answer, undisturbed(&open.prompt, open.answer.len()));
    }
}
