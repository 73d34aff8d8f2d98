//! What goes wrong on purpose: files that lie, full disks, clients that never read, servers that die.

mod common;

use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use common::frames::{hello, whole};
use common::{Server, interrupt, model, qwark, run, stdout};
use qwark::gguf::{Gguf, Header, Mapping, Value};
use qwark::links::{Client, ClientEvent, LinkAddr, Request};
use qwark::model::Model;
use qwark_wire::{Decoder, Form, FromRuntime, Generate, Reason, SMALL_FRAME, Sampling, encode};
use rustix::io::ioctl_fionread;

const PROMPT: &str = "The rover drives forward and turns left at the door.";
/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Takes no byte: a disk that is full.
const FULL: &str = "/dev/full";

/// The test model's file with some metadata changed or added, and every F32 tensor filled with `fill` where it is given.
fn changed(changes: &[(&str, Value<'_>)], fill: Option<f32>) -> Vec<u8> {
    let mapping = Mapping::open(model()).expect("the test model");
    let gguf = Gguf::parse(&mapping.parts()).expect("the test model");
    let mut header = Header::new();
    let kept = |key: &str| changes.iter().all(|(changed, _)| *changed != key);
    for (key, value) in gguf.metadata().iter().filter(|(key, _)| kept(key)) {
        match value {
            Value::Array(_) if key.ends_with("token_type") => {
                header.put_i32s(key, &gguf.i32s(key).expect("i32").collect::<Vec<_>>());
            }
            Value::Array(_) => header.put_strs(key, &gguf.strs(key).expect("strings").collect::<Vec<_>>()),
            scalar => header.put(key, *scalar),
        }
    }
    changes.iter().for_each(|(key, value)| header.put(key, *value));
    for tensor in gguf.tensors() {
        let dims: Vec<u64> = tensor.dims().iter().map(|&n| n as u64).collect();
        header.tensor(tensor.name(), &dims, tensor.dtype()).expect("as it was");
    }
    let mut data = header.begin(Vec::new()).expect("memory");
    for tensor in gguf.tensors() {
        match fill {
            Some(x) if tensor.rows() == 1 => data.write(&x.to_le_bytes().repeat(tensor.cols())).expect("memory"),
            _ => data.write(tensor.data()).expect("memory"),
        }
    }
    data.finish().expect("complete")
}

/// What the program says to standard error where it must fail: one line.
fn complaint(output: &Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{}: {error}", output.status);
    assert_eq!(error.lines().count(), 1, "{error}");
    error
}

fn ask(socket: &str, args: &[&str]) -> Output {
    qwark().args(["ask", "--link", socket, PROMPT]).args(args).stdin(Stdio::null()).output().expect("the program starts")
}

fn socket(dir: &Path) -> String {
    format!("unix:{}", dir.join("qwark.sock").display())
}

/// The bytes of a request for an answer of one token.
fn generate(id: u32) -> Vec<u8> {
    let one = Generate { sampling: Sampling { max_tokens: 1, ..Sampling::default() }, ..whole(PROMPT) };
    encode(&one, id, id as u16, &mut [0; 512]).expect("it fits").to_vec()
}

/// A client by hand, which has said Hello.
fn greeted(dir: &Path) -> UnixStream {
    let mut stream = UnixStream::connect(dir.join("qwark.sock")).expect("it listens");
    stream.write_all(encode(&hello(0), 0, 0, &mut [0; 128]).expect("it fits")).expect("it reads");
    stream
}

#[test]
fn metadata_that_cannot_be_true_is_refused_by_its_key() {
    let yarn = |key, value| vec![("rope.scaling.type", Value::Str("yarn")), ("rope.scaling.factor", Value::F32(4.0)), (key, value)];
    let mut cases = vec![
        vec![("block_count", Value::U32(0))],
        vec![("block_count", Value::U32(u32::MAX))],
        vec![("attention.head_count", Value::U32(0))],
        vec![("attention.head_count", Value::U32(7))],
        vec![("attention.head_count_kv", Value::U32(3))],
        vec![("attention.key_length", Value::U32(0))],
        vec![("context_length", Value::U32(1 << 31))],
        vec![("attention.layer_norm_rms_epsilon", Value::F32(f32::NAN))],
        vec![("rope.scaling.factor", Value::F32(0.0)), ("rope.scaling.type", Value::Str("linear"))],
        vec![("rope.scaling.type", Value::Str("su"))],
        yarn("rope.scaling.original_context_length", Value::U32(0)),
    ];
    for base in [0.0, 1.0, f32::INFINITY, 1e-45] {
        cases.push(vec![("rope.freq_base", Value::F32(base))]);
    }
    for key in ["yarn_beta_fast", "yarn_beta_slow", "yarn_ext_factor", "attn_factor"] {
        for x in [f32::NAN, f32::INFINITY, -1.0] {
            cases.push(yarn(&*format!("rope.scaling.{key}").leak(), Value::F32(x)));
        }
    }
    for case in cases {
        let keys: Vec<String> = case.iter().map(|(key, _)| format!("qwen2.{key}")).collect();
        let changes: Vec<(&str, Value<'_>)> = keys.iter().map(String::as_str).zip(case.iter().map(|(_, value)| *value)).collect();
        let file = changed(&changes, None);
        let gguf = Gguf::parse(&[&file]).expect("sound as a file");
        let error = Model::load(&gguf).expect_err(&format!("{case:?}")).to_string();
        assert!(keys.iter().any(|key| error.contains(key)), "{case:?}: {error}");
    }
    // Layers that the file does not have are missed one by one, not allocated first.
    let file = changed(&[("qwen2.block_count", Value::U32(1 << 24))], None);
    let error = Model::load(&Gguf::parse(&[&file]).expect("sound as a file")).expect_err("too many layers").to_string();
    assert!(error.contains("blk.8."), "{error}");
}

#[test]
fn weights_that_are_no_numbers_still_give_an_answer() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("nan.gguf");
    for fill in [f32::NAN, f32::INFINITY] {
        std::fs::write(&path, changed(&[("general.name", Value::Str("a\u{1b}[31m\nb"))], Some(fill))).expect("written");
        let answer = qwark().args(["run", "Hello", "-n", "4", "--temp", "1", "-m"]).arg(&path).output().expect("the program starts");
        assert!(stdout(answer).len() > 1);
    }
    let inspect = stdout(qwark().args(["inspect", "-m"]).arg(&path).output().expect("the program starts"));
    assert!(inspect.starts_with("a[31mb ("), "no control characters of a file reach the terminal: {inspect:?}");
}

#[test]
fn sizes_that_cannot_be_had_are_refused_before_they_are_taken() {
    let most = usize::MAX.to_string();
    let cases: [(&[&str], &str); 8] = [
        (&["run", "x", "-c", &most], "context"),
        (&["run", "x", "-t", "257"], "257 threads"),
        (&["serve", "--link", "stdio", "--parallel", "1000000"], "1000001 sequences"),
        (&["serve", "--link", "stdio", "--parallel", &most], "sequences"),
        (&["inspect", "-c", &most], "address space"),
        (&["bench", "-p", &most], "context"),
        (&["bench", "-n", &most], "context"),
        (&["logits", "--tokens", "1", "-c", &most, "--out", "/dev/null"], "context"),
    ];
    for (args, part) in cases {
        let error = complaint(&run(args));
        assert!(error.contains(part), "{args:?}: {error}");
    }
    let dir = tempfile::tempdir().expect("a folder");
    let out = dir.path().join("model.gguf");
    let synth = qwark().args(["synth", "qwen2.5-0.5b", "--layers", &most]).arg(&out).output().expect("the program starts");
    assert!(complaint(&synth).contains("layers"));
}

#[test]
fn a_full_disk_is_an_error_and_no_panic() {
    let Ok(_) = std::fs::File::options().write(true).open(FULL) else {
        eprintln!("skipped: there is no {FULL}");
        return;
    };
    let full = || Stdio::from(std::fs::File::options().write(true).open(FULL).expect("it was there"));
    let cases: [(&[&str], &[u8]); 6] = [
        (&["run", "Hello", "-n", "3"], b""),
        (&["run", "Hello", "-n", "3", "--json"], b""),
        (&["chat", "-n", "3"], b"Hello\nAnd then?\n"),
        (&["inspect"], b""),
        (&["tokenize"], b"Hello"),
        (&["tokenize", "--decode"], b"[1, 2, 3]"),
    ];
    for (args, input) in cases {
        let mut command = qwark();
        command.args(args).arg("-m").arg(model()).stdin(Stdio::piped()).stdout(full()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        // It may end before it has read all.
        let _ = child.stdin.take().expect("piped").write_all(input);
        let error = complaint(&child.wait_with_output().expect("it ends"));
        assert!(error.contains("standard output"), "{args:?}: {error}");
    }
    assert!(complaint(&run(&["logits", "--tokens", "1,2", "--out", FULL])).contains(FULL));
    let help = qwark().arg("--help").stdout(full()).output().expect("the program starts");
    assert_eq!(help.status.code(), Some(1));
    // Nobody can be told, and it fails all the same as it should.
    let untold = qwark().args(["run", "-m", "/nonexistent", "x"]).stderr(full()).output().expect("the program starts");
    assert_eq!(untold.status.code(), Some(1));
}

#[test]
fn files_that_would_be_destroyed_are_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    // As root, renaming a finished file over a device replaces it; a socket stands for one here.
    let special = dir.path().join("special");
    let _socket = UnixListener::bind(&special).expect("a socket");
    let synth = qwark().args(["synth", "qwen2.5-0.5b", "--layers", "1"]).arg(&special).output().expect("the program starts");
    assert!(complaint(&synth).contains("not a regular file"));
    assert!(!special.metadata().expect("still there").is_file());
    assert_eq!(std::fs::read_dir(dir.path()).expect("a folder").count(), 1, "nothing is left behind");

    let path = dir.path().join("model.gguf");
    std::fs::copy(model(), &path).expect("copied");
    let logits = qwark().args(["logits", "--tokens", "1", "-m"]).arg(&path).arg("--out").arg(&path).output().expect("the program starts");
    assert!(complaint(&logits).contains("the model itself"));
    assert_eq!(std::fs::read(&path).expect("there"), std::fs::read(model()).expect("there"));
}

/// Whether `what` comes to be, which nothing announces: it is looked at again and again.
fn comes_to_be(mut what: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if what() {
            return true;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    false
}

/// Presses Ctrl-C once the program has begun to read its standard input, and waits until it ends.
fn interrupt_while_reading(args: &[&str]) {
    let mut command = qwark();
    let mut child =
        command.args(args).arg("-m").arg(model()).stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(b"\n").expect("it reads");
    let reads = comes_to_be(|| ioctl_fionread(&stdin).expect("a pipe") == 0);
    // Again and again: between two lines, `chat` forgets what was pressed.
    let ended = comes_to_be(|| {
        interrupt(&child);
        child.try_wait().expect("a child").is_some()
    });
    child.kill().and_then(|()| child.wait()).expect("a child");
    assert!(reads, "{args:?} does not read its input");
    assert!(ended, "{args:?} ignores Ctrl-C while it waits for input");
}

#[test]
fn ctrl_c_ends_a_program_that_waits_for_input() {
    interrupt_while_reading(&["run"]);
    interrupt_while_reading(&["chat"]);
}

#[test]
fn a_client_that_never_reads_does_not_keep_others_waiting() {
    let dir = tempfile::tempdir().expect("a folder");
    // A pseudo-terminal holds few bytes: soon none of its client's answers, of which only one can run, goes on. Many short ones take
    // less time than a long one.
    let server = Server::start(&["pty", &socket(dir.path())], &["--parallel", "1"]);
    let pty: LinkAddr = server.links[0].parse().expect("an address");
    let mut silent = Client::connect(&pty, "silent", PATIENCE).expect("it answers");
    let sampling = Sampling { max_tokens: 1000, ..Sampling::default() };
    let request = Request { sampling, form: Form::Raw, prompt: PROMPT.into(), ..Request::default() };
    let id = (0..30).map(|_| silent.generate(&request).expect("it fits")).last().expect("there are some");
    // They are there before the other's.
    while !matches!(silent.next_event(PATIENCE).expect("the link holds").expect("it answers"), ClientEvent::Token { .. }) {}
    let args = ["-n", "12", "--seed", "3", "--raw"];
    let answer = stdout(ask(&server.links[1], &[&args[..], &["--timeout", "3000"]].concat()));
    assert_eq!(answer, stdout(run(&[&["run", PROMPT], &args[..]].concat())));
    // Had all ended by themselves, nobody would have made way.
    silent.cancel(id).expect("it is asked");
    let done = std::iter::from_fn(|| silent.next_event(PATIENCE).expect("the link holds")).find_map(|event| match event {
        ClientEvent::Done { id: of, done } if of == id => Some(done.reason),
        _ => None,
    });
    assert_eq!(done, Some(Reason::Cancelled));
}

#[test]
fn every_request_of_a_client_that_reads_late_ends_once() {
    // Many times as many as one client may have, and as many as wait for a client that does not read.
    const REQUESTS: u32 = 1500;
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(&[&socket(dir.path())], &["--parallel", "2"]);
    let mut stream = greeted(dir.path());
    stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
    let mut writer = stream.try_clone().expect("a handle");
    let writing = std::thread::spawn(move || (1..=REQUESTS).for_each(|id| writer.write_all(&generate(id)).expect("it reads, at last")));
    std::thread::sleep(Duration::from_millis(500));

    let mut ends = vec![0; REQUESTS as usize + 1];
    let (mut decoder, mut buffer, mut left) = (Decoder::<SMALL_FRAME>::new(), [0; 4096], REQUESTS);
    while left > 0 {
        let count = stream.read(&mut buffer).expect("it writes");
        assert!(count > 0, "the server closed the link; {left} requests have not ended");
        decoder.push_all(&buffer[..count], |frame| {
            let frame = frame.expect("whole frames");
            let ended = match FromRuntime::parse(&frame).expect("a message") {
                FromRuntime::Done(_) => true,
                FromRuntime::Error(error) => error.ends,
                _ => false,
            };
            if ended {
                ends[frame.id as usize] += 1;
                left -= 1;
            }
        });
    }
    assert!(ends[1..].iter().all(|&n| n == 1));
    writing.join().expect("all is written");
    drop(server);
}

#[test]
fn noise_and_floods_of_one_client_change_nothing_for_another() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(&[&socket(dir.path())], &["--parallel", "2"]);
    let args = ["-n", "30", "--temp", "1", "--seed", "4", "--raw"];
    let expected = stdout(run(&[&["run", PROMPT], &args[..]].concat()));

    let mut noisy = greeted(dir.path());
    let noise: Vec<u8> = (0u32..65_536).map(|i| (i.wrapping_mul(2_654_435_761) >> 23) as u8).collect();
    let writing = std::thread::spawn(move || {
        // Until the server ends: bad frames, then requests of which it never reads the answer.
        while noisy.write_all(&noise).is_ok() && noisy.write_all(&generate(1)).is_ok() {}
    });
    for _ in 0..2 {
        assert_eq!(stdout(ask(&server.links[0], &args)), expected);
    }
    drop(server);
    writing.join().expect("the link has ended");
}

#[test]
fn what_is_cached_changes_no_answer() {
    let dir = tempfile::tempdir().expect("a folder");
    for kv in ["f16", "q8_0"] {
        let server = Server::start(&[&socket(dir.path())], &["--parallel", "1", "--kv", kv]);
        let longer = format!("{PROMPT} {PROMPT} And then?");
        let args = ["-n", "15", "--temp", "1", "--raw"];
        for prompt in [PROMPT, PROMPT, &longer, PROMPT, &longer] {
            let mut command = qwark();
            command.args(["ask", "--link", &server.links[0], prompt]).args(args).stdin(Stdio::null());
            let answer = stdout(command.output().expect("the program starts"));
            assert_eq!(answer, stdout(run(&[&["run", prompt, "--kv", kv], &args[..]].concat())), "{kv}, {prompt}");
        }
        server.interrupt();
    }
}

#[test]
fn numbers_beyond_the_wires_are_the_largest_that_it_has() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(&[&socket(dir.path())], &["-c", "64"]);
    let report = stdout(ask(&server.links[0], &["-n", "4294967297", "--timeout", "1e19", "--temp", "1", "--json"]));
    let report: serde_json::Value = serde_json::from_str(&report).expect("one JSON object");
    assert_eq!(report["reason"], "context", "{report}");
}

#[test]
fn a_server_that_dies_and_does_not_come_back_fails_the_client() {
    let dir = tempfile::tempdir().expect("a folder");
    let server = Server::start(&[&socket(dir.path())], &["-c", "32768"]);
    let mut command = qwark();
    command.args(["ask", "--link", &server.links[0], PROMPT, "-n", "30000", "--greedy", "--raw", "--timeout", "5"]);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    let mut answer = child.stdout.take().expect("piped");
    answer.read_exact(&mut [0]).expect("a first byte");
    drop(server);
    answer.read_to_end(&mut Vec::new()).expect("the rest");
    let output = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    let last = said.lines().last().unwrap_or_default();
    assert!(said.contains("trying again") && last.contains("no answer for 5 s") && last.contains("the link was lost"), "{said}");
}
