//! What a client asks. Text and data are whatever gives bytes: a reference on a microcontroller, something that owns them on a host.

use core::str::from_utf8;

use heapless::Vec;
use thiserror::Error;

use crate::crc::Crc32c;
use crate::{
    Form, Generate, GrammarForm, Hash, MAX_COMMAND, MAX_FALLBACK, MAX_NAME, MAX_STOP, MAX_STOPS, Piece, Priority, Sampling, Stops, Str,
    Thinking, UploadBegin, UploadKind,
};

/// Bytes of an answer that the runtime may send ahead, unless a question says otherwise.
pub const DEFAULT_WINDOW: u32 = 1024;

/// Why something cannot be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AskError {
    /// The client's table of requests is full.
    #[error("too many requests at once")]
    Full,
    /// A text or a name is not UTF-8.
    #[error("a text is not UTF-8")]
    Utf8,
    /// The text or the data is longer than the runtime takes, or than the protocol can say.
    #[error("the text is too long")]
    TooLong,
    /// The fallback has more than [`MAX_FALLBACK`] bytes.
    #[error("the fallback is longer than {MAX_FALLBACK} bytes")]
    Fallback,
    /// The fallback of a sentence is no command: it is empty, or has more than [`MAX_COMMAND`] bytes.
    #[error("the fallback is not one command, of 1 to {MAX_COMMAND} bytes")]
    Command,
    /// A stop string has more than [`MAX_STOP`] bytes.
    #[error("a stop string is longer than {MAX_STOP} bytes")]
    Stop,
    /// The name has more than [`MAX_NAME`] bytes.
    #[error("the name is longer than {MAX_NAME} bytes")]
    Name,
    /// The request is not there, or has ended.
    #[error("there is no such request")]
    UnknownId,
    /// No runtime has answered yet, so its last stop is not known.
    #[error("no runtime has answered yet")]
    NoSession,
}

/// A question to the model. `B` holds its texts until it is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Question<B> {
    /// Whoever asks the same again under the same key gets the same reply; 0 lets the client draw one.
    pub key: u64,
    /// Whose work is done first.
    pub priority: Priority,
    /// Milliseconds from the receipt to the latest end of the answer; 0 for no limit.
    pub deadline_ms: u32,
    /// Bytes of the answer that the runtime may send ahead: what the line holds in a round trip, and no more than fits here. 0 is for
    /// lines that lose nothing.
    pub window: u32,
    /// How each token is chosen.
    pub sampling: Sampling,
    /// What the prompt is.
    pub form: Form,
    /// Whether to think first.
    pub thinking: Thinking,
    /// The system text; `None` leaves it to the chat template.
    pub system: Option<B>,
    /// The prompt.
    pub prompt: B,
    /// What the answer is to be if the deadline comes first.
    pub fallback: Option<B>,
    /// The answer ends before any of these.
    pub stops: Vec<B, MAX_STOPS>,
    /// What the answer has to follow: the form of a grammar that was uploaded before, and its SHA-256.
    pub grammar: Option<(GrammarForm, Hash)>,
}

impl<B: AsRef<[u8]>> Question<B> {
    /// A user's words, to be answered by the likeliest tokens.
    pub fn new(prompt: B) -> Self {
        Question {
            key: 0,
            priority: Priority::Normal,
            deadline_ms: 0,
            window: DEFAULT_WINDOW,
            sampling: Sampling::default(),
            form: Form::Chat,
            thinking: Thinking::Default,
            system: None,
            prompt,
            fallback: None,
            stops: Vec::new(),
            grammar: None,
        }
    }

    /// Whether all its texts are such, and short enough.
    pub(super) fn check(&self) -> Result<(), AskError> {
        short::<MAX_FALLBACK>(bytes_of(&self.fallback), AskError::Fallback)?;
        for stop in &self.stops {
            short::<MAX_STOP>(stop.as_ref(), AskError::Stop)?;
        }
        from_utf8(bytes_of(&self.system)).map_err(|_| AskError::Utf8)?;
        from_utf8(self.prompt.as_ref()).map_err(|_| AskError::Utf8)?;
        Ok(())
    }

    /// Bytes of system text and prompt.
    pub(super) fn text_len(&self) -> Result<u32, AskError> {
        let (system, prompt) = (bytes_of(&self.system).len(), self.prompt.as_ref().len());
        system.checked_add(prompt).and_then(|len| u32::try_from(len).ok()).ok_or(AskError::TooLong)
    }

    /// The checksum of system text and prompt.
    pub(super) fn text_crc(&self) -> u32 {
        let mut crc = Crc32c::new();
        crc.update(bytes_of(&self.system));
        crc.update(self.prompt.as_ref());
        crc.value()
    }

    /// Up to `room` bytes of the text from `offset` on: fewer where the system text ends, which is not copied together with the prompt.
    pub(super) fn piece(&self, offset: u32, room: usize) -> &[u8] {
        let (system, offset) = (bytes_of(&self.system), offset as usize);
        match offset.checked_sub(system.len()) {
            None => slice(system, offset, room),
            Some(offset) => slice(self.prompt.as_ref(), offset, room),
        }
    }

    /// The frame that begins it, with the first piece of its text. It was checked before.
    pub(super) fn generate<'a>(&'a self, text_crc: u32, piece: Piece<'a>) -> Generate<'a> {
        let text = |bytes| from_utf8(bytes).unwrap_or_default();
        let (grammar, grammar_hash) = self.grammar.unwrap_or((GrammarForm::None, Hash::default()));
        let mut stops = Stops::new();
        for stop in &self.stops {
            // Fits: there are as many at most.
            let _ = stops.push(Str::cut(text(stop.as_ref())));
        }
        Generate {
            key: self.key,
            priority: self.priority,
            deadline_ms: self.deadline_ms,
            window: self.window,
            sampling: self.sampling,
            form: self.form,
            thinking: self.thinking,
            has_system: self.system.is_some(),
            system_len: bytes_of(&self.system).len() as u32,
            prompt_len: self.prompt.as_ref().len() as u32,
            text_crc,
            grammar,
            grammar_hash,
            has_fallback: self.fallback.is_some(),
            fallback: Str::cut(text(bytes_of(&self.fallback))),
            stops,
            text: piece,
        }
    }
}

/// A picture, a sound or a grammar for the runtime to keep. `B` holds its name and data until it has arrived.
#[derive(Clone, Debug, PartialEq)]
pub struct NewUpload<B> {
    /// What it holds.
    pub what: UploadKind,
    /// Its SHA-256, which is also what it is called by later.
    pub sha256: Hash,
    /// Seconds after its last use for which it is to be kept; 0 for as long as the runtime likes.
    pub keep_s: u32,
    /// Its name, for people.
    pub name: B,
    /// The data.
    pub data: B,
}

impl<B: AsRef<[u8]>> NewUpload<B> {
    /// Its length, if it can be sent.
    pub(super) fn check(&self) -> Result<u32, AskError> {
        short::<MAX_NAME>(self.name.as_ref(), AskError::Name)?;
        u32::try_from(self.data.as_ref().len()).map_err(|_| AskError::TooLong)
    }

    /// Up to `room` bytes of the data from `offset` on.
    pub(super) fn piece(&self, offset: u32, room: usize) -> &[u8] {
        slice(self.data.as_ref(), offset as usize, room)
    }

    /// The frame that begins it. It was checked before.
    pub(super) fn begin(&self) -> UploadBegin<'_> {
        UploadBegin {
            what: self.what,
            size: self.data.as_ref().len() as u32,
            sha256: self.sha256,
            keep_s: self.keep_s,
            name: Str::cut(from_utf8(self.name.as_ref()).unwrap_or_default()),
        }
    }
}

pub(super) fn bytes_of<B: AsRef<[u8]>>(text: &Option<B>) -> &[u8] {
    text.as_ref().map_or(&[], AsRef::as_ref)
}

fn short<const N: usize>(text: &[u8], error: AskError) -> Result<(), AskError> {
    let text = from_utf8(text).map_err(|_| AskError::Utf8)?;
    Str::<N>::new(text).map(|_| ()).ok_or(error)
}

pub(super) fn slice(bytes: &[u8], offset: usize, room: usize) -> &[u8] {
    let rest = bytes.get(offset..).unwrap_or_default();
    &rest[..rest.len().min(room)]
}
