use std::fs::File;
use std::io::{BufWriter, Write};

use anyhow::{Context, Result, ensure};
use byteorder::{LittleEndian, WriteBytesExt};
use qwark_kernels::Position;
use serde_json::json;

use super::args::{Common, LogitsArgs};
use super::output;
use crate::engine::Row;
use crate::runtime::{OpenOptions, Opened};

/// Positions of one step: enough to batch the matrix products, few enough to keep their logits small.
const CHUNK: usize = 32;

pub(super) fn run(common: &Common, args: &LogitsArgs) -> Result<()> {
    let file = common.map_to_run()?;
    let opened = Opened::new(file.mapping()).with_context(|| common.model_name())?;
    let (tokens, vocab) = (&args.tokens, opened.model.config.vocab);
    if let Some(token) = tokens.iter().find(|&&token| token as usize >= vocab) {
        anyhow::bail!("--tokens: {token} is outside the vocabulary of {vocab}");
    }
    let context = common.context.unwrap_or(tokens.len());
    ensure!(tokens.len() <= context, "--tokens: {} tokens do not fit the context of {context}", tokens.len());
    let mut engine = opened.engine(&OpenOptions { context: Some(context), ..common.open_options() }, CHUNK)?;

    let name = || format!("{}", args.out.display());
    // Its weights are read from there.
    ensure!(!file.is_part(&args.out), "{}: this is the model itself", name());
    let mut out = BufWriter::new(File::create(&args.out).with_context(name)?);
    let rows: Vec<Row> = (0..).zip(tokens).map(|(pos, &token)| Row { token, at: Position { seq: 0, pos }, logits: true }).collect();
    for rows in rows.chunks(CHUNK) {
        for &mut logit in engine.forward(rows)? {
            out.write_f32::<LittleEndian>(logit).with_context(name)?;
        }
    }
    out.flush().with_context(name)?;
    if common.json {
        output::json(&json!({ "tokens": tokens.len(), "vocab": vocab, "bytes": tokens.len() * vocab * 4 }))?;
    }
    Ok(())
}
