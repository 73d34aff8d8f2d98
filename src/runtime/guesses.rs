//! What a constrained answer may go on with: robots' answers repeat the words and numbers of the sentence, and earlier answers.
//!
//! After Saxena's prompt lookup decoding (2023): what was said before is looked up, and how likely it is depends on what was chosen
//! earlier beside such words. Whether a guess was right is for the model to say, which computes it in the batch that it computes anyway.

use std::ops::Range;

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
    place: Place,
}

impl Guesses {
    /// For an answer to `sentence`.
    pub fn new(sentence: &str) -> Guesses {
        let start = sentence.ceil_char_boundary(sentence.len().saturating_sub(SENTENCE));
        Guesses { sentence: sentence[start..].to_owned(), place: Place::default() }
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
        let found = text(tokenizer, token).and_then(|text| self.find(&text, in_number(tokenizer, so_far)));
        if let Some(found) = found {
            self.advance(found);
        }
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
            clues.hear(Source::Copied, self.copied(tokenizer, legal));
            return Some(clues);
        }
        clues.hear(Source::Named, self.named(tokenizer, constraint));
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

    /// Of a few tokens the one whose text comes next in the sentence.
    fn named(&self, tokenizer: &Tokenizer<'_>, constraint: &Constraint) -> Option<u32> {
        let in_number = in_number(tokenizer, constraint.tokens());
        let start = |&token: &u32| Some((self.find(&text(tokenizer, token)?, in_number)?.start, token));
        constraint.legal().iter().filter_map(start).min().map(|(_, token)| token)
    }

    /// In a text, what the sentence goes on with.
    fn copied(&self, tokenizer: &Tokenizer<'_>, legal: &[u32]) -> Option<u32> {
        let rest = &self.sentence[self.place.at..];
        let window = &rest[..rest.floor_char_boundary(WINDOW)];
        let first = |text: &str| tokenizer.encode(text, Special::AsText).first().copied();
        // A text begins with no blank, and goes on with one.
        [window, window.trim_start()].into_iter().filter_map(first).find(|token| legal.binary_search(token).is_ok())
    }

    /// Where `text` is in the sentence: among what was left out, or ahead. A number that was begun goes on where it is.
    fn find(&self, text: &str, in_number: bool) -> Option<Range<usize>> {
        let Place { at, left_out } = self.place;
        let text = text.trim_start();
        if in_number && text.starts_with(is_of_number) {
            let goes_on = self.sentence[..at].ends_with(is_of_number) && self.sentence[at..].starts_with(text);
            return goes_on.then(|| at..at + text.len());
        }
        if !text.starts_with(char::is_alphanumeric) {
            return None;
        }
        let whole = text.starts_with(is_of_number) || text.chars().count() >= LETTERS;
        let is_word = |&(start, _): &(usize, &str)| {
            let alone = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
            let end = start + text.len();
            alone(self.sentence[..start].chars().next_back()) && (whole || alone(self.sentence[end..].chars().next()))
        };
        let within = |range: Range<usize>| {
            let matches = self.sentence[range.clone()].match_indices(text);
            matches.map(|(start, text)| (range.start + start, text)).find(is_word).map(|(start, text)| start..start + text.len())
        };
        within(left_out.0..left_out.1).or_else(|| within(at..self.sentence.len()))
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
    fn a_number_goes_on_where_it_is() {
        let number = [("2", false), (".", true), ("3", true), ("5", true), ("0", true)];
        assert_eq!(found("drive 2.35 m, turn 90", &number), [Some(6..7), Some(7..8), Some(8..9), Some(9..10), None]);
        assert_eq!(found("turn 90", &[("0", false), ("9", false)]), [None, Some(5..6)]);
    }
}
