//! What crosses the channel between the links and the engine.

use std::time::Instant;

use qwark_wire::{Form, Identify, Loss, MAX_FRAME, ParseError, SCHEMA, Sampling, Str, Thinking};
use qwark_wire::{VERSION_MAX, VERSION_MIN};

use super::MAX_TEXT;
use super::reply::ReplySender;
use crate::sampler::SamplingParams;
pub use crate::scheduler::ClientId;

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
    /// It is there. Answers go where the sender leads.
    Connected(ReplySender),
    /// It asks for an answer.
    Generate {
        /// Its id among the client's requests; not 0.
        id: u32,
        /// What it asks.
        request: Request,
        /// When its first frame arrived.
        received: Instant,
    },
    /// It wants no more of an answer.
    Cancel {
        /// The request's id.
        id: u32,
    },
    /// Something arrived that was no message. It has been answered where an answer helps.
    BadFrame(BadFrame),
    /// It is gone: nothing that it asked for is wanted any more.
    Disconnected,
}

/// Why something that arrived was no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadFrame {
    /// It was no frame.
    #[error(transparent)]
    Lost(#[from] Loss),
    /// It was a frame, and held nothing that is understood.
    #[error(transparent)]
    Refused(#[from] ParseError),
}

/// A question to the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// How each token is chosen.
    pub sampling: Sampling,
    /// Whether the prompt is a user's words or the very text to continue.
    pub form: Form,
    /// Whether to think first.
    pub thinking: Thinking,
    /// The system text; `None` leaves it to the chat template.
    pub system: Option<String>,
    /// The prompt.
    pub prompt: String,
    /// The answer ends before any of these.
    pub stops: Vec<String>,
}

impl Default for Request {
    fn default() -> Self {
        Request {
            sampling: Sampling::default(),
            form: Form::Chat,
            thinking: Thinking::Default,
            system: None,
            prompt: String::new(),
            stops: Vec::new(),
        }
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

/// Who the runtime is, as it tells every client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Differs each time the runtime starts.
    pub boot_id: u64,
    /// The model's name.
    pub model: String,
    /// Tokens of context that one request can use.
    pub context: u32,
    /// Requests that run side by side.
    pub max_parallel: u16,
}

impl Identity {
    /// The message that says so.
    pub(super) fn message(&self) -> Identify<'_> {
        Identify {
            version_min: VERSION_MIN,
            version_max: VERSION_MAX,
            boot_id: self.boot_id,
            schema: SCHEMA,
            max_frame: MAX_FRAME as u16,
            max_text: MAX_TEXT as u32,
            context: self.context,
            max_parallel: self.max_parallel,
            model: Str::cut(&self.model),
        }
    }
}
