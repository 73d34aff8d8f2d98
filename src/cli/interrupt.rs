use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// How a program ends that SIGINT ended, as shells see it.
pub(super) const KILLED: i32 = 128 + 2;

/// Signals that follow each other within this time are one: a shell or `timeout` may signal a program and its group at once.
const ONE_SIGNAL: Duration = Duration::from_millis(300);

/// Ctrl-C and SIGTERM, seen as a flag that the running command looks at. A second one ends the program at once: the first may
/// have found it where it cannot look, as when nobody reads its output.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Installs the handler. `on_signal` runs on the handler's own thread.
    pub fn install(on_signal: impl Fn() + Send + 'static) -> Result<Interrupt> {
        let interrupt = Interrupt::default();
        let flag = interrupt.clone();
        let mut last: Option<Instant> = None;
        let handler = move || {
            if last.is_some_and(|last| last.elapsed() < ONE_SIGNAL) {
                return;
            }
            last = Some(Instant::now());
            if flag.0.swap(true, Ordering::Relaxed) {
                std::process::exit(KILLED);
            }
            on_signal();
        };
        ctrlc::set_handler(handler).context("installing the Ctrl-C handler")?;
        Ok(interrupt)
    }

    /// Whether a signal came since the last [`Interrupt::clear`].
    pub fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Forgets the signal.
    pub fn clear(&self) {
        self.0.store(false, Ordering::Relaxed);
    }

    /// The flag itself, for threads that poll it.
    pub fn flag(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.0)
    }
}
