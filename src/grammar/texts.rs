//! Texts inside lines: what may come next in one depends on nothing but the characters that it may still have, so most of the vocabulary
//! need not be looked at.

/// Where lines have a text: a JSON string of any characters but control characters, without other escapes than of a quotation mark and a
/// backslash. What the line has before it says nothing about what may follow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TextPlace {
    /// How such a line begins.
    pub line_begins: String,
    /// What stands before the text, its quotation mark included, and nowhere else in the line but inside texts, where quotation marks
    /// are escaped.
    pub before: String,
    /// The most characters it may have, an escape counted as one.
    pub max_len: usize,
}

/// The texts of a grammar.
pub(super) struct Texts(Vec<TextPlace>);

impl Texts {
    pub fn new(places: Vec<TextPlace>) -> Texts {
        Texts(places)
    }

    /// The text that is open at the end of `line`, between two characters.
    pub fn open(&self, line: &[u8]) -> Option<Open> {
        let (start, chars) = open_string(line)?;
        let before = &line[..start];
        let is_here = |place: &TextPlace| before.starts_with(place.line_begins.as_bytes()) && before.ends_with(place.before.as_bytes());
        let place = self.0.iter().position(is_here)?;
        let room = self.0[place].max_len.checked_sub(chars)?;
        Some(Open { place, room })
    }
}

/// A text that is not at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    /// Which of the grammar's texts it is.
    pub place: usize,
    /// How many characters more it may have.
    pub room: usize,
}

/// How many characters of a text `token` takes that comes between two of them, up to the quotation mark that ends it; an escape or a part of
/// a character is one.
pub(super) fn chars_taken(token: &[u8]) -> usize {
    let (mut chars, mut escaped) = (0, false);
    for &byte in token {
        match byte {
            _ if escaped => escaped = false,
            b'"' => break,
            _ => {
                escaped = byte == b'\\';
                chars += usize::from(begins_char(byte));
            }
        }
    }
    chars
}

fn begins_char(byte: u8) -> bool {
    // Bytes that go on a character have these two bits.
    byte & 0xc0 != 0x80
}

/// The string that is open at the end of `line`: where it begins, behind its quotation mark, and how many characters it has, an escape
/// counted as one. None is there behind a backslash, nor inside a character.
fn open_string(line: &[u8]) -> Option<(usize, usize)> {
    let (mut open, mut escaped) = (None, false);
    for (i, &byte) in line.iter().enumerate() {
        match &mut open {
            None if byte == b'"' => open = Some((i + 1, 0)),
            None => {}
            Some(_) if escaped => escaped = false,
            Some(_) if byte == b'"' => open = None,
            Some((_, chars)) => {
                escaped = byte == b'\\';
                *chars += usize::from(begins_char(byte));
            }
        }
    }
    open.filter(|&(start, _)| !escaped && str::from_utf8(&line[start..]).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_strings_are_found() {
        for (line, open) in [
            ("", None),
            (r#"{""#, Some((2, 0))),
            (r#"{"say":{"text":""#, Some((16, 0))),
            (r#"{"say":{"text":"a b"#, Some((16, 3))),
            (r#"{"say":{"text":"a b","#, None),
            (r#"{"say":{"text":"a\"#, None),
            (r#"{"say":{"text":"a\"b"#, Some((16, 3))),
            (r#"{"say":{"text":"a\\"#, Some((16, 2))),
            (r#"{"say":{"text":"a\\""#, None),
            ("{\"say\":{\"text\":\"\u{e9}\u{20ac}", Some((16, 2))),
        ] {
            assert_eq!(open_string(line.as_bytes()), open, "{line}");
        }
        assert_eq!(open_string(b"\"\xe2\x82"), None);
    }

    #[test]
    fn tokens_take_characters_up_to_the_end_of_the_text() {
        let counts = [("", 0), ("\"", 0), ("ab", 2), ("ab\"}}\n{\"", 2), (r#"\"a"#, 2), (r#"\\""#, 1), ("\\", 1), ("\u{e9}\"x", 1)];
        for (token, count) in counts {
            assert_eq!(chars_taken(token.as_bytes()), count, "{token}");
        }
        assert_eq!(chars_taken(b"a\xe2\x82"), 2);
    }
}
