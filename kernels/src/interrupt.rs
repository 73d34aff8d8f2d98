//! What ends the work of a pool early.

use crossbeam_utils::CachePadded;
use std::sync::{
    Arc,
    atomic::{AtomicU8, Ordering},
};

/// Bits of the signals.
const CANCEL: u8 = 1;
const STOP: u8 = 2;

/// Two signals that any thread may raise: from then on a [`Pool`](crate::Pool) begins no unit of any region, until they are cleared.
/// Units that have begun are ended, so what was computed is whole or missing, and the caller uses none of it.
///
/// A *cancel* can be held off by the thread that computes, a *stop* can't. Clones share their signals.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<CachePadded<Signals>>);

#[derive(Debug, Default)]
struct Signals {
    raised: AtomicU8,
    held_off: AtomicU8,
}

impl Interrupt {
    /// Raises the cancel signal.
    pub fn cancel(&self) {
        self.0.raised.fetch_or(CANCEL, Ordering::Release);
    }

    /// Raises the stop signal.
    pub fn stop(&self) {
        self.0.raised.fetch_or(STOP, Ordering::Release);
    }

    /// Clears the cancel signal. What was written by a thread before it raised the signal is seen after this.
    pub fn clear_cancel(&self) {
        self.0.raised.fetch_and(!CANCEL, Ordering::Acquire);
    }

    /// Clears the stop signal, as [`Interrupt::clear_cancel`] does the other.
    pub fn clear_stop(&self) {
        self.0.raised.fetch_and(!STOP, Ordering::Acquire);
    }

    /// Whether cancels are to have no effect until this is called again; they stay raised.
    pub fn hold_off_cancels(&self, held_off: bool) {
        self.0.held_off.store(if held_off { CANCEL } else { 0 }, Ordering::Relaxed);
    }

    /// Whether a signal is raised that is not held off.
    #[inline]
    pub fn is_raised(&self) -> bool {
        let raised = self.0.raised.load(Ordering::Relaxed);
        raised != 0 && raised & !self.0.held_off.load(Ordering::Relaxed) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancel_can_be_held_off_and_a_stop_cannot() {
        let interrupt = Interrupt::default();
        assert!(!interrupt.is_raised());
        interrupt.hold_off_cancels(true);
        interrupt.cancel();
        assert!(!interrupt.is_raised());
        interrupt.stop();
        assert!(interrupt.is_raised());
        interrupt.clear_stop();
        assert!(!interrupt.is_raised());
        interrupt.hold_off_cancels(false);
        assert!(interrupt.clone().is_raised(), "it was raised all the time");
        interrupt.clear_cancel();
        assert!(!interrupt.is_raised());
    }

    #[test]
    fn clearing_one_signal_leaves_the_other() {
        let interrupt = Interrupt::default();
        interrupt.cancel();
        interrupt.stop();
        interrupt.clear_cancel();
        assert!(interrupt.is_raised());
        interrupt.clear_stop();
        assert!(!interrupt.is_raised());
    }
}
