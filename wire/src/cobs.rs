//! Consistent Overhead Byte Stuffing: frames without a zero byte, so that zero can delimit them.
//!
//! After Cheshire and Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Transactions on Networking 7(2), 1999. The
//! data is cut into blocks, each led by a code byte: code `n` < 255 stands for `n - 1` bytes and then a zero, code 255
//! for 254 bytes and no zero. The zero of the last block is not part of the data.

use crate::frame::DELIMITER;

/// The code of a block that is full: 254 bytes, no zero.
const FULL: u8 = u8::MAX;

/// Longest stuffed form of `len` bytes, without delimiters.
pub(crate) const fn max_stuffed(len: usize) -> usize {
    len + if len == 0 { 1 } else { len.div_ceil(FULL as usize - 1) }
}

/// Writes stuffed bytes into a buffer as they come, patching each block's code when the block ends.
pub(crate) struct Stuffer<'o> {
    out: &'o mut [u8],
    end: usize,
    /// Where the code of the open block is; `None` after a full block, because what follows may be the frame's end.
    code_at: Option<usize>,
    overflow: bool,
}

impl<'o> Stuffer<'o> {
    /// Starts a frame at the beginning of `out`.
    pub(crate) fn new(out: &'o mut [u8]) -> Self {
        let mut stuffer = Stuffer { out, end: 0, code_at: None, overflow: false };
        stuffer.open();
        stuffer
    }

    /// Adds one byte of data.
    pub(crate) fn push(&mut self, byte: u8) {
        if self.code_at.is_none() {
            self.open();
        }
        if byte == DELIMITER {
            self.close();
            self.open();
            return;
        }
        self.put(byte);
        if self.block_code() == FULL {
            self.close();
        }
    }

    /// Ends the frame with its delimiter. `None` if the buffer was too small.
    pub(crate) fn finish(mut self) -> Option<&'o [u8]> {
        self.close();
        self.put(DELIMITER);
        if self.overflow {
            return None;
        }
        Some(&self.out[..self.end])
    }

    /// Starts a block: its code is not known yet.
    fn open(&mut self) {
        self.code_at = Some(self.end);
        self.put(FULL);
    }

    /// Ends the open block, if there is one, by writing its code.
    fn close(&mut self) {
        let code = self.block_code();
        if let Some(slot) = self.code_at.take().and_then(|at| self.out.get_mut(at)) {
            *slot = code;
        }
    }

    /// Code of the open block, were it to end here: one more than its bytes, which are 254 at most.
    fn block_code(&self) -> u8 {
        self.code_at.map_or(FULL, |at| (self.end - at).min(FULL as usize) as u8)
    }

    fn put(&mut self, byte: u8) {
        match self.out.get_mut(self.end) {
            Some(slot) => {
                *slot = byte;
                self.end += 1;
            }
            None => self.overflow = true,
        }
    }
}

/// What one stuffed byte means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// A code byte, or a byte of an empty frame: no data yet.
    Nothing,
    /// One byte of data.
    Data(u8),
    /// A code byte that shows the block before it to have ended with a zero.
    Zero,
    /// The delimiter, where a frame may end.
    End,
    /// The delimiter, in the middle of a block.
    Broken,
}

/// Takes stuffed bytes one at a time and gives back the data: the reverse of [`Stuffer`].
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unstuffer {
    /// Bytes of the current block that are still to come.
    left: u8,
    /// The current block stands for a zero after its bytes, if another block follows.
    zero: bool,
}

impl Unstuffer {
    /// At the start of a frame.
    pub(crate) const START: Unstuffer = Unstuffer { left: 0, zero: false };

    /// Takes one byte. After [`Step::End`] and [`Step::Broken`] the next byte starts a new frame.
    pub(crate) fn push(&mut self, byte: u8) -> Step {
        if byte == DELIMITER {
            let inside = self.left > 0;
            *self = Unstuffer::START;
            return if inside { Step::Broken } else { Step::End };
        }
        if self.left > 0 {
            self.left -= 1;
            return Step::Data(byte);
        }
        let zero_due = self.zero;
        *self = Unstuffer { left: byte - 1, zero: byte != FULL };
        if zero_due { Step::Zero } else { Step::Nothing }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use super::*;
    use proptest::prelude::*;
    use std::vec::Vec;

    fn stuff(data: &[u8]) -> Vec<u8> {
        let mut out = std::vec![0; max_stuffed(data.len()) + 1];
        let mut stuffer = Stuffer::new(&mut out);
        data.iter().for_each(|&byte| stuffer.push(byte));
        stuffer.finish().expect("the buffer has room").to_vec()
    }

    fn unstuff(stuffed: &[u8]) -> Option<Vec<u8>> {
        let mut unstuffer = Unstuffer::START;
        let mut data = Vec::new();
        for &byte in stuffed {
            match unstuffer.push(byte) {
                Step::Nothing => {}
                Step::Data(byte) => data.push(byte),
                Step::Zero => data.push(0),
                Step::End => return Some(data),
                Step::Broken => return None,
            }
        }
        None
    }

    /// The definition, block by block, over the whole data at once: append a zero, then cut after each zero or after
    /// 254 bytes without one; the appended zero needs no block of its own after a full block.
    fn stuff_by_definition(data: &[u8]) -> Vec<u8> {
        let mut rest = data.to_vec();
        rest.push(0);
        let mut out = Vec::new();
        while !rest.is_empty() {
            let run = rest.iter().position(|&byte| byte == 0).expect("ends with a zero").min(254);
            out.push(run as u8 + 1);
            out.extend_from_slice(&rest[..run]);
            rest.drain(..if run == 254 { run } else { run + 1 });
            if run == 254 && rest == [0] {
                break;
            }
        }
        out.push(0);
        out
    }

    fn counting(len: usize) -> Vec<u8> {
        (0..len).map(|i| (i % 255) as u8 + 1).collect()
    }

    #[test]
    fn examples_of_the_paper_and_around_full_blocks() {
        assert_eq!(stuff(&[]), [1, 0]);
        assert_eq!(stuff(&[0]), [1, 1, 0]);
        assert_eq!(stuff(&[0, 0]), [1, 1, 1, 0]);
        assert_eq!(stuff(&[0x11, 0x22, 0, 0x33]), [3, 0x11, 0x22, 2, 0x33, 0]);
        assert_eq!(stuff(&[0x11, 0, 0, 0]), [2, 0x11, 1, 1, 1, 0]);

        let run = counting(254);
        assert_eq!(stuff(&run), [&[0xFF][..], &run, &[0]].concat());
        let run = counting(255);
        assert_eq!(stuff(&run), [&[0xFF][..], &run[..254], &[2, 255, 0]].concat());
        let zero_first = [&[0][..], &counting(254)].concat();
        assert_eq!(stuff(&zero_first), [&[1, 0xFF][..], &counting(254), &[0]].concat());
        let zero_last = [&counting(254)[..], &[0]].concat();
        assert_eq!(stuff(&zero_last), [&[0xFF][..], &counting(254), &[1, 1, 0]].concat());
    }

    #[test]
    fn equals_the_definition_around_every_block_border() {
        for len in 0..1100 {
            for zero_at in [None, Some(0), Some(253), Some(254), Some(255), Some(508)] {
                let mut data = counting(len);
                if let Some(byte) = zero_at.and_then(|at| data.get_mut(at)) {
                    *byte = 0;
                }
                let stuffed = stuff(&data);
                assert_eq!(stuffed, stuff_by_definition(&data), "len {len}, zero at {zero_at:?}");
                assert!(stuffed.len() <= max_stuffed(len) + 1);
                assert_eq!(unstuff(&stuffed).as_deref(), Some(&data[..]));
            }
        }
    }

    #[test]
    fn a_buffer_one_byte_short_is_reported() {
        for len in 0..600 {
            let data = counting(len);
            let needed = stuff(&data).len();
            let mut out = std::vec![0; needed - 1];
            let mut stuffer = Stuffer::new(&mut out);
            data.iter().for_each(|&byte| stuffer.push(byte));
            assert!(stuffer.finish().is_none(), "len {len}");
        }
    }

    #[test]
    fn a_delimiter_inside_a_block_is_broken() {
        assert_eq!(unstuff(&[5, 1, 2, 0]), None);
    }

    proptest! {
        #[test]
        fn round_trip(data in proptest::collection::vec(prop_oneof![Just(0_u8), any::<u8>()], 0..2000)) {
            let stuffed = stuff(&data);
            prop_assert_eq!(stuffed.iter().filter(|&&byte| byte == 0).count(), 1);
            prop_assert_eq!(&stuffed, &stuff_by_definition(&data));
            prop_assert_eq!(unstuff(&stuffed), Some(data));
        }
    }
}
