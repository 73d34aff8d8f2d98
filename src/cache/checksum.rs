use serde::{Deserialize, Serialize};

/// The length and a checksum of what stands before the weights of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    bytes: u64,
    sum: u64,
}

impl Head {
    /// That of the first `bytes` of `file`.
    pub fn of(file: &[u8], bytes: usize) -> Head {
        Head { bytes: bytes as u64, sum: fletcher(&file[..bytes.min(file.len())]) }
    }

    /// Whether `file` begins so.
    pub fn is_of(&self, file: &[u8]) -> bool {
        usize::try_from(self.bytes).ok().and_then(|bytes| file.get(..bytes)).is_some_and(|head| fletcher(head) == self.sum)
    }
}

/// Fletcher's checksum over words of 32 bits: finds every changed word and almost every other damage (this is about worn memory
/// cards, not about forgers), in a millisecond for a vocabulary on any board, which a cryptographic hash does not do.
pub(crate) fn fletcher(bytes: &[u8]) -> u64 {
    let (words, rest) = bytes.as_chunks::<4>();
    let mut last = [0; 4];
    last[..rest.len()].copy_from_slice(rest);
    let (mut sum, mut sum_of_sums) = (bytes.len() as u64, 0u64);
    for word in words.iter().chain([&last]) {
        sum = sum.wrapping_add(u32::from_le_bytes(*word).into());
        sum_of_sums = sum_of_sums.wrapping_add(sum);
    }
    sum_of_sums.rotate_left(32) ^ sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_and_the_length_count() {
        let file: Vec<u8> = (0..1003u32).map(|i| (i * 7) as u8).collect();
        let head = Head::of(&file, 999);
        assert!(head.is_of(&file) && head.is_of(&file[..999]) && !head.is_of(&file[..998]));
        for at in 0..1003 {
            let mut changed = file.clone();
            changed[at] ^= 0x10;
            assert_eq!(head.is_of(&changed), at >= 999, "byte {at}");
        }
        let mut swapped = file.clone();
        swapped.swap(0, 4);
        assert!(!head.is_of(&swapped), "the order counts");
        assert_ne!(fletcher(&[0; 8]), fletcher(&[0; 7]));
    }
}
