use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use llguidance::Logger;
use llguidance::api::{GrammarInit, ParserLimits, TopLevelGrammar};
use llguidance::earley::perf::ParserPerfCounters;
use llguidance::earley::{BiasComputer, Parser, ParserRecognizer, SlicedBiasComputer};
use llguidance::toktrie::{SimpleVob, TokEnv, TokRxInfo, TokTrie, TokenizerEnv};

use super::texts::chars_taken;
use super::words::Words;
use crate::tokenizer::Tokenizer;

/// Pieces of texts of up to so many characters are taken together where any of them is legal.
const SHORT: u8 = 10;
/// What they are, for llguidance.
const SHORT_PIECE: &str = r#"[^"\\\x00-\x1F\x7F]{1,10}"#;

/// Pieces of more characters are not counted: numbers up to this one can be compared eight at a time.
const MOST: u8 = 127;

/// A token before which the answer's last tokens are looked at for how its text is cut is at most so many tokens away.
const UNSURE: usize = 4;

/// A tokenizer's vocabulary, for finding the legal tokens. With 150,000 tokens it takes some 40 ms to make, and 4 MB.
///
/// llguidance has tables for that, of 20 MB and more, which take five times as long to make. It is only given the special tokens and those
/// of a single byte, in tables as it wants them.
pub(super) struct Vocabulary {
    env: TokEnv,
    /// Knows where any short piece of a text is legal.
    slicer: SlicedBiasComputer,
    words: Words,
    /// The characters of each token that is a piece of any text, up to [`MOST`] of them; 0 for others, and at the end, up to a multiple of 32.
    chars: Vec<u8>,
    /// Those others: with quotation marks, backslashes, control characters or a part of a character, or longer than can be counted.
    others: Words,
    /// Pieces of texts of more than [`SHORT`] characters.
    long: Words,
}

impl Vocabulary {
    pub fn new(tokenizer: &Tokenizer<'_>) -> anyhow::Result<Vocabulary> {
        let count = tokenizer.vocab_size() as u32;
        // Not part of any text, whatever their names: where one is legal, it is as itself.
        let special: HashSet<u32> =
            tokenizer.special_tokens().iter().map(|token| token.id).chain(tokenizer.eog().iter().copied()).collect();
        let (mut bytes, mut ends) = (Vec::new(), vec![0]);
        for id in 0..count {
            if !special.contains(&id) {
                tokenizer.append_token_bytes(id, &mut bytes);
            }
            ends.push(bytes.len());
        }
        let word = |id: u32| &bytes[ends[id as usize]..ends[id as usize + 1]];
        let mut chars: Vec<u8> = (0..count).map(|id| piece(word(id))).collect();
        chars.resize(chars.len().next_multiple_of(32), 0);
        let sorted = sorted(count, word);
        let of = |wanted: fn(u8) -> bool| -> Vec<u32> { sorted.iter().copied().filter(|&id| wanted(chars[id as usize])).collect() };
        let others = Words::new(&of(|chars| chars == 0), word);
        let long = Words::new(&of(|chars| chars > SHORT), word);
        let words = Words::new(&sorted, word);

        let few = |id: u32| match word(id) {
            [byte] => vec![*byte],
            [] if special.contains(&id) => {
                // A marker that no text has.
                let mut name = vec![TokTrie::SPECIAL_TOKEN_MARKER];
                tokenizer.append_token_bytes(id, &mut name);
                name
            }
            _ => Vec::new(),
        };
        let few: Vec<Vec<u8>> = (0..count).map(few).collect();
        let end = tokenizer.eog().first().copied().unwrap_or(0);
        let trie = TokTrie::from(&TokRxInfo::new(count, end), &few).with_eos_tokens(tokenizer.eog());
        let env: TokEnv = Arc::new(Env(trie));
        let bytes: Vec<Vec<u8>> = (0..=u8::MAX).map(|byte| vec![byte]).collect();
        let bytes: TokEnv = Arc::new(Env(TokTrie::from(&TokRxInfo::new(256, 0), &bytes)));
        let slicer = SlicedBiasComputer::new(&bytes, &[SHORT_PIECE.to_owned()])?;
        Ok(Vocabulary { env, slicer, words, chars, others, long })
    }

    pub fn parser(&self, grammar: TopLevelGrammar) -> anyhow::Result<Parser> {
        let (limits, mut silent) = (ParserLimits::default(), Logger::new(0, 0));
        let init = GrammarInit::Serialized(grammar);
        let grammar = init.to_cgrammar(Some(self.env.clone()), &mut silent, limits.clone(), self.slicer.extra_lexemes())?;
        Parser::new(self.env.clone(), grammar, limits, Arc::new(ParserPerfCounters::default()))
    }

    /// Makes `parser` go on by a token.
    pub fn push(&self, parser: &mut Parser, tokenizer: &Tokenizer<'_>, token: u32) -> anyhow::Result<()> {
        parser.apply_token(&self.bytes(tokenizer, token), token).map(drop)
    }

    /// Makes it as it was before the last token, which was `token`.
    pub fn pop(&self, parser: &mut Parser, tokenizer: &Tokenizer<'_>, token: u32) -> anyhow::Result<()> {
        // A special token that was forced is there by its number, another one by its name.
        let forced = parser.currently_forced_bytes().len();
        let taken = parser.get_bytes();
        let numbered = [&[TokTrie::SPECIAL_TOKEN_MARKER][..], format!("[{token}]").as_bytes()].concat();
        let by_number = self.is_special(token) && taken[..taken.len() - forced].ends_with(&numbered);
        let len = if by_number { numbered.len() } else { self.bytes(tokenizer, token).len() };
        parser.rollback(len)
    }

    /// Whether a token is no text.
    pub fn is_special(&self, token: u32) -> bool {
        self.env.tok_trie().token(token).first() == Some(&TokTrie::SPECIAL_TOKEN_MARKER)
    }

    /// A token as a parser takes it.
    fn bytes(&self, tokenizer: &Tokenizer<'_>, token: u32) -> Vec<u8> {
        if self.is_special(token) {
            return self.env.tok_trie().token(token).to_vec();
        }
        let mut bytes = Vec::new();
        tokenizer.append_token_bytes(token, &mut bytes);
        bytes
    }

    /// Makes `legal` the legal tokens, ascending, those that end the answer included.
    pub fn legal(&self, parser: &mut Parser, legal: &mut Vec<u32>) -> anyhow::Result<()> {
        let start = parser.currently_forced_bytes().to_vec();
        let (set, pieces) = self.ask(parser, &start, Wanted::All)?;
        legal.clear();
        self.list(pieces, set.as_slice(), legal);
        if start.is_empty() && parser.is_accepting() {
            legal.extend(self.env.tok_trie().eos_tokens());
            legal.sort();
            legal.dedup();
        }
        anyhow::ensure!(!legal.is_empty(), "no token is legal");
        Ok(())
    }

    /// The legal tokens besides pieces of texts, where a text is open that may have `room` characters more, between two of them.
    pub fn others(&self, parser: &mut Parser, tokenizer: &Tokenizer<'_>, room: usize) -> anyhow::Result<Others> {
        let (set, _) = self.ask(parser, &[], Wanted::Others)?;
        let mut ids = Vec::new();
        self.list(0, set.as_slice(), &mut ids);
        let tokens = ids.into_iter().map(|id| (id, chars_taken(&self.bytes(tokenizer, id)))).collect();
        Ok(Others { room, tokens })
    }

    /// Makes `legal` the legal tokens, ascending, where a text is open that may have `room` characters more, between two of them: those of
    /// `others`, which were found with as much room or more, and all pieces that fit.
    pub fn legal_in_text(&self, room: usize, others: &Others, legal: &mut Vec<u32>) -> anyhow::Result<()> {
        let mut set = self.env.tok_trie().alloc_token_set();
        others.tokens.iter().filter(|(_, chars)| *chars <= room).for_each(|&(id, _)| set.allow_token(id));
        legal.clear();
        self.list(room.min(usize::from(MOST)) as u8, set.as_slice(), legal);
        anyhow::ensure!(!legal.is_empty(), "no token is legal");
        Ok(())
    }

    /// Lets the parser's lexer spend again what it may up to the next call, which llguidance does where it is asked for legal tokens.
    pub fn refuel(&self, parser: &mut Parser) -> anyhow::Result<()> {
        self.ask(parser, &[], Wanted::None).map(drop)
    }

    /// Asks the parser, where `start` is forced, for its legal tokens, and up to how many characters any piece of a text is one besides them.
    fn ask(&self, parser: &mut Parser, start: &[u8], wanted: Wanted) -> anyhow::Result<(SimpleVob, u8)> {
        let bias = Bias { vocabulary: self, wanted, pieces: AtomicU8::new(0) };
        // It would not be asked again where it was asked before.
        parser.invalidate_bias_cache();
        let set = parser.compute_bias(&bias, start);
        anyhow::ensure!(parser.get_error().is_none(), "the grammar is too complex here");
        Ok((set, bias.pieces.into_inner()))
    }

    /// How many of the last of `tokens` could be others when it is known what follows their text.
    pub fn unsure(&self, parser: &mut Parser, tokenizer: &Tokenizer<'_>, tokens: &[u32]) -> usize {
        let last = &tokens[tokens.len().saturating_sub(UNSURE)..];
        let (mut text, mut starts) = (Vec::new(), Vec::new());
        for &token in last {
            starts.push(text.len());
            tokenizer.append_token_bytes(token, &mut text);
        }
        let goes_on = |&at: &usize| {
            let mut goes_on = false;
            parser.with_recognizer(|parser| {
                self.words.walk(parser, &text[at..], |_| {
                    goes_on = true;
                    false
                });
            });
            goes_on
        };
        let Some(at) = (0..text.len()).find(goes_on) else { return 0 };
        last.len() + 1 - starts.partition_point(|&start| start <= at)
    }

    /// Appends to `list` the tokens of `set`, and pieces of up to `most` characters.
    fn list(&self, most: u8, set: &[u32], list: &mut Vec<u32>) {
        if most == 0 {
            for (&bits, first) in set.iter().zip((0..).step_by(32)) {
                let mut rest = bits;
                while rest != 0 {
                    list.push(first + rest.trailing_zeros());
                    rest &= rest - 1;
                }
            }
            return;
        }
        list.resize(self.chars.len(), 0);
        let mut count = 0;
        for ((chars, bits), first) in self.chars.as_chunks::<8>().0.chunks(4).zip(set).zip((0..).step_by(32)) {
            let pieces = chars.iter().rev().fold(0, |bits, &chars| bits << 8 | u32::from(at_most(u64::from_le_bytes(chars), most)));
            let legal = bits | pieces;
            let Some(places) = list[count..].first_chunk_mut::<32>() else { break };
            // Without branches, as which tokens are legal has no pattern; but often all are.
            if legal == u32::MAX {
                *places = std::array::from_fn(|i| first + i as u32);
                count += 32;
            } else {
                let mut taken = 0;
                for (byte, first) in legal.to_le_bytes().into_iter().zip((first..).step_by(8)) {
                    let Some(places) = places[taken..].first_chunk_mut::<8>() else { break };
                    *places = ONES[usize::from(byte)].map(|i| first + u32::from(i));
                    taken += byte.count_ones() as usize;
                }
                count += taken;
            }
        }
        list.truncate(count);
    }
}

/// Of each byte the numbers of the bits that are one, then zeros.
const ONES: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut bit, mut count) = (0, 0);
        while bit < 8 {
            if byte >> bit & 1 == 1 {
                table[byte][count] = bit;
                count += 1;
            }
            bit += 1;
        }
        byte += 1;
    }
    table
};

/// Which of eight bytes, all below 128, are 1 to `most`: the first is the lowest bit.
fn at_most(bytes: u64, most: u8) -> u8 {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const TOPS: u64 = 0x80 * EACH;
    let small = TOPS + u64::from(most) * EACH - bytes;
    let above_zero = bytes + 0x7f * EACH;
    let each = (small & above_zero & TOPS) >> 7;
    (each.wrapping_mul(0x0102_0408_1020_4080) >> 56) as u8
}

/// Legal tokens inside a text that are no pieces of it: they end it, or escape in it.
pub(super) struct Others {
    /// They were found with room for so many characters.
    pub room: usize,
    /// Each with how many characters of the text it takes.
    tokens: Vec<(u32, usize)>,
}

/// Which legal tokens are wanted.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Wanted {
    All,
    /// Those that are no pieces of texts.
    Others,
    None,
}

/// How llguidance asks for the legal tokens.
struct Bias<'v> {
    vocabulary: &'v Vocabulary,
    wanted: Wanted,
    /// Pieces of texts of up to so many characters are legal, besides what it answers.
    pieces: AtomicU8,
}

impl BiasComputer for Bias<'_> {
    fn compute_bias(&self, parser: &mut ParserRecognizer<'_>, start: &[u8]) -> SimpleVob {
        let vocabulary = self.vocabulary;
        let mut takes_short_pieces = || {
            let before = parser.stats_mut().slices_applied;
            vocabulary.slicer.compute_bias(parser, &[]);
            parser.stats_mut().slices_applied > before
        };
        let (pieces, walks): (_, &[&Words]) = match self.wanted {
            Wanted::None => (0, &[]),
            Wanted::Others => (0, &[&vocabulary.others]),
            Wanted::All if start.is_empty() && takes_short_pieces() => (SHORT, &[&vocabulary.others, &vocabulary.long]),
            Wanted::All => (0, &[&vocabulary.words]),
        };
        self.pieces.store(pieces, Ordering::Relaxed);
        let mut set = self.trie().alloc_token_set();
        for words in walks {
            words.beginnings_of(start, |id| set.allow_token(id));
            words.walk(parser, start, |id| {
                set.allow_token(id);
                true
            });
        }
        set
    }

    fn trie(&self) -> &TokTrie {
        self.vocabulary.env.tok_trie()
    }
}

/// The vocabulary, as llguidance wants it. It borrows nothing, so it cannot have the tokenizer: forced bytes are cut in
/// [`Constraint`](super::Constraint).
struct Env(TokTrie);

impl TokenizerEnv for Env {
    fn tok_trie(&self) -> &TokTrie {
        &self.0
    }

    fn tokenize_bytes(&self, text: &[u8]) -> Vec<u32> {
        self.0.greedy_tokenize(text)
    }

    fn tokenize_is_canonical(&self) -> bool {
        false
    }
}

/// All ids below `count`, by their words.
fn sorted<'a>(count: u32, word: impl Fn(u32) -> &'a [u8]) -> Vec<u32> {
    // Most words differ in their first eight bytes.
    let beginning = |word: &[u8]| {
        let mut first = [0; 8];
        let len = word.len().min(8);
        first[..len].copy_from_slice(&word[..len]);
        u64::from_be_bytes(first)
    };
    let mut sorted: Vec<(u64, u32)> = (0..count).map(|id| (beginning(word(id)), id)).collect();
    sorted.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| word(a.1).cmp(word(b.1))).then(a.1.cmp(&b.1)));
    sorted.into_iter().map(|(_, id)| id).collect()
}

/// The characters of a token that is a piece of any text, up to [`MOST`] of them, or 0.
fn piece(token: &[u8]) -> u8 {
    match str::from_utf8(token) {
        Ok(text) if !text.contains(|c: char| matches!(c, '"' | '\\' | '\0'..='\x1f' | '\x7f')) => {
            u8::try_from(text.chars().count()).ok().filter(|&chars| chars <= MOST).unwrap_or(0)
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_of_texts_are_counted_in_characters() {
        let counts = [("a", 1), (" the", 4), ("\u{e9}t\u{e9}", 3), ("\"", 0), ("a\"", 0), ("\\", 0), ("\n", 0), ("", 0)];
        for (token, count) in counts {
            assert_eq!(piece(token.as_bytes()), count, "{token:?}");
        }
        assert_eq!(piece(&[0xc3]), 0);
        assert_eq!(piece(&[0xff]), 0);
        assert_eq!([127, 128, 256].map(|count| piece("a".repeat(count).as_bytes())), [127, 0, 0]);
    }

    #[test]
    fn eight_bytes_are_compared_at_once() {
        for most in [1, 2, 10, 126, 127] {
            for byte in 0..=127 {
                for i in 0..8 {
                    let mut bytes = [0; 8];
                    bytes[i] = byte;
                    assert_eq!(at_most(u64::from_le_bytes(bytes), most), u8::from((1..=most).contains(&byte)) << i);
                }
            }
            assert_eq!(at_most(u64::from_le_bytes([1; 8]), most), 0xff);
            let mixed = at_most(u64::from_le_bytes([1, 127, 0, 2, most, 0, 127, 1]), most);
            assert_eq!(
                mixed,
                [1, 127, 0, 2, most, 0, 127, 1].iter().rev().fold(0, |bits, &b| bits << 1 | u8::from((1..=most).contains(&b)))
            );
        }
    }

    #[test]
    fn words_are_sorted_by_all_of_their_bytes() {
        let words: [&[u8]; 6] = [b"forwards, then", b"a", b"forwards", b"", b"a\0", b"forwards, ther"];
        assert_eq!(sorted(6, |id| words[id as usize]), [3, 1, 4, 2, 0, 5]);
    }
}
