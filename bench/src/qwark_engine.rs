//! Qwark as one of the two engines.

use anyhow::Result;
use qwark::bench;
use qwark::engine::{EngineOptions, MAX_BATCH, Row};
use qwark::model::Model;
use qwark_kernels::{Kernels, KvDType, Position};

use crate::engine::{Engine, Round, Setup};

/// Qwark with one sequence and an f16 KV cache, like the peer.
pub struct QwarkEngine<'m>(qwark::engine::Engine<'m>);

impl<'m> QwarkEngine<'m> {
    /// An engine for `model`, with the kernels that suit this CPU.
    pub fn new(model: &'m Model<'m>, setup: &Setup) -> Result<Self> {
        let options = EngineOptions {
            kernels: Kernels::detect(),
            threads: setup.threads,
            kv: KvDType::F16,
            context: setup.context,
            sequences: 1,
            outputs: setup.outputs.min(MAX_BATCH),
        };
        Ok(Self(qwark::engine::Engine::new(model, options)?))
    }
}

impl Engine for QwarkEngine<'_> {
    fn name(&self) -> String {
        format!("Qwark {}, {}", env!("CARGO_PKG_VERSION"), self.0.options().kernels.isa())
    }

    fn vocab(&self) -> usize {
        self.0.model().config.vocab
    }

    fn round(&mut self, prompt: &[u32], answer: &[u32]) -> Result<Round> {
        let prefill = bench::prefill(&mut self.0, prompt)?;
        Ok(Round { prefill, decode: bench::decode(&mut self.0, prompt.len(), answer)? })
    }

    fn logits(&mut self, tokens: &[u32]) -> Result<Vec<f32>> {
        let rows: Vec<Row> = (0..).zip(tokens).map(|(pos, &token)| Row { token, at: Position { seq: 0, pos }, logits: true }).collect();
        let mut all = Vec::with_capacity(tokens.len() * self.vocab());
        for batch in rows.chunks(self.0.options().outputs) {
            all.extend_from_slice(self.0.forward(batch)?);
        }
        Ok(all)
    }
}
