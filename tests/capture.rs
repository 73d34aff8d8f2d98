//! Captures by the whole program: `serve --record` writes one, `wire decode` shows it, `replay` proves it, and `wire monitor` shows
//! the same live.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use common::{Server, interrupt, qwark, run, stdout};
use rustix::pty::OpenptFlags;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};
use serde_json::Value;

const HEADER: &str = r#"{"qwark_capture":1,"boot_id":5,"model":"test","model_sha256":"00","settings":{"kv":"f16","context":512,"parallel":1,"isa":"scalar","version":"0.1.0"}}"#;

/// Runs the program to its end, with `input` on its standard input.
fn with_input(args: &[&str], input: &[u8]) -> Output {
    let mut child = qwark().args(args).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("piped").write_all(input).expect("it reads");
    child.wait_with_output().expect("it ends")
}

fn error_of(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The golden frames, by name: before stuffing, in hexadecimal, and the bytes on the line.
fn golden() -> Vec<(String, String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("wire/tests/golden/v1");
    let mut golden: Vec<_> = fs::read_dir(folder)
        .expect("the golden frames are there")
        .map(|entry| {
            let path = entry.expect("an entry").path();
            let text = fs::read_to_string(&path).expect("text");
            let (comments, line): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with('#'));
            let bare = comments.iter().flat_map(|part| part.split_whitespace().skip(2)).collect();
            let line = line.iter().flat_map(|line| line.split_whitespace());
            let line = line.map(|byte| u8::from_str_radix(byte, 16).expect("two hex digits")).collect();
            (path.file_stem().expect("a name").to_string_lossy().into_owned(), bare, line)
        })
        .collect();
    golden.sort();
    golden
}

/// `upload_begin` is UploadBegin; a golden frame may be a special one of its kind.
fn is_of_kind(file: &str, kind: &str) -> bool {
    let file = file.replace('_', "");
    file.trim_start_matches("sealed").starts_with(&kind.to_lowercase())
}

fn objects(output: Output) -> Vec<Value> {
    stdout(output).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[test]
fn a_capture_of_the_golden_frames_reads_well() {
    let mut capture = format!("{HEADER}\n");
    for (n, (_, bare, _)) in golden().iter().enumerate() {
        let sent = &bare[2..3] >= "8";
        capture += &format!("{{\"t_us\":{n},\"connection\":2,\"client\":3,\"sent\":{sent},\"frame\":\"{bare}\"}}\n");
    }
    let text = stdout(with_input(&["wire", "decode"], capture.as_bytes()));
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + golden().len());
    assert!(lines[0].contains("model test") && lines[0].contains("context 512"), "{}", lines[0]);
    let ping = lines.iter().find(|line| line.contains(" Ping ") && !line.contains("seal")).expect("the Ping");
    assert!(ping.ends_with(" 2/3   → 1 Ping nonce=16909060"), "{ping}");
    assert!(!text.contains("bad:") && !text.contains("echo"), "{text}");

    let shown = objects(with_input(&["wire", "decode", "-", "--json"], capture.as_bytes()));
    assert_eq!(shown[0]["settings"]["context"], 512);
    for ((name, ..), shown) in golden().iter().zip(&shown[1..]) {
        assert!(is_of_kind(name, shown["kind"].as_str().expect("a kind")), "{name}: {shown}");
        assert_eq!((&shown["client"], &shown["error"]), (&Value::from(3), &Value::Null), "{name}");
    }
}

#[test]
fn a_raw_dump_is_decoded_and_its_losses_counted() {
    let mut dump: Vec<u8> = b"AT+CGMM\r\n\0".to_vec();
    golden().iter().for_each(|(_, _, line)| dump.extend_from_slice(line));
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("dump.bin");
    fs::write(&file, &dump).expect("it can be written");
    let file = file.to_str().expect("UTF-8");

    let shown = objects(with_input(&["wire", "decode", "--raw", file, "--json"], b""));
    assert!(shown[0]["lost"].is_string(), "{}", shown[0]);
    let kinds: Vec<&str> = shown.iter().filter_map(|shown| shown["kind"].as_str()).collect();
    assert_eq!(kinds.len(), golden().len());
    golden().iter().zip(kinds).for_each(|((name, ..), kind)| assert!(is_of_kind(name, kind), "{name}: {kind}"));
    let summary = &shown.last().expect("a summary")["summary"];
    assert_eq!(summary["frames"], golden().len(), "{summary}");
    let lost: u64 = ["crc", "cobs", "oversize", "short", "length"].iter().map(|cause| summary[cause].as_u64().expect("a count")).sum();
    assert_eq!(lost, 1, "{summary}");

    let text = stdout(with_input(&["wire", "decode", "--raw", file], b""));
    assert!(text.contains("→ 2 EStop\n") && text.contains("1 damaged"), "{text}");
}

#[test]
fn a_capture_that_was_cut_off_is_read_to_its_last_whole_line() {
    let (_, bare, _) = &golden()[0];
    let line = format!("{{\"t_us\":1,\"connection\":1,\"client\":1,\"sent\":true,\"frame\":\"{bare}\"}}\n");
    let capture = format!("{HEADER}\n{line}{}", &line[..line.len() - 20]);
    assert_eq!(stdout(with_input(&["wire", "decode"], capture.as_bytes())).lines().count(), 2);
}

#[test]
fn a_bad_capture_is_refused_in_one_line() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("bad.jsonl");
    let name = file.to_str().expect("UTF-8");
    let newer = HEADER.replacen(":1,", ":9,", 1) + "\n";
    for (content, said) in [
        (format!("{HEADER}\nnonsense\n{HEADER}\n"), format!("{name}:2: ")),
        (newer, format!("{name}: a capture of version 9; this program reads version 1")),
        ("hello\n".to_owned(), format!("{name}: not a capture of `qwark serve --record`")),
    ] {
        fs::write(&file, content).expect("it can be written");
        let replay = run(&["replay", name]);
        for output in [with_input(&["wire", "decode", name], b""), replay] {
            let error = error_of(&output);
            assert!(error.contains(&said) && error.lines().count() == 1, "{error}");
        }
    }
    assert!(error_of(&with_input(&["wire", "decode", "/no/such/file"], b"")).contains("/no/such/file"));
    let error = error_of(&with_input(&["wire", "monitor", "--link", "serial:/dev/null"], b""));
    assert!(error.contains("unix:PATH"), "{error}");
}

/// A folder with a socket's address in it, and a file for the capture.
fn place() -> (tempfile::TempDir, String, PathBuf) {
    let dir = tempfile::tempdir().expect("a folder");
    let socket = format!("unix:{}", dir.path().join("qwark.sock").display());
    let capture = dir.path().join("capture.jsonl");
    (dir, socket, capture)
}

fn record(socket: &str, capture: &Path) -> Server {
    Server::start(&[socket], &["--record", capture.to_str().expect("UTF-8"), "-c", "32768", "--parallel", "2"])
}

fn ask(link: &str, args: &[&str]) -> Child {
    let mut command = qwark();
    command.args(["ask", "--link", link]).args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the program starts")
}

/// What `replay` says of each request, and its summary.
fn replay(capture: &Path, args: &[&str]) -> (Vec<Value>, Value, Output) {
    let output = run(&[&["replay", capture.to_str().expect("UTF-8"), "--json"], args].concat());
    let mut shown: Vec<Value> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let summary = shown.pop().unwrap_or_default();
    (shown, summary, output)
}

#[test]
fn recorded_answers_are_replayed_byte_for_byte() {
    let (_dir, socket, capture) = place();
    let server = record(&socket, &capture);
    let link = &server.links[0];
    let one = ask(link, &["Where does the rover go?", "-n", "30", "--seed", "4", "--temp", "1"]);
    let two = ask(link, &["The rover", "--raw", "-n", "20", "--greedy"]);
    let three = ask(link, &["Turn", "-n", "25", "--stop", "e", "--system", "Be brief.", "--seed", "9"]);
    let messages = capture.with_file_name("messages.json");
    fs::write(&messages, r#"[{"role": "user", "content": "Go."}, {"role": "tool", "content": "gone"}]"#).expect("it can be written");
    let four = ask(link, &["--messages", messages.to_str().expect("UTF-8"), "-n", "15"]);
    for child in [one, two, three, four] {
        stdout(child.wait_with_output().expect("it ends"));
    }
    // One more, cancelled in the middle: it would take far longer than the Ctrl-C does.
    let mut cancelled = ask(link, &["Go on and on", "-n", "100000", "--greedy"]);
    cancelled.stdout.as_mut().expect("piped").read_exact(&mut [0]).expect("a first byte");
    interrupt(&cancelled);
    stdout(cancelled.wait_with_output().expect("it ends"));
    assert!(server.interrupt().1);

    // Other threads, one request at a time: the same bytes.
    let (requests, summary, output) = replay(&capture, &["-t", "1"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!((&summary["identical"], &summary["different"]), (&Value::from(5), &Value::from(0)), "{requests:?}");
    assert!(requests.iter().all(|request| request["bytes"].as_u64() > Some(0)), "{requests:?}");
    let text = stdout(run(&["replay", capture.to_str().expect("UTF-8")]));
    assert!(text.contains("up to where it was cancelled") && text.ends_with("5 identical, 0 different, 0 not compared\n"), "{text}");
}

/// A runtime that is started again with the same options after a crash must not take the capture of the crash away.
#[test]
fn a_recording_never_takes_a_files_place() {
    let (_dir, socket, capture) = place();
    fs::write(&capture, "of the crash").expect("it can be written");
    let name = capture.to_str().expect("UTF-8");
    for n in [1, 2] {
        let server = record(&socket, &capture);
        stdout(ask(&server.links[0], &["Hello", "-n", "3", "--greedy"]).wait_with_output().expect("it ends"));
        assert!(server.interrupt().1);
        let numbered = format!("{name}.{n}");
        assert!(stdout(run(&["replay", &numbered])).ends_with("1 identical, 0 different, 0 not compared\n"));
    }
    assert_eq!(fs::read_to_string(&capture).expect("text"), "of the crash");
}

#[test]
fn a_capture_cannot_write_to_the_terminal_as_it_likes() {
    let header = HEADER.replacen("\"test\"", "\"\\u001b[31mred\\nblue\"", 1);
    let text = stdout(with_input(&["wire", "decode"], format!("{header}\n").as_bytes()));
    assert!(text.contains("red") && !text.contains('\u{1b}') && text.lines().count() == 1, "{text:?}");
}

#[test]
fn an_answer_that_is_not_the_recorded_one_is_found() {
    let (dir, socket, capture) = place();
    let server = record(&socket, &capture);
    let answer = ask(&server.links[0], &["Where does the rover go?", "-n", "30", "--seed", "4", "--temp", "1"]);
    stdout(answer.wait_with_output().expect("it ends"));
    assert!(server.interrupt().1);

    // Another seed in the recorded request: another answer than the recorded one.
    let text = fs::read_to_string(&capture).expect("text");
    let changed: String = text.lines().map(|line| change_seed(line) + "\n").collect();
    assert_ne!(changed, text);
    let other = dir.path().join("other.jsonl");
    fs::write(&other, changed).expect("it can be written");
    let (requests, summary, output) = replay(&other, &[]);
    assert!(error_of(&output).contains("1 of 1 answers are not those of the capture"), "{output:?}");
    assert_eq!((&summary["different"], &requests[0]["result"]), (&Value::from(1), &Value::from("different")));
    assert!(requests[0]["why"].as_str().expect("a reason").contains("recorded"), "{requests:?}");

    // Another model: nothing is compared.
    let wrong = dir.path().join("wrong.jsonl");
    let sha = serde_json::from_str::<Value>(text.lines().next().expect("a header")).expect("JSON")["model_sha256"].to_string();
    fs::write(&wrong, text.replace(&sha, "\"0123\"")).expect("it can be written");
    let (_, _, output) = replay(&wrong, &[]);
    let error = error_of(&output);
    assert!(error.contains("is not the model that") && error.contains("0123") && error.lines().count() == 1, "{error}");

    // A capture that ends in the middle of the answer: what there is, is compared.
    let cut = dir.path().join("cut.jsonl");
    let token = text.lines().position(|line| kind(line) == Some(0x90)).expect("a Token");
    fs::write(&cut, text.lines().take(token + 1).map(|line| line.to_owned() + "\n").collect::<String>()).expect("it can be written");
    let (requests, summary, output) = replay(&cut, &[]);
    assert!(output.status.success() && summary["identical"] == 1, "{requests:?}");
    // And before it: there is nothing to compare.
    fs::write(&cut, text.lines().take(token).map(|line| line.to_owned() + "\n").collect::<String>()).expect("it can be written");
    let (requests, summary, output) = replay(&cut, &[]);
    assert!(error_of(&output).contains("no answer to compare") && summary["not_compared"] == 1, "{requests:?}");
    assert!(requests[0]["why"].as_str().expect("a reason").contains("not in the capture"), "{requests:?}");
}

/// The kind of the frame in a line of a capture.
fn kind(line: &str) -> Option<u8> {
    let line: Value = serde_json::from_str(line).expect("JSON");
    u8::from_str_radix(line["frame"].as_str()?.get(2..4)?, 16).ok()
}

/// Changes the seed of a Generate, and its checksum with it; leaves other lines as they are.
fn change_seed(line: &str) -> String {
    const SEED: usize = 10 + 17 + 32;
    if kind(line) != Some(0x10) {
        return line.to_owned();
    }
    let mut value: Value = serde_json::from_str(line).expect("JSON");
    let hex = value["frame"].as_str().expect("text").to_owned();
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).expect("two hex digits");
    let mut frame: Vec<u8> = (0..hex.len()).step_by(2).map(byte).collect();
    frame[SEED] += 1;
    let end = frame.len() - 4;
    let mut crc = qwark_wire::Crc32c::new();
    crc.update(&frame[..end]);
    frame.splice(end.., crc.value().to_le_bytes());
    value["frame"] = frame.iter().map(|byte| format!("{byte:02x}")).collect::<String>().into();
    value.to_string()
}

#[test]
fn a_monitor_shows_what_other_clients_say_and_hear_and_finds_a_runtime_again() {
    let (dir, socket, _) = place();
    let server = Server::start(&[&socket], &[]);
    let mut monitor = qwark()
        .args(["wire", "monitor", "--link", &socket, "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts");
    let mut lines = BufReader::new(monitor.stdout.take().expect("piped")).lines();
    let mut next = || -> Value { serde_json::from_str(&lines.next().expect("more").expect("text")).expect("JSON") };
    assert!(next()["connected"].is_u64());

    let answer = stdout(ask(&server.links[0], &["Hello", "-n", "20", "--seed", "2"]).wait_with_output().expect("it ends"));
    let (mut text, mut kinds) = (String::new(), Vec::new());
    while kinds.last().is_none_or(|kind| kind != "Done") {
        let shown = next();
        let kind = shown["kind"].as_str().expect("a kind").to_owned();
        assert_eq!(shown["error"], Value::Null, "{shown}");
        assert_eq!(shown["sent"], !["Hello", "Generate", "Text", "Ack", "Ping"].contains(&&*kind), "{shown}");
        if kind == "Token" && shown["fields"]["offset"] == text.len() {
            text += shown["fields"]["text"].as_str().expect("text");
        }
        kinds.push(kind);
    }
    assert_eq!(text, answer.trim_end_matches('\n'));
    assert!(["Hello", "Identify", "Generate", "Token"].iter().all(|kind| kinds.iter().any(|k| k == kind)), "{kinds:?}");
    assert!(!kinds.iter().any(|kind| kind == "Mirror"), "a monitor is not shown itself");

    drop(server);
    while next()["disconnected"].is_null() {}
    // Killed, it left its socket behind, which is no obstacle.
    let _again = Server::start(&[&socket], &[]);
    while next()["connected"].is_null() {}
    interrupt(&monitor);
    assert!(monitor.wait().expect("it ends").success());
    drop(dir);
}

#[test]
fn listening_on_a_line_sends_nothing_and_counts_what_is_lost() {
    let master = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a pseudo-terminal");
    rustix::pty::grantpt(&master).and_then(|()| rustix::pty::unlockpt(&master)).expect("it can be opened");
    let device = rustix::pty::ptsname(&master, Vec::new()).expect("a name").into_string().expect("UTF-8");
    let slave = fs::OpenOptions::new().read(true).write(true).open(&device).expect("it opens");
    // As a serial port is: nothing is echoed.
    let mut settings = tcgetattr(&slave).expect("a terminal");
    settings.make_raw();
    tcsetattr(&slave, OptionalActions::Now, &settings).expect("a terminal");
    let mut master = fs::File::from(master);

    let mut monitor = qwark()
        .args(["wire", "monitor", "--listen", &format!("serial:{device}"), "--json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .expect("it starts");
    let (sender, shown) = mpsc::channel();
    let stdout = BufReader::new(monitor.stdout.take().expect("piped"));
    let reader = thread::spawn(move || {
        for line in stdout.lines() {
            let line: Value = serde_json::from_str(&line.expect("text")).expect("JSON");
            // Whoever asked may have heard enough.
            let _ = sender.send(line);
        }
    });
    // Until it listens, what is said is lost.
    let golden = golden();
    let line = |name: &str| &golden.iter().find(|(file, ..)| file == name).expect("it is there").2;
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        master.write_all(line("estop")).expect("it is written");
        match shown.recv_timeout(Duration::from_millis(100)) {
            Ok(first) => break assert_eq!(first["kind"], "EStop"),
            Err(_) => assert!(Instant::now() < deadline, "nothing was heard"),
        }
    }
    // The runtime's frames 0 and 4, noise between them; then frame 1 of the client, which is a repetition or late, and no loss.
    for bytes in [line("pong"), &b"noise\0".to_vec(), line("mirror"), line("ping")] {
        master.write_all(bytes).expect("it is written");
    }
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last: &Value| last["kind"] != "Ping") {
        heard.push(shown.recv_timeout(Duration::from_secs(10)).expect("more"));
    }
    heard.retain(|heard| heard["kind"] != "EStop");
    let what =
        |shown: &Value| ["kind", "lost", "missing"].into_iter().find(|name| !shown[name].is_null()).map(|name| (name, shown[name].clone()));
    let what: Vec<_> = heard.iter().filter_map(what).collect();
    assert_eq!((&what[0], what[1].0), (&("kind", "Pong".into()), "lost"), "{what:?}");
    assert_eq!(what[2..], [("missing", 2.into()), ("kind", "Mirror".into()), ("kind", "Ping".into())], "{what:?}");

    interrupt(&monitor);
    assert!(monitor.wait().expect("it ends").success());
    reader.join().expect("no panic");
    let summary = shown.try_iter().last().expect("a summary");
    assert_eq!((&summary["summary"]["cobs"], &summary["summary"]["missing"]), (&1.into(), &2.into()), "{summary}");
    // It has said nothing.
    rustix::io::ioctl_fionbio(&master, true).expect("a descriptor");
    assert_eq!(master.read(&mut [0; 16]).expect_err("nothing there").kind(), ErrorKind::WouldBlock);
    drop(slave);
}

#[test]
fn a_recording_that_cannot_be_written_is_refused_at_the_start() {
    let (_dir, socket, _) = place();
    let path = "/no/such/folder/capture.jsonl";
    let output = run(&["serve", "--link", &socket, "--record", path]);
    let error = error_of(&output);
    assert!(error.contains(path) && error.lines().count() == 1, "{error}");
    assert!(UnixStream::connect(socket.trim_start_matches("unix:")).is_err());
}
