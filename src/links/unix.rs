//! Unix sockets.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use qwark_wire::{ErrorCode, Str, encode_small};

use super::LinkError;
use super::io::{Duplex, wait_readable};

/// Who may connect to Unix sockets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Access {
    /// Mode of the socket's file.
    pub mode: u32,
    /// Ids of the users that may connect; `None` for all whom the mode lets.
    pub users: Option<Vec<u32>>,
}

impl Default for Access {
    /// The runtime's user and group.
    fn default() -> Self {
        Access { mode: 0o660, users: None }
    }
}

/// Who connected.
#[derive(Clone, Copy, Debug)]
pub(super) struct Peer {
    uid: u32,
}

impl Peer {
    /// Whether it may see what all clients say: only who could as well read the runtime's memory.
    pub fn may_monitor(self) -> bool {
        self.uid == 0 || self.uid == rustix::process::geteuid().as_raw()
    }
}

/// A socket that listens. Its file goes when it does.
pub(super) struct Listener {
    socket: UnixListener,
    path: PathBuf,
    /// Device and inode of the file: it may have been replaced by somebody else's since.
    file: (u64, u64),
    users: Option<Vec<u32>>,
}

impl Listener {
    /// Makes the socket file at `path` and listens. A socket file that nobody listens on is replaced.
    pub(super) fn bind(path: &Path, access: &Access) -> Result<Self, LinkError> {
        remove_stale(path)?;
        let failed = |source| LinkError::Unix { path: path.to_owned(), source };
        // From its first moment on, nobody may connect whom the mode does not let.
        let mode = rustix::fs::Mode::from_bits_truncate(access.mode);
        let mask = rustix::process::umask(!mode & rustix::fs::Mode::from_bits_truncate(0o777));
        let socket = UnixListener::bind(path);
        rustix::process::umask(mask);
        let socket = socket.map_err(failed)?;
        let file = identify(path).map_err(failed)?;
        let listener = Listener { socket, path: path.to_owned(), file, users: access.users.clone() };
        fs::set_permissions(path, Permissions::from_mode(access.mode)).map_err(failed)?;
        listener.socket.set_nonblocking(true).map_err(failed)?;
        Ok(listener)
    }

    /// The next client, if one comes within `timeout` that may connect; others are told that they may not.
    pub(super) fn accept(&self, timeout: Duration) -> io::Result<Option<(Duplex, Peer)>> {
        if !wait_readable(&self.socket, timeout)? {
            return Ok(None);
        }
        let stream = match self.socket.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        };
        let credentials = rustix::net::sockopt::socket_peercred(&stream)?;
        let peer = Peer { uid: credentials.uid.as_raw() };
        let link = Duplex::new(stream.into(), None)?;
        if self.users.as_ref().is_some_and(|users| !users.contains(&peer.uid)) {
            log::warn!("{}: user {} may not connect", self.path.display(), peer.uid);
            refuse(&link, ErrorCode::Denied, "this user may not connect");
            return Ok(None);
        }
        Ok(Some((link, peer)))
    }
}

/// Tells a client that is not taken why.
pub(super) fn refuse(link: &Duplex, code: ErrorCode, message: &str) {
    let error = qwark_wire::Error { code, ends: true, message: Str::cut(message) };
    if let Ok(frame) = encode_small(&error, 0, 0) {
        // A client that does not even take that learns it by the end of the connection.
        let _ = link.writer.write(&frame, Duration::ZERO);
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if identify(&self.path).is_ok_and(|file| file == self.file) {
            // If it cannot be removed now, the next start finds it stale.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Connects to the socket at `path`.
pub(super) fn connect(path: &Path) -> Result<Duplex, LinkError> {
    UnixStream::connect(path)
        .and_then(|stream| Duplex::new(stream.into(), None))
        .map_err(|source| LinkError::Unix { path: path.to_owned(), source })
}

/// Removes the socket file that a runtime which died left behind, and nothing else.
fn remove_stale(path: &Path) -> Result<(), LinkError> {
    let failed = |source| LinkError::Unix { path: path.to_owned(), source };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(failed(error)),
        Ok(metadata) if !metadata.file_type().is_socket() => {
            return Err(LinkError::NotASocket(path.to_owned()));
        }
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(_) => Err(LinkError::InUse(path.to_owned())),
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(failed),
        Err(error) => Err(failed(error)),
    }
}

fn identify(path: &Path) -> io::Result<(u64, u64)> {
    let metadata = fs::symlink_metadata(path)?;
    Ok((metadata.dev(), metadata.ino()))
}
