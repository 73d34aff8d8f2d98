use std::panic::{AssertUnwindSafe, catch_unwind};

use llguidance::earley::Parser;
use llguidance::toktrie::TokTrie;

use super::compiled::Step;
use super::earlier::Earlier;
use super::{CompiledGrammar, GrammarError};
use crate::tokenizer::Tokenizer;

/// Up to so many legal tokens, each is looked at: beyond, they are those inside a string or a number, of which any goes.
pub(super) const FEW: usize = 64;

/// Choices after a token that are looked at for how its text could be cut.
const AHEAD: usize = 2;

/// Tokens before a place that are looked at for how the text there is cut.
const BEFORE: usize = 3;

/// Where an answer was when it had a choice, for [`Constraint::back_to`].
#[derive(Debug)]
pub struct Choice {
    tokens: usize,
    line: Line,
    legal: Vec<u32>,
}

impl Choice {
    /// The tokens that the choice is between, ascending.
    pub fn legal(&self) -> &[u32] {
        &self.legal
    }
}

/// One answer on its way through a grammar.
///
/// Made by [`CompiledGrammar::start`]. [`Constraint::advance`] first, then, until it is [done](Constraint::is_done), [`Constraint::accept`] a token out of
/// [`Constraint::legal`] and advance again.
pub struct Constraint {
    parser: Parser,
    /// Tokens of the answer.
    tokens: Vec<u32>,
    legal: Vec<u32>,
    grammar: CompiledGrammar,
    line: Line,
}

/// A line that an answer is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Line {
    number: usize,
    /// Its text so far.
    text: Vec<u8>,
}

impl Line {
    /// Which one it is, from 0.
    pub fn number(&self) -> usize {
        self.number
    }
}

impl Drop for Constraint {
    fn drop(&mut self) {
        self.grammar.tidy();
    }
}

impl std::fmt::Debug for Constraint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Constraint").field("tokens", &self.tokens).field("legal", &self.legal.len()).finish_non_exhaustive()
    }
}

impl Constraint {
    pub(super) fn new(parser: Parser, grammar: CompiledGrammar) -> Constraint {
        Constraint { parser, tokens: Vec::new(), legal: Vec::new(), grammar, line: Line::default() }
    }

    /// Takes the tokens that the grammar leaves no choice about into the answer and returns them, as the tokenizer cuts their text.
    /// Afterwards [`Constraint::legal`] has the choice that comes next.
    ///
    /// # Errors
    /// [`GrammarError::Stuck`].
    pub fn advance(&mut self, tokenizer: &Tokenizer<'_>) -> Result<Vec<u32>, GrammarError> {
        let grammar = self.grammar.clone();
        if let Some(lead) = grammar.lead().filter(|lead| self.is_led() && lead.is_plain(&self.line.text)) {
            match lead.legal.get() {
                Some(legal) => self.legal.clone_from(legal),
                None => {
                    self.legal = self.mask()?;
                    // Another answer may have been sooner, with the same.
                    _ = lead.legal.set(self.legal.clone());
                }
            }
            return Ok(Vec::new());
        }
        let Some(lines) = grammar.lines() else { return self.find_step(tokenizer) };
        if self.find_legal_in_text(tokenizer)? {
            return Ok(Vec::new());
        }
        if let Some(Step { forced, legal }) = lines.get(self.line.number, &self.line.text) {
            for &token in &forced {
                self.take(tokenizer, token)?;
            }
            match legal {
                Some(legal) => self.legal = legal,
                None => _ = self.find_legal_in_text(tokenizer)?,
            }
            return Ok(forced);
        }
        let line = self.line.clone();
        let forced = self.find_step(tokenizer)?;
        let is_in_text = lines.text(&self.line.text).is_some();
        // Longer lists would take too much room.
        if is_in_text || self.legal.len() <= FEW {
            let legal = (!is_in_text).then(|| self.legal.clone());
            lines.put(line.number, line.text, Step { forced: forced.clone(), legal });
        }
        Ok(forced)
    }

    fn find_step(&mut self, tokenizer: &Tokenizer<'_>) -> Result<Vec<u32>, GrammarError> {
        let before = self.tokens.len();
        loop {
            let forced = self.forced(tokenizer)?;
            for &token in &forced {
                self.take(tokenizer, token)?;
            }
            if !forced.is_empty() {
                continue;
            }
            if !self.find_legal_in_text(tokenizer)? {
                self.find_legal(tokenizer)?;
            }
            match *self.legal {
                // The end is for the caller to see.
                [token] if !tokenizer.eog().contains(&token) => self.take(tokenizer, token)?,
                _ => return Ok(self.tokens[before..].to_vec()),
            }
        }
    }

    /// Finds the legal tokens where the line is in a text that takes more; whether it is.
    fn find_legal_in_text(&mut self, tokenizer: &Tokenizer<'_>) -> Result<bool, GrammarError> {
        let grammar = self.grammar.clone();
        let Some((lines, text)) = grammar.lines().and_then(|lines| Some((lines, lines.text(&self.line.text)?))) else { return Ok(false) };
        let vocabulary = grammar.vocabulary();
        // A text may be long, and nothing else asks the parser in it.
        guarded(|| vocabulary.refuel(&mut self.parser))?;
        let others = lines.others(self.line.number, text, || guarded(|| vocabulary.others(&mut self.parser, tokenizer, text.room)))?;
        guarded(|| vocabulary.legal_in_text(text.room, &others, &mut self.legal))?;
        Ok(true)
    }

    /// The tokens that may come next, ascending; after [`Constraint::advance`].
    pub fn legal(&self) -> &[u32] {
        &self.legal
    }

    /// Whether the answer is whole and nothing but its end can come next; after [`Constraint::advance`].
    pub fn is_done(&self, tokenizer: &Tokenizer<'_>) -> bool {
        self.legal.iter().all(|token| tokenizer.eog().contains(token))
    }

    /// Takes a token that was chosen out of [`Constraint::legal`], other than one that ends the answer.
    ///
    /// # Errors
    /// [`GrammarError::Illegal`] for another one; the answer is then as it was.
    pub fn accept(&mut self, tokenizer: &Tokenizer<'_>, token: u32) -> Result<(), GrammarError> {
        if self.legal.binary_search(&token).is_err() {
            return Err(GrammarError::Illegal(token));
        }
        self.take(tokenizer, token)
    }

    /// As [`Constraint::accept`], then [`Constraint::advance`]; returns the tokens of the latter, and the choice that was left.
    ///
    /// # Errors
    /// As these two; the answer is then as it was.
    pub fn try_out(&mut self, tokenizer: &Tokenizer<'_>, token: u32) -> Result<(Choice, Vec<u32>), GrammarError> {
        let legal = std::mem::take(&mut self.legal);
        let choice = Choice { tokens: self.tokens.len(), line: self.line.clone(), legal };
        if choice.legal.binary_search(&token).is_err() {
            self.legal = choice.legal;
            return Err(GrammarError::Illegal(token));
        }
        match self.take(tokenizer, token).and_then(|()| self.advance(tokenizer)) {
            Ok(forced) => Ok((choice, forced)),
            Err(error) => {
                self.back_to(tokenizer, choice)?;
                Err(error)
            }
        }
    }

    /// Takes back what was taken since the choice.
    ///
    /// # Errors
    /// [`GrammarError::Stuck`], where the answer cannot go on.
    pub fn back_to(&mut self, tokenizer: &Tokenizer<'_>, choice: Choice) -> Result<(), GrammarError> {
        while self.tokens.len() > choice.tokens
            && let Some(token) = self.tokens.pop()
        {
            guarded(|| self.grammar.vocabulary().pop(&mut self.parser, tokenizer, token))?;
        }
        (self.line, self.legal) = (choice.line, choice.legal);
        Ok(())
    }

    /// Whether the answer is still in the text that [`Grammar::Led`](super::Grammar::Led) answers begin with.
    pub(crate) fn is_led(&self) -> bool {
        self.grammar.lead().is_some_and(|lead| !self.tokens.contains(&lead.end))
    }

    /// The line that it is in.
    pub(super) fn line(&self) -> &Line {
        &self.line
    }

    /// Tokens of the answer so far.
    pub fn tokens(&self) -> &[u32] {
        &self.tokens
    }

    /// What earlier answers by the same grammar were like.
    pub(crate) fn earlier(&self) -> &Earlier {
        self.grammar.earlier()
    }

    /// Keeps the answer's tokens, those before `choice` where there is one, for later answers to be guessed from.
    pub(crate) fn remember(&self, choice: Option<&Choice>) {
        self.grammar.earlier().add(choice.map_or(&self.tokens, |choice| &self.tokens[..choice.tokens]));
    }

    fn take(&mut self, tokenizer: &Tokenizer<'_>, token: u32) -> Result<(), GrammarError> {
        guarded(|| self.grammar.vocabulary().push(&mut self.parser, tokenizer, token))?;
        self.tokens.push(token);
        tokenizer.append_token_bytes(token, &mut self.line.text);
        while let Some(end) = self.line.text.iter().position(|&byte| byte == b'\n') {
            self.line.text.drain(..=end);
            self.line.number += 1;
        }
        Ok(())
    }

    /// The tokens of bytes that are forced, but for the last ones where what follows could still change them.
    fn forced(&mut self, tokenizer: &Tokenizer<'_>) -> Result<Vec<u32>, GrammarError> {
        let bytes = guarded(|| Ok(self.parser.force_bytes().to_vec()))?;
        let (bytes, special) = until_special(&bytes);
        let text = whole_chars(bytes);
        if text.is_empty() {
            return Ok(special.into_iter().collect());
        }
        let mut tokens = match self.cut(tokenizer, text.as_bytes()) {
            Cut::Tokens(tokens) => tokens,
            // The token before was an odd one already.
            Cut::Odd | Cut::NoText => tokenizer.encode_exactly(text),
        };
        let unsure = if special.is_some() {
            // No text goes on over it.
            0
        } else if text.len() == bytes.len() {
            guarded(|| Ok(self.grammar.vocabulary().unsure(&mut self.parser, tokenizer, &tokens)))?
        } else {
            // The character behind is cut: what it becomes could change the word.
            1
        };
        tokens.truncate(tokens.len().saturating_sub(unsure));
        Ok(tokens)
    }

    /// Finds the legal tokens, of few only those that the tokenizer could make of the text.
    fn find_legal(&mut self, tokenizer: &Tokenizer<'_>) -> Result<(), GrammarError> {
        self.legal = self.mask()?;
        if self.legal.len() <= FEW && self.legal.len() > 1 {
            let mut kept = Vec::with_capacity(self.legal.len());
            for &token in &self.legal.clone() {
                if self.could_be_cut(tokenizer, token, &[], token, AHEAD)? {
                    kept.push(token);
                }
            }
            if !kept.is_empty() {
                self.legal = kept;
            }
        }
        Ok(())
    }

    fn mask(&mut self) -> Result<Vec<u32>, GrammarError> {
        let mut legal = Vec::new();
        guarded(|| self.grammar.vocabulary().legal(&mut self.parser, &mut legal))?;
        Ok(legal)
    }

    /// Whether the tokenizer could make `first` of some text that begins with `text`, in which the parser takes `next`: of what is
    /// forced then, or of what else may come, looking at most `depth` choices ahead.
    fn could_be_cut(&mut self, tokenizer: &Tokenizer<'_>, first: u32, text: &[u8], next: u32, depth: usize) -> Result<bool, GrammarError> {
        if tokenizer.eog().contains(&next) || self.grammar.vocabulary().is_special(next) {
            return Ok(true);
        }
        let mut text = text.to_vec();
        tokenizer.append_token_bytes(next, &mut text);
        let cut = self.cut(tokenizer, &text);
        if !cut.could_begin_with(first) {
            return Ok(false);
        }
        guarded(|| self.grammar.vocabulary().push(&mut self.parser, tokenizer, next))?;
        let could = match self.is_sure(tokenizer, &cut) {
            Ok(false) => self.could_go_on(tokenizer, first, &mut text, depth),
            sure => sure,
        };
        guarded(|| self.grammar.vocabulary().pop(&mut self.parser, tokenizer, next))?;
        could
    }

    /// Whether no token goes on over the end of a text that is cut so and was just taken: what follows cannot change the cut.
    fn is_sure(&mut self, tokenizer: &Tokenizer<'_>, cut: &Cut) -> Result<bool, GrammarError> {
        let Cut::Tokens(tokens) = cut else { return Ok(false) };
        // What is forced is known: it is looked at.
        if !self.parser.currently_forced_bytes().is_empty() {
            return Ok(false);
        }
        let tokens = [&self.tokens[self.tokens.len().saturating_sub(BEFORE)..], tokens].concat();
        guarded(|| Ok(self.grammar.vocabulary().unsure(&mut self.parser, tokenizer, &tokens) == 0))
    }

    /// As [`Constraint::could_be_cut`], after `text`.
    fn could_go_on(&mut self, tokenizer: &Tokenizer<'_>, first: u32, text: &mut Vec<u8>, depth: usize) -> Result<bool, GrammarError> {
        let forced = guarded(|| Ok(self.parser.force_bytes().to_vec()))?;
        if !forced.is_empty() {
            text.extend_from_slice(whole_chars(&forced).as_bytes());
            return Ok(self.cut(tokenizer, text).could_begin_with(first));
        }
        if depth == 0 || self.is_in_text(text) {
            return Ok(true);
        }
        let legal = self.mask()?;
        if legal.len() > FEW {
            return Ok(true);
        }
        for next in legal {
            if self.could_be_cut(tokenizer, first, text, next, depth - 1)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a text that takes more is open after `more`: anything may come next.
    fn is_in_text(&self, more: &[u8]) -> bool {
        self.grammar.lines().is_some_and(|lines| lines.text(&[&self.line.text, more].concat()).is_some())
    }

    /// What the tokenizer makes of `bytes` after the answer so far.
    fn cut(&self, tokenizer: &Tokenizer<'_>, bytes: &[u8]) -> Cut {
        let tail = &self.tokens[self.tokens.len().saturating_sub(BEFORE)..];
        for start in 0..=tail.len() {
            let before = &tail[start..];
            let mut text = Vec::new();
            before.iter().for_each(|&token| _ = tokenizer.append_token_bytes(token, &mut text));
            let Ok(alone) = str::from_utf8(&text) else { continue };
            // Cut anew without what comes before them, they may be other tokens: then fewer say more.
            if tokenizer.encode_exactly(alone) != before {
                continue;
            }
            text.extend_from_slice(bytes);
            let Ok(text) = str::from_utf8(&text) else { return Cut::NoText };
            let all = tokenizer.encode_exactly(text);
            return all.strip_prefix(before).map_or(Cut::Odd, |tokens| Cut::Tokens(tokens.to_vec()));
        }
        Cut::NoText
    }
}

/// How the tokenizer cuts more text after an answer.
enum Cut {
    /// Into these tokens.
    Tokens(Vec<u32>),
    /// So that the answer's last tokens are others.
    Odd,
    /// Not at all yet: there are characters that are not whole.
    NoText,
}

impl Cut {
    /// Whether `token` may be what comes next, as far as is known.
    fn could_begin_with(&self, token: u32) -> bool {
        match self {
            Cut::Tokens(tokens) => tokens.first() == Some(&token),
            Cut::Odd => false,
            Cut::NoText => true,
        }
    }
}

/// `bytes` up to a special token, and that one, as llguidance writes it: a marker that no text has, and the token's number in brackets.
fn until_special(bytes: &[u8]) -> (&[u8], Option<u32>) {
    let Some(at) = bytes.iter().position(|&byte| byte == TokTrie::SPECIAL_TOKEN_MARKER) else { return (bytes, None) };
    let number = bytes[at + 1..].strip_prefix(b"[").and_then(|rest| rest.split(|&byte| byte == b']').next());
    (&bytes[..at], number.and_then(|number| str::from_utf8(number).ok()?.parse().ok()))
}

/// The whole characters at the beginning of `bytes`.
fn whole_chars(bytes: &[u8]) -> &str {
    match str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => str::from_utf8(&bytes[..error.valid_up_to()]).unwrap_or_default(),
    }
}

/// A step on the way through a grammar.
fn guarded<T>(step: impl FnOnce() -> anyhow::Result<T>) -> Result<T, GrammarError> {
    caught(step).map_err(|error| GrammarError::Stuck(error.to_string()))
}

/// Calls llguidance, which panics where a bound of its own is broken.
pub(super) fn caught<T>(call: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|_| Err(anyhow::anyhow!("a fault of the grammar engine")))
}
