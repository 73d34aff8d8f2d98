use std::time::Duration;

use crate::engine::MAX_BATCH;

/// How long a step should last at most: deadlines, requests of a higher class and heartbeats wait for its end.
const STEP: Duration = Duration::from_millis(100);

/// Prompt rows come in multiples of this.
const GRAIN: usize = 8;

/// Never fewer come where there are as many: the weights would be read for too few rows.
const LEAST: usize = 2 * GRAIN;

/// How many prompt rows a step takes, from how long earlier steps took. Answers do not depend on it.
#[derive(Debug)]
pub(super) struct Pace {
    rows: usize,
}

impl Pace {
    /// Nothing is known yet: begins with short steps.
    pub fn new() -> Pace {
        Pace { rows: LEAST }
    }

    /// The most prompt rows of the next step.
    pub fn prompt_rows(&self) -> usize {
        self.rows
    }

    /// A step of `rows` rows took `time`.
    pub fn took(&mut self, rows: usize, time: Duration) {
        // Few rows tell nothing about many: most of their time goes into reading the weights.
        if rows < LEAST {
            return;
        }
        let fitting = rows as f64 * STEP.as_secs_f64() / time.as_secs_f64().max(1e-6);
        let grains = (fitting / GRAIN as f64).round() as usize;
        // One step that was fast by chance is no reason for one that is far too long.
        self.rows = (grains * GRAIN).clamp(LEAST, MAX_BATCH.min(2 * self.rows));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Steps of a machine that takes `fixed` for a step and `row` for each of its rows.
    fn settled(fixed: Duration, row: Duration) -> usize {
        let mut pace = Pace::new();
        for _ in 0..10 {
            let rows = pace.prompt_rows();
            pace.took(rows, fixed + row * rows as u32);
        }
        pace.prompt_rows()
    }

    #[test]
    fn fast_machines_take_whole_batches_and_slow_ones_the_fewest_rows() {
        let (us, ms) = (Duration::from_micros, Duration::from_millis);
        assert_eq!(settled(ms(5), us(100)), MAX_BATCH);
        assert_eq!(settled(ms(10), ms(1)), 88);
        assert_eq!(settled(ms(5), us(4400)), 24);
        assert_eq!(settled(ms(20), ms(4)), LEAST);
        assert_eq!(settled(ms(100), ms(100)), LEAST);
        assert_eq!(settled(ms(0), ms(0)), MAX_BATCH, "a clock that stands still does no harm");
    }

    #[test]
    fn one_slow_step_is_made_up_for_and_few_rows_tell_nothing() {
        let mut pace = Pace { rows: MAX_BATCH };
        pace.took(4, Duration::from_secs(1));
        assert_eq!(pace.prompt_rows(), MAX_BATCH);
        pace.took(MAX_BATCH, Duration::from_secs(1));
        assert_eq!(pace.prompt_rows(), LEAST);
        for rows in [32, 64, 128, 128] {
            pace.took(16, Duration::from_millis(2));
            assert_eq!(pace.prompt_rows(), rows);
        }
    }
}
