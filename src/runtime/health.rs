use std::time::Duration;

use crate::scheduler::{Counts, Safety};

/// How a runtime is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Health {
    /// Steps computed since it was made; grows as long as requests run.
    pub steps: u64,
    /// Requests by what they do.
    pub requests: Counts,
    /// Tokens generated per second, over the last few seconds of work; 0 before the first.
    pub tokens_per_s: f32,
    /// Whether it may generate anything.
    pub safety: Safety,
}

/// Work of this length is looked back on at most, at least half of it.
const WINDOW: Duration = Duration::from_secs(6);

/// Tokens per second, over the last seconds of work.
#[derive(Debug, Default)]
pub(super) struct Meter {
    tokens: f32,
    seconds: f32,
}

impl Meter {
    /// A step that took `time` gave `tokens`.
    pub fn add(&mut self, tokens: usize, time: Duration) {
        if self.seconds > WINDOW.as_secs_f32() {
            // What is old counts less and less.
            *self = Meter { tokens: self.tokens / 2.0, seconds: self.seconds / 2.0 };
        }
        self.tokens += tokens as f32;
        self.seconds += time.as_secs_f32();
    }

    /// The rate; 0 without any work.
    pub fn per_second(&self) -> f32 {
        if self.seconds > 0.0 { self.tokens / self.seconds } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_follows_the_work_of_the_last_seconds() {
        let mut meter = Meter::default();
        assert_eq!(meter.per_second(), 0.0);
        let step = Duration::from_millis(50);
        (0..400).for_each(|_| meter.add(1, step));
        assert!((meter.per_second() - 20.0).abs() < 0.1);
        (0..400).for_each(|_| meter.add(2, step));
        assert!((meter.per_second() - 40.0).abs() < 3.0, "{}", meter.per_second());
    }
}
