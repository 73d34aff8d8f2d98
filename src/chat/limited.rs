//! Texts that templates make, kept to a size that a prompt can have.

use std::io::{self, Write};

use minijinja::{Error, ErrorKind, Value};

/// The longest text that a template may make, in bytes: several times what the longest context holds.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// A text in memory that takes no more than [`MAX_BYTES`].
#[derive(Debug, Default)]
pub(super) struct Limited(Vec<u8>);

impl Limited {
    /// What was written.
    pub fn into_text(self) -> String {
        String::from_utf8_lossy(&self.0).into_owned()
    }
}

impl Write for Limited {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0.len() + bytes.len() > MAX_BYTES {
            return Err(io::Error::other(format!("the text is longer than {MAX_BYTES} bytes")));
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// `value` as a template prints it.
pub(super) fn display(value: &Value) -> Result<String, Error> {
    let mut out = Limited::default();
    write!(out, "{value}").map_err(|error| Error::new(ErrorKind::InvalidOperation, error.to_string()))?;
    Ok(out.into_text())
}
