//! Sentences to a running `qwark serve --commands`, and what comes back as commands, over real links and with a real model's shape.

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::time::{Duration, Instant};

use common::{Server, WALKER, interrupt, model, qwark, run, stdout};
use qwark::commands::CommandSet;
use qwark::links::{Client, ClientEvent, LinkAddr, Sentence};
use qwark_wire::{Done, ErrorCode, Reason};
use serde_json::Value;

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A command of it.
const STEP: &str = r#"{"step":{"angle":101,"fast":true}}"#;

const SENTENCES: [&str; 4] = ["turn left", "open the gripper and say hello", "look up then wait", "geh zurück, über den Flur → Küche"];

/// A folder with the set in it.
struct Place {
    folder: tempfile::TempDir,
    set: CommandSet,
}

impl Place {
    fn new() -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("walker.toml"), WALKER).expect("written");
        Place { folder, set: CommandSet::parse(WALKER).expect("a command set") }
    }

    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).display().to_string()
    }

    fn file(&self) -> String {
        self.path("walker.toml")
    }

    fn socket(&self) -> String {
        format!("unix:{}", self.path("qwark.sock"))
    }

    fn serve(&self, link: &str, args: &[&str]) -> Server {
        Server::start(&[link], &[&["--commands", &self.file()], args].concat())
    }

    /// What `qwark command` says, which has no link.
    fn expected(&self, sentence: &str) -> String {
        stdout(run(&["command", "--set", &self.file(), sentence]))
    }

    fn sentence(&self, text: &str) -> Sentence {
        Sentence::new(self.set.id(), text)
    }

    fn ask(&self, link: &str, args: &[&str]) -> Child {
        let mut command = qwark();
        command.args(["ask", "--link", link, "--set", &self.file()]).args(args);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts")
    }

    fn answer(&self, link: &str, args: &[&str]) -> Output {
        self.ask(link, args).wait_with_output().expect("it ends")
    }

    /// The commands of a sentence as lines, each read from the bytes of one event, and the end.
    fn obey(&self, client: &mut Client, sentence: &Sentence) -> Result<(Vec<String>, Done), (ErrorCode, String)> {
        let id = client.command(sentence).expect("sent");
        let (mut lines, deadline) = (Vec::new(), Instant::now() + PATIENCE);
        loop {
            match client.next_event(PATIENCE).expect("it speaks this version") {
                Some(ClientEvent::Command { id: of, bytes, .. }) if of == id => {
                    let mut line = String::new();
                    self.set.write_json(&self.set.decode(&bytes).expect("one whole command"), &mut line).expect("a command");
                    lines.push(line);
                }
                Some(ClientEvent::Done { id: of, done }) if of == id => return Ok((lines, done)),
                Some(ClientEvent::Error { id: of, code, ends: true, message }) if of == id => return Err((code, message)),
                _ => assert!(Instant::now() < deadline, "nothing comes of {sentence:?}"),
            }
        }
    }
}

fn connect(link: &str) -> Client {
    Client::connect(&link.parse::<LinkAddr>().expect("an address"), "test", PATIENCE).expect("it answers")
}

/// What a program that must fail says, in one line.
fn complaint(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!((output.status.code(), error.lines().count()), (Some(1), 1), "{error}");
    error
}

fn commands_cross_unchanged(link: &str) {
    let place = Place::new();
    let server = place.serve(link, &[]);
    let mut counts = Vec::new();
    for sentence in SENTENCES {
        let expected = place.expected(sentence);
        counts.push(expected.lines().count());
        assert_eq!(stdout(place.answer(&server.links[0], &[sentence])), expected, "{sentence}");
    }
    assert!(counts.contains(&1) && counts.contains(&2), "{counts:?}");
    let (rest, success) = server.interrupt();
    assert!(success && rest == format!("serving the command set walker, id {:#010x}\n", place.set.id()), "{rest}");
}

#[test]
fn commands_cross_a_pseudo_terminal_unchanged() {
    commands_cross_unchanged("pty");
}

#[test]
fn commands_cross_a_socket_unchanged() {
    let folder = tempfile::tempdir().expect("a folder");
    commands_cross_unchanged(&format!("unix:{}", folder.path().join("qwark.sock").display()));
}

#[test]
fn a_client_gets_typed_commands_and_an_end() {
    let place = Place::new();
    let server = place.serve("pty", &[]);
    let mut client = connect(&server.links[0]);
    assert_eq!((client.runtime().commands.as_str(), client.runtime().set), ("walker", place.set.id()));
    // Longer than several frames.
    let long = "and then go on ".repeat(100);
    for sentence in [SENTENCES[0], SENTENCES[1], &long] {
        let (lines, done) = place.obey(&mut client, &place.sentence(sentence)).expect("an answer");
        assert_eq!(lines.join("\n") + "\n", place.expected(sentence));
        assert_eq!((done.reason, done.answer_at), (Reason::Stop, 0));
    }
}

/// The recording says when each frame went out: the first command does not wait for the second, which takes its time.
#[test]
fn each_command_leaves_while_the_next_one_is_decoded() {
    let place = Place::new();
    let capture = place.path("capture.jsonl");
    let server = place.serve("pty", &["--record", &capture]);
    let (lines, done) = place.obey(&mut connect(&server.links[0]), &place.sentence(SENTENCES[1])).expect("an answer");
    assert_eq!(lines.len(), 2);
    assert!(server.interrupt().1);
    let shown = stdout(qwark().args(["wire", "decode", &capture, "--json"]).output().expect("the program starts"));
    let shown: Vec<Value> = shown.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let sent = |kind: &str| {
        let of_kind = shown.iter().filter(|shown| shown["kind"] == kind);
        of_kind.map(|shown| shown["t_us"].as_u64().expect("a time")).collect::<Vec<_>>()
    };
    let replies = sent("CommandReply");
    let decoding = done.total_us - done.first_token_us;
    assert!(replies[1] - replies[0] > decoding / 5, "{replies:?} of {decoding} µs");
}

#[test]
fn what_the_set_or_the_runtime_does_not_allow_is_refused_in_one_line() {
    let place = Place::new();
    let other = place.path("other.toml");
    fs::write(&other, WALKER.replace("max = 360", "max = 361")).expect("written");
    let server = place.serve(&place.socket(), &["-c", "2048"]);
    let link = &server.links[0];
    let ask = |args: &[&str]| complaint(&qwark().args(["ask", "--link", link]).args(args).output().expect("the program starts"));
    assert!(ask(&["--set", &other, "go"]).contains("the command set here is walker"));
    assert!(ask(&["--set", &place.file(), " "]).contains("the sentence is empty"));
    assert!(ask(&["--set", &place.file(), &"far ".repeat(3000)]).contains("context"));
    let fallback = ["--deadline", "1000", "--fallback", "{\"step\":{\"angle\":99,\"fast\":true}}"];
    assert!(ask(&[&["--set", &place.file(), "go"], &fallback[..]].concat()).contains("--fallback: step.angle: 99 is not from 100 to 360"));

    let folder = tempfile::tempdir().expect("a folder");
    let plain = Server::start(&[&format!("unix:{}", folder.path().join("qwark.sock").display())], &[]);
    let refused = place.answer(&plain.links[0], &["go"]);
    assert!(complaint(&refused).contains("serves no command set"));
    for (args, part) in [(["--set", "x.toml", "--raw"], "--raw"), (["--set", "x.toml", "--greedy"], "--greedy")] {
        let refused = qwark().args(["ask", "--link", link, "go"]).args(args).output().expect("the program starts");
        assert!(refused.status.code() == Some(2) && String::from_utf8_lossy(&refused.stderr).contains(part));
    }
}

#[test]
fn a_set_whose_commands_do_not_fit_into_frames_is_not_served() {
    let place = Place::new();
    // 4 bytes for each character, and 3 before them.
    for (max_len, fits) in [(63, true), (64, false)] {
        let file = place.path("long.toml");
        let set = format!(
            "name = \"long\"\nversion = 1\n[[command]]\nname = \"say\"\nparams.text = {{ type = \"string\", max_len = {max_len} }}\n"
        );
        fs::write(&file, set).expect("written");
        let mut command = qwark();
        command.args(["serve", "--link", "stdio", "--commands", &file, "-m"]).arg(model()).stdin(Stdio::null());
        let output = command.output().expect("the program starts");
        if fits {
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        } else {
            let error = complaint(&output);
            assert!(error.contains("long has commands of up to 259 bytes") && error.contains("256"), "{error}");
        }
    }
}

#[test]
fn a_deadline_ends_with_what_is_whole_by_then_and_the_fallback() {
    let place = Place::new();
    let server = place.serve("pty", &["-c", "16384"]);
    let mut client = connect(&server.links[0]);
    let mut bytes = Vec::new();
    place.set.encode(&place.set.parse_command(STEP).expect("a command"), &mut bytes).expect("a command");
    // The time that it takes; a prompt of so many tokens, so that one ends before its first command.
    let (whole, done) = place.obey(&mut client, &place.sentence(SENTENCES[1])).expect("an answer");
    let step = Duration::from_micros(done.total_us / 6);
    let mut reasons = Vec::new();
    for n in 0..12 {
        let (deadline, fallback) = (Some(step * n + Duration::from_millis(1)), Some(bytes.clone()));
        let sentence = Sentence { deadline, fallback, ..place.sentence(SENTENCES[1]) };
        let (lines, done) = place.obey(&mut client, &sentence).expect("an answer");
        match done.reason {
            Reason::Fallback => {
                assert_eq!(lines.last().map(String::as_str), Some(STEP));
                assert!(whole.starts_with(&lines[..lines.len() - 1]), "{lines:?}");
                assert_eq!(done.answer_at as usize, done.text_len as usize - bytes.len(), "where the fallback begins");
            }
            Reason::Stop => assert_eq!(lines, whole),
            other => panic!("{other:?}"),
        }
        reasons.push(done.reason);
    }
    assert!(reasons.contains(&Reason::Fallback), "{reasons:?}");
    let without = Sentence { deadline: Some(Duration::from_millis(1)), ..place.sentence(&"far away ".repeat(500)) };
    let (lines, done) = place.obey(&mut client, &without).expect("an answer");
    assert_eq!((lines, done.reason), (vec![], Reason::Deadline));
}

#[test]
fn ctrl_c_cancels_a_sentence() {
    let place = Place::new();
    let server = place.serve(&place.socket(), &["-c", "32768"]);
    let mut watching = connect(&server.links[0]);
    let asked = place.ask(&server.links[0], &[&"a long way ".repeat(2000)]);
    let deadline = Instant::now() + PATIENCE;
    while watching.heartbeat().is_none_or(|beat| beat.running == 0) {
        assert!(Instant::now() < deadline, "it does not begin");
        watching.next_event(Duration::from_millis(20)).expect("it speaks this version");
    }
    interrupt(&asked);
    let output = asked.wait_with_output().expect("it ends");
    assert!(complaint(&output).contains("not whole (cancelled)"), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.stdout, b"");
}

fn written(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    fs::File::create(&path).expect("made").write_all(text.as_bytes()).expect("written");
    path
}

#[test]
fn grammars_cross_a_link_and_hold_the_answer() {
    let place = Place::new();
    let server = Server::start(&[&place.socket()], &[]);
    let schema = r#"{"type":"object","properties":{"grün":{"type":"boolean"}},"required":["grün"],"additionalProperties":false}"#;
    let schema = written(place.folder.path(), "schema.json", schema).display().to_string();
    let lark = written(place.folder.path(), "small.lark", "start: \"go \" /[0-9]{2}/\n").display().to_string();
    for grammar in [["--regex", "(yes|no|größer)"], ["--json-schema", &schema], ["--lark", &lark]] {
        let args = [&grammar[..], &["Is it so?", "-n", "30", "--seed", "3", "--temp", "1.5"]].concat();
        let expected = stdout(run(&[&["run"], &args[..]].concat()));
        let answered = qwark().args(["ask", "--link", &server.links[0]]).args(&args).output().expect("the program starts");
        assert_eq!(stdout(answered), expected, "{grammar:?}");
        assert!(expected.len() > 2, "{expected}");
    }
    let refused = qwark().args(["ask", "--link", &server.links[0], "go", "--regex", "(yes"]).output().expect("the program starts");
    assert!(complaint(&refused).contains("grammar"), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn sentences_and_grammars_are_recorded_and_replayed() {
    let place = Place::new();
    let capture = place.path("capture.jsonl");
    let server = place.serve(&place.socket(), &["--record", &capture]);
    for sentence in &SENTENCES[..2] {
        assert!(place.answer(&server.links[0], &[sentence]).status.success());
    }
    let late = place.answer(&server.links[0], &[SENTENCES[1], "--deadline", "1", "--fallback", STEP]);
    assert_eq!(stdout(late), format!("{STEP}\n"));
    let constrained = ["ask", "--link", &server.links[0], "Is it so?", "--regex", "(yes|no|perhaps)"];
    assert!(qwark().args(constrained).output().expect("the program starts").status.success());
    assert!(server.interrupt().1);

    let replay = || qwark().args(["replay", &capture, "-m"]).arg(model()).output().expect("the program starts");
    let report = stdout(replay());
    assert!(report.ends_with("4 identical, 0 different, 0 not compared\n") && report.contains("and the fallback"), "{report}");
    let text = fs::read_to_string(&capture).expect("it was written");
    let without_set: String = text.replacen("\"commands\":", "\"unknown\":", 1);
    assert_ne!(without_set, text);
    fs::write(&capture, without_set).expect("written");
    let report = stdout(replay());
    assert!(
        report.contains("1 identical, 0 different, 3 not compared") && report.contains("the command set is not in the capture"),
        "{report}"
    );
}
