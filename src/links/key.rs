//! Keys of links: who has one may use the link.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use qwark_wire::{KEY, Key};
use thiserror::Error;

/// Why a file holds no key.
#[derive(Debug, Error)]
pub enum KeyError {
    /// It cannot be read.
    #[error("cannot read the key {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// Others could read it too.
    #[error("the key {path} can be read by others than its owner: chmod 600 {path}", path = .0.display())]
    Open(PathBuf),
    /// It holds something else.
    #[error("{} holds no key: {} hexadecimal digits, as `openssl rand -hex {KEY}` prints them", .0.display(), 2 * KEY)]
    Form(PathBuf),
}

/// Reads a key from a file that holds it as hexadecimal digits, and that nobody but its owner may read.
///
/// # Errors
/// Says what is wrong with the file.
pub fn read_key(path: &Path) -> Result<Key, KeyError> {
    let read = |source| KeyError::Read { path: path.to_owned(), source };
    let mode = fs::metadata(path).map_err(read)?.permissions().mode();
    if mode & 0o077 != 0 {
        return Err(KeyError::Open(path.to_owned()));
    }
    let text = fs::read_to_string(path).map_err(read)?;
    parse(text.trim()).ok_or_else(|| KeyError::Form(path.to_owned()))
}

fn parse(text: &str) -> Option<Key> {
    let digits = text.as_bytes();
    if digits.len() != 2 * KEY {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let mut key = [0; KEY];
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(Key(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str, mode: u32) -> tempfile::NamedTempFile {
        let file = tempfile::NamedTempFile::new().expect("made");
        fs::write(file.path(), text).expect("written");
        fs::set_permissions(file.path(), fs::Permissions::from_mode(mode)).expect("set");
        file
    }

    #[test]
    fn a_key_is_read_from_digits_in_a_file_of_its_owners() {
        let digits: String = (0..32).map(|n| format!("{n:02x}")).collect();
        let key = read_key(file(&format!("{digits}\n"), 0o600).path()).expect("a key");
        assert_eq!(key, Key(std::array::from_fn(|n| n as u8)));
        assert!(matches!(read_key(file(&digits, 0o640).path()), Err(KeyError::Open(_))));
        for text in ["", &digits[1..], &digits.replace('1', "g"), &digits.repeat(2)] {
            assert!(matches!(read_key(file(text, 0o600).path()), Err(KeyError::Form(_))), "{text}");
        }
        assert!(matches!(read_key(Path::new("/nonexistent")), Err(KeyError::Read { .. })));
    }
}
