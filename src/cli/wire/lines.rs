use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::capture::{Header, Record, View};
use crate::cli::output;

/// Prints frames and what happened between them: a line each, for people or as JSON.
#[derive(Clone, Copy)]
pub(super) struct Lines {
    pub json: bool,
}

impl Lines {
    /// What a capture says of itself.
    pub fn header(self, header: &Header) -> Result<()> {
        if self.json { output::json(header) } else { output::stream(&format!("{header}\n")) }
    }

    /// A frame of a capture or of a monitor.
    pub fn record(self, record: &Record) -> Result<()> {
        let Record { t_us, connection, client, sent, ref frame } = *record;
        let view = View::new(frame);
        if self.json {
            let mut object = Map::new();
            for (name, value) in
                [("t_us", json!(t_us)), ("connection", json!(connection)), ("client", json!(client)), ("sent", json!(sent))]
            {
                object.insert(name.to_owned(), value);
            }
            return self.object(object, &view);
        }
        let client = if client == 0 { String::new() } else { format!("/{client}") };
        let echo = if view.is_from_runtime().is_some_and(|from_runtime| from_runtime != sent) { " (an echo)" } else { "" };
        output::stream(&format!("{:>12.6} {:<5} {view}{echo}\n", seconds(t_us), format!("{connection}{client}")))
    }

    /// A frame that was heard on a line, at the time `t_us` if that is known.
    pub fn heard(self, t_us: Option<u64>, view: &View<'_>) -> Result<()> {
        if self.json {
            return self.object(t_us.map(|t_us| ("t_us".to_owned(), json!(t_us))).into_iter().collect(), view);
        }
        output::stream(&format!("{}{view}\n", time(t_us)))
    }

    /// Something that is not a frame: `text` for people, `value` under `name` as JSON.
    pub fn note(self, t_us: Option<u64>, text: &str, name: &str, value: impl Into<Value>) -> Result<()> {
        if self.json {
            let time = t_us.map(|t_us| ("t_us".to_owned(), json!(t_us)));
            let note = (name.to_owned(), value.into());
            return output::json(&time.into_iter().chain([note]).collect::<Map<_, _>>());
        }
        output::stream(&format!("{}-- {text}\n", time(t_us)))
    }

    fn object(self, mut object: Map<String, Value>, view: &View<'_>) -> Result<()> {
        object.extend(view.to_json());
        output::json(&object)
    }
}

fn time(t_us: Option<u64>) -> String {
    t_us.map_or_else(String::new, |t_us| format!("{:>12.6} ", seconds(t_us)))
}

fn seconds(t_us: u64) -> f64 {
    t_us as f64 / 1e6
}
