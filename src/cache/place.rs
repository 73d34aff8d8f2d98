//! Where the cache is, and how large it may become, where the user does not say.

use std::ffi::OsString;
use std::path::PathBuf;

use super::CacheError;

/// The most bytes of all files, by default: one model of 4 billion int4 weights, or a dozen of the small ones.
pub const DEFAULT_LIMIT: u64 = 4_000_000_000;

/// The environment variable that says the limit.
pub const LIMIT_VARIABLE: &str = "QWARK_CACHE_LIMIT";

/// `$XDG_CACHE_HOME/qwark`, by default `~/.cache/qwark`.
///
/// # Errors
/// [`CacheError::NoHome`]
pub fn default_dir() -> Result<PathBuf, CacheError> {
    dir(std::env::var_os("XDG_CACHE_HOME"), std::env::var_os("HOME"))
}

/// The limit that [`LIMIT_VARIABLE`] says, by default [`DEFAULT_LIMIT`].
///
/// # Errors
/// [`CacheError::Variable`]
pub fn limit_from_env() -> Result<u64, CacheError> {
    match std::env::var_os(LIMIT_VARIABLE) {
        None => Ok(DEFAULT_LIMIT),
        Some(text) => parse_size(&text.to_string_lossy()).map_err(|error| CacheError::Variable(error.to_string())),
    }
}

/// Bytes, or thousands (K), millions (M), billions (G) or trillions (T) of them: `500M`, `4G`, `1.5GB`.
///
/// # Errors
/// [`CacheError::Size`]
pub fn parse_size(text: &str) -> Result<u64, CacheError> {
    let refused = || CacheError::Size(text.to_owned());
    let upper = text.trim().to_ascii_uppercase();
    let number = upper.strip_suffix('B').unwrap_or(&upper);
    let unit = match number.chars().next_back() {
        Some('K') => 1e3,
        Some('M') => 1e6,
        Some('G') => 1e9,
        Some('T') => 1e12,
        _ => 1.0,
    };
    let number: f64 = if unit == 1.0 { number } else { &number[..number.len() - 1] }.trim().parse().map_err(|_| refused())?;
    let bytes = number * unit;
    // More than 2^53 bytes are no size of a disk, and what is not finite is none of anything.
    if (0.0..=9e15).contains(&bytes) { Ok(bytes as u64) } else { Err(refused()) }
}

/// By these values of `XDG_CACHE_HOME` and `HOME`.
fn dir(cache: Option<OsString>, home: Option<OsString>) -> Result<PathBuf, CacheError> {
    // The specification of XDG has relative paths ignored.
    let absolute = |dir: Option<OsString>| dir.map(PathBuf::from).filter(|dir| dir.is_absolute());
    let cache = absolute(cache).or_else(|| Some(absolute(home)?.join(".cache")));
    Ok(cache.ok_or(CacheError::NoHome)?.join("qwark"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_that_of_xdg() {
        let dir = |cache: &str, home: &str| dir(Some(cache.into()), Some(home.into())).ok();
        assert_eq!(dir("/c", "/h"), Some("/c/qwark".into()));
        assert_eq!(dir("", "/h"), Some("/h/.cache/qwark".into()));
        assert_eq!(dir("relative", "/h"), Some("/h/.cache/qwark".into()));
        assert_eq!(dir("", ""), None);
        assert!(super::dir(None, None).is_err());
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [("0", 0), ("12", 12), ("12b", 12), ("4G", 4_000_000_000), ("1.5 GB", 1_500_000_000), ("20k", 20_000)] {
            assert_eq!(parse_size(text).ok(), Some(bytes), "{text}");
        }
        for text in ["", "G", "B", "-1", "4X", "NaN", "inf", "1e30", "4 G B", "é"] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }
}
