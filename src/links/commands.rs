//! Requests for commands, as far as the served set alone decides about them.

use qwark_wire::{Command, ErrorCode, MAX_COMMAND};

use super::LinkError;
use crate::commands::CommandSet;

/// Checks that every command of `set` fits into a frame.
///
/// # Errors
/// It has longer ones.
pub fn check_fits(set: &CommandSet) -> Result<(), LinkError> {
    match set.max_encoded_len() {
        0..=MAX_COMMAND => Ok(()),
        len => Err(LinkError::Set { name: set.name().to_owned(), len }),
    }
}

/// Why `command` is refused, if it is.
pub(super) fn refusal(set: Option<&CommandSet>, command: &Command<'_>) -> Option<(ErrorCode, String)> {
    let Some(set) = set else {
        return Some((ErrorCode::Unsupported, "this runtime serves no command set".to_owned()));
    };
    if command.set != set.id() {
        let (name, own, other) = (set.name(), set.id(), command.set);
        return Some((ErrorCode::Parameter, format!("the command set here is {name}, {own:#010x}, not {other:#010x}")));
    }
    if !command.has_fallback {
        return None;
    }
    let violation = set.decode(&command.fallback).err()?;
    Some((ErrorCode::Parameter, format!("the fallback is no command of {}: {violation}", set.name())))
}
