//! Messages as a client would make them by hand.
#![allow(dead_code)]

use qwark_wire::{Bytes, Crc32c, Form, Generate, Hello, Str};

/// The nonce of every Hello here.
pub const NONCE: u64 = 0x5eed;

/// The Hello of a client with this number, 0 for none.
pub fn hello(client: u64) -> Hello<'static> {
    Hello { version_min: 1, version_max: 1, client, nonce: NONCE, heartbeat_ms: 0, name: Str::cut("by hand") }
}

/// A Generate without a key or a window that asks for `prompt` as it is, and brings its first `len` bytes.
pub fn generate(prompt: &str, len: usize) -> Generate<'_> {
    let mut crc = Crc32c::new();
    crc.update(prompt.as_bytes());
    let text = Bytes::new(&prompt.as_bytes()[..len]).expect("short enough");
    Generate { form: Form::Raw, prompt_len: prompt.len() as u32, text_crc: crc.value(), text, ..Generate::default() }
}

/// The same, with all of its text.
pub fn whole(prompt: &str) -> Generate<'_> {
    generate(prompt, prompt.len())
}
