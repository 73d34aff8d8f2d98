//! Counting the frames that never arrived.

/// Follows the sequence numbers of one sender.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sequence {
    next: Option<u16>,
}

impl Sequence {
    /// Before the first frame: any number may come.
    pub const fn new() -> Self {
        Sequence { next: None }
    }

    /// Notes frame number `seq` and tells how many frames are missing right before it. A frame that comes again is not new,
    /// and none is missing before it.
    pub fn note(&mut self, seq: u16) -> u16 {
        let ahead = self.next.map_or(0, |next| seq.wrapping_sub(next));
        if ahead > u16::MAX / 2 {
            return 0;
        }
        self.next = Some(seq.wrapping_add(1));
        ahead
    }
}

#[cfg(test)]
mod tests {
    use super::Sequence;

    #[test]
    fn counts_gaps_across_the_wrap() {
        let mut sequence = Sequence::new();
        assert_eq!(sequence.note(65_534), 0);
        assert_eq!(sequence.note(65_535), 0);
        assert_eq!(sequence.note(0), 0);
        assert_eq!(sequence.note(3), 2);
    }

    #[test]
    fn a_repeated_frame_is_no_gap() {
        let mut sequence = Sequence::new();
        for (seq, missing) in [(3, 0), (4, 0), (4, 0), (3, 0), (5, 0), (7, 1)] {
            assert_eq!(sequence.note(seq), missing, "{seq}");
        }
    }
}
