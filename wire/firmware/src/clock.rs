//! Milliseconds since the start, from the core's own timer.

use core::sync::atomic::{AtomicU32, Ordering};

use cortex_m::peripheral::SYST;
use cortex_m::peripheral::syst::SystClkSource;
use cortex_m_rt::exception;

static MILLIS: AtomicU32 = AtomicU32::new(0);

/// Makes the timer tick every millisecond, at a core clock of `clock` Hz.
pub fn start(mut timer: SYST, clock: u32) {
    timer.set_clock_source(SystClkSource::Core);
    timer.set_reload(clock / 1000 - 1);
    timer.clear_current();
    timer.enable_counter();
    timer.enable_interrupt();
}

/// Milliseconds since [`start`]; they last for 49 days.
pub fn millis() -> u64 {
    MILLIS.load(Ordering::Relaxed).into()
}

#[exception]
fn SysTick() {
    MILLIS.fetch_add(1, Ordering::Relaxed);
}
