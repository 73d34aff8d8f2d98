//! The packed layout: eight rows of a matrix side by side, so that one load feeds eight rows and one vector holds eight results.
//!
//! A tile takes the place of eight blocks, one of each of eight neighbouring rows at the same columns. It has the fields of a block in
//! their order, cut into chunks: two bytes for an f16, four bytes for everything else. Of each chunk, row 0's comes first, then
//! row 1's, and so on to row 7's; then follows the next chunk of all eight. The tiles of eight rows follow each other along the
//! columns, then come the next eight rows. Nothing is added or left out: a packed matrix has as many bytes as the plain one, and
//! the plain one can be had back bit for bit. The nibbles of Q4_0 have their highest bit turned over, which makes them two's complement.
//!
//! One load of 16 or 32 bytes then has four neighbouring weights of four or eight rows, as the dot product instructions of ARM and
//! x86 want them, and the scales of eight rows are one vector. ggml's repacked types interleave rows for the same reason
//! (`ggml-cpu/repack.cpp`, `block_q4_0x8`), in memory at each start; this one is made once and mapped.

use crate::DType;

/// Rows of a tile.
pub const TILE_ROWS: usize = 8;
/// Bytes of the largest block of a type that is packed, that of Q6_K.
pub(crate) const MAX_BLOCK_BYTES: usize = DType::Q6K.block_bytes();
/// Bytes of a chunk that is no f16: four weights of eight bits, or eight of four.
const WORD: usize = 4;
/// Bytes of an f16.
const HALF: usize = 2;

/// The weight types that have a packed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PackedDType {
    /// See [`DType::Q4_0`].
    Q4_0,
    /// See [`DType::Q4_1`].
    Q4_1,
    /// See [`DType::Q5_0`].
    Q5_0,
    /// See [`DType::Q8_0`].
    Q8_0,
    /// See [`DType::IQ4NL`].
    IQ4NL,
    /// See [`DType::Q4K`].
    Q4K,
    /// See [`DType::Q6K`].
    Q6K,
}

impl PackedDType {
    /// Every type, in the order of its use as an index.
    pub const ALL: [PackedDType; 7] = [
        PackedDType::Q4_0,
        PackedDType::Q4_1,
        PackedDType::Q5_0,
        PackedDType::Q8_0,
        PackedDType::IQ4NL,
        PackedDType::Q4K,
        PackedDType::Q6K,
    ];

    /// The type whose rows these are.
    pub const fn dtype(self) -> DType {
        match self {
            PackedDType::Q4_0 => DType::Q4_0,
            PackedDType::Q4_1 => DType::Q4_1,
            PackedDType::Q5_0 => DType::Q5_0,
            PackedDType::Q8_0 => DType::Q8_0,
            PackedDType::IQ4NL => DType::IQ4NL,
            PackedDType::Q4K => DType::Q4K,
            PackedDType::Q6K => DType::Q6K,
        }
    }

    /// The packed form of a type, if it has one.
    pub fn of(dtype: DType) -> Option<PackedDType> {
        Self::ALL.into_iter().find(|packed| packed.dtype() == dtype)
    }

    /// The name of its [`PackedDType::dtype`].
    pub const fn name(self) -> &'static str {
        self.dtype().name()
    }

    /// Whether every 16 columns have a scale of their own, not every 32.
    pub(crate) const fn scales_halves(self) -> bool {
        matches!(self, PackedDType::Q6K)
    }

    /// Whether weights have an offset.
    pub(crate) const fn has_offsets(self) -> bool {
        matches!(self, PackedDType::Q4_1 | PackedDType::Q4K)
    }

    /// Where the f16 fields of a block are: `(how many at its beginning, how many at its end)`.
    const fn halves(self) -> (usize, usize) {
        match self {
            PackedDType::Q4_0 | PackedDType::Q5_0 | PackedDType::Q8_0 | PackedDType::IQ4NL => (1, 0),
            PackedDType::Q4_1 | PackedDType::Q4K => (2, 0),
            PackedDType::Q6K => (0, 1),
        }
    }

    /// Offset and length of each chunk of a block.
    fn chunks(self) -> impl Iterator<Item = (usize, usize)> {
        let (first, last) = self.halves();
        let words = (self.dtype().block_bytes() - (first + last) * HALF) / WORD;
        let lens = [(first, HALF), (words, WORD), (last, HALF)].into_iter().flat_map(|(count, len)| std::iter::repeat_n(len, count));
        lens.scan(0, |at, len| {
            *at += len;
            Some((*at - len, len))
        })
    }

    /// What every byte of a chunk that is no f16 is combined with, by exclusive or.
    const fn flip(self) -> u8 {
        if matches!(self, PackedDType::Q4_0) { 0x88 } else { 0 }
    }

    /// Packs eight rows of whole blocks, as they lie in a plain matrix, into as many bytes of tiles.
    ///
    /// # Panics
    /// If `rows` is not eight rows of whole blocks, or `tiles` not as long.
    pub fn pack(self, rows: &[u8], tiles: &mut [u8]) {
        self.check(rows, tiles);
        let row_bytes = rows.len() / TILE_ROWS;
        for (i, tile) in tiles.chunks_exact_mut(TILE_ROWS * self.dtype().block_bytes()).enumerate() {
            for (plain, packed, len) in self.moves() {
                let from = plain.row * row_bytes + i * self.dtype().block_bytes() + plain.at;
                copy(&rows[from..from + len], &mut tile[packed..packed + len], self.flip());
            }
        }
    }

    /// The inverse of [`PackedDType::pack`].
    ///
    /// # Panics
    /// If `tiles` is not eight rows of whole blocks, or `rows` not as long.
    pub fn unpack(self, tiles: &[u8], rows: &mut [u8]) {
        self.check(rows, tiles);
        let row_bytes = rows.len() / TILE_ROWS;
        for (i, tile) in tiles.chunks_exact(TILE_ROWS * self.dtype().block_bytes()).enumerate() {
            for (plain, packed, len) in self.moves() {
                let to = plain.row * row_bytes + i * self.dtype().block_bytes() + plain.at;
                copy(&tile[packed..packed + len], &mut rows[to..to + len], self.flip());
            }
        }
    }

    /// The block of one row in a tile, as it lies in a plain matrix.
    ///
    /// # Panics
    /// If there is no such row, or a length is not that of a tile or a block.
    pub fn unpack_block(self, tile: &[u8], row: usize, block: &mut [u8]) {
        assert!(row < TILE_ROWS && tile.len() == TILE_ROWS * block.len() && block.len() == self.dtype().block_bytes());
        for (plain, packed, len) in self.moves().filter(|(plain, ..)| plain.row == row) {
            copy(&tile[packed..packed + len], &mut block[plain.at..plain.at + len], self.flip());
        }
    }

    fn check(self, rows: &[u8], tiles: &[u8]) {
        let group = TILE_ROWS * self.dtype().block_bytes();
        assert!(
            rows.len() == tiles.len() && rows.len().is_multiple_of(group),
            "{} bytes are not eight rows of {}",
            rows.len(),
            self.name()
        );
    }

    /// Each chunk's place in a block of one of the rows, its place in the tile, and its length.
    fn moves(self) -> impl Iterator<Item = (Plain, usize, usize)> {
        self.chunks().flat_map(|(at, len)| (0..TILE_ROWS).map(move |row| (Plain { row, at }, TILE_ROWS * at + row * len, len)))
    }
}

/// A place in the blocks that a tile is made of.
struct Plain {
    row: usize,
    at: usize,
}

/// Copies a chunk; `flip` changes the bytes of all but an f16.
fn copy(from: &[u8], to: &mut [u8], flip: u8) {
    let flip = if from.len() == HALF { 0 } else { flip };
    for (to, from) in to.iter_mut().zip(from) {
        *to = from ^ flip;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_cover_a_block_and_names_lead_back() {
        for (i, packed) in PackedDType::ALL.into_iter().enumerate() {
            assert_eq!(packed as usize, i);
            assert_eq!(PackedDType::of(packed.dtype()), Some(packed));
            let mut next = 0;
            for (at, len) in packed.chunks() {
                assert_eq!(at, next);
                next += len;
            }
            assert_eq!(next, packed.dtype().block_bytes());
        }
        assert_eq!(PackedDType::of(DType::F16), None);
    }

    #[test]
    fn unpacking_gives_back_what_was_packed() {
        for packed in PackedDType::ALL {
            let block = packed.dtype().block_bytes();
            let rows: Vec<u8> = (0..TILE_ROWS * 3 * block).map(|i| (i * 31 + i / 251) as u8).collect();
            let (mut tiles, mut back) = (vec![0; rows.len()], vec![0; rows.len()]);
            packed.pack(&rows, &mut tiles);
            assert_ne!(tiles, rows);
            packed.unpack(&tiles, &mut back);
            assert_eq!(back, rows, "{}", packed.name());
            let mut one = vec![0; block];
            packed.unpack_block(&tiles[TILE_ROWS * block..][..TILE_ROWS * block], 5, &mut one);
            assert_eq!(one, rows[(5 * 3 + 1) * block..][..block]);
        }
    }

    /// The layout that files have, by hand: the scales of eight rows, then four bytes of each.
    #[test]
    fn a_tile_of_q4_0_lies_as_documented() {
        let block = |row: u8| (0..18).map(move |i| if i < 2 { 0xa0 + i } else { row * 16 + (i - 2) });
        let rows: Vec<u8> = (0..8).flat_map(block).collect();
        let mut tile = vec![0; rows.len()];
        PackedDType::Q4_0.pack(&rows, &mut tile);
        assert_eq!(tile[..4], [0xa0, 0xa1, 0xa0, 0xa1]);
        assert_eq!(tile[16..24], [0, 1, 2, 3, 16, 17, 18, 19].map(|byte| byte ^ 0x88));
        assert_eq!(tile[48..52], [4, 5, 6, 7].map(|byte: u8| byte ^ 0x88));
    }
}
