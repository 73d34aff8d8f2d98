//! The real program at both ends of a real serial line (two pseudo-terminals) that hits every tenth frame.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use crate::asker::Asker;
use crate::cable::{Cable, End};
use crate::common::Server;
use crate::injector::{Injector, Kind};
use crate::questions::{COUNT, Question, TOKENS, question, set_file};
use crate::random::Random;

const BAUD: u32 = 115_200;
const PERCENT: u64 = 10;

/// Answers that the Rust client is to get over each cable.
const ANSWERS: usize = 12;

/// How long a cut lasts at most: what is shown here is that both ends go on, the simulation shows for how long.
const DEAD: Duration = Duration::from_millis(500);

#[test]
fn every_answer_crosses_a_bad_cable_unchanged() {
    let rows = all_kinds(|kind, seed| {
        let cable = Cable::new(BAUD, injectors(kind, seed));
        let server = start(&cable);
        let mut asker = Asker::new(&cable.address(End::Robot), seed as usize);
        asker.answers(ANSWERS);
        asker.finish();
        finish(kind, server, &cable);
        asker.latencies.sort_unstable();
        let ms = |latency: &Duration| latency.as_millis();
        let (median, worst) = (ms(&asker.latencies[ANSWERS / 2]), asker.latencies.last().map_or(0, ms));
        format!("{kind:<12}  {ANSWERS:>7}  {:>10}  {:>10}  {median:>9}  {worst:>8}", cable.hits(), asker.repeated())
    });
    println!("faults        answers  frames hit  sent again  median ms  worst ms\n{}", rows.join("\n"));
}

#[test]
fn every_answer_reaches_the_python_client_unchanged() {
    let rows = all_kinds(|kind, seed| {
        let cable = Cable::to_socket(BAUD, injectors(kind, seed));
        let server = start(&cable);
        let answers = python(&cable.address(End::Robot));
        for (n, answer) in answers.iter().enumerate() {
            assert_eq!(answer, &question(n).answer, "{kind}, question {n}");
        }
        finish(kind, server, &cable);
        format!("{kind:<12}  {:>7}  {:>10}", answers.len(), cable.hits())
    });
    println!("faults        answers  frames hit\n{}", rows.join("\n"));
}

/// Runs `over` for every kind of fault at the same time, each with its seed. Gives what they gave.
fn all_kinds(over: impl Fn(Kind, u64) -> String + Sync) -> Vec<String> {
    let over = &over;
    thread::scope(|scope| {
        let runs: Vec<_> = (1..).zip(Kind::ALL).map(|(seed, kind)| scope.spawn(move || over(kind, seed))).collect();
        runs.into_iter().map(|run| run.join().expect("no panic")).collect()
    })
}

/// What hits the frames of both directions.
fn injectors(kind: Kind, seed: u64) -> [Option<Injector>; 2] {
    let mut random = Random::new(seed);
    let mut injector = || Some(Injector::new(kind, PERCENT, random.fork()).dead_at_most(DEAD));
    [injector(), injector()]
}

fn start(cable: &Cable) -> Server {
    Server::start(&[&cable.address(End::Board)], &["--parallel", "2", "-t", "1", "--commands", set_file()])
}

fn finish(kind: Kind, server: Server, cable: &Cable) {
    let (_, success) = server.interrupt();
    assert!(success, "{kind}: the server ends well");
    assert!(cable.hits() > 0, "{kind}: nothing was hit");
}

/// What the Python client, in a process of its own, gets for answers to all questions.
fn python(address: &str) -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = Command::new("python3");
    command.arg(root.join("tests/faults/asker.py")).arg(address).env("PYTHONPATH", root.join("clients/python/src"));
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("python3 starts");
    let mut stdin = child.stdin.take().expect("piped");
    for n in 0..COUNT {
        let Question { prompt, seed, .. } = question(n);
        let line = serde_json::json!({ "prompt": prompt, "seed": seed, "max_tokens": TOKENS });
        writeln!(stdin, "{line}").expect("it reads");
    }
    drop(stdin);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let mut answers = vec![None; COUNT];
    for line in output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
        let Printed { number, offsets, pieces } = serde_json::from_slice(line).expect("JSON");
        let mut answer = String::new();
        for (offset, piece) in offsets.into_iter().zip(pieces) {
            assert_eq!(offset, answer.len(), "question {number}: {piece:?}");
            answer += &piece;
        }
        assert!(answers[number].replace(answer).is_none(), "question {number} ends twice");
    }
    answers.into_iter().map(|answer| answer.expect("every question ends")).collect()
}

/// An answer, as the Python program prints it.
#[derive(serde::Deserialize)]
struct Printed {
    number: usize,
    offsets: Vec<usize>,
    pieces: Vec<String>,
}
