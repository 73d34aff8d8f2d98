//! What a constrained answer may go on with: robots' answers repeat the words and numbers of the sentence, and earlier answers.
//!
//! After Saxena's prompt lookup decoding (2023): what was said before is looked up, and how likely it is depends on what was chosen
//! earlier beside such words. Whether a guess was right is for the model to say, which computes it in the batch that it computes anyway.

use std::ops::Range;

use super::numbers::{Number, numbers};
use crate::grammar::{Clues, Constraint, FEW, Source};
use crate::tokenizer::{Special, Tokenizer};

/// Tokens before a place that are compared with those before another.
const CONTEXT: usize = 8;

/// Of those, how many have to be alike at least.
const ALIKE: usize = 2;

/// Bytes of the sentence that are cut into tokens for the next of a text: enough that the first is sure.
const WINDOW: usize = 48;

/// Bytes of a sentence that are looked through, its last ones: a long prompt is none, and would take longer than a guess spares.
const SENTENCE: usize = 1024;

/// Words before and after a place in the sentence by which choices are judged.
const BEHIND: usize = 2;
const AHEAD: usize = 6;

/// What whole numbers have behind their point, where they have one.
const DECIMAL: &str = ".0";

/// Letters that name a word, also without its end.
const LETTERS: usize = 3;

/// How far an answer has come in the sentence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// What it has of the sentence ends here.
    at: usize,
    /// Just before that it left out these bytes, as "open" for the gripper in "open the gripper".
    left_out: (usize, usize),
}

/// The sentence, and how far the answer has come in it.
#[derive(Clone, Debug)]
pub(super) struct Guesses {
    sentence: String,
    /// The same in small letters, as far as they are ASCII.
    lower: String,
    numbers: Vec<Number>,
    place: Place,
}

impl Guesses {
    /// For an answer to `sentence`.
    pub fn new(sentence: &str) -> Guesses {
        let start = sentence.ceil_char_boundary(sentence.len().saturating_sub(SENTENCE));
        let sentence = &sentence[start..];
        Guesses { sentence: sentence.to_owned(), lower: sentence.to_ascii_lowercase(), numbers: numbers(sentence), place: Place::default() }
    }

    /// How far the answer has come.
    pub fn place(&self) -> Place {
        self.place
    }

    /// Goes back to where it was.
    pub fn back_to(&mut self, place: Place) {
        self.place = place;
    }

    /// Sees what the answer goes on with after `so_far`, which may be in the sentence.
    pub fn see(&mut self, tokenizer: &Tokenizer<'_>, so_far: &[u32], token: u32) {
        let Some(text) = text(tokenizer, token) else { return };
        let written = number_so_far(tokenizer, so_far);
        if !written.is_empty() && !text.starts_with(is_of_number) {
            self.pass_number(&written);
        }
        // A text goes on within a word, or behind one.
        let rest = self.rest(tokenizer, so_far);
        let start = self.sentence.len() - rest.len();
        let goes_on = (start > 0 && !text.is_empty() && rest.starts_with(&text)).then(|| start..start + text.len());
        if let Some(found) = goes_on.or_else(|| self.find(&text, !written.is_empty())) {
            self.advance(found);
        }
    }

    /// Goes past the number that the answer has `written`.
    fn pass_number(&mut self, written: &str) {
        let Some((number, _)) = self.number(written).filter(|(_, rest)| rest.is_empty() || *rest == DECIMAL) else { return };
        let range = number.range.clone();
        let Place { at, .. } = self.place;
        // Its digits may have been passed one by one.
        if range.start < at && range.end >= at {
            self.place.at = range.end;
        } else {
            self.advance(range);
        }
    }

    /// The number of the sentence that the answer writes, `written` so far, and the rest of it.
    fn number(&self, written: &str) -> Option<(&Number, &str)> {
        let Place { at, left_out } = self.place;
        let is_near = |range: &Range<usize>| {
            let is_left_out = range.start >= left_out.0 && range.end <= left_out.1;
            let is_begun = !written.is_empty() && range.end >= at;
            range.start >= at || is_begun || is_left_out
        };
        self.numbers.iter().filter(|number| is_near(&number.range)).find_map(|number| {
            let rest = number.texts.iter().find_map(|text| text.strip_prefix(written))?;
            Some((number, rest))
        })
    }

    /// Of a few tokens the one with which a number goes on that the sentence says.
    fn counted(&self, tokenizer: &Tokenizer<'_>, legal: &[u32], written: &str) -> Option<u32> {
        let (_, rest) = self.number(written)?;
        let fits = |&token: &u32| {
            let text = text(tokenizer, token)?;
            (rest.starts_with(&text) && !text.is_empty()).then_some((text.len(), token))
        };
        legal.iter().filter_map(fits).max().map(|(_, token)| token)
    }

    fn advance(&mut self, found: Range<usize>) {
        self.place = if found.start >= self.place.at {
            Place { at: found.end, left_out: (self.place.at, found.start) }
        } else {
            Place { left_out: (found.end, self.place.left_out.1), ..self.place }
        };
    }

    /// What is known about the choice that `constraint` has; nothing of what a model says freely, of which too little would be right.
    pub fn clues(&self, tokenizer: &Tokenizer<'_>, constraint: &Constraint) -> Option<Clues> {
        if constraint.is_led() {
            return None;
        }
        let (legal, so_far) = (constraint.legal(), constraint.tokens());
        let mut clues = Clues::default();
        let seen = |text: &[u32]| seen_before(text, so_far, legal);
        clues.hear(Source::Followed, seen(so_far).max(constraint.earlier().answers(seen)).map(|(_, token)| token));
        if legal.len() > FEW {
            clues.hear(Source::Copied, self.copied(tokenizer, constraint));
            return Some(clues);
        }
        clues.hear(Source::Named, self.named(tokenizer, constraint));
        let written = number_so_far(tokenizer, so_far);
        let counted = self.counted(tokenizer, legal, &written);
        clues.hear(Source::Counted, counted);
        if counted.is_none() && !written.is_empty() && self.number(&written).is_some_and(|(_, rest)| rest.is_empty() || rest == DECIMAL) {
            clues.see("a whole number");
        }
        clues.see(("after", so_far.last_chunk::<2>()));
        let (behind, ahead) = self.sentence.split_at(self.place.at);
        words(behind.rsplit(is_no_letter)).take(BEHIND).for_each(|word| clues.see(("behind", word)));
        let mut left = 0;
        for word in words(ahead.split(is_no_letter)).take(AHEAD) {
            clues.see(("ahead", word));
            left += 1;
        }
        clues.see(("left", left));
        clues.see("a choice");
        Some(clues)
    }

    /// What the sentence goes on with behind the place. A text begins with a word.
    fn rest(&self, tokenizer: &Tokenizer<'_>, so_far: &[u32]) -> &str {
        let rest = &self.sentence[self.place.at..];
        let begins = so_far.last().and_then(|&last| text(tokenizer, last)).is_some_and(|text| text.ends_with('"'));
        if begins { rest.trim_start_matches(is_no_letter) } else { rest }
    }

    /// Of a few tokens the one whose text comes next in the sentence.
    fn named(&self, tokenizer: &Tokenizer<'_>, constraint: &Constraint) -> Option<u32> {
        let in_number = in_number(tokenizer, constraint.tokens());
        let start = |&token: &u32| Some((self.find(&text(tokenizer, token)?, in_number)?.start, token));
        constraint.legal().iter().filter_map(start).min().map(|(_, token)| token)
    }

    /// In a text, what the sentence goes on with. A text begins with a word.
    fn copied(&self, tokenizer: &Tokenizer<'_>, constraint: &Constraint) -> Option<u32> {
        let rest = self.rest(tokenizer, constraint.tokens());
        let first = *tokenizer.encode(&rest[..rest.floor_char_boundary(WINDOW)], Special::AsText).first()?;
        constraint.legal().binary_search(&first).is_ok().then_some(first)
    }

    /// Where `text` is in the sentence: among what was left out, or ahead. A number that was begun goes on where it is.
    fn find(&self, text: &str, in_number: bool) -> Option<Range<usize>> {
        let Place { at, left_out } = self.place;
        let text = &*text.trim_start().to_ascii_lowercase();
        if in_number && text.starts_with(is_of_number) {
            let goes_on = self.lower[..at].ends_with(is_of_number) && self.lower[at..].starts_with(text);
            return goes_on.then(|| at..at + text.len());
        }
        if !text.starts_with(char::is_alphanumeric) {
            return None;
        }
        let whole = text.starts_with(is_of_number) || text.chars().count() >= LETTERS;
        let is_word = |&(start, _): &(usize, &str)| {
            let alone = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
            let end = start + text.len();
            alone(self.lower[..start].chars().next_back()) && (whole || alone(self.lower[end..].chars().next()))
        };
        let within = |range: Range<usize>| {
            let matches = self.lower[range.clone()].match_indices(text);
            matches.map(|(start, text)| (range.start + start, text)).find(is_word).map(|(start, text)| start..start + text.len())
        };
        within(left_out.0..left_out.1).or_else(|| within(at..self.lower.len()))
    }
}

/// Those that are not empty, in small letters.
fn words<'a>(parts: impl Iterator<Item = &'a str>) -> impl Iterator<Item = String> {
    parts.filter(|part| !part.is_empty()).map(str::to_lowercase)
}

fn is_no_letter(c: char) -> bool {
    !c.is_alphanumeric()
}

fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || c == '.'
}

/// Whether an answer stands within a number.
fn in_number(tokenizer: &Tokenizer<'_>, so_far: &[u32]) -> bool {
    so_far.last().and_then(|&last| text(tokenizer, last)).is_some_and(|text| text.ends_with(is_of_number))
}

/// The digits of the number that an answer stands within.
fn number_so_far(tokenizer: &Tokenizer<'_>, so_far: &[u32]) -> String {
    let mut number = String::new();
    for &token in so_far.iter().rev() {
        let Some(text) = text(tokenizer, token) else { break };
        let digits = text.trim_end_matches(is_of_number).len();
        number.insert_str(0, &text[digits..]);
        if digits > 0 {
            break;
        }
    }
    number
}

/// A token's text.
fn text(tokenizer: &Tokenizer<'_>, token: u32) -> Option<String> {
    let mut bytes = Vec::new();
    let there = !tokenizer.is_control(token) && tokenizer.append_token_bytes(token, &mut bytes);
    there.then(|| String::from_utf8(bytes).ok()).flatten()
}

/// What followed in `text` where most of the last tokens were as in `so_far`, the last time, with how many were alike.
fn seen_before(text: &[u32], so_far: &[u32], legal: &[u32]) -> Option<(usize, u32)> {
    let last = &so_far[so_far.len().saturating_sub(CONTEXT)..];
    let mut best = None;
    for at in 1..text.len() {
        let alike = text[..at].iter().rev().zip(last.iter().rev()).take_while(|(a, b)| a == b).count();
        if alike >= ALIKE && best.is_none_or(|(most, _)| alike >= most) && legal.binary_search(&text[at]).is_ok() {
            best = Some((alike, text[at]));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The places of `texts`, one after the other: what was left out before them, and where they are.
    fn found(sentence: &str, texts: &[(&str, bool)]) -> Vec<Option<Range<usize>>> {
        let mut guesses = Guesses::new(sentence);
        let find = |&(text, in_number): &(&str, bool)| {
            let found = guesses.find(text, in_number);
            found.iter().for_each(|range| guesses.advance(range.clone()));
            found
        };
        texts.iter().map(find).collect()
    }

    #[test]
    fn words_are_found_ahead_and_among_those_just_left_out() {
        let sentence = "open the gripper and close it";
        assert_eq!(found(sentence, &[("gripper", false), ("open", false)]), [Some(9..16), Some(0..4)]);
        assert_eq!(found(sentence, &[("gripper", false), ("close", false), ("open", false)]), [Some(9..16), Some(21..26), None]);
        assert_eq!(found("go to the green light", &[("g", false), ("gr", false), ("gre", false)]), [None, None, Some(10..13)]);
    }

    #[test]
    fn of_a_long_prompt_the_end_is_looked_through() {
        // It would begin with half a character, which is left out.
        let prompt = format!("stop {} turn", "é".repeat(SENTENCE));
        assert_eq!(found(&prompt, &[("stop", false), ("turn", false)]), [None, Some(SENTENCE - 5..SENTENCE - 1)]);
    }

    #[test]
    fn numbers_are_written_one_after_the_other() {
        let mut guesses = Guesses::new("Back up fifty centimetres, wait 2 seconds, and go 3.5 m.");
        let rest = |guesses: &Guesses, written: &str| guesses.number(written).map(|(_, rest)| rest.to_owned());
        assert_eq!(rest(&guesses, ""), Some("0.5".to_owned()));
        assert_eq!(rest(&guesses, "0."), Some("5".to_owned()));
        // Where the answer has another unit, and another number.
        assert_eq!(rest(&guesses, "5"), Some("0.0".to_owned()));
        assert_eq!(rest(&guesses, "7"), None);
        guesses.pass_number("0.5");
        assert_eq!(rest(&guesses, ""), Some("2.0".to_owned()));
        // The digit was found in the sentence.
        guesses.advance(guesses.find("2", false).expect("there"));
        assert_eq!(rest(&guesses, "2"), Some(".0".to_owned()));
        guesses.pass_number("2");
        assert_eq!(rest(&guesses, ""), Some("3.5".to_owned()));
        guesses.pass_number("3.5");
        assert_eq!(rest(&guesses, ""), None);
    }

    #[test]
    fn letters_may_be_small_or_not() {
        assert_eq!(
            found("SAY hello, Größer", &[("say", false), (" Hello", false), ("größer", false)]),
            [Some(0..3), Some(4..9), Some(11..19)]
        );
    }

    #[test]
    fn a_number_goes_on_where_it_is() {
        let number = [("2", false), (".", true), ("3", true), ("5", true), ("0", true)];
        assert_eq!(found("drive 2.35 m, turn 90", &number), [Some(6..7), Some(7..8), Some(8..9), Some(9..10), None]);
        assert_eq!(found("turn 90", &[("0", false), ("9", false)]), [None, Some(5..6)]);
    }
}
