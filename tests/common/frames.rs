//! Messages as a client would make them by hand.
#![allow(dead_code)]

use qwark_wire::{Bytes, Command, Crc32c, Form, Generate, Hello, Str};

/// The nonce of every Hello here.
pub const NONCE: u64 = 0x5eed;

/// The Hello of a client with this number, 0 for none.
pub fn hello(client: u64) -> Hello<'static> {
    Hello { version_min: 1, version_max: 1, client, nonce: NONCE, heartbeat_ms: 0, name: Str::cut("by hand") }
}

/// A Generate without a key or a window that asks for `prompt` as it is, and brings its first `len` bytes.
pub fn generate(prompt: &str, len: usize) -> Generate<'_> {
    let text = Bytes::new(&prompt.as_bytes()[..len]).expect("short enough");
    Generate { form: Form::Raw, prompt_len: prompt.len() as u32, text_crc: crc32c(prompt), text, ..Generate::default() }
}

/// A Command without a key or a window for `sentence` and the set with the id `set`, which brings its first `len` bytes.
pub fn command(set: u32, sentence: &str, len: usize) -> Command<'_> {
    let text = Bytes::new(&sentence.as_bytes()[..len]).expect("short enough");
    Command { set, sentence_len: sentence.len() as u32, text_crc: crc32c(sentence), text, ..Command::default() }
}

fn crc32c(text: &str) -> u32 {
    let mut crc = Crc32c::new();
    crc.update(text.as_bytes());
    crc.value()
}

/// The same, with all of its text.
pub fn whole(prompt: &str) -> Generate<'_> {
    generate(prompt, prompt.len())
}
