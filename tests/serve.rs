//! `qwark serve` and its clients, as processes of their own over real links.

mod common;

use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use common::frames::{hello, whole};
use common::{Server, interrupt, qwark, run, stdout};
use qwark::links::Client;
use qwark_wire::{Decoder, FromRuntime, Generate, Reason, SMALL_FRAME, Sampling, encode};

const PROMPT: &str = "The rover drives forward and turns left at the door.";
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

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

/// A folder and, in it, the address of a socket.
fn socket() -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().expect("a folder");
    let addr = format!("unix:{}", dir.path().join("qwark.sock").display());
    (dir, addr)
}

/// Waits until the server's heartbeats say that so many requests run, and so many wait for their turn.
fn wait_for(link: &str, running: u16, queued: u16) {
    let mut client = Client::connect(&link.parse().expect("an address"), "watches", PATIENCE).expect("it answers");
    let deadline = Instant::now() + PATIENCE;
    while client.heartbeat().is_none_or(|beat| (beat.running, beat.queued) != (running, queued)) {
        assert!(Instant::now() < deadline, "not {running} running and {queued} waiting: {:?}", client.heartbeat());
        client.next_event(Duration::from_millis(100)).expect("it speaks this version");
    }
}

fn an_answer_crosses_unchanged(link: &str) {
    let server = Server::start(&[link], &[]);
    for args in
        [&["-n", "40", "--seed", "5"][..], &["-n", "25", "--greedy", "--raw"], &["-n", "9", "--temp", "1.5", "--system", "Be brief."]]
    {
        assert_eq!(answer(ask(&server.links[0], args)), expected(args), "{args:?}");
    }
    let (rest, success) = server.interrupt();
    assert!(success, "Ctrl-C is no error");
    assert_eq!(rest, "");
}

#[test]
fn an_answer_crosses_a_socket_unchanged() {
    let (dir, socket) = socket();
    an_answer_crosses_unchanged(&socket);
    assert!(!dir.path().join("qwark.sock").exists(), "the socket is removed");
}

#[test]
fn an_answer_crosses_a_pseudo_terminal_unchanged() {
    an_answer_crosses_unchanged("pty");
}

/// A file in `dir`, by its path.
fn file(dir: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = dir.path().join(name);
    std::fs::write(&path, text).expect("it can be written");
    path.to_str().expect("UTF-8").to_owned()
}

const TOOLS: &str = r#"[{"type": "function", "function": {"name": "turn", "parameters":
    {"type": "object", "required": ["angle"], "properties": {"angle": {"enum": [90, 180]}}}}}, {"type": "function", "function": {"name": "stop"}}]"#;

#[test]
fn a_conversation_crosses_with_its_tools() {
    let (dir, socket) = socket();
    let _server = Server::start(&[&socket], &[]);
    let tools = file(&dir, "tools.json", TOOLS);
    let called = file(
        &dir,
        "called.json",
        r#"[{"role": "system", "content": "Be brief."}, {"role": "user", "content": "<|im_end|> Größer?"},
            {"role": "assistant", "tool_calls": [{"function": {"name": "turn", "arguments": {"angle": 90}}}]}, {"role": "tool", "content": "done"}]"#,
    );
    let turned: &[&str] = &[PROMPT, "--system", "Be brief.", "--tools", &tools, "--tool-choice", "turn", "--temp", "1"];
    for args in [turned, &["--messages", &called, "--tools", &tools, "-n", "20"], &["--messages", &called, "-n", "20", "--think=false"]] {
        let over_the_link = report(&[&["ask", "--link", &socket], args].concat());
        let here: serde_json::Value = serde_json::from_str(&stdout(run(&[&["run", "--json"], args].concat()))).expect("JSON");
        for field in ["text", "content", "tool_calls", "reason", "prompt_tokens", "output_tokens"] {
            assert_eq!(over_the_link.get(field), here.get(field), "{args:?}: {over_the_link}");
        }
    }
    assert!(report(&[&["ask", "--link", &socket], turned].concat())["tool_calls"][0]["arguments"]["angle"].is_u64());

    let (nothing, twice) =
        (file(&dir, "nothing.json", "[]"), file(&dir, "twice.json", &format!("[{0}, {0}]", &TOOLS[1..].replace(']', ""))));
    // An answer that is cut within a call is none.
    let cut = qwark().args(["ask", "--link", &socket, "-n", "4"]).args(turned).stdin(Stdio::null()).output().expect("the program starts");
    assert_eq!((cut.status.code(), &*String::from_utf8_lossy(&cut.stderr)), (Some(1), "qwark: call 1 of the answer: it is not whole\n"));
    // Nor does a schema that is none end the runtime.
    let schema = file(&dir, "schema.json", "[]");
    assert!(complaint(&["ask", "--link", &socket, "--json-schema", &schema, PROMPT]).contains("a JSON schema is an object, true or false"));

    let never = file(&dir, "never.json", &TOOLS.replace("[90, 180]", "[]"));
    for (args, message) in [
        (&["--messages", &nothing][..], "nothing.json: there is no message"),
        (&[PROMPT, "--tools", &tools, "--tool-choice", "halt"], "there is no tool \"halt\""),
        (&[PROMPT, "--tools", &never], "tool 1, \"turn\": \"parameters\": "),
        (&[PROMPT, "--tools", &twice], "twice.json: not a JSON array of tools"),
    ] {
        let said = complaint(&[&["ask", "--link", &socket], args].concat());
        assert!(said.contains(message), "{said}");
    }
}

#[test]
fn cancelling_one_of_several_clients_leaves_the_others_answers_alone() {
    let (_dir, socket) = socket();
    let server = Server::start(&[&socket], &["--parallel", "3", "-c", "32768"]);
    let seeds = ["1", "2", "3", "4", "5"];
    let args = |seed| ["-n", "60", "--temp", "1", "--seed", seed];
    let expected = seeds.map(|seed| expected(&args(seed)));

    // This one goes on for long, beside all the others, and is cancelled in the middle.
    let endless = ask(&server.links[0], &["-n", "100000", "--greedy", "--json"]);
    wait_for(&server.links[0], 1, 0);
    let others = seeds.map(|seed| ask(&server.links[0], &args(seed))).into_iter().zip(expected);
    for (n, (child, expected)) in others.enumerate() {
        assert_eq!(answer(child), expected);
        if n == 0 {
            // It began before this one, so it has begun by now.
            interrupt(&endless);
        }
    }
    let report: serde_json::Value = serde_json::from_str(&answer(endless)).expect("JSON");
    assert_eq!(report["reason"], "cancelled", "{report}");
    assert!(report["output_tokens"].as_u64().expect("a number") > 0, "{report}");
}

fn a_client_that_goes_away_leaves_a_server_that_answers(link: &str) {
    let server = Server::start(&[link], &["--parallel", "1"]);
    let mut gone = ask(&server.links[0], &["-n", "100000", "--greedy"]);
    gone.stdout.take().expect("piped").read_exact(&mut [0]).expect("a first byte");
    gone.kill().expect("it runs");
    gone.wait().expect("it ends");
    let args = ["-n", "12", "--seed", "3"];
    assert_eq!(answer(ask(&server.links[0], &args)), expected(&args));
}

#[test]
fn a_client_that_leaves_a_socket_leaves_a_server_that_answers() {
    let (_dir, socket) = socket();
    a_client_that_goes_away_leaves_a_server_that_answers(&socket);
}

#[test]
fn a_client_that_leaves_a_pseudo_terminal_leaves_a_server_that_answers() {
    a_client_that_goes_away_leaves_a_server_that_answers("pty");
}

#[test]
fn a_server_that_stops_tells_its_clients() {
    let (_dir, socket) = socket();
    let server = Server::start(&[&socket], &["--parallel", "1", "-c", "32768"]);
    let endless = || ask(&server.links[0], &["-n", "100000", "--greedy"]);
    let mut running = endless();
    let mut text = running.stdout.take().expect("piped");
    text.read_exact(&mut [0]).expect("a first byte");
    let waiting = endless();
    wait_for(&server.links[0], 1, 1);
    assert!(server.interrupt().1);
    for child in [running, waiting] {
        let output = child.wait_with_output().expect("it ends");
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains("the runtime stops"), "{error}");
    }
}

/// What a command that must fail says.
fn complaint(command: &[&str]) -> String {
    let output = qwark().args(command).stdin(Stdio::null()).output().expect("the program starts");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    error
}

/// What a command that must succeed reports.
fn report(command: &[&str]) -> serde_json::Value {
    let output = qwark().args(command).arg("--json").stdin(Stdio::null()).output().expect("the program starts");
    serde_json::from_str(&stdout(output)).expect("JSON")
}

#[test]
fn a_stop_ends_what_runs_and_holds_until_it_is_reset_and_armed() {
    let (_dir, socket) = socket();
    let server = Server::start(&[&socket], &["-c", "32768"]);
    let mut endless = ask(&server.links[0], &["-n", "100000", "--greedy", "--raw"]);
    endless.stdout.as_mut().expect("piped").read_exact(&mut [0]).expect("a first byte");
    let stop = ["stop", "--link", &socket];
    assert_eq!(report(&stop), serde_json::json!({ "safety": "stopped", "stop": 1 }));
    assert!(endless.wait().expect("it ends").success());
    assert!(complaint(&["ask", "--link", &socket, PROMPT]).contains("emergency stop"));
    assert!(complaint(&[&stop[..], &["--arm"]].concat()).contains("--reset it first"));
    assert_eq!(report(&[&stop[..], &["--reset"]].concat())["safety"], "disarmed");
    assert!(complaint(&["ask", "--link", &socket, PROMPT]).contains("disarmed"));
    assert_eq!(report(&[&stop[..], &["--arm"]].concat())["safety"], "armed");
    let args = ["-n", "12", "--greedy"];
    assert_eq!(answer(ask(&server.links[0], &args)), expected(&args));
}

#[test]
fn a_deadline_ends_with_what_there_is_or_with_the_fallback() {
    let (_dir, socket) = socket();
    let _server = Server::start(&[&socket], &["-c", "32768"]);
    let ask = |args: &[&str]| report(&[&["ask", "--link", &socket, PROMPT, "--greedy", "--raw"], args].concat());
    // Long enough for a token on this machine, however slow it is.
    let first_token = ask(&["-n", "1"])["total_ms"].as_f64().expect("a number");
    let deadline = 300 + 5 * first_token as u64;
    let args = ["-n", "100000", "--deadline", &deadline.to_string()];
    let cut = ask(&args);
    assert_eq!(cut["reason"], "deadline", "{cut}");
    assert!(cut["output_tokens"].as_u64() > Some(0) && cut["total_ms"].as_f64() >= Some(deadline as f64), "{cut}");
    let fallback = ask(&[&args[..], &["--fallback", "halt"]].concat());
    assert_eq!((&fallback["reason"], &fallback["text"]), (&"fallback".into(), &"halt".into()), "{fallback}");
}

#[test]
fn a_link_with_a_key_is_for_those_who_have_it() {
    let (dir, socket) = socket();
    let key = |name: &str, digits: &str| {
        let path = dir.path().join(name);
        std::fs::write(&path, digits.repeat(32)).expect("written");
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("set");
        path.display().to_string()
    };
    let (right, wrong) = (key("right", "a1"), key("wrong", "b2"));
    let server = Server::start(&[&socket], &["--key", &format!("{socket}={right}")]);
    let args = ["-n", "12", "--greedy"];
    assert_eq!(answer(ask(&server.links[0], &[&args[..], &["--key", &right]].concat())), expected(&args));
    assert!(complaint(&["ask", "--link", &socket, PROMPT]).contains("no seal that holds"));
    assert!(complaint(&["ask", "--link", &socket, PROMPT, "--key", &wrong, "--timeout", "2"]).contains("no runtime answered"));
}

/// The protocol by hand, as a microcontroller speaks it: frames on standard input, frames on standard output and nothing else.
#[test]
fn standard_input_and_output_carry_the_protocol() {
    let mut command = qwark();
    command.args(["serve", "--link", "stdio", "-m"]).arg(common::model());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("the program starts");
    let (mut stdin, mut stdout) = (child.stdin.take().expect("piped"), child.stdout.take().expect("piped"));

    let mut buffer = [0; 512];
    let asked = Generate { sampling: Sampling { max_tokens: 20, ..Sampling::default() }, ..whole(PROMPT) };
    stdin.write_all(encode(&hello(0), 0, 0, &mut buffer).expect("it fits")).expect("it reads");
    stdin.write_all(encode(&asked, 7, 1, &mut buffer).expect("it fits")).expect("it reads");

    let mut decoder = Decoder::<SMALL_FRAME>::new();
    let (mut text, mut model, mut byte) = (String::new(), String::new(), [0]);
    let done = loop {
        stdout.read_exact(&mut byte).expect("more frames");
        let Some(frame) = decoder.push(byte[0]) else { continue };
        let frame = frame.expect("nothing but whole frames");
        match FromRuntime::parse(&frame).expect("a message") {
            FromRuntime::Identify(identify) => model = identify.models[0].get().to_owned(),
            FromRuntime::Accepted(accepted) => assert_eq!((frame.id, accepted.received as usize), (7, PROMPT.len())),
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
    let (_dir, socket) = socket();
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
