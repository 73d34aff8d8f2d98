//! GPT-2's printable form of bytes, in which byte-level vocabularies are stored.
//!
//! Bytes that are printable in Latin-1 stand for themselves; the others are the characters from U+0100 on, in order.

/// The first character of those that stand for bytes without a printable form.
const SHIFTED: u32 = 0x100;

/// One past the last character of the encoding.
const END: usize = 0x144;

const fn is_printable(byte: u8) -> bool {
    matches!(byte, 0x21..=0x7e | 0xa1..=0xac | 0xae..=0xff)
}

/// The character of each byte.
const CHARS: [char; 256] = {
    let mut chars = ['\0'; 256];
    let mut shifted = SHIFTED;
    let mut byte = 0;
    while byte < 256 {
        chars[byte] = if is_printable(byte as u8) {
            byte as u8 as char
        } else {
            shifted += 1;
            char::from_u32(shifted - 1).expect("a character below the surrogates")
        };
        byte += 1;
    }
    chars
};

/// The byte of each character below `END`, where it has one.
const BYTES: [Option<u8>; END] = {
    let mut bytes = [None; END];
    let mut byte = 0;
    while byte < 256 {
        bytes[CHARS[byte] as usize] = Some(byte as u8);
        byte += 1;
    }
    bytes
};

/// The character that stands for `byte`.
pub(crate) fn char_of(byte: u8) -> char {
    CHARS[usize::from(byte)]
}

/// Appends the bytes for which `text` stands, or `text` itself if any of its characters stands for none, as Hugging
/// Face's byte-level decoder does.
pub(super) fn decode(text: &str, out: &mut Vec<u8>) {
    let start = out.len();
    for c in text.chars() {
        match BYTES.get(c as usize).copied().flatten() {
            Some(byte) => out.push(byte),
            None => {
                out.truncate(start);
                out.extend_from_slice(text.as_bytes());
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_characters() {
        let known = [(b' ', 'Ġ'), (b'\n', 'Ċ'), (b'!', '!'), (0xad, 'Ń'), (0xe4, 'ä')];
        for (byte, c) in known {
            assert_eq!(char_of(byte), c);
        }
    }

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        let text: String = all.iter().map(|&byte| char_of(byte)).collect();
        let mut bytes = Vec::new();
        decode(&text, &mut bytes);
        assert_eq!(bytes, all);
    }

    #[test]
    fn text_outside_the_encoding_stands_for_itself() {
        let mut bytes = b"a".to_vec();
        decode("Ġ 世", &mut bytes);
        assert_eq!(bytes, "aĠ 世".as_bytes());
    }
}
