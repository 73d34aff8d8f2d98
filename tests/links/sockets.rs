//! Unix sockets: many clients, stale files, refusals.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use crossbeam_channel::bounded;
use qwark::links::{Access, Client, ClientEvent, LinkAddr, LinkError, MAX_CLIENTS, Setup, serve};
use qwark::session::MAX_TEXT;
use qwark_wire::{
    Ack, Bytes, Cancel, EStop, ErrorCode, FromRuntime, Generate, Hello, Monitor, Ping, Pong, Reason, Reset, Safety, SafetyState, Str, Text,
    Token,
};
use tempfile::TempDir;

use crate::frames::{generate, hello, whole};
use crate::harness::{FLOOD, HOLD, PATIENCE, Raw, Runtime, SLEEP, Seen, done, finish, frame, next, next_within, request, setup};

/// A runtime behind a socket in a folder that goes with it.
struct Socket {
    runtime: Runtime,
    path: PathBuf,
    _folder: TempDir,
}

fn socket() -> Socket {
    socket_with(setup())
}

fn socket_with(setup: Setup) -> Socket {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("qwark.sock");
    Socket { runtime: Runtime::set_up(&[LinkAddr::Unix(path.clone()).into()], setup), path, _folder: folder }
}

impl Socket {
    /// A client of number `client` that has said Hello.
    fn raw(&self, client: u64) -> Raw<UnixStream> {
        let mut raw = Raw::unix(&self.path);
        raw.hello(client);
        raw
    }
}

fn open(path: &Path) -> Result<(), LinkError> {
    let (events, _taken) = bounded(1);
    let stop = Arc::new(AtomicBool::new(true));
    serve(&[LinkAddr::Unix(path.to_owned()).into()], setup(), events, stop).map(|links| links.join())
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
    assert_eq!(next_within(&mut two, Duration::from_millis(100)), None);
    let id = two.generate(&request("a second one")).expect("sent");
    assert_eq!(finish(&mut two, id).0, "a second one");
}

#[test]
fn a_client_that_goes_is_noticed_and_can_come_back() {
    let socket = socket();
    let client = socket.raw(0);
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
    let mut slow = socket.raw(0);
    slow.send(&frame(&whole(FLOOD), 1));
    socket.runtime.until(|seen| *seen == Seen::Full);
    let mut quick = socket.runtime.connect();
    let id = quick.generate(&request("quick")).expect("sent");
    assert_eq!(finish(&mut quick, id).0, "quick");
    // Only now does the slow one read.
    slow.next(|id, message| assert!(id == 1 && matches!(message, FromRuntime::Token(_)), "{message:?}"));
}

#[test]
fn the_runtime_shows_that_it_lives_while_the_engine_is_busy() {
    let socket = socket();
    let mut busy = socket.runtime.connect();
    busy.generate(&request(SLEEP)).expect("sent");
    socket.runtime.until(|seen| *seen == Seen::Asleep);
    let mut other = socket.runtime.connect();
    other.ping(5);
    assert_eq!(next(&mut other), ClientEvent::Pong { nonce: 5 });
}

#[test]
fn a_frame_that_is_not_understood_is_answered_and_an_echo_is_not() {
    let socket = socket();
    let mut raw = socket.raw(0);
    // The runtime's own messages come back to it.
    raw.send(&frame(&Token { offset: 0, text: Str::default() }, 3));
    raw.send(&frame(&qwark_wire::Error { code: ErrorCode::Busy, ends: true, message: Str::default() }, 3));
    // An unknown kind: a message with another number and the checksum that goes with it.
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
    let mut raw = socket.raw(0);
    raw.send(&frame(&whole(HOLD), 5));
    socket.runtime.until(|seen| matches!(seen, Seen::Generate(..)));
    raw.send(&frame(&Renumbered(Generate::KIND), 5));
    assert_eq!(error(&mut raw), (5, ErrorCode::Malformed, false));
    raw.send(&frame(&Cancel {}, 5));
    raw.next(|id, message| assert!(id == 5 && matches!(message, FromRuntime::Done(done) if done.reason == Reason::Cancelled)));
    // The engine has let go of it: now the same frame is the beginning and the end of a request.
    raw.send(&frame(&Renumbered(Generate::KIND), 5));
    assert_eq!(error(&mut raw), (5, ErrorCode::Malformed, true));

    raw.send(&frame(&generate("abcd", 2), 6));
    raw.send(&frame(&Renumbered(0x2a), 6));
    assert_eq!(error(&mut raw), (6, ErrorCode::Unsupported, false));
    raw.send(&frame(&Text { offset: 2, text: Bytes::new(b"cd").expect("short enough") }, 6));
    raw.next(|id, message| assert!(id == 6 && matches!(message, FromRuntime::Token(token) if token.text.get() == "abcd")));
}

#[test]
fn nothing_but_a_ping_and_a_stop_goes_without_a_hello() {
    let socket = socket();
    let mut raw = Raw::unix(&socket.path);
    raw.send(&frame(&whole("too early"), 3));
    assert_eq!(error(&mut raw), (3, ErrorCode::NoSession, false));
    raw.send(&frame(&Reset { stop: 0 }, 0));
    assert_eq!(error(&mut raw), (0, ErrorCode::NoSession, false));
    raw.send(&frame(&Ping { nonce: 8 }, 0));
    raw.next(|_, message| assert_eq!(message, Pong { nonce: 8 }.into()));
    raw.send(&frame(&EStop {}, 0));
    raw.next(|_, message| assert_eq!(message, Safety { state: SafetyState::Stopped, stop: 1 }.into()));
}

#[test]
fn a_stop_holds_while_the_engine_is_busy_and_everybody_hears_of_it() {
    let socket = socket();
    let (mut one, mut two) = (socket.raw(1), socket.raw(2));
    one.send(&frame(&whole(SLEEP), 1));
    socket.runtime.until(|seen| *seen == Seen::Asleep);
    two.send(&frame(&EStop {}, 0));
    let stopped = Safety { state: SafetyState::Stopped, stop: 1 };
    for raw in [&mut two, &mut one] {
        raw.next(|_, message| assert_eq!(message, stopped.into()));
    }
    assert_eq!(socket.runtime.control.safety().state, SafetyState::Stopped);
    two.send(&frame(&whole("after it"), 2));
    assert_eq!(error(&mut two), (2, ErrorCode::Stopped, true));
    // Once more changes nothing, and is answered.
    two.send(&frame(&EStop {}, 0));
    two.next_any(|_, message| (message == stopped.into()).then_some(()));
    two.send(&frame(&Reset { stop: 1 }, 0));
    socket.runtime.wake();
    socket.runtime.until(|seen| *seen == Seen::Reset(1));
}

#[test]
fn a_session_goes_on_over_another_connection() {
    let socket = socket();
    let mut before = socket.raw(77);
    let asked = Generate { key: 5, window: 1000, ..whole(SLEEP) };
    before.send(&frame(&asked, 1));
    before.next_any(|id, message| matches!(message, FromRuntime::Accepted(_)).then(|| assert_eq!(id, 1)));
    drop(before);
    let mut after = Raw::unix(&socket.path);
    assert_eq!(after.hello(77), 1, "one request is kept");
    socket.runtime.wake();
    after.next(|id, message| assert_eq!((id, message), (1, Token { offset: 0, text: Str::cut(SLEEP) }.into())));
    // Whatever is not acknowledged in time comes again: on a slow machine, in between.
    let done = FromRuntime::from(done(Reason::Stop, SLEEP.len()));
    after.next_any(|_, message| (message == done).then_some(()));
    // The same again is not done again, and its answer comes from where it was acknowledged.
    after.send(&frame(&asked, 1));
    after.next_any(|_, message| matches!(message, FromRuntime::Token(_)).then_some(()));
    after.next_any(|_, message| (message == done).then_some(()));
    after.send(&frame(&Ack { received: SLEEP.len() as u32, window: 0, ended: true }, 1));
    assert_eq!(after.hello(77), 0, "the client has all of it");
    let generated = socket.runtime.seen.try_iter().filter(|seen| matches!(seen, Seen::Generate(..))).count();
    assert_eq!(generated, 1);
}

/// As if the client asked for `count` answers and never said that it has them.
fn owe_acknowledgements(raw: &mut Raw<UnixStream>, ids: std::ops::Range<u32>) {
    for id in ids {
        raw.send(&frame(&Generate { window: 100, ..whole("x") }, id));
        // Those of earlier ones come again meanwhile.
        raw.next_any(|of, message| (of == id && matches!(message, FromRuntime::Done(_))).then_some(()));
    }
}

#[test]
fn a_cancel_that_overtakes_its_request_cancels_it() {
    let socket = socket();
    let mut raw = socket.raw(1);
    owe_acknowledgements(&mut raw, 100..132);
    while socket.runtime.seen.try_recv().is_ok() {}
    // The first waits until the client reads; the second need not.
    raw.send(&[frame(&whole(HOLD), 1), frame(&Cancel {}, 1)].concat());
    raw.next_any(|id, _| (id == 1).then_some(()));
    (100..132).for_each(|id| raw.send(&frame(&Ack { received: 1, window: 100, ended: true }, id)));
    raw.send(&frame(&whole("the next"), 2));
    raw.next_any(|id, message| (id == 2 && matches!(message, FromRuntime::Done(_))).then_some(()));
    let seen: Vec<Seen> = socket.runtime.seen.try_iter().collect();
    assert!(!seen.iter().any(|seen| matches!(seen, Seen::Generate(_, _, request, _) if request.prompt == HOLD)), "{seen:?}");
}

#[test]
fn a_client_that_does_not_read_can_stop_the_robot() {
    let socket = socket();
    let mut raw = socket.raw(0);
    owe_acknowledgements(&mut raw, 100..132);
    // Far more than may wait.
    let flood = frame(&whole(&"x".repeat(3000)), 1);
    (0..200).for_each(|_| raw.send(&flood));
    raw.send(&frame(&EStop {}, 0));
    let stopped = FromRuntime::from(Safety { state: SafetyState::Stopped, stop: 1 });
    raw.next_any(|_, message| (message == stopped).then_some(()));
}

#[test]
fn a_hello_that_the_line_repeats_ends_nothing() {
    let socket = socket();
    let mut raw = socket.raw(0);
    raw.send(&frame(&whole(HOLD), 1));
    socket.runtime.until(|seen| matches!(seen, Seen::Generate(..)));
    raw.hello(0);
    raw.send(&frame(&Cancel {}, 1));
    raw.next(|_, message| assert!(matches!(message, FromRuntime::Done(done) if done.reason == Reason::Cancelled), "{message:?}"));
}

#[test]
fn one_client_too_many_can_still_stop_the_robot() {
    let socket = socket();
    let others: Vec<_> = (0..MAX_CLIENTS).map(|_| socket.raw(0)).collect();
    let mut late = Raw::unix(&socket.path);
    // At once: it is not heard for long.
    late.send(&[frame(&hello(0), 0), frame(&EStop {}, 0)].concat());
    assert_eq!(error(&mut late), (0, ErrorCode::Busy, true));
    late.next(|_, message| assert_eq!(message, Safety { state: SafetyState::Stopped, stop: 1 }.into()));
    drop(others);
}

#[test]
fn a_client_that_is_there_twice_is_there_once() {
    let socket = socket();
    let mut before = socket.raw(77);
    let mut after = socket.raw(77);
    after.send(&frame(&whole("here"), 1));
    after.next(|_, message| assert!(matches!(message, FromRuntime::Token(_)), "{message:?}"));
    // The older connection is closed.
    before.wait_for_end();
}

#[test]
fn a_user_who_is_not_on_the_list_is_told_so() {
    let nobody = Access { users: Some(vec![u32::MAX - 1]), ..Access::default() };
    let socket = socket_with(Setup { access: nobody, ..setup() });
    let mut raw = Raw::unix(&socket.path);
    assert_eq!(error(&mut raw), (0, ErrorCode::Denied, true));
    let own = Access { users: Some(vec![rustix::process::geteuid().as_raw()]), mode: 0o600 };
    let socket = socket_with(Setup { access: own, ..setup() });
    assert_eq!(fs::metadata(&socket.path).expect("there").permissions().mode() & 0o777, 0o600);
    socket.raw(0);
}

#[test]
fn a_client_that_watches_sees_the_others_frames() {
    let socket = socket();
    let mut watching = socket.raw(0);
    watching.send(&frame(&Monitor { on: true }, 0));
    watching.send(&frame(&Ping { nonce: 1 }, 0));
    watching.next(|_, message| assert_eq!(message, Pong { nonce: 1 }.into()));
    let mut other = socket.raw(0);
    other.send(&frame(&Ping { nonce: 0x0102_0304 }, 0));
    let mut seen = Vec::new();
    while seen.len() < 4 {
        watching.next(|_, message| {
            let FromRuntime::Mirror(mirror) = message else { panic!("{message:?}") };
            assert_eq!((mirror.connection, mirror.dropped), (2, 0));
            // Hello, Identify, Ping, Pong: each fits into one piece.
            assert_eq!((usize::from(mirror.total), mirror.offset), (mirror.data.len(), 0));
            seen.push((mirror.sent, mirror.data[1]));
        });
    }
    assert_eq!(seen, [(false, 0x01), (true, 0x81), (false, 0x02), (true, 0x82)]);
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
fn text_in_pieces_is_acknowledged_and_a_gap_is_asked_for() {
    let socket = socket();
    let mut raw = socket.raw(0);
    let piece = |offset, text: &'static str| Text { offset, text: Bytes::new(text.as_bytes()).expect("short enough") };
    let accepted = |raw: &mut Raw<UnixStream>, wanted: (u32, u32)| {
        raw.next_any(|id, message| match message {
            FromRuntime::Accepted(accepted) => {
                assert_eq!((id, accepted.received), wanted);
                Some(())
            }
            _ => None,
        });
    };
    raw.send(&frame(&piece(0, "abcd"), 1));
    assert_eq!(error(&mut raw), (1, ErrorCode::UnknownId, true));

    raw.send(&frame(&generate("0123abcd", 4), 2));
    accepted(&mut raw, (2, 4));
    raw.send(&frame(&piece(6, "cd"), 2));
    accepted(&mut raw, (2, 4));
    raw.send(&frame(&piece(4, "abcd"), 2));
    accepted(&mut raw, (2, 8));
    raw.next(|id, message| assert_eq!((id, message), (2, Token { offset: 0, text: Str::cut("0123abcd") }.into())));
    raw.next(|id, message| assert_eq!((id, message), (2, done(Reason::Stop, 8).into())));

    raw.send(&frame(&Generate { prompt_len: MAX_TEXT as u32 + 1, ..generate("", 0) }, 3));
    assert_eq!(error(&mut raw), (3, ErrorCode::TooLong, true));

    raw.send(&frame(&generate("0123abcd", 4), 4));
    raw.send(&frame(&Cancel {}, 4));
    raw.next(|id, message| {
        let FromRuntime::Done(done) = message else { panic!("{message:?}") };
        assert_eq!((id, done.reason), (4, Reason::Cancelled));
    });
}

#[test]
fn ends_without_a_common_version_say_so() {
    let socket = socket();
    let mut raw = Raw::unix(&socket.path);
    raw.send(&frame(&Hello { version_min: 7, version_max: 9, ..hello(0) }, 0));
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
    assert!(socket.runtime.stop() < PATIENCE, "it waits for no client");
    assert!(!socket.path.exists());
    assert!(matches!(next(&mut client), ClientEvent::Disconnected { .. }));
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
