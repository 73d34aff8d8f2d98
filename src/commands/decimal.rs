//! Decimal numbers as they are written, exactly: no check goes through a float.

use std::fmt;

use thiserror::Error;

/// Most digits after the point.
pub const MAX_DECIMALS: u32 = 9;
/// Most digits of a number, those after the point included: so many are exact in an f64 too.
pub const MAX_DIGITS: u32 = 15;

/// Of these, 1 is made.
const UNITS_OF_ONE: i128 = 10i128.pow(MAX_DECIMALS);

/// A decimal number with at most [`MAX_DECIMALS`] digits after the point and [`MAX_DIGITS`] before it.
///
/// It is displayed in canonical form: as few digits as say it exactly, one at least on either side of the point, and no `-0.0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(i128);

/// Why a text is no [`Decimal`]; see the message of each for its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[allow(missing_docs, reason = "each variant's message is its documentation")]
pub enum DecimalFault {
    #[error("not a number")]
    Syntax,
    #[error("not finite")]
    NotFinite,
    #[error("more than {MAX_DECIMALS} digits after the point")]
    Decimals,
    #[error("more than {MAX_DIGITS} digits before the point")]
    TooLarge,
}

impl Decimal {
    /// The whole number `value`.
    pub fn whole(value: i32) -> Decimal {
        Decimal(i128::from(value) * UNITS_OF_ONE)
    }

    /// Reads `-12.5`, `3`, `+1e-3` and the like.
    pub fn parse(text: &str) -> Result<Decimal, DecimalFault> {
        let (negative, rest) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        if rest == "inf" || rest == "nan" {
            return Err(DecimalFault::NotFinite);
        }
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let all_digits = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
        let exponent_digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) || exponent_digits.is_empty() || !all_digits(exponent_digits) {
            return Err(DecimalFault::Syntax);
        }

        let digits = format!("{whole}{fraction}");
        let significant = digits.trim_start_matches('0').trim_end_matches('0');
        if significant.is_empty() {
            return Ok(Decimal(0));
        }
        let zeros_after = digits.len() - digits.trim_end_matches('0').len();
        let negative_exponent = exponent.starts_with('-');
        // An exponent that an i64 cannot hold is beyond every limit, whatever the digits.
        let exponent = exponent_digits.parse::<i64>().unwrap_or(i64::MAX / 2) * if negative_exponent { -1 } else { 1 };
        // The value is `significant` x 10^shift.
        let shift = exponent + zeros_after as i64 - fraction.len() as i64;
        if shift < -i64::from(MAX_DECIMALS) {
            return Err(DecimalFault::Decimals);
        }
        if significant.len() as i64 + shift > i64::from(MAX_DIGITS) {
            return Err(DecimalFault::TooLarge);
        }
        // Fits by the two checks: at most MAX_DIGITS + MAX_DECIMALS digits.
        let units = significant.parse::<i128>().map_err(|_| DecimalFault::TooLarge)? * 10i128.pow((shift + i64::from(MAX_DECIMALS)) as u32);
        Ok(Decimal(if negative { -units } else { units }))
    }

    /// `steps` times this.
    pub fn times(self, steps: i32) -> Decimal {
        Decimal(self.0 * i128::from(steps))
    }

    /// How many times `step` this is, if it is a whole number of times.
    pub fn in_steps_of(self, step: Decimal) -> Option<i128> {
        (step.0 != 0 && self.0 % step.0 == 0).then(|| self.0 / step.0)
    }

    /// Whether it is more than 0.
    pub fn is_positive(self) -> bool {
        self.0 > 0
    }

    /// Whether it is a whole number of halves, quarters and so on, which a float holds exactly.
    pub(super) fn is_binary(self) -> bool {
        // With at most MAX_DECIMALS digits after the point, it is then a multiple of 1 / 2^MAX_DECIMALS.
        self.0 % 5i128.pow(MAX_DECIMALS) == 0
    }

    /// The float that is nearest to it.
    pub fn to_f64(self) -> f64 {
        let decimals = self.decimals();
        // Both are exact where the number has at most MAX_DIGITS digits in all, and then so is the rounding of the quotient.
        self.scaled(decimals) as f64 / 10u64.pow(decimals) as f64
    }

    /// How many digits after the point it takes: 0 for a whole number.
    pub fn decimals(self) -> u32 {
        (0..MAX_DECIMALS).find(|&decimals| self.0 % 10i128.pow(MAX_DECIMALS - decimals) == 0).unwrap_or(MAX_DECIMALS)
    }

    /// The number times 10^`decimals`, with what is then still behind the point cut off.
    pub fn scaled(self, decimals: u32) -> i128 {
        self.0 / 10i128.pow(MAX_DECIMALS - decimals.min(MAX_DECIMALS))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let decimals = self.decimals().max(1);
        let digits = self.scaled(decimals).unsigned_abs();
        let one = 10u128.pow(decimals);
        write!(f, "{sign}{}.{:0width$}", digits / one, digits % one, width = decimals as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Result<String, DecimalFault> {
        Decimal::parse(text).map(|decimal| decimal.to_string())
    }

    #[test]
    fn is_shown_in_canonical_form() {
        let pairs = [
            ("0", "0.0"),
            ("-0.0", "0.0"),
            ("0e999999999999999999999", "0.0"),
            ("2", "2.0"),
            ("+2.50", "2.5"),
            ("-0.3", "-0.3"),
            ("10", "10.0"),
            ("007.070", "7.07"),
            ("1e-3", "0.001"),
            ("12.5E+1", "125.0"),
            ("0.000000001", "0.000000001"),
            ("100e-11", "0.000000001"),
            ("999999999999999.999999999", "999999999999999.999999999"),
        ];
        for (text, canonical) in pairs {
            assert_eq!(shown(text).as_deref(), Ok(canonical), "{text}");
        }
    }

    #[test]
    fn refuses_what_it_cannot_hold() {
        let pairs = [
            ("", DecimalFault::Syntax),
            ("-", DecimalFault::Syntax),
            (".5", DecimalFault::Syntax),
            ("1.2.3", DecimalFault::Syntax),
            ("1e", DecimalFault::Syntax),
            ("--1", DecimalFault::Syntax),
            ("ä", DecimalFault::Syntax),
            ("-inf", DecimalFault::NotFinite),
            ("nan", DecimalFault::NotFinite),
            ("1e-10", DecimalFault::Decimals),
            ("1e-300", DecimalFault::Decimals),
            ("1e15", DecimalFault::TooLarge),
            ("1e300", DecimalFault::TooLarge),
            ("1e99999999999999999999999", DecimalFault::TooLarge),
        ];
        for (text, fault) in pairs {
            assert_eq!(shown(text), Err(fault), "{text}");
        }
    }

    #[test]
    fn knows_what_is_exact_in_binary() {
        for (text, exact) in
            [("0", true), ("10", true), ("0.5", true), ("-3.25", true), ("0.001953125", true), ("0.1", false), ("0.003", false)]
        {
            assert_eq!(Decimal::parse(text).map(Decimal::is_binary), Ok(exact), "{text}");
        }
    }

    #[test]
    fn counts_steps_exactly() {
        let [value, step] = ["-0.3", "0.01"].map(|text| Decimal::parse(text).expect("a number"));
        assert_eq!(value.in_steps_of(step), Some(-30));
        assert_eq!(step.times(-30), value);
        assert_eq!(step.in_steps_of(value), None);
        assert_eq!((step.decimals(), step.scaled(2)), (2, 1));
    }
}
