//! Bytes of commands, and the code that is generated to read and write them: Rust, C and Python give the same verdicts.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use qwark::commands::{Command, CommandSet, Lang, Value};

use crate::sets::{answer, c_words, choices, hostile, number_sets, rover};

/// Commands, and as many bytes that may be none.
const CASES: usize = 3000;

fn encoded(set: &CommandSet, command: &Command) -> Vec<u8> {
    let mut bytes = Vec::new();
    set.encode(command, &mut bytes).expect("a command of the set");
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn check_round_trip(set: &CommandSet, choices: &[u32]) -> Result<(), TestCaseError> {
    for command in answer(set, choices) {
        let bytes = encoded(set, &command);
        prop_assert!(bytes.len() <= set.max_encoded_len());
        prop_assert_eq!(set.decode(&bytes), Ok(command.clone()));
        let mut line = String::new();
        set.write_json(&command, &mut line).expect("a command of the set");
        prop_assert_eq!(set.parse_command(&line), Ok(command));
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn text_and_bytes_say_the_same((random, choices) in (number_sets(), choices())) {
        for set in [&rover(), &random] {
            check_round_trip(set, &choices)?;
        }
    }

    /// Bytes that are no command are refused; those that are one are the only ones that say it.
    #[test]
    fn a_command_has_one_form(bytes in proptest::collection::vec(prop_oneof![any::<u8>(), 0..13u8], 0..12)) {
        let set = rover();
        if let Ok(command) = set.decode(&bytes) {
            prop_assert_eq!(encoded(&set, &command), bytes);
        }
    }
}

#[test]
fn hostile_text_and_bytes_say_the_same() {
    let set = hostile();
    let run = TestRunner::new(ProptestConfig::with_cases(400)).run(&choices(), |choices| check_round_trip(&set, &choices));
    run.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn bytes_are_as_documented() {
    let set = rover();
    for (line, bytes) in [
        ("{\"drive\":{\"distance\":2.0}}", "0000c800"),
        ("{\"drive\":{\"distance\":-0.3,\"speed\":0.1}}", "0001e2ff02"),
        ("{\"goto\":{\"place\":\"kitchen\"}}", "0201"),
        ("{\"look\":{\"tilt\":-30}}", "0502e2"),
        ("{\"say\":{\"text\":\"hé\"}}", "070368c3a9"),
        ("{\"stop\":{}}", "0a"),
    ] {
        let command = set.parse_command(line).expect(line);
        assert_eq!(hex(&encoded(&set, &command)), bytes, "{line}");
    }
    assert_eq!(set.max_encoded_len(), 1 + 1 + 4 * 60);
}

#[test]
fn a_command_of_another_set_is_refused() {
    let set = rover();
    for command in [
        Command { index: 12, values: vec![] },
        Command { index: 0, values: vec![] },
        Command { index: 0, values: vec![None, None] },
        Command { index: 0, values: vec![Some(Value::Int(1)), None] },
        Command { index: 0, values: vec![Some(Value::Steps(1001)), None] },
        Command { index: 2, values: vec![Some(Value::Enum(6))] },
        Command { index: 7, values: vec![Some(Value::Text("\n".to_owned()))] },
    ] {
        let (mut bytes, mut text) = (Vec::new(), String::new());
        assert!(set.encode(&command, &mut bytes).is_err() && set.write_json(&command, &mut text).is_err(), "{command:?}");
        assert!(bytes.is_empty() && text.is_empty());
    }
}

/// Bytes of commands and bytes near them, the same in every run.
fn inputs(set: &CommandSet) -> Vec<Vec<u8>> {
    let mut runner = TestRunner::deterministic();
    let damage = (any::<u16>(), any::<u8>(), 0..6u8, proptest::collection::vec(any::<u8>(), 0..8));
    let mut inputs = vec![Vec::new()];
    while inputs.len() < CASES {
        let (choices, (at, byte, kind, random)) = (choices(), damage.clone()).new_tree(&mut runner).expect("a value").current();
        for command in answer(set, &choices) {
            let mut bytes = encoded(set, &command);
            inputs.push(bytes.clone());
            let at = usize::from(at) % bytes.len();
            match kind {
                0 => bytes.truncate(at),
                1 => bytes.extend(&random),
                2 => bytes = random.clone(),
                3 => bytes[at] = byte,
                // Often the index, the bitmap or a length.
                4 => bytes[at.min(2)] = byte,
                _ => bytes[at] ^= 1 << (byte % 8),
            }
            inputs.push(bytes);
        }
    }
    inputs
}

/// Runs `process` on `lines` and returns the lines that it writes.
fn run(process: &mut Process, lines: &[String]) -> Vec<String> {
    let mut child = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    let mut stdin = child.stdin.take().expect("a pipe");
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    let writer = std::thread::spawn(move || stdin.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("it ends");
    writer.join().expect("it ends").expect("it reads everything");
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).expect("UTF-8").lines().map(str::to_owned).collect()
}

fn succeed(process: &mut Process) {
    let status = process.status().expect("it starts");
    assert!(status.success(), "{process:?}: {status}");
}

fn source(name: &str) -> String {
    format!("{}/tests/commands/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// What each input is to come back as: itself, or - where it is no command.
fn verdicts(set: &CommandSet, inputs: &[Vec<u8>]) -> Vec<String> {
    let verdicts: Vec<String> = inputs.iter().map(|bytes| if set.decode(bytes).is_ok() { hex(bytes) } else { "-".to_owned() }).collect();
    let refused = verdicts.iter().filter(|verdict| *verdict == "-").count();
    assert!(refused > CASES / 10 && refused < CASES / 10 * 9, "{refused} of {CASES} are refused");
    verdicts
}

fn compare(inputs: &[Vec<u8>], found: &[String], expected: &[String]) {
    assert_eq!(found.len(), expected.len());
    for (input, (found, expected)) in inputs.iter().zip(found.iter().zip(expected)) {
        assert_eq!(found, expected, "{}", hex(input));
    }
}

const STRICT: [&str; 9] =
    ["-Wall", "-Wextra", "-Wpedantic", "-Werror", "-Wconversion", "-Wshadow", "-O1", "-fsanitize=undefined", "-fno-sanitize-recover=all"];

fn compile_c(dir: &Path, file: &str, set: &CommandSet) -> PathBuf {
    let header = dir.join("set.h");
    fs::write(&header, set.codegen(Lang::C)).expect("written");
    let program = dir.join("program");
    let defines = [format!("-DSET={}", set.name()), format!("-DSET_HEADER=\"{}\"", header.display())];
    succeed(Process::new("cc").arg("-std=c99").args(STRICT).args(&defines).arg("-I").arg(dir).arg(source(file)).arg("-o").arg(&program));
    let cxx = ["-x", "c++", "-std=c++11", "-fsyntax-only"];
    succeed(Process::new("c++").args(cxx).args(STRICT).args(&defines).arg("-I").arg(dir).arg(source(file)));
    program
}

#[test]
fn generated_c_gives_the_same_verdicts() {
    for set in [rover(), hostile()].into_iter().chain(c_words()) {
        let dir = tempfile::tempdir().expect("a folder");
        let inputs = inputs(&set);
        let lines: Vec<String> = inputs.iter().map(|bytes| hex(bytes)).collect();
        let found = run(&mut Process::new(compile_c(dir.path(), "driver.c", &set)), &lines);
        compare(&inputs, &found, &verdicts(&set, &inputs));
    }
}

#[test]
fn generated_c_has_fields_in_their_units() {
    let dir = tempfile::tempdir().expect("a folder");
    succeed(&mut Process::new(compile_c(dir.path(), "rover.c", &rover())));
}

fn compile_rust(dir: &Path, file: &str, set: &CommandSet) -> PathBuf {
    fs::write(dir.join("generated.rs"), set.codegen(Lang::Rust)).expect("written");
    fs::write(dir.join("library.rs"), "#![no_std]\n#[path = \"generated.rs\"]\npub mod generated;\n").expect("written");
    fs::copy(source(file), dir.join("program.rs")).expect("copied");
    let rustc = || {
        let mut rustc = Process::new("rustc");
        rustc.current_dir(dir).args(["--edition", "2024"]);
        rustc
    };
    succeed(rustc().args(["--crate-type", "lib", "-D", "warnings", "--emit", "metadata", "library.rs"]));
    succeed(rustc().args(["program.rs", "-o", "program"]));
    dir.join("program")
}

#[test]
fn generated_rust_gives_the_same_verdicts() {
    for set in [rover(), hostile()] {
        let dir = tempfile::tempdir().expect("a folder");
        let inputs = inputs(&set);
        let lines: Vec<String> = inputs.iter().map(|bytes| hex(bytes)).collect();
        let found = run(&mut Process::new(compile_rust(dir.path(), "driver.rs", &set)), &lines);
        compare(&inputs, &found, &verdicts(&set, &inputs));
    }
}

#[test]
fn generated_rust_has_fields_in_their_units() {
    let dir = tempfile::tempdir().expect("a folder");
    succeed(&mut Process::new(compile_rust(dir.path(), "rover.rs", &rover())));
}

/// Runs the program `file` with the module of `set`.
fn python(dir: &Path, file: &str, set: &CommandSet) -> Process {
    fs::write(dir.join("generated.py"), set.codegen(Lang::Python)).expect("written");
    let mut python = Process::new("python3");
    python.arg("-B").arg(source(file)).env("PYTHONPATH", dir).env("PYTHONIOENCODING", "utf-8").env("PYTHONUTF8", "1");
    python
}

#[test]
fn generated_python_has_fields_in_their_units() {
    let dir = tempfile::tempdir().expect("a folder");
    succeed(&mut python(dir.path(), "rover.py", &rover()));
}

#[test]
fn generated_python_gives_the_same_verdicts_on_bytes_and_lines() {
    for set in [rover(), hostile()] {
        let dir = tempfile::tempdir().expect("a folder");
        let inputs = inputs(&set);
        let mut lines: Vec<String> = inputs.iter().map(|bytes| hex(bytes)).collect();
        let mut expected = verdicts(&set, &inputs);
        for (bytes, verdict) in inputs.iter().zip(&mut expected) {
            let Ok(command) = set.decode(bytes) else { continue };
            let mut json = String::new();
            set.write_json(&command, &mut json).expect("a command of the set");
            *verdict += &format!(" {json}");
            // The line itself, and one that differs in one character.
            let mut other: Vec<char> = json.chars().collect();
            let at = bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>() % other.len();
            other[at] = ['0', '.', '-', ' ', '"', 'a', '9', '\\', 'e', ','][bytes.len() % 10];
            for line in [json, other.into_iter().collect()] {
                lines.push(format!("J{line}"));
            }
        }
        let judged = lines[inputs.len()..].iter().map(|line| match set.parse_command(&line[1..]) {
            Ok(command) => hex(&encoded(&set, &command)),
            Err(_) => "-".to_owned(),
        });
        expected.extend(judged);
        let found = run(&mut python(dir.path(), "driver.py", &set), &lines);
        assert_eq!(found.len(), expected.len());
        for ((line, found), expected) in lines.iter().zip(&found).zip(&expected) {
            assert_eq!(found, expected, "{line}");
        }
    }
}
