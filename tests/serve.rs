//! `qwark serve` and its clients, as processes of their own over real links.

mod common;

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::Duration;

use common::{Server, interrupt, qwark, run, stdout};
use qwark_wire::{Bytes, Decoder, Form, FromRuntime, Generate, Hello, Reason, SMALL_FRAME, Sampling, Str, Thinking, encode};

const PROMPT: &str = "The rover drives forward and turns left at the door.";

/// What `qwark run` answers: every way over a link must give the same.
fn expected(args: &[&str]) -> String {
    stdout(run(&[&["run", PROMPT], args].concat()))
}

fn ask(link: &str, args: &[&str]) -> Child {
    let mut command = qwark();
    command.args(["ask", "--link", link, PROMPT]).args(args).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
}

fn answer(child: Child) -> String {
    stdout(child.wait_with_output().expect("it ends"))
}

#[test]
fn an_answer_crosses_a_pseudo_terminal_and_a_socket_unchanged() {
    let dir = tempfile::tempdir().expect("a folder");
    let socket = format!("unix:{}", dir.path().join("qwark.sock").display());
    let server = Server::start(&["pty", &socket], &[]);
    assert!(server.links[0].starts_with("serial:/dev/pts/"), "{:?}", server.links);
    for args in
        [&["-n", "40", "--seed", "5"][..], &["-n", "25", "--greedy", "--raw"], &["-n", "9", "--temp", "1.5", "--system", "Be brief."]]
    {
        let expected = expected(args);
        for link in &server.links {
            assert_eq!(answer(ask(link, args)), expected, "{link} {args:?}");
        }
    }
    let (_, success) = server.interrupt();
    assert!(success, "Ctrl-C is no error");
    assert!(!dir.path().join("qwark.sock").exists(), "the socket is removed");
}

#[test]
fn cancelling_one_of_several_clients_leaves_the_others_answers_alone() {
    let dir = tempfile::tempdir().expect("a folder");
    let socket = format!("unix:{}", dir.path().join("qwark.sock").display());
    let server = Server::start(&[&socket], &["--parallel", "3"]);
    let seeds = ["1", "2", "3", "4", "5"];
    let args = |seed| ["-n", "60", "--temp", "1", "--seed", seed];
    let expected = seeds.map(|seed| expected(&args(seed)));

    // The cancelled one would go on for long: it runs beside all the others.
    let endless = ask(&server.links[0], &["-n", "100000", "-c", "100000", "--temp", "1", "--json"]);
    let others = seeds.map(|seed| ask(&server.links[0], &args(seed)));
    std::thread::sleep(Duration::from_millis(30));
    interrupt(&endless);
    for (child, expected) in others.into_iter().zip(expected) {
        assert_eq!(answer(child), expected);
    }
    let report: serde_json::Value = serde_json::from_str(&answer(endless)).expect("JSON");
    // On a fast machine it may have come to its own end before the signal.
    let reason = report["reason"].as_str().expect("a reason");
    assert!(["cancelled", "context", "stop"].contains(&reason), "{report}");
}

#[test]
fn a_client_that_goes_away_leaves_a_server_that_answers() {
    let dir = tempfile::tempdir().expect("a folder");
    let socket = format!("unix:{}", dir.path().join("qwark.sock").display());
    let server = Server::start(&[&socket, "pty"], &["--parallel", "1"]);
    for link in &server.links {
        let mut gone = ask(link, &["-n", "100000", "--temp", "1"]);
        std::thread::sleep(Duration::from_millis(30));
        gone.kill().expect("it runs");
        gone.wait().expect("it ends");
        let args = ["-n", "12", "--seed", "3"];
        assert_eq!(answer(ask(link, &args)), expected(&args), "{link}");
    }
}

/// The protocol by hand, as a microcontroller speaks it: frames on standard input, frames on standard output and nothing else.
#[test]
fn standard_input_and_output_carry_the_protocol() {
    let mut command = qwark();
    command.args(["serve", "--link", "stdio", "-m"]).arg(common::model());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let (mut stdin, mut stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));

    let mut buffer = [0; 512];
    let hello = Hello { version_min: 1, version_max: 1, name: Str::cut("test") };
    stdin.write_all(encode(&hello, 0, 0, &mut buffer).expect("it fits")).expect("it reads");
    let generate = Generate {
        sampling: Sampling { max_tokens: 20, ..Sampling::default() },
        form: Form::Raw,
        thinking: Thinking::Default,
        has_system: false,
        system_len: 0,
        prompt_len: PROMPT.len() as u32,
        stops: Default::default(),
        text: Bytes::new(PROMPT.as_bytes()).expect("it is short"),
    };
    stdin.write_all(encode(&generate, 7, 1, &mut buffer).expect("it fits")).expect("it reads");

    let mut decoder = Decoder::<SMALL_FRAME>::new();
    let (mut text, mut model, mut byte) = (String::new(), String::new(), [0]);
    let done = loop {
        stdout.read_exact(&mut byte).expect("more frames");
        let Some(frame) = decoder.push(byte[0]) else { continue };
        let frame = frame.expect("nothing but whole frames");
        match FromRuntime::parse(&frame).expect("a message") {
            FromRuntime::Identify(identify) => model = identify.model.get().to_owned(),
            FromRuntime::Token(token) => {
                assert_eq!((frame.id, token.offset as usize), (7, text.len()));
                text += token.text.get();
            }
            FromRuntime::Done(done) => break done,
            other => panic!("{other:?}"),
        }
    };
    assert!(!model.is_empty());
    assert_eq!((done.reason, done.output_tokens, done.text_len as usize), (Reason::Length, 20, text.len()));
    assert_eq!(text + "\n", expected(&["-n", "20", "--greedy", "--raw"]));
    drop(stdin);
    assert!(child.wait().expect("it ends").success(), "the end of input ends the program");
}

#[test]
fn errors_reach_the_client_as_one_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let socket = format!("unix:{}", dir.path().join("qwark.sock").display());
    let server = Server::start(&[&socket], &["-c", "16"]);
    let cases = [
        (socket.as_str(), &[][..], "context"),
        ("unix:/nonexistent/qwark.sock", &["--timeout", "1"], "/nonexistent/qwark.sock"),
        ("serial:/dev/nonexistent", &["--timeout", "1"], "/dev/nonexistent"),
    ];
    for (link, args, part) in cases {
        let output = ask(link, args).wait_with_output().expect("it ends");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{link}: {error}");
        assert_eq!(error.lines().count(), 1, "{error}");
        assert!(error.contains(part), "{error}");
    }
    drop(server);
}
