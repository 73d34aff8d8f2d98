//! The two halves of an open link. Every kind of link is a file descriptor, waited for with `poll`, so that a thread that
//! reads or writes looks up at least every [`TICK`].

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use serialport::{SerialPort, TTYPort};

/// How long a thread waits before it looks whether it should stop.
pub(super) const TICK: Duration = Duration::from_millis(100);

/// Bytes written at once to a descriptor that may block: a pipe that has room at all has room for these.
const BLOCKING_CHUNK: usize = 512;

/// What has to stay open while a link is in use.
pub(super) enum Keep {
    /// The serial port's settings and its lock.
    Serial(TTYPort),
    /// A pseudo-terminal's other end: without it, reading fails whenever no client has it open.
    Slave(OwnedFd),
}

/// One direction of a link.
#[derive(Clone)]
pub(super) struct Half {
    fd: Arc<OwnedFd>,
    chunk: usize,
    keep: Option<Arc<Keep>>,
}

/// Both directions of a link.
pub(super) struct Duplex {
    pub(super) reader: Half,
    pub(super) writer: Half,
}

impl Duplex {
    /// A link that is one descriptor, which must not block.
    pub(super) fn new(fd: OwnedFd, keep: Option<Keep>) -> io::Result<Self> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        let half = Half { fd: Arc::new(fd), chunk: usize::MAX, keep: keep.map(Arc::new) };
        Ok(Duplex { reader: half.clone(), writer: half })
    }

    /// Standard input and output. They may be shared with other processes, so they stay as they are.
    pub(super) fn stdio() -> io::Result<Self> {
        let half = |fd| Half { fd: Arc::new(fd), chunk: BLOCKING_CHUNK, keep: None };
        Ok(Duplex {
            reader: half(rustix::io::fcntl_dupfd_cloexec(io::stdin(), 0)?),
            writer: half(rustix::io::fcntl_dupfd_cloexec(io::stdout(), 0)?),
        })
    }
}

impl Half {
    /// Reads what there is, waiting up to `timeout` for the first byte: `None` if nothing came, `Some(0)` at the end.
    pub(super) fn read(&self, buffer: &mut [u8], timeout: Duration) -> io::Result<Option<usize>> {
        if !wait(&*self.fd, PollFlags::IN, timeout)? {
            self.unlock();
            return Ok(None);
        }
        maybe(rustix::io::read(&*self.fd, buffer))
    }

    /// Lets clients open a pseudo-terminal that one of them locked and died: the lock lasts until every end is closed, and
    /// one end stays open here.
    fn unlock(&self) {
        if let Some(Keep::Slave(slave)) = self.keep.as_deref() {
            // If it cannot be unlocked, clients are told that it is in use.
            let _ = rustix::termios::ioctl_tiocnxcl(slave);
        }
    }

    /// Bytes that were written and have not left yet, where that can be known.
    pub(super) fn queued(&self) -> usize {
        match self.keep.as_deref() {
            Some(Keep::Serial(port)) => port.bytes_to_write().unwrap_or(0) as usize,
            _ => 0,
        }
    }

    /// Writes what fits, waiting up to `timeout` for room: `None` if there was none.
    pub(super) fn write(&self, bytes: &[u8], timeout: Duration) -> io::Result<Option<usize>> {
        if !wait(&*self.fd, PollFlags::OUT, timeout)? {
            return Ok(None);
        }
        maybe(rustix::io::write(&*self.fd, &bytes[..bytes.len().min(self.chunk)]))
    }
}

/// Waits up to `timeout` until `fd` can be read, or a client waits on it. False if neither came about.
pub(super) fn wait_readable(fd: impl AsFd, timeout: Duration) -> io::Result<bool> {
    wait(fd, PollFlags::IN, timeout)
}

fn wait(fd: impl AsFd, flags: PollFlags, timeout: Duration) -> io::Result<bool> {
    let timeout = Timespec { tv_sec: timeout.as_secs().min(i32::MAX as u64) as i64, tv_nsec: timeout.subsec_nanos().into() };
    let ready = poll(&mut [PollFd::new(&fd, flags)], Some(&timeout));
    Ok(maybe(ready)?.is_some_and(|count| count > 0))
}

/// Tells "not now" from a failure.
fn maybe(result: Result<usize, Errno>) -> io::Result<Option<usize>> {
    match result {
        Ok(count) => Ok(Some(count)),
        Err(Errno::INTR | Errno::AGAIN) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
