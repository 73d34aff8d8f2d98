use std::sync::OnceLock;

/// The text that answers begin with: most of it goes on in the same way, which is found once.
pub(super) struct Lead {
    tag: String,
    /// The token that ends it.
    pub end: u32,
    /// What may come next wherever [`Lead::is_plain`].
    pub legal: OnceLock<Vec<u32>>,
}

impl Lead {
    /// A text without `tag`, up to the token of that name.
    pub fn new(tag: String, end: u32) -> Lead {
        Lead { tag, end, legal: OnceLock::new() }
    }

    /// Whether any character may come next in the text, as `line`, its last, ends between two characters, and not within a tag.
    pub fn is_plain(&self, line: &[u8]) -> bool {
        let within = |cut| line.ends_with(&self.tag.as_bytes()[..cut]);
        str::from_utf8(line).is_ok() && !(1..self.tag.len()).any(within)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_plain_between_characters_and_tags() {
        let lead = Lead::new("<call>".to_owned(), 0);
        for (line, plain) in
            [("", true), ("a", true), ("é", true), ("a <", false), ("<cal", false), ("<<ca", false), ("<cat", true), ("call>", true)]
        {
            assert_eq!(lead.is_plain(line.as_bytes()), plain, "{line}");
        }
        assert!(!lead.is_plain(b"\xc3"));
    }
}
