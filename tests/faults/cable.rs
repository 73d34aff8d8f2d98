//! A bad cable between two programs: each has a pseudo-terminal for its port, and two threads carry the bytes across at the line's speed.

use std::fs;
use std::os::fd::OwnedFd;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use tempfile::TempDir;

use crate::injector::{Injector, Outcome};

/// How often a thread looks whether it should end, and whether there is another port by now.
const TICK: Duration = Duration::from_millis(10);

/// Bytes carried at once: what a port's own buffer takes.
const CHUNK: usize = 256;

/// The two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Board,
    Robot,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            End::Board => "board",
            End::Robot => "robot",
        }
    }
}

/// What the threads share.
struct Shared {
    dir: TempDir,
    /// The ports' other sides.
    ports: [Mutex<Arc<OwnedFd>>; 2],
    dead_until: Mutex<Option<Instant>>,
    /// Frames that were hit.
    hits: AtomicU64,
    over: AtomicBool,
}

/// A serial line between two pseudo-terminals, until it is dropped.
pub struct Cable {
    baud: u32,
    /// Where the robot's port is, if it is a socket.
    socket: Option<PathBuf>,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

impl Cable {
    /// A line of `baud` bits per second. The first injector hits what the robot sends, the second what the board sends; where the line is
    /// cut by one of them, the robot's port goes away, too, and comes back.
    pub fn new(baud: u32, injectors: [Option<Injector>; 2]) -> Cable {
        let dir = tempfile::tempdir().expect("a folder");
        let ports = [End::Board, End::Robot].map(|end| Mutex::new(Arc::new(plug_in(dir.path(), end))));
        let (hits, over) = (AtomicU64::new(0), AtomicBool::new(false));
        let shared = Arc::new(Shared { dir, ports, dead_until: Mutex::new(None), hits, over });
        let directions = [(End::Robot, End::Board), (End::Board, End::Robot)].into_iter().zip(injectors);
        let threads = directions.map(|((from, to), injector)| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || Carrier { shared: &shared, baud, from, to, at: Instant::now() }.carry(injector))
        });
        let threads = threads.collect();
        Cable { baud, socket: None, shared, threads }
    }

    /// The same, but the robot's port is a Unix socket: for a client that has no serial port. Where the line is cut, the connection ends.
    pub fn to_socket(baud: u32, injectors: [Option<Injector>; 2]) -> Cable {
        let mut cable = Cable::new(baud, injectors);
        let path = cable.shared.dir.path().join("robot.sock");
        let listener = UnixListener::bind(&path).and_then(|listener| listener.set_nonblocking(true).map(|()| listener));
        let (listener, shared) = (listener.expect("a socket"), Arc::clone(&cable.shared));
        cable.socket = Some(path);
        cable.threads.push(thread::spawn(move || shared.accept(&listener)));
        cable
    }

    /// The port at `end`, as a link's address. It stays the same when the cable is pulled.
    pub fn address(&self, end: End) -> String {
        if let (End::Robot, Some(socket)) = (end, &self.socket) {
            return format!("unix:{}", socket.display());
        }
        format!("serial:{}:{}", self.shared.dir.path().join(end.name()).display(), self.baud)
    }

    /// Frames that were hit.
    pub fn hits(&self) -> u64 {
        self.shared.hits.load(Ordering::Relaxed)
    }

    /// Nothing comes through for a while, and no port notices.
    pub fn cut(&self, time: Duration) {
        self.shared.cut(time);
    }

    /// The adapter at `end` is pulled out and put in again: its port goes, and a new one comes under the same name.
    pub fn replug(&self, end: End) {
        self.shared.replug(end);
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            // A panic of its own has been reported.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn port(&self, end: End) -> Arc<OwnedFd> {
        Arc::clone(&self.ports[end as usize].lock().expect("no panic"))
    }

    fn replug(&self, end: End) {
        *self.ports[end as usize].lock().expect("no panic") = Arc::new(plug_in(self.dir.path(), end));
    }

    /// Takes connections, each in the place of the one before.
    fn accept(&self, listener: &UnixListener) {
        while !self.over.load(Ordering::Relaxed) {
            match listener.accept() {
                Ok((stream, _)) => {
                    stream.set_nonblocking(true).expect("a socket");
                    *self.ports[End::Robot as usize].lock().expect("no panic") = Arc::new(stream.into());
                }
                Err(_) => thread::sleep(TICK),
            }
        }
    }

    fn cut(&self, time: Duration) {
        *self.dead_until.lock().expect("no panic") = Some(Instant::now() + time);
    }

    fn is_dead(&self) -> bool {
        let mut dead_until = self.dead_until.lock().expect("no panic");
        dead_until.take_if(|until| *until <= Instant::now());
        dead_until.is_some()
    }
}

/// One direction.
struct Carrier<'s> {
    shared: &'s Shared,
    baud: u32,
    from: End,
    to: End,
    /// When the line will have carried everything that it was given.
    at: Instant,
}

impl Carrier<'_> {
    fn carry(mut self, mut injector: Option<Injector>) {
        let mut buffer = [0; CHUNK];
        while !self.shared.over.load(Ordering::Relaxed) {
            let bytes = read(&self.shared.port(self.from), &mut buffer);
            if self.shared.is_dead() {
                injector.iter_mut().for_each(Injector::cut);
                continue;
            }
            let Some(injector) = &mut injector else {
                self.write(Duration::ZERO, bytes);
                continue;
            };
            let before = injector.hits;
            injector.pass(bytes, |outcome| match outcome {
                Outcome::Bytes(pause, bytes) => self.write(pause, &bytes),
                Outcome::HangUp(time) => {
                    self.shared.cut(time);
                    self.shared.replug(End::Robot);
                }
            });
            self.shared.hits.fetch_add(injector.hits - before, Ordering::Relaxed);
        }
    }

    /// Writes `bytes` after `pause`, no faster than the line is.
    fn write(&mut self, pause: Duration, bytes: &[u8]) {
        thread::sleep(pause);
        for bytes in bytes.chunks(CHUNK) {
            let time = Duration::from_micros(bytes.len() as u64 * 10_000_000 / u64::from(self.baud));
            self.at = self.at.max(Instant::now()) + time;
            thread::sleep(self.at.saturating_duration_since(Instant::now()));
            // What a full port does not take is lost, as on a line without flow control.
            let _ = rustix::io::write(&*self.shared.port(self.to), bytes);
        }
    }
}

/// What has come in, waiting for it for a short while.
fn read<'b>(port: &OwnedFd, buffer: &'b mut [u8]) -> &'b [u8] {
    let timeout = Timespec { tv_sec: 0, tv_nsec: TICK.subsec_nanos().into() };
    if poll(&mut [PollFd::new(port, PollFlags::IN)], Some(&timeout)).is_err() {
        return &[];
    }
    match rustix::io::read(port, &mut *buffer) {
        Ok(count @ 1..) => &buffer[..count],
        // Nobody has it open: that would be said at once, again and again.
        Ok(0) | Err(Errno::IO) => {
            thread::sleep(TICK);
            &[]
        }
        Err(_) => &[],
    }
}

/// Makes a pseudo-terminal that passes bytes on unchanged, and gives it the name of `end`.
fn plug_in(dir: &Path, end: End) -> OwnedFd {
    let port = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pseudo-terminal");
    grantpt(&port).and_then(|()| unlockpt(&port)).expect("it can be opened");
    let device = PathBuf::from(ptsname(&port, Vec::new()).expect("it has a name").to_str().expect("UTF-8"));
    let other = rustix::fs::open(&device, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).expect("it can be opened");
    // The settings stay when this end is closed.
    let mut settings = tcgetattr(&other).expect("a terminal");
    settings.make_raw();
    tcsetattr(&other, OptionalActions::Now, &settings).expect("a terminal");
    rustix::io::ioctl_fionbio(&port, true).expect("a terminal");
    let (new, name) = (dir.join("new"), dir.join(end.name()));
    symlink(&device, &new).and_then(|()| fs::rename(&new, &name)).expect("a name");
    port
}
