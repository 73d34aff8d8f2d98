//! Serial ports and pseudo-terminals.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, QueueSelector, tcflush, tcgetattr, tcsetattr};

use super::LinkError;
use super::io::{Duplex, Keep};

/// Opens a serial device for this process alone: 8 data bits, no parity, 1 stop bit, no flow control, nothing translated.
///
/// The port is set up and locked through `serialport`; bytes go through a second descriptor, because `serialport` leaves
/// its own in a mode in which a write can block for good.
pub(super) fn open_serial(device: &Path, baud: u32) -> Result<Duplex, LinkError> {
    let failed = |source| LinkError::Serial { device: device.to_owned(), source };
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let fd = rustix::fs::open(device, flags, Mode::empty()).map_err(|errno| failed(errno.into()))?;
    let port = serialport::new(device.to_string_lossy(), baud).open_native().map_err(|error| {
        failed(match error.kind {
            serialport::ErrorKind::NoDevice => io::ErrorKind::ResourceBusy.into(),
            _ => io::Error::from(error),
        })
    })?;
    // What arrived before the port was set up was meant for somebody else, or garbled.
    tcflush(&fd, QueueSelector::IFlush).map_err(|errno| failed(errno.into()))?;
    Duplex::new(fd, Some(Keep::Serial(port))).map_err(failed)
}

/// Makes a pseudo-terminal. Gives the runtime's end, and the path that a client opens.
///
/// It is set to pass bytes on unchanged, and its other end stays open here, so that clients may come and go.
pub(super) fn make_pty() -> Result<(Duplex, PathBuf), LinkError> {
    let make = || -> io::Result<_> {
        let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&master)?;
        rustix::pty::unlockpt(&master)?;
        let name = rustix::pty::ptsname(&master, Vec::new())?;
        let path = PathBuf::from(name.to_string_lossy().into_owned());
        let slave = open_slave(&path)?;
        Ok((Duplex::new(master, Some(Keep::Slave(slave)))?, path))
    };
    make().map_err(LinkError::Pty)
}

fn open_slave(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC;
    let slave = rustix::fs::open(path, flags, Mode::empty())?;
    let mut settings = tcgetattr(&slave)?;
    settings.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &settings)?;
    Ok(slave)
}
