//! What crosses the channel between the links and the engine.

use std::sync::Arc;
use std::time::Instant;

use qwark_wire::{GrammarForm, Identify, MAX_FRAME, Models, SCHEMA, Sampling, Str, VERSION_MAX, VERSION_MIN};

use super::handle::SessionHandle;
use super::registry::LINGER;
use crate::commands::CommandSet;
use crate::grammar::Grammar;
use crate::sampler::SamplingParams;
pub use crate::scheduler::ClientId;
use crate::scheduler::Safety;
use crate::session::{self, MAX_REQUESTS, MAX_TEXT};
pub use crate::session::{Request, Sentence};
use crate::uploads;

/// Something that happened on a link.
#[derive(Debug)]
pub struct LinkEvent {
    /// To whom.
    pub client: ClientId,
    /// What.
    pub what: What,
}

/// What happened to a client.
#[derive(Debug)]
pub enum What {
    /// It is there. Answers go where the handle leads, also when it comes back over another line.
    Connected(SessionHandle),
    /// It asks for an answer.
    Generate {
        /// The request's number in the session: never used twice.
        serial: u32,
        /// What it asks.
        request: Box<Request>,
        /// What the answer has to follow.
        grammar: Option<Grammar>,
        /// When its first frame arrived.
        received: Instant,
    },
    /// It asks for commands.
    Command {
        /// The request's number in the session: never used twice.
        serial: u32,
        /// What they are to do. The set is the one that is served, and the fallback a command of it.
        sentence: Box<Sentence>,
        /// When its first frame arrived.
        received: Instant,
    },
    /// It wants no more of an answer.
    Cancel {
        /// The request's number.
        serial: u32,
    },
    /// It asks to end an emergency stop.
    Reset {
        /// The stop's number.
        stop: u32,
    },
    /// It asks to arm the runtime.
    Arm {
        /// The number of the last stop.
        stop: u32,
    },
    /// It is gone for good: nothing that it asked for is wanted any more.
    Disconnected,
}

/// The grammar of this form that an upload says; `None` if it is not text.
pub(crate) fn grammar(form: GrammarForm, upload: &[u8]) -> Option<Grammar> {
    let text = str::from_utf8(upload).ok()?.to_owned();
    match form {
        GrammarForm::None => None,
        GrammarForm::JsonSchema => Some(Grammar::JsonSchema(text)),
        GrammarForm::Regex => Some(Grammar::Regex(text)),
        GrammarForm::Lark => Some(Grammar::Lark(text)),
    }
}

/// The form of a grammar, and the upload that says it.
pub(super) fn grammar_text(grammar: &Grammar) -> (GrammarForm, &str) {
    match grammar {
        Grammar::JsonSchema(text) => (GrammarForm::JsonSchema, text),
        Grammar::Regex(text) => (GrammarForm::Regex, text),
        Grammar::Lark(text) | Grammar::Lines { lark: text, .. } | Grammar::Led { lark: text, .. } => (GrammarForm::Lark, text),
    }
}

impl From<Sampling> for SamplingParams {
    fn from(s: Sampling) -> Self {
        SamplingParams {
            temperature: s.temperature,
            top_k: s.top_k,
            top_p: s.top_p,
            min_p: s.min_p,
            repetition_penalty: s.repetition_penalty,
            presence_penalty: s.presence_penalty,
            frequency_penalty: s.frequency_penalty,
            seed: s.seed,
        }
    }
}

impl From<Safety> for qwark_wire::Safety {
    fn from(safety: Safety) -> Self {
        qwark_wire::Safety { state: safety.state, stop: safety.stop }
    }
}

/// Bits of Identify's `features`.
mod feature {
    pub(super) const UPLOADS: u32 = 1;
    pub(super) const COMMANDS: u32 = 8;
    pub(super) const SEALED: u32 = 16;
}

/// Who the runtime is, as it tells every client.
#[derive(Clone, Debug, PartialEq)]
pub struct Identity {
    /// Differs each time the runtime starts.
    pub boot_id: u64,
    /// The model's name.
    pub model: String,
    /// Tokens of context that one request can use.
    pub context: u32,
    /// Requests that run side by side.
    pub max_parallel: u16,
    /// Its command set, if it serves one.
    pub commands: Option<Arc<CommandSet>>,
}

impl Identity {
    /// What is said to a client that has `kept` requests here, whose Hello had `client_nonce`.
    pub(super) fn identify(&self, kept: usize, client_nonce: u64, nonce: u64, safety: Safety, sealed: bool) -> session::Identity {
        let sealed = if sealed { feature::SEALED } else { 0 };
        let commands = if self.commands.is_some() { feature::COMMANDS } else { 0 };
        let fixed = Identify {
            version_min: VERSION_MIN,
            version_max: VERSION_MAX,
            boot_id: self.boot_id,
            schema: SCHEMA,
            client_nonce,
            nonce,
            kept: kept.try_into().unwrap_or(u16::MAX),
            features: feature::UPLOADS | commands | sealed,
            safety: safety.state,
            stop: safety.stop,
            max_frame: MAX_FRAME as u16,
            max_text: MAX_TEXT as u32,
            context: self.context,
            max_parallel: self.max_parallel,
            max_requests: MAX_REQUESTS as u16,
            linger_s: LINGER.as_secs() as u16,
            upload_quota: uploads::CLIENT_QUOTA,
            set: self.commands.as_ref().map_or(0, |set| set.id()),
            models: Models::new(),
            commands: Str::default(),
        };
        let commands = self.commands.as_ref().map_or_else(String::new, |set| set.name().to_owned());
        session::Identity { fixed, models: vec![self.model.clone()], commands }
    }
}
