//! The system prompt: what a model is told about a set, in few words, as each costs time.

use super::{CommandSet, CommandSpec, Kind, MAX_COMMANDS};

/// Most values of an enum that the prompt names.
const LISTED_VALUES: usize = 64;

impl CommandSet {
    /// What a model is to be told so that it answers sentences with this set's commands. The same set gives the same text.
    pub fn prompt(&self) -> String {
        let mut prompt = format!(
            "Turn the sentence into 1 to {MAX_COMMANDS} commands for a robot, one line of JSON each, in the order in which they are to be done.\n\
             Leave out optional parameters (?) that were not asked for.\n\nCommands:\n"
        );
        for spec in &self.commands {
            prompt += &spec.line();
        }
        if !self.guidance.is_empty() {
            prompt += &format!("\n{}\n", self.guidance.trim());
        }
        for example in &self.examples {
            // Examples were checked when the set was read.
            if let Ok(answer) = self.answer(&example.commands) {
                prompt += &format!("\nSentence: {}\n{answer}\n", example.text);
            }
        }
        prompt
    }
}

impl CommandSpec {
    /// `drive {distance: -10.0..10.0 m, step 0.01; speed?: 0.05..1.0 m/s, step 0.05} Drive straight.`
    fn line(&self) -> String {
        let params = self.params.iter().map(|param| {
            let mark = if param.optional { "?" } else { "" };
            let doc = if param.doc.is_empty() { String::new() } else { format!(" ({})", one_line(&param.doc)) };
            format!("{}{mark}: {}{doc}", param.name, param.kind.summary())
        });
        let alone = if self.alone { " Alone in an answer." } else { "" };
        let line = format!("{} {{{}}} {}{alone}", self.name, params.collect::<Vec<_>>().join("; "), one_line(&self.doc));
        format!("{}\n", line.trim_end())
    }
}

impl Kind {
    /// The values in few words: `-10.0..10.0 m, step 0.01`.
    pub(super) fn summary(&self) -> String {
        match self {
            Kind::Int { .. } | Kind::Float { .. } => self.range().map_or_else(String::new, |[min, max, step]| {
                let [min, max, step] = [min, max, step].map(|number| self.spell(number));
                let unit = if self.unit().is_empty() { String::new() } else { format!(" {}", one_line(self.unit())) };
                let step = if step == "1" { String::new() } else { format!(", step {step}") };
                format!("{min}..{max}{unit}{step}")
            }),
            Kind::Enum(values) => {
                let listed: Vec<&str> = values.iter().take(LISTED_VALUES).map(String::as_str).collect();
                let more = if values.len() > LISTED_VALUES { format!("|... ({} in all)", values.len()) } else { String::new() };
                format!("{}{more}", listed.join("|"))
            }
            Kind::Bool => "true|false".to_owned(),
            Kind::Text { max_len } => format!("text of at most {max_len} characters"),
        }
    }
}

/// `text` without line breaks.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
