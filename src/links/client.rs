//! The other side: a client over the links that a runtime can be reached by, as `qwark ask` is one.

use std::io;
use std::ops::{Deref, DerefMut};
use std::path::Path;
use std::time::{Duration, Instant};

use qwark_wire::client::{self, AskError, NewUpload, Question};
use qwark_wire::host::{self, Config, Link, WINDOW};
use qwark_wire::{
    DELIMITER, Decoder, EStop, FromRuntime, GrammarForm, Hash, Key, MAX_STOPS, SMALL_FRAME, Safety, SafetyState, UploadKind, encode_small,
};
use sha2::{Digest, Sha256};
use thiserror::Error;

pub use qwark_wire::host::{ClientEvent, RuntimeInfo};

use super::io::Duplex;
use super::request::grammar_text;
use super::{LinkAddr, LinkError, Request, Sentence, tty, unix};
use crate::grammar::Grammar;

/// Where pseudo-terminals are: they take no time for a byte, whatever speed is asked for.
const PSEUDO_TERMINALS: &str = "/dev/pts";

/// How often an emergency stop is repeated until it is confirmed.
const STOP_RETRY: Duration = Duration::from_millis(100);

/// Why a client could not do what it was asked.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The link could not be opened.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The client and the runtime do not get on.
    #[error(transparent)]
    Client(#[from] host::ClientError),
    /// An emergency stop was not confirmed.
    #[error("the stop is NOT confirmed: {0}")]
    NotStopped(String),
    /// The request has more stop strings than fit.
    #[error("{0} stop strings, at most {MAX_STOPS} fit into a request")]
    Stops(usize),
    /// The text is longer than the runtime takes.
    #[error("{0} bytes of text, the runtime takes at most {1}")]
    TooLong(usize, u32),
}

/// A session with a runtime, which outlives its link: [`host::Client`] over the links of this crate.
pub struct Client(host::Client<Box<dyn Link + Send>>);

impl Client {
    /// Connects to the runtime at `addr` and begins a session under `name`, trying for up to `timeout`.
    ///
    /// # Errors
    /// The link cannot be opened, nothing answers, or what answers speaks another version of the protocol.
    pub fn connect(addr: &LinkAddr, name: &str, timeout: Duration) -> Result<Client, ClientError> {
        Client::connect_with(addr, name, None, timeout)
    }

    /// Like [`Client::connect`], over a link with this key.
    ///
    /// # Errors
    /// Those of [`Client::connect`]; to a runtime that has another key, nothing answers.
    pub fn connect_with(addr: &LinkAddr, name: &str, key: Option<Key>, timeout: Duration) -> Result<Client, ClientError> {
        let config = Config { name: name.to_owned(), baud: baud(addr), key };
        // The first failure says what is wrong with the address; later ones pass.
        let mut first = Some(open(addr)?);
        let addr = addr.clone();
        let open = move || first.take().map_or_else(|| open(&addr).map_err(io::Error::other), Ok);
        Ok(Client(host::Client::connect(&config, open, timeout)?))
    }

    /// Sends `request`, and gives its id.
    ///
    /// # Errors
    /// The request does not fit into the protocol, or there are too many.
    pub fn generate(&mut self, request: &Request) -> Result<u32, ClientError> {
        let bytes = |text: &String| text.as_bytes().to_vec();
        if request.stops.len() > MAX_STOPS {
            return Err(ClientError::Stops(request.stops.len()));
        }
        let len = request.prompt.len() + request.system.as_ref().map_or(0, String::len);
        let question = Question {
            priority: request.priority,
            deadline_ms: deadline_ms(request.deadline),
            window: WINDOW,
            sampling: request.sampling,
            form: request.form,
            thinking: request.thinking,
            system: request.system.as_ref().map(bytes),
            fallback: request.fallback.as_ref().map(bytes),
            stops: request.stops.iter().map(bytes).collect(),
            grammar: request.grammar,
            ..Question::new(bytes(&request.prompt))
        };
        let asked = self.ask(question);
        self.asked(asked, len)
    }

    /// Sends `sentence`, and gives the request's id.
    ///
    /// # Errors
    /// The sentence does not fit into the protocol, or there are too many requests.
    pub fn command(&mut self, sentence: &Sentence) -> Result<u32, ClientError> {
        let text = sentence.text.as_bytes().to_vec();
        let len = text.len();
        let asked = self.0.command(client::Sentence {
            priority: sentence.priority,
            deadline_ms: deadline_ms(sentence.deadline),
            window: WINDOW,
            fallback: sentence.fallback.clone(),
            ..client::Sentence::new(sentence.set, text)
        });
        self.asked(asked, len)
    }

    /// Uploads `grammar` under `name`. Gives the upload's id, and what names the grammar in requests once it is stored.
    ///
    /// # Errors
    /// The grammar or the name does not fit into the protocol, or there are too many requests.
    pub fn upload_grammar(&mut self, grammar: &Grammar, name: &str) -> Result<(u32, (GrammarForm, Hash)), ClientError> {
        let (form, text) = grammar_text(grammar);
        let (sha256, data) = (Hash::from(Sha256::digest(text)), text.as_bytes().to_vec());
        let id = self.0.upload(NewUpload { what: UploadKind::Grammar, sha256, keep_s: 0, name: name.as_bytes().to_vec(), data })?;
        Ok((id, (form, sha256)))
    }

    /// What came of asking with a text of `len` bytes.
    fn asked(&self, asked: Result<u32, host::ClientError>, len: usize) -> Result<u32, ClientError> {
        match asked {
            Err(host::ClientError::Ask(AskError::TooLong)) => Err(ClientError::TooLong(len, self.runtime().max_text)),
            result => Ok(result?),
        }
    }
}

impl Deref for Client {
    type Target = host::Client<Box<dyn Link + Send>>;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Self::Target {
        &mut self.0
    }
}

impl Link for Duplex {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<Option<usize>> {
        self.reader.read(buffer, timeout)
    }

    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<Option<usize>> {
        self.writer.write(bytes, timeout)
    }
}

/// Emergency stop of the runtime at `addr`, for up to `timeout`. It takes no session and no key, so that nothing is in its way.
///
/// # Errors
/// The link cannot be opened or fails, or nothing confirms the stop in time.
pub fn emergency_stop(addr: &LinkAddr, timeout: Duration) -> Result<Safety, ClientError> {
    let mut link = open(addr)?;
    let (begin, mut decoder, mut buffer) = (Instant::now(), Decoder::<SMALL_FRAME>::new(), [0; SMALL_FRAME]);
    for seq in 0_u16.. {
        let estop = encode_small(&EStop {}, 0, seq).map_err(|_| LinkError::NoServer(addr.clone()))?;
        let failed = |error: io::Error| ClientError::NotStopped(error.to_string());
        link.write(&[&[DELIMITER], &estop[..]].concat(), STOP_RETRY).map_err(failed)?;
        let again = Instant::now() + STOP_RETRY;
        while let Some(left) = again.checked_duration_since(Instant::now()) {
            let Some(count) = link.read(&mut buffer, left).map_err(failed)? else { continue };
            if count == 0 {
                return Err(ClientError::NotStopped("the runtime closed the link".to_owned()));
            }
            let mut confirmed = None;
            decoder.push_all(&buffer[..count], |frame| {
                if let Ok(Ok(FromRuntime::Safety(safety))) = frame.map(|frame| FromRuntime::parse(&frame)) {
                    confirmed = Some(safety).filter(|safety| safety.state == SafetyState::Stopped).or(confirmed);
                }
            });
            if let Some(safety) = confirmed {
                return Ok(safety);
            }
        }
        if begin.elapsed() > timeout {
            break;
        }
    }
    Err(ClientError::NotStopped(format!("the runtime did not confirm within {:.0} s", timeout.as_secs_f32())))
}

fn open(addr: &LinkAddr) -> Result<Box<dyn Link + Send>, LinkError> {
    Ok(Box::new(match addr {
        LinkAddr::Unix(path) => unix::connect(path)?,
        LinkAddr::Serial { device, baud } => tty::open_serial(device, *baud)?,
        LinkAddr::Pty | LinkAddr::Stdio => return Err(LinkError::NoServer(addr.clone())),
    }))
}

/// A time limit as the wire has it.
fn deadline_ms(deadline: Option<Duration>) -> u32 {
    deadline.map_or(0, |deadline| u32::try_from(deadline.as_millis()).unwrap_or(u32::MAX).max(1))
}

/// The speed that the client has to reckon with.
fn baud(addr: &LinkAddr) -> u32 {
    match addr {
        LinkAddr::Serial { device, baud } if !is_pseudo_terminal(device) => *baud,
        _ => 0,
    }
}

fn is_pseudo_terminal(device: &Path) -> bool {
    device.canonicalize().is_ok_and(|device| device.starts_with(PSEUDO_TERMINALS))
}
