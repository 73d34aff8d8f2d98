//! The model that a command runs: the file of `-m`, or the one that is built in, in its packed form.

use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use super::args::Common;
use super::output;
use crate::cache::{Cache, CacheError, Cached, Step, default_dir, limit_from_env};
use crate::gguf::{Gguf, Mapping};
use crate::pack::pack_in_memory;

/// A mapped model, to be run.
pub(super) struct ModelFile {
    /// The file of `-m`, or the model that is built in.
    named: Mapping,
    /// What is run in its place.
    packed: Option<Packed>,
    /// When opening it began; if it was packed first, the time after that.
    pub opened_since: Instant,
}

/// Where a packed form is.
enum Packed {
    Cached(Cached),
    /// In this process alone. The built-in model is small: packing it takes less time than knowing a packed file again.
    InMemory(Mapping),
}

impl ModelFile {
    /// What is run.
    pub fn mapping(&self) -> &Mapping {
        match &self.packed {
            None => &self.named,
            Some(Packed::Cached(cached)) => &cached.mapping,
            Some(Packed::InMemory(packed)) => packed,
        }
    }

    /// Whether it is a packed form of what `-m` names.
    pub fn is_packed(&self) -> bool {
        self.packed.is_some()
    }

    /// Whether `path` leads to the file of `-m` or to what is run, neither of which must be written.
    pub fn is_part(&self, path: &Path) -> bool {
        output::is_part_of(&self.named, path) || output::is_part_of(self.mapping(), path)
    }
}

impl Common {
    /// Maps what is to be run for `-m`: a file is packed into the cache where it was not yet, the built-in model into memory. Where that
    /// cannot be, a line says why, and it is run as it is.
    pub fn map_to_run(&self) -> Result<ModelFile> {
        let mut file = self.map_as_it_is()?;
        if !self.no_cache {
            match self.packed(&mut file) {
                Ok(packed) => file.packed = packed,
                Err(error) => output::note(&format!("qwark: running it unpacked: {}\n", output::one_line(&error))),
            }
        }
        file.mapping().prefetch();
        Ok(file)
    }

    /// Maps the file of `-m`, or the built-in model, to run it as it is.
    pub fn map_as_it_is(&self) -> Result<ModelFile> {
        let opened_since = Instant::now();
        Ok(ModelFile { named: self.map()?, packed: None, opened_since })
    }

    /// The cache that the options and the environment name.
    pub fn cache(&self) -> Result<Cache, CacheError> {
        Ok(Cache::new(default_dir()?, self.cache_limit.map_or_else(limit_from_env, Ok)?))
    }

    /// The packed form, if it has one.
    fn packed(&self, file: &mut ModelFile) -> Result<Option<Packed>> {
        if self.model.is_none() {
            let parts = file.named.parts();
            return Ok(Some(Packed::InMemory(pack_in_memory(&Gguf::parse(&parts)?, &self.model_name())?)));
        }
        let cache = self.cache()?;
        let mut report = Report { model: self.model_name(), cache: &cache, shown: None };
        let cached = cache.open(&file.named, &mut |step, done, total| report.progress(step, done, total))?;
        if report.has_ended_packing() {
            file.opened_since = Instant::now();
        }
        Ok(cached.map(Packed::Cached))
    }
}

/// Bars on a terminal, and a line when packing begins, which is once for each model.
struct Report<'c> {
    model: String,
    cache: &'c Cache,
    shown: Option<(Step, ProgressBar)>,
}

impl Report<'_> {
    fn progress(&mut self, step: Step, done: u64, total: u64) {
        if self.shown.as_ref().is_none_or(|(shown, _)| *shown != step) {
            self.begin(step);
        }
        if let Some((_, bar)) = &self.shown {
            bar.set_length(total);
            bar.set_position(done);
            if done == total {
                bar.finish_and_clear();
            }
        }
    }

    fn begin(&mut self, step: Step) {
        let what = match step {
            Step::Hashing => "reading the model",
            Step::Packing => "packing it",
            Step::Checking => "checking the packed file",
        };
        if step == Step::Packing {
            let dir = self.cache.dir().display();
            output::note(&format!("qwark: packing {} once, into {dir} (--no-cache runs it as it is)\n", self.model));
        }
        let bar = ProgressBar::new(0).with_message(what);
        if let Ok(style) = ProgressStyle::with_template("{msg} {bar:30} {bytes}/{total_bytes}") {
            bar.set_style(style);
        }
        self.shown = Some((step, bar));
    }

    fn has_ended_packing(&self) -> bool {
        self.shown.as_ref().is_some_and(|(step, _)| *step == Step::Packing)
    }
}

impl Drop for Report<'_> {
    fn drop(&mut self) {
        if let Some((_, bar)) = &self.shown {
            bar.finish_and_clear();
        }
    }
}
