//! Bytes of tokens to text, as they come.

/// Turns a stream of bytes, cut anywhere, into text without ever showing part of a character.
///
/// Bytes that are not UTF-8 become U+FFFD, one for each maximal part of a character, as in
/// [`String::from_utf8_lossy`]: the text is the same however the bytes are cut.
#[derive(Debug, Clone, Default)]
pub struct Utf8Stream {
    /// Between calls, the beginning of a character whose end has not come: at most 3 bytes.
    pending: Vec<u8>,
    text: String,
}

impl Utf8Stream {
    /// A stream at its beginning.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes `bytes` and returns the characters that they complete.
    pub fn push(&mut self, bytes: &[u8]) -> &str {
        self.text.clear();
        self.pending.extend_from_slice(bytes);
        let len = self.pending.len();
        let mut done = 0;
        for chunk in self.pending.utf8_chunks() {
            self.text.push_str(chunk.valid());
            done += chunk.valid().len();
            let broken = chunk.invalid();
            if done + broken.len() == len && is_incomplete(broken) {
                break;
            }
            if !broken.is_empty() {
                self.text.push(char::REPLACEMENT_CHARACTER);
                done += broken.len();
            }
        }
        self.pending.drain(..done);
        &self.text
    }

    /// Ends the stream: what is left of a character that never came to its end. The stream is at its beginning again.
    pub fn finish(&mut self) -> String {
        let rest = String::from_utf8_lossy(&self.pending).into_owned();
        self.pending.clear();
        rest
    }
}

/// Whether more bytes could make a character of `bytes`.
fn is_incomplete(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_character_shows_when_it_is_whole() {
        let mut stream = Utf8Stream::new();
        let shown: Vec<String> = "aß🦀".bytes().map(|byte| stream.push(&[byte]).to_owned()).collect();
        assert_eq!(shown, ["a", "", "ß", "", "", "", "🦀"]);
        assert_eq!(stream.finish(), "");
    }

    #[test]
    fn broken_bytes_show_as_soon_as_they_are_known_to_be() {
        let mut stream = Utf8Stream::new();
        assert_eq!(stream.push(b"\xff"), "\u{fffd}");
        assert_eq!(stream.push(b"\xf0\x9f"), "");
        assert_eq!(stream.push(b"x"), "\u{fffd}x");
        assert_eq!(stream.push(b"\xe4\xb8"), "");
        assert_eq!(stream.finish(), "\u{fffd}");
        assert_eq!(stream.push(b"y"), "y");
    }
}
