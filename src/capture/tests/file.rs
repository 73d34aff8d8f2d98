//! Writing and reading.

use std::fs::{self, OpenOptions};
use std::time::{Duration, Instant};

use qwark_wire::Ping;
use sha2::{Digest, Sha256};

use super::{header, record};
use crate::capture::{CaptureError, Reader, Record, View, Writer, model_sha256};

fn records(count: u32) -> Vec<Record> {
    (0..count).map(|nonce| Record { t_us: nonce.into(), ..record(1, 7, false, 0, &Ping { nonce }) }).collect()
}

/// A capture of `count` frames as bytes.
fn capture(count: u32) -> Vec<u8> {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("capture.jsonl");
    let writer = Writer::create(&path, &header()).expect("a new file");
    records(count).into_iter().for_each(|record| writer.record(record));
    drop(writer);
    fs::read(&path).expect("it is there")
}

fn read(bytes: &[u8]) -> Result<Vec<Record>, CaptureError> {
    Reader::new(bytes, "x.jsonl")?.collect()
}

#[test]
fn what_is_written_is_read() {
    let bytes = capture(5);
    assert_eq!(bytes.iter().filter(|byte| **byte == b'\n').count(), 6);
    assert_eq!(Reader::new(&bytes[..], "x").expect("a capture").header(), &header());
    assert_eq!(read(&bytes).expect("a capture"), records(5));
}

#[test]
fn a_line_has_the_form_that_the_specification_gives() {
    let line = r#"{"t_us":5,"connection":2,"client":7,"sent":false,"frame":"0102040001000000000004030201757b7b09"}"#;
    let record: Record = serde_json::from_str(line).expect("a line");
    assert_eq!(View::new(&record.frame).to_string(), "→ 1 Ping nonce=16909060");
    assert_eq!(serde_json::to_string(&record).expect("JSON"), line);
}

#[test]
fn many_threads_write_whole_lines() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("capture.jsonl");
    let writer = Writer::create(&path, &header()).expect("a new file");
    std::thread::scope(|scope| {
        for client in 0..8 {
            let writer = writer.clone();
            scope.spawn(move || records(200).into_iter().for_each(|record| writer.record(Record { client, ..record })));
        }
    });
    drop(writer);
    let read: Vec<Record> = Reader::open(&path).expect("a capture").collect::<Result<_, _>>().expect("whole lines");
    for client in 0..8 {
        let own: Vec<u64> = read.iter().filter(|record| record.client == client).map(|record| record.t_us).collect();
        assert_eq!(own, (0..200).collect::<Vec<u64>>(), "client {client}, in order");
    }
}

#[test]
fn a_last_line_that_was_cut_off_is_ignored_wherever_that_was() {
    let bytes = capture(3);
    let two = capture(2).len();
    for cut in two..bytes.len() - 1 {
        assert_eq!(read(&bytes[..cut]).expect("two frames"), records(2), "cut at {cut}");
    }
    // Without its newline the last line is whole all the same.
    assert_eq!(read(&bytes[..bytes.len() - 1]).expect("three frames"), records(3));
}

#[test]
fn every_other_damage_is_named_with_its_line() {
    let bytes = capture(3);
    let text = String::from_utf8(bytes.clone()).expect("text");
    let damaged = |change: &dyn Fn(&str) -> String| {
        let lines: Vec<String> = text.lines().enumerate().map(|(n, line)| if n == 2 { change(line) } else { line.to_owned() }).collect();
        read((lines.join("\n") + "\n").as_bytes()).expect_err("damaged").to_string()
    };
    assert!(damaged(&|line| line.replace("t_us", "u_ts")).starts_with("x.jsonl:3: "), "a field is missing");
    assert!(damaged(&|line| line.replace("\"frame\":\"01", "\"frame\":\"0x")).contains("x.jsonl:3: `frame` is not bytes in hexadecimal"));
    assert!(damaged(&|line| line.replace("\"frame\":\"01", "\"frame\":\"1")).contains("not bytes in hexadecimal"), "odd digits");
    assert!(damaged(&|line| line[..20].to_owned()).starts_with("x.jsonl:3: "), "cut in the middle of the file");
    assert!(damaged(&|_| "9".repeat(100_000)).contains("x.jsonl:3: longer than"));
    let error = damaged(&|line| line.replace("false", "maybe"));
    assert!(error.starts_with("x.jsonl:3: ") && !error.contains("line 1"), "{error}");

    let mut not_text = bytes;
    let last = not_text.len() - 5;
    not_text[last] = 0xff;
    assert!(read(&not_text).expect_err("not UTF-8").to_string().starts_with("x.jsonl:4: "));
}

#[test]
fn other_files_are_no_captures() {
    let first = |text: &str| read(text.as_bytes()).expect_err("refused").to_string();
    for text in ["", "\n", "{}", "{}\n", "GGUF\n", "[1]\n", "{\"qwark_capture\":1}\n"] {
        assert!(first(text).starts_with("x.jsonl: not a capture of `qwark serve --record`: "), "{text:?}: {}", first(text));
    }
    assert_eq!(first("{\"qwark_capture\":2,\"new\":true}\n"), "x.jsonl: a capture of version 2; this program reads version 1");
    let missing = Reader::open("/no/such/file".as_ref()).expect_err("none").to_string();
    assert!(missing.starts_with("/no/such/file: "), "{missing}");
}

#[test]
fn a_full_disk_ends_the_recording_and_nothing_else() {
    // A device of Linux that is always full.
    let full = std::path::Path::new("/dev/full");
    if !full.exists() {
        return;
    }
    assert!(Writer::create(full, &header()).is_err(), "said at once where there is no room for the first line");

    // A pipe whose reader goes away after the header fails in the same way, later.
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    let reader = OpenOptions::new().read(true).write(true).open(&path).expect("it opens");
    let writer = Writer::create(&path, &header()).expect("the header is written");
    assert!(writer.is_recording());
    drop(reader);
    let deadline = Instant::now() + Duration::from_secs(10);
    while writer.is_recording() && Instant::now() < deadline {
        writer.record(records(1).remove(0));
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(!writer.is_recording());
    writer.record(records(1).remove(0));
}

#[test]
fn a_disk_that_is_too_slow_ends_the_recording_without_a_wait() {
    // Nobody reads this pipe: the writing thread hangs in it until the reader is dropped.
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("fifo");
    rustix::fs::mknodat(rustix::fs::CWD, &path, rustix::fs::FileType::Fifo, 0o600.into(), 0).expect("a pipe");
    let reader = OpenOptions::new().read(true).write(true).open(&path).expect("it opens");
    let writer = Writer::create(&path, &header()).expect("the header is written");
    let start = Instant::now();
    records(20_000).into_iter().for_each(|record| writer.record(record));
    assert!(!writer.is_recording());
    assert!(start.elapsed() < Duration::from_secs(5));
    drop(reader);
}

#[test]
fn a_models_hash_is_that_of_all_its_parts() {
    let (a, b) = (vec![1; 9 << 20], vec![2; 1000]);
    let mut seen = Vec::new();
    let hash = model_sha256(&[&a, &b], |done| seen.push(done));
    let whole: [u8; 32] = Sha256::digest([a, b].concat()).into();
    assert_eq!(hash, whole.map(|byte| format!("{byte:02x}")).concat());
    assert_eq!(seen.last(), Some(&((9 << 20) + 1000)));
    assert!(seen.len() > 2 && seen.is_sorted());
}
