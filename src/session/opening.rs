//! The frame that begins a request.

use qwark_wire::{Command, Generate, Priority, payload_len};

/// The frame that begins a request: what it asks for differs, what becomes of it does not.
#[derive(Clone, Copy, Debug)]
pub(super) enum Opening<'m, 'a> {
    /// For text.
    Generate(&'m Generate<'a>),
    /// For commands.
    Command(&'m Command<'a>),
}

impl<'a> Opening<'_, 'a> {
    pub fn key(self) -> u64 {
        match self {
            Opening::Generate(generate) => generate.key,
            Opening::Command(command) => command.key,
        }
    }

    pub fn priority(self) -> Priority {
        match self {
            Opening::Generate(generate) => generate.priority,
            Opening::Command(command) => command.priority,
        }
    }

    pub fn window(self) -> u32 {
        match self {
            Opening::Generate(generate) => generate.window,
            Opening::Command(command) => command.window,
        }
    }

    /// Bytes of the whole text.
    pub fn text_len(self) -> u64 {
        match self {
            Opening::Generate(generate) => u64::from(generate.system_len) + u64::from(generate.prompt_len),
            Opening::Command(command) => command.sentence_len.into(),
        }
    }

    pub fn text_crc(self) -> u32 {
        match self {
            Opening::Generate(generate) => generate.text_crc,
            Opening::Command(command) => command.text_crc,
        }
    }

    /// The first bytes of the text.
    pub fn text(self) -> &'a [u8] {
        match self {
            Opening::Generate(generate) => generate.text.get(),
            Opening::Command(command) => command.text.get(),
        }
    }

    /// What of its `payload` says what is asked: not the piece of the text. How that is cut does not matter, its checksum is among the rest.
    pub fn terms(self, payload: &[u8]) -> (bool, &[u8]) {
        let (is_command, len) = match self {
            Opening::Generate(generate) => (false, payload_len(generate)),
            Opening::Command(command) => (true, payload_len(command)),
        };
        let end = len - self.text().len() - size_of::<u16>();
        (is_command, &payload[..end.min(payload.len())])
    }
}
