//! Sets of texts as acyclic automata: the spellings of a parameter's numbers, the names of its values.
//!
//! Equal parts of an automaton are one node, so that what is written out from it (`terminal.rs`) is short: millions of numbers that
//! differ in their last digits share the nodes for these.

use std::collections::HashMap;

use super::Decimal;

/// Most nodes that a range of numbers may need, about.
const MAX_NODES: u64 = 50_000;

/// Which node of a [`Graph`].
pub(super) type NodeId = usize;

/// A state of the automaton: what may come next, in the order of characters.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(super) struct Node {
    /// A text may end here.
    pub accepts: bool,
    pub edges: Vec<(char, NodeId)>,
}

/// Nodes, no two of them equal. A node's edges lead to nodes before it.
#[derive(Debug, Default)]
pub(super) struct Graph {
    pub nodes: Vec<Node>,
    ids: HashMap<Node, NodeId>,
}

impl Graph {
    fn node(&mut self, node: Node) -> NodeId {
        *self.ids.entry(node).or_insert_with_key(|node| {
            self.nodes.push(node.clone());
            self.nodes.len() - 1
        })
    }

    /// The node after which `text` follows, and then what follows `end`.
    fn chain(&mut self, text: &str, end: NodeId) -> NodeId {
        text.chars().rev().fold(end, |next, c| self.node(Node { accepts: false, edges: vec![(c, next)] }))
    }

    /// Texts that are sorted and different. Returns the node before their first character.
    pub fn words(&mut self, sorted: &[Vec<char>], depth: usize) -> NodeId {
        let accepts = sorted.first().is_some_and(|word| word.len() == depth);
        let longer = &sorted[usize::from(accepts)..];
        let groups = longer.chunk_by(|a, b| a[depth] == b[depth]);
        let edges = groups.map(|group| (group[0][depth], self.words(group, depth + 1))).collect();
        self.node(Node { accepts, edges })
    }

    /// The canonical spellings of all multiples of `step` from `min` to `max`, with a point or without. Returns the nodes before their
    /// first characters: a spelling begins at one of them.
    pub fn numbers(&mut self, [min, max, step]: [Decimal; 3], point: bool) -> Vec<NodeId> {
        let decimals = step.decimals();
        // These fit: a limit has at most MAX_DIGITS digits.
        let [min, max, step] = [min, max, step].map(|limit| limit.scaled(decimals) as i64);
        let end = self.node(Node { accepts: true, edges: Vec::new() });
        let end = if point && decimals == 0 { self.chain(".0", end) } else { end };
        let mut numbers = Numbers { graph: self, step: step as u64, decimals, end, known: HashMap::new() };
        let mut starts = Vec::new();
        if max >= 0 {
            starts.extend(numbers.of_any_len(min.max(0) as u64, max as u64));
        }
        if min < 0 {
            let negative = numbers.of_any_len(max.min(-step).unsigned_abs(), min.unsigned_abs());
            starts.extend(negative.into_iter().map(|start| self.chain("-", start)));
        }
        starts
    }
}

/// Numbers without a sign that are multiples of `step`, counted in the last of `decimals` digits after the point.
struct Numbers<'g> {
    graph: &'g mut Graph,
    step: u64,
    decimals: u32,
    /// Where a number ends that has all its digits.
    end: NodeId,
    known: HashMap<(u32, u64, u64), NodeId>,
}

impl Numbers<'_> {
    /// The multiples from `first` to `last`, which are multiples themselves, by the number of their digits before the point.
    fn of_any_len(&mut self, first: u64, last: u64) -> Vec<NodeId> {
        let mut starts = Vec::new();
        for len in self.decimals + 1.. {
            let shortest = if len == self.decimals + 1 { 0 } else { 10u64.pow(len - 1) };
            if shortest > last {
                break;
            }
            starts.extend(self.clip(first, last, shortest, 10u64.pow(len)).map(|(first, last)| self.digits(len, first, last)));
        }
        starts
    }

    /// First and last of the numbers `first`, `first + step`, ... `last` that are at least `from` and below `to`.
    fn clip(&self, first: u64, last: u64, from: u64, to: u64) -> Option<(u64, u64)> {
        let below = from.saturating_sub(first).next_multiple_of(self.step);
        let above = (last + 1).saturating_sub(to).next_multiple_of(self.step);
        (first + below + above <= last).then(|| (first + below, last - above))
    }

    /// The numbers `first`, `first + step`, ... `last` in `len` more digits. Zeros at the end are not written, except right behind the point.
    fn digits(&mut self, len: u32, first: u64, last: u64) -> NodeId {
        if len == 0 {
            return self.end;
        }
        if let Some(&node) = self.known.get(&(len, first, last)) {
            return node;
        }
        let accepts = first == 0 && len < self.decimals;
        let rest = if accepts { self.step } else { first };
        let unit = 10u64.pow(len - 1);
        let mut node = Node { accepts, edges: Vec::new() };
        for (digit, from) in ('0'..='9').zip((0..).step_by(unit as usize)) {
            let Some((first, last)) = self.clip(rest, last, from, from + unit) else { continue };
            let child = self.digits(len - 1, first - from, last - from);
            let child = if len - 1 == self.decimals && self.decimals > 0 { self.graph.chain(".", child) } else { child };
            node.edges.push((digit, child));
        }
        let id = self.graph.node(node);
        self.known.insert((len, first, last), id);
        id
    }
}

/// Whether the automaton of a range of numbers is small: that is always so for a step like 0.05, and for few numbers.
pub(super) fn is_even_enough(min: Decimal, max: Decimal, step: Decimal) -> bool {
    let decimals = step.decimals();
    let count = max.in_steps_of(step).unwrap_or(0).abs_diff(min.in_steps_of(step).unwrap_or(0)) + 1;
    let step = step.scaled(decimals).unsigned_abs();
    let largest = max.scaled(decimals).unsigned_abs().max(min.scaled(decimals).unsigned_abs());
    // With so many digits to come there are at most this many different sets of them.
    let nodes = |unit: u128| unit.min(step / gcd(step, unit)).min(count);
    let units = std::iter::successors(Some(1u128), |unit| (unit * 10 <= largest).then_some(unit * 10));
    units.map(nodes).sum::<u128>() <= u128::from(MAX_NODES)
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}
