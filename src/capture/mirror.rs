use qwark_wire::MAX_FRAME;
use qwark_wire::host::MirrorPiece;

use super::record::Record;

/// Frames that may be in the making at once: pieces of several connections' frames may come between each other.
const MAX_OPEN: usize = 16;

/// A frame that a monitor was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirrored {
    /// Microseconds since the runtime started.
    pub t_us: u64,
    /// The connection, counted from 1 since the runtime started.
    pub connection: u32,
    /// It was sent to the client, not received from it.
    pub sent: bool,
    /// The frame before stuffing, header and checksum included.
    pub frame: Vec<u8>,
}

/// Puts the pieces of mirrored frames together.
#[derive(Debug, Default)]
pub struct Mirrors {
    /// The oldest first; one at most for each direction of a connection.
    open: Vec<Part>,
    dropped: u64,
}

/// A frame in the making.
#[derive(Debug)]
struct Part {
    mirrored: Mirrored,
    /// The length that it is to have.
    total: usize,
    /// A piece of it was lost: it is counted, and what else comes of it means nothing.
    broken: bool,
}

impl Mirrors {
    /// Takes the next piece. Gives the frame that it completes.
    pub fn push(&mut self, piece: &MirrorPiece) -> Option<Mirrored> {
        let &MirrorPiece { at_us, connection, sent, dropped, total, offset, ref data } = piece;
        let total = usize::from(total);
        if offset == 0 {
            // Pieces may repeat it.
            self.dropped += u64::from(dropped);
        }
        let same = |part: &Part| (part.mirrored.connection, part.mirrored.sent) == (connection, sent);
        let before = self.open.iter().position(same).map(|at| self.open.remove(at));
        let mut part = match before {
            Some(part) if offset != 0 && part.mirrored.t_us == at_us => part,
            other => {
                self.dropped += other.map_or(0, |part| u64::from(!part.broken));
                Part { mirrored: Mirrored { t_us: at_us, connection, sent, frame: Vec::new() }, total, broken: false }
            }
        };
        let frame = &mut part.mirrored.frame;
        let end = frame.len() + data.len();
        let goes_on = usize::from(offset) == frame.len() && !data.is_empty();
        let fits = goes_on && total == part.total && end <= total && total <= MAX_FRAME;
        if fits && !part.broken {
            frame.extend_from_slice(data);
            if end == total {
                return Some(part.mirrored);
            }
        } else if !part.broken {
            part.broken = true;
            self.dropped += 1;
        }
        if self.open.len() == MAX_OPEN {
            self.dropped += u64::from(!self.open.remove(0).broken);
        }
        self.open.push(part);
        None
    }

    /// Frames that were not shown since this was last asked: those that the runtime left out, and those of which a piece was lost.
    pub fn take_dropped(&mut self) -> u64 {
        std::mem::take(&mut self.dropped)
    }
}

impl From<Mirrored> for Record {
    /// The session's number is not mirrored.
    fn from(Mirrored { t_us, connection, sent, frame }: Mirrored) -> Record {
        Record { t_us, connection, client: 0, sent, frame }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use qwark_wire::MAX_MIRROR;

    fn pieces(t_us: u64, connection: u32, sent: bool, frame: &[u8]) -> Vec<MirrorPiece> {
        let piece = |(n, data): (usize, &[u8])| MirrorPiece {
            at_us: t_us,
            connection,
            sent,
            dropped: 0,
            total: frame.len() as u16,
            offset: (n * MAX_MIRROR) as u16,
            data: data.to_vec(),
        };
        frame.chunks(MAX_MIRROR).enumerate().map(piece).collect()
    }

    fn push_all(mirrors: &mut Mirrors, pieces: &[MirrorPiece]) -> Vec<Vec<u8>> {
        pieces.iter().filter_map(|piece| mirrors.push(piece)).map(|mirrored| mirrored.frame).collect()
    }

    #[test]
    fn pieces_of_several_connections_come_between_each_other() {
        let (long, longer) = ([7; 500], [8; 1000]);
        let (mut mirrors, a, b) = (Mirrors::default(), pieces(5, 1, true, &long), pieces(5, 2, true, &longer));
        let mixed = [&a[0], &b[0], &b[1], &a[1], &b[2], &a[2], &b[3], &b[4], &b[5]].map(Clone::clone);
        assert_eq!(push_all(&mut mirrors, &mixed), [long.to_vec(), longer.to_vec()]);
        let short = pieces(6, 3, false, &[1, 2, 3]);
        assert_eq!(mirrors.push(&short[0]), Some(Mirrored { t_us: 6, connection: 3, sent: false, frame: vec![1, 2, 3] }));
        assert_eq!(mirrors.take_dropped(), 0);
    }

    #[test]
    fn a_frame_of_which_any_piece_is_lost_counts_once() {
        let (first, second) = ([1; 900], [2; 900]);
        let a = pieces(5, 1, true, &first);
        for lost in 0..a.len() {
            let mut mirrors = Mirrors::default();
            let mut rest = a.clone();
            rest.remove(lost);
            assert_eq!(push_all(&mut mirrors, &rest), Vec::<Vec<u8>>::new());
            assert_eq!(push_all(&mut mirrors, &pieces(6, 1, true, &second)), [second.to_vec()], "the next one is whole");
            assert_eq!(mirrors.take_dropped(), 1, "without piece {lost}");
        }
    }

    #[test]
    fn what_the_runtime_left_out_is_counted() {
        let mut mirrors = Mirrors::default();
        for (dropped, sum) in [(3, 3), (0, 0), (2, 2)] {
            mirrors.push(&MirrorPiece { dropped, ..pieces(1, 1, true, &[9])[0].clone() });
            assert_eq!(mirrors.take_dropped(), sum);
        }
    }

    #[test]
    fn claims_of_any_length_cost_little() {
        let mut mirrors = Mirrors::default();
        for connection in 0..1000 {
            mirrors.push(&MirrorPiece { total: u16::MAX, ..pieces(1, connection, true, &[9])[0].clone() });
            assert!(mirrors.open.len() <= MAX_OPEN);
        }
        assert_eq!(mirrors.take_dropped(), 1000);
    }
}
