//! What the prompts of all sentences begin with: read once for each model and set, and mapped from then on.

use anyhow::Result;

use super::args::Common;
use super::model::ModelFile;
use super::output;
use crate::runtime::Runtime;

/// Fewer tokens are read sooner than a file of theirs is found.
const WORTH_IT: usize = 32;

/// Maps the keys and values of `tokens`, which all prompts begin with. They are computed first where that was not done before. Where there
/// is no place for them, a line says so.
pub(super) fn begin_with(common: &Common, runtime: &mut Runtime<'_>, file: &ModelFile, tokens: &[u32]) {
    if common.no_cache || tokens.len() < WORTH_IT {
        return;
    }
    let mut attach = || -> Result<()> {
        let bar = output::prompt_bar()?;
        bar.set_length(tokens.len() as u64);
        let came = runtime.begin_with(tokens, file.mapping(), &common.cache()?, |done| bar.set_position(done as u64));
        bar.finish_and_clear();
        came.map(drop).map_err(Into::into)
    };
    if let Err(error) = attach() {
        output::note(&format!("qwark: reading the prompt anew: {}\n", output::one_line(&error)));
    }
}
