//! A blocking client over any [`Link`], for programs that have `std`: the state machine of [`client`] with a clock, a link
//! that is opened again when it fails, and events that own what they hold.
//!
//! ```no_run
//! use std::os::unix::net::UnixStream;
//! use std::time::Duration;
//!
//! use qwark_wire::client::Question;
//! use qwark_wire::host::{Client, ClientEvent, Config};
//!
//! let open = || UnixStream::connect("/run/qwark.sock");
//! let mut client = Client::connect(&Config::named("example"), open, Duration::from_secs(5))?;
//! client.ask(Question::new("Name three colours.".into()))?;
//! while let Some(event) = client.next_event(Duration::from_secs(60))? {
//!     match event {
//!         ClientEvent::Token { text, .. } => print!("{text}"),
//!         ClientEvent::Done { .. } => break,
//!         _ => {}
//!     }
//! }
//! # Ok::<(), qwark_wire::host::ClientError>(())
//! ```

mod event;
mod link;
mod pump;

use std::boxed::Box;
use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::io;
use std::string::String;
use std::time::{Duration, Instant};
use std::vec::Vec;

use thiserror::Error;

#[cfg(feature = "seal")]
use crate::Key;
use crate::client::{self, AskError, Losses, MAX_OUT, NewUpload, Question, Sentence, Settings};
use crate::{Fault, Hash, Heartbeat, Safety, VERSION_MAX, VERSION_MIN};

pub use event::{ClientEvent, MirrorPiece, RuntimeInfo, UploadInfo};
pub use link::Link;

/// Most requests that have not ended.
pub const REQUESTS: usize = 32;

/// Bytes of an answer that the runtime may send ahead, where a question leaves that to the client.
pub const WINDOW: u32 = 16 * 1024;

/// How often the runtime says how it is, in milliseconds: three times as long is what it takes to notice a lost link.
const HEARTBEAT_MS: u16 = 1000;

/// The longest that a client waits for anything: longer times are taken for this one.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 60 * 60);

/// Why a client could not do what it was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The link could not be opened.
    #[error("the link to the runtime failed: {0}")]
    Link(#[from] io::Error),
    /// Nothing answered.
    #[error("no runtime answered within {0:?}")]
    NoAnswer(Duration),
    /// The runtime speaks other versions of the protocol.
    #[error("the runtime speaks protocol versions {0} to {1}, this client {VERSION_MIN} to {VERSION_MAX}")]
    Version(u8, u8),
    /// What is asked does not fit into the protocol.
    #[error(transparent)]
    Ask(#[from] AskError),
}

impl ClientError {
    /// Whose fault it is.
    pub fn fault(&self) -> Fault {
        match self {
            ClientError::Link(_) | ClientError::NoAnswer(_) => Fault::Line,
            ClientError::Version(..) => Fault::Versions,
            ClientError::Ask(_) => Fault::Local,
        }
    }
}

/// Who the client is, and what it knows of its link.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// The client's name, for the runtime's log.
    pub name: String,
    /// The serial line's bits per second; 0 for anything that is faster than a serial line.
    pub baud: u32,
    /// The link's key, if it has one.
    #[cfg(feature = "seal")]
    pub key: Option<Key>,
}

impl Config {
    /// A client of this name, on a fast link without a key.
    pub fn named(name: &str) -> Self {
        Config { name: name.into(), ..Config::default() }
    }

    /// Two starts of a program differ in `client` and `seed`, which the system's random numbers give.
    fn settings(&self) -> Settings<'_> {
        let draw = || RandomState::new().hash_one(std::process::id());
        Settings {
            client: draw().max(1),
            seed: draw(),
            name: &self.name,
            heartbeat_ms: HEARTBEAT_MS,
            baud: self.baud,
            #[cfg(feature = "seal")]
            key: self.key,
        }
    }
}

/// Opens the link, at first and whenever it has failed.
type Open<L> = Box<dyn FnMut() -> io::Result<L> + Send>;

/// A client whose session outlives its link.
pub struct Client<L> {
    machine: Box<client::Client<Vec<u8>, REQUESTS>>,
    open: Open<L>,
    link: Option<L>,
    /// When to open it again.
    open_at: Instant,
    start: Instant,
    out: Box<[u8; MAX_OUT]>,
    /// What of `out` is to be written yet, and since when nothing was.
    unsent: std::ops::Range<usize>,
    moved: Instant,
    events: VecDeque<ClientEvent>,
    runtime: RuntimeInfo,
    incompatible: Option<(u8, u8)>,
    heartbeat: Option<Heartbeat>,
}

impl<L: Link> Client<L> {
    /// Opens the link with `open` and begins a session, trying for up to `timeout`. When the link fails later, it is opened with `open`
    /// again, as often as that takes.
    ///
    /// # Errors
    /// The link cannot be opened, nothing answers, or what answers speaks another version of the protocol.
    pub fn connect(
        config: &Config,
        mut open: impl FnMut() -> io::Result<L> + Send + 'static,
        timeout: Duration,
    ) -> Result<Self, ClientError> {
        let now = Instant::now();
        let mut client = Client {
            machine: Box::new(client::Client::new(&config.settings())),
            link: Some(open()?),
            open: Box::new(open),
            open_at: now,
            start: now,
            out: Box::new([0; MAX_OUT]),
            unsent: 0..0,
            moved: now,
            events: VecDeque::new(),
            runtime: RuntimeInfo::default(),
            incompatible: None,
            heartbeat: None,
        };
        let deadline = now + timeout.min(LONGEST_WAIT);
        while client.losses().sessions == 0 {
            client.check()?;
            if Instant::now() >= deadline {
                return Err(ClientError::NoAnswer(timeout));
            }
            client.turn(deadline);
        }
        // What was lost on the way here is of no interest any more.
        client.events.clear();
        Ok(client)
    }

    /// Who answered last.
    pub fn runtime(&self) -> &RuntimeInfo {
        &self.runtime
    }

    /// Whether there is a session just now.
    pub fn is_connected(&self) -> bool {
        self.machine.is_connected()
    }

    /// What the runtime said last about whether it may generate anything.
    pub fn safety(&self) -> Option<Safety> {
        self.machine.safety()
    }

    /// How the runtime was when it last said so.
    pub fn heartbeat(&self) -> Option<&Heartbeat> {
        self.heartbeat.as_ref()
    }

    /// How good the line is.
    pub fn losses(&self) -> Losses {
        self.machine.losses()
    }

    /// Frames from the runtime that never arrived whole, as far as the numbers of those that did tell.
    pub fn frames_missing(&self) -> u32 {
        self.losses().missing
    }

    /// Asks `question`, and gives its id. It is sent, and sent again where it has to be, while events are waited for.
    ///
    /// # Errors
    /// The question does not fit into the protocol, or there are too many.
    pub fn ask(&mut self, question: Question<Vec<u8>>) -> Result<u32, ClientError> {
        let now = self.now();
        let id = self.machine.ask(question, now)?;
        self.send();
        Ok(id)
    }

    /// Asks for the commands that `sentence` means, and gives the request's id. It is sent, and sent again where it has to be, while events
    /// are waited for.
    ///
    /// # Errors
    /// The sentence does not fit into the protocol, or there are too many requests.
    pub fn command(&mut self, sentence: Sentence<Vec<u8>>) -> Result<u32, ClientError> {
        let now = self.now();
        let id = self.machine.command(sentence, now)?;
        self.send();
        Ok(id)
    }

    /// Asks the runtime to end request `id`; its end follows.
    ///
    /// # Errors
    /// It has ended already.
    pub fn cancel(&mut self, id: u32) -> Result<(), ClientError> {
        let now = self.now();
        self.machine.cancel(id, now)?;
        self.send();
        Ok(())
    }

    /// Stops the runtime, for every client: repeated until it says so.
    pub fn emergency_stop(&mut self) {
        let now = self.now();
        self.machine.emergency_stop(now);
        self.send();
    }

    /// Ends the last emergency stop: the runtime is disarmed then.
    ///
    /// # Errors
    /// No runtime has answered yet.
    pub fn reset(&mut self) -> Result<(), ClientError> {
        let now = self.now();
        self.machine.reset(now)?;
        self.send();
        Ok(())
    }

    /// Lets a disarmed runtime generate again.
    ///
    /// # Errors
    /// No runtime has answered yet.
    pub fn arm(&mut self) -> Result<(), ClientError> {
        let now = self.now();
        self.machine.arm(now)?;
        self.send();
        Ok(())
    }

    /// Asks the runtime whether it lives; a Pong with the same `nonce` follows.
    pub fn ping(&mut self, nonce: u32) {
        self.machine.ping(nonce);
        self.send();
    }

    /// Asks for a copy of every frame of the runtime's other connections, or for no more of them.
    pub fn monitor(&mut self, on: bool) {
        self.machine.monitor(on);
        self.send();
    }

    /// Sends `upload`, and gives the request's id.
    ///
    /// # Errors
    /// The upload does not fit into the protocol, or there are too many requests.
    pub fn upload(&mut self, upload: NewUpload<Vec<u8>>) -> Result<u32, ClientError> {
        let now = self.now();
        let id = self.machine.upload(upload, now)?;
        self.send();
        Ok(id)
    }

    /// Asks for entry number `index` of the list of this client's uploads, and gives the request's id.
    ///
    /// # Errors
    /// There are too many requests.
    pub fn list_uploads(&mut self, index: u16) -> Result<u32, ClientError> {
        let now = self.now();
        let id = self.machine.list_uploads(index, now)?;
        self.send();
        Ok(id)
    }

    /// Asks the runtime to forget the upload with this hash, and gives the request's id.
    ///
    /// # Errors
    /// There are too many requests.
    pub fn delete_upload(&mut self, sha256: Hash) -> Result<u32, ClientError> {
        let now = self.now();
        let id = self.machine.delete_upload(sha256, now)?;
        self.send();
        Ok(id)
    }

    /// Waits up to `timeout` for what happens next. `None` if nothing did. A link that fails is no error: it is opened again.
    ///
    /// # Errors
    /// What answers now speaks another version of the protocol.
    pub fn next_event(&mut self, timeout: Duration) -> Result<Option<ClientEvent>, ClientError> {
        let deadline = Instant::now() + timeout.min(LONGEST_WAIT);
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            self.check()?;
            self.turn(deadline);
            if self.events.is_empty() && Instant::now() >= deadline {
                return Ok(None);
            }
        }
    }

    /// All that happens, until nothing does for `patience` or the runtime cannot be talked to.
    pub fn events(&mut self, patience: Duration) -> impl Iterator<Item = ClientEvent> {
        std::iter::from_fn(move || self.next_event(patience).ok().flatten())
    }

    fn check(&self) -> Result<(), ClientError> {
        self.incompatible.map_or(Ok(()), |(version_min, version_max)| Err(ClientError::Version(version_min, version_max)))
    }
}
