//! The grammar of answers in GBNF, llama.cpp's notation.

use super::json::quote;
use super::{CommandSet, Kind, MAX_COMMANDS};

impl CommandSet {
    /// A grammar of the answers that [`CommandSet::parse_answer`] reads, in llama.cpp's notation.
    pub fn gbnf(&self) -> String {
        let names = |alone: bool| -> Vec<String> {
            let specs = self.commands.iter().enumerate().filter(|(_, spec)| spec.alone == alone);
            specs.map(|(index, _)| format!("command-{index}")).collect()
        };
        let (beside, alone) = (names(false), names(true));
        let several = (!beside.is_empty()).then(|| format!("command (\"\\n\" command){{0,{}}}", MAX_COMMANDS - 1));
        let answers: Vec<String> = several.into_iter().chain(alone).collect();
        let mut grammar =
            format!("# The answers of the command set {}, version {}.\nroot ::= {}\n", self.name, self.version, answers.join(" | "));
        if !beside.is_empty() {
            grammar += &format!("command ::= {}\n", beside.join(" | "));
        }
        for (index, spec) in self.commands.iter().enumerate() {
            let name = |number: usize| format!("p{index}-{number}");
            grammar += &format!("command-{index} ::= {}\n", spec.right_side(name));
            for (number, param) in spec.params.iter().enumerate() {
                grammar += &format!("# {}\n", spec.place(param));
                param.kind.write_gbnf(&name(number), &mut grammar);
            }
        }
        grammar
    }
}

impl Kind {
    /// Appends the rule `name` of this kind's values, and those that it needs.
    fn write_gbnf(&self, name: &str, out: &mut String) {
        if let Kind::Text { max_len } = self {
            *out += &format!("{name} ::= \"\\\"\" ([^\"\\\\\\x00-\\x1f\\x7f] | \"\\\\\" [\"\\\\]){{0,{max_len}}} \"\\\"\"\n");
            return;
        }
        let (graph, starts) = self.automaton();
        let rule = |id: usize| format!("{name}-{id}");
        *out += &format!("{name} ::= {}\n", starts.iter().map(|&start| rule(start)).collect::<Vec<_>>().join(" | "));
        for (id, node) in graph.nodes.iter().enumerate() {
            let edges = node.edges.iter().map(|&(c, next)| format!("{} {}", quote(&c.to_string()), rule(next)));
            let end = node.accepts.then(|| "\"\"".to_owned());
            *out += &format!("{} ::= {}\n", rule(id), edges.chain(end).collect::<Vec<_>>().join(" | "));
        }
    }
}
