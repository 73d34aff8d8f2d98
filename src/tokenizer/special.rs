//! Tokens that are found in the text before it is split into words.

use super::{Special, TokenId};

/// The control and user-defined tokens of a vocabulary.
#[derive(Debug, Default)]
pub(super) struct SpecialTokens<'a> {
    /// Sorted by text.
    tokens: Vec<SpecialToken<'a>>,
    /// Whether a token begins with this byte.
    begins: Vec<bool>,
}

/// A token that is found in the text as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SpecialToken<'a> {
    /// Its text, which is also what it decodes to.
    pub text: &'a str,
    /// Its id.
    pub id: TokenId,
    /// Whether it is a control token: one that a template or the model writes, never a user.
    pub is_control: bool,
}

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'t> {
    /// Text without special tokens.
    Text(&'t str),
    /// A special token.
    Token(TokenId),
}

impl<'a> SpecialTokens<'a> {
    /// Of two tokens of the same text the one of lower id is found. An empty text is never found.
    pub fn new(mut tokens: Vec<SpecialToken<'a>>) -> Self {
        tokens.retain(|token| !token.text.is_empty());
        tokens.sort_unstable();
        tokens.dedup_by_key(|token| token.text);
        let mut begins = vec![false; 256];
        for token in &tokens {
            begins[usize::from(token.text.as_bytes()[0])] = true;
        }
        Self { tokens, begins }
    }

    /// All tokens, sorted by text.
    pub fn tokens(&self) -> &[SpecialToken<'a>] {
        &self.tokens
    }

    /// The token of exactly this text.
    pub fn get(&self, text: &str) -> Option<&SpecialToken<'a>> {
        let at = self.tokens.binary_search_by_key(&text, |token| token.text);
        at.ok().map(|at| &self.tokens[at])
    }

    /// Splits `text` at its tokens, as Hugging Face's tokenizers do: the leftmost one is found first, of several there
    /// the longest, and one that `special` does not allow is text all the way to its end.
    pub fn split<'t>(&self, text: &'t str, special: Special) -> impl Iterator<Item = Piece<'t>> {
        let mut rest = text;
        let mut found: Option<TokenId> = None;
        std::iter::from_fn(move || {
            if let Some(id) = found.take() {
                return Some(Piece::Token(id));
            }
            let mut from = 0;
            while let Some((at, token)) = self.find(rest, from) {
                from = at + token.text.len();
                if special == Special::AsText && token.is_control {
                    continue;
                }
                let (before, _) = rest.split_at(at);
                rest = &rest[from..];
                if before.is_empty() {
                    return Some(Piece::Token(token.id));
                }
                found = Some(token.id);
                return Some(Piece::Text(before));
            }
            let last = std::mem::take(&mut rest);
            (!last.is_empty()).then_some(Piece::Text(last))
        })
    }

    /// The first token in `text` at or after `from`.
    fn find(&self, text: &str, from: usize) -> Option<(usize, &SpecialToken<'a>)> {
        let bytes = text.as_bytes();
        let starts = (from..bytes.len()).filter(|&at| self.begins[usize::from(bytes[at])]);
        let mut found = starts.filter_map(|at| Some((at, self.longest_at(&bytes[at..])?)));
        found.next()
    }

    /// The longest token with which `text` begins. The tokens that share its first bytes are neighbours; their range
    /// narrows with each byte.
    fn longest_at(&self, text: &[u8]) -> Option<&SpecialToken<'a>> {
        let mut range = self.tokens.as_slice();
        let mut longest = None;
        for (depth, byte) in text.iter().enumerate() {
            let byte_of = |token: &SpecialToken<'_>| token.text.as_bytes().get(depth).copied();
            let start = range.partition_point(|token| byte_of(token) < Some(*byte));
            let len = range[start..].partition_point(|token| byte_of(token) == Some(*byte));
            range = &range[start..start + len];
            let Some(first) = range.first() else {
                break;
            };
            if first.text.len() == depth + 1 {
                longest = Some(first);
            }
        }
        longest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens() -> SpecialTokens<'static> {
        let texts = ["<a>", "<a><b>", "<|x|>", "", "ä", "<a>"];
        let tokens = texts.iter().zip(0..).map(|(&text, id)| SpecialToken { text, id, is_control: text == "<|x|>" });
        SpecialTokens::new(tokens.collect())
    }

    #[test]
    fn longest_of_the_leftmost() {
        let tokens = tokens();
        let split = |text, special| tokens.split(text, special).collect::<Vec<_>>();
        assert_eq!(split("1<a><a><b><|x|>", Special::Parse), [Piece::Text("1"), Piece::Token(0), Piece::Token(1), Piece::Token(2)]);
        assert_eq!(split("<a<a><b>ä<|x|", Special::Parse), [Piece::Text("<a"), Piece::Token(1), Piece::Token(4), Piece::Text("<|x|")]);
        assert_eq!(split("", Special::Parse), []);
    }

    #[test]
    fn control_tokens_are_text_unless_parsed() {
        let tokens = tokens();
        let pieces: Vec<_> = tokens.split("a<|x|>b<a>", Special::AsText).collect();
        assert_eq!(pieces, [Piece::Text("a<|x|>b"), Piece::Token(0)]);
    }
}
