//! Unix sockets: many clients, stale files, refusals.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use crossbeam_channel::bounded;
use qwark::links::{Client, ClientEvent, LinkAddr, LinkError, MAX_TEXT, serve};
use qwark_wire::{
    Bytes, Cancel, ErrorCode, Form, FromRuntime, Generate, Hello, Ping, Pong, Reason, Sampling, Stops, Str, Text, Thinking, Token,
};
use tempfile::TempDir;

use crate::harness::{BUSY, FLOOD, HOLD, PATIENCE, Raw, Runtime, SLEEP, Seen, done, finish, frame, identity, request};

/// A runtime behind a socket in a folder that goes with it.
struct Socket {
    runtime: Runtime,
    path: PathBuf,
    _folder: TempDir,
}

fn socket() -> Socket {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("qwark.sock");
    Socket { runtime: Runtime::start(&[LinkAddr::Unix(path.clone())]), path, _folder: folder }
}

fn open(path: &Path) -> Result<(), LinkError> {
    let (events, _taken) = bounded(1);
    let stop = Arc::new(AtomicBool::new(true));
    serve(&[LinkAddr::Unix(path.to_owned())], identity(), events, stop).map(|links| links.join())
}

/// A Generate that announces `prompt_len` bytes and brings `text`.
fn generate(prompt_len: u32, text: &[u8]) -> Generate<'_> {
    Generate {
        sampling: Sampling::default(),
        form: Form::Raw,
        thinking: Thinking::Default,
        has_system: false,
        system_len: 0,
        prompt_len,
        stops: Stops::new(),
        text: Bytes::new(text).expect("short enough"),
    }
}

/// Reads an error: its id, its code, and whether it ends the request.
fn error(raw: &mut Raw<UnixStream>) -> (u32, ErrorCode, bool) {
    raw.next(|id, message| match message {
        FromRuntime::Error(error) => (id, error.code, error.ends),
        other => panic!("{other:?} is no error"),
    })
}

#[test]
fn cancelling_one_of_two_clients_leaves_the_other_alone() {
    let socket = socket();
    let (mut one, mut two) = (socket.runtime.connect(), socket.runtime.connect());
    let held = one.generate(&request(HOLD)).expect("sent");
    let same_id = two.generate(&request(HOLD)).expect("sent");
    assert_eq!(held, same_id, "ids belong to their connection");
    one.cancel(held).expect("sent");
    assert_eq!(finish(&mut one, held), (String::new(), Reason::Cancelled));
    assert_eq!(two.next_event(Duration::from_millis(100)).expect("the link holds"), None);
    let id = two.generate(&request("a second one")).expect("sent");
    assert_eq!(finish(&mut two, id).0, "a second one");
}

#[test]
fn a_client_that_goes_is_noticed_and_can_come_back() {
    let socket = socket();
    let client = socket.runtime.connect();
    let Seen::Connected(_) = socket.runtime.until(|seen| matches!(seen, Seen::Connected(_))) else { unreachable!() };
    drop(client);
    socket.runtime.until(|seen| matches!(seen, Seen::Disconnected(_)));
    let mut again = socket.runtime.connect();
    let id = again.generate(&request("back")).expect("sent");
    assert_eq!(finish(&mut again, id).0, "back");
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    let socket = socket();
    let mut slow = Raw::unix(&socket.path);
    slow.send(&frame(&generate(FLOOD.len() as u32, FLOOD.as_bytes()), 1));
    socket.runtime.until(|seen| *seen == Seen::Full);
    let mut quick = socket.runtime.connect();
    let begin = Instant::now();
    let id = quick.generate(&request("quick")).expect("sent");
    assert_eq!(finish(&mut quick, id).0, "quick");
    assert!(begin.elapsed() < Duration::from_secs(2), "{:?}", begin.elapsed());
    slow.next(|id, message| assert!(id == 1 && matches!(message, FromRuntime::Token(_)), "{message:?}"));
}

#[test]
fn the_runtime_shows_that_it_lives_while_the_engine_is_busy() {
    let socket = socket();
    let mut busy = socket.runtime.connect();
    busy.generate(&request(SLEEP)).expect("sent");
    let begin = Instant::now();
    let mut other = socket.runtime.connect();
    other.ping(5).expect("sent");
    assert_eq!(other.next_event(PATIENCE).expect("the link holds"), Some(ClientEvent::Pong { nonce: 5 }));
    assert!(begin.elapsed() < BUSY / 2, "{:?}", begin.elapsed());
}

#[test]
fn a_frame_that_is_not_understood_is_answered_and_an_echo_is_not() {
    let socket = socket();
    let mut raw = Raw::unix(&socket.path);
    // The runtime's own messages come back to it.
    raw.send(&frame(&Token { offset: 0, text: Str::default() }, 3));
    raw.send(&frame(&qwark_wire::Error { code: ErrorCode::Busy, ends: true, message: Str::default() }, 3));
    // An unknown kind: a Ping with another number and the checksum that goes with it.
    raw.send(&frame(&Renumbered(0x2a), 3));
    assert_eq!(error(&mut raw), (3, ErrorCode::Unsupported, false));
    raw.send(&frame(&Cancel {}, 0));
    assert_eq!(error(&mut raw), (0, ErrorCode::Malformed, false));
    raw.send(&frame(&Renumbered(Generate::KIND), 4));
    assert_eq!(error(&mut raw), (4, ErrorCode::Malformed, true));
    raw.send(&frame(&Ping { nonce: 1 }, 0));
    raw.next(|_, message| assert_eq!(message, Pong { nonce: 1 }.into()));
}

#[test]
fn a_bad_frame_ends_neither_a_running_request_nor_one_whose_text_is_coming() {
    let socket = socket();
    let mut raw = Raw::unix(&socket.path);
    raw.send(&frame(&generate(HOLD.len() as u32, HOLD.as_bytes()), 5));
    socket.runtime.until(|seen| matches!(seen, Seen::Generate(_, 5, _)));
    raw.send(&frame(&Renumbered(Generate::KIND), 5));
    assert_eq!(error(&mut raw), (5, ErrorCode::Malformed, false));
    raw.send(&frame(&Cancel {}, 5));
    raw.next(|id, message| assert!(id == 5 && matches!(message, FromRuntime::Done(done) if done.reason == Reason::Cancelled)));
    // The engine has let go of it: now the same frame is the beginning and the end of a request.
    raw.send(&frame(&Renumbered(Generate::KIND), 5));
    assert_eq!(error(&mut raw), (5, ErrorCode::Malformed, true));

    raw.send(&frame(&generate(4, b"ab"), 6));
    raw.send(&frame(&Renumbered(0x2a), 6));
    assert_eq!(error(&mut raw), (6, ErrorCode::Unsupported, false));
    raw.send(&frame(&Text { offset: 2, text: Bytes::new(b"cd").expect("short enough") }, 6));
    raw.next(|id, message| assert!(id == 6 && matches!(message, FromRuntime::Token(token) if token.text.get() == "abcd")));
}

/// A message without fields, of any kind.
struct Renumbered(u8);

impl qwark_wire::Message for Renumbered {
    fn kind(&self) -> u8 {
        self.0
    }

    fn emit(&self, _: &mut qwark_wire::FrameWriter<'_>) {}
}

#[test]
fn text_that_does_not_come_in_order_is_refused_once() {
    let socket = socket();
    let mut raw = Raw::unix(&socket.path);
    let piece = |offset| Text { offset, text: Bytes::new(b"abcd").expect("short enough") };
    raw.send(&frame(&piece(0), 1));
    assert_eq!(error(&mut raw), (1, ErrorCode::UnknownId, false));

    raw.send(&frame(&generate(20, b"0123"), 2));
    raw.send(&frame(&piece(8), 2));
    raw.send(&frame(&piece(12), 2));
    assert_eq!(error(&mut raw), (2, ErrorCode::Incomplete, true));

    raw.send(&frame(&generate(MAX_TEXT as u32 + 1, b""), 3));
    assert_eq!(error(&mut raw), (3, ErrorCode::TooLong, true));

    raw.send(&frame(&generate(20, b"0123"), 4));
    raw.send(&frame(&Cancel {}, 4));
    raw.next(|id, message| {
        let FromRuntime::Done(done) = message else { panic!("{message:?}") };
        assert_eq!((id, done.reason), (4, Reason::Cancelled));
    });

    // After all that, the same ids serve again.
    raw.send(&frame(&generate(8, b"0123"), 2));
    raw.send(&frame(&piece(4), 2));
    raw.next(|id, message| assert_eq!((id, message), (2, Token { offset: 0, text: Str::cut("0123abcd") }.into())));
    raw.next(|id, message| assert_eq!((id, message), (2, done(Reason::Stop, 8).into())));
}

#[test]
fn ends_without_a_common_version_say_so() {
    let socket = socket();
    let mut raw = Raw::unix(&socket.path);
    raw.send(&frame(&Hello { version_min: 7, version_max: 9, name: Str::cut("future") }, 0));
    raw.next(|_, message| assert!(matches!(message, FromRuntime::Identify(_)), "{message:?}"));
    assert_eq!(error(&mut raw), (0, ErrorCode::Unsupported, false));
}

#[test]
fn only_a_stale_socket_is_replaced() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("qwark.sock");

    drop(UnixListener::bind(&path).expect("a socket"));
    assert!(path.exists(), "the listener leaves its file behind");
    open(&path).expect("a stale socket is replaced");
    assert!(!path.exists(), "the runtime removes its file");

    let listener = UnixListener::bind(&path).expect("a socket");
    assert!(matches!(open(&path), Err(LinkError::InUse(_))));
    drop(listener);

    fs::remove_file(&path).expect("removed");
    fs::write(&path, "precious").expect("written");
    let error = open(&path).expect_err("a file is in the way");
    assert_eq!(error.to_string(), format!("cannot listen on {}: the file exists and is not a socket", path.display()));
    assert_eq!(fs::read_to_string(&path).expect("still there"), "precious");
}

#[test]
fn the_socket_is_for_its_owner_and_group_and_goes_with_the_runtime() {
    let socket = socket();
    assert_eq!(fs::metadata(&socket.path).expect("there").permissions().mode() & 0o777, 0o660);
    let mut client = socket.runtime.connect();
    assert!(socket.runtime.stop() < Duration::from_secs(5));
    assert!(!socket.path.exists());
    assert!(client.next_event(PATIENCE).is_err());
}

#[test]
fn a_socket_that_was_replaced_meanwhile_is_left_alone() {
    let socket = socket();
    fs::remove_file(&socket.path).expect("removed");
    let _other = UnixListener::bind(&socket.path).expect("a socket");
    drop(socket.runtime);
    assert!(socket.path.exists());
}

#[test]
fn one_runtime_serves_several_links() {
    let folder = tempfile::tempdir().expect("a folder");
    let unix = LinkAddr::Unix(folder.path().join("qwark.sock"));
    let runtime = Runtime::start(&[LinkAddr::Pty, unix.clone()]);
    let mut clients = [runtime.connect(), Client::connect(&unix, "test", PATIENCE).expect("the runtime answers")];
    for (n, client) in clients.iter_mut().enumerate() {
        let text = format!("link {n}");
        let id = client.generate(&request(&text)).expect("sent");
        assert_eq!(finish(client, id).0, text);
    }
}
