//! Scheduler, engine and text together: requests in, replies out, one step at a time. Every way to use Qwark (the program's
//! `run` and `chat`, the server, a library user) goes through here.

mod open;

use std::time::Instant;

use qwark_kernels::Position;
use qwark_wire::Reason;

pub use open::{DEFAULT_CONTEXT, OpenError, OpenOptions, Opened};

use crate::chat::{Chat, ChatError, ChatTemplate};
use crate::engine::{BatchError, Engine, MAX_BATCH, Row};
use crate::generation::{Accepted, Generation, GenerationParams};
use crate::sampler::SamplingError;
use crate::scheduler::{ClientId, Finished, Limits, Refusal, RequestKey, Scheduler};
use crate::tokenizer::{Special, Tokenizer};

/// Requests that may wait for a sequence.
pub const MAX_QUEUE: usize = 64;

/// What is to be answered.
#[derive(Clone, Debug)]
pub enum Prompt {
    /// A conversation, through the model's template.
    Chat(Chat),
    /// Text as it is, with no template; special tokens in it are text. The model's own beginning token is put before it, if it has one.
    Raw(String),
    /// Tokens.
    Tokens(Vec<u32>),
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is to be answered.
    pub prompt: Prompt,
    /// How.
    pub params: GenerationParams,
}

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// By the scheduler.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// A sampling parameter is out of range.
    #[error(transparent)]
    Sampling(#[from] SamplingError),
    /// The conversation can't be made a prompt.
    #[error(transparent)]
    Chat(#[from] ChatError),
    /// A token of the prompt does not exist.
    #[error("token {token} is outside the vocabulary of {vocab}")]
    Token {
        /// The id.
        token: u32,
        /// Size of the vocabulary.
        vocab: usize,
    },
    /// The answer could not have a single token.
    #[error("max_tokens is 0")]
    NoTokens,
}

/// What a step has to say.
#[derive(Debug)]
pub enum Reply {
    /// More text of an answer, never half a character.
    Text {
        /// Whose.
        key: RequestKey,
        /// Bytes of the answer that came before it.
        offset: usize,
        /// The piece.
        text: String,
    },
    /// The end of an answer. Comes exactly once.
    Done {
        /// Whose, why, and what it took.
        finished: Finished<()>,
        /// Bytes of the whole answer.
        text_bytes: usize,
    },
}

impl Reply {
    /// The request that it is about.
    pub fn key(&self) -> RequestKey {
        match self {
            Reply::Text { key, .. } => *key,
            Reply::Done { finished, .. } => finished.key,
        }
    }
}

/// What the scheduler keeps with each request.
#[derive(Debug)]
struct Answer {
    generation: Generation,
    text_bytes: usize,
}

/// A model at work.
pub struct Runtime<'m> {
    engine: Engine<'m>,
    tokenizer: &'m Tokenizer<'m>,
    template: &'m ChatTemplate,
    scheduler: Scheduler<Answer>,
    rows: Vec<Row>,
}

impl<'m> Runtime<'m> {
    /// A runtime with nothing to do.
    pub fn new(engine: Engine<'m>, tokenizer: &'m Tokenizer<'m>, template: &'m ChatTemplate) -> Runtime<'m> {
        let options = engine.options();
        let limits = Limits { sequences: options.sequences, context: options.context, queue: MAX_QUEUE, batch: MAX_BATCH };
        Runtime { engine, tokenizer, template, scheduler: Scheduler::new(limits), rows: Vec::with_capacity(MAX_BATCH) }
    }

    /// The engine within.
    pub fn engine(&self) -> &Engine<'m> {
        &self.engine
    }

    /// Takes a request that was received at `now`.
    ///
    /// # Errors
    /// The refusal, which is then the whole answer.
    pub fn submit(&mut self, key: RequestKey, request: &Request, now: Instant) -> Result<(), RequestError> {
        if request.params.max_tokens == 0 {
            return Err(RequestError::NoTokens);
        }
        // Before the work of tokenising, which a flood of requests would otherwise cost the others.
        self.scheduler.check(key)?;
        let prompt = match &request.prompt {
            Prompt::Chat(chat) => self.template.encode(self.tokenizer, chat)?,
            Prompt::Raw(text) => {
                // As the model was trained: some begin every text with a token of its own.
                let bos = self.tokenizer.bos().filter(|_| self.tokenizer.add_bos());
                bos.into_iter().chain(self.tokenizer.encode(text, Special::AsText)).collect()
            }
            Prompt::Tokens(tokens) => tokens.clone(),
        };
        let vocab = self.engine.model().config.vocab;
        if let Some(&token) = prompt.iter().find(|&&token| token as usize >= vocab) {
            return Err(RequestError::Token { token, vocab });
        }
        let generation = Generation::new(&request.params, &prompt)?;
        Ok(self.scheduler.submit(key, prompt, Answer { generation, text_bytes: 0 }, now)?)
    }

    /// Ends a request; its text so far and the end are handed to `emit`. Nothing happens where it is not known.
    pub fn cancel(&mut self, key: RequestKey, now: Instant, emit: &mut dyn FnMut(Reply)) {
        if let Some(finished) = self.scheduler.cancel(key, now) {
            finish(finished, emit);
        }
    }

    /// Ends every request, as [`Runtime::cancel`] does.
    pub fn cancel_all(&mut self, now: Instant, emit: &mut dyn FnMut(Reply)) {
        let keys: Vec<RequestKey> = self.scheduler.keys().collect();
        keys.into_iter().for_each(|key| self.cancel(key, now, emit));
    }

    /// Ends every request of a client that is gone.
    pub fn disconnect(&mut self, client: ClientId, now: Instant) {
        self.scheduler.disconnect(client, now);
    }

    /// How many tokens of a request's prompt are through, and how many it has; `None` where it waits or is not known.
    pub fn prompt_progress(&self, key: RequestKey) -> Option<(usize, usize)> {
        self.scheduler.prompt_progress(key)
    }

    /// Whether there is nothing to do.
    pub fn is_idle(&self) -> bool {
        self.scheduler.is_idle()
    }

    /// Computes one step and hands what it says to `emit`. `ready` says whether a client can take more text.
    /// Returns whether anything was computed: if not, there is nothing to do until a request or a ready client comes.
    ///
    /// # Errors
    /// None in a sound program: the scheduler plans within the engine's limits.
    pub fn step(&mut self, ready: impl Fn(ClientId) -> bool, emit: &mut dyn FnMut(Reply)) -> Result<bool, BatchError> {
        self.scheduler.plan(&mut self.rows, Instant::now(), ready);
        if self.rows.is_empty() {
            return Ok(false);
        }
        let vocab = self.engine.model().config.vocab;
        let logits = self.engine.forward(&self.rows)?;
        let outputs = self.rows.iter().filter(|row| row.logits);
        for (Row { at: Position { seq, .. }, .. }, logits) in outputs.zip(logits.chunks_exact_mut(vocab)) {
            let Some((key, answer)) = self.scheduler.payload(*seq) else { continue };
            let Accepted { token, text, done } = answer.generation.next(self.tokenizer, logits);
            say(key, answer, text, emit);
            let now = Instant::now();
            let finished = match done {
                // The token that ends an answer is not part of it.
                Some(reason) => self.scheduler.last(*seq, token, reason != Reason::Stop, reason, now),
                None => self.scheduler.sampled(*seq, token, now),
            };
            if let Some(finished) = finished {
                finish(finished, emit);
            }
        }
        Ok(true)
    }
}

fn say(key: RequestKey, answer: &mut Answer, text: String, emit: &mut dyn FnMut(Reply)) {
    if !text.is_empty() {
        let offset = answer.text_bytes;
        answer.text_bytes += text.len();
        emit(Reply::Text { key, offset, text });
    }
}

/// Releases the text that was held back, then the end itself.
fn finish(finished: Finished<Answer>, emit: &mut dyn FnMut(Reply)) {
    let key = finished.key;
    let (mut answer, finished) = finished.split();
    // A stop string cut the answer where it begins: nothing behind it is part of the answer.
    if finished.reason != Reason::StopString {
        let rest = answer.generation.finish();
        say(key, &mut answer, rest, emit);
    }
    emit(Reply::Done { finished, text_bytes: answer.text_bytes });
}
