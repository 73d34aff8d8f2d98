//! Names in generated code: made from texts of any kind, and no two alike.

use std::collections::HashSet;

/// The names of one namespace.
pub(super) struct Names {
    claimed: HashSet<String>,
    /// Stands before the number of a name that was taken.
    separator: &'static str,
}

impl Names {
    /// A namespace in which the words of `taken` have a meaning already.
    pub fn with(taken: &str, separator: &'static str) -> Names {
        Names { claimed: taken.split_whitespace().map(str::to_owned).collect(), separator }
    }

    /// `wanted`, or where that is taken the same with `number` behind it.
    pub fn claim(&mut self, wanted: &str, number: usize) -> String {
        let mut name = wanted.to_owned();
        while !self.claimed.insert(name.clone()) {
            name = format!("{name}{}{number}", self.separator);
        }
        name
    }
}

/// `very slow` as `VERY_SLOW`; letters beyond ASCII by their numbers, as `U00FC`; `VALUE` where there is no letter or digit.
pub(super) fn upper(text: &str) -> String {
    let words = words(text);
    if words.is_empty() { "VALUE".to_owned() } else { words.join("_").to_ascii_uppercase() }
}

/// `very slow` as `VerySlow`; a digit in front behind a `V`.
pub(super) fn camel(text: &str) -> String {
    let capital = |word: &String| word[..1].to_ascii_uppercase() + &word[1..].to_ascii_lowercase();
    let name: String = words(text).iter().map(capital).collect();
    match name.as_bytes().first() {
        None => "Value".to_owned(),
        Some(b'0'..=b'9') => format!("V{name}"),
        Some(_) => name,
    }
}

/// The runs of letters and digits of `text`, in ASCII.
fn words(text: &str) -> Vec<String> {
    let mut ascii = String::new();
    for c in text.chars() {
        match c {
            'a'..='z' | 'A'..='Z' | '0'..='9' => ascii.push(c),
            '\0'..='\x7f' => ascii.push(' '),
            other => ascii += &format!("u{:04x}", u32::from(other)),
        }
    }
    ascii.split_whitespace().map(str::to_owned).collect()
}

/// `text` fit for a comment of any language: on one line, without what ends or begins a comment or turns text around.
pub(super) fn comment(text: &str) -> String {
    let turns =
        |c: char| matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}');
    let plain: String = text.chars().map(|c| if c.is_control() || turns(c) { ' ' } else { c }).collect();
    let line = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    line.replace("*/", "* /").replace("/*", "/ *")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_becomes_a_name() {
        for (text, screaming, camel_case) in [
            ("very slow", "VERY_SLOW", "VerySlow"),
            ("2nd", "2ND", "V2nd"),
            ("über", "U00FCBER", "U00fcber"),
            ("\"*/\"", "VALUE", "Value"),
            ("🤖", "U1F916", "U1f916"),
        ] {
            assert_eq!((upper(text).as_str(), camel(text).as_str()), (screaming, camel_case));
        }
        let mut names = Names::with("SELF", "_");
        assert_eq!(["A", "A", "A_1", "SELF"].map(|name| names.claim(name, 1)), ["A", "A_1", "A_1_1", "SELF_1"]);
    }

    #[test]
    fn comments_stay_comments() {
        assert_eq!(comment("a */ b\n/*/ c\\"), "a * / b / * / c\\");
        assert_eq!(comment("\u{202e}x\u{7}\u{2028}y"), "x y");
    }
}
