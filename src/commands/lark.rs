//! The grammar of answers, for a decoder that may only generate such.

use super::json::quote;
use super::regex::{Graph, NodeId};
use super::terminal::write_terminal;
use super::{CommandSet, CommandSpec, Kind, MAX_COMMANDS};
use crate::grammar::{Grammar, TextPlace};

impl CommandSet {
    /// What answers are constrained to: [`CommandSet::lark`], and where the texts are.
    pub fn grammar(&self) -> Grammar {
        let texts = self.commands.iter().flat_map(|spec| {
            spec.params.iter().filter_map(|param| match param.kind {
                Kind::Text { max_len } => {
                    Some(TextPlace { line_begins: format!("{{\"{}\":{{", spec.name), before: format!("\"{}\":\"", param.name), max_len })
                }
                _ => None,
            })
        });
        Grammar::Lines { lark: self.lark(), most: MAX_COMMANDS, texts: texts.collect() }
    }

    /// A Lark grammar in llguidance's dialect of exactly the answers that [`CommandSet::parse_answer`] reads.
    ///
    /// A command is a rule of literal text and one terminal for each parameter. (Measured: masks over a vocabulary of 151,643 take half as
    /// long as with one terminal for a whole command.)
    pub fn lark(&self) -> String {
        let names = |alone: bool| {
            let names =
                self.commands.iter().enumerate().filter(|(_, spec)| spec.alone == alone).map(|(index, _)| format!("command_{index}"));
            names.collect::<Vec<_>>().join(" | ")
        };
        let mut grammar = format!("// The answers of the command set {}, version {}.\n", self.name, self.version);
        let several = format!("command (\"\\n\" command){{0,{}}}", MAX_COMMANDS - 1);
        let (beside, alone) = (names(false), names(true));
        let answers = [(&beside, several.as_str()), (&alone, "alone")];
        let answers = answers.iter().filter(|(names, _)| !names.is_empty()).map(|(_, answer)| *answer);
        grammar += &format!("start: {}\n", answers.collect::<Vec<_>>().join(" | "));
        for (name, names) in [("command", beside), ("alone", alone)] {
            if !names.is_empty() {
                grammar += &format!("{name}: {names}\n");
            }
        }
        for (index, spec) in self.commands.iter().enumerate() {
            spec.write_rule(index, &mut grammar);
        }
        grammar
    }
}

impl CommandSpec {
    fn write_rule(&self, index: usize, out: &mut String) {
        let name = |number: usize| format!("P{index}_{number}");
        for (number, param) in self.params.iter().enumerate() {
            *out += &format!("// {}\n", self.place(param));
            param.kind.write_terminal(&name(number), out);
        }
        *out += &format!("command_{index}: {}\n", self.right_side(name));
    }

    /// What the command's texts are, with literals, alternatives and optional parts as Lark and GBNF both write them; `name` is that of
    /// the values of the parameter with this number.
    pub(super) fn right_side(&self, name: impl Fn(usize) -> String) -> String {
        // The first parameter that is there has no comma before it: each that can be the first one begins an alternative.
        let firsts = self.params.iter().position(|param| !param.optional).map_or(self.params.len(), |required| required + 1);
        let mut bodies: Vec<String> = (0..firsts).map(|first| self.body(first, &name)).collect();
        if self.params.iter().all(|param| param.optional) {
            bodies.push(quote(&format!("{{\"{}\":{{", self.name)));
        }
        let bodies = if let [only] = bodies.as_slice() { only.clone() } else { format!("({})", bodies.join(" | ")) };
        format!("{bodies} \"}}}}\"")
    }

    /// The command up to the parameter `first`, which is the first one that is there, and those after it.
    fn body(&self, first: usize, name: &impl Fn(usize) -> String) -> String {
        let mut body = String::new();
        for (number, param) in self.params.iter().enumerate().skip(first) {
            let (key, value) = (format!("\"{}\":", param.name), name(number));
            body += &match number {
                _ if number == first => format!("{} {value}", quote(&format!("{{\"{}\":{{{key}", self.name))),
                _ if param.optional => format!(" ({} {value})?", quote(&format!(",{key}"))),
                _ => format!(" {} {value}", quote(&format!(",{key}"))),
            };
        }
        body
    }
}

impl Kind {
    /// Appends the terminal `name` of this kind's values.
    fn write_terminal(&self, name: &str, out: &mut String) {
        if let Kind::Text { max_len } = self {
            *out += &format!("{name}: /\"(?:[^\"\\\\\\x00-\\x1f\\x7f]|\\\\[\"\\\\]){{0,{max_len}}}\"/\n");
            return;
        }
        let (graph, starts) = self.automaton();
        write_terminal(name, &graph, &starts, out);
    }

    /// The texts of this kind's values, but for strings, as an automaton, and where it begins.
    pub(super) fn automaton(&self) -> (Graph, Vec<NodeId>) {
        let mut graph = Graph::default();
        let starts = match self {
            Kind::Int { .. } | Kind::Float { .. } => {
                self.range().map_or_else(Vec::new, |range| graph.numbers(range, matches!(self, Kind::Float { .. })))
            }
            Kind::Enum(values) => {
                let mut words: Vec<Vec<char>> = values.iter().map(|value| quote(value).chars().collect()).collect();
                words.sort();
                vec![graph.words(&words, 0)]
            }
            Kind::Bool => vec![graph.words(&["false", "true"].map(|word| word.chars().collect()), 0)],
            Kind::Text { .. } => Vec::new(),
        };
        (graph, starts)
    }
}
