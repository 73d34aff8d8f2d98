//! Whether it pays to guess what a constrained answer goes on with.

use std::time::Duration;

use crate::engine::Engine;

/// Tokens of an answer by a grammar that one step computes without guesses, what is forced behind a choice included: about two.
const FEW: usize = 2;

/// As many as a step may have with guesses, about.
const MANY: usize = 8;

/// What a step takes besides the feed-forward products that are measured, as a share of those with [`FEW`] rows: 6.1 ms in place of 4.3
/// with Qwen2.5-0.5B and AVX-512.
const REST: f64 = 0.4;

/// When constrained answers are guessed ahead. Answers do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guessing {
    /// Where a measurement finds that steps of more rows take so little longer that fewer of them are faster.
    #[default]
    Measured,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Guessing {
    /// How many rows could be computed in the time that a step takes whatever its rows, which is what a right guess spares: 0 for no
    /// guesses. A measurement takes some milliseconds; `None` where an interrupt cut it short.
    pub(super) fn spared_rows(self, engine: &mut Engine<'_>) -> Option<f64> {
        match self {
            Guessing::On => Some(f64::INFINITY),
            Guessing::Off => Some(0.0),
            Guessing::Measured => {
                let [few, many] = engine.probe_rows([FEW, MANY])?;
                let spared = spared_rows(few, many);
                log::info!("products of a layer: {few:?} with {FEW} rows, {many:?} with {MANY}; a step spared is {spared:.1} rows");
                Some(spared)
            }
        }
    }
}

/// As [`Guessing::spared_rows`], by the times of a layer's feed-forward products: those are a fixed time, and more for each row.
fn spared_rows(few: Duration, many: Duration) -> f64 {
    let (few, many) = (few.as_secs_f64(), many.as_secs_f64());
    let row = (many - few).max(0.0) / (MANY - FEW) as f64;
    ((few * (1.0 + REST) - row * FEW as f64) / row).max(0.0)
}

impl std::str::FromStr for Guessing {
    type Err = String;

    fn from_str(text: &str) -> Result<Guessing, String> {
        match text {
            "auto" => Ok(Guessing::Measured),
            "on" => Ok(Guessing::On),
            "off" => Ok(Guessing::Off),
            _ => Err("one of auto, on, off".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_more_a_row_costs_the_less_a_step_spares() {
        let of = |few: u64, many: u64| spared_rows(Duration::from_micros(few), Duration::from_micros(many));
        assert_eq!(of(100, 100), f64::INFINITY);
        assert!((of(100, 160) - 12.0).abs() < 1e-9);
        assert!((of(100, 400) - 0.8).abs() < 1e-9);
        assert_eq!(of(100, 800), 0.0);
    }

    #[test]
    fn it_is_said_when_to_guess() {
        let parsed = ["auto", "on", "off", "yes"].map(|text| text.parse().ok());
        assert_eq!(parsed, [Some(Guessing::Measured), Some(Guessing::On), Some(Guessing::Off), None]);
    }
}
