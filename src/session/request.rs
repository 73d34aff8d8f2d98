//! A request as it is handed on, and the putting together of its text.

use std::time::{Duration, Instant};

use qwark_wire::{Command, Crc32c, ErrorCode, Form, Generate, GrammarForm, Hash, Priority, Sampling, Text, Thinking};
use thiserror::Error;

use super::body::Body;
use super::opening::Opening;

/// Most bytes of system text and prompt, together, or of a sentence, that one request may have.
pub const MAX_TEXT: usize = 256 * 1024;

/// How long the next piece of a text may take: a cable that is pulled and put back costs no request.
pub const PIECE_TIMEOUT: Duration = Duration::from_secs(60);

/// Bytes of a request's text that may be on their way.
pub(super) const TEXT_WINDOW: usize = 16 * 1024;

/// What a client asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked {
    /// Text.
    Text(Request),
    /// Commands.
    Commands(Sentence),
}

impl Asked {
    /// From receipt to the latest end of the answer.
    pub(super) fn deadline(&self) -> Option<Duration> {
        match self {
            Asked::Text(request) => request.deadline,
            Asked::Commands(sentence) => sentence.deadline,
        }
    }

    /// An answer that is nothing but the fallback, if there is one.
    pub(super) fn push_fallback(&self, body: &mut Body) -> bool {
        match self {
            Asked::Text(Request { fallback: Some(text), .. }) => body.push_text(text),
            Asked::Commands(Sentence { fallback: Some(command), .. }) => body.push_command(command),
            _ => return false,
        }
        true
    }
}

/// A sentence, to be answered by commands of the runtime's set.
#[derive(Clone, Debug, PartialEq)]
pub struct Sentence {
    /// Whose work is done first.
    pub priority: Priority,
    /// From receipt to the latest end of the answer.
    pub deadline: Option<Duration>,
    /// The id of the set that the client decodes by.
    pub set: u32,
    /// The command that is to come if the deadline comes first, encoded.
    pub fallback: Option<Vec<u8>>,
    /// The sentence.
    pub text: String,
}

impl Sentence {
    /// A sentence for the set with the id `set`: of normal priority, without a deadline.
    pub fn new(set: u32, text: &str) -> Sentence {
        Sentence { priority: Priority::Normal, deadline: None, set, fallback: None, text: text.to_owned() }
    }
}

impl From<&Command<'_>> for Sentence {
    /// Everything but the text, which is left empty.
    fn from(command: &Command<'_>) -> Self {
        Sentence {
            priority: command.priority,
            deadline: limit(command.deadline_ms),
            set: command.set,
            fallback: command.has_fallback.then(|| command.fallback.to_vec()),
            text: String::new(),
        }
    }
}

/// A question to the model.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Whose work is done first.
    pub priority: Priority,
    /// From receipt to the latest end of the answer.
    pub deadline: Option<Duration>,
    /// What the answer is to be if the deadline comes first; without it, what there is by then.
    pub fallback: Option<String>,
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
    /// What the answer has to follow: a form, and the hash of the upload that says it.
    pub grammar: Option<(GrammarForm, Hash)>,
}

impl Default for Request {
    fn default() -> Self {
        Request {
            priority: Priority::Normal,
            deadline: None,
            fallback: None,
            sampling: Sampling::default(),
            form: Form::Chat,
            thinking: Thinking::Default,
            system: None,
            prompt: String::new(),
            stops: Vec::new(),
            grammar: None,
        }
    }
}

impl From<&Generate<'_>> for Request {
    /// Everything but the text, which is left empty.
    fn from(generate: &Generate<'_>) -> Self {
        Request {
            priority: generate.priority,
            deadline: limit(generate.deadline_ms),
            fallback: generate.has_fallback.then(|| generate.fallback.get().to_owned()),
            sampling: generate.sampling,
            form: generate.form,
            thinking: generate.thinking,
            system: generate.has_system.then(String::new),
            prompt: String::new(),
            stops: generate.stops.iter().map(|stop| stop.get().to_owned()).collect(),
            grammar: (generate.grammar != GrammarForm::None).then_some((generate.grammar, generate.grammar_hash)),
        }
    }
}

/// A time limit as the wire has it: 0 is none.
fn limit(ms: u32) -> Option<Duration> {
    (ms > 0).then(|| Duration::from_millis(ms.into()))
}

/// Why a request was refused before anybody looked at its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum Fault {
    #[error("{0} bytes of text, at most {MAX_TEXT} are taken")]
    TooLong(u64),
    #[error("system_len must be 0 without a system text")]
    SystemLen,
    #[error("more text than the request announced")]
    Overrun,
    #[error("the text is not UTF-8")]
    Utf8,
    #[error("the text is not the one whose checksum was announced")]
    Checksum,
    #[error("the rest of the text did not come within {} s", PIECE_TIMEOUT.as_secs())]
    Late,
}

impl Fault {
    /// What the client is told.
    pub fn code(self) -> ErrorCode {
        match self {
            Fault::TooLong(_) => ErrorCode::TooLong,
            Fault::SystemLen | Fault::Overrun => ErrorCode::Malformed,
            Fault::Checksum => ErrorCode::Integrity,
            Fault::Utf8 | Fault::Late => ErrorCode::Incomplete,
        }
    }
}

/// A request that lacks some of its text.
#[derive(Debug)]
pub(super) struct Assembly {
    /// Everything but the text.
    asked: Asked,
    /// The text up to here is the system text, if there is any.
    system_len: usize,
    total: usize,
    checksum: u32,
    text: Vec<u8>,
    last_piece: Instant,
}

impl Assembly {
    /// The request whose first frame is `opening`, with the text that it brings.
    pub fn begin(opening: Opening<'_, '_>, now: Instant) -> Result<Assembly, Fault> {
        let total = opening.text_len();
        if total > MAX_TEXT as u64 {
            return Err(Fault::TooLong(total));
        }
        let (asked, system_len) = match opening {
            Opening::Generate(generate) if !generate.has_system && generate.system_len > 0 => return Err(Fault::SystemLen),
            Opening::Generate(generate) => (Asked::Text(generate.into()), generate.system_len),
            Opening::Command(command) => (Asked::Commands(command.into()), 0),
        };
        let checksum = opening.text_crc();
        let mut assembly =
            Assembly { asked, system_len: system_len as usize, total: total as usize, checksum, text: Vec::new(), last_piece: now };
        assembly.append(opening.text(), now)?;
        Ok(assembly)
    }

    /// Bytes of text that are here.
    pub fn received(&self) -> usize {
        self.text.len()
    }

    /// Bytes of text that may be sent now.
    pub fn window(&self) -> usize {
        (self.total - self.text.len()).min(TEXT_WINDOW)
    }

    /// Takes a piece, if it goes on where the text ends.
    pub fn piece(&mut self, piece: &Text<'_>, now: Instant) -> Result<(), Fault> {
        if piece.offset as usize == self.text.len() { self.append(&piece.text, now) } else { Ok(()) }
    }

    /// Takes the next bytes of the text.
    fn append(&mut self, bytes: &[u8], now: Instant) -> Result<(), Fault> {
        if bytes.len() > self.total - self.text.len() {
            return Err(Fault::Overrun);
        }
        self.text.extend_from_slice(bytes);
        self.last_piece = now;
        Ok(())
    }

    /// The client has shown that it goes on.
    pub fn touch(&mut self, now: Instant) {
        self.last_piece = now;
    }

    /// From its first frame's arrival to the latest end of its answer.
    pub fn deadline(&self) -> Option<Duration> {
        self.asked.deadline()
    }

    /// What is asked, as far as it is known.
    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    /// Whether the next piece is overdue.
    pub fn is_late(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.last_piece) > PIECE_TIMEOUT
    }

    pub fn is_complete(&self) -> bool {
        self.text.len() == self.total
    }

    /// What is asked, once all of its text is here.
    pub fn finish(mut self) -> Result<Asked, Fault> {
        let mut crc = Crc32c::new();
        crc.update(&self.text);
        if crc.value() != self.checksum {
            return Err(Fault::Checksum);
        }
        let rest = self.text.split_off(self.system_len);
        let utf8 = |bytes| String::from_utf8(bytes).map_err(|_| Fault::Utf8);
        match &mut self.asked {
            Asked::Text(request) => {
                request.prompt = utf8(rest)?;
                if let Some(text) = &mut request.system {
                    *text = utf8(self.text)?;
                }
            }
            Asked::Commands(sentence) => sentence.text = utf8(rest)?,
        }
        Ok(self.asked)
    }
}
