//! Any text is a command set or refused in one line; any bytes and lines are commands of it in one form, or refused.
#![no_main]

use libfuzzer_sys::fuzz_target;
use qwark::commands::{AnswerReader, CommandSet, Lang, NotACommand};

/// What the reference set is named by in an input, so that the fuzzer need not find it.
const ROVER: &[u8] = b"rover";

fuzz_target!(|input: &[u8]| {
    // The set up to the first NUL, then bytes and text of commands.
    let mut parts = input.splitn(2, |&byte| byte == 0);
    let (file, rest) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let Ok(file) = std::str::from_utf8(file) else { return };
    let file = if file.as_bytes() == ROVER { include_str!("../../commands/rover.toml") } else { file };
    match CommandSet::parse(file) {
        Ok(set) => {
            views(&set);
            bytes(&set, rest);
            lines(&set, &String::from_utf8_lossy(rest));
        }
        Err(error) => {
            let message = error.message();
            assert!(!message.chars().any(char::is_control), "{message:?}");
        }
    }
});

fn views(set: &CommandSet) {
    let texts = [set.prompt(), set.gbnf(), set.json_schema().to_string()];
    assert!(texts.iter().all(|text| !text.is_empty()));
    [Lang::C, Lang::Python, Lang::Rust].into_iter().for_each(|lang| drop(set.codegen(lang)));
}

fn bytes(set: &CommandSet, bytes: &[u8]) {
    let Ok(command) = set.decode(bytes) else { return };
    let (mut encoded, mut line) = (Vec::new(), String::new());
    set.encode(&command, &mut encoded).expect("what was decoded is legal");
    assert_eq!(encoded, bytes, "a command has one form");
    set.write_json(&command, &mut line).expect("what was decoded is legal");
    assert_eq!(set.parse_command(&line).expect("its own line"), command);
}

fn lines(set: &CommandSet, text: &str) {
    let mut reader = AnswerReader::new(set);
    let middle = text.floor_char_boundary(text.len() / 2);
    for piece in [&text[..middle], &text[middle..]] {
        let read = reader.push::<NotACommand>(piece, |line, command| {
            let mut written = String::new();
            set.write_json(&command, &mut written).expect("what was read is legal");
            assert_eq!(written, line, "a command has one spelling");
            Ok(())
        });
        if read.is_err() {
            return;
        }
    }
}
