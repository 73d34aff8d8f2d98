use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result};

/// Ctrl-C and SIGTERM, seen as a flag that the running command looks at.
#[derive(Clone, Debug, Default)]
pub(super) struct Interrupt(Arc<AtomicBool>);

impl Interrupt {
    /// Installs the handler. `on_signal` runs on the handler's own thread.
    pub fn install(on_signal: impl Fn() + Send + 'static) -> Result<Interrupt> {
        let interrupt = Interrupt::default();
        let flag = interrupt.clone();
        let handler = move || {
            flag.0.store(true, Ordering::Relaxed);
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
