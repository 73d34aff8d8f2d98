//! Little-endian reads from a byte slice, none of which goes past its end.

use byteorder::{ByteOrder, LittleEndian};

use super::error::{Fault, Refusal};

/// A position in a file.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// Offset of the next byte.
    pub fn at(&self) -> usize {
        self.at
    }

    /// Bytes not yet read.
    pub fn left(&self) -> u64 {
        (self.bytes.len() - self.at) as u64
    }

    /// What was read since the cursor stood at `start`.
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.bytes[start..self.at]
    }

    /// The next `len` bytes.
    #[inline]
    pub fn take(&mut self, len: u64) -> Result<&'a [u8], Refusal> {
        let left = self.left();
        if len > left {
            return Err(Refusal { at: self.at, fault: Fault::Truncated { needed: len, left } });
        }
        // `len` is at most `left`, which came from a `usize`.
        let end = self.at + len as usize;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    pub fn u32(&mut self) -> Result<u32, Refusal> {
        self.take(4).map(LittleEndian::read_u32)
    }

    #[inline]
    pub fn u64(&mut self) -> Result<u64, Refusal> {
        self.take(8).map(LittleEndian::read_u64)
    }

    /// A string: its length in bytes as u64, then its UTF-8 bytes.
    pub fn str(&mut self) -> Result<&'a str, Refusal> {
        let start = self.at;
        let len = self.u64()?;
        let bytes = self.take(len)?;
        std::str::from_utf8(bytes).map_err(|_| Refusal { at: start, fault: Fault::Utf8 })
    }

    /// A key or tensor name: a string of 1 to `most` bytes.
    pub fn name(&mut self, most: u64) -> Result<&'a str, Refusal> {
        let start = self.at;
        let refuse = |fault| Err(Refusal { at: start, fault });
        let name = self.str()?;
        match name.len() as u64 {
            0 => refuse(Fault::EmptyName),
            len if len > most => refuse(Fault::LongName { len, most }),
            _ => Ok(name),
        }
    }

    /// A count of `what`, each of which takes at least `each` bytes of what follows, and of which there may be `limit`.
    pub fn count(&mut self, what: &'static str, each: u64, limit: u64) -> Result<u64, Refusal> {
        let start = self.at;
        let count = self.u64()?;
        let most = (self.left() / each).min(limit);
        if count > most {
            return Err(Refusal { at: start, fault: Fault::Count { what, count, most } });
        }
        Ok(count)
    }
}
