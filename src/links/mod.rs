//! Links: how requests come in and answers go out.
//!
//! A link is a Unix socket, a serial line, a pseudo-terminal or the process's own standard input and output. Each
//! connection has a thread that reads and one that writes:
//!
//! ```text
//! bytes -> Decoder -> messages -> Session -> LinkEvent ------+--> engine
//!                                    |                       |
//! bytes <- frames <- Line <----------+--- SessionHandle <----+
//! ```
//!
//! Events of all connections go through one bounded channel. Replies are kept in each client's [`session`](crate::session) and
//! pulled from there when its line has room, so a client that does not read holds up nobody but itself. The reader answers
//! Hello and Ping itself and latches an emergency stop: neither waits for a model that is busy.

mod addr;
mod client;
mod commands;
mod connection;
mod handle;
mod io;
mod key;
mod line;
mod reader;
mod registry;
mod request;
mod tap;
mod tty;
mod unix;
mod uploads;

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use crossbeam_channel::Sender;
use thiserror::Error;

use qwark_wire::{Key, MAX_COMMAND};

use connection::{Context, Terms};
use io::Duplex;
use registry::Registry;
use tap::Tap;
use uploads::Store;

use crate::runtime::Control;
use crate::uploads::Limits;

pub use addr::{AddrError, DEFAULT_BAUD, LinkAddr};
pub use client::{Client, ClientError, ClientEvent, RuntimeInfo, emergency_stop};
pub use commands::check_fits;
pub use connection::random;
pub use handle::SessionHandle;
pub use key::{KeyError, read_key};
pub use registry::{LINGER, MAX_LINGERING};
pub(crate) use request::grammar;
pub use request::{ClientId, Identity, LinkEvent, Request, Sentence, What};
pub use tap::{Crossed, Recorder};
pub use unix::Access;

/// Most clients on one Unix socket at a time.
pub const MAX_CLIENTS: usize = 64;

/// Clients beyond those that are heard if they want to stop everything, and nothing else.
const MAX_STOPPING: usize = 16;

/// How often a serial device that has gone is looked for.
const REOPEN: Duration = Duration::from_secs(1);

/// Why a link could not be opened.
#[derive(Debug, Error)]
pub enum LinkError {
    /// The serial device could not be opened.
    #[error("cannot open {}: {source}{}", device.display(), serial_hint(source))]
    Serial {
        /// The device.
        device: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The Unix socket could not be made or reached.
    #[error("cannot use the socket {}: {source}", path.display())]
    Unix {
        /// The socket's file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Another process listens there.
    #[error("cannot listen on {}: another process already does", .0.display())]
    InUse(PathBuf),
    /// There is a file of that name, which is not a socket.
    #[error("cannot listen on {}: the file exists and is not a socket", .0.display())]
    NotASocket(PathBuf),
    /// No pseudo-terminal could be made.
    #[error("cannot make a pseudo-terminal: {0}")]
    Pty(#[source] std::io::Error),
    /// Standard input or output cannot be used.
    #[error("cannot use standard input and output: {0}")]
    Stdio(#[source] std::io::Error),
    /// A client cannot connect to such a link.
    #[error("cannot connect to {0}: a client needs unix:PATH or serial:DEV[:BAUD]")]
    NoServer(LinkAddr),
    /// The command set cannot be served.
    #[error("the command set {name} has commands of up to {len} bytes, of which a frame takes {MAX_COMMAND}: shorten its texts")]
    Set {
        /// The set's name.
        name: String,
        /// Most bytes of one of its commands.
        len: usize,
    },
    /// No thread could be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
}

/// What to do about a serial device that cannot be opened.
fn serial_hint(error: &std::io::Error) -> &'static str {
    match error.kind() {
        std::io::ErrorKind::PermissionDenied => " (is the user in the group that owns the device, often dialout?)",
        std::io::ErrorKind::ResourceBusy => " (another program has it open)",
        _ => "",
    }
}

/// A link that is open to clients.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listening {
    /// As it was asked for.
    pub addr: LinkAddr,
    /// As a client writes it: a pseudo-terminal has its path only now.
    pub client_addr: LinkAddr,
}

/// The links that [`serve`] opened.
pub struct Links {
    listening: Vec<Listening>,
    threads: Vec<JoinHandle<()>>,
}

impl Links {
    /// What is open, in the order in which it was asked for.
    pub fn listening(&self) -> &[Listening] {
        &self.listening
    }

    /// Waits until all links have closed, which the stop flag makes them do.
    pub fn join(self) {
        for thread in self.threads {
            if thread.join().is_err() {
                log::error!("a link's thread panicked");
            }
        }
    }
}

/// A link that is to be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Where.
    pub addr: LinkAddr,
    /// Its key, if its frames are to be sealed.
    pub key: Option<Key>,
}

impl From<LinkAddr> for Wanted {
    fn from(addr: LinkAddr) -> Self {
        Wanted { addr, key: None }
    }
}

/// What links need to know of the runtime behind them.
pub struct Setup {
    /// Who it is.
    pub identity: Identity,
    /// What threads of links may do to it: an emergency stop is latched by whichever thread reads it.
    pub control: Control,
    /// Who may connect to Unix sockets.
    pub access: Access,
    /// Who writes all frames down, if anybody does.
    pub recorder: Option<Recorder>,
    /// When the runtime started.
    pub start: Instant,
}

impl Setup {
    /// A runtime that is called `identity`, has just started, and may be used by whom the system lets.
    pub fn new(identity: Identity, control: Control) -> Setup {
        Setup { identity, control, access: Access::default(), recorder: None, start: Instant::now() }
    }
}

/// Opens every link of `wanted` and serves clients on them in threads of their own, until `stop` is set. What clients ask
/// goes to `events`. The channel's other end sees it disconnected when all links have closed by themselves, as standard
/// input does at its end.
///
/// # Errors
/// The first link that cannot be opened, with the cause, or a command set whose commands do not fit into frames; no link is open then, and
/// `stop` may be set.
pub fn serve(wanted: &[Wanted], setup: Setup, events: Sender<LinkEvent>, stop: Arc<AtomicBool>) -> Result<Links, LinkError> {
    let Setup { identity, control, access, recorder, start } = setup;
    if let Some(set) = &identity.commands {
        check_fits(set)?;
    }
    let context = Context {
        identity: Arc::new(identity),
        events,
        stop: Arc::clone(&stop),
        control,
        registry: Arc::new(Registry::default()),
        uploads: Arc::new(Store::new(Limits::default())),
        tap: Arc::new(Tap::new(start, recorder)),
        next_client: Arc::new(AtomicU64::new(1)),
        next_line: Arc::new(AtomicU32::new(1)),
    };
    let opened = wanted.iter().map(|wanted| Opened::open(&wanted.addr, &access)).collect::<Result<Vec<_>, _>>()?;
    let mut links = Links { listening: Vec::new(), threads: Vec::new() };
    for (Wanted { addr, key }, link) in wanted.iter().zip(opened) {
        let client_addr = link.client_addr(addr);
        links.listening.push(Listening { addr: addr.clone(), client_addr: client_addr.clone() });
        let (context, key) = (context.clone(), *key);
        let serve = move || link.serve(&context, &client_addr.to_string(), key);
        match thread::Builder::new().name(format!("link {addr}")).spawn(serve) {
            Ok(thread) => links.threads.push(thread),
            Err(error) => {
                stop.store(true, Ordering::Relaxed);
                links.join();
                return Err(LinkError::Thread(error));
            }
        }
    }
    Ok(links)
}

/// The runtime's end of a link.
enum Opened {
    Unix(unix::Listener),
    Serial { link: Duplex, device: PathBuf, baud: u32 },
    Pty { link: Duplex, path: PathBuf },
    Stdio(Duplex),
}

impl Opened {
    fn open(addr: &LinkAddr, access: &Access) -> Result<Self, LinkError> {
        Ok(match addr {
            LinkAddr::Unix(path) => Opened::Unix(unix::Listener::bind(path, access)?),
            LinkAddr::Serial { device, baud } => {
                let link = tty::open_serial(device, *baud)?;
                Opened::Serial { link, device: device.clone(), baud: *baud }
            }
            LinkAddr::Pty => {
                let (link, path) = tty::make_pty()?;
                Opened::Pty { link, path }
            }
            LinkAddr::Stdio => Opened::Stdio(Duplex::stdio().map_err(LinkError::Stdio)?),
        })
    }

    /// What a client has to write to reach it.
    fn client_addr(&self, addr: &LinkAddr) -> LinkAddr {
        match self {
            Opened::Pty { path, .. } => LinkAddr::Serial { device: path.clone(), baud: DEFAULT_BAUD },
            _ => addr.clone(),
        }
    }

    fn serve(self, context: &Context, name: &str, key: Option<Key>) {
        let terms = Terms { name, baud: None, exclusive: true, key, may_monitor: false, only_stop: false };
        match self {
            Opened::Unix(listener) => serve_unix(&listener, context, &Terms { exclusive: false, ..terms }),
            Opened::Serial { link, device, baud } => {
                let terms = Terms { baud: Some(baud), ..terms };
                let mut link = Some(link);
                while let Some(open) = link {
                    connection::serve(&open, context, &terms);
                    // Closed before it is looked for: its lock would be in the way.
                    drop(open);
                    link = reopen(&device, baud, context);
                }
            }
            Opened::Pty { link, .. } => {
                // Its other end stays open here, so only an error can end it; then it is served anew.
                while !context.stopping() {
                    connection::serve(&link, context, &terms);
                    // Where each of them fails at once, not as fast as it can.
                    if !context.stopping() {
                        thread::sleep(REOPEN);
                    }
                }
            }
            Opened::Stdio(link) => connection::serve(&link, context, &terms),
        }
    }
}

/// Takes clients until the runtime stops.
fn serve_unix(listener: &unix::Listener, context: &Context, terms: &Terms<'_>) {
    let clients = &AtomicUsize::new(0);
    let name = terms.name;
    thread::scope(|scope| {
        while !context.stopping() {
            context.end_expired();
            let (link, peer) = match listener.accept(io::TICK) {
                Ok(Some(accepted)) => accepted,
                Ok(None) => continue,
                Err(error) => {
                    log::warn!("{name}: cannot take a client: {error}");
                    thread::sleep(io::TICK);
                    continue;
                }
            };
            let connected = clients.load(Ordering::Relaxed);
            if connected >= MAX_CLIENTS + MAX_STOPPING {
                log::warn!("{name}: {connected} clients are connected, no more are taken");
                unix::refuse(&link, qwark_wire::ErrorCode::Busy, "too many clients are connected");
                continue;
            }
            clients.fetch_add(1, Ordering::Relaxed);
            let terms = Terms { may_monitor: peer.may_monitor(), only_stop: connected >= MAX_CLIENTS, ..terms.clone() };
            let serve = move || {
                connection::serve(&link, context, &terms);
                clients.fetch_sub(1, Ordering::Relaxed);
            };
            let thread = thread::Builder::new().name("link reader".to_owned());
            if let Err(error) = thread.spawn_scoped(scope, serve) {
                clients.fetch_sub(1, Ordering::Relaxed);
                log::error!("{name}: cannot start a thread: {error}");
            }
        }
    });
}

/// Waits for a serial device that has gone, as a USB adapter does that is unplugged. `None` if the runtime stops.
fn reopen(device: &std::path::Path, baud: u32, context: &Context) -> Option<Duplex> {
    if !context.stopping() {
        log::warn!("{} has gone; waiting for it", device.display());
    }
    while !context.stopping() {
        thread::sleep(REOPEN);
        context.end_expired();
        match tty::open_serial(device, baud) {
            Ok(link) => {
                log::info!("{} is back", device.display());
                return Some(link);
            }
            Err(error) => log::debug!("{error}"),
        }
    }
    None
}

/// Locks what threads of links share, also after one of them panicked: each holds a lock for one change only, and leaves nothing
/// half-changed.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
