//! When to send again what was not answered.

use std::time::{Duration, Instant};

/// The longest wait between two repetitions.
const LONGEST: Duration = Duration::from_secs(4);

/// Repetitions without any answer after which there are no more.
const MOST: u8 = 10;

/// A timer that waits longer after each repetition, and gives up in the end.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    first: Duration,
    wait: Duration,
    due: Option<Instant>,
    repeated: u8,
}

impl Retry {
    /// A timer that does not run yet and waits for `first` when it does.
    pub fn new(first: Duration) -> Retry {
        Retry { first, wait: first, due: None, repeated: 0 }
    }

    /// Something was sent at `now` that wants an answer. A timer that runs already goes on.
    pub fn start(&mut self, now: Instant) {
        self.due.get_or_insert(now + self.wait);
    }

    /// An answer shows progress: what is still to be answered has its time from `now` on.
    pub fn progress(&mut self, now: Instant, outstanding: bool) {
        *self = Retry::new(self.first);
        if outstanding {
            self.start(now);
        }
    }

    /// Nothing is to be answered.
    pub fn rest(&mut self) {
        *self = Retry::new(self.first);
    }

    /// When something is to be sent again.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Whether it is time to send again; the next time is then set, unless this was the last one.
    pub fn again(&mut self, now: Instant) -> bool {
        if self.due.is_none_or(|due| now < due) {
            return false;
        }
        self.repeated += 1;
        // Never shorter than the first: a very slow line takes that long for a frame and its answer.
        self.wait = LONGEST.min(self.wait * 2).max(self.first);
        self.due = (self.repeated < MOST).then(|| now + self.wait);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_end() {
        let mut now = Instant::now();
        let mut retry = Retry::new(Duration::from_millis(300));
        assert!(!retry.again(now), "it does not run yet");
        retry.start(now);
        let mut waits = Vec::new();
        while let Some(due) = retry.due() {
            assert!(!retry.again(due - Duration::from_millis(1)));
            waits.push((due - now).as_millis());
            now = due;
            assert!(retry.again(now));
        }
        assert_eq!(waits, [300, 600, 1200, 2400, 4000, 4000, 4000, 4000, 4000, 4000]);
        retry.progress(now, true);
        assert_eq!(retry.due(), Some(now + Duration::from_millis(300)));
    }
}
