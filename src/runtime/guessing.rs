//! Whether it pays to guess what a constrained answer goes on with.

use crate::engine::Engine;
use crate::scheduler::ROWS;

/// Tokens of an answer by a grammar that one step computes without guesses, what is forced behind a choice included: about two.
const ROWS_WITHOUT: usize = 2;

/// Of the steps that an answer takes without guesses, so many are left with them: 0.51 of 50 sentences for a rover, without earlier answers
/// to begin with, and 0.58 of 561 others.
const STEPS_LEFT: f64 = 0.55;

/// When constrained answers are guessed ahead. Answers do not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Guessing {
    /// Where a measurement finds that steps of [`ROWS`] rows take so little longer that fewer of them are faster.
    #[default]
    Measured,
    /// Always.
    On,
    /// Never.
    Off,
}

impl Guessing {
    /// Whether to guess with this engine; a measurement takes some milliseconds. `None` where an interrupt cut it short.
    pub(super) fn pays(self, engine: &mut Engine<'_>) -> Option<bool> {
        match self {
            Guessing::On => Some(true),
            Guessing::Off => Some(false),
            Guessing::Measured => {
                let [without, with] = engine.probe_rows([ROWS_WITHOUT, ROWS])?;
                log::info!("products of a layer: {without:?} with {ROWS_WITHOUT} rows, {with:?} with {ROWS}");
                Some(with.as_secs_f64() * STEPS_LEFT < without.as_secs_f64())
            }
        }
    }
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
    fn it_is_said_when_to_guess() {
        let parsed = ["auto", "on", "off", "yes"].map(|text| text.parse().ok());
        assert_eq!(parsed, [Some(Guessing::Measured), Some(Guessing::On), Some(Guessing::Off), None]);
    }
}
