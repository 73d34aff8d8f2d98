/// Why bytes are no command of this set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecodeError {
    /// No command has this number.
    Unknown,
    /// The bytes end too early.
    Truncated,
    /// There are more bytes than the command has.
    Trailing,
    /// A value is out of its range.
    Range,
    /// A text is too long, not UTF-8, or has a control character.
    BadText,
}

/// Why a command has no bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EncodeError {
    /// A value is out of its range.
    Range,
    /// A text is too long or has a control character.
    BadText,
    /// There is no room for the bytes.
    NoRoom,
}

struct In<'a>(&'a [u8]);

#[allow(dead_code)]
impl<'a> In<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], DecodeError> {
        if self.0.len() < len {
            return Err(DecodeError::Truncated);
        }
        let (taken, rest) = self.0.split_at(len);
        self.0 = rest;
        Ok(taken)
    }

    /// A number of `width` bytes that must be below `limit`.
    fn unsigned(&mut self, width: usize, limit: u32) -> Result<u32, DecodeError> {
        let value = self.take(width)?.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        if value < limit { Ok(value) } else { Err(DecodeError::Range) }
    }

    /// A number of `width` bytes in two's complement: a multiple of `step` from `min` to `max`.
    fn signed(&mut self, width: usize, min: i32, max: i32, step: i32) -> Result<i32, DecodeError> {
        let unused = 32 - 8 * width as u32;
        let bits = self.take(width)?.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        let value = (bits << unused) as i32 >> unused;
        if value >= min && value <= max && value % step == 0 { Ok(value) } else { Err(DecodeError::Range) }
    }

    /// A text of at most `most` characters.
    fn text(&mut self, width: usize, most: usize) -> Result<&'a str, DecodeError> {
        let len = self.unsigned(width, u32::MAX)? as usize;
        let text = core::str::from_utf8(self.take(len)?).map_err(|_| DecodeError::BadText)?;
        if is_text(text, most) { Ok(text) } else { Err(DecodeError::BadText) }
    }
}

fn is_text(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(|c| c.is_ascii_control())
}

struct Out<'o> {
    bytes: &'o mut [u8],
    len: usize,
}

#[allow(dead_code)]
impl Out<'_> {
    fn put(&mut self, bytes: &[u8]) -> Result<(), EncodeError> {
        let room = self.bytes.get_mut(self.len..self.len + bytes.len()).ok_or(EncodeError::NoRoom)?;
        room.copy_from_slice(bytes);
        self.len += bytes.len();
        Ok(())
    }

    fn unsigned(&mut self, width: usize, value: u32) -> Result<(), EncodeError> {
        self.put(&value.to_le_bytes()[..width])
    }

    fn signed(&mut self, width: usize, value: i32, min: i32, max: i32, step: i32) -> Result<(), EncodeError> {
        if value < min || value > max || value % step != 0 {
            return Err(EncodeError::Range);
        }
        self.put(&value.to_le_bytes()[..width])
    }

    /// `steps`, rounded, halves away from zero.
    fn steps(&mut self, width: usize, steps: f64, min: i32, max: i32) -> Result<(), EncodeError> {
        if steps > f64::from(min) - 0.5 && steps < f64::from(max) + 0.5 {
            let rounded = if steps < 0.0 { steps - 0.5 } else { steps + 0.5 };
            self.signed(width, rounded as i32, min, max, 1)
        } else {
            Err(EncodeError::Range)
        }
    }

    fn text(&mut self, width: usize, text: &str, most: usize) -> Result<(), EncodeError> {
        if !is_text(text, most) {
            return Err(EncodeError::BadText);
        }
        self.unsigned(width, text.len() as u32)?;
        self.put(text.as_bytes())
    }
}
