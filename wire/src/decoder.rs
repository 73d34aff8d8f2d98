//! From bytes to frames: a state machine that one byte at a time can neither wedge nor overflow.

use thiserror::Error;

use crate::Fault;
use crate::cobs::{Step, Unstuffer};
use crate::crc::Crc32c;
use crate::frame::{CRC, DELIMITER, Frame, MAX_FRAME, OVERHEAD};

/// Why bytes between two delimiters were not a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Loss {
    /// The checksum does not hold.
    #[error("a frame was damaged: its checksum does not hold")]
    Crc,
    /// A delimiter came where the stuffing does not allow one.
    #[error("a frame was damaged: it ends inside a block")]
    Cobs,
    /// More bytes than this decoder takes.
    #[error("a frame was too long for its receiver")]
    Oversize,
    /// Fewer bytes than the smallest frame has.
    #[error("a frame was too short to be one")]
    Short,
    /// The header announces another length.
    #[error("a frame has not the length that it announces")]
    Length,
}

impl Loss {
    /// Whose fault it is, most likely.
    pub fn fault(self) -> Fault {
        Fault::Line
    }
}

/// What a decoder has seen since it was made. Each count stops at its maximum.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames handed out.
    pub frames: u32,
    /// Frames lost to [`Loss::Crc`].
    pub crc: u32,
    /// Frames lost to [`Loss::Cobs`].
    pub cobs: u32,
    /// Frames lost to [`Loss::Oversize`].
    pub oversize: u32,
    /// Frames lost to [`Loss::Short`].
    pub short: u32,
    /// Frames lost to [`Loss::Length`].
    pub length: u32,
}

impl Counters {
    /// Everything that was lost, whatever the cause.
    pub fn lost(&self) -> u32 {
        [self.crc, self.cobs, self.oversize, self.short, self.length].iter().fold(0, |sum, &n| sum.saturating_add(n))
    }

    fn count(&mut self, outcome: Result<(), Loss>) {
        let counter = match outcome {
            Ok(()) => &mut self.frames,
            Err(Loss::Crc) => &mut self.crc,
            Err(Loss::Cobs) => &mut self.cobs,
            Err(Loss::Oversize) => &mut self.oversize,
            Err(Loss::Short) => &mut self.short,
            Err(Loss::Length) => &mut self.length,
        };
        *counter = counter.saturating_add(1);
    }
}

/// Where the decoder is in the stream.
#[derive(Clone, Copy, Debug)]
enum State {
    /// Right after a delimiter: another one is no frame, and no loss.
    Idle,
    /// Inside a frame.
    Receiving(Unstuffer),
    /// Inside a frame that is too long: its tail must not be read as a new frame, so nothing counts before the next
    /// delimiter.
    Discarding,
}

/// Finds the frames in a stream of bytes. `N` is the longest frame (before stuffing) that it takes, and about the memory
/// it needs: [`SMALL_FRAME`](crate::SMALL_FRAME) suffices for a client.
///
/// Any noise costs at most one good frame, the one that it touches or runs into; after a delimiter the decoder is in
/// step again.
#[derive(Clone, Debug)]
pub struct Decoder<const N: usize = MAX_FRAME> {
    buffer: [u8; N],
    len: usize,
    state: State,
    counters: Counters,
}

impl<const N: usize> Default for Decoder<N> {
    fn default() -> Self {
        Decoder::new()
    }
}

impl<const N: usize> Decoder<N> {
    /// At the beginning of a stream.
    pub const fn new() -> Self {
        const { assert!(N >= OVERHEAD, "a decoder must be able to take the smallest frame") };
        let counters = Counters { frames: 0, crc: 0, cobs: 0, oversize: 0, short: 0, length: 0 };
        Decoder { buffer: [0; N], len: 0, state: State::Idle, counters }
    }

    /// What has been seen so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Takes the next byte from the line. A delimiter gives back the frame that it ends, or why there is none.
    ///
    /// # Errors
    /// The cause of the loss, once for every frame that was lost.
    pub fn push(&mut self, byte: u8) -> Option<Result<Frame<'_>, Loss>> {
        let mut unstuffer = match self.state {
            State::Idle if byte == DELIMITER => return None,
            State::Idle => {
                self.len = 0;
                Unstuffer::START
            }
            State::Receiving(unstuffer) => unstuffer,
            State::Discarding if byte == DELIMITER => return Some(self.end(Err(Loss::Oversize))),
            State::Discarding => return None,
        };
        let stored = match unstuffer.push(byte) {
            Step::Nothing => true,
            Step::Data(data) => self.store(data),
            Step::Zero => self.store(0),
            Step::End => return Some(self.end(self.check())),
            Step::Broken => return Some(self.end(Err(Loss::Cobs))),
        };
        self.state = if stored { State::Receiving(unstuffer) } else { State::Discarding };
        None
    }

    /// The frame that [`Decoder::push`] gave last, header and checksum included, before it was parsed. What it is after a loss
    /// or in the middle of the next frame says nothing.
    pub fn last_frame(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// Takes all of `bytes` and calls `each` for every frame, good or lost, that ends in them.
    pub fn push_all(&mut self, bytes: &[u8], mut each: impl FnMut(Result<Frame<'_>, Loss>)) {
        for &byte in bytes {
            if let Some(outcome) = self.push(byte) {
                each(outcome);
            }
        }
    }

    /// Appends to the frame. False if it is full.
    fn store(&mut self, byte: u8) -> bool {
        match self.buffer.get_mut(self.len) {
            Some(slot) => {
                *slot = byte;
                self.len += 1;
                true
            }
            None => false,
        }
    }

    /// Whether the bytes received are a frame: gives its length without the checksum.
    fn check(&self) -> Result<usize, Loss> {
        if self.len < OVERHEAD {
            return Err(Loss::Short);
        }
        let (frame, crc) = self.buffer[..self.len].split_at(self.len - CRC);
        if Crc32c::of(frame) != crc {
            return Err(Loss::Crc);
        }
        Frame::parse(frame).map(|_| frame.len()).ok_or(Loss::Length)
    }

    /// Ends a frame: counts it and makes ready for the next one.
    fn end(&mut self, outcome: Result<usize, Loss>) -> Result<Frame<'_>, Loss> {
        self.state = State::Idle;
        self.counters.count(outcome.map(|_| ()));
        let len = outcome?;
        Frame::parse(&self.buffer[..len]).ok_or(Loss::Length)
    }
}
