//! One direction of a simulated serial line. Times are microseconds since the simulation began.

use std::collections::VecDeque;
use std::time::Duration;

use crate::injector::{Injector, Outcome};

/// Bits that a byte takes: eight, start and stop.
const BITS: u64 = 10;

/// Bytes take time, and some of them take harm.
pub struct Wire {
    baud: u64,
    injector: Option<Injector>,
    /// When everything that was sent has arrived.
    free_at: u64,
    /// It is cut: what is sent now goes nowhere.
    dead: bool,
    on_the_way: VecDeque<(u64, Vec<u8>)>,
}

impl Wire {
    /// A line of `baud` bits per second.
    pub fn new(baud: u32, injector: Option<Injector>) -> Wire {
        Wire { baud: baud.into(), injector, free_at: 0, dead: false, on_the_way: VecDeque::new() }
    }

    /// Sends `bytes`. Says for how long the line is dead, if it was cut by that.
    pub fn send(&mut self, bytes: &[u8], now: u64) -> Option<Duration> {
        let (mut at, mut dead) = (self.free_at.max(now), None);
        let sent = at + self.time(bytes.len());
        self.free_at = sent;
        if self.dead {
            return None;
        }
        let Some(mut injector) = self.injector.take() else {
            self.on_the_way.push_back((sent, bytes.to_vec()));
            return None;
        };
        injector.pass(bytes, |outcome| match outcome {
            Outcome::Bytes(pause, bytes) => {
                at += pause.as_micros() as u64 + self.time(bytes.len());
                self.on_the_way.push_back((at, bytes));
            }
            Outcome::HangUp(time) => dead = dead.max(Some(time)),
        });
        // What was lost has been sent too.
        self.free_at = at.max(sent);
        self.injector = Some(injector);
        dead
    }

    /// The next bytes that have arrived by `now`.
    pub fn arrived(&mut self, now: u64) -> Option<Vec<u8>> {
        self.on_the_way.pop_front_if(|(at, _)| *at <= now).map(|(_, bytes)| bytes)
    }

    /// When the next bytes arrive.
    pub fn next(&self) -> Option<u64> {
        self.on_the_way.front().map(|(at, _)| *at)
    }

    /// When it has at most `bytes` left to send.
    pub fn ready_at(&self, bytes: usize) -> u64 {
        self.free_at.saturating_sub(self.time(bytes))
    }

    /// Everything that is on its way is lost, and all that follows until the line is [mended](Wire::mend).
    pub fn cut(&mut self) {
        self.dead = true;
        self.on_the_way.clear();
        if let Some(injector) = &mut self.injector {
            injector.cut();
        }
    }

    /// The line is whole again.
    pub fn mend(&mut self) {
        self.dead = false;
    }

    fn time(&self, bytes: usize) -> u64 {
        (bytes as u64 * BITS * 1_000_000).div_ceil(self.baud)
    }
}
