//! llama.cpp with the prompts' beginning in its cache and a GBNF grammar.
#![expect(unsafe_code, reason = "calls of a C library")]

use std::ffi::CString;
use std::ptr::NonNull;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use ggml_sys as sys;

use super::engine::{Commander, Opening, Said, Sentence};
use crate::engine::{Engine, Setup};
use crate::llama::Llama;

/// A model, the grammar, and the beginning of all prompts in the context.
pub struct LlamaCommander {
    llama: Llama,
    grammar: Grammar,
    beginning: usize,
    candidates: Vec<sys::llama_token_data>,
}

impl LlamaCommander {
    /// Loads the model and evaluates the beginning.
    pub fn load(setup: &Setup, opening: &Opening) -> Result<Self> {
        let mut llama = Llama::load(setup)?;
        let grammar = Grammar::new(&llama, &opening.gbnf)?;
        llama.evaluate(&opening.beginning)?;
        Ok(Self { llama, grammar, beginning: opening.beginning.len(), candidates: Vec::new() })
    }

    /// The likeliest token that the grammar allows, as llama.cpp's own programs find it: the likeliest of all, if the grammar takes it,
    /// else the likeliest of those that it takes. With a script its token is taken after the same work.
    fn choose(&mut self, scripted: Option<u32>) -> Result<i32> {
        let logits = self.llama.last_logits()?;
        let candidate = |(id, &logit): (usize, &f32)| sys::llama_token_data { id: id as i32, logit, p: 0.0 };
        self.candidates.clear();
        self.candidates.extend(logits.iter().enumerate().map(candidate));
        let best = likeliest(&self.candidates).context("no logits")?;
        let mut alone = [best];
        self.grammar.apply(&mut alone);
        if alone[0].logit == f32::NEG_INFINITY {
            self.grammar.apply(&mut self.candidates);
        }
        let best = likeliest(&self.candidates).filter(|best| best.logit > f32::NEG_INFINITY).context("the grammar allows nothing")?;
        let token = scripted.map_or(best.id, |token| token as i32);
        self.grammar.accept(token);
        Ok(token)
    }
}

impl Commander for LlamaCommander {
    fn name(&self) -> String {
        self.llama.name()
    }

    fn answer(&mut self, sentence: &Sentence) -> Result<Said> {
        self.llama.forget_from(self.beginning)?;
        self.grammar.reset();
        let (start, mut text, mut first, mut sampling, mut tokens) = (Instant::now(), Vec::new(), None, Duration::ZERO, 0);
        self.llama.evaluate(&sentence.tokens)?;
        let prompt = start.elapsed();
        let mut script = sentence.answer.iter().copied();
        loop {
            let begin = Instant::now();
            let token = self.choose(script.next())?;
            sampling += begin.elapsed();
            if self.llama.ends(token) {
                break;
            }
            tokens += 1;
            text.extend_from_slice(&self.llama.piece(token)?);
            if text.contains(&b'\n') {
                first.get_or_insert_with(|| start.elapsed());
            }
            self.llama.evaluate(&[token as u32])?;
        }
        let total = start.elapsed();
        text.push(b'\n');
        Ok(Said {
            text: String::from_utf8(text).context("half a character at the end")?,
            first_s: first.unwrap_or(total).as_secs_f64(),
            total_s: total.as_secs_f64(),
            prompt_s: prompt.as_secs_f64(),
            grammar_s: sampling.as_secs_f64(),
            head_s: 0.0,
            tokens,
            chosen: tokens,
            guessed: 0,
        })
    }
}

fn likeliest(candidates: &[sys::llama_token_data]) -> Option<sys::llama_token_data> {
    candidates.iter().max_by(|a, b| a.logit.total_cmp(&b.logit)).copied()
}

/// llama.cpp's grammar sampler.
struct Grammar(NonNull<sys::llama_sampler>);

impl Grammar {
    fn new(llama: &Llama, gbnf: &str) -> Result<Self> {
        let (gbnf, root) = (CString::new(gbnf)?, c"root");
        // SAFETY: the vocabulary belongs to a live model; both strings are NUL-terminated and outlive the call.
        let sampler = unsafe { sys::llama_sampler_init_grammar(llama.vocabulary(), gbnf.as_ptr(), root.as_ptr()) };
        Ok(Self(NonNull::new(sampler).context("llama.cpp refuses the grammar")?))
    }

    /// Makes the logits of those that are illegal minus infinity.
    fn apply(&mut self, candidates: &mut [sys::llama_token_data]) {
        let mut array = sys::llama_token_data_array { data: candidates.as_mut_ptr(), size: candidates.len(), selected: -1, sorted: false };
        // SAFETY: the sampler is live; the array describes `candidates`, which the grammar sampler changes in place.
        unsafe { sys::llama_sampler_apply(self.0.as_ptr(), &raw mut array) };
    }

    fn accept(&mut self, token: i32) {
        // SAFETY: the sampler is live, and the token was one that it allowed.
        unsafe { sys::llama_sampler_accept(self.0.as_ptr(), token) };
    }

    fn reset(&mut self) {
        // SAFETY: the sampler is live.
        unsafe { sys::llama_sampler_reset(self.0.as_ptr()) };
    }
}

impl Drop for Grammar {
    fn drop(&mut self) {
        // SAFETY: it is live and owned by this value.
        unsafe { sys::llama_sampler_free(self.0.as_ptr()) };
    }
}
