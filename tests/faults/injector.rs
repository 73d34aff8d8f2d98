//! What a bad line does to the frames on it.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use qwark_wire::DELIMITER;

use crate::random::Random;

/// Runs of invented bytes are at most this long: longer than any frame of the runtime.
const LONGEST_RUN: u64 = 300;

/// Lost bytes and flipped bits of one frame.
const DAMAGED: Range<u64> = 1..9;

/// How long a frame is held up in its middle.
const PAUSE_MS: Range<u64> = 5..400;

/// How long a line that was cut stays dead, at most, unless that is said otherwise.
const DEAD: Duration = Duration::from_secs(4);

/// What happens to the frames that are hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Up to eight bytes in a row are missing, the delimiter perhaps among them.
    LostBytes,
    /// All of it is missing.
    LostFrames,
    /// Up to eight of its bits are wrong.
    FlippedBits,
    /// It comes twice.
    Repeated,
    /// Bytes that nobody sent come before it or in its middle.
    Noise,
    /// Its rest comes late.
    Delayed,
    /// The line is cut and stays dead for a while; what was on its way is lost, in both directions.
    HangUps,
    /// Any of these.
    Mixed,
}

impl Kind {
    pub const ALL: [Kind; 8] =
        [Kind::LostBytes, Kind::LostFrames, Kind::FlippedBits, Kind::Repeated, Kind::Noise, Kind::Delayed, Kind::HangUps, Kind::Mixed];
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Kind::LostBytes => "lost bytes",
            Kind::LostFrames => "lost frames",
            Kind::FlippedBits => "flipped bits",
            Kind::Repeated => "repeated",
            Kind::Noise => "noise",
            Kind::Delayed => "delayed",
            Kind::HangUps => "hang-ups",
            Kind::Mixed => "all of these",
        })
    }
}

/// Bytes as they leave the bad place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// These bytes come, after a pause.
    Bytes(Duration, Vec<u8>),
    /// The line is dead for this long.
    HangUp(Duration),
}

/// One direction's bad place: takes bytes, finds the frames in them and hits some.
#[derive(Clone, Debug)]
pub struct Injector {
    kind: Kind,
    percent: u64,
    /// The longest time for which the line is cut.
    dead: Duration,
    random: Random,
    /// The beginning of a frame whose delimiter has not come.
    partial: Vec<u8>,
    /// Frames that were hit.
    pub hits: u64,
}

impl Injector {
    /// Hits `percent` of 100 frames.
    pub fn new(kind: Kind, percent: u64, random: Random) -> Injector {
        Injector { kind, percent, dead: DEAD, random, partial: Vec::new(), hits: 0 }
    }

    /// The same, with cuts that last no longer than this.
    pub fn dead_at_most(self, dead: Duration) -> Injector {
        Injector { dead, ..self }
    }

    /// What becomes of `bytes`, and of those before them that were kept until their frame is complete.
    pub fn pass(&mut self, bytes: &[u8], mut emit: impl FnMut(Outcome)) {
        for &byte in bytes {
            self.partial.push(byte);
            if byte != DELIMITER {
                continue;
            }
            let frame = std::mem::take(&mut self.partial);
            if frame.len() > 1 && self.random.chance(self.percent) {
                self.hits += 1;
                self.hit(frame, &mut emit);
            } else {
                emit(Outcome::Bytes(Duration::ZERO, frame));
            }
        }
    }

    /// Forgets the beginning of a frame: the line was cut in its middle.
    pub fn cut(&mut self) {
        self.partial.clear();
    }

    fn hit(&mut self, mut frame: Vec<u8>, emit: &mut impl FnMut(Outcome)) {
        let kind = match self.kind {
            Kind::Mixed => Kind::ALL[self.random.index(Kind::ALL.len() - 1)],
            kind => kind,
        };
        let random = &mut self.random;
        let mut bytes = |bytes| emit(Outcome::Bytes(Duration::ZERO, bytes));
        match kind {
            Kind::LostBytes => {
                let start = random.index(frame.len());
                let end = frame.len().min(start + random.within(DAMAGED) as usize);
                frame.drain(start..end);
                bytes(frame);
            }
            Kind::LostFrames => {}
            Kind::FlippedBits => {
                for _ in 0..random.within(DAMAGED) {
                    let at = random.index(frame.len());
                    frame[at] ^= 1 << random.index(8);
                }
                bytes(frame);
            }
            Kind::Repeated => {
                bytes(frame.clone());
                bytes(frame);
            }
            Kind::Noise => {
                let at = if random.chance(50) { 0 } else { random.index(frame.len()) };
                let rest = frame.split_off(at);
                frame.extend(noise(random));
                frame.extend(rest);
                bytes(frame);
            }
            Kind::Delayed => {
                let rest = frame.split_off(random.index(frame.len()));
                bytes(frame);
                emit(Outcome::Bytes(Duration::from_millis(random.within(PAUSE_MS)), rest));
            }
            Kind::HangUps | Kind::Mixed => emit(Outcome::HangUp(self.dead * random.within(3..101) as u32 / 100)),
        }
    }
}

/// What lines pick up, and what programs send that take a board for a modem or a console.
fn noise(random: &mut Random) -> Vec<u8> {
    let run = random.within(1..LONGEST_RUN) as usize;
    match random.index(5) {
        0 => b"{".to_vec(),
        1 => b"AT+CGMI\r".to_vec(),
        2 => vec![DELIMITER; run],
        3 => vec![0xff; run],
        _ => (0..run).map(|_| random.draw() as u8).collect(),
    }
}
