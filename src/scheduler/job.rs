use std::time::{Duration, Instant};

use qwark_wire::Reason;

/// One client's session; no two are alike while the runtime lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(pub u64);

/// One request: the connection it came by, and the client's own number for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RequestKey {
    /// The connection.
    pub client: ClientId,
    /// The client's number.
    pub id: u32,
}

/// Where the time of a request went. All count from its receipt, or from the end of the phase before.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timings {
    /// Receipt to start.
    pub queue: Duration,
    /// Start to the end of the prompt.
    pub prefill: Duration,
    /// Receipt to the first token.
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

/// A request that waits.
#[derive(Debug)]
pub(super) struct Job<T> {
    pub key: RequestKey,
    pub prompt: Vec<u32>,
    pub payload: T,
    arrived: Instant,
}

impl<T> Job<T> {
    pub fn new(key: RequestKey, prompt: Vec<u32>, payload: T, arrived: Instant) -> Job<T> {
        Job { key, prompt, payload, arrived }
    }

    pub fn finish(self, reason: Reason, now: Instant) -> Finished<T> {
        let total = now - self.arrived;
        Finished {
            key: self.key,
            reason,
            prompt_tokens: self.prompt.len(),
            cached_tokens: 0,
            output_tokens: 0,
            timings: Timings { queue: total, total, ..Timings::default() },
            payload: self.payload,
        }
    }
}

/// A request that owns a sequence.
#[derive(Debug)]
pub(super) struct Running<T> {
    pub job: Job<T>,
    pub admitted: Instant,
    answer: Vec<u32>,
    first_token: Option<Instant>,
    cached_tokens: usize,
}

impl<T> Running<T> {
    pub fn new(job: Job<T>, cached_tokens: usize, now: Instant) -> Running<T> {
        Running { job, admitted: now, answer: Vec::new(), first_token: None, cached_tokens }
    }

    /// Tokens of prompt and answer so far.
    pub fn len(&self) -> usize {
        self.job.prompt.len() + self.answer.len()
    }

    /// Tokens that are not in the cache yet.
    pub fn pending(&self, cached: &[u32]) -> usize {
        self.len() - cached.len()
    }

    /// The token at `pos`, in the prompt or the answer.
    pub fn token(&self, pos: usize) -> u32 {
        match pos.checked_sub(self.job.prompt.len()) {
            None => self.job.prompt[pos],
            Some(i) => self.answer[i],
        }
    }

    pub fn push(&mut self, token: u32, now: Instant) {
        self.first_token.get_or_insert(now);
        self.answer.push(token);
    }

    pub fn finish(self, reason: Reason, now: Instant) -> Finished<T> {
        let Running { job, admitted, answer, first_token, cached_tokens } = self;
        // The first token is sampled as soon as the prompt is through.
        let prefilled = first_token.unwrap_or(now);
        Finished {
            key: job.key,
            reason,
            prompt_tokens: job.prompt.len(),
            cached_tokens,
            output_tokens: answer.len(),
            timings: Timings {
                queue: admitted - job.arrived,
                prefill: prefilled - admitted,
                first_token: prefilled - job.arrived,
                total: now - job.arrived,
            },
            payload: job.payload,
        }
    }
}
