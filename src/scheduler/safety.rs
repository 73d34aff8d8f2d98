//! Whether anything may be generated: a latch that any thread may set, and that only its own number leads out of.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use qwark_wire::SafetyState;

/// The state, and the number of the last emergency stop since the start; 0 for none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Safety {
    /// What may be done.
    pub state: SafetyState,
    /// Which stop was the last.
    pub stop: u32,
}

impl Safety {
    /// As a runtime starts.
    pub const ARMED: Safety = Safety { state: SafetyState::Armed, stop: 0 };

    /// After an emergency stop: a new one, unless one is latched.
    #[must_use]
    pub fn stopped(self) -> Safety {
        match self.state {
            SafetyState::Stopped => self,
            // 0 stands for none.
            _ => Safety { state: SafetyState::Stopped, stop: self.stop.checked_add(1).unwrap_or(1) },
        }
    }

    /// After a reset of stop `stop`: disarmed, if that one is latched.
    #[must_use]
    pub fn reset(self, stop: u32) -> Safety {
        self.advance(SafetyState::Stopped, stop, SafetyState::Disarmed)
    }

    /// After arming, for someone who knows that the last stop was `stop`: armed, if that one has been reset.
    #[must_use]
    pub fn armed(self, stop: u32) -> Safety {
        self.advance(SafetyState::Disarmed, stop, SafetyState::Armed)
    }

    fn advance(self, from: SafetyState, stop: u32, to: SafetyState) -> Safety {
        if self.state == from && self.stop == stop { Safety { state: to, ..self } } else { self }
    }

    fn pack(self) -> u64 {
        u64::from(self.state.number()) << 32 | u64::from(self.stop)
    }

    fn unpack(bits: u64) -> Safety {
        Safety { state: SafetyState::from_number((bits >> 32) as u8), stop: bits as u32 }
    }
}

/// A [`Safety`] that threads share. Every change is one atomic step, so none is lost.
#[derive(Clone, Debug)]
pub struct Latch(Arc<AtomicU64>);

impl Default for Latch {
    fn default() -> Latch {
        Latch(Arc::new(AtomicU64::new(Safety::ARMED.pack())))
    }
}

impl Latch {
    /// The state.
    pub fn get(&self) -> Safety {
        Safety::unpack(self.0.load(Ordering::Acquire))
    }

    /// Emergency stop. Returns the state after it.
    pub fn stop(&self) -> Safety {
        self.change(Safety::stopped)
    }

    /// [`Safety::reset`]: the scheduler's own, which must have ended everything before.
    pub(super) fn reset(&self, stop: u32) -> Safety {
        self.change(|safety| safety.reset(stop))
    }

    /// [`Safety::armed`]: the scheduler's own.
    pub(super) fn arm(&self, stop: u32) -> Safety {
        self.change(|safety| safety.armed(stop))
    }

    fn change(&self, next: impl Fn(Safety) -> Safety) -> Safety {
        let mut now = self.get();
        loop {
            let then = next(now);
            match self.0.compare_exchange_weak(now.pack(), then.pack(), Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return then,
                Err(bits) => now = Safety::unpack(bits),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn safety(state: SafetyState, stop: u32) -> Safety {
        Safety { state, stop }
    }

    #[test]
    fn only_reset_and_arm_of_the_last_stop_lead_out_of_it() {
        let latch = Latch::default();
        assert_eq!(latch.reset(0), Safety::ARMED, "nothing to reset");
        assert_eq!(latch.stop(), safety(SafetyState::Stopped, 1));
        assert_eq!(latch.stop(), safety(SafetyState::Stopped, 1), "the same stop");
        for wrong in [0, 2] {
            assert_eq!(latch.reset(wrong), safety(SafetyState::Stopped, 1));
        }
        assert_eq!(latch.arm(1), safety(SafetyState::Stopped, 1), "not without a reset");
        assert_eq!(latch.reset(1), safety(SafetyState::Disarmed, 1));
        assert_eq!(latch.arm(0), safety(SafetyState::Disarmed, 1));
        assert_eq!(latch.stop(), safety(SafetyState::Stopped, 2), "a new one");
        assert_eq!(latch.reset(1), safety(SafetyState::Stopped, 2), "late");
        assert_eq!(latch.reset(2), safety(SafetyState::Disarmed, 2));
        assert_eq!(latch.arm(2), Safety { stop: 2, ..Safety::ARMED });
        assert_eq!(latch.arm(2), latch.get(), "repeated");
    }

    #[test]
    fn the_number_after_the_last_is_not_that_of_none() {
        assert_eq!(Safety { stop: u32::MAX, ..Safety::ARMED }.stopped(), safety(SafetyState::Stopped, 1));
    }

    #[test]
    fn a_stop_is_not_lost_against_threads_that_reset_and_arm() {
        let latch = Latch::default();
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    for _ in 0..10_000 {
                        let stop = latch.get().stop;
                        latch.reset(stop);
                        latch.arm(stop);
                    }
                });
            }
            scope.spawn(|| {
                for _ in 0..10_000 {
                    let before = latch.get();
                    let after = latch.stop();
                    assert!(after.state == SafetyState::Stopped && after.stop >= before.stop);
                }
            });
        });
        let last = latch.stop().stop;
        latch.reset(last.wrapping_sub(1));
        assert_eq!(latch.get(), safety(SafetyState::Stopped, last));
    }
}
