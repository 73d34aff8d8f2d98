use std::ops::Range;

use llguidance::toktrie::Recognizer;

/// Tokens in the order of their bytes, for finding those that a parser takes: each byte that several of them begin with is looked at
/// once, and what begins with an illegal one is passed over.
///
/// For 150,000 tokens it takes 2 MB.
pub(super) struct Words {
    ids: Vec<u32>,
    bytes: Vec<u8>,
    /// Where each ends in `bytes`, with a 0 before the first.
    ends: Vec<u32>,
    /// How many bytes each has in common with the one before it, up to 255.
    shared: Vec<u8>,
    /// For each byte, how many begin with a smaller one; in the end, how many there are.
    firsts: [u32; 257],
}

impl Words {
    /// Those of `words` that are not empty, in the order of their bytes; `ids` are such an order of all of them.
    pub fn new<'a>(ids: &[u32], word: impl Fn(u32) -> &'a [u8]) -> Words {
        let ids: Vec<u32> = ids.iter().copied().filter(|&id| !word(id).is_empty()).collect();
        let mut words =
            Words { bytes: Vec::new(), ends: vec![0], shared: Vec::with_capacity(ids.len()), ids: Vec::new(), firsts: [0; 257] };
        words.bytes.reserve_exact(ids.iter().map(|&id| word(id).len()).sum());
        words.ends.reserve_exact(ids.len());
        let mut before: &[u8] = &[];
        for &id in &ids {
            let bytes = word(id);
            let shared = bytes.iter().zip(before).take_while(|(a, b)| a == b).count();
            words.shared.push(u8::try_from(shared).unwrap_or(u8::MAX));
            words.bytes.extend_from_slice(bytes);
            words.ends.push(words.bytes.len() as u32);
            words.firsts[usize::from(bytes[0]) + 1] += 1;
            before = bytes;
        }
        for byte in 0..256 {
            words.firsts[byte + 1] += words.firsts[byte];
        }
        words.ids = ids;
        words
    }

    /// Calls `found` with the ids of those, longer than `start`, that begin with `start` and go on as `parser` allows; until it says no.
    pub fn walk(&self, parser: &mut impl Recognizer, start: &[u8], mut found: impl FnMut(u32) -> bool) {
        let range = self.beginning_with(start);
        parser.trie_started("walk");
        // So many bytes of the word before are legal.
        let mut depth = start.len();
        let mut i = range.start;
        while i < range.end {
            let shared = if i == range.start { start.len() } else { usize::from(self.shared[i]).max(start.len()) };
            if shared > depth {
                // It has the illegal byte in common with the word before, as all up to the next one that has less in common.
                i = match depth {
                    0 => self.beginning_like(self.word(i)[0]).end,
                    _ => i + not_above(&self.shared[i..range.end], depth),
                };
                continue;
            }
            parser.pop_bytes(depth - shared);
            depth = shared;
            let word = self.word(i);
            while depth < word.len() && parser.try_push_byte(word[depth]) {
                depth += 1;
            }
            if depth == word.len() && depth > start.len() && !found(self.ids[i]) {
                break;
            }
            i += 1;
        }
        parser.pop_bytes(depth - start.len());
        parser.trie_finished();
    }

    /// Calls `found` with the ids of those that `text` begins with.
    pub fn beginnings_of(&self, text: &[u8], mut found: impl FnMut(u32)) {
        for len in 1..=text.len() {
            let range = self.beginning_with(&text[..len]);
            range.take_while(|&i| self.word(i).len() == len).for_each(|i| found(self.ids[i]));
        }
    }

    fn beginning_with(&self, start: &[u8]) -> Range<usize> {
        let Some(&byte) = start.first() else { return 0..self.ids.len() };
        let Range { start: low, end: high } = self.beginning_like(byte);
        let first = self.partition_point(low, high, |word| word < start);
        first..self.partition_point(first, high, |word| word.starts_with(start))
    }

    fn beginning_like(&self, byte: u8) -> Range<usize> {
        let at = usize::from(byte);
        self.firsts[at] as usize..self.firsts[at + 1] as usize
    }

    /// The first index from `low` on whose word `is_before` does not hold for, as it does for all before it.
    fn partition_point(&self, mut low: usize, mut high: usize, is_before: impl Fn(&[u8]) -> bool) -> usize {
        while low < high {
            let middle = low.midpoint(high);
            if is_before(self.word(middle)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    fn word(&self, i: usize) -> &[u8] {
        &self.bytes[self.ends[i] as usize..self.ends[i + 1] as usize]
    }
}

/// The index of the first of `shared` that is not above `depth`, or how many there are.
fn not_above(shared: &[u8], depth: usize) -> usize {
    let depth = u8::try_from(depth).unwrap_or(u8::MAX);
    // Blocks of bytes first, which are compared all at once.
    let blocks = shared.chunks(64).take_while(|block| block.iter().fold(true, |above, &shared| above & (shared > depth)));
    let passed: usize = blocks.map(<[u8]>::len).sum();
    passed + shared[passed..].iter().take_while(|&&shared| shared > depth).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes exactly the beginnings of one text.
    struct Only<'t> {
        text: &'t [u8],
        at: usize,
    }

    impl Recognizer for Only<'_> {
        fn pop_bytes(&mut self, num: usize) {
            self.at -= num;
        }
        fn collapse(&mut self) {}
        fn trie_finished(&mut self) {
            assert_eq!(self.at, 0, "everything was taken back");
        }
        fn try_push_byte(&mut self, byte: u8) -> bool {
            let taken = self.text.get(self.at) == Some(&byte);
            self.at += usize::from(taken);
            taken
        }
    }

    fn walk(words: &[&str], start: &str, text: &str) -> Vec<u32> {
        let mut ids: Vec<u32> = (0..words.len() as u32).collect();
        ids.sort_by_key(|&id| words[id as usize]);
        let mut found = Vec::new();
        Words::new(&ids, |id| words[id as usize].as_bytes()).walk(&mut Only { text: text.as_bytes(), at: 0 }, start.as_bytes(), |id| {
            found.push(id);
            true
        });
        found.sort_unstable();
        found
    }

    #[test]
    fn words_that_are_legal_are_found() {
        let long = "x".repeat(300);
        let longer = "x".repeat(400);
        let words = ["go", "", "g", "gone", "good", "a", "turn", "go", "goner", &long, &longer, "xx"];
        assert_eq!(walk(&words, "", "goner than"), [0, 2, 3, 7, 8]);
        assert_eq!(walk(&words, "go", "ner"), [3, 8]);
        assert_eq!(walk(&words, "", "gx"), [2]);
        assert_eq!(walk(&words, "gone", ""), [0; 0]);
        assert_eq!(walk(&words, "b", ""), [0; 0]);
        assert_eq!(walk(&words, "", &longer), [9, 10, 11]);
        assert_eq!(walk(&words, &long[..298], "xx"), [9]);
        assert_eq!(walk(&[], "", "a"), [0; 0]);
    }

    #[test]
    fn beginnings_are_found() {
        let words = ["go", "g", "gone", "go", "o"];
        let words = Words::new(&[1, 0, 3, 2, 4], |id| words[id as usize].as_bytes());
        let mut found = Vec::new();
        words.beginnings_of(b"gon", |id| found.push(id));
        assert_eq!(found, [1, 0, 3]);
    }

    #[test]
    fn blocks_are_passed_over_to_the_right_place() {
        for len in [0, 1, 63, 64, 65, 200] {
            let mut shared = vec![9; len];
            assert_eq!(not_above(&shared, 8), len);
            for i in 0..len {
                shared[i] = 8;
                assert_eq!(not_above(&shared, 8), i);
                shared[i] = 9;
            }
        }
    }
}
