use std::time::{Duration, Instant};

use qwark_wire::{Priority, Reason};

/// One client's session; no two are alike while the runtime lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

/// One request: the session that it belongs to, and the session's own number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// The session.
    pub client: ClientId,
    /// Its number for the request: not the one that the client chose, which may come again.
    pub id: u32,
}

/// What a request asks for, besides its answer.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// When it was received.
    pub received: Instant,
    /// Whose turn it is before whose.
    pub priority: Priority,
    /// When its answer ends at the latest, with what there is by then.
    pub deadline: Option<Instant>,
}

/// Where the time of a request went. All count from its receipt, or from the end of the phase before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Receipt to start.
    pub queue: Duration,
    /// Start to the end of the prompt.
    pub prefill: Duration,
    /// Receipt to the first token; zero if there was none.
    pub first_token: Duration,
    /// Receipt to the end.
    pub total: Duration,
}

/// The end of a request.
#[derive(Debug)]
pub struct Finished<T> {
    /// Which one.
    pub key: RequestKey,
    /// Why it ended.
    pub reason: Reason,
    /// Tokens of its prompt.
    pub prompt_tokens: usize,
    /// Tokens of its prompt that were in the cache already.
    pub cached_tokens: usize,
    /// Tokens of its answer.
    pub output_tokens: usize,
    /// Where the time went.
    pub timings: Timings,
    /// What the caller kept with it.
    pub payload: T,
}

impl<T> Finished<T> {
    /// The payload, and the rest.
    pub fn split(self) -> (T, Finished<()>) {
        let Finished { key, reason, prompt_tokens, cached_tokens, output_tokens, timings, payload } = self;
        (payload, Finished { key, reason, prompt_tokens, cached_tokens, output_tokens, timings, payload: () })
    }
}

/// A token that a request may go on with, to be computed together with what is before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Guess {
    /// Its id.
    pub token: u32,
    /// Whether the next token's logits are wanted.
    pub logits: bool,
}

/// When a request's turn is among those of its class: those that run go on running, then by age.
pub(super) type Turn = (bool, u64);

/// A request, on a sequence or without one.
#[derive(Debug)]
pub(super) struct Job<T> {
    pub key: RequestKey,
    pub payload: T,
    pub terms: Terms,
    /// Requests that were taken before this one.
    pub age: u64,
    /// Whether its client could take more text when the last step was planned.
    pub ready: bool,
    /// Whether it had a place in the last step.
    pub running: bool,
    /// Whether an interrupt took rows of it back that have not been planned again.
    pub undone: bool,
    /// What may come after the answer.
    pub guesses: Vec<Guess>,
    prompt: Vec<u32>,
    answer: Vec<u32>,
    /// When it first got a sequence.
    admitted: Option<Instant>,
    first_token: Option<Instant>,
    cached_tokens: usize,
}

impl<T> Job<T> {
    pub fn new(key: RequestKey, prompt: Vec<u32>, answer: Vec<u32>, payload: T, terms: Terms, age: u64) -> Job<T> {
        Job {
            key,
            payload,
            terms,
            age,
            ready: false,
            running: false,
            undone: false,
            guesses: Vec::new(),
            prompt,
            answer,
            admitted: None,
            first_token: None,
            cached_tokens: 0,
        }
    }

    /// It gets a sequence that has its first `cached` tokens already; perhaps not for the first time.
    pub fn start(&mut self, cached: usize, now: Instant) {
        if self.admitted.is_none() {
            self.admitted = Some(now);
            self.cached_tokens = cached;
        }
    }

    /// Whether it ever had a sequence.
    pub fn started(&self) -> bool {
        self.admitted.is_some()
    }

    /// Its priority as a number, higher before lower.
    pub fn class(&self) -> u8 {
        self.terms.priority.number()
    }

    pub fn turn(&self) -> Turn {
        (!self.running, self.age)
    }

    /// Tokens of its prompt.
    pub fn prompt_len(&self) -> usize {
        self.prompt.len()
    }

    /// Tokens of prompt and answer so far.
    pub fn len(&self) -> usize {
        self.prompt.len() + self.answer.len()
    }

    /// Tokens that are not in the cache yet.
    pub fn pending(&self, cached: &[u32]) -> usize {
        self.len().saturating_sub(cached.len())
    }

    /// The token at `pos`, in the prompt or the answer.
    pub fn token(&self, pos: usize) -> u32 {
        match pos.checked_sub(self.prompt.len()) {
            None => self.prompt[pos],
            Some(i) => self.answer[i],
        }
    }

    /// How many of its first tokens `cached` begins with.
    pub fn shared(&self, cached: &[u32]) -> usize {
        cached.iter().zip(self.prompt.iter().chain(&self.answer)).take_while(|(a, b)| a == b).count()
    }

    /// The first guesses, at most `room`, up to one that wants logits.
    pub fn fitting_guesses(&self, room: usize) -> &[Guess] {
        let guesses = &self.guesses[..room.min(self.guesses.len())];
        &guesses[..guesses.iter().rposition(|guess| guess.logits).map_or(0, |last| last + 1)]
    }

    /// Takes the next token of the answer, after which what was guessed before is of no use.
    pub fn push(&mut self, token: u32, now: Instant) {
        self.first_token.get_or_insert(now);
        self.answer.push(token);
        self.guesses.clear();
    }

    pub fn finish(self, reason: Reason, now: Instant) -> Finished<T> {
        let Job { key, payload, terms, prompt, answer, admitted, first_token, cached_tokens, .. } = self;
        let admitted = admitted.unwrap_or(now);
        Finished {
            key,
            reason,
            prompt_tokens: prompt.len(),
            cached_tokens,
            output_tokens: answer.len(),
            timings: Timings {
                queue: admitted - terms.received,
                // The first token is sampled as soon as the prompt is through.
                prefill: first_token.unwrap_or(now) - admitted,
                first_token: first_token.map_or(Duration::ZERO, |first| first - terms.received),
                total: now - terms.received,
            },
            payload,
        }
    }
}
