//! Scheduler, engine and text together: requests in, replies out, one step at a time. Every way to use Qwark (the program's
//! `run` and `chat`, the server, a library user) goes through here.

mod answer;
mod commander;
mod constrained;
mod control;
mod guesses;
mod guessing;
mod health;
mod numbers;
mod open;
mod pace;
mod tools;

use std::cell::OnceCell;
use std::time::Instant;

use qwark_wire::{Priority, Reason};

pub use answer::Work;
use answer::{Answer, finish, say};
pub use commander::Commander;
use constrained::Constrained;
pub use control::Control;
pub use guessing::Guessing;
pub use health::Health;
pub use open::{DEFAULT_CONTEXT, OpenError, OpenOptions, Opened};

use crate::cache::Cache;
use crate::chat::{Chat, ChatError, ChatTemplate, ToolError};
use crate::engine::{BatchError, Engine, EngineOptions, MAX_BATCH, Row};
use crate::generation::{Accepted, Generation, GenerationParams};
use crate::gguf::Mapping;
use crate::grammar::{CompiledGrammar, Grammar, GrammarError, Grammars};
use crate::sampler::SamplingError;
use crate::scheduler::{ClientId, Finished, Guess, Limits, Refusal, RequestKey, Safety, Scheduler, Terms};
use crate::snapshot::{self, Came, SnapshotError};
use crate::tokenizer::{Special, Tokenizer};
use health::Meter;
use pace::Pace;

/// Requests of one class and higher ones that may wait for their turn.
pub const MAX_QUEUE: usize = 64;

/// What is to be answered.
#[derive(Clone, Debug)]
pub enum Prompt {
    /// A conversation, through the model's template. Where it has tools and the request no grammar, the answer's calls are held to them, as
    /// [`Chat::tool_choice`] says; see [`Runtime::tools_grammar`].
    Chat(Chat),
    /// Text as it is, with no template; special tokens in it are text. The model's own beginning token is put before it, if it has one.
    Raw(String),
    /// Tokens.
    Tokens(Vec<u32>),
}

impl Prompt {
    /// What an answer is to be about: its words may come again in it.
    fn last_words(&self) -> &str {
        match self {
            Prompt::Chat(chat) => chat.messages.last().and_then(|message| message.content.as_deref()).unwrap_or_default(),
            Prompt::Raw(text) => text,
            Prompt::Tokens(_) => "",
        }
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is to be answered.
    pub prompt: Prompt,
    /// How.
    pub params: GenerationParams,
    /// Whose turn it is before whose.
    pub priority: Priority,
    /// When the answer ends at the latest, with what there is by then.
    pub deadline: Option<Instant>,
    /// What the answer is to be if the deadline comes first.
    pub fallback: Option<String>,
    /// What the answer has to follow; see [`Runtime::compile_grammar`].
    pub grammar: Option<CompiledGrammar>,
}

impl Request {
    /// A request of normal priority, without a deadline or a grammar.
    pub fn new(prompt: Prompt, params: GenerationParams) -> Request {
        Request { prompt, params, priority: Priority::Normal, deadline: None, fallback: None, grammar: None }
    }
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
    /// Its grammar is at fault.
    #[error(transparent)]
    Grammar(#[from] GrammarError),
    /// A tool is at fault, or which is to be called.
    #[error(transparent)]
    Tools(#[from] ToolError),
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
        /// Bytes of all its text.
        text_bytes: usize,
        /// Where in that text the answer begins: 0, unless the fallback took the place of what came before it.
        answer_at: usize,
        /// Where its tokens came from.
        work: Work,
    },
}

/// The end of an answer, as [`Reply::Done`] has it.
#[derive(Debug)]
pub struct Answered {
    /// Why, and what it took.
    pub finished: Finished<()>,
    /// Where its tokens came from.
    pub work: Work,
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

/// A model at work.
pub struct Runtime<'m> {
    engine: Engine<'m>,
    tokenizer: &'m Tokenizer<'m>,
    template: &'m ChatTemplate,
    scheduler: Scheduler<Answer>,
    control: Control,
    rows: Vec<Row>,
    /// Tables for grammars, made when the first comes.
    grammars: OnceCell<Grammars>,
    /// Tokens of one answer and step; kept between steps.
    accepted: Vec<Accepted>,
    pace: Pace,
    guessing: Guessing,
    /// Rows in whose time a guess spares a step, once that is known.
    spared: Option<f64>,
    steps: u64,
    meter: Meter,
}

impl<'m> Runtime<'m> {
    /// A runtime with nothing to do, armed. It runs as many requests at once as the engine has outputs; sequences beyond those keep
    /// what parked requests have in the cache.
    pub fn new(engine: Engine<'m>, tokenizer: &'m Tokenizer<'m>, template: &'m ChatTemplate, guessing: Guessing) -> Runtime<'m> {
        let EngineOptions { sequences, context, outputs, .. } = *engine.options();
        let limits = Limits { parallel: outputs.min(sequences), sequences, context, queue: MAX_QUEUE, batch: MAX_BATCH };
        let scheduler = Scheduler::new(limits);
        Runtime {
            control: Control::new(scheduler.latch().clone(), engine.interrupt().clone()),
            engine,
            tokenizer,
            template,
            scheduler,
            rows: Vec::with_capacity(MAX_BATCH),
            grammars: OnceCell::new(),
            accepted: Vec::new(),
            pace: Pace::new(),
            guessing,
            spared: None,
            steps: 0,
            meter: Meter::default(),
        }
    }

    /// The engine within.
    pub fn engine(&self) -> &Engine<'m> {
        &self.engine
    }

    /// What other threads may do to it.
    pub fn control(&self) -> &Control {
        &self.control
    }

    /// Requests that run at once.
    pub fn parallel(&self) -> usize {
        self.scheduler.limits().parallel
    }

    /// Takes a request that was received at `received`.
    ///
    /// # Errors
    /// The refusal, which is then the whole answer.
    pub fn submit(&mut self, key: RequestKey, request: &Request, received: Instant) -> Result<(), RequestError> {
        if request.params.max_tokens == 0 {
            return Err(RequestError::NoTokens);
        }
        // Before the work of tokenising, which a flood of requests would otherwise cost the others.
        let terms = Terms { received, priority: request.priority, deadline: request.deadline };
        self.scheduler.check(key, &terms)?;
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
        let mut generation = Generation::new(&request.params, &prompt)?;
        let (mut begun, mut text, mut constrained) = (Vec::new(), String::new(), None);
        let grammar = match (&request.grammar, &request.prompt) {
            (None, Prompt::Chat(chat)) => self.tools_grammar(chat)?,
            (grammar, _) => grammar.clone(),
        };
        if let Some(grammar) = &grammar {
            let spared = self.spared_rows();
            let (start, tokens) = Constrained::start(grammar, request.prompt.last_words(), self.tokenizer, vocab, spared)?;
            tokens.iter().for_each(|&token| text += &generation.forced(self.tokenizer, token).text);
            (constrained, begun) = (Some(start), tokens);
        }
        let work = Work { forced: begun.len(), ..Work::default() };
        let answer = Answer { generation, constrained, fallback: request.fallback.clone(), begun: text, text_bytes: 0, work };
        let guesses: Vec<Guess> = answer.guesses().collect();
        self.scheduler.submit(key, prompt, begun, answer, terms)?;
        self.scheduler.guess(key, guesses.into_iter());
        Ok(())
    }

    /// How many rows could be computed in the time that a right guess spares; 0: nothing is guessed. The first call may measure that, in
    /// some milliseconds.
    fn spared_rows(&mut self) -> f64 {
        self.spared = self.spared.or_else(|| self.guessing.spared_rows(&mut self.engine));
        self.spared.unwrap_or(0.0)
    }

    /// Makes a grammar ready for requests. The first call takes a moment longer, as there are tables to be made.
    ///
    /// # Errors
    /// What is wrong with the grammar, or where the vocabulary is refused.
    pub fn compile_grammar(&self, grammar: &Grammar) -> Result<CompiledGrammar, GrammarError> {
        let grammars = match self.grammars.get() {
            Some(grammars) => grammars,
            None => {
                let made = Grammars::new(self.tokenizer)?;
                self.grammars.get_or_init(|| made)
            }
        };
        grammars.compile(grammar)
    }

    /// Makes `tokens`, which prompts are to begin with, a snapshot in `cache`, or maps the one that is there: see [`snapshot::attach`]. Nothing happens where a request is known, or where there is no room for an answer behind them.
    ///
    /// # Errors
    /// Why there is no snapshot. Prompts are computed as a whole then.
    pub fn begin_with(
        &mut self,
        tokens: &[u32],
        model: &Mapping,
        cache: &Cache,
        progress: impl FnMut(usize),
    ) -> Result<Option<Came>, SnapshotError> {
        if !self.is_idle() || tokens.is_empty() || tokens.len() >= self.engine.options().context {
            return Ok(None);
        }
        // Whoever has a beginning wants its first answer soon.
        self.spared_rows();
        self.scheduler.set_prefix(Vec::new());
        let came = snapshot::attach(&mut self.engine, model, cache, tokens, progress)?;
        self.scheduler.set_prefix(tokens.to_vec());
        Ok(Some(came))
    }

    /// Ends a request; its text so far and the end are handed to `emit`. Nothing happens where it is not known.
    pub fn cancel(&mut self, key: RequestKey, now: Instant, emit: &mut dyn FnMut(Reply)) {
        if let Some(finished) = self.scheduler.cancel(key, now) {
            finish(finished, emit);
        }
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

    /// Forgets the interrupts so far; to be called before the cancels that have come are taken in. Those that come after that
    /// interrupt the next step.
    pub fn clear_interrupt(&self) {
        self.control.clear_interrupt();
    }

    /// Resets an emergency stop, which ends every request that it has not ended yet.
    pub fn reset(&mut self, stop: u32, now: Instant, emit: &mut dyn FnMut(Reply)) -> Safety {
        self.end_due(now, emit);
        self.scheduler.reset(stop)
    }

    /// Arms the runtime after a reset.
    pub fn arm(&mut self, stop: u32) -> Safety {
        self.scheduler.arm(stop)
    }

    /// When the next deadline comes: [`Runtime::step`] is to be called then, also where there was nothing to compute.
    pub fn next_deadline(&self) -> Option<Instant> {
        self.scheduler.next_deadline()
    }

    /// How it is.
    pub fn health(&self) -> Health {
        Health {
            steps: self.steps,
            requests: self.scheduler.counts(),
            tokens_per_s: self.meter.per_second(),
            safety: self.control.safety(),
        }
    }

    /// Ends what an emergency stop or a deadline ends, computes one step and hands what it says to `emit`. `ready` says whether a
    /// client can take more text. Returns whether there was anything to compute: if not, there is nothing to do until a request, a
    /// ready client or a deadline comes.
    ///
    /// A step that is interrupted says nothing, and is computed again by a later call.
    ///
    /// # Errors
    /// None in a sound program: the scheduler plans within the engine's limits.
    pub fn step(&mut self, ready: impl Fn(ClientId) -> bool, emit: &mut dyn FnMut(Reply)) -> Result<bool, BatchError> {
        let start = Instant::now();
        self.end_due(start, emit);
        let again = self.scheduler.plan(&mut self.rows, self.pace.prompt_rows(), start, ready);
        for (seq, begins) in self.scheduler.begins() {
            self.engine.begin_with_prefix(seq, begins);
        }
        if self.rows.is_empty() {
            if self.scheduler.is_idle() {
                self.engine.idle();
            }
            return Ok(false);
        }
        self.control.hold_off(again);
        let vocab = self.engine.model().config.vocab;
        let mut heads = Vec::with_capacity(self.rows.len());
        for (seq, wanted) in wanted(&self.rows) {
            heads.extend(self.scheduler.look(seq).into_iter().flat_map(Answer::heads).take(wanted));
        }
        let mut counts = heads.iter().map(|head| head.count(vocab)).collect::<Vec<_>>().into_iter();
        let mut logits = match self.engine.forward_among(&self.rows, &heads) {
            Ok(logits) => logits,
            Err(BatchError::Interrupted) => {
                self.scheduler.undo(&self.rows);
                self.control.clear_interrupt();
                return Ok(true);
            }
            Err(error) => return Err(error),
        };
        let mut tokens = 0;
        for (seq, wanted) in wanted(&self.rows) {
            let (mine, rest) = logits.split_at_mut(counts.by_ref().take(wanted).sum());
            logits = rest;
            let Some((_, answer)) = self.scheduler.payload(seq) else { continue };
            answer.next(self.tokenizer, vocab, mine, &mut self.accepted);
            for Accepted { token, text, done } in self.accepted.drain(..) {
                let Some((key, answer)) = self.scheduler.payload(seq) else { break };
                let begun = std::mem::take(&mut answer.begun);
                say(key, answer, begun, emit);
                say(key, answer, text, emit);
                tokens += 1;
                let now = Instant::now();
                let finished = match done {
                    // The token that ends an answer is not part of it, unless a grammar knows the end before there is such a token.
                    Some(reason) => {
                        let counted = reason != Reason::Stop || !self.tokenizer.eog().contains(&token);
                        self.scheduler.last(seq, token, counted, reason, now)
                    }
                    None => self.scheduler.sampled(seq, token, now),
                };
                if let Some(finished) = finished {
                    finish(finished, emit);
                    break;
                }
            }
            if let Some((key, answer)) = self.scheduler.payload(seq) {
                let guesses: Vec<Guess> = answer.guesses().collect();
                self.scheduler.guess(key, guesses.into_iter());
            }
        }
        let time = start.elapsed();
        self.pace.took(self.rows.len(), time);
        self.meter.add(tokens, time);
        self.steps += 1;
        Ok(true)
    }

    /// Ends every request that must not go on.
    fn end_due(&mut self, now: Instant, emit: &mut dyn FnMut(Reply)) {
        // First: a stop that comes after this interrupts the next step.
        self.control.clear_stop();
        while let Some(finished) = self.scheduler.due(now) {
            finish(finished, emit);
        }
    }
}

/// Sequences that rows want logits of, and how many. Rows of a sequence stand together.
fn wanted(rows: &[Row]) -> impl Iterator<Item = (usize, usize)> {
    let groups = rows.chunk_by(|a, b| a.at.seq == b.at.seq);
    groups.map(|group| (group[0].at.seq, group.iter().filter(|row| row.logits).count())).filter(|&(_, count)| count > 0)
}
