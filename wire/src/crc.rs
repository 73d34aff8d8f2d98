//! CRC-32C (Castagnoli), the checksum at the end of every frame and of a request's text.

use ::crc::{CRC_32_ISCSI, Crc, Digest, Table};

/// How many 256-entry tables the checksum may use.
const TABLES: usize = if cfg!(feature = "crc-table") { 1 } else { 0 };

static CASTAGNOLI: Crc<u32, Table<TABLES>> = Crc::<u32, Table<TABLES>>::new(&CRC_32_ISCSI);

/// A CRC-32C in the making.
pub struct Crc32c(Digest<'static, u32, Table<TABLES>>);

impl Default for Crc32c {
    fn default() -> Self {
        Crc32c::new()
    }
}

impl Crc32c {
    /// The checksum of no bytes.
    pub fn new() -> Self {
        Crc32c(CASTAGNOLI.digest())
    }

    /// Adds `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The value so far.
    pub fn value(&self) -> u32 {
        self.0.clone().finalize()
    }

    /// The value so far, in the byte order in which it is sent.
    pub(crate) fn to_bytes(&self) -> [u8; crate::CRC] {
        self.value().to_le_bytes()
    }

    /// The checksum of `bytes`, in the byte order in which it is sent.
    pub(crate) fn of(bytes: &[u8]) -> [u8; crate::CRC] {
        let mut crc = Crc32c::new();
        crc.update(bytes);
        crc.to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::Crc32c;

    #[test]
    fn check_value_of_the_crc_catalogue() {
        assert_eq!(Crc32c::of(b"123456789"), 0xE306_9283_u32.to_le_bytes());
    }

    #[test]
    fn pieces_give_the_same_value_as_the_whole() {
        let mut crc = Crc32c::new();
        crc.update(b"1234");
        crc.update(b"");
        crc.update(b"56789");
        assert_eq!(crc.to_bytes(), Crc32c::of(b"123456789"));
    }
}
