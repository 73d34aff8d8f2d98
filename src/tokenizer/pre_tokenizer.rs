//! Splits text into the words within which tokens are merged.
//!
//! Hugging Face's tokenizer.json gives the split as a regular expression. For Qwen2 to Qwen3 it is
//!
//! ```text
//! (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
//! ```
//!
//! and Qwen3.5 puts `[\p{L}\p{M}]` for `\p{L}` (and leaves marks out of the fourth alternative), which amounts to marks
//! being letters. The scanner here follows the alternatives by hand and looks at each character a bounded number of
//! times, where a backtracking matcher needs quadratic time for a long run of blanks.

use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// A way to split text into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PreTokenizer {
    /// Qwen2, Qwen2.5 and Qwen3.
    Qwen2,
    /// Qwen3.5: combining marks belong to words.
    Qwen35,
}

impl PreTokenizer {
    /// The values of `tokenizer.ggml.pre` that are known. Several models are published with Qwen2's split under a name
    /// of their own.
    pub const NAMES: [(&str, Self); 6] = [
        ("qwen2", Self::Qwen2),
        ("qwen35", Self::Qwen35),
        ("deepseek-r1-qwen", Self::Qwen2),
        ("megrez", Self::Qwen2),
        ("kormo", Self::Qwen2),
        ("f2llmv2", Self::Qwen2),
    ];

    /// The pre-tokenizer that a file calls `name`.
    pub fn from_name(name: &str) -> Option<Self> {
        let known = Self::NAMES.iter().find(|(known, _)| *known == name);
        known.map(|(_, pre)| *pre)
    }

    /// The words of `text` in order; together they are all of it.
    pub fn words(self, text: &str) -> impl Iterator<Item = &str> {
        let mut rest = text;
        std::iter::from_fn(move || {
            let (word, after) = rest.split_at(self.word_len(rest));
            rest = after;
            (!word.is_empty()).then_some(word)
        })
    }

    /// Length in bytes of the first word of `text`; 0 only for the empty text.
    fn word_len(self, text: &str) -> usize {
        let mut chars = text.chars();
        let Some(first) = chars.next() else {
            return 0;
        };
        let after_first = chars.as_str();
        if let Some(len) = contraction_len(text) {
            return len;
        }
        let class = self.class(first);
        let next = after_first.chars().next().map(|c| self.class(c));
        match (class, next) {
            (Class::Letter, _) => self.run(text, Class::Letter),
            (Class::Blank | Class::Other, Some(Class::Letter)) => first.len_utf8() + self.run(after_first, Class::Letter),
            (Class::Number, _) => first.len_utf8(),
            (Class::Other, _) => self.symbols_len(text),
            (Class::Blank, Some(Class::Other)) if first == ' ' => first.len_utf8() + self.symbols_len(after_first),
            (Class::Blank | Class::Newline, _) => self.whitespace_len(text),
        }
    }

    /// `[^\s\p{L}\p{N}]+[\r\n]*`
    fn symbols_len(self, text: &str) -> usize {
        let symbols = self.run(text, Class::Other);
        symbols + self.run(&text[symbols..], Class::Newline)
    }

    /// `\s*[\r\n]+|\s+(?!\S)|\s+`: up to the last line break of the run of whitespace; without one the whole run at the
    /// end of the text; before a word all but the last character, which the word may take, unless it is the only one.
    fn whitespace_len(self, text: &str) -> usize {
        let (mut end, mut last, mut after_newline) = (0, 0, 0);
        for c in text.chars() {
            let class = self.class(c);
            if !matches!(class, Class::Blank | Class::Newline) {
                break;
            }
            last = end;
            end += c.len_utf8();
            if class == Class::Newline {
                after_newline = end;
            }
        }
        if after_newline > 0 {
            after_newline
        } else if end == text.len() || last == 0 {
            end
        } else {
            last
        }
    }

    /// Length in bytes of the run of characters of `class` with which `text` begins.
    fn run(self, text: &str, class: Class) -> usize {
        text.find(|c| self.class(c) != class).unwrap_or(text.len())
    }

    fn class(self, c: char) -> Class {
        if c.is_ascii() {
            return ASCII[c as usize];
        }
        // Oniguruma's \s is the White_Space property, as is Rust's.
        if c.is_whitespace() {
            return Class::Blank;
        }
        match c.general_category_group() {
            GeneralCategoryGroup::Letter => Class::Letter,
            GeneralCategoryGroup::Number => Class::Number,
            GeneralCategoryGroup::Mark if self == Self::Qwen35 => Class::Letter,
            _ => Class::Other,
        }
    }
}

/// What the expression distinguishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// `\p{L}`, and `\p{M}` where marks belong to words.
    Letter,
    /// `\p{N}`
    Number,
    /// `[\r\n]`
    Newline,
    /// The rest of `\s`.
    Blank,
    /// None of these.
    Other,
}

/// The class of each ASCII character, in every pre-tokenizer.
const ASCII: [Class; 128] = {
    let mut classes = [Class::Other; 128];
    let mut c = 0;
    while c < 128 {
        classes[c as usize] = match c {
            b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
            b'0'..=b'9' => Class::Number,
            b'\r' | b'\n' => Class::Newline,
            b'\t' | 0x0b | 0x0c | b' ' => Class::Blank,
            _ => Class::Other,
        };
        c += 1;
    }
    classes
};

/// Length of `(?i:'s|'t|'re|'ve|'m|'ll|'d)` at the beginning of `text`. Apart from the ASCII letters only U+017F folds
/// to one of these: it is a small s.
fn contraction_len(text: &str) -> Option<usize> {
    let mut chars = text.strip_prefix('\'')?.chars();
    let first = chars.next()?;
    let second = match first.to_ascii_lowercase() {
        's' | 't' | 'm' | 'd' | 'ſ' => None,
        'r' | 'v' => Some('e'),
        'l' => Some('l'),
        _ => return None,
    };
    if let Some(expected) = second {
        let next = chars.next()?;
        if next.to_ascii_lowercase() != expected {
            return None;
        }
    }
    Some(text.len() - chars.as_str().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pre: PreTokenizer, text: &str) -> Vec<&str> {
        pre.words(text).collect()
    }

    #[test]
    fn alternatives() {
        let cases: [(&str, &[&str]); 12] = [
            ("Hello world", &["Hello", " world"]),
            ("I'M he'LLo 'ſx", &["I", "'M", " he", "'LL", "o", " '", "ſx"]),
            ("a'ſta'stb", &["a", "'ſ", "ta", "'s", "tb"]),
            ("a1234 5", &["a", "1", "2", "3", "4", " ", "5"]),
            ("(x) ->\r\n\ny", &["(x", ")", " ->\r\n\n", "y"]),
            ("\tif\u{a0}x", &["\tif", "\u{a0}x"]),
            ("a   b", &["a", "  ", " b"]),
            ("a   1", &["a", "  ", " ", "1"]),
            ("a \n \t b", &["a", " \n", " \t", " b"]),
            ("a  ", &["a", "  "]),
            ("\n\nx", &["\n\n", "x"]),
            ("", &[]),
        ];
        for (text, words) in cases {
            assert_eq!(split(PreTokenizer::Qwen2, text), words, "{text:?}");
        }
    }

    #[test]
    fn marks() {
        let text = "e\u{301}a \u{301}x!\u{301}";
        assert_eq!(split(PreTokenizer::Qwen2, text), ["e", "\u{301}a", " \u{301}", "x", "!\u{301}"]);
        assert_eq!(split(PreTokenizer::Qwen35, text), ["e\u{301}a", " \u{301}x", "!\u{301}"]);
    }
}
