//! The other side: a blocking client, as `qwark ask` is one.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use qwark_wire::{
    Bytes, Cancel, Decoder, Done, EncodeError, ErrorCode, Frame, FromRuntime, Generate, Hello, Identify, MAX_FRAME, MAX_STOP, MAX_STOPS,
    Message, Ping, SMALL_FRAME, Sequence, Stops, Str, Text, VERSION_MAX, VERSION_MIN, encode, max_encoded, max_piece,
};
use thiserror::Error;

use super::io::Duplex;
use super::request::Request;
use super::{LinkAddr, LinkError, tty, unix};

/// How long a Hello may stay unanswered before it is sent again.
const HELLO_RETRY: Duration = Duration::from_millis(500);

/// How long the link may take nothing before a write fails.
const WRITE_TIMEOUT: Duration = Duration::from_secs(10);

/// The longest that a client waits for anything: longer times are taken for this one.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Bytes read at once.
const READ_BUFFER: usize = 4096;

/// Why a client could not do what it was asked.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The link could not be opened.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The link failed.
    #[error("the link to the runtime failed: {0}")]
    Io(#[from] std::io::Error),
    /// The link ended.
    #[error("the runtime closed the link")]
    Closed,
    /// Nothing answered.
    #[error("no runtime answered within {0:?}")]
    NoAnswer(Duration),
    /// The link took no bytes.
    #[error("the runtime takes nothing more")]
    Stuck,
    /// The runtime speaks other versions of the protocol.
    #[error("the runtime speaks protocol versions {0} to {1}, this client {VERSION_MIN} to {VERSION_MAX}")]
    Version(u8, u8),
    /// The text is longer than the runtime takes.
    #[error("{0} bytes of text, the runtime takes at most {1}")]
    TooLong(usize, u32),
    /// The request has more stop strings than fit.
    #[error("{0} stop strings, at most {MAX_STOPS} fit into a request")]
    Stops(usize),
    /// A stop string is longer than fits.
    #[error("the stop string {0:?} is longer than {MAX_STOP} bytes")]
    Stop(String),
    /// A message could not be encoded.
    #[error(transparent)]
    Encode(#[from] EncodeError),
}

/// Who the runtime is, and what it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeInfo {
    /// Lowest protocol version that it speaks.
    pub version_min: u8,
    /// Highest protocol version that it speaks.
    pub version_max: u8,
    /// Differs each time the runtime starts.
    pub boot_id: u64,
    /// Fingerprint of its message tables: [`qwark_wire::SCHEMA`] if they are this client's.
    pub schema: u64,
    /// Longest frame that it takes.
    pub max_frame: u16,
    /// Longest system text and prompt, together, in bytes.
    pub max_text: u32,
    /// Tokens of context that one request can use.
    pub context: u32,
    /// Requests that run side by side.
    pub max_parallel: u16,
    /// The model's name.
    pub model: String,
}

impl From<Identify<'_>> for RuntimeInfo {
    fn from(identify: Identify<'_>) -> Self {
        RuntimeInfo {
            version_min: identify.version_min,
            version_max: identify.version_max,
            boot_id: identify.boot_id,
            schema: identify.schema,
            max_frame: identify.max_frame,
            max_text: identify.max_text,
            context: identify.context,
            max_parallel: identify.max_parallel,
            model: identify.model.get().to_owned(),
        }
    }
}

/// What the runtime says.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientEvent {
    /// Who it is.
    Identify(RuntimeInfo),
    /// A piece of an answer.
    Token {
        /// The request.
        id: u32,
        /// How many bytes of the answer came before it: more than were received means that a frame was lost.
        offset: u32,
        /// Whole characters.
        text: String,
    },
    /// The end of an answer.
    Done {
        /// The request.
        id: u32,
        /// Why, how much and how long.
        done: Done,
    },
    /// It lives.
    Pong {
        /// The Ping's.
        nonce: u32,
    },
    /// Something went wrong.
    Error {
        /// The request that it is about, 0 for none.
        id: u32,
        /// What kind of error it is.
        code: ErrorCode,
        /// The request has ended by it.
        ends: bool,
        /// What happened, for people.
        message: String,
    },
}

/// A session with a runtime.
pub struct Client {
    link: Duplex,
    decoder: Box<Decoder<MAX_FRAME>>,
    unread: VecDeque<u8>,
    received: Sequence,
    missing: u32,
    sent: u16,
    last_id: u32,
    runtime: RuntimeInfo,
}

impl Client {
    /// Connects to the runtime at `addr` and begins a session under `name`, trying for up to `timeout`.
    ///
    /// # Errors
    /// The link cannot be opened, nothing answers, or what answers speaks another version of the protocol.
    pub fn connect(addr: &LinkAddr, name: &str, timeout: Duration) -> Result<Client, ClientError> {
        let link = match addr {
            LinkAddr::Unix(path) => unix::connect(path)?,
            LinkAddr::Serial { device, baud } => tty::open_serial(device, *baud)?,
            LinkAddr::Pty | LinkAddr::Stdio => {
                return Err(LinkError::NoServer(addr.clone()).into());
            }
        };
        let unknown = RuntimeInfo {
            version_min: VERSION_MIN,
            version_max: VERSION_MAX,
            boot_id: 0,
            schema: 0,
            max_frame: SMALL_FRAME as u16,
            max_text: 0,
            context: 0,
            max_parallel: 0,
            model: String::new(),
        };
        let mut client = Client {
            link,
            decoder: Box::new(Decoder::new()),
            unread: VecDeque::new(),
            received: Sequence::new(),
            missing: 0,
            sent: 0,
            last_id: 0,
            runtime: unknown,
        };
        client.runtime = client.hello(name, timeout)?;
        let RuntimeInfo { version_min, version_max, .. } = client.runtime;
        if version_max < VERSION_MIN || version_min > VERSION_MAX {
            return Err(ClientError::Version(version_min, version_max));
        }
        Ok(client)
    }

    /// Who answered.
    pub fn runtime(&self) -> &RuntimeInfo {
        &self.runtime
    }

    /// Frames from the runtime that never arrived whole, as far as the numbers of those that did tell.
    pub fn frames_missing(&self) -> u32 {
        self.missing
    }

    /// Sends `request`, and gives its id.
    ///
    /// # Errors
    /// The request does not fit into the protocol, or the link failed.
    pub fn generate(&mut self, request: &Request) -> Result<u32, ClientError> {
        let system = request.system.as_deref().unwrap_or_default();
        let text = [system, request.prompt.as_str()].concat();
        if text.len() > self.runtime.max_text as usize {
            return Err(ClientError::TooLong(text.len(), self.runtime.max_text));
        }
        let mut pieces = pieces(text.as_bytes(), self.runtime.max_frame.into());
        let generate = Generate {
            sampling: request.sampling,
            form: request.form,
            thinking: request.thinking,
            has_system: request.system.is_some(),
            system_len: system.len() as u32,
            prompt_len: request.prompt.len() as u32,
            stops: stops(&request.stops)?,
            text: pieces.next().map(|piece| piece.text).unwrap_or_default(),
        };
        self.last_id = self.last_id.checked_add(1).unwrap_or(1);
        let id = self.last_id;
        self.send(id, &generate)?;
        for piece in pieces {
            self.send(id, &piece)?;
        }
        Ok(id)
    }

    /// Asks the runtime to end request `id`; its Done follows, unless it has ended already.
    ///
    /// # Errors
    /// The link failed.
    pub fn cancel(&mut self, id: u32) -> Result<(), ClientError> {
        self.send(id, &Cancel {})
    }

    /// Asks the runtime whether it lives; a Pong with the same `nonce` follows.
    ///
    /// # Errors
    /// The link failed.
    pub fn ping(&mut self, nonce: u32) -> Result<(), ClientError> {
        self.send(0, &Ping { nonce })
    }

    /// Waits up to `timeout` for what the runtime says next. `None` if it said nothing.
    ///
    /// # Errors
    /// The link failed or ended.
    pub fn next_event(&mut self, timeout: Duration) -> Result<Option<ClientEvent>, ClientError> {
        let deadline = Instant::now() + timeout.min(LONGEST_WAIT);
        let mut buffer = [0; READ_BUFFER];
        loop {
            while let Some(byte) = self.unread.pop_front() {
                let Some(Ok(frame)) = self.decoder.push(byte) else { continue };
                self.missing += u32::from(self.received.note(frame.seq));
                match event(&frame) {
                    Ok(event) => return Ok(Some(event)),
                    Err(error) => log::debug!("from the runtime: {error}"),
                }
            }
            let left = deadline.saturating_duration_since(Instant::now());
            match self.link.reader.read(&mut buffer, left)? {
                Some(0) => return Err(ClientError::Closed),
                Some(count) => self.unread.extend(&buffer[..count]),
                None if left.is_zero() => return Ok(None),
                None => {}
            }
        }
    }

    /// Says hello until somebody answers. What comes before the answer was for an earlier client on the same line.
    fn hello(&mut self, name: &str, timeout: Duration) -> Result<RuntimeInfo, ClientError> {
        let hello = Hello { version_min: VERSION_MIN, version_max: VERSION_MAX, name: Str::cut(name) };
        let deadline = Instant::now() + timeout.min(LONGEST_WAIT);
        while Instant::now() < deadline {
            self.send(0, &hello)?;
            let retry = deadline.min(Instant::now() + HELLO_RETRY);
            while let Some(left) = retry.checked_duration_since(Instant::now()) {
                if let Some(ClientEvent::Identify(info)) = self.next_event(left)? {
                    self.missing = 0;
                    return Ok(info);
                }
            }
        }
        Err(ClientError::NoAnswer(timeout))
    }

    /// Writes one frame, with a delimiter before it: whatever the line picked up while it was silent ends there.
    fn send(&mut self, id: u32, message: &impl Message) -> Result<(), ClientError> {
        let mut buffer = [0; 1 + max_encoded(MAX_FRAME)];
        let len = 1 + encode(message, id, self.sent, &mut buffer[1..])?.len();
        self.sent = self.sent.wrapping_add(1);
        let mut rest = &buffer[..len];
        while !rest.is_empty() {
            match self.link.writer.write(rest, WRITE_TIMEOUT)? {
                Some(written) => rest = &rest[written..],
                None => return Err(ClientError::Stuck),
            }
        }
        Ok(())
    }
}

/// Cuts `text` into pieces for frames of at most `frame` bytes; there is one at least for a runtime that takes the
/// smallest frame that the protocol allows.
fn pieces(text: &[u8], frame: usize) -> impl Iterator<Item = Text<'_>> {
    let len = max_piece(frame.max(SMALL_FRAME));
    text.chunks(len).enumerate().map(move |(n, piece)| Text { offset: (n * len) as u32, text: Bytes::new(piece).unwrap_or_default() })
}

fn stops(stops: &[String]) -> Result<Stops<'_>, ClientError> {
    let mut list = Stops::new();
    for stop in stops {
        let stop = Str::new(stop).ok_or_else(|| ClientError::Stop(stop.clone()))?;
        list.push(stop).map_err(|_| ClientError::Stops(stops.len()))?;
    }
    Ok(list)
}

/// Reads what the runtime said.
fn event(frame: &Frame<'_>) -> Result<ClientEvent, qwark_wire::ParseError> {
    let id = frame.id;
    Ok(match FromRuntime::parse(frame)? {
        FromRuntime::Identify(identify) => ClientEvent::Identify(identify.into()),
        FromRuntime::Pong(pong) => ClientEvent::Pong { nonce: pong.nonce },
        FromRuntime::Token(token) => ClientEvent::Token { id, offset: token.offset, text: token.text.get().to_owned() },
        FromRuntime::Done(done) => ClientEvent::Done { id, done },
        FromRuntime::Error(error) => ClientEvent::Error { id, code: error.code, ends: error.ends, message: error.message.get().to_owned() },
    })
}
