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

    /// Notes frame number `seq` and tells how many frames are missing right before it.
    pub fn note(&mut self, seq: u16) -> u16 {
        let missing = self.next.map_or(0, |next| seq.wrapping_sub(next));
        self.next = Some(seq.wrapping_add(1));
        missing
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
}
