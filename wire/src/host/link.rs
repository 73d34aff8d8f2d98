//! What a client needs of a link.

use std::boxed::Box;
use std::io;
use std::time::Duration;

/// A link that is open: reads and writes wait for a limited time.
pub trait Link {
    /// Reads what there is, waiting up to `timeout` for the first byte: `None` if nothing came, `Some(0)` at the link's end.
    ///
    /// # Errors
    /// The link failed.
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<Option<usize>>;

    /// Writes what the link takes, waiting up to `timeout` for room: `None` if there was none.
    ///
    /// # Errors
    /// The link failed.
    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<Option<usize>>;
}

impl<L: Link + ?Sized> Link for Box<L> {
    fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<Option<usize>> {
        (**self).read(buffer, timeout)
    }

    fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<Option<usize>> {
        (**self).write(bytes, timeout)
    }
}

#[cfg(unix)]
mod unix {
    use std::io::{self, ErrorKind, Read, Write};
    use std::os::unix::net::UnixStream;
    use std::time::Duration;

    use super::Link;

    /// A socket takes no shorter time than this; none at all would be no limit.
    const SHORTEST: Duration = Duration::from_micros(1);

    impl Link for UnixStream {
        fn read(&mut self, buffer: &mut [u8], timeout: Duration) -> io::Result<Option<usize>> {
            self.set_read_timeout(Some(timeout.max(SHORTEST)))?;
            maybe(Read::read(self, buffer))
        }

        fn write(&mut self, bytes: &[u8], timeout: Duration) -> io::Result<Option<usize>> {
            self.set_write_timeout(Some(timeout.max(SHORTEST)))?;
            maybe(Write::write(self, bytes))
        }
    }

    /// Tells "not now" from a failure.
    fn maybe(result: io::Result<usize>) -> io::Result<Option<usize>> {
        match result {
            Ok(count) => Ok(Some(count)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
