//! Links: how requests come in and answers go out.
//!
//! A link is a Unix socket, a serial line, a pseudo-terminal or the process's own standard input and output. Each
//! connection has a thread that reads and one that writes:
//!
//! ```text
//! bytes -> Decoder -> messages -> Assembler -> LinkEvent --+--> engine
//!                                                          |
//! bytes <- writer <- queue of encoded frames <- ReplySender <---+
//! ```
//!
//! Events of all connections go through one bounded channel. Each client has a bounded queue of its own, so a client
//! that does not read holds up nobody but itself. The reader answers Hello and Ping itself: the runtime shows that it
//! lives while a model is busy.

mod addr;
mod assemble;
mod client;
mod connection;
mod io;
mod reply;
mod request;
mod tty;
mod unix;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use crossbeam_channel::Sender;
use thiserror::Error;

use connection::Context;
use io::Duplex;

pub use addr::{AddrError, DEFAULT_BAUD, LinkAddr};
pub use assemble::{MAX_PENDING, MAX_TEXT, PIECE_TIMEOUT};
pub use client::{Client, ClientError, ClientEvent, RuntimeInfo};
pub use reply::{ReplySender, SendError};
pub use request::{BadFrame, ClientId, Identity, LinkEvent, Request, What};

/// Most clients on one Unix socket at a time.
pub const MAX_CLIENTS: usize = 64;

/// Most requests of one client that are not answered to the end: fewer than may wait in all, so that there is room for others.
pub const MAX_REQUESTS: usize = 32;

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

/// Opens every link of `addrs` and serves clients on them in threads of their own, until `stop` is set. What clients ask
/// goes to `events`. The channel's other end sees it disconnected when all links have closed by themselves, as standard
/// input does at its end.
///
/// # Errors
/// The first link that cannot be opened, with the cause; none is open then, and `stop` may be set.
pub fn serve(addrs: &[LinkAddr], identity: Identity, events: Sender<LinkEvent>, stop: Arc<AtomicBool>) -> Result<Links, LinkError> {
    let context = Context { identity: Arc::new(identity), events, stop: Arc::clone(&stop), next_client: Arc::new(AtomicU64::new(1)) };
    let opened = addrs.iter().map(Opened::open).collect::<Result<Vec<_>, _>>()?;
    let mut links = Links { listening: Vec::new(), threads: Vec::new() };
    for (addr, link) in addrs.iter().zip(opened) {
        let client_addr = link.client_addr(addr);
        links.listening.push(Listening { addr: addr.clone(), client_addr: client_addr.clone() });
        let context = context.clone();
        let thread = thread::Builder::new().name(format!("link {addr}")).spawn(move || link.serve(&context, &client_addr.to_string()));
        match thread {
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
    fn open(addr: &LinkAddr) -> Result<Self, LinkError> {
        Ok(match addr {
            LinkAddr::Unix(path) => Opened::Unix(unix::Listener::bind(path)?),
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

    fn serve(self, context: &Context, name: &str) {
        match self {
            Opened::Unix(listener) => serve_unix(&listener, context, name),
            Opened::Serial { link, device, baud } => {
                let mut link = Some(link);
                while let Some(open) = link {
                    connection::serve(open, context, name);
                    link = reopen(&device, baud, context);
                }
            }
            Opened::Pty { link, .. } | Opened::Stdio(link) => {
                connection::serve(link, context, name);
            }
        }
    }
}

/// Takes clients until the runtime stops.
fn serve_unix(listener: &unix::Listener, context: &Context, name: &str) {
    let clients = &AtomicUsize::new(0);
    thread::scope(|scope| {
        while !context.stopping() {
            let link = match listener.accept(io::TICK) {
                Ok(Some(link)) => link,
                Ok(None) => continue,
                Err(error) => {
                    log::warn!("{name}: cannot take a client: {error}");
                    thread::sleep(io::TICK);
                    continue;
                }
            };
            if clients.load(Ordering::Relaxed) >= MAX_CLIENTS {
                log::warn!("{name}: {MAX_CLIENTS} clients are connected, no more are taken");
                continue;
            }
            clients.fetch_add(1, Ordering::Relaxed);
            let serve = move || {
                connection::serve(link, context, name);
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
