//! Automata as terminals of a Lark grammar in llguidance's dialect: regexes as large as can be, as a lexer reads them fastest.

use super::regex::{Graph, NodeId};

/// A regex of at least so many bytes that stands at several places becomes a terminal of its own.
const SHARED_LEN: usize = 24;

/// A part of a terminal: one regex, or Lark's own notation where it names another terminal.
#[derive(Clone)]
enum Part {
    Regex(String),
    Lark(String),
}

impl Part {
    /// As Lark writes it.
    fn lark(&self) -> String {
        match self {
            Part::Regex(regex) => format!("/{regex}/"),
            Part::Lark(text) => text.clone(),
        }
    }

    fn then(self, next: &Part) -> Part {
        match (self, next) {
            (Part::Regex(a), Part::Regex(b)) => Part::Regex(a + b),
            (first, Part::Regex(empty)) if empty.is_empty() => first,
            (first, next) => Part::Lark(format!("{} {}", first.lark(), next.lark())),
        }
    }

    /// One of `parts`, or nothing at all if `optional`.
    fn any(parts: Vec<Part>, optional: bool) -> Part {
        let mark = if optional { "?" } else { "" };
        match parts.as_slice() {
            [] => Part::Regex(String::new()),
            [only] if !optional => only.clone(),
            parts => {
                let regexes: Option<Vec<&str>> =
                    parts.iter().map(|part| if let Part::Regex(text) = part { Some(&**text) } else { None }).collect();
                match regexes {
                    Some(regexes) => Part::Regex(format!("(?:{}){mark}", regexes.join("|"))),
                    None => Part::Lark(format!("({}){mark}", parts.iter().map(Part::lark).collect::<Vec<_>>().join(" | "))),
                }
            }
        }
    }
}

/// Appends the definition of the terminal `name`, which is every text of `graph` from one of `starts`.
pub(super) fn write_terminal(name: &str, graph: &Graph, starts: &[NodeId], out: &mut String) {
    let mut uses = vec![0u32; graph.nodes.len()];
    for &(_, next) in graph.nodes.iter().flat_map(|node| &node.edges) {
        uses[next] += 1;
    }
    let mut parts: Vec<Part> = Vec::with_capacity(graph.nodes.len());
    // A node's edges lead to nodes before it.
    for (id, node) in graph.nodes.iter().enumerate() {
        let mut groups: Vec<(NodeId, Vec<char>)> = Vec::new();
        for &(c, next) in &node.edges {
            match groups.iter_mut().find(|(to, _)| *to == next) {
                Some((_, chars)) => chars.push(c),
                None => groups.push((next, vec![c])),
            }
        }
        let alternatives = groups.iter().map(|(next, chars)| Part::Regex(class(chars)).then(&parts[*next])).collect();
        let mut part = Part::any(alternatives, node.accepts);
        if uses[id] > 1 && part.lark().len() > SHARED_LEN {
            *out += &format!("{name}_N{id}: {}\n", part.lark());
            part = Part::Lark(format!("{name}_N{id}"));
        }
        parts.push(part);
    }
    let whole = Part::any(starts.iter().map(|&start| parts[start].clone()).collect(), false);
    *out += &format!("{name}: {}\n", whole.lark());
}

/// A regex for any one of `chars`, which are sorted.
fn class(chars: &[char]) -> String {
    if let [only] = chars {
        return escaped(*only);
    }
    let mut text = "[".to_owned();
    for run in chars.chunk_by(|a, b| u32::from(*a) + 1 == u32::from(*b)) {
        let (first, last) = (escaped(run[0]), escaped(run[run.len() - 1]));
        text += &match run.len() {
            1 => first,
            2 => first + &last,
            _ => format!("{first}-{last}"),
        };
    }
    text + "]"
}

/// A regex for `c`.
fn escaped(c: char) -> String {
    // Behind a backslash, some mean something else.
    if c.is_ascii_punctuation() && !"_\"<>".contains(c) { format!("\\{c}") } else { c.to_string() }
}
