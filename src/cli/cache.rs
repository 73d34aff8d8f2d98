use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde_json::{Value, json};

use super::args::{CacheAction, CacheArgs, Common};
use super::output::{self, bytes};
use crate::cache::{Cache, Entry, State};

pub(super) fn run(common: &Common, args: &CacheArgs) -> Result<()> {
    let cache = common.cache()?;
    match args.action {
        None => list(common, &cache),
        Some(CacheAction::Clear) => clear(common, &cache),
    }
}

fn list(common: &Common, cache: &Cache) -> Result<()> {
    let entries = cache.entries()?;
    if common.json {
        return output::json(&json!({
            "dir": cache.dir(), "bytes": total(&entries), "limit": cache.limit(),
            "files": entries.iter().map(entry_json).collect::<Vec<_>>(),
        }));
    }
    let mut text =
        format!("{}: {}, {} of at most {}\n", cache.dir().display(), files(&entries), bytes(total(&entries)), bytes(cache.limit()));
    for entry in &entries {
        let state = match entry.state {
            State::Ready | State::Prompt => "",
            State::Unfinished => ", unfinished",
            State::Unknown => ", not of this version",
        };
        let in_use = if entry.in_use { ", in use" } else { "" };
        let source = match (entry.state, entry.sources.last()) {
            (State::Prompt, _) => "a prompt that was read".to_owned(),
            (_, Some(source)) => format!("packed from {source}"),
            (_, None) => "packed from a model that is not known".to_owned(),
        };
        text += &format!("{:>10}  {}{in_use}{state}\n            {source}\n", bytes(entry.bytes), ago(entry.used));
    }
    output::stream(&text)
}

fn clear(common: &Common, cache: &Cache) -> Result<()> {
    let removed = cache.clear()?;
    let kept = cache.entries()?;
    if common.json {
        return output::json(&json!({
            "dir": cache.dir(), "removed": removed.len(), "removed_bytes": total(&removed), "in_use": kept.len(), "in_use_bytes": total(&kept),
        }));
    }
    let kept = if kept.is_empty() { String::new() } else { format!("; {}, {}, in use and kept", files(&kept), bytes(total(&kept))) };
    output::stream(&format!("{}: removed {}, {}{kept}\n", cache.dir().display(), files(&removed), bytes(total(&removed))))
}

fn entry_json(entry: &Entry) -> Value {
    json!({
        "file": entry.path, "bytes": entry.bytes, "sha256": entry.sha256, "state": entry.state.name(), "in_use": entry.in_use,
        "used": entry.used.duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()), "sources": entry.sources,
    })
}

fn total(entries: &[Entry]) -> u64 {
    entries.iter().map(|entry| entry.bytes).sum()
}

fn files(entries: &[Entry]) -> String {
    match entries.len() {
        1 => "1 file".to_owned(),
        n => format!("{n} files"),
    }
}

/// How long ago that was, in the largest unit of which there is one.
fn ago(time: SystemTime) -> String {
    let seconds = time.elapsed().map_or(0, |age| age.as_secs());
    let (n, unit) = match seconds {
        0..60 => return "used just now".to_owned(),
        60..3600 => (seconds / 60, "minute"),
        3600..86_400 => (seconds / 3600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("used {n} {unit}{} ago", if n == 1 { "" } else { "s" })
}
