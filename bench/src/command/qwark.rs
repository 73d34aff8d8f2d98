//! Qwark with the prompts' beginning in a snapshot.

use std::path::Path;
use std::time::Instant;

use anyhow::{Result, ensure};
use qwark::cache::Cache;
use qwark::commands::{AnswerReader, CommandSet, NotACommand};
use qwark::gguf::Mapping;
use qwark::runtime::{Commander as Orders, OpenOptions, Opened, Reply, Runtime};
use qwark::scheduler::{ClientId, RequestKey};
use qwark_wire::Reason;

use super::engine::{Commander, Opening, Said, Sentence};
use crate::engine::Setup;

/// A runtime with a command set.
pub struct Qwark<'m> {
    runtime: Runtime<'m>,
    orders: Orders,
    asked: u32,
}

impl<'m> Qwark<'m> {
    /// A runtime for the mapped model, whose snapshot goes into `cache`.
    pub fn new(opened: &'m Opened<'m>, mapping: &Mapping, setup: &Setup, opening: &Opening, cache: &Path) -> Result<Self> {
        let options = OpenOptions { threads: Some(setup.threads), context: Some(setup.context), ..OpenOptions::default() };
        let mut runtime = opened.runtime(&options)?;
        let orders = Orders::new(&runtime, CommandSet::parse(&opening.set)?)?;
        runtime.begin_with(orders.beginning(), mapping, &Cache::new(cache.to_owned(), u64::MAX), |_| ())?;
        orders.explore(&runtime);
        Ok(Self { runtime, orders, asked: 0 })
    }
}

impl Commander for Qwark<'_> {
    fn name(&self) -> String {
        format!("Qwark {}, {}", env!("CARGO_PKG_VERSION"), self.runtime.engine().options().kernels.isa())
    }

    fn answer(&mut self, sentence: &Sentence) -> Result<Said> {
        self.asked += 1;
        let key = RequestKey { client: ClientId(0), id: self.asked };
        let mut reader = AnswerReader::new(self.orders.set());
        let head = self.runtime.engine().head_time();
        let (start, mut first, mut text, mut end, mut replies) = (Instant::now(), None, String::new(), None, Vec::new());
        let mut request = self.orders.request(&sentence.text);
        request.params.script.clone_from(&sentence.answer);
        self.runtime.submit(key, &request, start)?;
        let mut take = |line: &str, _| {
            first.get_or_insert_with(|| start.elapsed());
            text += line;
            text.push('\n');
            Ok::<(), NotACommand>(())
        };
        while end.is_none() {
            self.runtime.step(|_| true, &mut |reply| replies.push(reply))?;
            for reply in replies.drain(..) {
                match reply {
                    Reply::Text { text, .. } => reader.push(&text, &mut take)?,
                    Reply::Done { finished, work, .. } => end = Some((finished, work)),
                }
            }
        }
        reader.finish()?;
        let total = start.elapsed();
        let Some((finished, work)) = end else { anyhow::bail!("no end") };
        ensure!(finished.reason == Reason::Stop, "the answer ended early: {:?}", finished.reason);
        Ok(Said {
            text,
            first_s: first.unwrap_or(total).as_secs_f64(),
            total_s: total.as_secs_f64(),
            prompt_s: finished.timings.prefill.as_secs_f64(),
            grammar_s: work.grammar.as_secs_f64(),
            head_s: (self.runtime.engine().head_time() - head).as_secs_f64(),
            tokens: finished.output_tokens,
            chosen: work.chosen,
            guessed: work.guessed,
        })
    }
}
