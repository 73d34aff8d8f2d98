use qwark_kernels::Interrupt;

use crate::scheduler::{Latch, Safety};

/// What other threads may do to a runtime while it computes. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Control {
    latch: Latch,
    interrupt: Interrupt,
}

impl Control {
    pub(super) fn new(latch: Latch, interrupt: Interrupt) -> Control {
        Control { latch, interrupt }
    }

    /// Emergency stop, latched when this returns. A step that is being computed ends at once; what it would have said is not said,
    /// and the next [`Runtime::step`](super::Runtime::step) ends every request.
    pub fn stop(&self) -> Safety {
        let safety = self.latch.stop();
        // After the latch is set: who is interrupted sees why.
        self.interrupt.stop();
        safety
    }

    /// Whether anything may be generated.
    pub fn safety(&self) -> Safety {
        self.latch.get()
    }

    /// A cancel is on its way to the runtime's thread: a step that is being computed ends at once, and is computed again
    /// afterwards for the requests that are left. To be called after the cancel can be found there.
    ///
    /// A step that computes again what was lost in this way is not interrupted by a further cancel, so that a flood of them at worst
    /// halves the speed of the others.
    pub fn interrupt(&self) {
        self.interrupt.cancel();
    }

    /// Forgets the interrupts so far.
    pub(super) fn clear_interrupt(&self) {
        self.interrupt.clear_cancel();
    }

    /// Forgets that a stop interrupts; the latch stays.
    pub(super) fn clear_stop(&self) {
        self.interrupt.clear_stop();
    }

    /// Whether interrupts are to wait for the end of the next step.
    pub(super) fn hold_off(&self, held_off: bool) {
        self.interrupt.hold_off_cancels(held_off);
    }
}
