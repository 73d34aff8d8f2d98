//! Byte-pair encoding of one word: the adjacent pair of lowest rank is merged, the leftmost first, until none is left.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::merges::{MergeTable, NONE};

/// Words up to this length are merged by scanning all pairs, which beats any bookkeeping.
const SHORT_WORD: usize = 32;

/// Longer words are encoded in pieces of this many bytes, so that positions and links are 32 bits wide.
const MAX_WORD: usize = 1 << 30;

impl MergeTable {
    /// Appends the tokens of `word` to `out`; `byte_ids` are the tokens of the single bytes.
    pub fn encode(&self, word: &[u8], byte_ids: &[u32; 256], scratch: &mut Scratch, out: &mut Vec<u32>) {
        for piece in word.chunks(MAX_WORD) {
            let ids = piece.iter().map(|&byte| byte_ids[usize::from(byte)]);
            if piece.len() <= SHORT_WORD {
                self.encode_short(ids, out);
            } else {
                self.encode_long(ids, scratch, out);
            }
        }
    }

    /// At most `SHORT_WORD` symbols, quadratic in their number.
    fn encode_short(&self, symbols: impl Iterator<Item = u32>, out: &mut Vec<u32>) {
        let mut ids = [0; SHORT_WORD];
        let mut len = 0;
        for (slot, id) in ids.iter_mut().zip(symbols) {
            *slot = id;
            len += 1;
        }
        // ranks[i]: of the pair that begins at symbol i; the last symbol begins none.
        let mut ranks = [NONE; SHORT_WORD];
        for i in 1..len {
            ranks[i - 1] = self.rank(ids[i - 1], ids[i]);
        }
        while let Some((at, &rank)) = ranks[..len].iter().enumerate().min_by_key(|(_, rank)| **rank)
            && rank != NONE
        {
            ids[at] = self.merged(rank);
            ids.copy_within(at + 2..len, at + 1);
            ranks.copy_within(at + 2..len, at + 1);
            len -= 1;
            ranks[at] = if at + 1 < len { self.rank(ids[at], ids[at + 1]) } else { NONE };
            if at > 0 {
                ranks[at - 1] = self.rank(ids[at - 1], ids[at]);
            }
        }
        out.extend_from_slice(&ids[..len]);
    }

    /// Any number of symbols n, in O(n log n): a heap of the pairs that can be merged over a linked list of symbols.
    fn encode_long(&self, symbols: impl ExactSizeIterator<Item = u32>, scratch: &mut Scratch, out: &mut Vec<u32>) {
        let Scratch { list, heap } = scratch;
        let end = symbols.len() as u32;
        list.clear();
        list.extend(symbols.zip(0..end).map(|(id, at)| Symbol {
            id,
            prev: at.checked_sub(1).unwrap_or(NONE),
            next: if at + 1 < end { at + 1 } else { NONE },
            rank: NONE,
        }));
        let mut pairs = std::mem::take(heap).into_vec();
        pairs.clear();
        for at in 1..list.len() {
            let rank = self.rank(list[at - 1].id, list[at].id);
            list[at - 1].rank = rank;
            if rank != NONE {
                pairs.push(Reverse((rank, at as u32 - 1)));
            }
        }
        *heap = BinaryHeap::from(pairs);
        while let Some(Reverse((rank, at))) = heap.pop() {
            let symbol = list[at as usize];
            // The pair was merged away, or became another one, since it was put on the heap.
            if symbol.rank != rank {
                continue;
            }
            let gone = std::mem::replace(&mut list[symbol.next as usize], Symbol::GONE);
            list[at as usize] = Symbol { id: self.merged(rank), prev: symbol.prev, next: gone.next, rank: NONE };
            if gone.next != NONE {
                list[gone.next as usize].prev = at;
                self.push_pair(at, list, heap);
            }
            if symbol.prev != NONE {
                self.push_pair(symbol.prev, list, heap);
            }
        }
        out.extend(list.iter().filter(|s| s.id != NONE).map(|s| s.id));
    }

    /// Ranks the pair that begins at `at`, which has a next symbol, and queues it if it can be merged.
    fn push_pair(&self, at: u32, list: &mut [Symbol], heap: &mut BinaryHeap<Reverse<(u32, u32)>>) {
        let Symbol { id, next, .. } = list[at as usize];
        let rank = self.rank(id, list[next as usize].id);
        list[at as usize].rank = rank;
        if rank != NONE {
            heap.push(Reverse((rank, at)));
        }
    }
}

/// Memory of [`MergeTable::encode`], kept from word to word.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    list: Vec<Symbol>,
    /// Rank and first symbol of pairs; an entry whose rank is no longer the symbol's is void.
    heap: BinaryHeap<Reverse<(u32, u32)>>,
}

/// A node of the linked list; nodes stay where they are, in the order of the text.
#[derive(Debug, Clone, Copy)]
struct Symbol {
    id: u32,
    prev: u32,
    next: u32,
    /// Rank of the pair with the next symbol.
    rank: u32,
}

impl Symbol {
    /// Merged into its predecessor.
    const GONE: Self = Self { id: NONE, prev: NONE, next: NONE, rank: NONE };
}

#[cfg(test)]
mod tests {
    use super::super::merges::Merge;
    use super::*;

    /// Tokens 0..256 are the bytes; merges are given as (left, right) and become 256, 257, ...
    fn table(pairs: &[(u32, u32)]) -> MergeTable {
        let mut table = MergeTable::with_capacity(pairs.len());
        for (&(left, right), merged) in pairs.iter().zip(256..) {
            table.push(Merge { left, right, merged });
        }
        table
    }

    fn byte_ids() -> [u32; 256] {
        std::array::from_fn(|byte| byte as u32)
    }

    fn encode(table: &MergeTable, word: &[u8]) -> Vec<u32> {
        let mut out = Vec::new();
        table.encode(word, &byte_ids(), &mut Scratch::default(), &mut out);
        out
    }

    const A: u32 = b'a' as u32;
    const B: u32 = b'b' as u32;

    #[test]
    fn lowest_rank_first_then_leftmost() {
        let table = table(&[(B, B), (A, B), (A, A), (256, A)]);
        assert_eq!(encode(&table, b"abb"), [A, 256]);
        assert_eq!(encode(&table, b"bbb"), [256, B]);
        assert_eq!(encode(&table, b"aaa"), [258, A]);
        assert_eq!(encode(&table, b"bba"), [259]);
        assert_eq!(encode(&table, b""), [0; 0]);
    }

    #[test]
    fn the_later_of_two_equal_merges_counts() {
        let table = table(&[(A, B), (A, A), (A, B)]);
        assert_eq!(encode(&table, b"aab"), [257, B]);
        assert_eq!(encode(&table, b"ab"), [258]);
    }

    #[test]
    fn both_ways_agree() {
        let table = table(&[(A, B), (256, 256), (B, A), (A, A), (257, A), (259, 259)]);
        // All words over {a, b} of 12 letters.
        for bits in 0..1u32 << 12 {
            let word: Vec<u8> = (0..12).map(|i| b'a' + (bits >> i & 1) as u8).collect();
            let ids = || word.iter().map(|&byte| u32::from(byte));
            let (mut short, mut long) = (Vec::new(), Vec::new());
            table.encode_short(ids(), &mut short);
            table.encode_long(ids(), &mut Scratch::default(), &mut long);
            assert_eq!(short, long, "{}", word.escape_ascii());
        }
    }
}
