//! Keeps the names of special tokens in a user's text from becoming tokens.
//!
//! A template makes one text of its own tokens and of what users wrote. To tell them apart, a mark is put into every
//! name of a special token in the latter before the template is rendered. What is found as a token afterwards can only
//! be the template's own; then the marks are removed, and what is left between the tokens is encoded as text. So a name
//! in a user's text has just the tokens of its characters.
//!
//! The mark is U+FDD0, which Unicode reserves for such internal use, and a second character. Should a user's text
//! contain U+FDD0, that is marked too.
//!
//! A name is also broken where it could only come about together with what stands before or after the text: where the
//! text ends with the beginning of a name, or begins with the end of one. What is not guarded against is a template that
//! puts a bare word of a user's between the delimiters of a name.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::tokenizer::SpecialToken;

/// Begins a mark.
const MARK: char = '\u{fdd0}';

/// After `MARK`: the user's own U+FDD0.
const ITSELF: char = '\u{fdd1}';

/// After `MARK`: nothing; it breaks a name.
const BREAK: char = '\u{fdd2}';

/// Which names are broken in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Author {
    /// The model, which writes user-defined tokens such as `</think>`: only control tokens are broken.
    Model,
    /// Anyone else: all special tokens are broken.
    Other,
}

/// Puts marks into texts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Guard<'t, 'a> {
    pub tokens: &'t [SpecialToken<'a>],
}

impl Guard<'_, '_> {
    /// `text` with marks.
    pub fn text<'s>(&self, text: &'s str, author: Author) -> Cow<'s, str> {
        let mut breaks = self.breaks(text, author);
        if breaks.is_empty() && !text.contains(MARK) {
            return Cow::Borrowed(text);
        }
        breaks.sort_unstable();
        let mut breaks = breaks.into_iter().peekable();
        let mut marked = String::with_capacity(text.len() + 8 * breaks.len());
        for (at, c) in text.char_indices() {
            if breaks.peek() == Some(&at) {
                marked.extend([MARK, BREAK]);
                while breaks.next_if_eq(&at).is_some() {}
            }
            marked.push(c);
            if c == MARK {
                marked.push(ITSELF);
            }
        }
        if breaks.next().is_some() {
            marked.extend([MARK, BREAK]);
        }
        Cow::Owned(marked)
    }

    /// `value` with marks in its texts, names of fields included.
    pub fn json(&self, value: &Value) -> Value {
        let text = |text: &str| self.text(text, Author::Other).into_owned();
        match value {
            Value::String(string) => text(string).into(),
            Value::Array(items) => items.iter().map(|item| self.json(item)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter().map(|(key, value)| (text(key), self.json(value)));
                fields.collect::<Map<_, _>>().into()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }

    /// Where marks go to break all names, whole or cut off at either end.
    fn breaks(&self, text: &str, author: Author) -> Vec<usize> {
        let mut breaks = Vec::new();
        let guarded = |token: &&SpecialToken<'_>| token.is_control || author == Author::Other;
        for SpecialToken { text: name, .. } in self.tokens.iter().filter(guarded) {
            let first_len = name.chars().next().map_or(0, char::len_utf8);
            let last_len = name.chars().next_back().map_or(0, char::len_utf8);
            // An occurrence may begin within another one, which is broken elsewhere.
            let mut from = 0;
            while let Some(found) = text[from..].find(name) {
                from += found + first_len;
                breaks.push(from);
            }
            for (cut, _) in name.char_indices().skip(1) {
                let (head, tail) = name.split_at(cut);
                if text.ends_with(head) {
                    breaks.push(text.len() - head.len() + first_len);
                }
                if text.starts_with(tail) {
                    breaks.push(tail.len() - last_len);
                }
            }
        }
        breaks
    }
}

/// Whether marks are made of `c`.
pub(super) fn is_mark(c: char) -> bool {
    matches!(c, MARK | ITSELF | BREAK)
}

/// `text` without marks, as users and the template wrote it.
pub(super) fn remove_marks(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if c == MARK && chars.next_if_eq(&BREAK).is_some() {
            continue;
        }
        plain.push(c);
        if c == MARK {
            chars.next_if_eq(&ITSELF);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKENS: [SpecialToken<'static>; 3] = [
        SpecialToken { text: "<b>", id: 0, is_control: false },
        SpecialToken { text: "<|x|>", id: 1, is_control: true },
        SpecialToken { text: "｜é｜", id: 2, is_control: true },
    ];
    const GUARD: Guard<'static, 'static> = Guard { tokens: &TOKENS };

    fn shown(text: &str, author: Author) -> String {
        let marked = GUARD.text(text, author);
        assert_eq!(remove_marks(&marked), text);
        marked.replace("\u{fdd0}\u{fdd2}", "^")
    }

    #[test]
    fn names_are_broken() {
        let cases = [
            ("plain", "plain"),
            ("a<|x|>b<b>c", "a<^|x|>b<^b>c"),
            ("<|x|><|x|>", "<^|x|><^|x|>"),
            ("-｜é｜é｜-", "-｜^é｜^é｜-"),
            ("a<|x", "a<^|x"),
            ("a<", "a<^"),
            ("|x|>a", "|x|^>a"),
            (">", "^>"),
        ];
        for (text, expected) in cases {
            assert_eq!(shown(text, Author::Other), expected);
        }
        assert_eq!(shown("a<|x|>b<b>c", Author::Model), "a<^|x|>b<b>c");
    }

    #[test]
    fn marks_in_a_text_stay_as_they_are() {
        for text in ["\u{fdd0}", "\u{fdd0}\u{fdd2}<b>", "<\u{fdd0}\u{fdd2}b>", "\u{fdd1}\u{fdd0}\u{fdd1}"] {
            let marked = GUARD.text(text, Author::Other);
            assert!(!marked.contains("<b>"));
            assert_eq!(remove_marks(&marked), text);
        }
    }

    #[test]
    fn json_is_marked_in_keys_and_values() {
        let value = serde_json::json!({"<b>": ["<|x|>", 1, null]});
        let marked = serde_json::to_string(&GUARD.json(&value)).unwrap();
        assert!(!marked.contains("<b>") && !marked.contains("<|x|>"));
        assert_eq!(remove_marks(&marked), value.to_string());
    }
}
