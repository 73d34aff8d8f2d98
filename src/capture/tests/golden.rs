//! What is shown of the golden frames, against the fields that their comments name: those come from a program that knows
//! nothing of this one.

use std::fs;
use std::path::Path;

use qwark_wire::Decoder;
use serde_json::Value;

use crate::capture::{Bare, FrameError, View};

/// The parts of a golden frame by name, and the bytes on the line.
struct Golden {
    file: String,
    parts: Vec<(String, Vec<u8>)>,
    line: Vec<u8>,
}

impl Golden {
    /// The frame before stuffing.
    fn bare(&self) -> Vec<u8> {
        self.parts.iter().flat_map(|(_, bytes)| bytes.clone()).collect()
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    hex.split_whitespace().map(|byte| u8::from_str_radix(byte, 16).expect("two hex digits")).collect()
}

fn all() -> Vec<Golden> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wire/tests/golden/v1");
    let mut golden: Vec<Golden> = fs::read_dir(folder)
        .expect("the golden frames are there")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("text");
            let (comments, lines): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
            let part = |line: &&str| {
                let (name, hex) = line[1..].trim().split_once(' ').unwrap_or((line[1..].trim(), ""));
                (name.to_owned(), bytes(hex))
            };
            let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
            Golden { file, parts: comments.iter().map(part).collect(), line: bytes(&lines.join(" ")) }
        })
        .collect();
    golden.sort_by(|a, b| a.file.cmp(&b.file));
    assert!(golden.len() >= 30, "{} golden frames", golden.len());
    golden
}

/// The fields of all records within, in the order of the line.
fn flatten<'v>(fields: &'v Value, list: &mut Vec<(&'v str, &'v Value)>) {
    for (name, value) in fields.as_object().expect("fields") {
        if value.is_object() && value.get("hex").is_none() { flatten(value, list) } else { list.push((name, value)) }
    }
}

/// Whether `value` is what the `bytes` of its field mean. Types that no comment tells apart are taken as the value has them.
fn means(value: &Value, bytes: &[u8]) -> bool {
    let number = |bytes: &[u8]| bytes.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte));
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    match value {
        Value::Bool(yes) => bytes == [u8::from(*yes)],
        Value::Number(n) if n.is_f64() => {
            bytes.try_into().is_ok_and(|bytes| f64::from(f32::from_le_bytes(bytes)) == n.as_f64().expect("a float"))
        }
        Value::Number(n) => n.as_u64() == Some(number(bytes)),
        // The name of an enum's value; which one, the crate's own tests say.
        Value::String(_) if bytes.len() == 1 => true,
        Value::String(text) if bytes.len() == 32 && text.len() == 64 => *text == hex(bytes),
        Value::String(text) => number(&bytes[..2]) as usize == text.len() && bytes[2..] == *text.as_bytes(),
        Value::Object(data) => data.get("hex").and_then(Value::as_str) == Some(&hex(&bytes[2..])),
        Value::Array(items) => {
            let mut rest = &bytes[1..];
            usize::from(bytes[0]) == items.len()
                && items.iter().all(|item| {
                    let (item_bytes, after) = rest.split_at(2 + number(&rest[..2]) as usize);
                    rest = after;
                    means(item, item_bytes)
                })
        }
        Value::Null => false,
    }
}

#[test]
fn every_field_of_every_message_is_shown_as_it_is() {
    for golden in all() {
        let (name, bare) = (&golden.file, golden.bare());
        let json = View::new(&bare).to_json();
        assert_eq!(json.get("error"), None, "{name}");
        for (field, part) in [("seq", 3), ("id", 4)] {
            assert!(means(&json[field], &golden.parts[part].1), "{name}: {field}");
        }
        let mut fields = Vec::new();
        flatten(&json["fields"], &mut fields);
        let parts = golden.parts[5..].iter().filter(|(part, _)| !["counter", "tag", "crc"].contains(&part.as_str()));
        let parts: Vec<_> = parts.collect();
        assert_eq!(fields.len(), parts.len(), "{name}");
        for ((field, value), (part, bytes)) in fields.into_iter().zip(parts) {
            assert_eq!(field, part, "{name}");
            assert!(means(value, bytes), "{name}: {field} is {value}, not {bytes:02x?}");
        }
        let sealed = golden.parts.iter().find(|(part, _)| part == "counter").map(|(_, bytes)| bytes[0]);
        assert_eq!(json.get("sealed").and_then(Value::as_u64), sealed.map(u64::from), "{name}");
    }
}

#[test]
fn a_frame_is_shown_alike_from_a_capture_and_from_a_line() {
    for golden in all() {
        let mut decoder = Decoder::<{ qwark_wire::MAX_FRAME }>::new();
        let mut shown = Vec::new();
        decoder.push_all(&golden.line, |frame| shown.push(View::of(frame.expect("a good frame")).to_string()));
        let bare = golden.bare();
        assert_eq!(shown, [View::new(&bare).to_string()], "{}", golden.file);
        assert_eq!(decoder.last_frame(), bare, "{}", golden.file);
    }
}

#[test]
fn lines_read_well() {
    let line = |file: &str| {
        let golden = all().into_iter().find(|golden| golden.file == file).expect("it is there");
        View::new(&golden.bare()).to_string()
    };
    assert_eq!(line("ping"), "→ 1 Ping nonce=16909060");
    assert_eq!(line("sealed_ping"), "→ 1 Ping nonce=16909060 seal=1");
    assert_eq!(line("estop"), "→ 2 EStop");
    assert_eq!(line("safety").split_once(" state=").expect("a field").0, "← 2 Safety");
    assert_eq!(
        line("generate"),
        "→ 2 Generate id=7 key=12648430 priority=High deadline_ms=1500 window=512 sampling={max_tokens=64 temperature=0.75 top_k=40 \
         top_p=0.5 min_p=0.0625 repetition_penalty=1.25 presence_penalty=0.5 frequency_penalty=-0.25 seed=0x123456789abcdef} form=Chat \
         thinking=Off has_system=yes system_len=9 prompt_len=15 text_crc=3222320082 grammar=Regex grammar_hash=ba7816bf8f01cfea414140de5dae2223… \
         has_fallback=yes fallback=\"halt\" stops=[\"\\n\\n\" \"</s>\"] text=\"Be brief.drive 1.5 cm→\""
    );
    assert_eq!(
        line("command"),
        "→ 11 Command id=12 key=12648430 priority=High deadline_ms=1500 window=512 set=1544166189 sentence_len=14 text_crc=724140461 \
         has_fallback=yes fallback=1 bytes 0a text=\"zurück, 30 cm\""
    );
    assert_eq!(line("command_reply"), "← 8 CommandReply id=12 offset=5 data=5 bytes 0001e2ff02");
    assert_eq!(line("text"), "→ 4 Text id=8 offset=0 text=\"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefgh\"… 300 bytes");
    assert!(line("error_of_a_newer_version").contains("code=200?"));
    assert!(line("mirror").ends_with("data=14 bytes 000102030405060708090a0b0c0d"), "{}", line("mirror"));
}

/// A frame of any header and payload, with a checksum that holds.
fn frame(header: [u8; 10], payload: &[u8]) -> Vec<u8> {
    let mut bytes = [&header, payload].concat();
    let mut crc = qwark_wire::Crc32c::new();
    crc.update(&bytes);
    bytes.extend_from_slice(&crc.value().to_le_bytes());
    bytes
}

#[test]
fn what_is_bad_is_said_to_be_bad() {
    let no_kind = frame([1, 0x33, 2, 0, 9, 0, 7, 0, 0, 0], &[0xab, 0xcd]);
    assert_eq!(View::new(&no_kind).to_string(), "→ 9 kind 0x33 id=7 bad: kind 0x33 is not known: 2 bytes abcd");
    let no_bool = frame([1, 0x06, 1, 0, 9, 0, 0, 0, 0, 0], &[7]);
    assert_eq!(View::new(&no_bool).to_string(), "→ 9 kind 0x06 bad: Monitor.on: 7 stands for nothing: 1 bytes 07");
    let longer = frame([1, 0x82, 6, 0, 9, 0, 0, 0, 0, 0], &[1, 0, 0, 0, 8, 9]);
    assert_eq!(View::new(&longer).to_string(), "← 9 Pong nonce=1 and 2 bytes that are not known here: 0809");
    assert_eq!(View::new(&[1, 2, 3]).to_string(), "? bad: a frame has 14 to 4096 bytes, this has 3: 010203");

    let good = frame([1, 0x02, 4, 0, 1, 0, 0, 0, 0, 0], &[4, 3, 2, 1]);
    for at in 0..good.len() {
        let mut damaged = good.clone();
        damaged[at] ^= 0x10;
        assert!(Bare::parse(&damaged).is_err(), "byte {at}");
    }
    assert_eq!(Bare::parse(&[0; 5000]), Err(FrameError::Size(5000)));
    assert_eq!(Bare::parse(&frame([1, 2, 9, 0, 1, 0, 0, 0, 0, 0], &[1])), Err(FrameError::Length(15)));
    assert_eq!(Bare::parse(&frame([1, 2, 1, 0, 1, 0, 0, 0, 0, 0], &[1, 2])), Err(FrameError::Length(16)));
}

#[test]
fn no_text_can_control_a_terminal() {
    let token = frame([1, 0x90, 10, 0, 0, 0, 1, 0, 0, 0], b"\0\0\0\0\x04\0\x1b[2J");
    assert_eq!(View::new(&token).to_string(), "← 0 Token id=1 offset=0 text=\"\\u{1b}[2J\"");
}
