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

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    /// Names of rules in the right side of one: what is left without texts and classes of characters.
    fn rules_in(right: &str) -> Vec<String> {
        let (mut plain, mut closes, mut escaped) = (String::new(), None, false);
        for c in right.chars() {
            match closes {
                None if c == '"' || c == '[' => closes = Some(if c == '"' { '"' } else { ']' }),
                None => plain.push(c),
                Some(_) if std::mem::take(&mut escaped) => {}
                Some(_) if c == '\\' => escaped = true,
                Some(end) if c == end => closes = None,
                Some(_) => {}
            }
        }
        let names = plain.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
        names.filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic())).map(str::to_owned).collect()
    }

    #[test]
    fn every_rule_is_there_once_and_needed() {
        let set = CommandSet::parse(include_str!("../../commands/rover.toml")).unwrap();
        let grammar = set.gbnf();
        let rules: Vec<(&str, &str)> =
            grammar.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_once(" ::= ").unwrap()).collect();
        let by_name: HashMap<&str, &str> = rules.iter().copied().collect();
        assert_eq!(by_name.len(), rules.len(), "two rules of one name");
        let (mut seen, mut open) = (vec!["root".to_owned()], vec!["root".to_owned()]);
        while let Some(name) = open.pop() {
            for rule in rules_in(by_name[name.as_str()]) {
                if !seen.contains(&rule) {
                    seen.push(rule.clone());
                    open.push(rule);
                }
            }
        }
        assert_eq!(seen.len(), rules.len(), "rules that nothing needs");
    }
}
