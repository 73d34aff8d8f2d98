//! The likeliest answers of both engines to the same sentences, token by token, without a grammar.

use std::io::{self, Write};

use anyhow::{Context, Result};
use qwark::chat::{Chat, Message, Role};
use qwark::runtime::Opened;
use serde::Serialize;

use crate::engine::Engine;

/// Tokens of an answer at most.
const MOST: usize = 160;

/// Tokens of a prompt and its answer at most.
pub const CONTEXT: usize = 512;

/// How many answers are alike.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    sentences: usize,
    alike: usize,
    /// Tokens of all answers of Qwark.
    tokens: usize,
    /// Sentences whose answers differ.
    different: Vec<String>,
}

/// Asks both engines.
///
/// # Errors
/// A sentence cannot be made a prompt, or an engine fails.
pub fn compare<'s>(opened: &Opened<'_>, engines: [&mut dyn Engine; 2], sentences: impl Iterator<Item = &'s str>) -> Result<Report> {
    let [qwark, peer] = engines;
    let mut report = Report::default();
    for sentence in sentences {
        let chat = Chat { enable_thinking: Some(false), ..Chat::new(vec![Message::new(Role::User, sentence.to_owned())]) };
        let prompt = opened.template.encode(&opened.tokenizer, &chat).with_context(|| sentence.to_owned())?;
        let ends = |token: u32| opened.tokenizer.eog().contains(&token);
        let answer = likeliest(qwark, &prompt, ends)?;
        report.sentences += 1;
        report.tokens += answer.len();
        if answer == likeliest(peer, &prompt, ends)? {
            report.alike += 1;
        } else {
            report.different.push(sentence.to_owned());
        }
    }
    Ok(report)
}

/// The likeliest token after `prompt`, the likeliest after that, and so on to the answer's end.
fn likeliest(engine: &mut dyn Engine, prompt: &[u32], ends: impl Fn(u32) -> bool) -> Result<Vec<u32>> {
    let mut tokens = prompt.to_vec();
    while tokens.len() < (prompt.len() + MOST).min(CONTEXT) {
        let logits = engine.logits(&tokens)?;
        let last = &logits[logits.len() - engine.vocab()..];
        let best = last.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).context("an empty vocabulary")?.0;
        tokens.push(u32::try_from(best)?);
        if ends(tokens[tokens.len() - 1]) {
            break;
        }
    }
    Ok(tokens.split_off(prompt.len()))
}

impl Report {
    /// Writes the report for people.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let Report { sentences, alike, tokens, different } = self;
        writeln!(out, "{alike} of {sentences} answers, {tokens} tokens, are the same by both engines")?;
        different.iter().try_for_each(|sentence| writeln!(out, "different: {sentence}"))
    }
}
