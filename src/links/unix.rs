//! Unix sockets.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::LinkError;
use super::io::{Duplex, wait_readable};

/// The runtime's user and group may connect, nobody else.
const MODE: u32 = 0o660;

/// A socket that listens. Its file goes when it does.
pub(super) struct Listener {
    socket: UnixListener,
    path: PathBuf,
    /// Device and inode of the file: it may have been replaced by somebody else's since.
    file: (u64, u64),
}

impl Listener {
    /// Makes the socket file at `path` and listens. A socket file that nobody listens on is replaced.
    pub(super) fn bind(path: &Path) -> Result<Self, LinkError> {
        remove_stale(path)?;
        let failed = |source| LinkError::Unix { path: path.to_owned(), source };
        let socket = UnixListener::bind(path).map_err(failed)?;
        let file = identify(path).map_err(failed)?;
        let listener = Listener { socket, path: path.to_owned(), file };
        fs::set_permissions(path, Permissions::from_mode(MODE)).map_err(failed)?;
        listener.socket.set_nonblocking(true).map_err(failed)?;
        Ok(listener)
    }

    /// The next client, if one comes within `timeout`.
    pub(super) fn accept(&self, timeout: Duration) -> io::Result<Option<Duplex>> {
        if !wait_readable(&self.socket, timeout)? {
            return Ok(None);
        }
        match self.socket.accept() {
            Ok((stream, _)) => Duplex::new(stream.into(), None).map(Some),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            Err(error) => Err(error),
        }
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
