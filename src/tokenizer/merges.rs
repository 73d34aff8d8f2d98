//! The merges of a vocabulary, found by their pair. With 150,000 of them, what is kept of each decides what a tokenizer takes.

use std::hash::BuildHasher;

use hashbrown::DefaultHashBuilder;

/// No such rank, or no such symbol.
pub(super) const NONE: u32 = u32::MAX;

/// Ranks have 24 bits in a slot, of which one value stands for none.
pub(super) const MAX_MERGES: usize = (1 << RANK_BITS) - 1;
const RANK_BITS: u32 = 24;
const RANK_MASK: u32 = (1 << RANK_BITS) - 1;

/// Slots for so many merges: a quarter stays empty, so that a pair that is not there is known after a few slots.
const SLOTS_PER_MERGES: (usize, usize) = (4, 3);

/// An id has 24 bits ([`MAX_TOKENS`](super::vocabulary::MAX_TOKENS)).
type Id = [u8; 3];

/// `left` followed by `right` becomes `merged`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Merge {
    pub left: u32,
    pub right: u32,
    pub merged: u32,
}

/// All merges. The rank of a merge is its index.
#[derive(Debug)]
pub(super) struct MergeTable {
    pairs: Vec<[Id; 2]>,
    /// Empty where the tokens that merges make are numbered as the merges are, as in every trained vocabulary.
    merged: Vec<Id>,
    /// What the first merge makes.
    first: u32,
    /// Ranks by the hash of the pair, each in the first free slot from its own on. The highest byte is one of the hash, so that
    /// other pairs are told apart without looking at them.
    slots: Vec<u32>,
    hasher: DefaultHashBuilder,
}

impl MergeTable {
    /// A table to be filled with at most `capacity` merges, which are at most [`MAX_MERGES`].
    pub fn with_capacity(capacity: usize) -> MergeTable {
        let (slots, of) = SLOTS_PER_MERGES;
        MergeTable {
            pairs: Vec::with_capacity(capacity),
            merged: Vec::new(),
            first: 0,
            slots: vec![NONE; capacity * slots / of + 1],
            hasher: DefaultHashBuilder::default(),
        }
    }

    /// Appends the merge of the next rank. Of two merges of one pair the later one counts, as in Hugging Face's tokenizers.
    pub fn push(&mut self, Merge { left, right, merged }: Merge) {
        let rank = self.pairs.len() as u32;
        if rank == 0 {
            self.first = merged;
        } else if self.merged.is_empty() && merged != self.first + rank {
            self.merged.extend((0..rank).map(|rank| id(self.first + rank)));
        }
        if !self.merged.is_empty() {
            self.merged.push(id(merged));
        }
        let pair = [id(left), id(right)];
        self.pairs.push(pair);
        let (slot, tag) = self.find(pair);
        self.slots[slot] = tag | rank;
    }

    /// Rank of the merge of `left` and `right`, or [`NONE`].
    pub fn rank(&self, left: u32, right: u32) -> u32 {
        match self.slots[self.find([id(left), id(right)]).0] {
            NONE => NONE,
            slot => slot & RANK_MASK,
        }
    }

    /// What the merge of this rank makes.
    pub fn merged(&self, rank: u32) -> u32 {
        match self.merged.get(rank as usize) {
            Some(&[a, b, c]) => u32::from_le_bytes([a, b, c, 0]),
            None => self.first + rank,
        }
    }

    /// The slot that the pair has, or would get, and the byte of its hash there. More slots than merges: one is empty always.
    fn find(&self, pair: [Id; 2]) -> (usize, u32) {
        let [[a, b, c], [d, e, f]] = pair;
        let hash = self.hasher.hash_one(u64::from_le_bytes([a, b, c, d, e, f, 0, 0]));
        let tag = (hash as u32) & !RANK_MASK;
        let mut slot = (((hash >> 32) * self.slots.len() as u64) >> 32) as usize;
        loop {
            let found = self.slots[slot];
            if found == NONE || (found & !RANK_MASK == tag && self.pairs[(found & RANK_MASK) as usize] == pair) {
                return (slot, tag);
            }
            slot = if slot + 1 < self.slots.len() { slot + 1 } else { 0 };
        }
    }
}

fn id(id: u32) -> Id {
    let [a, b, c, _] = id.to_le_bytes();
    [a, b, c]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pair_is_found_and_no_other() {
        // Numbered in the order of the merges, and otherwise: from the second on, or at the end only.
        let numbered: [fn(u32) -> u32; 3] = [|i| 256 + i, |i| i * 11, |i| if i < 999 { i } else { 0 }];
        for (count, merged) in [0u32, 1, 2, 3, 1000, 20_000].into_iter().flat_map(|count| numbered.map(|merged| (count, merged))) {
            let mut table = MergeTable::with_capacity(count as usize);
            let pair = |i: u32| (i * 7 % 65_537, 0xff_ffff - i);
            for i in 0..count {
                table.push(Merge { left: pair(i).0, right: pair(i).1, merged: merged(i) });
            }
            for i in 0..count {
                let rank = table.rank(pair(i).0, pair(i).1);
                assert_eq!((rank, table.merged(rank)), (i, merged(i)));
                assert_eq!(table.rank(pair(i).1, pair(i).0), NONE);
            }
            assert_eq!(table.rank(0, 0), NONE);
        }
    }
}
