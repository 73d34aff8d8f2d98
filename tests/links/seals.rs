//! Links with a key: who does not have it may stop the robot, and nothing else.

use std::os::unix::net::UnixStream;

use qwark::links::{LinkAddr, Wanted};
use qwark_wire::{
    Ack, EStop, ErrorCode, Frame, FromRuntime, Generate, Hello, Identify, Key, MAX_FRAME, Message, Ping, Pong, Reset, SafetyState, Seals,
    Session, Side, Str, Token, UploadList, max_encoded,
};

use crate::frames::{hello, whole};
use crate::harness::{Raw, Runtime, Seen, frame, setup};

const KEY: Key = Key([7; 32]);

/// A runtime behind a socket with a key, in a folder that goes with it.
fn keyed() -> (Runtime, std::path::PathBuf, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("qwark.sock");
    let wanted = Wanted { addr: LinkAddr::Unix(path.clone()), key: Some(KEY) };
    (Runtime::set_up(&[wanted], setup()), path, folder)
}

/// A client that has said Hello, and the seals that its session would have under `key`.
fn greet(raw: &mut Raw<UnixStream>, hello_nonce: u64, key: Key) -> (Seals, bool) {
    raw.send(&frame(&Hello { nonce: hello_nonce, ..hello(1) }, 0));
    raw.next_frame(|frame| {
        let Ok(FromRuntime::Identify(Identify { nonce, client_nonce, features, .. })) = FromRuntime::parse(frame) else { return None };
        assert_eq!((client_nonce, features & 16), (hello_nonce, 16), "it says that frames must be sealed");
        let mut seals = Seals::new(Session { key, client_nonce, client: 1, runtime_nonce: nonce }, Side::Client);
        let holds = frame.seal.is_some_and(|seal| seals.accept(&seal));
        Some((seals, holds))
    })
}

fn sealed(seals: &mut Seals, message: &impl Message, id: u32) -> Vec<u8> {
    seals.encode(message, id, 0, &mut [0; max_encoded(MAX_FRAME)]).expect("fits").to_vec()
}

/// The next frame is a refusal, without a seal: whoever sent what it refuses has no session.
fn denied(raw: &mut Raw<UnixStream>) {
    raw.next_frame(|frame| {
        let message = FromRuntime::parse(frame).expect("a message");
        assert!(matches!(&message, FromRuntime::Error(error) if error.code == ErrorCode::Denied), "{message:?}");
        assert!(frame.seal.is_none(), "{frame:?}");
        Some(())
    });
}

/// The next frame with a seal that holds.
fn next_sealed(raw: &mut Raw<UnixStream>, seals: &mut Seals) -> String {
    raw.next_frame(|frame: &Frame<'_>| {
        let holds = frame.seal.is_some_and(|seal| seals.accept(&seal));
        let message = FromRuntime::parse(frame).expect("a message");
        (holds && !matches!(message, FromRuntime::Accepted(_))).then(|| format!("{message:?}"))
    })
}

#[test]
fn both_ends_prove_that_they_have_the_key() {
    let (_runtime, path, _folder) = keyed();
    let mut raw = Raw::unix(&path);
    let (mut seals, holds) = greet(&mut raw, 1, KEY);
    assert!(holds, "the runtime's own proof");
    raw.send(&sealed(&mut seals, &whole("sealed"), 1));
    let token = Token { offset: 0, text: Str::cut("sealed") };
    assert_eq!(next_sealed(&mut raw, &mut seals), format!("{:?}", FromRuntime::from(token)));
}

#[test]
fn what_has_no_seal_that_holds_does_nothing() {
    let (runtime, path, _folder) = keyed();
    let mut raw = Raw::unix(&path);
    let (mut seals, _) = greet(&mut raw, 1, KEY);
    raw.send(&frame(&whole("unsealed"), 1));
    denied(&mut raw);
    let (mut wrong, holds) = greet(&mut raw, 2, Key([8; 32]));
    assert!(!holds);
    raw.send(&sealed(&mut wrong, &whole("another key"), 1));
    denied(&mut raw);
    // The nonces of the first Hello are worthless since the second.
    raw.send(&sealed(&mut seals, &whole("an earlier session"), 1));
    denied(&mut raw);
    let (mut seals, _) = greet(&mut raw, 3, KEY);
    let asked = sealed(&mut seals, &whole("once"), 1);
    raw.send(&asked);
    assert!(next_sealed(&mut raw, &mut seals).contains("once"));
    assert!(next_sealed(&mut raw, &mut seals).contains("Done"));
    // The line repeats a frame: that is no stranger's, and nothing is said about it.
    raw.send(&asked);
    raw.send(&sealed(&mut seals, &Ping { nonce: 4 }, 0));
    raw.next(|_, message| assert_eq!(message, Pong { nonce: 4 }.into()));
    assert_eq!(runtime.seen.try_iter().filter(|seen| matches!(seen, Seen::Generate(..))).count(), 1);
}

/// Two answers that differ would leave the ends of the line with two sessions.
#[test]
fn a_hello_that_the_line_repeats_is_answered_alike() {
    let (_runtime, path, _folder) = keyed();
    let mut raw = Raw::unix(&path);
    let (mut seals, _) = greet(&mut raw, 1, KEY);
    let (_, _) = greet(&mut raw, 1, KEY);
    raw.send(&sealed(&mut seals, &whole("one session"), 1));
    assert!(next_sealed(&mut raw, &mut seals).contains("one session"));
}

/// An acknowledgement overtakes frames that wait: their seals are older then, and were good when they came.
#[test]
fn frames_that_wait_keep_their_seals() {
    let (_runtime, path, _folder) = keyed();
    let mut raw = Raw::unix(&path);
    let (mut seals, _) = greet(&mut raw, 1, KEY);
    for id in 100..132 {
        raw.send(&sealed(&mut seals, &Generate { window: 100, ..whole("x") }, id));
        // Those of earlier ones come again meanwhile.
        raw.next_frame(|frame| {
            let holds = frame.seal.is_some_and(|seal| seals.accept(&seal));
            (holds && frame.id == id && matches!(FromRuntime::parse(frame), Ok(FromRuntime::Done(_)))).then_some(())
        });
    }
    raw.send(&sealed(&mut seals, &UploadList { index: 0 }, 7));
    for id in 100..132 {
        raw.send(&sealed(&mut seals, &Ack { received: 1, window: 100, ended: true }, id));
    }
    raw.next_any(|id, message| (id == 7).then(|| assert!(matches!(message, FromRuntime::UploadItem(_)), "{message:?}")));
}

#[test]
fn a_strangers_hello_ends_nothing_and_a_strangers_stop_stops() {
    let (runtime, path, _folder) = keyed();
    let mut raw = Raw::unix(&path);
    let (mut seals, _) = greet(&mut raw, 1, KEY);
    raw.send(&sealed(&mut seals, &Ping { nonce: 1 }, 0));
    assert!(next_sealed(&mut raw, &mut seals).contains("Pong"));
    // Somebody else on the same line says Hello, under another number, without the key.
    raw.send(&frame(&hello(99), 0));
    raw.send(&sealed(&mut seals, &whole("still here"), 1));
    assert!(next_sealed(&mut raw, &mut seals).contains("still here"));
    assert!(next_sealed(&mut raw, &mut seals).contains("Done"));
    raw.send(&frame(&EStop {}, 0));
    assert!(next_sealed(&mut raw, &mut seals).contains("Stopped"));
    assert_eq!(runtime.control.safety().state, SafetyState::Stopped);
    raw.send(&frame(&Reset { stop: 1 }, 0));
    denied(&mut raw);
    raw.send(&sealed(&mut seals, &Reset { stop: 1 }, 0));
    runtime.until(|seen| *seen == Seen::Reset(1));
}
